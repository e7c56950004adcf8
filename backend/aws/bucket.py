"""The bucket: the only S3 code. What is signed here, S3 enforces for whoever holds the URL."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError as NoConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from backend.aws.cdn import Edge
from backend.aws.clients import client
from backend.rules.transfer import GIB, MAX_PARTS, MIB

MAX_KEYS_A_DELETE = 1_000
# Calls at once from one invocation.
S3_THREADS = 8
# What files are served as unless they are known to be safe to show.
SAVED_TYPE = "application/octet-stream"
# What is copied in one call, of which S3 takes 5 GiB. More goes in parts, several at once.
COPY_BYTES = GIB
# How often one call asks S3 to complete an upload if the connection breaks before the response. The last try starts
# within this many seconds of the first: connecting (3 s) and waiting for the response (18 s) must still fit into API
# Gateway's timeout of 29 s.
COMPLETE_TRIES = 3
COMPLETE_AGAIN_WITHIN = 8


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """A part that S3 holds; `size` in bytes, `sha256` in base64."""

    number: int
    size: int
    sha256: str | None
    etag: str


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """A whole object that S3 holds; `sha256` is of the bytes, or of the parts' checksums with their number (`…-3`).

    `encoding` is the Content-Encoding that its sender gave it: what browsers save of it is not what S3 holds.
    """

    size: int
    sha256: str | None
    modified: datetime
    encoding: str | None = None

    @property
    def in_parts(self) -> bool:
        """Whether it was sent in parts; then `modified` is when its upload began."""
        return "-" in (self.sha256 or "")


@dataclass(frozen=True, kw_only=True)
class SignedPut:
    """A URL that takes one body once, and the headers that must come with it."""

    url: str
    headers: dict[str, str]


class UploadGoneError(Exception):
    """S3 does not know this multipart upload: it was completed, aborted or never begun."""


class UploadConflictError(Exception):
    """S3 does not complete a multipart upload while another write to the same key is under way."""


class Objects:
    """The objects of one bucket."""

    def __init__(self, bucket: str, edge: Edge | None = None) -> None:
        """Take the bucket's name, and what serves its files where S3 does not; all else is the runtime's."""
        self.bucket = bucket
        self.edge = edge

    @cached_property
    def _s3(self) -> Any:
        return _client(attempts=3, read_timeout=8)

    @cached_property
    def _patient(self) -> Any:
        # Completing may take S3 minutes, API Gateway waits 29 s: ask once, and let the page poll for the outcome.
        return _client(attempts=1, read_timeout=18)

    @cached_property
    def _copying(self) -> Any:
        return _client(attempts=5, read_timeout=120, connections=S3_THREADS**2)

    def start(self, key: str, *, saved_as: str | None = None) -> str:
        """Begin a multipart upload whose parts all carry SHA-256; return its id.

        `saved_as` is the Content-Disposition that its object keeps, for those who get it by its plain address.
        """
        kept = {"ContentDisposition": saved_as, "ContentType": SAVED_TYPE} if saved_as else {}
        answer = self._s3.create_multipart_upload(Bucket=self.bucket, Key=key, ChecksumAlgorithm="SHA256", **kept)
        return answer["UploadId"]

    def sign_whole(
        self, key: str, *, size: int, sha256: str | None, seconds: int, saved_as: str | None = None
    ) -> SignedPut:
        """Sign the PUT of a file of one part: exact length, never over an object that is there; `saved_as` as above."""
        params: dict[str, Any] = {"Key": key, "ContentLength": size, "IfNoneMatch": "*"}
        headers = {"if-none-match": "*"}
        if saved_as:
            params |= {"ContentDisposition": saved_as, "ContentType": SAVED_TYPE}
            headers |= {"content-disposition": saved_as, "content-type": SAVED_TYPE}
        return self._sign("put_object", params, sha256, seconds, headers)

    def sign_part(self, key: str, *, upload_id: str, number: int, size: int, sha256: str, seconds: int) -> SignedPut:
        """Sign the PUT of one part of a multipart upload: exact length and checksum."""
        params = {"Key": key, "UploadId": upload_id, "PartNumber": number, "ContentLength": size}
        return self._sign("upload_part", params, sha256, seconds, {})

    def _sign(
        self, call: str, params: Mapping[str, Any], sha256: str | None, seconds: int, headers: Mapping[str, str]
    ) -> SignedPut:
        signed = {"Bucket": self.bucket, **params}
        sent = dict(headers)
        if sha256 is not None:
            signed["ChecksumSHA256"] = sent["x-amz-checksum-sha256"] = sha256
        return SignedPut(url=self._s3.generate_presigned_url(call, Params=signed, ExpiresIn=seconds), headers=sent)

    def sign_download(self, key: str, *, disposition: str, seconds: int, content_type: str = SAVED_TYPE) -> str:
        """Sign a GET that is answered with this disposition and type, whatever the file contains."""
        answered = {
            "response-cache-control": "private, no-store",
            "response-content-disposition": disposition,
            "response-content-type": content_type,
        }
        if self.edge:
            return self.edge.sign(key, answered, seconds=seconds)
        params = {"Bucket": self.bucket, "Key": key} | {_param(name): value for name, value in answered.items()}
        return self._s3.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)

    def origin(self) -> str:
        """Return scheme and host of the bucket's URLs: the other origin that the page sends to."""
        url = urlsplit(self.plain_url("files"))
        return f"{url.scheme}://{url.netloc}"

    def downloads_origin(self) -> str:
        """Return scheme and host of signed downloads: the other origin that the page reads from."""
        return self.edge.origin if self.edge else self.origin()

    def plain_url(self, key: str) -> str:
        """Return an object's address without a signature: good for ever, for whom the bucket lets in without one."""
        params = {"Bucket": self.bucket, "Key": key}
        return self._s3.generate_presigned_url("get_object", Params=params).partition("?")[0]

    def parts(self, key: str, upload_id: str) -> list[StoredPart]:
        """Return every part that S3 has, in order; raise `UploadGoneError` where there is no such upload."""
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=key, UploadId=upload_id)
        try:
            return [
                StoredPart(
                    number=part["PartNumber"], size=part["Size"], sha256=part.get("ChecksumSHA256"), etag=part["ETag"]
                )
                for page in pages
                for part in page.get("Parts", [])
            ]
        except ClientError as error:
            if _code(error) == "NoSuchUpload":
                raise UploadGoneError from error
            raise

    def complete(self, key: str, upload_id: str, parts: Sequence[StoredPart], *, size: int) -> None:
        """Make one object of the parts, `size` bytes in all. Also return if S3 needs longer or did it before.

        Safe to repeat. Raises `UploadConflictError`, and botocore's errors if S3 is unreachable or busy.
        """
        begun = time.monotonic()
        for tries_left in reversed(range(COMPLETE_TRIES)):
            try:
                self._complete(key, upload_id, parts, size)
            except ReadTimeoutError:
                return  # S3 may need minutes and continues without us; its event tells the outcome
            except (NoConnectionError, HTTPClientError):
                # S3 may never have read the request: it closes idle connections while Lambda freezes the function.
                if not self._has(key, upload_id):
                    return
                if not tries_left or time.monotonic() - begun > COMPLETE_AGAIN_WITHIN:
                    raise
            else:
                return

    def _complete(self, key: str, upload_id: str, parts: Sequence[StoredPart], size: int) -> None:
        """Ask S3 once. It is fine if S3 has already completed the upload."""
        try:
            self._patient.complete_multipart_upload(
                Bucket=self.bucket,
                Key=key,
                UploadId=upload_id,
                MpuObjectSize=size,
                IfNoneMatch="*",
                MultipartUpload={
                    "Parts": [
                        {"PartNumber": part.number, "ETag": part.etag, "ChecksumSHA256": part.sha256} for part in parts
                    ]
                },
            )
        except ClientError as error:
            match _code(error):
                case "PreconditionFailed" | "NoSuchUpload":
                    return
                case "ConditionalRequestConflict":
                    if self._has(key, upload_id):
                        raise UploadConflictError from error
                case _:
                    raise

    def _has(self, key: str, upload_id: str) -> bool:
        """Tell whether a multipart upload is still there: neither completed nor aborted."""
        try:
            self._s3.list_parts(Bucket=self.bucket, Key=key, UploadId=upload_id, MaxParts=1)
        except ClientError as error:
            if _code(error) == "NoSuchUpload":
                return False
            raise
        return True

    def abort(self, key: str, upload_id: str) -> None:
        """Drop a multipart upload and its parts; one that is gone already is fine."""
        try:
            self._s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            if _code(error) != "NoSuchUpload":
                raise

    def head(self, key: str) -> StoredObject | None:
        """Return what S3 holds under the key, or None."""
        try:
            found = self._s3.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if _code(error) in ("404", "NoSuchKey"):
                return None
            raise
        return StoredObject(
            size=found["ContentLength"],
            sha256=found.get("ChecksumSHA256"),
            modified=found["LastModified"],
            encoding=found.get("ContentEncoding") or None,
        )

    def copy(self, source: str, target: str, *, size: int) -> bool:
        """Have S3 copy an object of `size` bytes; return False where there is none. The copy is there whole or not."""
        try:
            if size > COPY_BYTES:
                self._copy_parts(source, target, size)
            else:
                self._copying.copy_object(Bucket=self.bucket, Key=target, CopySource=self._place(source))
        except ClientError as error:
            if _code(error) in ("404", "NoSuchKey"):
                return False
            raise
        return True

    def _copy_parts(self, source: str, target: str, size: int) -> None:
        part_size = max(COPY_BYTES, -(-size // MAX_PARTS // MIB) * MIB)
        found = self._s3.head_object(**self._place(source))
        # What one call copies by itself, several do not: how the object is served by its plain address.
        kept = {name: found[name] for name in ("ContentDisposition", "ContentType") if name in found}
        upload_id = self._s3.create_multipart_upload(**self._place(target), **kept)["UploadId"]

        def copied(first: int) -> str:
            answer = self._copying.upload_part_copy(
                Bucket=self.bucket,
                Key=target,
                UploadId=upload_id,
                PartNumber=first // part_size + 1,
                CopySource=self._place(source),
                CopySourceRange=f"bytes={first}-{min(first + part_size, size) - 1}",
            )
            return answer["CopyPartResult"]["ETag"]

        try:
            with ThreadPoolExecutor(S3_THREADS) as pool:
                tags = list(pool.map(copied, range(0, size, part_size)))
        except BaseException:
            self.abort(target, upload_id)
            raise
        self._complete_copy(target, upload_id, tags, size)

    def _complete_copy(self, target: str, upload_id: str, tags: Sequence[str], size: int) -> None:
        """Ask S3 until there is an answer. Where none comes, S3 may still be at it: such an upload is not aborted."""
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        try:
            self._copying.complete_multipart_upload(
                Bucket=self.bucket, Key=target, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        except ClientError as error:
            # botocore retries if a response is lost, and finds no upload if the first try completed it.
            found = self.head(target) if _code(error) == "NoSuchUpload" else None
            if found is None or found.size != size:
                self.abort(target, upload_id)
                raise

    def _place(self, key: str) -> Mapping[str, str]:
        return {"Bucket": self.bucket, "Key": key}

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already are fine."""
        for first in range(0, len(keys), MAX_KEYS_A_DELETE):
            batch = [{"Key": key} for key in keys[first : first + MAX_KEYS_A_DELETE]]
            answer = self._s3.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
            for error in answer.get("Errors", []):
                raise ClientError({"Error": {"Code": error["Code"], "Message": error["Message"]}}, "DeleteObjects")


def _client(*, attempts: int, read_timeout: int, connections: int = 10) -> Any:
    # Without s3v4 botocore presigns with SigV2 and signs neither length nor checksum; without "when_required" it adds a
    # CRC32 of an empty body to every URL.
    return client(
        "s3",
        Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=3,
            read_timeout=read_timeout,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )


def _param(query: str) -> str:
    """Name a GET's query as botocore does: `ResponseContentType`."""
    return query.title().replace("-", "")


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
