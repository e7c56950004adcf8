"""Parses DynamoDB's expressions as AWS does: into names, placeholders, functions, keywords and signs.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

_CONDITION_WORDS = frozenset({"AND", "BETWEEN", "IN", "NOT", "OR"})
_CONDITION_FUNCTIONS = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
)
# The keywords and functions of each kind of expression.
KINDS = {
    "ConditionExpression": (_CONDITION_WORDS, _CONDITION_FUNCTIONS),
    "FilterExpression": (_CONDITION_WORDS, _CONDITION_FUNCTIONS),
    "KeyConditionExpression": (frozenset({"AND", "BETWEEN"}), frozenset({"begins_with"})),
    "ProjectionExpression": (frozenset[str](), frozenset[str]()),
    "UpdateExpression": (
        frozenset({"ADD", "DELETE", "REMOVE", "SET"}),
        frozenset({"if_not_exists", "list_append"}),
    ),
}

_TOKEN = re.compile(r"(?P<word>[A-Za-z_]\w*)|(?P<name>#\w+)|(?P<value>:\w+)|<>|<=|>=|[=<>(),.+-]|\[\d+\]", re.ASCII)


def reserved_words() -> frozenset[str]:
    """Return the words that AWS does not accept as attributes, whatever their case."""
    lines = (Path(__file__).parent / "reserved_words.txt").read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


@dataclass
class Used:
    """What an expression refers to: attributes by their bare names, and placeholders for names and values."""

    bare: set[str] = field(default_factory=set[str])
    names: set[str] = field(default_factory=set[str])
    values: set[str] = field(default_factory=set[str])

    @property
    def reserved(self) -> set[str]:
        """Return the bare names that AWS rejects."""
        return {name for name in self.bare if name.upper() in reserved_words()}


def read(kind: str, expression: str) -> Used:
    """Return what an expression refers to; raise `ValueError` if it is not one of this kind."""
    keywords, functions = KINDS[kind]
    used, at = Used(), 0
    text = expression.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(f"{kind}: what is {text[at:]!r} in {expression!r}?")
        at = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())
        match found.lastgroup:
            case "name":
                used.names.add(found[0])
            case "value":
                used.values.add(found[0])
            case "word" if text.startswith("(", at) and found[0] not in keywords:
                if found[0] not in functions:
                    raise ValueError(f"{kind} has no function {found[0]!r}: {expression!r}")
            case "word" if found[0] not in keywords:
                used.bare.add(found[0])
            case _:
                pass
    return used
