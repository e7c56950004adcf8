"""Who is asking, where people have accounts. Pure: the gateway's authorizer has checked the token that says so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

OPERATORS = "operators"


@dataclass(frozen=True, kw_only=True)
class Account:
    """`subject` is the same for good, whatever its owner is called; an operator sees and takes down everything."""

    subject: str
    operator: bool = False

    @property
    def sender(self) -> str:
        """Return what tells it from other senders, for a day's limits."""
        return f"account {self.subject}"


def account_of(claims: Mapping[str, str], client: str) -> Account | None:
    """Read the claims as the gateway hands them on: a list is a text, `[staff operators]` or `staff,operators`.

    The gateway looks at whose pool has signed, but not for whom. What somebody has given to another program of that
    pool, or an access token, which is for asking the pool, does not speak for them here: only what our page, `client`,
    was given does.
    """
    subject = claims.get("sub")
    if not subject or claims.get("token_use") != "id" or claims.get("aud") != client:
        return None
    groups = re.split(r"[\[\],\s]+", claims.get("cognito:groups", ""))
    return Account(subject=subject, operator=OPERATORS in groups)
