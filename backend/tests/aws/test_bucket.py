"""What is signed is what S3 enforces, and how S3's responses are handled. Nothing is sent to AWS."""

import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from backend.aws import bucket as module, clients as aws
from backend.aws.bucket import COPY_BYTES, Objects, StoredPart, UploadConflictError
from backend.rules.transfer import content_disposition
from backend.tests.script import Answer, Script, scripted

SHA256 = "A" * 43 + "="
URL = "https://bucket.s3.eu-central-1.amazonaws.com"
PARTS = [StoredPart(number=1, size=5, sha256=SHA256, etag="e")]


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Objects:
    """Return a bucket with made-up credentials."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "session",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    aws.session.cache_clear()  # it keeps the credentials that it has found
    return Objects("bucket")


def query(url: str) -> dict[str, str]:
    """Return the query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_whole_file_is_signed_with_length_checksum_and_no_overwriting(objects: Objects) -> None:
    """And the client is told each header that it must send itself."""
    signed = objects.sign_whole("files/t/1", size=5, sha256=SHA256, seconds=60)
    assert query(signed.url)["X-Amz-SignedHeaders"] == "content-length;host;if-none-match;x-amz-checksum-sha256"
    assert signed.headers == {"if-none-match": "*", "x-amz-checksum-sha256": SHA256}
    assert query(signed.url)["X-Amz-Expires"] == "60"


def test_a_whole_file_without_a_checksum_still_has_its_length_signed(objects: Objects) -> None:
    """For `curl -T`, which knows no checksum; nothing is signed that it would not send."""
    signed = objects.sign_whole("files/t/1", size=0, sha256=None, seconds=60)
    assert query(signed.url)["X-Amz-SignedHeaders"] == "content-length;host;if-none-match"
    assert not any("checksum" in name for name in query(signed.url))


def test_a_whole_file_can_keep_the_name_that_it_is_saved_under(objects: Objects) -> None:
    """Signed, so that the sender can neither leave it out nor have a browser show the file as a page."""
    signed = objects.sign_whole("files/t/1", size=5, sha256=None, seconds=60, saved_as='attachment; filename="a"')
    assert (
        query(signed.url)["X-Amz-SignedHeaders"] == "content-disposition;content-length;content-type;host;if-none-match"
    )
    assert signed.headers == {
        "if-none-match": "*",
        "content-disposition": 'attachment; filename="a"',
        "content-type": "application/octet-stream",
    }


@pytest.mark.parametrize("name", ["two  spaces.txt", " a\tb \u00a0 é  .txt", "plain.txt"])
def test_what_the_sender_is_told_to_send_is_what_was_signed(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Character for character: the signature is valid whether or not S3 collapses spaces, as botocore does."""
    signed_over: list[str] = []
    canonical = SigV4Auth.canonical_request

    def noting(auth: SigV4Auth, request: Any) -> str:
        signed_over.append(canonical(auth, request))
        return signed_over[-1]

    monkeypatch.setattr(SigV4Auth, "canonical_request", noting)
    signed = objects.sign_whole("k", size=5, sha256=None, seconds=60, saved_as=content_disposition(name, 1))
    assert f"content-disposition:{signed.headers['content-disposition']}" in signed_over[0].splitlines()


def test_a_part_is_signed_with_length_checksum_upload_and_number(objects: Objects) -> None:
    """The URL fits one body at one place."""
    signed = objects.sign_part("files/t/1", upload_id="up", number=3, size=5, sha256=SHA256, seconds=60)
    found = query(signed.url)
    assert found["X-Amz-SignedHeaders"] == "content-length;host;x-amz-checksum-sha256"
    assert (found["uploadId"], found["partNumber"]) == ("up", "3")
    assert signed.headers == {"x-amz-checksum-sha256": SHA256}


def test_a_download_is_saved_and_never_shown(objects: Objects) -> None:
    """Whatever its bytes are, the browser is told to save them."""
    found = query(objects.sign_download("files/t/1", disposition='attachment; filename="a"', seconds=60))
    assert found["response-content-type"] == "application/octet-stream"
    assert found["response-content-disposition"] == 'attachment; filename="a"'
    assert found["response-cache-control"] == "private, no-store"


SIGNATURE = {"Algorithm", "Credential", "Date", "Expires", "Security-Token", "Signature", "SignedHeaders"}


@pytest.mark.parametrize(
    ("url", "names"),
    [
        (lambda bucket: bucket.sign_whole("k", size=5, sha256=SHA256, seconds=60, saved_as="attachment").url, set()),
        (
            lambda bucket: bucket.sign_part("k", upload_id="up", number=1, size=5, sha256=SHA256, seconds=60).url,
            {"uploadId", "partNumber"},
        ),
        (
            lambda bucket: bucket.sign_download("k", disposition="inline", seconds=60),
            {"response-cache-control", "response-content-disposition", "response-content-type"},
        ),
    ],
    ids=["whole file", "part", "download"],
)
def test_a_url_asks_for_nothing_else(objects: Objects, url: Callable[[Objects], str], names: set[str]) -> None:
    """No botocore adds a checksum of its own, or anything that the client would not send."""
    assert query(url(objects)).keys() == names | {f"X-Amz-{name}" for name in SIGNATURE}


def test_urls_name_the_bucket_in_its_region_with_sigv4(objects: Objects) -> None:
    """boto3's default would sign with SigV2 for the global host."""
    assert objects.origin() == "https://bucket.s3.eu-central-1.amazonaws.com"
    assert query(objects.sign_download("k", disposition="d", seconds=1))["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"


def test_a_plain_address_has_nothing_that_expires(objects: Objects) -> None:
    """No signature, no date, no name."""
    assert objects.plain_url("files/t/1") == "https://bucket.s3.eu-central-1.amazonaws.com/files/t/1"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """Return what stands in for S3."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with scripted("s3") as made:
        yield made


def error(code: str) -> str:
    """Return an error as S3 spells it."""
    return f"<Error><Code>{code}</Code><Message>words</Message></Error>"


COMPLETED = (200, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
OPEN = (200, "<ListPartsResult><UploadId>up</UploadId></ListPartsResult>")
GONE = (404, error("NoSuchUpload"))
CLOSED = ConnectionClosedError(endpoint_url=URL)
LOST: Sequence[Exception] = [
    CLOSED,
    HTTPClientError(error=OSError("anything")),
    EndpointConnectionError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    ProxyConnectionError(proxy_url=URL),
    SSLError(endpoint_url=URL, error=OSError("anything")),
]


def complete(objects: Objects) -> None:
    """Complete an upload of one part."""
    objects.complete("files/t/1", "up", PARTS, size=5)


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: type(lost).__name__)
def test_a_completion_whose_answer_was_lost_is_asked_for_again_while_the_upload_is_there(
    objects: Objects, script: Script, lost: Exception
) -> None:
    """S3 closes idle connections, so it may never read what a function sends after being frozen."""
    script.answers = {"CompleteMultipartUpload": [lost, COMPLETED], "ListParts": [OPEN]}
    complete(objects)
    assert script.calls == ["CompleteMultipartUpload", "ListParts", "CompleteMultipartUpload"]


def test_a_completion_whose_answer_was_lost_has_happened_where_the_upload_is_gone(
    objects: Objects, script: Script
) -> None:
    """S3 decides, not the connection."""
    script.answers = {"CompleteMultipartUpload": [CLOSED], "ListParts": [GONE]}
    complete(objects)
    assert script.calls == ["CompleteMultipartUpload", "ListParts"]


def test_a_completion_is_tried_three_times_and_then_is_the_callers_to_repeat(objects: Objects, script: Script) -> None:
    """The caller gets an error, not success."""
    script.answers = {"CompleteMultipartUpload": [CLOSED] * 9, "ListParts": [OPEN] * 9}
    with pytest.raises(ConnectionClosedError):
        complete(objects)
    assert script.calls.count("CompleteMultipartUpload") == 3


def test_no_completion_is_begun_that_the_gateway_would_not_wait_for(
    objects: Objects, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may also break after many seconds."""
    times = iter([0.0, 8.5])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(times))
    script.answers = {"CompleteMultipartUpload": [CLOSED], "ListParts": [OPEN]}
    with pytest.raises(ConnectionClosedError):
        complete(objects)


def test_a_completion_that_takes_s3_long_is_neither_repeated_nor_aborted(objects: Objects, script: Script) -> None:
    """S3 continues, perhaps for minutes."""
    script.answers = {"CompleteMultipartUpload": [ReadTimeoutError(endpoint_url=URL)]}
    complete(objects)
    assert script.calls == ["CompleteMultipartUpload"]


@pytest.mark.parametrize("answer", [GONE, (412, error("PreconditionFailed")), (200, error("PreconditionFailed"))])
def test_a_completion_that_was_made_before_is_fine(objects: Objects, script: Script, answer: Answer) -> None:
    """The upload is gone, or its object is there."""
    script.answers = {"CompleteMultipartUpload": [answer]}
    complete(objects)


@pytest.mark.parametrize(
    "answer", [(409, error("ConditionalRequestConflict")), (200, error("ConditionalRequestConflict"))]
)
def test_a_completion_may_conflict_with_another_write(objects: Objects, script: Script, answer: Answer) -> None:
    """Unless that was a completion, too, and has finished by now."""
    script.answers = {"CompleteMultipartUpload": [answer] * 2, "ListParts": [OPEN, GONE]}
    with pytest.raises(UploadConflictError):
        complete(objects)
    complete(objects)


@pytest.mark.parametrize(
    "answer", [(503, error("SlowDown")), (500, error("InternalError")), (200, error("InternalError")), (200, "<Comple")]
)
def test_a_completion_that_s3_could_not_make_is_no_success(objects: Objects, script: Script, answer: Answer) -> None:
    """S3 begins to answer 200 before it knows.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    """
    script.answers = {"CompleteMultipartUpload": [answer]}
    with pytest.raises(ClientError) as failed:
        complete(objects)
    assert failed.value.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (500, 503)


STARTED = (200, "<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>")
COPIED = (200, "<CopyPartResult><ETag>e</ETag></CopyPartResult>")
BIG = 2 * COPY_BYTES


def copying(script: Script, *completed: Answer, part: Answer = COPIED) -> None:
    """Let S3 begin to copy an object of two parts."""
    script.answers = {
        "HeadObject": [(200, "")],
        "CreateMultipartUpload": [STARTED],
        "UploadPartCopy": [part, COPIED, COPIED],
        "CompleteMultipartUpload": list(completed),
        "AbortMultipartUpload": [(204, "")],
    }


def test_a_copy_whose_completion_was_answered_by_nobody_is_there(
    objects: Objects, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK retries and finds no upload; the copy itself shows that it succeeded."""
    copying(script, CLOSED, GONE)
    stored = module.StoredObject(size=BIG, sha256=None, modified=datetime.now(UTC))
    monkeypatch.setattr(objects, "head", lambda _: stored)
    assert objects.copy("files/t/1", "evidence/t/1", size=BIG)


def test_a_copy_whose_upload_somebody_aborted_is_not_there(
    objects: Objects, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks the same but for the object."""
    copying(script, GONE)
    monkeypatch.setattr(objects, "head", lambda _: None)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        objects.copy("files/t/1", "evidence/t/1", size=BIG)


def test_a_copy_that_s3_may_still_be_completing_is_not_aborted(objects: Objects, script: Script) -> None:
    """Whoever repeats the call starts again from the beginning."""
    copying(script, *[ReadTimeoutError(endpoint_url=URL)] * 5)
    with pytest.raises(ReadTimeoutError):
        objects.copy("files/t/1", "evidence/t/1", size=BIG)
    assert "AbortMultipartUpload" not in script.calls


def test_a_copy_that_failed_leaves_no_upload(objects: Objects, script: Script) -> None:
    """Neither when a part could not be copied nor when the whole could not be completed."""
    denied = (403, error("AccessDenied"))
    for answers in ({"part": denied}, {"completed": denied}):
        copying(script, answers.get("completed", COMPLETED), part=answers.get("part", COPIED))
        with pytest.raises(ClientError, match="AccessDenied"):
            objects.copy("files/t/1", "evidence/t/1", size=BIG)
    assert script.calls.count("AbortMultipartUpload") == 2


@pytest.mark.parametrize("answer", [(500, error("InternalError")), (200, error("InternalError"))])
def test_a_part_that_s3_could_not_copy_is_copied_again(objects: Objects, script: Script, answer: Answer) -> None:
    """S3 begins to answer 200 before it knows: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html."""
    copying(script, COMPLETED, part=answer)
    assert objects.copy("files/t/1", "evidence/t/1", size=BIG)
    assert script.calls.count("UploadPartCopy") == 3
    script.answers = {"CopyObject": [answer, (200, "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")]}
    assert objects.copy("files/t/1", "evidence/t/1", size=5)


def test_a_connection_that_is_reset_before_s3_reads_costs_no_file(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an idle one is that S3 has closed while Lambda had frozen the function."""
    asked: list[str] = []

    def serve() -> None:
        first, _ = listening.accept()
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        for _, body in (OPEN, COMPLETED):
            line, _ = listening.accept()
            with line:
                asked.append(line.recv(65_536).decode().partition(" ")[0])
                head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
                line.sendall((head + body).encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        serving = Thread(target=serve, daemon=True)
        serving.start()
        complete(objects)
        serving.join()
    assert asked == ["GET", "POST"]
