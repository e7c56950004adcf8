"""Who is measured, and what a run gives: our page, Uppy's, and boto3 without a browser."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import browser
from bench.profiles import BOTO3, OURS, UPPY, Profile
from infra import steps

BUCKET = "bench"

# Times are taken in the page, from the choice of the files until what was waited for can be seen.
WATCH = """
window.bench = new Promise((resolve) => {
  performance.setResourceTimingBufferSize(100_000);
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: 'longtask' });
  let started = 0;
  const begin = () => (started ||= performance.now());
  for (const type of ['input', 'change']) addEventListener(type, begin, { capture: true });
  const watch = new MutationObserver(() => {
    const found = document.querySelector(DONE);
    if (!found) return;
    watch.disconnect();
    requestAnimationFrame(() => {
      const ended = performance.now();
      const during = tasks.filter((task) => task.startTime + task.duration > started && task.startTime < ended);
      const asked = performance.getEntriesByType('resource').filter((entry) => entry.startTime >= started);
      resolve({
        seconds: (ended - started) / 1000,
        text: found.textContent,
        asked: asked.map((entry) => entry.name),
        tasks: during.map((task) => task.duration),
      });
    });
  });
  watch.observe(document, { childList: true, subtree: true });
});
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run took; what does not apply to a contestant is None."""

    seconds: float
    cpu: float
    """Seconds, of the browser with all its processes, or of boto3's."""
    peak: float
    """MiB of memory, of the page's own process, or of boto3's."""
    main_peak: float | None = None
    """MiB of memory, of the browser's main process."""
    signing_calls: int | None = None
    long_tasks: int | None = None
    longest_task: float | None = None
    """Milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the servers are, and by which ports they are reached over the link: a detour each, or none."""

    address: str
    """Of our page."""
    cloud_port: int
    uppy_port: int
    detours: dict[int, int]


def run(contestant: str, profile: Profile, files: Sequence[Path], place: Place) -> Run:
    """Let a contestant send the files once. Raises BrowserError or steps.Trouble."""
    seconds = 60 + 8 * (profile.limit or 10) + profile.count / 4
    if contestant == BOTO3:
        return _boto3(files[0], place, seconds)
    if contestant == OURS:
        done, signing = "[data-testid=transfer-link]", r"/api/transfers(/\w+/parts)?$"
        return _in_browser(place.address, done, signing, files, place, seconds)
    if contestant == UPPY:
        address = f"http://localhost:{place.uppy_port}/"
        return _in_browser(address, "[data-testid=done]", r"/sign$", files, place, seconds)
    raise ValueError(contestant)


def _in_browser(address: str, done: str, signing: str, files: Sequence[Path], place: Place, seconds: float) -> Run:
    with browser.launch(place.detours) as page:
        page.open(address)
        page.evaluate(WATCH.replace("DONE", json.dumps(done)) + "0")
        before = page.usage()
        page.choose("[data-testid=file-input]", files)
        try:
            found = page.evaluate("bench", seconds)
        except browser.BrowserError as error:
            text = page.evaluate("document.body.innerText.slice(0, 300)")
            raise browser.BrowserError(f"{error}; the page said: {text!r}") from None
        after = page.usage()
    return Run(
        seconds=found["seconds"],
        cpu=after.cpu - before.cpu,
        peak=after.renderer,
        main_peak=after.main,
        signing_calls=sum(bool(re.search(signing, name)) for name in found["asked"]),
        long_tasks=len(found["tasks"]),
        longest_task=max(found["tasks"], default=0),
    )


def _boto3(file: Path, place: Place, seconds: float) -> Run:
    port = place.detours.get(place.cloud_port, place.cloud_port)
    command = [steps.PYTHON, "-m", "bench.boto3_upload", f"http://127.0.0.1:{port}", BUCKET, file]
    try:
        done = subprocess.run(command, cwd=steps.ROOT, capture_output=True, text=True, check=True, timeout=seconds)
    except subprocess.CalledProcessError as error:
        raise steps.Trouble(f"boto3 failed: {error.stderr[-500:]}") from None
    except subprocess.TimeoutExpired:
        raise steps.Trouble("boto3 did not end in time") from None
    return Run(**json.loads(done.stdout))
