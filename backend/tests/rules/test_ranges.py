"""What a Range header asks for."""

import pytest
from hypothesis import given, strategies as st

from backend.rules.ranges import Span, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, Span(0, 100)),
        ("", Span(0, 100)),
        ("bytes=0-", Span(0, 100)),
        ("bytes=40-", Span(40, 60)),
        (" Bytes=40-49 ", Span(40, 10)),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=40-1000", Span(40, 60)),
        ("bytes=-30", Span(70, 30)),
        ("bytes=-1000", Span(0, 100)),
        ("bytes=100-", Span(100, 0)),
        ("bytes=500-600", Span(500, 0)),
        ("bytes=-", Span(0, 100)),
        ("bytes=9-3", Span(0, 100)),
        ("bytes=0-1,5-9", Span(0, 100)),
        ("items=5-9", Span(0, 100)),
        ("bytes=" + "9" * 40 + "-", Span(0, 100)),
        ("bytes=٣-", Span(0, 100)),
    ],
)
def test_one_range_that_makes_sense_is_heeded(header: str | None, span: Span) -> None:
    """S3 sends the whole file for anything else."""
    assert span_of(header, 100) == span


@given(st.text() | st.from_regex(r"bytes=[0-9]*-[0-9]*", fullmatch=True), st.integers(min_value=0, max_value=2**43))
def test_no_header_asks_for_more_than_there_is(header: str, size: int) -> None:
    """Whatever stands in it."""
    span = span_of(header, size)
    assert 0 <= span.bytes <= size
    assert span.start >= 0
    assert span.bytes == 0 or span.start + span.bytes <= size
