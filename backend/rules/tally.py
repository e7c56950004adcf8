"""What happened to the files of a transfer, kept so that ten thousand of them can finish at once.

Each event of a file (stored, failed, removed) is appended, once, to one of `SHARDS` lists; a file always uses the same
one. No item is shared by all, and nothing is counted that could be counted twice: the counts are read off the lists.
Since the lists only grow, their lengths are a cursor: what lies behind them is what a poll has not seen yet.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

SHARDS = 16
# The most files that a transfer may have. Each list is one item, which DynamoDB limits to 400 KB; that alone would
# allow four times as many. But DynamoDB charges each append for the whole list, and each poll for all lists.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MOST_FILES = 100_000

Event = Literal["stored", "failed", "removed"]
_LETTER: dict[Event, str] = {"stored": "s", "failed": "f", "removed": "r"}
_CURSOR = re.compile(r"[0-9]{1,7}(\.[0-9]{1,7}){0,16}")


def shard_of(number: int) -> int:
    """Return the list that file `number` reports to."""
    return number % SHARDS


def entry_of(event: Event, number: int) -> str:
    """Spell an event as it stands in a list."""
    return f"{_LETTER[event]}{number}"


@dataclass(frozen=True)
class Counts:
    """How many files a transfer has, how many of them S3 has, and how many failed."""

    files: int
    stored: int
    failed: int

    @property
    def ready(self) -> bool:
        """Tell whether every file is stored."""
        return self.files > 0 and self.stored == self.files


@dataclass(frozen=True)
class Cursor:
    """What a poll has seen: files up to number `listed`, and so many entries of each list."""

    listed: int = 0
    lengths: tuple[int, ...] = (0,) * SHARDS

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor that came back from a client; raise `ValueError` where it is none of ours."""
        if not _CURSOR.fullmatch(text):
            raise ValueError("this is not a cursor that this service gave out")
        listed, *lengths = (int(word) for word in text.split("."))
        return cls(listed, tuple(lengths + [0] * (SHARDS - len(lengths))))

    def __str__(self) -> str:
        """Spell it; the client sends it back as it is."""
        lengths = list(self.lengths)
        while lengths and lengths[-1] == 0:
            lengths.pop()
        return ".".join(str(n) for n in (self.listed, *lengths))


@dataclass(frozen=True)
class Tally:
    """The lists of one transfer as they were read."""

    lists: Mapping[int, Sequence[str]] = field(default_factory=dict[int, Sequence[str]])

    def counts(self, last_number: int) -> Counts:
        """Count; an entry that stands twice counts once."""
        events = {entry for entries in self.lists.values() for entry in entries}
        removed = {entry[1:] for entry in events if entry[0] == "r"}
        stored = {entry[1:] for entry in events if entry[0] == "s"} - removed
        failed = {entry[1:] for entry in events if entry[0] == "f"} - removed
        return Counts(files=last_number - len(removed), stored=len(stored), failed=len(failed))

    def since(self, cursor: Cursor, limit: int) -> tuple[list[int], Cursor, bool]:
        """Return up to `limit` files that changed since the cursor, the cursor behind them, and whether more remain."""
        changed: dict[int, None] = {}
        lengths = list(cursor.lengths)
        for shard in range(SHARDS):
            entries = self.lists.get(shard, ())
            while lengths[shard] < len(entries):
                if len(changed) >= limit:
                    return list(changed), Cursor(cursor.listed, tuple(lengths)), True
                changed[int(entries[lengths[shard]][1:])] = None
                lengths[shard] += 1
        return list(changed), Cursor(cursor.listed, tuple(lengths)), False
