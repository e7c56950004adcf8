"""What is signed is what S3 enforces. boto3 signs offline; nothing is sent."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from backend import aws
from backend.objects import Objects

SHA256 = "A" * 43 + "="


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
