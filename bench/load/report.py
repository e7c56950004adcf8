"""What came out: as tables for the terminal, and as a page of the documentation."""

from bench.document import DOCS, origin, table
from bench.load.ledger import Ledger, Spread, Step, spread
from bench.load.people import FILE_BYTES, NO_LINK_SECONDS, UNANSWERED_SECONDS
from bench.load.run import ALONE_ROUNDS, WAVES, Figures

PAGE = "load.md"
# The hello that each of our steps is measured by: the local cloud is quicker where a function writes a log line.
HELLO_OF = {
    Step.BEGIN: Step.HELLO_LOGGED,
    Step.STATUS: Step.HELLO,
    Step.PAGE: Step.HELLO,
    Step.DOWNLOAD: Step.HELLO,
}
# With these a visit begins; what follows is due when the step before it has ended.
BY_TIMETABLE = {Step.BEGIN, Step.PAGE, Step.HELLO, Step.HELLO_LOGGED}
TEN_MS = 0.01


def write(figures: Figures) -> None:
    """Write docs/load.md."""
    terms = figures.terms
    page = f"""# Many people at once

{origin("make load", figures.load)}
The people and the local cloud share its cores, so compare within this page rather than with other machines.

For {terms.seconds:.0f} seconds there are {terms.senders} senders and {terms.recipients} recipients. Each comes once
in {terms.pause:.0f} seconds, the first time at a moment drawn by lot; `python -m bench.load --pause` takes other paces.

- **A sender** sends {FILE_BYTES // 1024} KiB of random bytes as the page does: `POST api/transfers` with the one part,
  the `PUT` to S3 with its SHA-256, then `GET api/transfers/{{id}}` until the link is there.
- **A recipient** takes one of the links: `GET t/{{id}}`, `GET t/{{id}}/files/1`, and the `GET` from S3 to which
  that leads. The bytes are compared with what was sent.
- **Hello** is a function that answers `hello` and does nothing else, behind an API of its own in the same local cloud,
  with the runtime and the memory of ours. For each recipient there is one more person, who calls it as often and in the
  same minutes; for each sender one who calls another that also writes a log line.
- **An error** is a status that does not belong there, a broken connection, no answer within {UNANSWERED_SECONDS}
  seconds, other bytes than were sent, or no link within {NO_LINK_SECONDS} seconds. Nothing is tried again.
- **Times** run until the last byte of the answer: those of a visit's first request from the moment when the visit was
  due, so that they include how late it began, all others from the end of the request before. Each request has a
  connection of its own.

## Under load

{_lines(_together(figures))}

{_throughput(figures)}
{_lateness(figures)}

## One after the other

The same steps, {ALONE_ROUNDS} times, while nobody else is there.

{_lines(_alone(figures.alone))}

## Errors

{_lines(_faults(figures.everything))}

## How to read it

- “p50 above hello” is our own share: our code, and what it asks of DynamoDB and S3. The rest is the gateway's and
  Lambda's, which hello pays, too.
- There are two hellos because the local cloud waits for log lines after each call, and longest, 50 ms, where there are
  none; AWS does not. To begin a transfer writes a log line and is measured by the hello that writes one, the other
  steps by the silent one. To ask for the link writes one only where it is there before S3's event, and then seems
  quicker than it is.
- These 50 ms stand above and below the line in “times hello” and make it small. The milliseconds are the better figure.

## What it cannot show

How much AWS bears. The local cloud's gateway, S3 and DynamoDB are one Python process, and it starts another process for
each call that finds none free. When many start at once, they slow each other down, and more start. So waves of up to
{WAVES[-1]} senders and as many recipients have them started before anything is measured, and cold starts do not show.
On AWS the gateway also turns away what is above `requests_per_second`.
"""
    (DOCS / PAGE).write_text(page)


def words(figures: Figures) -> str:
    """Return all figures."""
    return _lines(
        [
            *_together(figures),
            "",
            _throughput(figures),
            _lateness(figures),
            "",
            "One after the other:",
            "",
            *_alone(figures.alone),
            "",
            "Errors:",
            "",
            *_faults(figures.everything),
        ]
    )


def _lines(lines: list[str]) -> str:
    return "\n".join(lines)


def _together(figures: Figures) -> list[str]:
    head = ["", "requests", "per second", "p50, ms", "p95, ms", "p99, ms", "p50 above hello", "times hello", "errors"]
    rows = [head]
    for step in Step:
        entries = figures.together.of(step)
        count = len(entries.entries)
        counted = ["", ""] if step is Step.LINK else [str(count), f"{count / figures.terms.seconds:.1f}"]
        rows.append([step, *counted, *_percentiles(entries), *_share(figures.together, step), str(entries.failed)])
    return table(rows)


def _alone(ledger: Ledger) -> list[str]:
    rows = [["", "p50, ms", "p95, ms", "p99, ms", "p50 above hello", "times hello"]]
    rows += [[step, *_percentiles(ledger.of(step)), *_share(ledger, step)] for step in Step]
    return table(rows)


def _percentiles(ledger: Ledger) -> list[str]:
    found = spread(ledger.took)
    return [_ms(found.p50), _ms(found.p95), _ms(found.p99)] if found else [""] * 3


def _share(ledger: Ledger, step: Step) -> list[str]:
    """Return by how much a step of ours takes longer than its hello, in ms and in times; nothing for others."""
    if step not in HELLO_OF:
        return ["", ""]
    ours, bare = (spread(ledger.of(which).took) for which in (step, HELLO_OF[step]))
    if not ours or not bare:
        return ["", ""]
    return [f"{(ours.p50 - bare.p50) * 1000:.0f} ms", f"{ours.p50 / bare.p50:.1f}"]


def _throughput(figures: Figures) -> str:
    together, seconds = figures.together, figures.terms.seconds
    links, files = (len(together.of(step).took) / seconds for step in (Step.LINK, Step.GET))
    up, down = (together.of(step).size / seconds / 1e6 for step in (Step.PUT, Step.GET))
    calls = sum(len(together.of(step).entries) for step in HELLO_OF) / seconds
    return (
        f"Each second {links:.1f} transfers were sent ({up:.2f} MB) and {files:.1f} files received ({down:.2f} MB), "
        f"by {calls:.1f} requests to our functions."
    )


def _lateness(figures: Figures) -> str:
    began = [entry.late for entry in figures.together.entries if entry.step in BY_TIMETABLE]
    late = spread(began) or Spread(p50=0, p95=0, p99=0)
    return (
        f"Visits began late by {_ms(late.p50)} ms (p50), {_ms(late.p95)} ms (p95) and {_ms(late.p99)} ms (p99). "
        f"The people themselves kept {figures.cores:.2f} cores busy."
    )


def _faults(ledger: Ledger) -> list[str]:
    requests = sum(entry.step is not Step.LINK for entry in ledger.entries)
    if not ledger.failed:
        return [f"None in {requests} requests, those before the measured time included."]
    rows = [["step", "what was wrong", "how often", "for example"]]
    rows += [[fault.step, fault.failure, str(fault.count), _cell(fault.example)] for fault in ledger.faults]
    return [f"{ledger.failed} in {requests} requests, those before the measured time included.", "", *table(rows)]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < TEN_MS else f"{seconds * 1000:.0f}"
