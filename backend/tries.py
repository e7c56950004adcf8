"""How often a transfer's password may be tried: ever later after each wrong try in a row. Pure: no clock of its own."""

LONGEST_WAIT = 60
LOCKED_AFTER = 10
LOCK_SECONDS = 3_600

# How long a try may be compared before the next one need not wait for it any more: a hundred times what it takes.
COMPARING_SECONDS = 10

# What a transfer keeps of its tries when none was wrong: after the right password, and with every new one.
NO_TRIES = {"wrong_tries": 0, "next_try": 0, "comparing": False}


def wait_after(wrong: int) -> int:
    """Return for how many seconds the password cannot be tried after so many wrong tries in a row (from 1).

    The row goes on after the lock's hour, so that each further wrong try locks again: a password of four digits holds.
    """
    return LOCK_SECONDS if wrong >= LOCKED_AFTER else min(2 ** (wrong - 1), LONGEST_WAIT)
