"""The bucket's part in the count: it takes any number of bytes, answers as S3 does, and keeps none of them.

The local cloud keeps objects in memory, where 100 GiB have no room. What is asked of S3 does not depend on the bytes.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

import base64
import hashlib
import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
PAGE = 1_000
EXPOSED = "ETag, x-amz-checksum-sha256"


@dataclass
class Answer:
    """What S3 answers; `size` is of a body of zeros, where `body` is empty."""

    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    size: int = 0
    arrived: str = ""
    """The key of an object that is there from now on."""


@dataclass(frozen=True, kw_only=True)
class _Request:
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    size: int

    @property
    def checksum(self) -> str:
        return self.headers.get("x-amz-checksum-sha256", "")


def operation(method: str, target: str) -> str:
    """Return S3's name for what a request asks; those that the product makes, no others."""
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    if "uploadId" in query:
        return {
            "OPTIONS": "Preflight",
            "PUT": "UploadPart",
            "GET": "ListParts",
            "POST": "CompleteMultipartUpload",
            "DELETE": "AbortMultipartUpload",
        }[method]
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else "DeleteObjects"
    return {"OPTIONS": "Preflight", "PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject"}[method]


class Bucket:
    """One bucket's objects and uploads, of which only sizes and checksums are kept. Safe to use from many threads."""

    def __init__(self, name: str) -> None:
        """Begin empty."""
        self.name = name
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        # Of each part its bytes and its checksum, and of each object.
        self._uploads: dict[str, dict[int, tuple[int, str]]] = {}
        self._objects: dict[str, tuple[int, str]] = {}

    def has(self, target: str) -> bool:
        """Tell whether a request's target is in this bucket."""
        path = urlsplit(target).path
        return path == f"/{self.name}" or path.startswith(f"/{self.name}/")

    def answer(self, method: str, target: str, headers: Mapping[str, str], size: int) -> Answer:
        """Answer a request with a body of `size` bytes, which has been read and thrown away."""
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        key = unquote(url.path.removeprefix(f"/{self.name}").removeprefix("/"))
        asked = _Request(key=key, query=query, headers=headers, size=size)
        act = {
            "Preflight": _preflight,
            "PutObject": self._put,
            "CreateMultipartUpload": self._begin,
            "UploadPart": self._take_part,
            "ListParts": self._list_parts,
            "CompleteMultipartUpload": self._complete,
            "HeadObject": self._show,
            "GetObject": self._show,
            # Whoever counts does not look whether they are gone.
            "DeleteObjects": lambda _: _xml("DeleteResult", ""),
            "AbortMultipartUpload": lambda _: Answer(status=HTTPStatus.NO_CONTENT),
        }[operation(method, target)]
        with self._lock:
            answer = act(asked)
        if "origin" in headers:
            answer.headers |= {
                "Access-Control-Allow-Origin": headers["origin"],
                "Access-Control-Expose-Headers": EXPOSED,
                "Vary": "Origin",
            }
        return answer

    def _put(self, asked: _Request) -> Answer:
        self._objects[asked.key] = (asked.size, asked.checksum)
        return Answer(headers=_checksum(asked.checksum) | {"ETag": '"object"'}, arrived=asked.key)

    def _begin(self, asked: _Request) -> Answer:
        upload = f"upload-{next(self._numbers)}"
        self._uploads[upload] = {}
        return _xml("InitiateMultipartUploadResult", f"<Key>{escape(asked.key)}</Key><UploadId>{upload}</UploadId>")

    def _take_part(self, asked: _Request) -> Answer:
        upload = self._uploads.get(asked.query["uploadId"])
        if upload is None:
            return _no_such_upload()
        number = int(asked.query["partNumber"])
        upload[number] = (asked.size, asked.checksum)
        return Answer(headers=_checksum(asked.checksum) | {"ETag": f'"part-{number}"'})

    def _list_parts(self, asked: _Request) -> Answer:
        parts = self._uploads.get(asked.query["uploadId"])
        if parts is None:
            return _no_such_upload()
        after = int(asked.query.get("part-number-marker", "0"))
        left = sorted(number for number in parts if number > after)
        shown = left[:PAGE]
        listed = "".join(
            f'<Part><PartNumber>{number}</PartNumber><ETag>"part-{number}"</ETag><Size>{parts[number][0]}</Size>'
            f"<ChecksumSHA256>{parts[number][1]}</ChecksumSHA256></Part>"
            for number in shown
        )
        more = f"<IsTruncated>{str(len(left) > PAGE).lower()}</IsTruncated>"
        marker = f"<NextPartNumberMarker>{shown[-1]}</NextPartNumberMarker>" if shown else ""
        return _xml("ListPartsResult", f"<Key>{escape(asked.key)}</Key>{marker}{more}{listed}")

    def _complete(self, asked: _Request) -> Answer:
        parts = self._uploads.pop(asked.query["uploadId"], None)
        if parts is None:
            return _no_such_upload()
        digests = b"".join(base64.b64decode(parts[number][1]) for number in sorted(parts))
        whole = base64.b64encode(hashlib.sha256(digests).digest()).decode() + f"-{len(parts)}"
        self._objects[asked.key] = (sum(size for size, _ in parts.values()), whole)
        answer = _xml("CompleteMultipartUploadResult", f'<Key>{escape(asked.key)}</Key><ETag>"object"</ETag>')
        answer.arrived = asked.key
        return answer

    def _show(self, asked: _Request) -> Answer:
        if asked.key not in self._objects:
            return Answer(status=HTTPStatus.NOT_FOUND)
        size, checksum = self._objects[asked.key]
        headers = _checksum(checksum) | {"ETag": '"object"', "Last-Modified": formatdate(usegmt=True)}
        return Answer(headers=headers, size=size)


def _preflight(asked: _Request) -> Answer:
    return Answer(
        headers={
            "Access-Control-Allow-Methods": asked.headers.get("access-control-request-method", ""),
            "Access-Control-Allow-Headers": asked.headers.get("access-control-request-headers", ""),
            "Access-Control-Max-Age": "3600",
        }
    )


def _checksum(value: str) -> dict[str, str]:
    return {"x-amz-checksum-sha256": value} if value else {}


def _xml(name: str, inside: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {XMLNS}>{inside}</{name}>'
    return Answer(headers={"Content-Type": "application/xml"}, body=body.encode())


def _no_such_upload() -> Answer:
    answer = _xml("Error", "<Code>NoSuchUpload</Code><Message>The upload does not exist.</Message>")
    answer.status = HTTPStatus.NOT_FOUND
    return answer
