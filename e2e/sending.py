"""What the page does to send files, in plain HTTP: tests and `make verify` make the same calls."""

import base64
import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from e2e.cloud import PATIENCE_SECONDS, Answer, Cloud, eventually

MIB = 2**20


def sha256(body: bytes) -> str:
    """Return what S3 calls a checksum."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def begin(cloud: Cloud, *bodies: bytes, name: str = "file.bin", names: Sequence[str] = (), sign: int = 0) -> Any:
    """Begin a transfer of these files, with the first parts of the first `sign` of them signed."""
    called = names or [name] * len(bodies)
    files = [{"name": each, "size": len(body)} for each, body in zip(called, bodies, strict=True)]
    parts = [{"file": n, "number": 1, "sha256": sha256(body)} for n, body in enumerate(bodies[:sign], 1)]
    answer = cloud.call("POST", "api/transfers", body={"files": files, "parts": parts}, headers=cloud.sender)
    assert answer.status == HTTPStatus.CREATED, answer.data
    return answer.json


def put(cloud: Cloud, signed: Any, body: bytes, **headers: str) -> Answer:
    """Send a body to a signed URL, with the headers that came with it."""
    return cloud.call("PUT", signed["url"], raw=body, headers={**signed["headers"], **headers})


def status(cloud: Cloud, transfer: Any, token: str | None = None) -> Any:
    """Return a transfer's status."""
    return cloud.call("GET", f"api/transfers/{transfer['id']}", token=token).json


def stored(cloud: Cloud, transfer: Any, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until a transfer is ready, and return its status."""
    return eventually(lambda: (now := status(cloud, transfer))["state"] == "ready" and now, seconds)


def send_in_parts(cloud: Cloud, transfer: Any, *pieces: bytes) -> None:
    """Send the only file of a transfer in these parts, up to the last one's PUT."""
    parts = [{"file": 1, "number": n, "sha256": sha256(piece)} for n, piece in enumerate(pieces, 1)]
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    urls = cloud.call("POST", f"{place}/parts", body={"parts": parts}, token=token).json["urls"]
    for signed, piece in zip(urls, pieces, strict=True):
        answer = put(cloud, signed, piece)
        assert answer.status == HTTPStatus.OK, answer.data


def complete(cloud: Cloud, transfer: Any) -> Answer:
    """Ask the server to make one file of those parts."""
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    return cloud.call("POST", f"{place}/files/1/complete", token=token)
