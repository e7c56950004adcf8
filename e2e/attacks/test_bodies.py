"""Bodies and numbers: too large, too slow, too deep, not what they say."""

import gzip
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from e2e.attacks.attacker import FORM, JSON, Attacker, parts
from e2e.cloud import Answer
from e2e.sending import begin

UNREADABLE = (400, 413, 422)
MIB = 2**20
NUMBERS: tuple[tuple[str, str], ...] = (
    *(("-1", "below zero"), ("1.5", "with a fraction"), ("1e2", "with an exponent"), ("NaN", "that is none")),
    *(("Infinity", "without end"), ('"1"', "as a text"), ("true", "as a truth"), ("null", "that is missing")),
    *(("9" * 40, "of 40 digits"), ("9" * 5_000, "of 5,000 digits"), ("1e400", "beyond a float"), ("[1]", "in a list")),
    *(
        ('"\u0661"', "of another alphabet"),
        ("0x1", "in base 16"),
        ("01", "with a zero before it"),
        ("{}", "that is an object"),
    ),
)


def create(attacker: Attacker, text: str | bytes, **headers: str) -> Answer:
    """Ask for a transfer with a body as it is."""
    raw = text.encode() if isinstance(text, str) else text
    return attacker.cloud.call("POST", "api/transfers", raw=raw, headers={**JSON, **headers})


@pytest.mark.parametrize("place", ["size", "part_size", "file", "number", "first", "expires_in", "max_downloads"])
def test_a_number_that_is_none_or_too_large_is_refused(attacker: Attacker, place: str) -> None:
    """In every field that takes one."""
    own = begin(attacker.cloud, b"1")
    calls = {
        "size": ("POST", "", '{"files": [{"name": "a", "size": %s}]}'),
        "part_size": ("POST", "", '{"files": [{"name": "a", "size": 1, "part_size": %s}]}'),
        "file": ("POST", "/{id}/parts", '{"parts": [{"file": %s, "number": 1}]}'),
        "number": ("POST", "/{id}/parts", '{"parts": [{"file": 1, "number": %s}]}'),
        "first": ("POST", "/{id}/files", '{"files": [{"name": "a", "size": 1}], "first": %s}'),
        "expires_in": ("PATCH", "/{id}", '{"expires_in": %s}'),
        "max_downloads": ("PATCH", "/{id}", '{"max_downloads": %s}'),
    }
    method, path, body = calls[place]
    for number, what in NUMBERS:
        if number == "null" and place in ("part_size", "first", "max_downloads"):
            continue  # means that there is none
        address = f"api/transfers{path.replace('{id}', own['id'])}"
        raw = (body % number).encode()
        answer = attacker.cloud.call(method, address, raw=raw, token=own["owner_token"], headers=JSON)
        attacker.refused(f"{place} {what}", answer, *UNREADABLE)


def test_a_body_that_is_not_what_it_should_be_is_refused_in_words(attacker: Attacker) -> None:
    """However it is broken."""
    file = '{"name": "a", "size": 1}'
    bodies: dict[str, str | bytes] = {
        "nothing": "",
        "a text": '"files"',
        "a list": "[]",
        "lists in lists, 100,000 deep": "[" * 100_000,
        "objects in objects, 50,000 deep": '{"files":' * 50_000,
        "half an object": '{"files": [',
        "two objects": f'{{"files": [{file}]}}{{"files": [{file}]}}',
        "bytes that are no UTF-8": b'{"files": [{"name": "\xff", "size": ',
        "UTF-16": f'{{"files": [{file}]}}'.encode("utf-16"),
        "half of a surrogate": '{"files": [{"name": "\\ud800", "size": 1}]}',
        "a field twice, the second one wrong": f'{{"files": [{file}], "files": []}}',
        "a field too many": f'{{"files": [{file}], "__proto__": {{"admin": true}}}}',
        "a file with another's key": '{"files": [{"name": "a", "size": 1, "key": "files/x/1", "state": "stored"}]}',
        "1,001 files": json.dumps({"files": [{"name": "a", "size": 1}] * 1_001}),
        "101 parts": json.dumps({"files": [{"name": "a", "size": 1}], **parts(*range(1, 102))}),
        "a name of 8,193 characters": json.dumps({"files": [{"name": "n" * 8_193, "size": 1}]}),
        "a comment": f'{{/* */"files": [{file}]}}',
    }
    for name, body in bodies.items():
        attacker.refused(f"POST api/transfers with {name}", create(attacker, body), *UNREADABLE)
    packed = gzip.compress(f'{{"files": [{file}]}}'.encode())
    answer = create(attacker, packed, **{"Content-Encoding": "gzip"})
    attacker.refused("POST api/transfers with a gzip", answer, *UNREADABLE)


def test_a_field_that_stands_twice_means_what_stands_last(attacker: Attacker) -> None:
    """So that what is checked is what is done."""
    answer = create(attacker, '{"files": [{"name": "a", "size": 99999999999999999, "size": 1}]}')
    kept = attacker.cloud.call("GET", f"api/transfers/{answer.json['id']}").json["files"][0]["size"]
    attacker.harmless("a size twice, the second one small", answer, held=kept == 1)


def test_a_large_body_is_refused_and_nothing_is_kept_of_it(attacker: Attacker) -> None:
    """AWS's gateway ends it at 10 MB with 413; here it reaches the function."""
    for name, body in {
        "12 MB of one name": json.dumps({"files": [{"name": "n" * 12 * MIB, "size": 1}]}),
        "12 MB of spaces": " " * 12 * MIB,
        "12 MB of files": json.dumps({"files": [{"name": "a", "size": 1}] * 400_000}),
    }.items():
        attacker.refused(f"POST api/transfers with {name}", create(attacker, body), *UNREADABLE)
    form = b"password=" + b"x" * 12 * MIB
    locked = begin(attacker.cloud, b"1")
    cloud, place = attacker.cloud, f"api/transfers/{locked['id']}"
    cloud.call("PATCH", place, body={"password": "secret"}, token=locked["owner_token"])
    answer = cloud.call("POST", f"t/{locked['id']}/unlock", raw=form, headers=FORM)
    attacker.refused("POST t/{id}/unlock with 12 MB", answer, *UNREADABLE)
    assert cloud.call("POST", f"t/{locked['id']}/unlock", raw=b"password=secret", headers=FORM).status == 303


def test_who_sends_slowly_holds_up_nobody_else(attacker: Attacker) -> None:
    """Fifty connections that never end: no function is called for them, so others are answered meanwhile."""
    place = urlsplit(attacker.cloud.address)
    head = f"POST {place.path}api/transfers HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
    slow: list[socket.socket] = []
    try:
        for _ in range(50):
            connection = socket.create_connection((place.hostname or "", place.port or 80), timeout=10)
            connection.sendall(f'{head}Content-Length: 1000000\r\n\r\n{{"files":'.encode())
            slow.append(connection)
        since = time.monotonic()
        answer = create(attacker, '{"files": [{"name": "a", "size": 1}]}')
        attacker.harmless(
            "50 bodies that never end", answer, held=answer.status == 201 and time.monotonic() - since < 5
        )
    finally:
        for connection in slow:
            connection.close()


def test_forms_and_json_are_not_taken_for_one_another(attacker: Attacker, mine: Any) -> None:
    """Nor for what a browser sends without asking."""
    body = b'{"files": [{"name": "a", "size": 1}]}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""):
        answer = attacker.cloud.call("POST", "api/transfers", raw=body, headers={"Content-Type": kind})
        attacker.refused(f"JSON sent as {kind or 'nothing'}", answer, 400)
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 4_000):
        path = f"t/{mine['id']}/unlock"
        answer = attacker.cloud.call("POST", path, raw=b'{"password": "x"}', headers={"Content-Type": kind})
        attacker.refused(f"a password sent as {kind[:40]}", answer, 400)
