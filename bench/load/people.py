"""What senders, recipients and those who only call hello do, in one visit each; every step goes into the ledger."""

import base64
import hashlib
import http.client
import ipaddress
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from bench.load.ledger import Entry, Ledger, Step

FILE_BYTES = 64 * 1024
# The gateway ends after 29 seconds whatever has not been answered.
UNANSWERED_SECONDS = 30
NO_LINK_SECONDS = 30
# As the page does (frontend/static/engine/poll.js).
SOONEST_SECONDS, LATEST_SECONDS, SHARE = 0.15, 2, 1 / 4
EXAMPLE_CHARACTERS = 300


class StepFailedError(Exception):
    """A step went wrong and is in the ledger; the visit cannot go on."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    data: bytes


Check = Callable[[Answer], str]
"""Says in words what is wrong with an answer, or nothing."""


def answers(status: HTTPStatus) -> Check:
    """Return the check for one status."""
    return lambda answer: "" if answer.status == status else f"answered {answer.status}"


def answers_bytes(digest: bytes) -> Check:
    """Return the check for 200 with a body of this SHA-256."""

    def check(answer: Answer) -> str:
        if wrong := answers(HTTPStatus.OK)(answer):
            return wrong
        return "" if hashlib.sha256(answer.data).digest() == digest else "other bytes than were sent"

    return check


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A transfer whose link works."""

    link: str
    digest: bytes
    """SHA-256 of its one file."""


@dataclass
class Board:
    """The links that were handed on. Whoever takes one gets the next in turn, and after the last the first again."""

    sent: list[Sent] = field(default_factory=list[Sent])
    turn: Iterator[int] = field(default_factory=itertools.count)

    def take(self) -> Sent:
        """Return the next."""
        return self.sent[next(self.turn) % len(self.sent)]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody at an address of his own, as the gateway sees it: the local one believes X-Forwarded-For."""

    ledger: Ledger
    source: str

    def ask(
        self,
        step: Step,
        url: str,
        check: Check,
        *,
        due: float,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request over a connection of its own, so that all steps are measured alike, and write it down.

        Raises StepFailedError; nothing is ever tried again.
        """
        began = time.perf_counter()
        answer = None
        try:
            answer = _exchange(method, url, body, {"X-Forwarded-For": self.source, **(headers or {})})
            failure, example = check(answer), _example(answer)
        except (OSError, http.client.HTTPException) as error:
            failure, example = f"no answer: {type(error).__name__}", str(error)
        entry = Entry(
            step=step,
            due=due,
            late=began - due,
            took=time.perf_counter() - due,
            size=_carried(step, body, answer),
            failure=failure,
            example=example if failure else "",
        )
        self.ledger.add(entry)
        if failure or answer is None:
            raise StepFailedError
        return answer


def _exchange(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=UNANSWERED_SECONDS)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl(), body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def _carried(step: Step, sent: bytes | None, answer: Answer | None) -> int:
    """Return the bytes of a file that a step has carried."""
    if step is Step.PUT:
        return len(sent or b"")
    return len(answer.data) if step is Step.GET and answer else 0


def _example(answer: Answer) -> str:
    return answer.data[:EXAMPLE_CHARACTERS].decode(errors="replace")


def source(number: int) -> str:
    """Return an address for each person, from those that are set aside for benchmarks (RFC 2544)."""
    return str(ipaddress.ip_address("198.18.0.0") + 1 + number)


def send(person: Person, address: str, board: Board, due: float) -> None:
    """Send a file of random bytes as the page does, wait for the link, and hand it on."""
    content = os.urandom(FILE_BYTES)
    digest = hashlib.sha256(content).digest()
    asked = {
        "files": [{"name": "load.bin", "size": len(content), "type": "application/octet-stream"}],
        "parts": [{"file": 1, "number": 1, "sha256": base64.b64encode(digest).decode()}],
    }
    begun = person.ask(
        Step.BEGIN,
        urljoin(address, "api/transfers"),
        answers(HTTPStatus.CREATED),
        due=due,
        method="POST",
        body=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    made: dict[str, Any] = json.loads(begun.data)
    signed: dict[str, Any] = made["urls"][0]
    person.ask(
        Step.PUT,
        signed["url"],
        answers(HTTPStatus.OK),
        due=time.perf_counter(),
        method="PUT",
        body=content,
        headers=signed["headers"],
    )
    await_link(person, urljoin(address, f"api/transfers/{made['id']}"), made["cursor"], made["owner_token"])
    board.sent.append(Sent(link=urljoin(address, made["link"]), digest=digest))


def await_link(person: Person, url: str, cursor: str, token: str) -> None:
    """Ask until the link is there, at once and then ever later, and write down how long it took."""
    began = time.perf_counter()
    query = f"?since={cursor}&urls=false"
    # The first time S3 is looked at before the answer, so that nobody waits for its event.
    named = "&check=1"
    while True:
        asked = time.perf_counter()
        answer = person.ask(
            Step.STATUS,
            url + query + named,
            answers(HTTPStatus.OK),
            due=asked,
            headers={"Authorization": f"Bearer {token}"},
        )
        named = ""
        waited = time.perf_counter() - began
        if json.loads(answer.data)["link"]:
            person.ledger.add(Entry(step=Step.LINK, due=began, late=0, took=waited))
            return
        if waited > NO_LINK_SECONDS:
            failure = f"no link within {NO_LINK_SECONDS} s"
            person.ledger.add(
                Entry(step=Step.LINK, due=began, late=0, took=waited, failure=failure, example=_example(answer))
            )
            raise StepFailedError
        time.sleep(min(LATEST_SECONDS, max(SOONEST_SECONDS, waited * SHARE)))


def receive(person: Person, board: Board, due: float) -> None:
    """Open a link, ask for its file, get it, and compare it with what was sent."""
    sent = board.take()
    person.ask(Step.PAGE, sent.link, answers(HTTPStatus.OK), due=due)
    led = person.ask(Step.DOWNLOAD, f"{sent.link}/files/1", answers(HTTPStatus.SEE_OTHER), due=time.perf_counter())
    person.ask(Step.GET, led.headers["Location"], answers_bytes(sent.digest), due=time.perf_counter())


def greet(person: Person, step: Step, address: str, due: float) -> None:
    """Call a function that says hello."""
    person.ask(step, address, answers(HTTPStatus.OK), due=due)
