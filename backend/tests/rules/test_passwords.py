"""Passwords and grants."""

import pytest

from backend.rules.passwords import grant_fits, grant_for, hash_password, password_fits

KEPT = hash_password("pässword", b"s" * 16)


def test_only_the_password_fits_its_hash() -> None:
    """And the hash does not contain it."""
    assert password_fits("pässword", KEPT)
    assert not password_fits("passwort", KEPT)
    assert "password" not in KEPT


def test_equal_passwords_are_kept_differently() -> None:
    """The salt is part of the hash."""
    assert hash_password("pässword", b"t" * 16) != KEPT


@pytest.mark.parametrize(
    ("transfer", "kept", "now", "fits"),
    [
        ("one", KEPT, 99, True),
        ("one", KEPT, 100, False),
        ("two", KEPT, 99, False),
        ("one", hash_password("other", b"s" * 16), 99, False),
    ],
)
def test_a_grant_is_for_one_transfer_one_password_and_a_time(transfer: str, kept: str, now: int, *, fits: bool) -> None:
    """It dies with any of them."""
    assert grant_fits(grant_for("one", KEPT, until=100), transfer, kept, now) is fits


@pytest.mark.parametrize("grant", ["", "100", "100.", "x.y", "999999999999." + "0" * 64, "100." + "é" * 64])
def test_a_made_up_grant_opens_nothing(grant: str) -> None:
    """Whatever a cookie says."""
    assert not grant_fits(grant, "one", KEPT, 99)
