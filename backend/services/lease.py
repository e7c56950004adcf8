"""A blocked transfer is dealt with by one at a time, who has a lease on it and renews it while the work goes on.

Two that move the same files in opposite directions would each delete what the other relies on: an operator may give
back what another blocks, and Lambda may call the takedown function twice, or hours later.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event, Thread

from botocore.exceptions import BotoCoreError, ClientError

from backend.aws.table.records import BusyError, GoneError, Records
from backend.errors import BeingHandled, Conflict

# The clocks of two that want it may differ by as much: AWS refuses the requests of one that is further off.
LEASE_SECONDS = 300
RENEW_SECONDS = 30

NOT_BLOCKED = "This transfer is not blocked."
LOST = "Somebody else has dealt with this transfer meanwhile."


class Lease:
    """A blocked transfer that one has to oneself; `token` tells who, `now` gives epoch seconds."""

    def __init__(self, records: Records, transfer: str, *, token: str, now: Callable[[], float]) -> None:
        """Take it, for five minutes.

        Raises `BeingHandled` where somebody else has it, and `Conflict` for a transfer that is not blocked.
        """
        self._records, self._transfer, self._token, self._now = records, transfer, token, now
        self._until = int(now()) + LEASE_SECONDS
        try:
            records.begin_handling(transfer, token=token, now=int(now()), until=self._until)
        except BusyError as error:
            raise BeingHandled from error
        except GoneError as error:
            raise Conflict(NOT_BLOCKED) from error

    def renew(self) -> None:
        """Have it for five minutes from now, unless it is lost. What AWS cannot do now, the next time may."""
        until = int(self._now()) + LEASE_SECONDS
        try:
            kept = self._records.renew_handling(self._transfer, token=self._token, until=until)
        except (BotoCoreError, ClientError):
            return
        self._until = until if kept else 0

    def check(self) -> None:
        """Raise `Conflict` if it is lost: called before each step that nobody else must be in the middle of."""
        if self._now() >= self._until:
            raise Conflict(LOST)

    def end(self) -> None:
        """Let others have it."""
        self._records.end_handling(self._transfer, token=self._token)


@contextmanager
def renewed(lease: Lease) -> Generator[Lease]:
    """Renew a lease in the background for as long as this lasts, then end it."""
    ended = Event()

    def renew() -> None:
        while not ended.wait(RENEW_SECONDS):
            lease.renew()

    renewing = Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield lease
    finally:
        ended.set()
        renewing.join()
        lease.end()
