"""Chromium, driven by the DevTools protocol through a pipe, and asked for as little as possible.

Playwright's drivers switch the protocol's network events on, which hand over bodies of requests as text: a thing that
no user's browser does, and that can cost more than the upload itself. Here nobody listens to the network.
"""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import steps

FLAGS = [
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--window-size=1000,800",
]
# Chromium reads commands from file descriptor 3 and writes answers to 4; a shell puts our pipes there.
ON_PIPES = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null'
ANSWER_SECONDS = 30
GRACE_SECONDS = 5
# Between a page that is there and the first click on it; workers start in it, connections do not yet go idle.
HUMAN_SECONDS = 1


class BrowserError(Exception):
    """The browser, or the page in it, did not do what it was asked for."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the browser has used since it started."""

    cpu: float
    """Seconds, of all its processes."""
    renderer: float
    """MiB of memory that the page's own process had at its peak."""
    now: float
    """MiB of memory that it has now."""
    main: float
    """MiB of memory that the browser's main process had at its peak: it holds blobs and the network's buffers."""


class Page:
    """One page of a Chromium of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Attach to the first page."""
        self._process = process
        self._received = b""
        self._commands = 0
        self._session = ""
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]

    def open(self, address: str) -> None:
        """Load a page, wait until it and its modules have run, and then as long as the quickest of users."""
        self._call("Page.navigate", url=address)
        until = time.monotonic() + ANSWER_SECONDS
        while self.evaluate("document.readyState") != "complete" or self.evaluate("location.href") == "about:blank":
            if time.monotonic() > until:
                raise BrowserError(f"{address} did not load")
            time.sleep(0.05)
        time.sleep(HUMAN_SECONDS)

    def evaluate(self, expression: str, seconds: float = ANSWER_SECONDS) -> Any:
        """Return the value of an expression, or what its promise becomes."""
        answer = self._call("Runtime.evaluate", seconds, expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]["exception"].get("description", "it threw")))
        return answer["result"].get("value")

    def choose(self, selector: str, files: Iterable[Path]) -> None:
        """Put files into a file input, as its dialog would."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def save_to(self, folder: Path) -> None:
        """Have downloads saved in a folder, without asking."""
        self._call("Browser.setDownloadBehavior", whole_browser=True, behavior="allow", downloadPath=str(folder))

    def usage(self) -> Usage:
        """Return what the browser has used so far."""
        processes = self._call("SystemInfo.getProcessInfo", whole_browser=True)["processInfo"]
        renderers, main = ([each["id"] for each in processes if each["type"] == kind] for kind in KINDS)
        return Usage(
            cpu=sum(each["cpuTime"] for each in processes),
            renderer=max(_memory(pid, "VmHWM") for pid in renderers),
            now=max(_memory(pid, "VmRSS") for pid in renderers),
            main=max(_memory(pid, "VmHWM") for pid in main),
        )

    def tidy(self) -> None:
        """Have the page throw away what nobody can reach any more."""
        self._call("HeapProfiler.collectGarbage")

    def _call(
        self, method: str, seconds: float = ANSWER_SECONDS, *, whole_browser: bool = False, **params: object
    ) -> Any:
        self._commands += 1
        command: dict[str, object] = {"id": self._commands, "method": method, "params": params}
        if self._session and not whole_browser:
            command["sessionId"] = self._session
        assert self._process.stdin  # noqa: S101 - see launch()
        self._process.stdin.write(json.dumps(command).encode() + b"\0")
        self._process.stdin.flush()
        until = time.monotonic() + seconds
        while True:
            message = json.loads(self._message(until, method))
            if message.get("id") == self._commands:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                return message["result"]

    def _message(self, until: float, method: str) -> bytes:
        assert self._process.stdout  # noqa: S101 - see launch()
        while b"\0" not in self._received:
            if not select.select([self._process.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise BrowserError(f"no answer to {method} in time")
            read = os.read(self._process.stdout.fileno(), 1 << 20)
            if not read:
                raise BrowserError("the browser has ended")
            self._received += read
        message, _, self._received = self._received.partition(b"\0")
        return message


KINDS = ("renderer", "browser")


def _memory(pid: int, what: str) -> float:
    """Return a line of a process's memory, in MiB; 0 where there is no /proc."""
    with contextlib.suppress(OSError):
        found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        if found:
            return int(found[1]) / 1024
    return 0


@contextlib.contextmanager
def launch(detours: dict[int, int], hosts: Sequence[str] = ("localhost", "127.0.0.1")) -> Generator[Page]:
    """Start a fresh Chromium that reaches these ports of these names of this machine through others, and end it."""
    browser = steps.find_browser()
    if not browser:
        raise steps.Trouble("The benchmark needs Chromium or Google Chrome.")
    rules = [f"MAP {host}:{port} 127.0.0.1:{to}" for port, to in detours.items() for host in hosts]
    profile = tempfile.mkdtemp(prefix="sidestep-bench-")
    flags = [*FLAGS, f"--user-data-dir={profile}", f"--host-resolver-rules={','.join(rules)}"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        ["/bin/sh", "-c", ON_PIPES, "sh", browser, *flags, "about:blank"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Page(process)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)
