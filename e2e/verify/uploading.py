"""What S3 accepts, what it rejects, and how soon a file has its link."""

import hashlib
import os
import time
from base64 import b64decode, b64encode
from http import HTTPStatus

from backend.rules.transfer import key_of
from e2e import sending
from e2e.cloud import Answer, eventually
from e2e.sending import MIB
from e2e.verify.report import Check, NotTriedError, came
from e2e.verify.target import FIRST_PART, LAST_PART, PATIENCE_SECONDS, Target
from infra.config import SLOW_LINK_SECONDS

EXPIRED_AFTER_SECONDS = 5


def _whole(target: Target, body: bytes) -> str:
    transfer = target.send(body)
    got = target.get(transfer)
    return came(
        f"stored, {len(got.data)} bytes back", ok=got.status == HTTPStatus.OK and _digest(got.data) == _digest(body)
    )


def of_no_bytes(target: Target) -> str:
    """Send and get an empty file."""
    return _whole(target, b"")


def of_one_part(target: Target) -> str:
    """Send and get a file of one part."""
    return _whole(target, os.urandom(MIB))


def of_two_parts(target: Target) -> str:
    """Send and get a file of two parts."""
    got = target.get(target.in_two_parts)
    same = _digest(got.data) == _digest(FIRST_PART + LAST_PART)
    return came(f"stored, {len(got.data)} bytes back", ok=got.status == HTTPStatus.OK and same)


def composite_checksum(target: Target) -> str:
    """Check what S3 makes of the parts' checksums.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    held = target.operators.objects.head(key_of(target.in_two_parts["id"], 1))
    digests = b"".join(b64decode(sending.sha256(part)) for part in (FIRST_PART, LAST_PART))
    expected = f"{b64encode(hashlib.sha256(digests).digest()).decode()}-2"
    text = "no object" if held is None else held.sha256 or "no checksum"
    return came(text, ok=text == expected)


def seconds_to_link(target: Target) -> str:
    """Wait for a link without asking the server to look at the file, as the page does with `check=`."""
    transfer = target.begin(b"link", sign=1)
    answer = sending.put(target.cloud, transfer["urls"][0], b"link")
    began = time.monotonic()
    assert answer.status == HTTPStatus.OK, answer.data
    sending.stored(target.cloud, transfer, PATIENCE_SECONDS)
    seconds = time.monotonic() - began
    return came(f"{seconds:.2f} s", ok=seconds < SLOW_LINK_SECONDS)


def wrong_bytes(target: Target) -> str:
    """Send bytes that do not match the signed checksum."""
    transfer = target.begin(b"12345", sign=1)
    return _refused(sending.put(target.cloud, transfer["urls"][0], b"54321"), HTTPStatus.BAD_REQUEST)


def wrong_length(target: Target) -> str:
    """Send fewer bytes than were signed."""
    transfer = target.begin(b"12345", sign=1)
    return _refused(sending.put(target.cloud, transfer["urls"][0], b"1234"), HTTPStatus.FORBIDDEN)


def second_put(target: Target) -> str:
    """Send the same file to the same URL again."""
    transfer = target.send(b"once")
    return _refused(sending.put(target.cloud, transfer["urls"][0], b"once"), HTTPStatus.PRECONDITION_FAILED)


def expired_url(target: Target) -> str:
    """Use a URL five seconds after signing it for one second: this machine's clock may differ a little from S3's.

    Our own code signs it, in the operators' role, because only Lambda may assume a function's role.
    """
    transfer = target.begin(b"late")
    key, checksum = key_of(transfer["id"], 1), sending.sha256(b"late")
    signed = target.operators.objects.sign_whole(key, size=4, sha256=checksum, seconds=1)
    time.sleep(EXPIRED_AFTER_SECONDS)
    answer = target.cloud.call("PUT", signed.url, raw=b"late", headers=signed.headers)
    text = f"{_refused(answer, HTTPStatus.FORBIDDEN)}: {_said(answer, 'Message')}"
    return came(text, ok="expired" in text)


def unsigned(target: Target) -> str:
    """Send without a signature."""
    transfer = target.begin(b"12345", sign=1)
    signed = transfer["urls"][0]
    plain = {"url": signed["url"].partition("?")[0], "headers": signed["headers"]}
    return _refused(sending.put(target.cloud, plain, b"12345"), HTTPStatus.FORBIDDEN)


def not_signed_in(target: Target) -> str:
    """Begin a transfer as somebody who has not signed in."""
    access = target.cloud.settings.upload_access
    if access == "open":
        raise NotTriedError("upload_access=open lets everybody send")
    answer = target.cloud.call("POST", "api/transfers", body={"files": [{"name": "a", "size": 1}]})
    text = f"{answer.status} {answer.error['code']}"
    return came(text, ok=text == "401 sign_in_needed")


def own_preflights(target: Target) -> str:
    """Send S3 the preflight of a browser from each of the page's origins."""
    origins = target.page_origins
    answers = [_preflight(target, origin) for origin in origins]
    let_in = [answer.headers.get("Access-Control-Allow-Origin") for answer in answers]
    statuses = [answer.status for answer in answers]
    text = ", ".join(map(str, statuses)) + (
        " for each" if let_in == origins else "; the bucket's CORS lets in another origin or none"
    )
    return came(text, ok=let_in == origins and set(statuses) == {HTTPStatus.OK})


def foreign_preflight(target: Target) -> str:
    """Send S3 the preflight of a browser on somebody else's page."""
    answer = _preflight(target, "https://elsewhere.example")
    return came(str(answer.status), ok=answer.status == HTTPStatus.FORBIDDEN)


def _preflight(target: Target, origin: str) -> Answer:
    url = target.begin(b"1", sign=1)["urls"][0]["url"]
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "if-none-match,x-amz-checksum-sha256",
    }
    return target.cloud.call("OPTIONS", url, headers=headers)


def completed_after_idling(target: Target) -> str:
    """Complete an upload through a function that has been idle for twenty minutes.

    Lambda freezes it meanwhile, and it does not notice that its connections to S3 die.
    """
    if not target.slow:
        raise NotTriedError("takes twenty minutes: make verify SLOW=1")
    body = (bytes(5 * MIB), b"the end")
    asked = {"files": [{"name": "verify.bin", "size": sum(map(len, body)), "part_size": 5 * MIB}], "parts": []}
    transfer = target.cloud.call("POST", "api/transfers", body=asked, headers=target.cloud.sender).json
    target.begun.append(transfer)
    sending.send_in_parts(target.cloud, transfer, *body)
    target.cloud.hang_up()
    time.sleep(target.idle_seconds)
    answer = sending.complete(target.cloud, transfer)
    state = eventually(lambda: sending.status(target.cloud, transfer)["state"] == "ready" and "ready", PATIENCE_SECONDS)
    return came(f"{answer.status}, {state}", ok=answer.status == HTTPStatus.ACCEPTED)


def _refused(answer: Answer, expected: HTTPStatus) -> str:
    """Return the error that S3 rejected the request with."""
    return came(f"{answer.status} {_said(answer, 'Code')}", ok=answer.status == expected)


def _said(answer: Answer, element: str) -> str:
    """Return the text of an element of S3's error."""
    return answer.data.partition(f"<{element}>".encode())[2].partition(b"</")[0].decode()


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


CHECKS = (
    Check("A file of 0 bytes", "stored, and the same bytes back", of_no_bytes),
    Check("A file of one part", "stored, and the same bytes back", of_one_part),
    Check("A file of two parts", "stored, and the same bytes back", of_two_parts),
    Check("Its checksum in S3 (HEAD)", "SHA-256 of the parts' SHA-256s, -2", composite_checksum),
    Check(
        "Time from the last byte to the link, through S3's event alone",
        f"less than {SLOW_LINK_SECONDS} s",
        seconds_to_link,
    ),
    Check("PUT of other bytes", "400", wrong_bytes),
    Check("PUT of fewer bytes", "403", wrong_length),
    Check("A second PUT to the same URL", "412", second_put),
    Check("PUT to an expired URL", "403, Request has expired", expired_url),
    Check("PUT without a signature", "403", unsigned),
    Check("Beginning a transfer without signing in", "401 sign_in_needed", not_signed_in),
    Check("Preflight from each origin of the page", "200 for that origin", own_preflights),
    Check("Preflight from another site", "403", foreign_preflight),
)
SLOW_CHECKS = (Check("Completion after twenty idle minutes", "202, then ready", completed_after_idling),)
