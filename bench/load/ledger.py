"""What is written down of each request, and what can be said of many: counts, percentiles, errors by kind."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What somebody does; the words are those of the report."""

    BEGIN = "begin a transfer"
    PUT = "send the file to S3"
    STATUS = "ask for the link"
    PAGE = "open the link"
    DOWNLOAD = "ask for the file"
    GET = "get it from S3"
    HELLO = "hello"
    HELLO_LOGGED = "hello, with a log line"
    LINK = "from the last byte to the link"
    """A wait over as many requests as it takes, not a request."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One step that was done. Times are in seconds; `due` is on the clock of time.perf_counter."""

    step: Step
    due: float
    """When it should have begun: by the timetable, or when the step before it had ended."""
    late: float
    """How much later it did begin."""
    took: float
    """From `due` until the last byte of the answer."""
    size: int = 0
    """Bytes of a file that it carried."""
    failure: str = ""
    """What was wrong, in words that many failures can share; nothing if it went well."""
    example: str = ""
    """What this one failure had to say."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How a figure lies over many: half of them are at most `p50`, and so on."""

    p50: float
    p95: float
    p99: float


def spread(values: Sequence[float]) -> Spread | None:
    """Return the percentiles by nearest rank: each is a value that was measured. None if nothing was."""
    if not values:
        return None
    ranked = sorted(values)
    p50, p95, p99 = (ranked[math.ceil(len(ranked) * percent / 100) - 1] for percent in (50, 95, 99))
    return Spread(p50=p50, p95=p95, p99=p99)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Failures of one kind in one step, with what one of them had to say."""

    step: Step
    failure: str
    count: int
    example: str


class Ledger:
    """Takes entries from many threads."""

    def __init__(self) -> None:
        """Start with none."""
        self.entries: list[Entry] = []
        self._changing = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Write one down."""
        with self._changing:
            self.entries.append(entry)

    def due(self, begin: float, end: float) -> "Ledger":
        """Return what was due from `begin` until just before `end`."""
        return self._where(lambda entry: begin <= entry.due < end)

    def of(self, step: Step) -> "Ledger":
        """Return the entries of one step."""
        return self._where(lambda entry: entry.step is step)

    def _where(self, wanted: Callable[[Entry], bool]) -> "Ledger":
        found = Ledger()
        found.entries = [entry for entry in self.entries if wanted(entry)]
        return found

    @property
    def took(self) -> list[float]:
        """Return the seconds of what went well: failures can be fast, and would flatter."""
        return [entry.took for entry in self.entries if not entry.failure]

    @property
    def size(self) -> int:
        """Return the bytes of files that arrived."""
        return sum(entry.size for entry in self.entries if not entry.failure)

    @property
    def failed(self) -> int:
        """Return how many failed."""
        return sum(bool(entry.failure) for entry in self.entries)

    @property
    def faults(self) -> list[Fault]:
        """Return the failures by step and kind, the most frequent first."""
        bad = [entry for entry in self.entries if entry.failure]
        examples = {(entry.step, entry.failure): entry.example for entry in reversed(bad)}
        counts = Counter((entry.step, entry.failure) for entry in bad)
        return [
            Fault(step=step, failure=failure, count=count, example=examples[step, failure])
            for (step, failure), count in counts.most_common()
        ]
