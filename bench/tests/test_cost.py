"""What a transfer costs: what is counted as what, the bucket that keeps nothing, and the sums."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
import pytest
import urllib3
from botocore.config import Config

from bench.cost.__main__ import of_logs
from bench.cost.bucket import Bucket, operation
from bench.cost.counter import (
    API,
    API_BYTES,
    READ_UNITS,
    S3_CHEAP,
    S3_DEAR,
    WRITE_UNITS,
    Tally,
    counter,
    of_dynamodb,
    of_s3,
)
from bench.cost.prices import GB, GB_SECONDS, INVOCATIONS, LOGS, PRICES, TRACES
from bench.cost.report import Counted, amounts, costs, dollars, money, number

KEY = {"pk": {"S": "t"}, "sk": {"S": "file#1"}}
TRANSFER = {"pk": {"S": "t"}, "sk": {"S": "transfer"}}
COUNTED = Counted(size=GB, sent=Counter({API: 10, S3_DEAR: 65}), received=Counter({API: 1}), erased=Counter())


@pytest.mark.parametrize(
    ("method", "target", "name", "billed"),
    [
        ("OPTIONS", "/b/files/t/1?partNumber=1&uploadId=u", "Preflight", S3_CHEAP),
        ("PUT", "/b/files/t/1", "PutObject", S3_DEAR),
        ("POST", "/b/files/t/1?uploads", "CreateMultipartUpload", S3_DEAR),
        ("PUT", "/b/files/t/1?partNumber=1&uploadId=u", "UploadPart", S3_DEAR),
        ("GET", "/b/files/t/1?uploadId=u", "ListParts", S3_DEAR),
        ("POST", "/b/files/t/1?uploadId=u", "CompleteMultipartUpload", S3_DEAR),
        ("HEAD", "/b/files/t/1", "HeadObject", S3_CHEAP),
        ("GET", "/b/files/t/1", "GetObject", S3_CHEAP),
        ("POST", "/b?delete", "DeleteObjects", None),
        ("DELETE", "/b/files/t/1?uploadId=u", "AbortMultipartUpload", None),
    ],
)
def test_as_what_s3_bills_a_request(method: str, target: str, name: str, billed: str | None) -> None:
    """Writing and listing are dear, the rest is cheap, and ending costs nothing."""
    assert operation(method, target) == name
    assert of_s3(name) == (Counter({billed: 1}) if billed else Counter())


@pytest.mark.parametrize(
    ("call", "asked", "told", "units"),
    [
        ("GetItem", {"Key": KEY, "ConsistentRead": True}, 300, {READ_UNITS: 1}),
        ("Query", {}, 300, {READ_UNITS: 0.5}),
        ("Query", {"ConsistentRead": True}, 9_000, {READ_UNITS: 3}),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}}, 300, {READ_UNITS: 1}),
        ("PutItem", {"Item": KEY}, 2, {WRITE_UNITS: 1}),
        ("PutItem", {"Item": {**KEY, "names": {"S": "x" * 3_000}}}, 2, {WRITE_UNITS: 3}),
        ("PutItem", {"Item": TRANSFER}, 2, {WRITE_UNITS: 3}),
        ("UpdateItem", {"Key": TRANSFER, "UpdateExpression": "SET a = :b"}, 2, {WRITE_UNITS: 1}),
        ("DeleteItem", {"Key": TRANSFER}, 2, {WRITE_UNITS: 3}),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": KEY}}]}},
            2,
            {WRITE_UNITS: 2},
        ),
    ],
)
def test_what_a_call_of_the_table_uses_up(call: str, asked: object, told: int, units: dict[str, float]) -> None:
    """A KB written and 4 KB read are a unit; both indexes are written with a transfer's own item."""
    assert dict(of_dynamodb(call, json.loads(json.dumps(asked)), told)) == units


def test_what_the_functions_logs_tell() -> None:
    """Each call, its time at its memory, and the bytes of every line."""
    report = (
        "REPORT RequestId: a\tDuration: 99 ms\tBilled Duration: 100 ms\tMemory Size: 2048 MB\tMax Memory Used: 0 MB"
    )
    bill = of_logs(["START RequestId: a", report])
    assert (bill[INVOCATIONS], bill[TRACES], bill[LOGS]) == (1, 1, len("START RequestId: a" + report))
    assert bill[GB_SECONDS] == pytest.approx(0.2)


# The bucket and the counter


class Cloud(BaseHTTPRequestHandler):
    """Answers every request of the local cloud with ten bytes."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"0123456789")

    do_GET = do_POST = _answer  # noqa: N815  so they are called

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  so it is called there
        """Say nothing."""


@pytest.fixture
def arrived() -> list[str]:
    """Return the keys whose arrival was told."""
    return []


@pytest.fixture
def counting(arrived: list[str]) -> Iterator[tuple[int, Tally]]:
    """Return the port of a counter, and what it has counted."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Cloud) as cloud:
        Thread(target=cloud.serve_forever, daemon=True).start()
        with counter(cloud.server_port, Bucket("bucket"), arrived.append) as found:
            yield found
        cloud.shutdown()


def test_a_file_in_parts_is_taken_as_s3_takes_it(counting: tuple[int, Tally], arrived: list[str]) -> None:
    """More parts than one page lists; afterwards it has their size and checksum, and each request was counted."""
    port, tally = counting
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    place = {"Bucket": "bucket", "Key": "files/t/1"}
    upload = s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
    digest = hashlib.sha256(b"part").digest()
    sha256 = base64.b64encode(digest).decode()
    for part in range(1, 1_002):
        s3.upload_part(**place, UploadId=upload, PartNumber=part, Body=b"part", ChecksumSHA256=sha256)
    pages = list(s3.get_paginator("list_parts").paginate(**place, UploadId=upload))
    parts = [part for page in pages for part in page["Parts"]]
    assert [(part["PartNumber"], part["Size"], part["ChecksumSHA256"]) for part in parts] == [
        (part, 4, sha256) for part in range(1, 1_002)
    ]
    named = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
    assert arrived == []
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": named})
    assert arrived == ["files/t/1"]
    found = s3.head_object(**place, ChecksumMode="ENABLED")
    whole = base64.b64encode(hashlib.sha256(digest * 1_001).digest()).decode() + "-1001"
    assert (found["ContentLength"], found["ChecksumSHA256"]) == (4_004, whole)
    assert tally.take() == Counter({S3_DEAR: 1 + 1_001 + 2 + 1, S3_CHEAP: 1})
    assert tally.take() == Counter()


def test_a_page_of_another_origin_reads_the_answers_that_it_needs(counting: tuple[int, Tally]) -> None:
    """As the bucket's CORS rules say."""
    url = f"http://127.0.0.1:{counting[0]}/bucket/files/t/1"
    asked = {"Origin": "http://localhost", "Access-Control-Request-Headers": "if-none-match"}
    before = urllib3.request("OPTIONS", url, headers=asked)
    assert before.headers["Access-Control-Allow-Headers"] == "if-none-match"
    put = urllib3.request("PUT", url, body=b"x", headers={"Origin": "http://localhost"})
    assert put.headers["Access-Control-Allow-Origin"] == "http://localhost"
    assert "ETag" in put.headers["Access-Control-Expose-Headers"]


def test_what_is_no_objects_business_passes_to_the_local_cloud(counting: tuple[int, Tally]) -> None:
    """Requests of the API are counted with the bytes of their answers, calls of the table with their units."""
    port, tally = counting
    base = f"http://127.0.0.1:{port}"
    assert urllib3.request("GET", f"{base}/_aws/execute-api/sidestep/prod/").data == b"0123456789"
    target = {"X-Amz-Target": "DynamoDB_20120810.GetItem"}
    urllib3.request("POST", base, body=json.dumps({"ConsistentRead": True}), headers=target)
    urllib3.request("POST", base, body="{}", headers={"X-Amz-Target": "AmazonSQS.SendMessage"})
    assert tally.take() == Counter({API: 1, API_BYTES: 10, READ_UNITS: 1})


# The sums


def test_a_bill_is_amounts_times_prices() -> None:
    """Ten million requests of the API are 35 dollars."""
    assert dollars(Counter({API: 10_000_000})) == pytest.approx(35)
    assert dollars(Counter({S3_DEAR: 1_000, S3_CHEAP: 1_000})) == pytest.approx(0.0054)


def test_the_table_of_costs_has_each_step_and_their_sum() -> None:
    """What is kept and what is downloaded follow from the size alone."""
    rows = {row.split("|")[1].strip(): row.split("|")[2].strip() for row in costs([COUNTED]).splitlines()}
    assert rows["US dollars"] == "1 GiB"
    assert rows["sending it"] == "0.00036"
    assert rows["keeping it for 7 days"] == "0.0053"
    assert rows["one download: bytes"] == "0.090"
    assert rows["all of it"] == "0.096"


def test_the_table_of_amounts_has_what_was_counted_in_the_order_of_the_prices() -> None:
    """And nothing else."""
    units = [row.split("|")[1].strip() for row in amounts([COUNTED]).splitlines()[2:]]
    assert units == [unit for unit in PRICES if unit in (API, S3_DEAR)]
    assert "10 + 1 + 0" in amounts([COUNTED])


@pytest.mark.parametrize(
    ("amount", "words"),
    [(12.345, "12.35"), (0.1, "0.10"), (0.0123, "0.012"), (0.00004321, "0.000043"), (0, "0.00")],
)
def test_money_has_two_digits_that_count(amount: float, words: str) -> None:
    """And cents at least."""
    assert money(amount) == words


@pytest.mark.parametrize(("amount", "words"), [(3, "3"), (0.5, "0.5"), (155.04, "155"), (227_624, "227,624")])
def test_an_amount_is_spelled_as_far_as_it_counts(amount: float, words: str) -> None:
    """A decimal where it is small and not whole."""
    assert number(amount) == words
