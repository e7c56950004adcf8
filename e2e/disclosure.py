"""What a run must not leave behind in anything that is written while it goes on: secrets, and what people confided."""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlsplit

# What the deployment makes and hands to one person only; in no address, error, log line or record of it.
SHAPES = {
    "an owner token": re.compile(r"(?<![\w/+=-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{43}(?![\w/+=-])", re.ASCII),
    "a grant or a session": re.compile(r"\b1[0-9]{9}\.[0-9a-f]{64}\b"),
    "a signature": re.compile(r"(?:Signature=|AWS4-HMAC-SHA256 Credential=)[\w/%-]+"),
    "a security token": re.compile(r"X-Amz-Security-Token[=\"': ]+[\w/%+-]+", re.IGNORECASE),
    "an account's token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}"),
    "an Authorization header": re.compile(r"\bBearer [\w.-]{16,}"),
}
SECRET_FIELDS = {"password", "passphrase", "owner_token"}
PRIVATE_FIELDS = {"name", "path", "title", "message", "details"}
# Shorter words stand in any log for other reasons.
LEAST = 8


@dataclass
class Confided:
    """What people have entrusted to a deployment: secrets, and words that are theirs alone."""

    secrets: set[str] = field(default_factory=set[str])
    words: set[str] = field(default_factory=set[str])

    def note_asked(self, body: bytes | None, kind: str) -> None:
        """Take what somebody has sent in a body of this content type, at any depth."""
        for name, value in _fields(body or b"", kind):
            if name in SECRET_FIELDS:
                self.secrets.add(value)
            elif name in PRIVATE_FIELDS:
                self.words.add(value)

    def note_answered(self, body: bytes, kind: str) -> None:
        """Take the secrets that somebody was given."""
        self.secrets.update(value for name, value in _fields(body, kind) if name in SECRET_FIELDS)

    @property
    def kept_from_senders(self) -> set[str]:
        """Return the secrets, apart from what somebody, an attacker as a rule, has put into a file's name as well."""
        return {secret for secret in self.secrets if not any(secret in word for word in self.words)}

    def note_cookies(self, cookies: Iterable[Mapping[str, Any]]) -> None:
        """Take a browser's cookies."""
        self.secrets.update(cookie["value"] for cookie in cookies)


def secrets_in(text: str, confided: Iterable[str]) -> list[str]:
    """Return the lines of a text that hold one of these, or anything of a secret's shape, each with what it holds."""
    known = _by_beginning(confided)
    found: list[str] = []
    for line in dict.fromkeys(text.splitlines()):
        found += [f"{what}: {line}" for what, shape in SHAPES.items() if shape.search(line)]
        found += [f"{word!r}: {line}" for word in _words_in(line, known)]
    return found


def addresses_with_secrets(addresses: Iterable[str], origin: str, confided: Iterable[str] = ()) -> list[str]:
    """Return those addresses of the app itself that hold a secret; what S3 is asked is signed, and has to."""
    paths = "\n".join(
        url for url in addresses if url.startswith(origin) and "X-Amz-Signature" not in urlsplit(url).query
    )
    return secrets_in(paths, confided)


def _by_beginning(words: Iterable[str]) -> dict[str, list[str]]:
    """Spell each word as it is, as JSON does and as an address does, and order them by how they begin."""
    found: dict[str, list[str]] = {}
    for word in words:
        for spelled in dict.fromkeys((word, json.dumps(word)[1:-1], quote(word, errors="replace"))):
            found.setdefault(spelled[:LEAST], []).append(spelled)
    return found


def _words_in(line: str, known: dict[str, list[str]]) -> Iterator[str]:
    """Yield those words that a line holds: a run has thousands of either, so no word is looked for by itself."""
    beginnings = {line[start : start + LEAST] for start in range(len(line) - LEAST + 1)} & known.keys()
    for beginning in beginnings:
        yield from (word for word in known[beginning] if word in line)


def _fields(body: bytes, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the names and texts in a body, as far as it can be read and they are long enough to tell."""
    text = body.decode(errors="replace")
    found: Iterable[tuple[str, str]] = ()
    if kind.startswith("application/json"):
        with contextlib.suppress(ValueError, RecursionError):
            found = list(_leaves(json.loads(text)))
    elif kind.startswith("application/x-www-form-urlencoded"):
        found = parse_qsl(text)
    yield from ((name, value) for name, value in found if len(value) >= LEAST)


def _leaves(thing: Any) -> Iterator[tuple[str, str]]:
    if isinstance(thing, dict):
        for name, value in cast("dict[str, Any]", thing).items():
            if isinstance(value, str):
                yield name, value
            else:
                yield from _leaves(value)
    elif isinstance(thing, list):
        for each in cast("list[Any]", thing):
            yield from _leaves(each)
