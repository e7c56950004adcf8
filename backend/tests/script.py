"""AWS as a script: responses, errors and lost connections under botocore, so that it sends nothing."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from backend.aws import clients as aws

# Status and body, or the error of the connection.
Answer = tuple[int, str] | Exception


class Script:
    """Answers each call with the next of its `answers`, and records the calls."""

    def __init__(self) -> None:
        """Begin with no answers."""
        self.calls: list[str] = []
        self.answers: dict[str, list[Answer]] = {}

    def answer(self, event_name: str, **_: Any) -> Any:
        """Stand in for the network, as a handler of botocore's `before-send`."""
        call = event_name.rpartition(".")[2]
        self.calls.append(call)
        answer = self.answers[call].pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return AWSResponse("https://aws.example", status, HTTPHeaders(), _Raw(body.encode()))


class _Raw(BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def scripted(service: str) -> Generator[Script]:
    """Make new clients of this service talk to a script."""
    script, event = Script(), f"before-send.{service}"
    aws.session().register(event, script.answer)
    try:
        yield script
    finally:
        aws.session().unregister(event, script.answer)
