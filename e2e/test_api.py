"""The deployed stack by HTTP and S3's events, without a browser."""

import datetime as dt
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import botocore.auth
import pytest

from backend.aws.bucket import Objects
from backend.rules.tries import wait_after
from backend.tests.events import s3_record
from e2e.cloud import Answer, Cloud, eventually
from e2e.sending import MIB, begin, put, sha256, status, stored

AT_ONE_TIME = 12


def test_a_small_file_goes_in_with_one_call_and_comes_back_by_its_link(cloud: Cloud) -> None:
    """Create, PUT, and the link: 303, never kept, to a GET that saves the file."""
    body = b"hello"
    transfer = begin(cloud, body, name="hello.txt", sign=1)
    assert put(cloud, transfer["urls"][0], body).status == HTTPStatus.OK
    ready = stored(cloud, transfer)
    redirect = cloud.call("GET", ready["files"][0]["link"])
    assert redirect.status == HTTPStatus.SEE_OTHER
    assert redirect.headers["Cache-Control"] == "no-store"
    got = cloud.call("GET", redirect.headers["Location"])
    assert got.data == body
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"] == "attachment; filename=\"hello.txt\"; filename*=UTF-8''hello.txt"


def test_the_owner_gets_presigned_urls_with_the_status(cloud: Cloud) -> None:
    """And nobody else does."""
    transfer = begin(cloud, b"mine", sign=1)
    put(cloud, transfer["urls"][0], b"mine")
    assert "download_url" not in stored(cloud, transfer)["files"][0]
    owned = status(cloud, transfer, transfer["owner_token"])["files"][0]
    assert cloud.call("GET", owned["download_url"]).data == b"mine"


def test_curl_can_send_a_file_of_one_part_without_a_checksum(cloud: Cloud) -> None:
    """A part size of one's own choice makes one PUT of a file over 16 MiB."""
    body = bytes(17 * MIB)
    asked = {"files": [{"name": "a", "size": len(body), "part_size": 20 * MIB}], "parts": [{"file": 1, "number": 1}]}
    transfer = cloud.call("POST", "api/transfers", body=asked).json
    assert transfer["files"][0]["part_count"] == 1
    assert put(cloud, transfer["urls"][0], body).status == HTTPStatus.OK
    assert stored(cloud, transfer)["files"][0]["size"] == len(body)


def test_a_large_file_goes_up_in_parts(cloud: Cloud) -> None:
    """Sign, PUT each, list, complete; then one object with the checksum of its parts."""
    body = bytes(range(256)) * (16 * MIB // 256) + b"tail"
    transfer = begin(cloud, body)
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    pieces = [body[: 16 * MIB], body[16 * MIB :]]
    parts = [{"file": 1, "number": n, "sha256": sha256(piece)} for n, piece in enumerate(pieces, 1)]
    urls = cloud.call("POST", f"{place}/parts", body={"parts": parts}, token=token).json["urls"]
    assert put(cloud, urls[1], pieces[1]).status == HTTPStatus.OK
    missing = cloud.call("POST", f"{place}/files/1/complete", token=token)
    assert (missing.status, missing.error["parts"]) == (HTTPStatus.CONFLICT, [1])
    assert cloud.keys(transfer["id"]) == []
    assert put(cloud, urls[0], pieces[0]).status == HTTPStatus.OK
    listed = cloud.call("GET", f"{place}/files/1/parts", token=token).json["parts"]
    assert [(part["size"], part["sha256"]) for part in listed] == [(len(piece), sha256(piece)) for piece in pieces]
    for _ in range(2):
        assert cloud.call("POST", f"{place}/files/1/complete", token=token).status == HTTPStatus.ACCEPTED
    ready = stored(cloud, transfer)
    assert ready["files"][0]["sha256"].endswith("-2")
    got = cloud.call("GET", cloud.call("GET", ready["files"][0]["link"]).headers["Location"])
    assert hashlib.sha256(got.data).digest() == hashlib.sha256(body).digest()


def test_s3_refuses_what_was_not_signed(cloud: Cloud) -> None:
    """Another length, another body, no checksum, no condition, and a second time."""
    transfer = begin(cloud, b"12345", sign=1)
    signed = transfer["urls"][0]
    assert put(cloud, signed, b"1234").status == HTTPStatus.FORBIDDEN
    assert put(cloud, signed, b"54321").status == HTTPStatus.BAD_REQUEST
    other = {"x-amz-checksum-sha256": sha256(b"54321")}
    assert put(cloud, signed, b"54321", **other).status == HTTPStatus.FORBIDDEN
    for left_out in signed["headers"]:
        rest = {name: value for name, value in signed["headers"].items() if name != left_out}
        assert put(cloud, {"url": signed["url"], "headers": rest}, b"12345").status == HTTPStatus.FORBIDDEN
    assert put(cloud, signed, b"12345").status == HTTPStatus.OK
    assert put(cloud, signed, b"12345").status == HTTPStatus.PRECONDITION_FAILED


def test_s3_refuses_a_url_after_its_time(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL that was signed an hour ago for a minute."""
    earlier = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: earlier.replace(tzinfo=None))
    objects = Objects(cloud.outputs["Bucket"])
    monkeypatch.setitem(vars(objects), "_s3", cloud.s3)
    signed = objects.sign_whole("files/late", size=1, sha256=None, seconds=60)
    refused = cloud.call("PUT", signed.url, raw=b"x", headers=signed.headers)
    assert refused.status == HTTPStatus.FORBIDDEN
    assert b"Request has expired" in refused.data


def test_a_signed_url_reads_nothing_and_reaches_no_other_key(cloud: Cloud) -> None:
    """It is for one method at one place."""
    transfer = begin(cloud, b"1", b"2", sign=2)
    first, second = transfer["urls"]
    put(cloud, first, b"1")
    assert cloud.call("GET", first["url"]).status == HTTPStatus.FORBIDDEN
    swapped = first["url"].split("?")[0] + "?" + second["url"].split("?")[1]
    assert put(cloud, {"url": swapped, "headers": second["headers"]}, b"2").status == HTTPStatus.FORBIDDEN


def test_an_anonymous_reader_gets_nothing_from_the_bucket(cloud: Cloud) -> None:
    """Neither an object nor a list."""
    transfer = begin(cloud, b"1", sign=1)
    put(cloud, transfer["urls"][0], b"1")
    place = transfer["urls"][0]["url"].split("?")[0]
    assert cloud.call("GET", place).status == HTTPStatus.FORBIDDEN
    assert cloud.call("GET", place.split("/files/")[0]).status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("raw", "body", "expected", "field"),
    [
        (b"{", None, 400, None),
        (b"\xff\xfe", None, 400, None),
        (None, [], 422, "body"),
        (None, {"files": []}, 422, "files"),
        (None, {"files": [{"name": "a", "size": 1}] * 1_001}, 422, "files"),
        (None, {"files": [{"name": "a", "size": -1}]}, 422, "files.0.size"),
        (None, {"files": [{"name": "a", "size": 2**50}]}, 422, "files.0.size"),
        (None, {"files": [{"name": "a", "size": 1, "x": 1}]}, 422, "files.0.x"),
        (None, {"files": [{"name": "a", "size": 6 * 2**40, "part_size": 5 * MIB}]}, 422, "files.0"),
    ],
)
def test_bad_input_is_answered_with_the_field(
    cloud: Cloud, raw: bytes | None, body: object, expected: int, field: str | None
) -> None:
    """Through the real gateway."""
    headers = {"Content-Type": "application/json"}
    answer = cloud.call("POST", "api/transfers", raw=raw, body=body, headers=headers)
    assert answer.status == expected
    assert set(answer.error) >= {"code", "message", "request_id"}
    if field:
        assert any(wrong["field"].startswith(field) for wrong in answer.error["fields"])


def test_only_the_owner_may_change_and_never_was_is_gone(cloud: Cloud) -> None:
    """401, 403, and the same 404 for a deleted id, an unknown one and a malformed one."""
    transfer, other = begin(cloud, b"1"), begin(cloud, b"1")
    place = f"api/transfers/{transfer['id']}"
    parts = {"parts": [{"file": 1, "number": 1}]}
    assert cloud.call("POST", f"{place}/parts", body=parts).status == HTTPStatus.UNAUTHORIZED
    wrong = cloud.call("POST", f"{place}/parts", body=parts, token=other["owner_token"])
    assert wrong.status == HTTPStatus.FORBIDDEN
    for number in (0, 2):
        beyond = {"parts": [{"file": 1, "number": number}]}
        assert cloud.call("POST", f"{place}/parts", body=beyond, token=transfer["owner_token"]).status == 422
    assert cloud.call("DELETE", place, token=transfer["owner_token"]).status == HTTPStatus.NO_CONTENT
    gone = [cloud.call("GET", f"api/transfers/{id_}") for id_ in (transfer["id"], "a" * 26, "nonsense")]
    assert {answer.status for answer in gone} == {HTTPStatus.NOT_FOUND}
    assert len({(answer.error["code"], answer.error["message"]) for answer in gone}) == 1


HOSTILE_NAMES = [
    "",
    "..",
    "../../etc/passwd",
    "a/b\\c",
    "\x00\x1b[31m\x7f",
    "\u202egpj.exe",
    "n" * 5_000,
    "<script>alert(1)</script>",
    '"; filename="evil.exe',
    "line\r\nSet-Cookie: x=y",
    "👩‍👩‍👧.zip",
    "שלום عالم.txt",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_a_hostile_name_is_kept_as_text_and_harms_no_header(cloud: Cloud, name: str) -> None:
    """It comes back as it was, its key knows nothing of it, and the download has one clean header."""
    transfer = begin(cloud, b"x", name=name, sign=1)
    assert put(cloud, transfer["urls"][0], b"x").status == HTTPStatus.OK
    ready = stored(cloud, transfer)
    assert ready["files"][0]["name"] == name
    assert cloud.keys(transfer["id"]) == [f"files/{transfer['id']}/1"]
    got = cloud.call("GET", cloud.call("GET", ready["files"][0]["link"]).headers["Location"])
    assert got.data == b"x"
    assert got.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "Set-Cookie" not in got.headers
    shown = cloud.call("GET", f"t/{transfer['id']}").data.decode()
    assert "<script>alert" not in shown


def tell(cloud: Cloud, *messages: Any) -> None:
    """Put messages into the queue, as S3 does."""
    sqs = cloud.client("sqs")
    for message in messages:
        sqs.send_message(QueueUrl=cloud.outputs["Arrivals"], MessageBody=json.dumps(message))


def test_events_that_come_twice_for_foreign_keys_or_deleted_transfers_harm_nothing(cloud: Cloud) -> None:
    """Stored once; a foreign object stays; one without a transfer goes."""
    transfer = begin(cloud, b"1", sign=1)
    put(cloud, transfer["urls"][0], b"1")
    before = stored(cloud, transfer)
    cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key="files/foreign", Body=b"?")
    orphan = f"files/{'a' * 26}/1"
    cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key=orphan, Body=b"?")
    key = f"files/{transfer['id']}/1"
    tell(cloud, *({"Records": [s3_record(each)]} for each in ("files/foreign", orphan, key, key)))
    eventually(lambda: not cloud.keys("a" * 26))
    assert status(cloud, transfer) == before
    assert cloud.s3.get_object(Bucket=cloud.outputs["Bucket"], Key="files/foreign")["Body"].read() == b"?"


def test_of_several_records_one_bad_one_does_not_stop_the_rest(cloud: Cloud, marker: str) -> None:
    """In a message of its own or beside good ones; what becomes of the bad one, `test_dead_letters` waits for."""
    transfer = begin(cloud, b"1", b"2", sign=2)
    held = [f"files/{transfer['id']}/{number}" for number in (1, 2)]
    for key, body in zip(held, (b"1", b"2"), strict=True):
        cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key=key, Body=body)
    bad = {"eventSource": "aws:s3", "marker": marker}
    tell(cloud, {"Records": [bad, s3_record(held[0])]}, {"Records": [s3_record(held[1])]})
    stored(cloud, transfer)


def test_a_lost_event_strands_nobody(cloud: Cloud) -> None:
    """The status request has the links function look at S3 itself."""
    lambda_ = cloud.client("lambda")
    (mapping,) = lambda_.list_event_source_mappings(FunctionName=cloud.outputs["LinksFunction"])["EventSourceMappings"]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        transfer = begin(cloud, b"1", sign=1)
        put(cloud, transfer["urls"][0], b"1")
        assert status(cloud, transfer)["counts"]["stored"] == 0
        checked = cloud.call("GET", f"api/transfers/{transfer['id']}?since={transfer['cursor']}&check=1").json
    finally:
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert checked["state"] == "ready"
    assert checked["files"][0]["link"] == f"t/{transfer['id']}/files/1"


def test_an_object_that_differs_from_what_was_declared_is_deleted_and_told(cloud: Cloud) -> None:
    """Put there by somebody with the rights to: S3 is believed, not the client."""
    transfer = begin(cloud, b"12345")
    cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key=f"files/{transfer['id']}/1", Body=b"123456")
    failed = eventually(lambda: (now := status(cloud, transfer)["files"][0])["state"] == "failed" and now)
    assert "6 bytes" in failed["reason"]
    eventually(lambda: cloud.keys(transfer["id"]) == [])


def test_deleting_a_transfer_leaves_nothing_at_s3(cloud: Cloud) -> None:
    """Neither objects nor uploads under way, and its addresses are gone."""
    body = bytes(17 * MIB)
    transfer = begin(cloud, b"1", body, sign=1)
    put(cloud, transfer["urls"][0], b"1")
    place = f"api/transfers/{transfer['id']}"
    sign = {"parts": [{"file": 2, "number": 1, "sha256": sha256(body[: 16 * MIB])}]}
    cloud.call("POST", f"{place}/parts", body=sign, token=transfer["owner_token"])
    assert cloud.incomplete_uploads(transfer["id"])
    eventually(lambda: status(cloud, transfer)["counts"]["stored"] == 1)
    assert cloud.call("DELETE", place, token=transfer["owner_token"]).status == HTTPStatus.NO_CONTENT
    assert cloud.incomplete_uploads(transfer["id"]) == []
    assert cloud.keys(transfer["id"]) == []
    assert cloud.call("GET", f"t/{transfer['id']}/files/1").status == HTTPStatus.NOT_FOUND


def test_options_are_saved_and_a_password_guards_page_status_and_downloads(cloud: Cloud) -> None:
    """The right one buys a cookie that opens all three."""
    transfer = begin(cloud, b"1", name="secret.txt", sign=1)
    put(cloud, transfer["urls"][0], b"1")
    stored(cloud, transfer)
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    options = {"title": "For you", "message": "Hi", "expires_in": 3_600, "max_downloads": 1, "password": "pass wörd"}
    saved = cloud.call("PATCH", place, body=options, token=token).json
    assert (saved["title"], saved["max_downloads"], saved["has_password"]) == ("For you", 1, True)
    assert cloud.call("GET", place).status == HTTPStatus.UNAUTHORIZED
    assert b"secret.txt" not in cloud.call("GET", f"t/{transfer['id']}").data
    download = f"t/{transfer['id']}/files/1"
    assert cloud.call("GET", download).status == HTTPStatus.UNAUTHORIZED
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unlock = f"t/{transfer['id']}/unlock"
    assert cloud.call("POST", unlock, raw=b"password=wrong", headers=form).status == HTTPStatus.FORBIDDEN
    right = b"password=pass+w%C3%B6rd"
    opened = eventually(
        lambda: (last := cloud.call("POST", unlock, raw=right, headers=form)).status == HTTPStatus.SEE_OTHER and last
    )
    assert urljoin(urljoin(cloud.address, unlock), opened.headers["Location"]).endswith(f"/t/{transfer['id']}")
    cookie = {"Cookie": opened.headers["Set-Cookie"].split(";")[0]}
    assert cloud.call("GET", place, headers=cookie).json["title"] == "For you"
    assert b"secret.txt" in cloud.call("GET", f"t/{transfer['id']}", headers=cookie).data
    assert cloud.call("GET", download, headers=cookie).status == HTTPStatus.SEE_OTHER
    assert cloud.call("GET", download, headers=cookie).status == HTTPStatus.GONE


def all_at_once(count: int, call: Callable[[], Answer]) -> list[Answer]:
    """Send a request so many times, as many at one time as the local cloud starts workers for without choking."""
    with ThreadPoolExecutor(AT_ONE_TIME) as pool:
        return list(pool.map(lambda _: call(), range(count)))


def test_of_two_hundred_downloads_at_once_as_many_as_allowed_are_made(cloud: Cloud) -> None:
    """Exactly, and each is in the log."""
    transfer = begin(cloud, b"12345", sign=1)
    put(cloud, transfer["urls"][0], b"12345")
    stored(cloud, transfer)
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    cloud.call("PATCH", place, body={"max_downloads": 10}, token=token)
    answers = all_at_once(200, lambda: cloud.call("GET", f"t/{transfer['id']}/files/1"))
    assert Counter(answer.status for answer in answers) == {HTTPStatus.SEE_OTHER: 10, HTTPStatus.GONE: 190}
    log = cloud.call("GET", f"{place}/log", token=token).json
    assert [(entry["file"], entry["bytes"]) for entry in log["downloads"]] == [(1, 5)] * 10


def test_a_download_that_goes_on_is_counted_once_and_the_log_tells_of_it(cloud: Cloud) -> None:
    """As `curl -C -` does it; `curl -I` counts nothing; from elsewhere it is another download, and then no more."""
    body = bytes(range(200))
    transfer = begin(cloud, body, sign=1)
    put(cloud, transfer["urls"][0], body)
    stored(cloud, transfer)
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    cloud.call("PATCH", place, body={"max_downloads": 2}, token=token)

    def get(method: str = "GET", **headers: str) -> Answer:
        return cloud.call(method, f"t/{transfer['id']}/files/1", headers=headers)

    assert get("HEAD").status == HTTPStatus.METHOD_NOT_ALLOWED
    assert get().status == HTTPStatus.SEE_OTHER
    for start in (80, 150):
        headers = {"Range": f"bytes={start}-"}
        answer = cloud.call("GET", get(**headers).headers["Location"], headers=headers)
        assert (answer.status, answer.data) == (HTTPStatus.PARTIAL_CONTENT, body[start:])
    # The local cloud's gateway takes this for the caller's address, which AWS's does not.
    elsewhere = {"X-Forwarded-For": "2001:db8:1:2::3", "Range": "bytes=20-29"}
    assert get(**elsewhere).status == HTTPStatus.SEE_OTHER
    assert get(Range="bytes=0-").status == HTTPStatus.GONE
    assert get(Range="bytes=10-").status == HTTPStatus.SEE_OTHER
    owned = cloud.call("GET", f"t/{transfer['id']}/files/1", token=token)
    assert owned.status == HTTPStatus.SEE_OTHER
    log = cloud.call("GET", f"{place}/log", token=token).json
    assert [(entry["file"], entry["bytes"], entry["source"]) for entry in log["downloads"]] == [
        (1, 10, "2001:db8:1::/48"),
        (1, 200, "127.0.0.x"),
    ]
    assert log["more"] is False
    assert cloud.call("GET", f"{place}/log").status == HTTPStatus.UNAUTHORIZED
    items = cloud.client("dynamodb").query(
        TableName=cloud.outputs["Table"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": transfer["id"]}},
    )["Items"]
    assert "127.0.0.1" not in json.dumps(items)
    assert all("ttl" in item for item in items)


def test_two_hundred_guesses_at_once_are_compared_one_after_the_other(cloud: Cloud) -> None:
    """No more than the growing waits leave room for; each was counted, and the others are told when to come again."""
    transfer = begin(cloud, b"1")
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    cloud.call("PATCH", place, body={"password": "secret"}, token=token)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unlock = f"t/{transfer['id']}/unlock"
    since = time.monotonic()
    answers = all_at_once(200, lambda: cloud.call("POST", unlock, raw=b"password=guess", headers=form))
    took = time.monotonic() - since
    compared = [answer for answer in answers if answer.status == HTTPStatus.FORBIDDEN]
    refused = [answer for answer in answers if answer.status == HTTPStatus.TOO_MANY_REQUESTS]
    assert len(compared) + len(refused) == 200
    assert sum(wait_after(wrong) for wrong in range(1, len(compared))) <= took
    assert all(int(answer.headers["Retry-After"]) >= 1 and b"Too many tries" in answer.data for answer in refused)
    key = {"pk": {"S": transfer["id"]}, "sk": {"S": "transfer"}}
    kept = cloud.client("dynamodb").get_item(TableName=cloud.outputs["Table"], Key=key, ConsistentRead=True)["Item"]
    assert (kept["wrong_tries"], kept["comparing"]) == ({"N": str(len(compared))}, {"BOOL": False})
    assert cloud.call("GET", place, token=token).status == HTTPStatus.OK
    cloud.call("PATCH", place, body={"password": "other"}, token=token)
    assert cloud.call("POST", unlock, raw=b"password=other", headers=form).status == HTTPStatus.SEE_OTHER


def test_an_expired_transfer_says_when_and_a_deleted_one_nothing(cloud: Cloud) -> None:
    """410 on the page, the download and the status; then 404 on all three, as for one that never was."""
    transfer = begin(cloud, b"1", sign=1)
    put(cloud, transfer["urls"][0], b"1")
    stored(cloud, transfer)
    addresses = [f"t/{transfer['id']}", f"t/{transfer['id']}/files/1", f"api/transfers/{transfer['id']}"]

    def record(update: str, values: dict[str, Any]) -> None:
        cloud.client("dynamodb").update_item(
            TableName=cloud.outputs["Table"],
            Key={"pk": {"S": transfer["id"]}, "sk": {"S": "transfer"}},
            UpdateExpression=update,
            ExpressionAttributeValues=values,
        )

    record("SET expires_at = :then", {":then": {"N": "1700000000"}})
    for answer in (cloud.call("GET", address) for address in addresses):
        assert answer.status == HTTPStatus.GONE
        assert b"This transfer expired on 2023-11-14, 22:13 UTC. Ask the sender" in answer.data
    record("SET deleted = :yes", {":yes": {"BOOL": True}})
    assert {cloud.call("GET", address).status for address in addresses} == {HTTPStatus.NOT_FOUND}


def test_preflights_pass_for_the_pages_own_origin_only(cloud: Cloud) -> None:
    """With the headers that it needs and no others."""
    url = begin(cloud, b"1", sign=1)["urls"][0]["url"]
    own = cloud.address.split("/_aws")[0]

    def preflight(origin: str, headers: str) -> Answer:
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": headers}
        return cloud.call("OPTIONS", url, headers=asked)

    allowed = preflight(own, "if-none-match,x-amz-checksum-sha256")
    assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (HTTPStatus.OK, own)
    assert preflight("https://elsewhere.example", "if-none-match").status == HTTPStatus.FORBIDDEN
    assert preflight(own, "x-amz-acl").status == HTTPStatus.FORBIDDEN


def test_unknown_addresses_and_methods_are_told_in_our_words(cloud: Cloud) -> None:
    """JSON under api/, a page elsewhere; at every depth."""
    for path in ("api/nope", "api/transfers/x/y/z/w"):
        answer = cloud.call("GET", path)
        assert (answer.status, answer.error["code"]) == (HTTPStatus.NOT_FOUND, "not_found")
    for path in ("nope", "t", "t/nope", "t/nope/files", "t/nope/files/1", "t/nope/files/1/2", "static/x/y.js"):
        answer = cloud.call("GET", path)
        assert (answer.status, answer.headers["Content-Type"]) == (HTTPStatus.NOT_FOUND, "text/html; charset=utf-8")
    assert cloud.call("PUT", "api/transfers", body={}).status == HTTPStatus.METHOD_NOT_ALLOWED


def test_the_api_describes_itself(cloud: Cloud) -> None:
    """In OpenAPI 3.1."""
    described = cloud.call("GET", "api/openapi.json").json
    assert described["openapi"].startswith("3.1")
    assert "/api/transfers/{transfer}" in described["paths"]
