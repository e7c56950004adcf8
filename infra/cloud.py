"""MiniStack, made to refuse DynamoDB's reserved words as AWS does. `infra.local` runs it on the local cloud's Python.

AWS takes none of these words for an attribute, wherever in an expression it stands:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
MiniStack 1.5.33 lets pass what is also a function's name, as in `size = :size`, and looks only at what it evaluates:
not at an update whose condition fails, for example.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, cast

# The reserved words that each kind of expression is written with.
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
    """Put the check in front of MiniStack's DynamoDB. Raises where that is not what this was written for."""
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
        raise RuntimeError("This MiniStack reads expressions in another way; infra/cloud.py must be written anew.")
    dynamodb.handle_request = check


def bare_word(tokens: Sequence[Token], reserved: Collection[str]) -> str | None:
    """Return the first reserved word that stands for an attribute: it is no function, which a parenthesis follows."""
    for (kind, text), (following, _) in pairwise(tokens):
        if kind == "IDENT" and following != "LPAREN" and text.upper() in reserved:
            return text
    return None


def _expressions(asked: object) -> Iterator[tuple[str, str]]:
    """Yield every expression of a request with its kind, those inside transactions and batches, too."""
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
