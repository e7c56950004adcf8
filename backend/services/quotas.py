"""What is reserved of a day's limits before anything is signed, and given back where it never arrives."""

from collections import Counter
from collections.abc import Iterable

from backend.aws.table.records import Records
from backend.errors import OverDailyLimit
from backend.rules.quota import Amount, Budget
from backend.rules.transfer import File
from backend.settings import Settings


def reserve(records: Records, settings: Settings, budget: Budget, amount: Amount, *, now: float) -> None:
    """Count this in for the sender and for all senders together; raise `OverDailyLimit`, with nothing counted in.

    The sender first: one who is over the own limit takes nothing of what is left for the others, not even for the
    moment between two writes. A crash between them costs the sender what was asked for, until the day is over.
    """
    over = records.reserve(budget, "sender", amount, most=settings.per_day_per_sender)
    if over:
        most = getattr(settings.per_day_per_sender, over)
        raise OverDailyLimit(f"max_{over}_per_day_per_sender", most, budget, now=now)
    over = records.reserve(budget, "total", amount, most=settings.per_day)
    if over:
        records.give_back(budget, "sender", amount)
        raise OverDailyLimit(f"max_{over}_per_day", getattr(settings.per_day, over), budget, now=now)


def undo(records: Records, budget: Budget, amount: Amount) -> None:
    """Give back what was reserved for a call that came to nothing."""
    records.give_back(budget, "total", amount)
    records.give_back(budget, "sender", amount)


def give_back(records: Records, files: Iterable[File], now: float) -> None:
    """Give back the bytes of files that never arrive, as far as they were reserved today.

    Only one of several calls at once has a file with its budget: the one whose write took it out of that, or the one
    whose write said that the page with it is erased. So nothing is given back twice.
    """
    held: Counter[str] = Counter()
    for file in files:
        if file.budget:
            held[file.budget] += file.size
    for text, size in held.items():
        budget = Budget.parse(text)
        if size and budget.lasts(now):
            undo(records, budget, Amount(bytes=size))
