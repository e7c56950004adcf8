"""What the schedule does: erase transfers that are over. Knows no Lambda."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backend.aws.bucket import Objects
from backend.aws.table.records import Records
from backend.services.erasure import Erased, erase_transfer


@dataclass(frozen=True, kw_only=True)
class Sweeping:
    """The schedule's side. `now` gives epoch seconds."""

    records: Records
    objects: Objects
    now: Callable[[], float]

    def over(self) -> Iterator[str]:
        """Return the ids of transfers that have expired, or were deleted without coming to the end of it."""
        return self.records.expired(int(self.now()))

    def sweep(self, transfer_id: str, in_time: Callable[[], bool]) -> Erased | None:
        """Erase a transfer, as far as time allows; return None, and touch nothing, where it lives on or is gone.

        Its owner may have extended it since the index was read, so the same write that looks at its expiry ends it.
        """
        now = self.now()
        transfer = self.records.end(transfer_id, int(now))
        return erase_transfer(self.records, self.objects, transfer, now=now, in_time=in_time) if transfer else None
