"""Accounts, as API Gateway's authorizer tells of them."""

import pytest

from backend.rules.accounts import Account, account_of

OURS = {"sub": "1f2e", "token_use": "id", "aud": "page"}


@pytest.mark.parametrize(
    ("groups", "operator"),
    [
        (None, False),
        ("", False),
        ("staff", False),
        ("operators", True),
        ("staff,operators", True),
        ("[staff operators]", True),
        ("[staff, operators]", True),
        ("operators-not", False),
        ("no operators2", False),
    ],
)
def test_an_operator_is_who_is_in_that_group(groups: str | None, *, operator: bool) -> None:
    """However the gateway spells a list."""
    claims = {**OURS, **({} if groups is None else {"cognito:groups": groups})}
    assert account_of(claims, "page") == Account(subject="1f2e", operator=operator)


def test_without_a_subject_there_is_nobody() -> None:
    """As where no authorizer was asked."""
    assert account_of({**OURS, "sub": ""}, "page") is None


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "another program of the pool"},
        {"aud": ""},
        {"token_use": "access"},
        {"token_use": "access", "aud": "", "client_id": "page"},
    ],
)
def test_a_token_that_our_page_did_not_get_speaks_for_nobody(other: dict[str, str]) -> None:
    """Though the same pool has signed it."""
    assert account_of({**OURS, **other}, "page") is None
