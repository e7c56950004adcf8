"""Many people, each with a timetable of his own, in threads that mostly sleep."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.load.people import StepFailedError

Visit = Callable[[float], None]
"""One visit of one person; takes when it is due, on the clock of time.perf_counter."""

# The same timetable in each run.
SEED = 1


def timetables(people: int, pause: float, seconds: float) -> list[list[float]]:
    """Return for each person when he comes, in seconds after the start.

    Each comes once in each pause. When in it, is drawn by lot, so that they neither come all at once nor in step.
    """
    chance = random.Random(SEED)  # noqa: S311 - it has to be repeatable, not secret
    firsts = [chance.uniform(0, pause) for _ in range(people)]
    return [list(_every(pause, first, seconds)) for first in firsts]


def _every(pause: float, first: float, seconds: float) -> Iterator[float]:
    due = first
    while due < seconds:
        yield due
        due += pause


def run(visits: Sequence[Visit], tables: Sequence[Sequence[float]], begin: float) -> None:
    """Let each person visit by his timetable, which starts at `begin`; return when all have ended.

    Who is still busy when his next visit is due comes late, and that time counts: it starts when it was due.
    """
    stop = threading.Event()

    def live(visit: Visit, table: Sequence[float]) -> None:
        for after in table:
            due = begin + after
            if stop.wait(max(0, due - time.perf_counter())):
                return
            with contextlib.suppress(StepFailedError):
                visit(due)

    with ThreadPoolExecutor(len(visits)) as pool:
        try:
            lives = [pool.submit(live, visit, table) for visit, table in zip(visits, tables, strict=True)]
            for each in lives:
                each.result()
        finally:
            stop.set()
