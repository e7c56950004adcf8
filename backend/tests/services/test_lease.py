"""One at a time deals with a blocked transfer."""

from threading import Event

import pytest
from botocore.exceptions import EndpointConnectionError

from backend.errors import BeingHandled, Conflict
from backend.services import lease as handling
from backend.services.lease import LEASE_SECONDS, Lease, renewed
from backend.services.sending import Uploads
from backend.tests.fakes import Clock, FakeRecords
from backend.tests.services.test_receiving import begin


@pytest.fixture
def blocked(uploads: Uploads, records: FakeRecords) -> str:
    """Return a transfer that is blocked."""
    made = begin(uploads, 1)
    records.block(made.id, 0)
    return made.id


def test_a_second_one_has_to_wait_until_the_first_has_ended(records: FakeRecords, blocked: str, clock: Clock) -> None:
    """Which need not be the end of its five minutes."""
    first = Lease(records, blocked, token="a", now=clock)
    with pytest.raises(BeingHandled, match="Try again in five minutes"):
        Lease(records, blocked, token="b", now=clock)
    first.check()
    first.end()
    Lease(records, blocked, token="b", now=clock).check()
    with pytest.raises(BeingHandled):
        Lease(records, blocked, token="a", now=clock)


def test_who_ends_without_a_word_keeps_others_out_for_five_minutes(
    records: FakeRecords, blocked: str, clock: Clock
) -> None:
    """And must not go on afterwards."""
    first = Lease(records, blocked, token="a", now=clock)
    clock.now += LEASE_SECONDS
    second = Lease(records, blocked, token="b", now=clock)
    with pytest.raises(Conflict, match="meanwhile"):
        first.check()
    first.renew()
    first.end()
    with pytest.raises(Conflict, match="meanwhile"):
        first.check()
    second.check()
    with pytest.raises(BeingHandled):
        Lease(records, blocked, token="c", now=clock)


def test_who_renews_it_has_it_for_longer(records: FakeRecords, blocked: str, clock: Clock) -> None:
    """However long the work takes."""
    lease = Lease(records, blocked, token="a", now=clock)
    for _ in range(3):
        clock.now += LEASE_SECONDS - 1
        lease.renew()
        lease.check()
    with pytest.raises(BeingHandled):
        Lease(records, blocked, token="b", now=clock)


def test_it_is_renewed_while_the_work_goes_on_and_ends_with_it(
    records: FakeRecords, blocked: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the work fails."""
    monkeypatch.setattr(handling, "RENEW_SECONDS", 0.001)
    lease, again = Lease(records, blocked, token="a", now=clock), Event()
    renew = lease.renew
    monkeypatch.setattr(lease, "renew", lambda: (renew(), again.set()))

    def work() -> None:
        with renewed(lease):
            assert again.wait(10)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    Lease(records, blocked, token="b", now=clock).check()


def test_what_aws_cannot_do_now_does_not_lose_it(
    records: FakeRecords, blocked: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease runs on, and to its end if renewing never works again."""

    def away(*_: object, **__: object) -> bool:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    lease = Lease(records, blocked, token="a", now=clock)
    monkeypatch.setattr(records, "renew_handling", away)
    clock.now += LEASE_SECONDS - 1
    lease.renew()
    lease.check()
    clock.now += 1
    with pytest.raises(Conflict, match="meanwhile"):
        lease.check()


def test_of_a_transfer_that_is_not_blocked_there_is_none(uploads: Uploads, records: FakeRecords, clock: Clock) -> None:
    """There is nothing to deal with."""
    with pytest.raises(Conflict, match="not blocked"):
        Lease(records, begin(uploads, 1).id, token="a", now=clock)
