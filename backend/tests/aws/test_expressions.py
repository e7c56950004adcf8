"""AWS understands what the table's code sends: every expression parses, and none uses a reserved word as a name."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from inspect import isfunction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from botocore.session import Session

from backend.aws import clients as aws
from backend.aws.table import items, records as records_module
from backend.aws.table.records import BlockedError, BusyError, FullError, GoneError, Records
from backend.rules.quota import Amount, Budget
from backend.rules.report import Report
from backend.rules.transfer import Content, Download, File, Transfer
from backend.rules.tries import Tries
from backend.tests.expressions import KINDS, read, reserved_words

ROOT = Path(__file__).parents[3]
# This test sends expressions that must be rejected.
ON_PURPOSE = ROOT / "infra" / "tests" / "test_cloud.py"

TRANSFER = Transfer(
    id="a" * 26, created=1, expires_at=2, ttl=3, owner_token_hash="h", last_number=1, account="b", password_hash="p"
)  # fmt: skip
FILE = File(number=1, name="n", size=1, type="", part_size=5, conflict_at=1)
DOWNLOAD = Download(at=1, file=1, bytes=1, source="x")
REPORT = Report(at=1, reason="other", text="t", source="x")
BUDGET = Budget(day="2026-11-24", sender="s")
CONTENT, AMOUNT = Content(files=1, bytes=1), Amount(transfers=1, bytes=1)
# One item that can be read as any of them.
ITEM = items.item(
    "a" * 26,
    "transfer",
    {**asdict(TRANSFER), **asdict(FILE), **asdict(REPORT), **asdict(DOWNLOAD), "sent": 1, "next_at": 1},
)

Call = tuple[tuple[Any, ...], dict[str, Any]]


def given(*arguments: Any, **named: Any) -> Call:
    """Return a call's arguments."""
    return arguments, named


ADDING: dict[str, Any] = {"token": "t", "until": 2, "now": 1, "most": CONTENT}
# Each public method of the table, called in every way that makes a different expression.
CALLS: Mapping[str, Iterable[Call]] = {
    "transfer": [given("t")],
    "overview": [given("t")],
    "files": [given("t", 1, 2)],
    "some_files": [given("t", [1])],
    "log": [given("t", 1)],
    "create": [given(TRANSFER, [FILE])],
    "remember_sent": [given(TRANSFER, name="n", bytes_=1)],
    "sent": [given("a", 1)],
    "some_transfers": [given(["t"])],
    "begin_adding": [given("t", CONTENT, first=None, **ADDING), given("t", CONTENT, first=2, **ADDING)],
    "finish_adding": [given(TRANSFER, [FILE], token="t")],
    "stop_adding": [given("t", token="t")],
    "keep_upload": [given("t", 1, "u")],
    "note_conflict": [given("t", 1, "u", now=1, stale=0)],
    "drop_upload": [given("t", 1, "u")],
    "store": [given("t", 1, size=1, sha256=None, link="l")],
    "fail": [given("t", 1, "why")],
    "remove_file": [given("t", 1)],
    "count_download": [given("t", 1, None), given("t", 1, 1)],
    "log_download": [given(TRANSFER, DOWNLOAD, unique="u", source="s", resumes=1)],
    "resume_download": [given("t", 1, "s")],
    "reserve": [given(BUDGET, "sender", AMOUNT, most=AMOUNT)],
    "give_back": [given(BUDGET, "total", AMOUNT)],
    "change": [given("t", {name: value}) for name, value in asdict(TRANSFER).items() if name != "id"],
    "begin_try": [given(TRANSFER, until=1)],
    "end_try": [given(TRANSFER, wrong=1, next_try=1)],
    "tries": [given("c")],
    "replace_tries": [given("c", Tries(), Tries(), ttl=1)],
    "forget_tries": [given("c")],
    "take_back_try": [given("c")],
    "reporter": [given(BUDGET)],
    "count_reporter": [given(BUDGET, seen=1, next_at=1)],
    "report": [given(TRANSFER, REPORT, unique="u")],
    "reports": [given("t")],
    "begin_alert": [given("t", now=1, pause=1)],
    "undo_alert": [given(TRANSFER)],
    "newest": [given(), given((1, "t"))],
    "block": [given("t", 1)],
    "begin_handling": [given("t", token="t", now=1, until=2)],
    "renew_handling": [given("t", token="t", until=2)],
    "end_handling": [given("t", token="t")],
    "set_secured": [given("t", secured=True)],
    "unblock": [given(TRANSFER, expires_at=1, ttl=1, stood_still=1)],
    "end_blocked": [given("t", 1)],
    "kept_otherwise": [given(TRANSFER, 1)],
    "keep": [given(("p", "s"), 1)],
    "hold": [given("t", 1)],
    "release": [given("t", 1)],
    "expired": [given(1)],
    "end": [given("t", 1)],
    "forget_files": [given("t", [FILE])],
    "shorten": [given("t", 1)],
    "forget": [given("t")],
}


class Table:
    """A table behind botocore's own clients that records its requests: all its items are `ITEM`, or it is empty."""

    def __init__(self, holds: Literal["everything", "nothing"]) -> None:
        """Take the item for conditions to find."""
        self.asked: list[dict[str, Any]] = []
        self.holds = holds
        self.session = Session()
        self.session.set_credentials("test", "test")
        self.session.set_config_variable("region", "us-east-1")
        self.session.register("before-parameter-build.dynamodb", self._note)
        answer: Any = self._answer  # the types know only of handlers that answer nothing
        self.session.register("before-call.dynamodb", answer)

    def _note(self, params: dict[str, Any], **_: object) -> None:
        self.asked.append(params)

    def _answer(self, model: Any, **_: object) -> tuple[Any, dict[str, Any]]:
        if self.holds == "nothing" and model.name == "UpdateItem" and "ConditionExpression" in self.asked[-1]:
            return SimpleNamespace(status_code=400), {"Error": {"Code": "ConditionalCheckFailedException"}}
        found = [ITEM] if self.holds == "everything" else []
        answers = {
            "GetItem": {"Item": ITEM} if found else {},
            "Query": {"Items": found},
            "BatchGetItem": {"Responses": {"table": found}},
            "UpdateItem": {"Attributes": ITEM},
        }
        return SimpleNamespace(status_code=200), answers.get(model.name, {})


@pytest.fixture(scope="module")
def asked() -> list[dict[str, Any]]:
    """Return the parameters of all calls that the code can make."""
    made: list[dict[str, Any]] = []
    for holds in ("everything", "nothing"):
        table, records = Table(holds), Records("table")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(aws, "session", lambda session=table.session: session)
            for method, calls in CALLS.items():
                for arguments, named in calls:
                    with suppress(BlockedError, BusyError, FullError, GoneError):
                        answer = getattr(records, method)(*arguments, **named)
                        list(answer if isinstance(answer, Iterator) else [])
        made += table.asked
    return made


def sent(asked: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Return all expressions among parameters, with their kinds."""
    return {(kind, parameters[kind]) for parameters in asked for kind in KINDS.keys() & parameters.keys()}


def literals() -> Iterator[str]:
    """Yield the pieces of expressions in the table's source: strings with a clause, a placeholder or a function."""
    tree = ast.parse(Path(records_module.__file__).read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    clue = re.compile(r"\b(SET|ADD|REMOVE|DELETE) | [#:][a-z]|[a-z]\(")
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if clue.search(text) and id(node) not in docstrings:
                yield text
            case _:
                pass


def test_aws_has_so_many_reserved_words() -> None:
    """None is missing: AWS documents 573, and three other implementations have the same ones."""
    assert len(reserved_words()) == 573
    assert {"SIZE", "ABORT", "ZONE", "STATE", "TTL"} <= reserved_words()


def test_every_method_of_the_table_is_called() -> None:
    """Anyone who adds a method must add it here."""
    assert CALLS.keys() == {name for name, what in vars(Records).items() if isfunction(what) and name[0] != "_"}


def test_every_expression_in_the_source_is_sent(asked: list[dict[str, Any]]) -> None:
    """Each branch that makes a different one is taken."""
    said = [expression for _, expression in sent(asked)]
    found = [literal.removeprefix("SET ") for literal in literals()]  # more may stand in front of what is set
    assert len(found) > 50
    assert [literal for literal in found if not any(literal in expression for expression in said)] == []


def test_no_attribute_is_named_by_a_reserved_word(asked: list[dict[str, Any]]) -> None:
    """AWS rejects each, even if the word is also a function's name, as `size` is."""
    used = {expression: read(kind, expression).reserved for kind, expression in sent(asked)}
    assert {expression: words for expression, words in used.items() if words} == {}


def test_all_placeholders_are_defined_and_all_that_are_defined_are_used(asked: list[dict[str, Any]]) -> None:
    """AWS rejects undefined and unused ones, and an empty map of them."""
    for parameters in asked:
        used = [read(kind, expression) for kind, expression in sent([parameters])]
        for which, defined in (
            ({name for each in used for name in each.names}, parameters.get("ExpressionAttributeNames")),
            ({name for each in used for name in each.values}, parameters.get("ExpressionAttributeValues")),
        ):
            assert which == set(defined or ()), parameters
            assert defined is None or defined, parameters


@pytest.mark.parametrize(
    ("kind", "expression", "bare", "reserved"),
    [
        ("ConditionExpression", "#state = :pending AND size = :size", {"size"}, {"size"}),
        ("ConditionExpression", "size(files) > :most OR NOT (#a IN (:a,:b))", {"files"}, set()),
        ("KeyConditionExpression", "pk = :pk AND Hash BETWEEN :a AND :b", {"pk", "Hash"}, {"Hash"}),
        ("UpdateExpression", "SET a.b[0] = if_not_exists(ttl, :a) - :b REMOVE c", {"a", "b", "ttl", "c"}, {"ttl"}),
        ("ProjectionExpression", "pk,  add", {"pk", "add"}, {"add"}),
    ],
)
def test_names_are_told_from_functions_and_keywords(
    kind: str, expression: str, bare: set[str], reserved: set[str]
) -> None:
    """In any case, and also deep in a document."""
    assert (read(kind, expression).bare, read(kind, expression).reserved) == (bare, reserved)


@pytest.mark.parametrize("expression", ["a == :b; c", "a = 'b'", "length(a) = :b", "list_append(a, :b) = :c"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    """Signs and functions that AWS does not have there."""
    with pytest.raises(ValueError, match="ConditionExpression"):
        read("ConditionExpression", expression)


def test_nothing_else_of_ours_names_an_attribute_by_a_reserved_word() -> None:
    """Tests, benchmarks and tools that query the table themselves."""
    found = list(spelled_elsewhere())
    assert len(found) > 5
    assert {expression: words for kind, expression in found if (words := read(kind, expression).reserved)} == {}


def spelled_elsewhere() -> Iterator[tuple[str, str]]:
    """Yield other code's expressions for DynamoDB, in keyword arguments or dictionaries; `f"{x}"` is `x` here."""
    for folder in ("backend", "bench", "e2e", "infra"):
        for path in set((ROOT / folder).rglob("*.py")) - {ON_PURPOSE}:
            for node in ast.walk(ast.parse(path.read_text())):
                for kind, value in _named(node):
                    if kind in KINDS and (text := _spelled(value)):
                        yield kind, text


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        case _:
            pass


def _spelled(value: ast.expr) -> str | None:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_spelled(part) or "x" for part in parts)
        case _:
            return None
