"""What the local cloud's DynamoDB refuses before MiniStack sees it; `e2e/test_records.py` tries it on the real one."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from infra.cloud import make_strict


def tokenize(expression: str) -> list[tuple[str, str]]:
    """Read an expression as MiniStack does, as far as these tests go: words between spaces."""
    kinds = {"(": "LPAREN", "=": "EQ"}
    words = expression.replace("(", " ( ").split()
    return [(kinds.get(word, "VALUE_REF" if word[0] == ":" else "IDENT"), word) for word in words] + [("EOF", "")]


def ministack() -> Any:
    """Return a DynamoDB that takes everything."""

    async def handle(*_: object) -> str:
        return "taken"

    return SimpleNamespace(
        _tokenize=tokenize,
        AWS_KEYWORDS=frozenset({"SIZE", "SET", "ADD", "AND"}),
        error_response_json=lambda code, said: f"{code}: {said}",
        handle_request=handle,
    )


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"UpdateExpression": "SET a = :v", "ConditionExpression": "size(a) = :v AND b = :v"}, "taken"),
        ({"Item": {"ConditionExpression": {"S": "size = :v"}}}, "taken"),
        ({"ConditionExpression": "Size = :v"}, "ConditionExpression: {}: Size"),
        ({"ConditionExpression": "add = :v"}, "ConditionExpression: {}: add"),
        ({"TransactItems": [{"Update": {"UpdateExpression": "SET size = :v"}}]}, "UpdateExpression: {}: size"),
        ({"RequestItems": {"t": {"ProjectionExpression": "size"}}}, "ProjectionExpression: {}: size"),
    ],
)
def test_reserved_words_are_refused_in_awss_words(asked: dict[str, Any], answer: str) -> None:
    """Anywhere in a request, in any case; keywords where they belong, functions and data are accepted."""
    dynamodb = ministack()
    make_strict(dynamodb)
    said = asyncio.run(dynamodb.handle_request("POST", "/", {}, json.dumps(asked).encode(), {}))
    refusal = answer.format("Attribute name is a reserved keyword; reserved keyword")
    assert said == (answer if answer == "taken" else f"ValidationException: Invalid {refusal}")


@pytest.mark.parametrize(
    "other",
    [
        {"_tokenize": lambda expression: [("NAME", word) for word in expression.split()]},
        {"_tokenize": str.split},
        {"AWS_KEYWORDS": frozenset()},
    ],
)
def test_another_ministack_does_not_start(other: dict[str, Any]) -> None:
    """The check relies on MiniStack's internals: if they have changed, it must not start as if it were strict."""
    dynamodb = ministack()
    vars(dynamodb).update(other)
    with pytest.raises((RuntimeError, ValueError)):
        make_strict(dynamodb)
    vars(dynamodb).pop("AWS_KEYWORDS")
    with pytest.raises(AttributeError):
        make_strict(dynamodb)
