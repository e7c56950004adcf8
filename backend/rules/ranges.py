"""What a Range header asks for. Pure."""

import re
from dataclasses import dataclass

_SPAN = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """A stretch of a file: where it begins, and how many bytes it has."""

    start: int
    bytes: int


def span_of(header: str | None, size: int) -> Span:
    """Return what S3 will send of a file of `size` bytes: all, unless the header names one range that makes sense.

    A range that begins behind the end has no bytes; S3 refuses it.
    """
    match = _SPAN.fullmatch((header or "").strip())
    if not match or match[0].endswith("=-"):
        return Span(0, size)
    first, last = match.groups()
    if not first:
        tail = min(int(last), size)
        return Span(size - tail, tail)
    start = int(first)
    if last and int(last) < start:
        return Span(0, size)
    end = min(int(last) + 1, size) if last else size
    return Span(start, max(0, end - start))
