"""One run: the local cloud, the warm-up, each step alone, then all people together."""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.load import crowd, hello, people
from bench.load.crowd import Visit
from bench.load.ledger import Ledger, Step
from bench.load.people import Board, Person
from e2e.cloud import Cloud, LocalCloud, local_cloud
from infra import steps

WORK = steps.ROOT / ".local" / "bench" / "load"
# Nothing that a day or a sender may not exceed shall end the run.
SETTINGS = ("max_transfers_per_day=1000000", "max_transfers_per_day_per_sender=1000000")
# So many of each kind at once, wave by wave, start the functions' workers before anything is measured. The local cloud
# starts one for each request that finds none free, and on a busy machine that makes others wait, and start more.
WAVES = (1, 4, 8, 16)
ALONE_ROUNDS = 30
# As long as it may take to start a thread for each person.
START_SECONDS = 1
RAMP_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Who comes, for how many seconds, and how many seconds lie between two visits of one person."""

    senders: int
    recipients: int
    seconds: float
    pause: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came out of one run."""

    terms: Terms
    alone: Ledger
    """Each step done while nobody else was there."""
    together: Ledger
    """What was due in the measured time."""
    everything: Ledger
    """That, and what came before it: an error is one at any time."""
    cores: float
    """How many cores the people themselves kept busy."""
    load: float
    """The machine's, before."""


class Run:
    """One run: where it goes to, the links that were handed on, and what is written down."""

    def __init__(self, cloud: Cloud, terms: Terms) -> None:
        """Deploy the functions that say hello."""
        self._address = cloud.address
        self._terms = terms
        self._hello = hello.deploy(cloud, hello.SOURCE)
        self._hello_logged = hello.deploy(cloud, hello.LOGGED)
        self._board = Board()
        self.ledger = Ledger()

    def visits(self, senders: int, recipients: int) -> list[Visit]:
        """Return what everybody does: for each sender and each recipient there is one who only calls hello."""
        persons = [Person(ledger=self.ledger, source=people.source(number)) for number in range(senders + recipients)]
        sending, receiving = persons[:senders], persons[senders:]
        return [
            *(partial(people.send, person, self._address, self._board) for person in sending),
            *(partial(people.greet, person, Step.HELLO_LOGGED, self._hello_logged) for person in sending),
            *(partial(people.receive, person, self._board) for person in receiving),
            *(partial(people.greet, person, Step.HELLO, self._hello) for person in receiving),
        ]

    def warm_up(self) -> None:
        """Send something that can be downloaded, then have more and more of each come at the same moment."""
        for senders, recipients in ((1, 0), *((many, many) for many in WAVES)):
            visits = self.visits(senders, recipients)
            crowd.run(visits, [[0]] * len(visits), time.perf_counter())
        if not self._board.sent:
            (fault, *_) = self.ledger.faults
            raise steps.Trouble(f"Nothing could be sent ({fault.step}: {fault.failure}): {fault.example}")

    def alone(self) -> Ledger:
        """Let one after the other come, while nobody else is there."""
        began = time.perf_counter()
        for _ in range(ALONE_ROUNDS):
            for visit in self.visits(1, 1):
                with contextlib.suppress(people.StepFailedError):
                    visit(time.perf_counter())
        return self.ledger.due(began, time.perf_counter())

    def together(self) -> tuple[Ledger, float]:
        """Let all come; return what was due in the measured time, and how many cores they kept busy.

        They begin to come a little before, so that the measured time begins like it goes on.
        """
        terms = self._terms
        visits = self.visits(terms.senders, terms.recipients)
        seconds = RAMP_SECONDS + terms.seconds
        tables = crowd.timetables(len(visits), terms.pause, seconds)
        began, used = time.perf_counter() + START_SECONDS, time.process_time()
        crowd.run(visits, tables, began)
        cores = (time.process_time() - used) / (time.perf_counter() - began)
        return self.ledger.due(began + RAMP_SECONDS, began + seconds), cores


def measure(terms: Terms, running: Path | None) -> Figures:
    """Do all of it; `running` is the work folder of a local cloud that runs already."""
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        if running:
            cloud = LocalCloud.running(running)
        else:
            shutil.rmtree(WORK, ignore_errors=True)
            WORK.mkdir(parents=True)
            with steps.step("Local cloud"):
                cloud = stack.enter_context(local_cloud(WORK, *SETTINGS))
        with steps.step("Warm-up"):
            run = Run(cloud, terms)
            run.warm_up()
        with steps.step("One after the other"):
            alone = run.alone()
        with steps.step("All together"):
            together, cores = run.together()
    return Figures(terms=terms, alone=alone, together=together, everything=run.ledger, cores=cores, load=load)
