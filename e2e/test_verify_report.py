"""The report of `make verify`, and how it handles responses that only AWS gives."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from backend.http.headers import every_answer
from e2e.cloud import ROOT, Answer, Cloud
from e2e.verify import gateway
from e2e.verify.__main__ import CHECKS
from e2e.verify.report import Check, Line, NotTriedError, UnexpectedError, came, outcome_of, summary
from e2e.verify.target import Target


def ends(error: Exception) -> Line:
    """Return the outcome of a check that raises this."""

    def tried(_: None) -> str:
        raise error

    return outcome_of(Check("It", "this", tried), None)


def test_a_check_is_ok_failed_or_not_tried() -> None:
    """Whatever it raises, the others still run."""
    fine = outcome_of(Check[None]("It", "this", lambda _: came("this", ok=True)), None)
    assert (fine.outcome, fine.came) == ("ok", "this")
    lines = [fine, *map(ends, (UnexpectedError("that"), NotTriedError("no"), ValueError("odd"), AssertionError("b")))]
    assert [line.outcome for line in lines] == ["ok", "FAILED", "not tried", "FAILED", "FAILED"]
    assert [line.came for line in lines[1:]] == ["that", "no", "ValueError: odd", "AssertionError: b"]
    assert summary(lines) == "1 ok, 3 FAILED, 1 not tried"
    with pytest.raises(UnexpectedError, match="that"):
        came("that", ok=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b\nc", "a \\| b c"),
        ("GET /k?X-Amz-Signature=abc&x=1 failed", "GET /k?(query) failed"),
        ("User: arn:aws:sts::123456789012:assumed-role/x", "User: arn:aws:sts::(account):assumed-role/x"),
        ("HTTPSConnectionPool(host='files.example.com', port=443)", "HTTPSConnectionPool((host), port=443)"),
        ("https://abc123.execute-api.eu-central-1.amazonaws.com/prod/", "https://(host)/prod/"),
        ("x" * 5_000, "x" * 300),
    ],
)
def test_a_line_is_fit_for_an_issue(text: str, shown: str) -> None:
    """It stays a row, and names no URL, account or address."""
    assert str(Line("FAILED", "It", "this", text)) == f"| FAILED | It | this | {shown} |"


@dataclass(kw_only=True)
class Throttled(Cloud):
    """A deployment on AWS that allows ten requests a second, and twenty at once."""

    answer: Answer
    page: Answer | None = None
    """What browsers get, where that is something else."""

    def client(self, service: str) -> Any:
        """Return what says so."""
        return {"cloudformation": _Stack(), "apigateway": _Gateway()}[service]

    def read_outputs(self) -> dict[str, str]:
        """Return none."""
        return {}

    def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **_: object) -> Answer:
        """Answer."""
        assert (method, path) == ("GET", "api/x/y/z")
        wants_page = (headers or {}).get("Accept", "").startswith("text/html")
        return self.page if self.page and wants_page else self.answer


class _Stack:
    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Any:
        return self

    def search(self, expression: str) -> list[str]:
        return ["abc123" if "RestApi" in expression else "prod"]


class _Gateway:
    def get_stage(self, **asked: str) -> Any:
        assert asked == {"restApiId": "abc123", "stageName": "prod"}
        return {"methodSettings": {"*/*": {"throttlingRateLimit": 10.0, "throttlingBurstLimit": 20}}}


def answer(status: int, code: str, *, https: bool = True) -> Answer:
    """Return an error in our form."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **every_answer(https=https)}
    return Answer(status, headers, json.dumps({"error": {"code": code}}).encode())


PAGE = Answer(429, {"Content-Type": "text/html"}, b"<!doctype html>")


@pytest.mark.parametrize(
    ("answered", "page", "outcome", "said"),
    [
        (answer(429, "too_many_requests"), PAGE, "ok", "all headers; text/html for a browser, among 256 requests"),
        (answer(429, "too_many_requests"), None, "FAILED", "application/json for a browser"),
        (answer(429, "too_many_requests", https=False), PAGE, "FAILED", "without Strict-Transport-Security"),
        (answer(429, "unavailable"), PAGE, "FAILED", "429 unavailable"),
        (answer(404, "not_found"), None, "FAILED", "no 429 among"),
    ],
)
def test_the_gateway_is_pressed_until_it_refuses(
    monkeypatch: pytest.MonkeyPatch, answered: Answer, page: Answer | None, outcome: str, said: str
) -> None:
    """And its response is checked."""
    monkeypatch.setattr(gateway, "FLOOD_SECONDS", 0.2)
    target = Target(Throttled(address="https://files.example.com/", answer=answered, page=page))
    line = outcome_of(Check("429", "429", gateway.own_429), target)
    assert line.outcome == outcome, line
    assert said in line.came


def test_who_sends_too_slowly_to_be_refused_has_not_tried_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """That says nothing about the gateway."""
    monkeypatch.setattr(gateway, "FLOOD_SECONDS", 0)
    target = Target(Throttled(address="https://files.example.com/", answer=answer(404, "not_found")))
    line = outcome_of(Check("429", "429", gateway.own_429), target)
    assert line.outcome == "not tried"
    assert line.came.startswith("this machine cannot send fast enough: no 429 among 0 requests")


def test_the_report_in_the_docs_has_the_lines_of_today() -> None:
    """The same checks in the same order, with the same expected results."""
    lines = (ROOT / "docs" / "verify.md").read_text("utf-8").splitlines()
    rows = [line.split(" | ")[1:3] for line in lines if line.startswith("| ")]
    assert rows[1:-1] == [[check.what, check.expected] for check in CHECKS]
