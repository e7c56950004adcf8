"""The checks, their outcomes, and the report: a Markdown table that can go into an issue."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

_Target = TypeVar("_Target")

Outcome = Literal["ok", "FAILED", "not tried"]

# An error can quote a presigned URL, an account's number in an ARN, the deployment's address, or a whole page.
_QUERY = re.compile(r"\?[^\s'\"]+")
_ACCOUNT = re.compile(r"\b[0-9]{12}\b")
_HOST = re.compile(r"host='[^']*'|[\w-]+\.execute-api\.[\w.-]+")
MOST_CHARACTERS = 300


class UnexpectedError(Exception):
    """The result was not the expected one; the text says what it was."""


class NotTriedError(Exception):
    """A check cannot run here; the text says why."""


@dataclass(frozen=True)
class Check(Generic[_Target]):
    """One line of the report. `tried` returns the result or raises: any error but `NotTriedError` is a failure."""

    what: str
    expected: str
    tried: Callable[[_Target], str]


@dataclass(frozen=True)
class Line:
    """How a check ended."""

    outcome: Outcome
    what: str
    expected: str
    came: str

    def __str__(self) -> str:
        """Return a row of the table."""
        return f"| {' | '.join(map(_cell, (self.outcome, self.what, self.expected, self.came)))} |"


HEAD = "| outcome | check | expected | actual |\n|---|---|---|---|"


def came(text: str, *, ok: bool) -> str:
    """Return the result; raise `UnexpectedError` with it if it is not the expected one."""
    if not ok:
        raise UnexpectedError(text)
    return text


def outcome_of(check: Check[_Target], target: _Target) -> Line:
    """Run a check, and never raise: an error is its outcome."""
    outcome: Outcome = "ok"
    try:
        text = check.tried(target)
    except NotTriedError as error:
        outcome, text = "not tried", str(error)
    except UnexpectedError as error:
        outcome, text = "FAILED", str(error)
    except Exception as error:  # noqa: BLE001  whatever it is, the other checks should still run
        outcome, text = "FAILED", f"{type(error).__name__}: {error}"
    return Line(outcome, check.what, check.expected, text)


def summary(lines: Iterable[Line]) -> str:
    """Count the outcomes."""
    outcomes = [line.outcome for line in lines]
    return ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ("ok", "FAILED", "not tried"))


def _cell(text: str) -> str:
    plain = _HOST.sub("(host)", _ACCOUNT.sub("(account)", _QUERY.sub("?(query)", text)))
    return " ".join(plain.split())[:MOST_CHARACTERS].replace("|", "\\|")
