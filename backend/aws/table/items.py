"""How records are spelled as the table's items: keys, indexes, types.

A transfer's items share its id as partition key `pk`; the sort key `sk` tells what they are:
`file#000001` (one per file), `log#1800000000000#1f…` (one per download, by time), `report#1800000000000#1f…` (one per
report of abuse), `source#000001#9a…` (who downloaded which file and may go on with it), `tally#07` (what happened to
files, see `tally`), `transfer` (the transfer itself). The names sort so that one query from `tally` on reads the
transfer and its tally without the rest.

An account's transfers stand under `account#<subject>`, by time of creation; under the partition key `access` the wrong
tries of the operator's passphrase, one item for each source and one for each hour.

What is counted of a day stands under `day#2026-11-24`: what was reserved of its limits, `total` and `sender#9a…` for
each sender, and how many reports of abuse came from a source, `reporter#9a…`.

Two indexes hold the transfers' own items alone, since no other has an `id_shard`: `by_expiry` in the order in which
they expire, `by_created` in the order in which they were made. They carry keys and nothing else, so a changed title
writes nothing to them and a changed expiry moves one entry. The shard is the first letter of the id, which is random: a
partition takes 1,000 writes a second, all of them together thirty-two times as many transfers. Blocked transfers are a
shard of their own, where no sweep looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Literal, cast

from backend.rules.quota import Budget
from backend.rules.report import Report
from backend.rules.transfer import Download, File, Transfer

EXPIRY_INDEX = "by_expiry"
CREATED_INDEX = "by_created"
# No id looks like this.
ACCESS = "access"
# What an id may begin with.
SHARDS_OF_IDS = "abcdefghijklmnopqrstuvwxyz234567"
BLOCKED_SHARD = "blocked"

Item = dict[str, Any]
# Partition key and sort key.
Place = tuple[str, str]
Whose = Literal["sender", "total"]

_DOWNLOAD_FIELDS = frozenset(field.name for field in fields(Download))
_FILE_FIELDS = frozenset(field.name for field in fields(File))
_REPORT_FIELDS = frozenset(field.name for field in fields(Report))
_TRANSFER_FIELDS = frozenset(field.name for field in fields(Transfer)) - {"id"}


# Keys


def file_key(number: int) -> str:
    """Return a file's sort key."""
    return f"file#{number:06}"


def source_key(number: int, source: str) -> str:
    """Return the sort key of who may go on with a download of a file."""
    return f"source#{number:06}#{source}"


def day_place(budget: Budget, whose: Whose) -> Place:
    """Return where it is counted what was reserved of a day."""
    return f"day#{budget.day}", "total" if whose == "total" else f"sender#{budget.sender}"


def reporter_place(budget: Budget) -> Place:
    """Return where a source's reports of a day are counted."""
    return f"day#{budget.day}", f"reporter#{budget.sender}"


def sent_place(transfer: Transfer) -> Place:
    """Return where a transfer stands among those of its account."""
    return f"account#{transfer.account}", f"{transfer.created:013}#{transfer.id}"


def after(prefix: str) -> str:
    """Return what sorts behind every key with this prefix, and before anything else."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


# To the table


def key(partition: str, sort: str) -> Item:
    """Return a key as the table's API wants it."""
    return values({"pk": partition, "sk": sort})


def item(partition: str, sort: str, attributes: Mapping[str, Any]) -> Item:
    """Return an item likewise; attributes that are None are left out."""
    kept = {name: value for name, value in attributes.items() if value is not None}
    return values({"pk": partition, "sk": sort, **kept})


def of_transfer(made: Transfer) -> Item:
    """Return a new transfer's own item, with what puts it into the indexes."""
    known = {name: getattr(made, name) for name in _TRANSFER_FIELDS}
    return item(made.id, "transfer", {**known, "id_shard": made.id[0]})


def of_file(made: File, of: Transfer) -> Item:
    """Return the item of a new file, which the table forgets with its transfer."""
    return item(of.id, file_key(made.number), {**asdict(made), "ttl": of.ttl})


def values(named: Mapping[str, Any]) -> Item:
    """Return values likewise; raise `TypeError` for one of a type that the table does not hold."""
    return {name: _serialized(value) for name, value in named.items()}


def _serialized(value: Any) -> Item:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list() | tuple():
            return {"L": [_serialized(each) for each in cast("Sequence[Any]", value)]}
        case _:
            raise TypeError(f"the table holds no {type(value).__name__}")


# From the table


def plain(spelled: Item) -> Item:
    """Return an item's attributes as Python's own types."""
    return {name: _deserialized(value) for name, value in spelled.items()}


def _deserialized(spelled: Item) -> Any:
    ((kind, value),) = spelled.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(value)
        case "L":
            return tuple(_deserialized(each) for each in value)
        case _:
            return value


def file(found: Item) -> File:
    """Return the file that plain attributes tell of."""
    return File(**{name: found[name] for name in _FILE_FIELDS & found.keys()})


def transfer(id_: str, found: Item) -> Transfer:
    """Return the transfer, likewise."""
    return Transfer(id=id_, **{name: found[name] for name in _TRANSFER_FIELDS & found.keys()})


def download(found: Item) -> Download:
    """Return the download, likewise."""
    return Download(**{name: found[name] for name in _DOWNLOAD_FIELDS})


def report(found: Item) -> Report:
    """Return the report, likewise."""
    return Report(**{name: found[name] for name in _REPORT_FIELDS & found.keys()})
