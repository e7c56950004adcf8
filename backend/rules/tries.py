"""How often a password may be tried: ever later after each wrong try in a row. Pure: no clock of its own."""

from dataclasses import dataclass

LONGEST_WAIT = 60
LOCKED_AFTER = 10
LOCK_SECONDS = 3_600

# How long a try may be compared before the next one need not wait for it any more: a hundred times what it takes.
COMPARING_SECONDS = 10

# How many wrong tries of the operator's passphrase in an hour, by whomever, slow nobody down who has made none.
TOTAL_AT_EASE = 50
TOTAL_WAIT = 2

# What a transfer keeps of its tries when none was wrong: after the right password, and with every new one.
NO_TRIES = {"wrong_tries": 0, "next_try": 0, "comparing": False}


def wait_after(wrong: int) -> int:
    """Return for how many seconds the password cannot be tried after so many wrong tries in a row (from 1).

    The row goes on after the lock's hour, so that each further wrong try locks again: a password of four digits holds.
    """
    return LOCK_SECONDS if wrong >= LOCKED_AFTER else min(2 ** (wrong - 1), LONGEST_WAIT)


def wait_in_total(wrong: int) -> int:
    """Return for how many seconds nobody can try the passphrase after so many wrong tries in this hour, by all sources.

    Never long: whoever guesses from thousands of addresses makes 1,800 tries an hour, and locks nobody out.
    """
    return TOTAL_WAIT if wrong > TOTAL_AT_EASE else 0


@dataclass(frozen=True, kw_only=True)
class Tries:
    """So many wrong tries in a row, and when the next may be made, in epoch milliseconds."""

    wrong: int = 0
    next_try: int = 0
