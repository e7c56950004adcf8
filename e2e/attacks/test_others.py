"""What belongs to others: their ids, their tokens, their passwords."""

import base64
import hashlib
import time
from typing import Any

import pytest

from e2e.attacks.attacker import FORM, Attacker, owners_calls
from e2e.cloud import Answer, Cloud, eventually
from e2e.sending import begin, put, status, stored


@pytest.fixture
def locked(cloud: Cloud) -> Any:
    """Return a transfer with a password, and the grant cookie that its password buys."""
    made = begin(cloud, b"locked", name="locked.txt", sign=1)
    put(cloud, made["urls"][0], b"locked")
    stored(cloud, made)
    cloud.call("PATCH", f"api/transfers/{made['id']}", body={"password": "secret"}, token=made["owner_token"])
    return {**made, "grant": unlocked(cloud, made, "secret")}


def unlocked(cloud: Cloud, transfer: Any, password: str) -> str:
    """Return the value of the cookie that a password buys."""

    def asked() -> Answer:
        return cloud.call("POST", f"t/{transfer['id']}/unlock", raw=f"password={password}".encode(), headers=FORM)

    cookie = eventually(lambda: asked().headers.get("Set-Cookie"))
    return cookie.partition("=")[2].partition(";")[0]


def test_an_owner_token_is_good_for_its_own_transfer_alone(attacker: Attacker, theirs: Any, mine: Any) -> None:
    """Not another's, nor what looks like the right one; nothing of the transfer is changed in the end."""
    before = status(attacker.cloud, theirs)
    token = theirs["owner_token"]
    digest = hashlib.sha256(token.encode()).hexdigest()
    shown = {
        "no token": {},
        "the token of another transfer": {"Authorization": f"Bearer {mine['owner_token']}"},
        "the right token in other letters": {"Authorization": f"Bearer {token.swapcase()}"},
        "the beginning of the right token": {"Authorization": f"Bearer {token[:-1]}"},
        "what the table keeps of the token": {"Authorization": f"Bearer {digest}"},
        "Basic instead of Bearer": {
            "Authorization": "Basic " + base64.b64encode(f"owner:{token}".encode()).decode(),
        },
        "the token as a cookie": {"Cookie": f"owner={token}; Authorization=Bearer {token}"},
        "an empty token": {"Authorization": "Bearer "},
    }
    for name, headers in shown.items():
        for method, path, body in owners_calls(theirs["id"]):
            what = f"{method} {path.replace(theirs['id'], '{id}')} with {name}"
            attacker.refused(what, attacker.cloud.call(method, path, body=body, headers=headers), 401, 403)
    for place in ("owner_token", "token", "Authorization", "access_token"):
        path = f"api/transfers/{theirs['id']}?{place}={token}"
        answer = attacker.cloud.call("PATCH", path, body={"title": "taken over"})
        attacker.refused(f"the right token in the address, as {place}", answer, 401)
    assert status(attacker.cloud, theirs) == before


def test_who_has_the_link_learns_nothing_that_is_the_owners(attacker: Attacker, theirs: Any) -> None:
    """Neither presigned URLs of the status, nor of whom the transfer is."""
    answer = attacker.cloud.call("GET", f"api/transfers/{theirs['id']}?urls=true")
    told = answer.data.decode()
    held = not any(word in told for word in ("X-Amz-Signature", "download_url", theirs["owner_token"], "upload_id"))
    attacker.harmless("GET api/transfers/{id}?urls=true without a token", answer, held=held)
    page = attacker.cloud.call("GET", f"t/{theirs['id']}")
    shown = page.data.decode()
    attacker.harmless("GET t/{id}", page, held="X-Amz" not in shown and theirs["owner_token"] not in shown)


def test_an_id_is_guessed_by_nobody_and_means_nothing_but_itself(attacker: Attacker, theirs: Any) -> None:
    """One answer for what is not there and for what cannot be there, at each address."""
    known = theirs["id"]
    guesses = {
        "the next id": known[:-1] + ("b" if known[-1] == "a" else "a"),
        "the id in capitals": known.upper(),
        "the id and a letter": known + "a",
        "the id without its last letter": known[:-1],
        "the id and a zero byte": known + "%00",
        "the id and a new line": known + "%0A",
        "the id of a record": known + "%23file%23000001",
        "a condition": "' OR '1'='1",
        "a wildcard": "*",
        "an operator": '{"$ne":null}',
        "letters of other alphabets": "а" * 26,  # noqa: RUF001  Cyrillic
    }
    bodies: set[bytes] = set()
    for name, guess in guesses.items():
        for place in ("api/transfers/{}", "t/{}", "t/{}/files/1"):
            answer = attacker.cloud.call("GET", place.format(guess))
            attacker.refused(f"GET {place.format('{id}')} with {name}", answer, 404)
            bodies |= {answer.data} if place == "t/{}" else set()
    assert len(bodies) == 1


def test_a_grant_opens_one_transfer_for_one_hour_and_one_password(attacker: Attacker, locked: Any, mine: Any) -> None:
    """Neither a forged one, nor another's, nor one that says that it lasts longer."""
    cloud, name = attacker.cloud, f"grant-{locked['id']}"
    until, _, mac = locked["grant"].partition(".")
    other = begin(cloud, b"1")
    cloud.call("PATCH", f"api/transfers/{other['id']}", body={"password": "secret"}, token=other["owner_token"])
    forged = {
        "no cookie": "",
        "a grant of another transfer": f"{name}={unlocked(cloud, other, 'secret')}",
        "a grant of another transfer under its own name": f"grant-{other['id']}={locked['grant']}",
        "a grant that says that it lasts longer": f"{name}={int(until) + 86_400}.{mac}",
        "a grant that has expired": f"{name}={int(time.time()) - 1}.{mac}",
        "a made-up signature": f"{name}={until}.{'0' * 64}",
        "no signature": f"{name}={until}.",
        "an end in the year 33,000": f"{name}={'9' * 12}.{mac}",
        "an end with more digits than a number may have": f"{name}={'9' * 5_000}.{mac}",
        "digits of another alphabet": f'{name}="\\331\\241.{mac}"',
        "the password itself": f"{name}=secret",
        "the grant and a forged one behind it": f"{name}={locked['grant']}; {name}={until}.{'0' * 64}",
    }
    for what, cookie in forged.items():
        for place in (f"api/transfers/{locked['id']}", f"t/{locked['id']}/files/1"):
            answer = cloud.call("GET", place, headers={"Cookie": cookie})
            attacker.refused(f"GET {place.replace(locked['id'], '{id}')} with {what}", answer, 401)
        page = cloud.call("GET", f"t/{locked['id']}", headers={"Cookie": cookie})
        attacker.harmless(f"GET t/{{id}} with {what}", page, held=b"locked.txt" not in page.data)
    real = {"Cookie": f"{name}={locked['grant']}"}
    assert cloud.call("GET", f"t/{locked['id']}/files/1", headers=real).status == 303
    cloud.call("PATCH", f"api/transfers/{locked['id']}", body={"password": "secret"}, token=locked["owner_token"])
    answer = cloud.call("GET", f"t/{locked['id']}/files/1", headers=real)
    attacker.refused("a grant after the password was set again, to the same", answer, 401)
    token = cloud.call("GET", f"t/{locked['id']}/files/1", token=mine["owner_token"])
    attacker.refused("the owner token of another transfer instead of a password", token, 403)


def test_what_is_behind_a_password_is_told_to_nobody(attacker: Attacker, locked: Any) -> None:
    """Neither in the page, nor in errors, nor by what can be asked beside it."""
    cloud, place = attacker.cloud, f"t/{locked['id']}"
    titled = {"title": "For Ann"}
    cloud.call("PATCH", f"api/transfers/{locked['id']}", body=titled, token=locked["owner_token"])
    addresses = (
        *(place, f"{place}/files/1", f"{place}/files/2", f"{place}/files/1?show=true"),
        *(f"api/transfers/{locked['id']}", f"api/transfers/{locked['id']}?check=1", f"{place}/qr.svg?link=x"),
    )
    for address in addresses:
        answer = cloud.call("GET", address)
        told = answer.data.decode()
        attacker.harmless(
            f"GET {address.replace(locked['id'], '{id}')} without the password",
            answer,
            held="locked.txt" not in told and "For Ann" not in told and "X-Amz" not in str(answer.headers),
        )
