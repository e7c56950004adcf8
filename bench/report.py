"""What came out: as tables, as a page of the documentation, and as a picture."""

import json
from collections.abc import Sequence
from html import escape

import boto3

from bench import cold_start
from bench.contestants import Run
from bench.document import DOCS, origin, table
from bench.measure import UPPY as UPPY_PAGE, Outcome
from bench.profiles import BOTO3, GIB, LINK, OURS, UPPY

PICTURE = "benchmarks.svg"
COLOURS = {OURS: "#0f766e", UPPY: "#94a3b8", BOTO3: "#cbd5e1", LINK: "#f59e0b"}
HEAD = ["", "seconds", "ours / theirs", "signing calls", "long tasks (longest)", "memory, MiB", "CPU s per GiB"]


def tables(outcomes: Sequence[Outcome]) -> str:
    """Return a table for each profile, and under it how far the goal is reached."""
    return "\n".join(_section(outcome) for outcome in outcomes)


def _section(outcome: Outcome) -> str:
    profile = outcome.profile
    rows = [_row(outcome, contestant) for contestant in profile.contestants if outcome.of(contestant)]
    if profile.limit:
        ratio = outcome.ratio(LINK) if profile.goal.against == LINK else None
        rows.append([LINK, f"{profile.limit:.2f}", _number(ratio), *[""] * 4])
    lines = [f"### {profile.title}", "", f"`python -m bench --profile {profile.name}`", ""]
    lines += table([HEAD, *rows])
    lines += ["", verdict(outcome)]
    lines += [f"Failed: {escape(failure)}" for failure in outcome.failures]
    return "\n".join([*lines, ""])


def _row(outcome: Outcome, contestant: str) -> list[str]:
    runs = outcome.of(contestant)
    middle = sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
    spread = f" ({min(run.seconds for run in runs):.2f} to {max(run.seconds for run in runs):.2f})"
    seconds = f"{outcome.seconds(contestant):.2f}{spread if len(runs) > 1 else ''}"
    ratio = "" if contestant == OURS else _number(outcome.ratio(contestant))
    return [contestant, seconds, ratio, *_details(middle, outcome.profile.bytes)]


def _details(run: Run, size: int) -> list[str]:
    memory = f"{run.peak:.0f}" + (f" + {run.main_peak:.0f}" if run.main_peak else "")
    cpu = f"{run.cpu * GIB / size:.1f}" if size >= GIB // 8 else ""
    if run.long_tasks is None:
        return ["", "", memory, cpu]
    tasks = f"{run.long_tasks} ({run.longest_task:.0f} ms)" if run.long_tasks else "0"
    return [str(run.signing_calls), tasks, memory, cpu]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def verdict(outcome: Outcome) -> str:
    """Return the goal, and whether it was reached, in a sentence."""
    goal = outcome.profile.goal
    ratio = outcome.ratio(goal.against)
    if ratio is None:
        return f"Goal: {goal.words}. Not measured."
    if goal.against == LINK:
        got = f"{100 / ratio:.1f} %"
    elif goal.at_most > 1 / 2:
        got = f"{ratio:.2f} of {goal.against}'s time"
    else:
        got = f"{1 / ratio:.1f} times as fast"
    words = f"Goal: {goal.words}. {'Reached' if ratio <= goal.at_most else 'Missed'}: {got}."
    if outcome.complete and goal.against == LINK and outcome.profile.limit:
        ours = outcome.seconds(OURS) or 0
        share = 100 * (outcome.profile.limit + outcome.complete) / ours
        words += (
            f" Of the time, {outcome.complete:.2f} s are the local cloud's own for CompleteMultipartUpload, "
            f"measured without a link; of link and that together it is {share:.1f} %."
        )
    return words


# ---- the page ----


def write(outcomes: Sequence[Outcome], cold: cold_start.Figures, *, rounds: int, load: float) -> None:
    """Write docs/benchmarks.md and its picture."""
    (DOCS / PICTURE).write_text(picture(outcomes))
    page = f"""# Benchmarks

{origin(f"python -m bench --repeat {rounds}", load)}
Browser, link, local cloud and peers share these cores, so compare within a table rather than with other machines.

![Each contestant's seconds, by profile]({PICTURE})

- **Time** runs, for our page, from the choice of the files until the link is on screen; for Uppy until its `complete`
  event; for boto3 during the call of `upload_file`. In the browser it is taken by `performance.now()` in the page, and
  nobody listens to the network meanwhile: DevTools may hand over the bodies of requests, which can cost more than
  sending them. Medians; in brackets the fastest and the slowest.
- **Contestants**: Uppy's S3 plugin ({uppy_version()}) with its defaults, its requests signed by a small boto3 server
  behind the same link; boto3 {boto3.__version__} with its defaults. They take turns in each round, each in a fresh
  process; whom no goal is about runs in the first round only.
- **The link** (`bench/link.py`) delays, and shares one bandwidth among all connections. It has no loss, no TCP slow
  start and no TLS: those would cost everybody the same or more.
- **Memory** is the peak of the page's process + that of the browser's main one; **long tasks** are those over 50 ms on
  the page's main thread; **CPU** is that of all the browser's processes, or of boto3's.

{tables(outcomes)}
## Cold start and signing

`python -m bench.cold_start` (whole processes in turn, {cold_start.ROUNDS} rounds, CPU time of user and system)

{cold_start.table(cold)}
"""
    (DOCS / "benchmarks.md").write_text(page)


def uppy_version() -> str:
    """Return the version that the benchmark's lock file pins."""
    return json.loads((UPPY_PAGE / "package.json").read_text())["dependencies"]["@uppy/aws-s3"]


# ---- the picture ----

WIDTH, LEFT, BAR, GAP = 760, 130, 20, 4


def picture(outcomes: Sequence[Outcome]) -> str:
    """Return an SVG: for each profile a bar for each contestant, as long as its time, the slowest all the way."""
    parts: list[str] = []
    y = 8
    for outcome in outcomes:
        names = [OURS, UPPY, BOTO3, LINK]
        times = {name: seconds for name in names if (seconds := outcome.seconds(name)) is not None}
        if not times:
            continue
        slowest = max(times.values())
        parts.append(f'<text x="8" y="{y + 16}" font-weight="600">{escape(outcome.profile.title)}</text>')
        y += 26
        for name, seconds in times.items():
            length = max(2, (WIDTH - LEFT - 80) * seconds / slowest)
            middle = y + BAR / 2 + 5
            digits = 1 if seconds >= 10 else 2  # noqa: PLR2004 - as many as can be told apart
            parts.append(f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>')
            parts.append(
                f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" fill="{COLOURS[name]}"/>'
            )
            parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{middle:.0f}">{seconds:.{digits}f} s</text>')
            y += BAR + GAP
        y += 16
    style = 'font-family="system-ui, sans-serif" font-size="13" fill="#1f2937"'
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" {style}>'
    return "\n".join([frame, f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>', *parts, "</svg>", ""])
