"""What recipients get: the right name, ranges, and only with a signed URL; from S3, or from CloudFront if it is on."""

from functools import partial
from http import HTTPStatus

from backend.aws.bucket import Objects
from backend.rules.transfer import content_disposition, key_of
from e2e import sending
from e2e.verify.report import Check, NotTriedError, came
from e2e.verify.target import Target

NAME = 'two  spaces, "quotes", naïve 日本.txt'
BODY = bytes(range(256))


def _served_by(target: Target, server: str) -> None:
    """Raise `NotTriedError` unless downloads are served by `S3` or `CloudFront`."""
    on = "CloudFront" if target.cloud.settings.downloads_origin else "S3"
    if server != on:
        target.not_local("has no CloudFront")
        raise NotTriedError(f"this deployment's downloads come from {on}")


def under_its_name(target: Target, server: str) -> str:
    """Download a file whose name needs escaping everywhere."""
    _served_by(target, server)
    got = target.get(target.send(BODY, NAME))
    said = got.headers.get("Content-Disposition", "")
    same = got.status == HTTPStatus.OK and got.data == BODY and said == content_disposition(NAME, 1)
    return came(f"{got.status}, {len(got.data)} bytes, {said}", ok=same)


def in_ranges(target: Target, server: str) -> str:
    """Download the middle of a file, and its end."""
    _served_by(target, server)
    transfer = target.send(BODY)
    middle, end = target.get(transfer, Range="bytes=10-19"), target.get(transfer, Range="bytes=200-")
    text = ", ".join(f"{got.status} {got.headers.get('Content-Range')}" for got in (middle, end))
    parts = (middle.data, end.data) == (BODY[10:20], BODY[200:])
    return came(text, ok=parts and {middle.status, end.status} == {HTTPStatus.PARTIAL_CONTENT})


def without_signature(target: Target, server: str) -> str:
    """Ask for a file by the address in its signed URL, without the signature."""
    _served_by(target, server)
    if target.cloud.settings.public_downloads:
        raise NotTriedError("public_downloads lets everybody read")
    url = target.location_of(target.send(BODY))
    return _is(target, url.partition("?")[0], HTTPStatus.FORBIDDEN)


def past_cloudfront(target: Target) -> str:
    """Ask S3 directly with a URL that the operators' role has signed: the role may read the bucket, but not by URL."""
    _served_by(target, "CloudFront")
    bucket, key = Objects(target.cloud.outputs["Bucket"]), key_of(target.send(BODY)["id"], 1)
    vars(bucket).update(vars(target.operators.objects), edge=None)
    return _is(target, bucket.sign_download(key, disposition="attachment", seconds=60), HTTPStatus.FORBIDDEN)


def by_plain_address(target: Target) -> str:
    """Download a file from its public address."""
    if not target.cloud.settings.public_downloads:
        raise NotTriedError("public_downloads is off")
    transfer = target.send(BODY, NAME)
    url = sending.status(target.cloud, transfer)["files"][0]["public_url"]
    got = target.cloud.call("GET", url)
    said = got.headers.get("Content-Disposition", "")
    return came(f"{got.status}, {len(got.data)} bytes, {said}", ok=got.data == BODY and "filename*=" in said)


def _is(target: Target, url: str, expected: HTTPStatus) -> str:
    status = target.cloud.call("GET", url).status
    return came(str(status), ok=status == expected)


CHECKS = (
    *(
        check
        for server in ("S3", "CloudFront")
        for check in (
            Check(
                f"Download from {server}, its name with quotes, two spaces and non-ASCII",
                "200, the same bytes under this name",
                partial(under_its_name, server=server),
            ),
            Check(f"Range requests to {server}", "206, the right bytes", partial(in_ranges, server=server)),
            Check(f"Download from {server} without a signature", "403", partial(without_signature, server=server)),
        )
    ),
    Check("Signed download from S3, past CloudFront", "403", past_cloudfront),
    Check("Download from a public address", "200, the same bytes under this name", by_plain_address),
)
