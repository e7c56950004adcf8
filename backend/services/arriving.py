"""What S3's events do: make the files that arrived downloadable. Imports no more than a cold start should pay for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from backend.aws.bucket import Objects, StoredObject
from backend.aws.table.records import Records
from backend.rules.transfer import file_link, parse_key
from backend.services.quotas import give_back

# What no file is declared with.
NO_SIZE = -1


@dataclass(frozen=True, kw_only=True)
class NewlyStored:
    """A file that became downloadable just now; `delay` is in seconds since S3 had it, None if that time is unknown."""

    bytes: int
    delay: float | None


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """S3's side. `now` gives epoch seconds; `public` says whether the bucket lets everybody read its files."""

    records: Records
    objects: Objects
    public: bool
    now: Callable[[], float]

    def arrived(self, key: str, *, since: float | None = None) -> NewlyStored | Literal["absent", "dealt_with"]:
        """Make the object under `key` downloadable, once, if it is what was declared; delete it if it is not.

        `since`, in epoch seconds, is when its event says that S3 had it.
        Believes S3 and not the event: events come late, twice, in any order and for what is gone. Safe to repeat.
        """
        place = parse_key(key)
        if place is None:
            return "dealt_with"  # not one of ours: leave it alone
        held = self.objects.head(key)
        if held is None:
            return "absent"  # not there yet, or deleted since
        outcome = self.records.store(
            *place,
            size=held.size if held.encoding is None else NO_SIZE,
            sha256=held.sha256,
            link=file_link(*place),
            public_url=self.objects.plain_url(key) if self.public else None,
        )
        if outcome == "now":
            # S3 dates an object that was sent in parts from the beginning of its upload:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
            there = held.modified.timestamp() if since is None and not held.in_parts else since
            return NewlyStored(bytes=held.size, delay=None if there is None else max(0.0, self.now() - there))
        if outcome == "wrong_size":
            failed = self.records.fail(*place, _what_is_wrong_with(held))
            give_back(self.records, [failed] if failed else [], self.now())
        if outcome != "before":
            self.objects.delete([key])
        return "dealt_with"


def _what_is_wrong_with(held: StoredObject) -> str:
    if held.encoding is not None:
        return "It was sent with a Content-Encoding, so that browsers would save other bytes. Send it without."
    return f"S3 received {held.size} bytes, which is not what was declared."
