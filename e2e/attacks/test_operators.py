"""Operators' addresses, where nobody has an account: whoever calls them."""

from typing import Any

import pytest

from backend.rules.passwords import grant_for
from backend.services.signing_in import SESSION
from e2e.attacks.attacker import FORM, Attacker, accounts_calls
from e2e.cloud import Cloud
from e2e.sending import begin

LATER = 4_000_000_000
CLAIMS = '{"claims": {"sub": "olga", "cognito:groups": "operators", "token_use": "id"}}'


@pytest.fixture
def grant(cloud: Cloud) -> str:
    """Return the cookie that the password of a transfer of the attacker's buys."""
    locked = begin(cloud, b"1")
    cloud.call("PATCH", f"api/transfers/{locked['id']}", body={"password": "secret"}, token=locked["owner_token"])
    answer = cloud.call("POST", f"t/{locked['id']}/unlock", raw=b"password=secret", headers=FORM)
    return answer.headers["Set-Cookie"].partition(";")[0]


def test_nothing_that_others_have_makes_an_operator(attacker: Attacker, theirs: Any, mine: Any, grant: str) -> None:
    """Neither tokens, nor cookies, nor what looks like the gateway's word."""
    shown: dict[str, dict[str, str]] = {
        "nothing": {},
        "the owner token of that transfer": {"Authorization": f"Bearer {theirs['owner_token']}"},
        "the owner token of another": {"Authorization": f"Bearer {mine['owner_token']}"},
        "a grant": {"Cookie": grant},
        "a made-up session": {"Cookie": f"{SESSION}={grant_for(SESSION, '', LATER)}"},
        "the gateway's word": {
            "X-Amzn-Request-Context": CLAIMS,
            "X-Apigateway-Event": CLAIMS,
            "requestContext": CLAIMS,
        },
        "claims": {"sub": "olga", "Cognito-Groups": "operators", "X-Amzn-Oidc-Identity": "olga"},
        "an address of this machine": {"X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/api/operator/transfers"},
    }
    for name, headers in shown.items():
        for method, path in accounts_calls(theirs["id"]):
            answer = attacker.cloud.call(method, path, headers=headers)
            attacker.refused(f"{method} {path.replace(theirs['id'], '{id}')} with {name}", answer, 401)
        page = attacker.cloud.call("GET", "operator", headers=headers)
        attacker.refused(f"GET operator with {name}", page, 404)
    assert attacker.cloud.call("GET", f"t/{theirs['id']}").status == 200


def test_no_other_method_or_address_does_it(attacker: Attacker, theirs: Any) -> None:
    """And none is a fault."""
    known = theirs["id"]
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for path in ("api/operator", "api/operator/transfers", f"api/operator/transfers/{known}/block"):
            answer = attacker.cloud.call(method, path, headers={"X-HTTP-Method-Override": "POST"})
            attacker.refused(f"{method} {path.replace(known, '{id}')}", answer, 401, 404, 405)
    block = f"api/operator/transfers/{known}/block"
    for path in (
        *(f"{block}/", f"api//operator/transfers/{known}/block", f"api/operator/../operator/transfers/{known}/block"),
        *(f"%61pi/operator/transfers/{known}/block", f"API/OPERATOR/transfers/{known}/block", f"{block};x=y"),
        *(f"{block}?token=x&sub=olga", f"api/operator/transfers/{known.upper()}/block", f"{block}%0A", f"{block}%00"),
        *(
            "api/operator/transfers/*/block",
            "api/operator/transfers//block",
            f"api/operator/transfers/{'9' * 5_000}/block",
        ),
        *("operator/", "OPERATOR", "operator%2f", "operator/../operator", "t/operator", f"t/{known}/operator"),
    ):
        answer = attacker.raw("POST" if "block" in path else "GET", path)
        shown = path.replace(known, "{id}")[:70]
        # 308 removes an extra slash, whatever the address without it is.
        attacker.refused(f"{shown}", answer, 308, 400, 401, 404, 405, 414)
    assert attacker.cloud.call("GET", f"t/{known}").status == 200
