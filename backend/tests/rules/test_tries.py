"""How long a password has to wait."""

import pytest
from hypothesis import given, strategies as st

from backend.rules.tries import LOCK_SECONDS, LOCKED_AFTER, wait_after


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (9, 60), (10, 3_600), (11, 3_600)],
)
def test_each_wrong_try_makes_the_next_one_wait_longer(wrong: int, seconds: int) -> None:
    """Twice as long, up to a minute; the tenth locks for an hour."""
    assert wait_after(wrong) == seconds


@given(st.integers(min_value=1, max_value=10**6))
def test_waits_never_become_shorter(wrong: int) -> None:
    """Nobody gains by going on."""
    assert 1 <= wait_after(wrong) <= wait_after(wrong + 1) <= LOCK_SECONDS


@given(st.integers(min_value=1, max_value=30))
def test_a_month_of_guessing_gives_few_guesses(days: int) -> None:
    """Not even a tenth of the passwords of four digits."""
    wrong, spent = 0, 0
    while spent < days * 86_400:
        wrong += 1
        spent += wait_after(wrong)
    assert wrong <= LOCKED_AFTER + days * 24 < 1_000
