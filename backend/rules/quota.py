"""A day's limits: what they count, for whom, and until when. A day is the UTC day. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.rules.transfer import DAY


@dataclass(frozen=True, kw_only=True)
class Amount:
    """What a day's limits count: transfers that were begun, and bytes that were announced."""

    transfers: int = 0
    bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one sender may use of one day; `sender` is a hash of who it is."""

    day: str
    sender: str

    @classmethod
    def of(cls, sender: str, now: float) -> "Budget":
        """Return a sender's budget of today.

        The day is the hash's salt, so that nobody is followed from one day to the next. It is no secret: who can read
        the table could try all addresses of IPv4, and finds none by looking.
        """
        day = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
        return cls(day=day, sender=hashlib.sha256(f"{day} {sender}".encode()).hexdigest()[:32])

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """Read what `str` wrote."""
        day, _, sender = text.partition("#")
        return cls(day=day, sender=sender)

    def __str__(self) -> str:
        """Spell it as a file's record names it."""
        return f"{self.day}#{self.sender}"

    @property
    def free_at(self) -> int:
        """Return when another day begins, in epoch seconds."""
        return int(datetime.fromisoformat(f"{self.day}T00:00:00+00:00").timestamp()) + DAY

    def lasts(self, now: float) -> bool:
        """Tell whether its day has not passed."""
        return now < self.free_at
