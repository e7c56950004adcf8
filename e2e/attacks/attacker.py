"""How attacks are made and judged."""

import http.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

from e2e.cloud import Answer, Cloud

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


class Note(Protocol):
    """Writes down what was tried, and fails the test where it did not hold."""

    def __call__(self, what: str, came_back: str, *, held: bool) -> None:
        """Take one attempt."""
        ...


@dataclass(frozen=True)
class Attacker:
    """Tries things on a deployment."""

    cloud: Cloud
    note: Note

    def refused(self, what: str, answer: Answer, *statuses: int) -> Answer:
        """Note an attack that has to come back with one of these statuses."""
        self.note(what, _said(answer), held=answer.status in statuses)
        return answer

    def harmless(self, what: str, answer: Answer, *, held: bool) -> None:
        """Note an attack that is answered, but does nothing."""
        self.note(what, _said(answer), held=held and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR)

    def raw(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send a request whose path no library tidies up first; `path` is below the app's root."""
        place = urlsplit(self.cloud.address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        try:
            connection.putrequest(method, place.path + path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


def parts(*numbers: int, file: int = 1) -> dict[str, Any]:
    """Return the body that asks for these parts to be signed."""
    return {"parts": [{"file": file, "number": number, "sha256": "A" * 43 + "="} for number in numbers]}


def owners_calls(transfer: str) -> Iterable[tuple[str, str, Any]]:
    """Return every call that only the owner of a transfer may make, the one that ends it last."""
    place = f"api/transfers/{transfer}"
    return (
        ("POST", f"{place}/files", {"files": [{"name": "added", "size": 1}]}),
        ("POST", f"{place}/parts", parts(1, file=3)),
        ("GET", f"{place}/files/1/parts", None),
        ("POST", f"{place}/files/3/complete", None),
        ("GET", f"{place}/log", None),
        ("PATCH", place, {"title": "taken over"}),
        ("DELETE", f"{place}/files/1", None),
        ("DELETE", place, None),
    )


def accounts_calls(transfer: str) -> Iterable[tuple[str, str]]:
    """Return every call that only accounts may make, and of them what only operators may."""
    return (
        ("GET", "api/transfers"),
        ("POST", f"api/transfers/{transfer}/owner"),
        *operators_calls(transfer),
    )


def operators_calls(transfer: str) -> Iterable[tuple[str, str]]:
    """Return every call that only operators may make."""
    return ("GET", "api/operator/transfers"), ("POST", f"api/operator/transfers/{transfer}/block")


def _said(answer: Answer) -> str:
    """Return a status and, where it is an error of ours or of S3's, its code."""
    code = ""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        text = answer.data.decode(errors="replace")
        for before, after in (("<Code>", "</Code>"), ('"code":"', '"')):
            if before in text:
                code = " " + text.split(before)[1].split(after)[0]
    elif "Location" in answer.headers:
        code = " → " + answer.headers["Location"].partition("?")[0][:60]
    return f"{answer.status}{code}"
