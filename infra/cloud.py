"""MiniStack, made to reject DynamoDB's reserved words as AWS does. `infra.local` runs it on the local cloud's Python.

AWS does not accept these words as attribute names anywhere in an expression:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
MiniStack 1.5.33 accepts a reserved word that is also a function's name, as in `size = :size`, and checks only what it
evaluates: not an update whose condition fails, for example.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, cast

# The reserved words that are part of each kind of expression's syntax.
CONDITION_WORDS = frozenset({"AND", "BETWEEN", "IN", "NOT", "OR"})
SYNTAX = {
    "ConditionExpression": CONDITION_WORDS,
    "FilterExpression": CONDITION_WORDS,
    "KeyConditionExpression": CONDITION_WORDS,
    "ProjectionExpression": frozenset[str](),
    "UpdateExpression": frozenset({"ADD", "DELETE", "REMOVE", "SET"}),
}

Token = tuple[str, str]


def make_strict(dynamodb: Any) -> None:
    """Put the check in front of MiniStack's DynamoDB. Raises if this MiniStack works differently."""
    tokenize: Callable[[str], list[Token]] = dynamodb._tokenize  # noqa: SLF001
    reserved: frozenset[str] = dynamodb.AWS_KEYWORDS
    refuse: Callable[[str, str], Any] = dynamodb.error_response_json
    handle: Callable[..., Awaitable[Any]] = dynamodb.handle_request

    async def check(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        for kind, expression in _expressions(json.loads(body or b"{}")):
            if word := bare_word(tokenize(expression), reserved - SYNTAX[kind]):
                said = f"Invalid {kind}: Attribute name is a reserved keyword; reserved keyword: {word}"
                return refuse("ValidationException", said)
        return await handle(method, path, headers, body, query)

    if bare_word(tokenize("size = :size"), reserved) != "size" or bare_word(tokenize("size(a) = :size"), reserved):
        raise RuntimeError("This MiniStack parses expressions differently; infra/cloud.py must be adapted to it.")
    dynamodb.handle_request = check


def bare_word(tokens: Sequence[Token], reserved: Collection[str]) -> str | None:
    """Return the first reserved word used as an attribute, that is, not as a function: no parenthesis follows it."""
    for (kind, text), (following, _) in pairwise(tokens):
        if kind == "IDENT" and following != "LPAREN" and text.upper() in reserved:
            return text
    return None


def _expressions(asked: object) -> Iterator[tuple[str, str]]:
    """Yield every expression of a request with its kind, including those in transactions and batches."""
    if isinstance(asked, dict):
        for name, value in cast("dict[str, object]", asked).items():
            if name in SYNTAX and isinstance(value, str):
                yield name, value
            else:
                yield from _expressions(value)
    elif isinstance(asked, list):
        for each in cast("list[object]", asked):
            yield from _expressions(each)


if __name__ == "__main__":
    make_strict(import_module("ministack.services.dynamodb"))
    import_module("ministack.app").main()
