"""What came out: what transfers cost, what was counted, and at which prices."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.cost.counter import Bill
from bench.cost.prices import DOWNLOADED, GB, KEPT, KNOWN_ON, PRICES
from bench.document import DOCS, origin, table
from infra.config import Config

DAYS_A_MONTH = 365 / 12
DAY = 86_400
LARGE = 100


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a transfer of one file of `size` bytes asked for: to send it, to receive it once, to erase it."""

    size: int
    sent: Bill
    received: Bill
    erased: Bill

    def kept(self, days: float) -> Bill:
        """Return what S3 bills for keeping it so long."""
        return Counter({KEPT: self.size / GB * days / DAYS_A_MONTH})

    @property
    def downloaded(self) -> Bill:
        """Return what S3 bills for its bytes on their way to one recipient."""
        return Counter({DOWNLOADED: self.size})


def dollars(bill: Bill) -> float:
    """Return what it costs."""
    return sum(PRICES[unit].of(amount) for unit, amount in bill.items())


def tables(counted: Sequence[Counted]) -> str:
    """Return the costs, and under them what they are made of."""
    return f"{costs(counted)}\n\n{amounts(counted)}\n"


def costs(counted: Sequence[Counted]) -> str:
    """Return what each step costs, for each size."""
    days = Config().default_expiry / DAY
    steps: dict[str, Callable[[Counted], Bill]] = {
        "sending it": lambda one: one.sent,
        f"keeping it for {days:.0f} days": lambda one: one.kept(days),
        "one download: requests": lambda one: one.received,
        "one download: bytes": lambda one: one.downloaded,
        "erasing it": lambda one: one.erased,
    }
    rows = [[step, *(money(dollars(of(one))) for one in counted)] for step, of in steps.items()]
    rows.append(["all of it", *(money(sum(dollars(of(one)) for of in steps.values())) for one in counted)])
    return "\n".join(table([["US dollars", *(size_words(one.size) for one in counted)], *rows]))


def amounts(counted: Sequence[Counted]) -> str:
    """Return what was counted, for each size: to send + to receive + to erase."""
    units = [unit for unit in PRICES if any(unit in one.sent + one.received + one.erased for one in counted)]
    rows = [
        [unit, *(" + ".join(number(bill[unit]) for bill in (one.sent, one.received, one.erased)) for one in counted)]
        for unit in units
    ]
    return "\n".join(table([["sent + received + erased", *(size_words(one.size) for one in counted)], *rows]))


def prices() -> str:
    """Return what was multiplied with."""
    rows = [
        [unit, f"{price.dollars:.10f}".rstrip("0").removesuffix("."), price.words, price.source]
        for unit, price in PRICES.items()
    ]
    return "\n".join(table([["of which", "US dollars", "for", "AWS's list"], *rows]))


def money(amount: float) -> str:
    """Spell an amount of dollars with two digits that count, and cents at least."""
    decimals = 1 - math.floor(math.log10(amount)) if amount else 0
    return f"{amount:.{max(2, decimals)}f}"


def number(amount: float) -> str:
    """Spell an amount, with a decimal where it is not whole and one counts."""
    return f"{amount:,.1f}".removesuffix(".0") if amount < LARGE else f"{amount:,.0f}"


def size_words(size: int) -> str:
    """Spell a size of whole MiB or GiB."""
    return f"{size // GB} GiB" if size >= GB else f"{size // 2**20} MiB"


def share_of_bytes(one: Counted) -> float:
    """Return how much of a transfer's costs is for its bytes, kept and downloaded, and not for requests."""
    of_bytes = dollars(one.kept(Config().default_expiry / DAY)) + dollars(one.downloaded)
    return of_bytes / (of_bytes + dollars(one.sent + one.received + one.erased))


def write(counted: Sequence[Counted], load: float) -> None:
    """Write docs/costs.md."""
    shares = ", ".join(f"{share_of_bytes(one):.0%} at {size_words(one.size)}" for one in counted)
    page = f"""# What a transfer costs

{origin("python -m bench.cost", load)}

One file is sent by our page, opened and downloaded once by its link, and erased when it has expired:

{costs(counted)}

The larger a file, the more of that is for its bytes, kept and downloaded: {shares}.
So what to think about is how often files are downloaded and how long they are kept; uploads into S3 are free. Through
CloudFront (`cloudfront_downloads`) the first TB that an account's recipients download in a month is free of charge,
too: https://aws.amazon.com/cloudfront/pricing/

## What was counted

A proxy in front of the local cloud counts what two browsers ask for (one sends, one receives, both come for the first
time and have nothing cached) and what the functions ask of S3 and of the table. The bucket alone is a stand-in: it
answers as S3 does and keeps no bytes, since 100 GiB would have no room. Each amount is what it took to send + to
receive + to erase.

{amounts(counted)}

Where this is not AWS it counts more rather than less:

- Functions take as long as on the machine above, which they share with the browser, and start anew after a long
  upload.
- Answers of the API are as long as they are; AWS's gateway compresses them.
- Every call is traced; AWS traces the first in each second, and one in twenty of the others.
- Nothing is taken off for what an account gets for nothing each month.

Left out, because it is little: the headers of the API's answers, lines of its
access log, the passphrase that is read once a minute, what the table stores, records that have grown beyond a KB (a
long message, very many files), and what DynamoDB rounds up for each of several items that are read at once.

An upload that takes hours asks for no more than one that takes minutes. One that is interrupted sends again the parts
that had not arrived.

## Prices

What was known of AWS's lists on {KNOWN_ON}, for us-east-1 and the first tier that is not free. Look before you rely
on it: prices change, and differ by region.

{prices()}

## What is paid by the month, whatever is sent

A dollar for the key that encrypts what the operator is told ([KMS](https://aws.amazon.com/kms/pricing/)); 40 cents
for the passphrase ([Secrets Manager](https://aws.amazon.com/secrets-manager/pricing/)); ten cents each for two more
alarms, where people have accounts, and 30 cents for each metric beyond the tenth of an account
([CloudWatch](https://aws.amazon.com/cloudwatch/pricing/)); cents for the schedule's calls and the queue's polls.
"""
    (DOCS / "costs.md").write_text(page)
