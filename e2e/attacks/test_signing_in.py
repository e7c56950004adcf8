"""Signing in: guessing the passphrase, forging what it buys, and what it does not buy.

The local gateway believes `X-Forwarded-For`, which AWS's does not: here it stands for the address of the guesser.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from backend.rules.passwords import grant_for
from backend.rules.tries import TOTAL_AT_EASE, TOTAL_WAIT
from backend.services.signing_in import SESSION
from e2e.attacks.attacker import FORM, JSON, Attacker, accounts_calls, owners_calls
from e2e.cloud import Answer, Cloud, eventually

MIB = 2**20
WRONG = "what somebody guesses"
ONE_FILE = {"files": [{"name": "a", "size": 1}]}


@pytest.fixture(scope="module")
def cloud(closed_cloud: Cloud) -> Cloud:
    """Aim at the deployment that asks for a passphrase."""
    return closed_cloud


@pytest.fixture(autouse=True)
def forgotten(cloud: Cloud) -> Iterator[None]:
    """Let nobody after us wait for what we tried."""
    yield
    dynamodb, table = cloud.client("dynamodb"), cloud.outputs["Table"]
    for item in dynamodb.scan(TableName=table, FilterExpression="attribute_exists(next_try)")["Items"]:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def guess(cloud: Cloud, passphrase: str, address: str = "", path: str = "sign-in", **headers: str) -> Answer:
    """Enter a passphrase, from an address that has not been seen before unless one is named."""
    sent = {**FORM, "X-Forwarded-For": address or fresh_address(), **headers}
    return cloud.call("POST", path, raw=f"passphrase={quote(passphrase)}".encode(), headers=sent)


def fresh_address() -> str:
    """Return one out of many, each of another household."""
    return f"2001:db8:{os.urandom(2).hex()}:{os.urandom(2).hex()}::1"


def wait_a_minute(cloud: Cloud) -> None:
    """Make a minute of each source's second, so that what follows may take its time."""
    dynamodb, table = cloud.client("dynamodb"), cloud.outputs["Table"]
    until = {":until": {"N": str(int(time.time() * 1_000) + 60_000)}}
    for item in dynamodb.scan(
        TableName=table,
        FilterExpression="begins_with(sk, :source)",
        ExpressionAttributeValues={":source": {"S": "source#"}},
    )["Items"]:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET next_try = :until",
            ExpressionAttributeValues=until,
        )


def session_of(cloud: Cloud, passphrase: str) -> str:
    """Sign in, and return the session."""
    return guess(cloud, passphrase).headers["Set-Cookie"].partition("=")[2].partition(";")[0]


def test_a_source_that_has_guessed_wrong_waits_whatever_it_says_of_itself(attacker: Attacker, passphrase: str) -> None:
    """Also with the right passphrase; nothing that a client can write makes it another source."""
    cloud, here = attacker.cloud, "2001:db8:1:1::1"
    attacker.refused("a wrong passphrase", guess(cloud, WRONG, here), 403)
    guess(cloud, WRONG, "203.0.113.31")
    wait_a_minute(cloud)
    pretended = {
        **dict.fromkeys(("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"), "198.51.100.9"),
        "Forwarded": "for=198.51.100.9",
        "User-Agent": "another browser",
        "Cookie": f"{SESSION}=x; lang=de",
        "Authorization": "Bearer x",
    }
    for name, value in pretended.items():
        answer = guess(cloud, passphrase, here, **{name: value})
        attacker.refused(f"the right passphrase a moment later, with {name}", answer, 429)
    for what, address in {
        "another address of the same household": "2001:db8:1:1:ffff::2",
        "the same address in other letters": "2001:0DB8:0001:0001::0001",
    }.items():
        attacker.refused(f"the right passphrase a moment later, from {what}", guess(cloud, passphrase, address), 429)
    mapped = guess(cloud, passphrase, "::ffff:203.0.113.31")
    attacker.refused("the right passphrase a moment later, from an IPv4 address spelled as IPv6", mapped, 429)


def test_of_many_guesses_at_once_one_is_compared(attacker: Attacker) -> None:
    """The others are refused unseen; the next one is as soon as its wait of one second, then two, is over."""
    tried, seconds = at_once(8, lambda: guess(attacker.cloud, WRONG, "203.0.113.32"))
    compared = sum(answer.status == 403 for answer in tried)
    refused = sum(answer.status == 429 for answer in tried)
    held = 1 <= compared <= 1 + int(math.log2(1 + seconds)) and compared + refused == len(tried)
    attacker.note(f"{len(tried)} guesses at once from one source", f"{compared} compared", held=held)


def test_guessing_from_many_sources_is_slowed_and_locks_nobody_out(attacker: Attacker, passphrase: str) -> None:
    """After fifty wrong ones in an hour all sources together have a try every two seconds."""
    tried, seconds = at_once(TOTAL_AT_EASE + 10, lambda: guess(attacker.cloud, WRONG))
    compared = sum(answer.status == 403 for answer in tried)
    held = TOTAL_AT_EASE <= compared <= TOTAL_AT_EASE + 1 + seconds / TOTAL_WAIT
    attacker.note(f"{len(tried)} guesses from as many sources", f"{compared} compared", held=held)
    someone = fresh_address()
    signed_in = eventually(lambda: (answer := guess(attacker.cloud, passphrase, someone)).status == 303 and answer)
    attacker.harmless("the right passphrase meanwhile, within seconds", signed_in, held=True)


def at_once(times: int, do: Callable[[], Answer]) -> tuple[list[Answer], float]:
    """Do a thing so often, four at a time, and return what came back, and for how many seconds it went on."""
    since = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: do(), range(times))), time.monotonic() - since


def test_no_session_is_forged(attacker: Attacker, passphrase: str) -> None:
    """Neither of another's make, nor with another end, nor under another name or in another place."""
    cloud, real = attacker.cloud, session_of(attacker.cloud, passphrase)
    until, _, mac = real.partition(".")
    later = int(until) + 86_400
    cookies = {
        "no cookie": "",
        "an empty session": f"{SESSION}=",
        "another signature": f"{SESSION}={until}.{'0' * 64}",
        "one letter of the signature changed": f"{SESSION}={until}.{'1' if mac[0] == '0' else '0'}{mac[1:]}",
        "the signature in capitals": f"{SESSION}={until}.{mac.upper()}",
        "the beginning of the signature": f"{SESSION}={real[:-1]}",
        "no signature": f"{SESSION}={until}.",
        "a later end": f"{SESSION}={later}.{mac}",
        "an end that is longer by zeros": f"{SESSION}=0{until}.{mac}",
        "an end in another alphabet": f"{SESSION}=\u0661.{mac}".encode().decode("latin-1"),
        "one of a deployment with another passphrase": f"{SESSION}={grant_for(SESSION, 'another', later)}",
        "one of an empty passphrase": f"{SESSION}={grant_for(SESSION, '', later)}",
        "one that has ended": f"{SESSION}={grant_for(SESSION, passphrase, int(time.time()) - 1)}",
        "a grant of a transfer, signed with the passphrase": f"{SESSION}={grant_for('a' * 26, passphrase, later)}",
        "the passphrase itself": f"{SESSION}={quote(passphrase)}",
        "a session and a forged one behind it": f"{SESSION}={real}; {SESSION}={until}.{'0' * 64}",
        **{
            f"a session as {name}": f"{name}={real}"
            for name in ("Session", "SESSION", "__Host-session", "__Secure-session", "$session", "session[]", "lang")
        },
        "a session with quotes": f'{SESSION}="{real}"',
        "a session behind a zero byte": f"x=\x00{SESSION}={real}",
        "a session behind a comma": f"x=y, {SESSION}={real}",
    }
    shown = {name: {"Cookie": cookie} for name, cookie in cookies.items()} | {
        "a session as a bearer's token": {"Authorization": f"Bearer {real}"},
        "a session as Basic": {"Authorization": f"Basic {real}"},
        "a session as a header": {"Session": real, "X-Session": real, "Set-Cookie": f"{SESSION}={real}"},
        "the passphrase as a bearer's token": {"Authorization": f"Bearer {passphrase}"},
    }
    for name, headers in shown.items():
        begun = cloud.call("POST", "api/transfers", body=ONE_FILE, headers=headers)
        attacker.refused(f"POST api/transfers with {name}", begun, 400, 401)
        page = cloud.call("GET", "", headers=headers)
        attacker.harmless(f"GET / with {name}", page, held=b"file-input" not in page.data)
    for place in (SESSION, "passphrase", "cookie"):
        begun = cloud.call("POST", f"api/transfers?{place}={real}", body=ONE_FILE)
        attacker.refused(f"POST api/transfers with a session in the address, as {place}", begun, 401)
    begun = cloud.call("POST", "api/transfers", body={**ONE_FILE, SESSION: real})
    attacker.refused("POST api/transfers with a session in the body", begun, 422)
    assert cloud.call("POST", "api/transfers", body=ONE_FILE, headers={"Cookie": f"{SESSION}={real}"}).status == 201


def test_what_was_there_before_signing_in_is_worth_nothing_after_it(attacker: Attacker, passphrase: str) -> None:
    """Who has planted a cookie in somebody's browser is not signed in with them."""
    planted = f"{int(time.time()) + 1_000}.{'0' * 64}"
    answer = guess(attacker.cloud, passphrase, Cookie=f"{SESSION}={planted}")
    another = answer.headers["Set-Cookie"].startswith(f"{SESSION}=") and planted not in answer.headers["Set-Cookie"]
    attacker.harmless("signing in with a cookie that somebody has planted", answer, held=another)
    begun = attacker.cloud.call("POST", "api/transfers", body=ONE_FILE, headers={"Cookie": f"{SESSION}={planted}"})
    attacker.refused("the planted cookie after that", begun, 401)


def test_no_other_site_signs_anybody_in_or_out(attacker: Attacker, passphrase: str) -> None:
    """Not with the right passphrase either, which would have them send as the attacker likes."""
    for said in ("cross-site", "same-site", "CROSS-SITE", "", "none, cross-site", "same-origin, cross-site"):
        for path in ("sign-in", "sign-out"):
            answer = guess(attacker.cloud, passphrase, path=path, **{"Sec-Fetch-Site": said})
            held = answer.status == 403 and "Set-Cookie" not in answer.headers
            attacker.harmless(f"POST {path} by a page that is {said or 'of no kind'}", answer, held=held)
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        for path in ("sign-in", "sign-out"):
            answer = attacker.cloud.call(method, f"{path}?passphrase={quote(passphrase)}")
            held = answer.headers.get("Location", "./") == "./" and "Set-Cookie" not in answer.headers
            attacker.harmless(f"{method} {path}, as an image or a link would have it", answer, held=held)


def test_signing_in_leads_to_our_own_page_alone(attacker: Attacker, passphrase: str) -> None:
    """Whatever host, path and next page are asked for."""
    evil = "//evil.example"
    words = ("next", "url", "return", "returnTo", "redirect", "redirect_uri", "continue", "dest", "to")
    places = {
        "a next page": "&".join(f"{word}={evil}" for word in words),
        "a next page with backslashes": "&".join(f"{word}=/\\evil.example" for word in words),
        "a script as a next page": "&".join(f"{word}=javascript:alert(1)" for word in words),
    }
    hosts = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript", "X-Original-URL": evil}
    for name, query in places.items():
        asked = f"passphrase={quote(passphrase)}&{query}".encode()
        answer = attacker.cloud.call("POST", f"sign-in?{query}", raw=asked, headers={**FORM, **hosts})
        attacker.harmless(f"signing in with {name}", answer, held=answer.headers["Location"] == "./")
    body = f"passphrase={quote(passphrase)}".encode()
    for path in ("//evil.example/sign-in", "/\\evil.example/sign-in", "sign-in//evil.example", "sign-in/%2f%2fevil"):
        answer = attacker.raw("POST", path, headers=FORM, body=body)
        held = answer.headers.get("Location") in (None, "./") and b"evil.example" not in answer.data
        attacker.harmless(f"signing in at {path}", answer, held=held)


def test_no_body_but_the_passphrase_signs_in(attacker: Attacker, passphrase: str) -> None:
    """Nor what looks like it; and none is a fault."""
    cloud = attacker.cloud
    spelled = quote(passphrase)
    forms = {
        "nothing": b"",
        "another field": f"password={spelled}".encode(),
        "a list": f"passphrase[]={spelled}".encode(),
        "an operator": f"passphrase[$eq]={spelled}".encode(),
        "an empty passphrase": b"passphrase=",
        "a wrong one, then the right one": f"passphrase=wrong&passphrase={spelled}x".encode(),
        "12 MB": b"passphrase=" + b"x" * 12 * MIB,
        "1,025 characters": b"passphrase=" + b"x" * 1_025,
        "100,000 fields": b"&".join(b"a%d=1" % n for n in range(100_000)),
        "a zero byte behind it": f"passphrase={spelled}%00".encode(),
        "a line behind it": f"passphrase={spelled}%0D%0A".encode(),
        "a space before it": f"passphrase=%20{spelled}".encode(),
        "no text": b"passphrase=%ff%fe",
        "half of a surrogate": b"passphrase=%ed%a0%80",
        "wide letters of it": f"passphrase={quote(wide(passphrase))}".encode(),
        "its letters the other way round": f"passphrase={quote(passphrase.swapcase())}".encode(),
        "all but its last letter": f"passphrase={quote(passphrase[:-1])}".encode(),
        "a condition": f"passphrase={quote(chr(39) + ' OR 1=1 --')}".encode(),
    }
    for name, body in forms.items():
        sent = {**FORM, "X-Forwarded-For": fresh_address()}
        answer = cloud.call("POST", "sign-in", raw=body, headers=sent)
        held = answer.status in (400, 403, 413, 422) and "Set-Cookie" not in answer.headers
        attacker.harmless(f"signing in with {name}", answer, held=held and passphrase.encode() not in answer.data)
    for name, (kind, text) in {
        "JSON": (JSON, f'{{"passphrase": "{passphrase}"}}'),
        "JSON in JSON": (JSON, '{"passphrase":' * 50_000),
        "a form in parts": ({"Content-Type": "multipart/form-data; boundary=x"}, "--x"),
        "plain text": ({"Content-Type": "text/plain"}, f"passphrase={passphrase}"),
    }.items():
        answer = cloud.call("POST", "sign-in", raw=text.encode(), headers=kind)
        attacker.refused(f"signing in with {name}", answer, 400)


def wide(text: str) -> str:
    """Return what compatibility forms of Unicode take for the same letters."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def test_the_passphrase_buys_transfers_of_ones_own_and_nothing_else(attacker: Attacker, passphrase: str) -> None:
    """Neither others' transfers nor anything of the operator's."""
    cloud = attacker.cloud
    signed_in = {"Cookie": f"{SESSION}={session_of(cloud, passphrase)}"}
    theirs, mine = (cloud.call("POST", "api/transfers", body=ONE_FILE, headers=signed_in).json for _ in range(2))
    for method, path, body in owners_calls(theirs["id"]):
        shown = f"{method} {path.replace(theirs['id'], '{id}')}"
        attacker.refused(f"{shown} with a session", cloud.call(method, path, body=body, headers=signed_in), 401)
        answer = cloud.call(method, path, body=body, headers=signed_in, token=mine["owner_token"])
        attacker.refused(f"{shown} with a session and the token of one's own", answer, 403)
    told = cloud.call("GET", f"api/transfers/{theirs['id']}", headers=signed_in)
    attacker.harmless("the status of others' with a session", told, held=b"X-Amz" not in told.data)
    for method, path in (("GET", "operator"), *accounts_calls(theirs["id"])):
        answer = cloud.call(method, path, headers=signed_in, token=mine["owner_token"])
        shown = path.replace(theirs["id"], "{id}")
        attacker.refused(f"{method} {shown} with a session and the token of one's own", answer, 401, 404)
    assert cloud.call("GET", f"t/{theirs['id']}").status == 200


def test_nobody_is_told_the_passphrase(attacker: Attacker, cloud: Cloud, passphrase: str) -> None:
    """Neither by a page, nor by an error, nor by what the functions have logged."""
    places: tuple[tuple[str, str, Any], ...] = (
        ("GET", "", None),
        ("GET", "api/openapi.json", None),
        ("POST", "api/transfers", ONE_FILE),
        ("GET", "elsewhere", None),
    )
    for method, path, body in places:
        answer = cloud.call(method, path, body=body)
        attacker.harmless(f"{method} {path or '/'}", answer, held=passphrase.encode() not in answer.data)
    guess(cloud, passphrase)
    logs = cloud.client("logs")
    events = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in page["events"]
    ]
    kept = [line for line in events if passphrase in line or quote(passphrase) in line]
    attacker.note("the logs after somebody has signed in", f"{len(kept)} lines with the passphrase", held=not kept)
