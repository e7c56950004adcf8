"""Accounts, as API Gateway's authorizer tells of them."""

import pytest

from backend.accounts import Account, account_of


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
    claims = {"sub": "1f2e", **({} if groups is None else {"cognito:groups": groups})}
    assert account_of(claims) == Account(subject="1f2e", operator=operator)


def test_without_a_subject_there_is_nobody() -> None:
    """As where no authorizer was asked."""
    assert account_of({}) is None
