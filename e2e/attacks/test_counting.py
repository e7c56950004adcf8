"""Download limits: ways to a file that nobody counts."""

from typing import Any

import pytest

from e2e.attacks.attacker import Attacker
from e2e.cloud import Answer, Cloud
from e2e.sending import begin, put, stored

BODY = bytes(range(100))
GONE = 410


def limited(cloud: Cloud, most: int) -> Any:
    """Return a transfer of one file that may be downloaded so often."""
    made = begin(cloud, BODY, name="counted.txt", sign=1)
    put(cloud, made["urls"][0], BODY)
    stored(cloud, made)
    cloud.call("PATCH", f"api/transfers/{made['id']}", body={"max_downloads": most}, token=made["owner_token"])
    return made


@pytest.fixture
def used_up(cloud: Cloud) -> Any:
    """Return one whose only download has been made, from another address."""
    made = limited(cloud, 1)
    answer = cloud.call("GET", f"t/{made['id']}/files/1", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.status == 303
    return made


def test_what_is_used_up_is_had_by_no_other_request(attacker: Attacker, used_up: Any) -> None:
    """Whatever its method, its range, its spelling and where it says that it comes from."""
    cloud, path = attacker.cloud, f"t/{used_up['id']}/files/1"
    for method in ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
        raw = None if method in ("HEAD", "OPTIONS") else b""
        attacker.refused(f"{method} of a file", cloud.call(method, path, raw=raw), 405)
    ranges = (
        *("bytes=0-", "bytes=0-0", "bytes=1-", "bytes=99-", "bytes=-1", "bytes=-100", "bytes=50-49", "bytes=1-,0-0"),
        *("bytes=0-0,1-99", "BYTES=1-", "bytes = 1-", "items=1-", "bytes=9999999999999999999-", "bytes=\u0661-", "1-"),
    )
    for asked in ranges:
        answer = attacker.raw("GET", path, headers={"Range": asked.encode().decode("latin-1")})
        attacker.refused(f"GET with Range: {asked}", answer, GONE)
    others: dict[str, dict[str, str]] = {
        "If-Range": {"If-Range": '"x"', "Range": "bytes=1-"},
        "If-None-Match": {"If-None-Match": "*"},
        "two ranges": {"Range": "bytes=1-", "X-Range": "bytes=1-"},
        "another method in a header": {"X-HTTP-Method-Override": "HEAD"},
        "another address in a header": {"X-Forwarded-For": "198.51.100.1"},
        "the address that has had it, and an address before it": {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"},
        "Cache-Control: only-if-cached": {"Cache-Control": "only-if-cached"},
        "Purpose: prefetch": {"Purpose": "prefetch", "Sec-Purpose": "prefetch"},
    }
    for name, headers in others.items():
        attacker.refused(f"GET with {name}", attacker.raw("GET", path, headers=headers), GONE)
    shown = cloud.call("GET", f"{path}?show=true")
    attacker.refused("GET with ?show=true, which is not for what is counted", shown, 404)
    for odd in ("01", "+1", "1.0", "%31", " 1", "1?x=y", "1?show=false", "1#x"):
        answer = attacker.raw("GET", f"t/{used_up['id']}/files/{odd.replace(' ', '%20')}")
        attacker.refused(f"GET of file {odd}", answer, GONE, 404, 422)
    status = cloud.call("GET", f"api/transfers/{used_up['id']}")
    attacker.harmless("the status, for its presigned URLs", status, held=b"X-Amz" not in status.data)


def test_who_has_had_a_download_goes_on_with_it_a_hundred_times(attacker: Attacker) -> None:
    """So that it is not as good as any number; and the owner sees one."""
    made = limited(attacker.cloud, 1)
    path = f"t/{made['id']}/files/1"
    assert attacker.cloud.call("GET", path).status == 303
    answers: list[Answer] = [attacker.cloud.call("GET", path, headers={"Range": "bytes=1-"}) for _ in range(101)]
    held = [answer.status for answer in answers] == [303] * 100 + [GONE]
    attacker.harmless("GET with Range: bytes=1- 101 times after one download", answers[-1], held=held)
    log = attacker.cloud.call("GET", f"api/transfers/{made['id']}/log", token=made["owner_token"])
    attacker.harmless("the log after that: one download", log, held=len(log.json["downloads"]) == 1)


def test_files_are_looked_for_at_a_price_that_is_bounded(attacker: Attacker, mine: Any) -> None:
    """Whoever has the link can ask for it."""
    numbers = {
        "one file 20 times": ",".join("1" * 20),
        "20 files that are not there": ",".join(str(n) for n in range(900_000, 900_020)),
        "21 files": ",".join(str(n) for n in range(1, 22)),
        "a number of 5,000 digits": "9" * 5_000,
        "digits of another alphabet": "%D9%A1",
        "zero": "0",
        "a new line": "1%0A",
        "a range": "1-20",
        "an empty one": "1,,2",
    }
    for name, check in numbers.items():
        answer = attacker.cloud.call("GET", f"api/transfers/{mine['id']}?check={check}")
        attacker.refused(f"check= of {name}", answer, 200 if " 20 " in f" {name} " else 422)
    for name, since in {
        "huge": "9" * 200,
        "of a stranger": "1.2.3.4.5.6.7.8.9",
        "negative": "-1",
        "ahead": "9999999",
    }.items():
        answer = attacker.cloud.call("GET", f"api/transfers/{mine['id']}?since={since}")
        attacker.refused(f"a cursor that is {name}", answer, 200, 422)
