"""The takedown function, on a table and a bucket in memory."""

import pytest

from backend import takedown, wiring
from backend.errors import BeingHandled
from backend.messages import CreatedTransfer
from backend.rules.transfer import evidence_key, key_of
from backend.services.arriving import Arrivals
from backend.services.lease import Lease
from backend.services.operating import Operators
from backend.services.sending import Uploads
from backend.tests.events import Context
from backend.tests.fakes import Clock, FakeObjects, FakeRecords
from backend.tests.services.test_receiving import arrive, begin


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, operators: Operators) -> None:
    """Let the function work on the table and bucket in memory, and not wait where nobody is at it."""
    monkeypatch.setattr(wiring, "operating", lambda: operators)
    monkeypatch.setattr(takedown, "pause", lambda _: pytest.fail("it waits for nobody"))


@pytest.fixture
def bad(uploads: Uploads, objects: FakeObjects, arrivals: Arrivals) -> CreatedTransfer:
    """Return a transfer of one stored file and one that never came."""
    made = begin(uploads, 5, 7)
    arrive(arrivals, objects, made, 1, 5)
    return made


def run(transfer: str, remaining: float = 900) -> None:
    """Call the function as web does, with so many seconds left whenever it asks."""
    takedown.handler({"transfer": transfer}, Context(remaining=lambda: remaining))


def test_what_is_blocked_moves_to_the_evidence(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects
) -> None:
    """The list says then that it is done; twice is as good as once."""
    operators.block(bad.id)
    for _ in range(2):
        run(bad.id)
        assert list(objects.stored) == [evidence_key(bad.id, 1)]
        assert operators.list(9).transfers[0].state == "blocked"


def test_what_cannot_be_moved_fails_and_lambda_calls_again(
    bad: CreatedTransfer, operators: Operators, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is what its alarm counts."""
    operators.block(bad.id)
    monkeypatch.setattr(records, "hold", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(bad.id)
    assert operators.list(9).transfers[0].state == "blocking"


def test_it_waits_for_whoever_is_at_it_already(
    bad: CreatedTransfer, operators: Operators, records: FakeRecords, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button may be pressed twice, and an earlier call may have ended without a word."""
    operators.block(bad.id)
    other = Lease(records, bad.id, token="other", now=clock)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            other.end()

    monkeypatch.setattr(takedown, "pause", pause)
    run(bad.id)
    assert waited == [takedown.LOOK_SECONDS] * 3
    assert operators.list(9).transfers[0].state == "blocked"


def test_it_does_not_wait_until_its_own_time_is_over(
    bad: CreatedTransfer, operators: Operators, records: FakeRecords, clock: Clock
) -> None:
    """It fails, and Lambda calls again."""
    operators.block(bad.id)
    Lease(records, bad.id, token="other", now=clock)
    with pytest.raises(BeingHandled):
        run(bad.id, remaining=300)


def test_what_is_not_blocked_stays_where_it_is(bad: CreatedTransfer, objects: FakeObjects) -> None:
    """It was given back, or erased, before the function came to it: nothing to do, and nothing to alarm anybody."""
    for transfer in (bad.id, "a" * 26):
        run(transfer)
    assert list(objects.stored) == [key_of(bad.id, 1)]
