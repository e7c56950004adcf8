"""Accounts: tokens that nobody was given, and what an account is not for."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from playwright.sync_api import Browser

from e2e.attacks.attacker import FORM, Attacker, accounts_calls, operators_calls, owners_calls
from e2e.cloud import Answer, Cloud
from e2e.conftest import EVERYBODYS, Watch
from e2e.test_accounts import signed_in

ONE_FILE = {"files": [{"name": "a", "size": 1}]}
HOLD = "{id}"


@pytest.fixture(scope="module")
def cloud(cloud_of_accounts: Cloud) -> Cloud:
    """Aim at the deployment where people have accounts."""
    return cloud_of_accounts


@dataclass(frozen=True)
class Tokens:
    """What the pool has given to somebody's page."""

    identity: str
    access: str
    refresh: str


@pytest.fixture(scope="module")
def tokens(cloud: Cloud, browser: Browser) -> Mapping[str, Tokens]:
    """Return what Bob, who is the attacker, and the operator Olga have."""
    return {name: _tokens(cloud, browser, name) for name in ("bob", "olga")}


def _tokens(cloud: Cloud, browser: Browser, name: str) -> Tokens:
    page = signed_in(browser, cloud, Watch(), name)
    kept = json.loads(page.evaluate("sessionStorage.getItem('account')"))
    client = page.locator("#card").get_attribute("data-client")
    page.context.close()
    asked = {"grant_type": "refresh_token", "client_id": client, "refresh_token": kept["refreshToken"]}
    given = cloud.call("POST", "/oauth2/token", raw=urlencode(asked).encode(), headers=FORM).json
    return Tokens(identity=kept["idToken"], access=given["access_token"], refresh=kept["refreshToken"])


@pytest.fixture(scope="module")
def theirs(cloud: Cloud, tokens: Mapping[str, Tokens]) -> Iterator[Any]:
    """Return a transfer of Olga's, which is gone before others look at her list."""
    made = cloud.call("POST", "api/transfers", body=ONE_FILE, token=tokens["olga"].identity).json
    yield made
    cloud.call("DELETE", f"api/transfers/{made['id']}", token=made["owner_token"])


def spelled(part: object) -> str:
    """Return a part of a token."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(part: str) -> Any:
    """Return what a part of a token says."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def other_clients_token(cloud: Cloud, pool: str, mail: str) -> str:
    """Return what a pool gives somebody for another program."""
    pools = cloud.client("cognito-idp")
    made = pools.create_user_pool_client(
        UserPoolId=pool, ClientName="another program", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    given = pools.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=made,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": mail, "PASSWORD": EVERYBODYS},
    )
    return given["AuthenticationResult"]["IdToken"]


def other_pools_token(cloud: Cloud) -> str:
    """Return the token of an operator of a pool of the attacker's own."""
    pools, mail = cloud.client("cognito-idp"), "olga@example.com"
    pool = pools.create_user_pool(PoolName="of the attacker's own")["UserPool"]["Id"]
    pools.admin_create_user(UserPoolId=pool, Username=mail, MessageAction="SUPPRESS")
    pools.admin_set_user_password(UserPoolId=pool, Username=mail, Password=EVERYBODYS, Permanent=True)
    pools.create_group(UserPoolId=pool, GroupName="operators")
    pools.admin_add_user_to_group(UserPoolId=pool, Username=mail, GroupName="operators")
    return other_clients_token(cloud, pool, mail)


def forged(real: str) -> dict[str, str]:
    """Return tokens that say that Bob is an operator, in every way to have that believed."""
    head, body, signature = real.split(".")
    says = {**read(head)}
    claims = spelled({**read(body), "cognito:groups": ["operators"], "exp": int(time.time()) + 86_400})
    key = rsa.generate_private_key(65_537, 2_048)
    numbers = key.public_key().public_numbers()
    public = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": says["kid"], "e": "AQAB"}
    public["n"] = spelled(numbers.n.to_bytes(256, "big"))

    def own(header: Mapping[str, object], said: str = claims) -> str:
        signed = f"{spelled(header)}.{said}"
        return f"{signed}.{spelled(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def keyed(secret: bytes) -> str:
        signed = f"{spelled({**says, 'alg': 'HS256'})}.{claims}"
        return f"{signed}.{spelled(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"

    return {
        "other claims under the old signature": f"{head}.{claims}.{signature}",
        "a later end under the old signature": f"{head}.{spelled({**read(body), 'exp': 4_000_000_000})}.{signature}",
        "no signature": f"{head}.{claims}.",
        "no signature and no dot": f"{head}.{claims}",
        **{
            f"the algorithm {name}": f"{spelled({**says, 'alg': name})}.{claims}."
            for name in ("none", "None", "nOnE", "")
        },
        "the algorithm none, and the old signature": f"{spelled({**says, 'alg': 'none'})}.{claims}.{signature}",
        "a key of one's own": own(says),
        "a key of one's own, and the claims as they are": own(says, body),
        "a key of one's own in the header": own({**says, "jwk": public}),
        "a key of one's own at an address": own({**says, "jku": "https://evil.example/jwks.json"}),
        "a key that is a file": own({**says, "kid": "../../../../dev/null"}),
        "no key": own({name: value for name, value in says.items() if name != "kid"}),
        "the public key as a secret": keyed(says["kid"].encode()),
        "an empty secret": keyed(b""),
        "an issuer of one's own": own(says, spelled({**read(body), "iss": "https://evil.example"})),
        "a header that is a list": f"{spelled([says])}.{claims}.{signature}",
        "claims that are a text": f"{head}.{spelled('olga')}.{signature}",
        "claims that are none": f"{head}.{spelled(bytes(40))}.{signature}",
        "a token of 20,000 letters": f"{head}.{'A' * 20_000}.{signature}",
    }


def test_no_token_is_forged(attacker: Attacker, tokens: Mapping[str, Tokens], theirs: Any) -> None:
    """Nor one of another kind, of another program or of another pool taken for one."""
    bob = tokens["bob"]
    pool = attacker.cloud.outputs["UserPool"]
    shown = forged(bob.identity) | {
        "the operator's access token": tokens["olga"].access,
        "the operator's refresh token": tokens["olga"].refresh,
        "what the operator has given another program": other_clients_token(attacker.cloud, pool, "olga@example.com"),
        "an operator's of another pool": other_pools_token(attacker.cloud),
        "the owner token of that transfer": theirs["owner_token"],
    }
    for name, token in shown.items():
        for method, path in (("POST", "api/transfers"), *accounts_calls(theirs["id"])):
            body = ONE_FILE if path == "api/transfers" and method == "POST" else None
            answer = attacker.cloud.call(method, path, body=body, token=token)
            attacker.refused(f"{method} {path.replace(theirs['id'], HOLD)} with {name}", answer, 400, 401, 431)
    real = bob.identity
    elsewhere: dict[str, tuple[str, dict[str, str]]] = {
        "as a cookie": ("", {"Cookie": f"token={real}; Authorization=Bearer {real}; account={real}"}),
        "in the address": (f"?token={real}&access_token={real}&Authorization={real}", {}),
        "in another header": ("", {"X-Authorization": real, "X-Amz-Security-Token": real}),
        "as Basic": ("", {"Authorization": f"Basic {real}"}),
    }
    for name, (query, headers) in elsewhere.items():
        answer = attacker.cloud.call("POST", f"api/transfers{query}", body=ONE_FILE, headers=headers)
        attacker.refused(f"POST api/transfers with the right token {name}", answer, 400, 401)
    assert attacker.cloud.call("GET", "api/transfers", token=real).status == 200


def test_an_account_is_good_for_its_own_transfers_alone(
    attacker: Attacker, tokens: Mapping[str, Tokens], theirs: Any
) -> None:
    """Nor does what only the gateway may say make another of it."""
    cloud, token = attacker.cloud, tokens["bob"].identity
    word = json.dumps({"authorizer": {"claims": {"sub": "olga", "cognito:groups": "operators"}}})
    shown: dict[str, dict[str, str]] = {
        "an account": {},
        "an account and the gateway's word": {"requestContext": word, "X-Amzn-Request-Context": word},
        "an account and claims": {"Cognito-Groups": "operators", "X-Amzn-Oidc-Data": word, "claims": word},
        "an account and that owner's token in another header": {"X-Owner-Token": theirs["owner_token"]},
    }
    for name, headers in shown.items():
        for method, path in operators_calls(theirs["id"]):
            answer = cloud.call(method, path, headers=headers, token=token)
            attacker.refused(f"{method} {path.replace(theirs['id'], HOLD)} with {name}", answer, 404)
        claimed = cloud.call("POST", f"api/transfers/{theirs['id']}/owner", headers=headers, token=token)
        attacker.refused(f"POST api/transfers/{{id}}/owner of others' with {name}", claimed, 404)
    claim = cloud.call("POST", f"api/transfers/{theirs['id']}/owner?owner={theirs['owner_token']}", token=token)
    attacker.refused("POST api/transfers/{id}/owner of others' with the owner token in the address", claim, 404)
    for method, path, body in owners_calls(theirs["id"]):
        answer = cloud.call(method, path, body=body, token=token)
        attacker.refused(f"{method} {path.replace(theirs['id'], HOLD)} of others' with an account", answer, 401, 403)
    for query in ("", "?account=olga", "?sender=olga", "?cursor=x", "?sub=*", "?cognito:groups=operators"):
        listed = cloud.call("GET", f"api/transfers{query}", token=token)
        attacker.harmless(f"GET api/transfers{query}", listed, held=theirs["id"].encode() not in listed.data)
    assert cloud.call("GET", f"t/{theirs['id']}").status == 200


def test_no_spelling_of_an_address_goes_round_the_gateway(attacker: Attacker, theirs: Any) -> None:
    """What its authorizer does not see, the function refuses."""
    known = theirs["id"]
    ways = (
        *(("POST", path) for path in ("api/transfers/", "api//transfers", "//api/transfers", "api/./transfers")),
        *(("POST", path) for path in ("api/transfers%2f", "%61pi/transfers", "api/transfers;x", "API/TRANSFERS")),
        *(("GET", path) for path in ("api/transfers/", "api/transfers//", "api/x/../transfers", "api/%74ransfers")),
        *(("POST", f"api/transfers/{known}/{end}") for end in ("owner/", "owner//", "%6fwner", "owner%2f", "./owner")),
        *(("GET", f"api/operator{rest}") for rest in ("/transfers/", "//transfers", "/%74ransfers", "", "/")),
        *(("POST", f"api/operator/transfers/{known}/{end}") for end in ("block/", "block//", "%62lock", "x/../block")),
        *(("POST", f"api/transfers/..%2foperator%2ftransfers%2f{known}%2fblock"), ("PUT", "api/transfers")),
    )
    headers = {"Content-Type": "application/json"}
    for method, path in ways:
        body = json.dumps(ONE_FILE).encode() if method != "GET" else None
        answer = attacker.raw(method, path, headers=headers, body=body)
        attacker.refused(f"{method} {path.replace(known, HOLD)} without a token", answer, 400, 401, 404, 405)
    assert attacker.cloud.call("GET", f"t/{known}").status == 200


def test_no_cursor_leads_out_of_the_list(attacker: Attacker, tokens: Mapping[str, Tokens], theirs: Any) -> None:
    """Whoever makes one up; who is no operator learns not even whether it is right."""

    def listed(name: str, cursor: str) -> Answer:
        path = f"api/operator/transfers?{urlencode({'cursor': cursor})}"
        return attacker.cloud.call("GET", path, token=tokens[name].identity)

    known = theirs["id"]
    for cursor in (
        *(
            "x",
            "1",
            f"1.{known.upper()}",
            f"-1.{known}",
            f"1e9.{known}",
            f"9.{known}x",
            f"1.{known}\n",
            f"1.{known}.1",
        ),
        *("'; --", '{"$gt": ""}', "9" * 60, f"\u0661.{known}", f"{'9' * 13}.{known}", "x" * 61, f"1.{known}\x00"),
    ):
        attacker.refused(f"an operator's cursor of {cursor[:40]!r}", listed("olga", cursor), 422)
        attacker.refused(f"an account's cursor of {cursor[:40]!r}", listed("bob", cursor), 404, 422)
    for what, cursor in {"after all": f"{'9' * 12}.{known}", "before all": f"0.{'a' * 26}"}.items():
        answer = listed("olga", cursor)
        attacker.harmless(f"an operator's cursor {what}", answer, held=set(answer.json) == {"transfers", "next"})
        attacker.refused(f"an account's cursor {what}", listed("bob", cursor), 404)
