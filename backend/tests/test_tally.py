"""Counts and cursors."""

import pytest
from hypothesis import given, strategies as st

from backend.tally import SHARDS, Counts, Cursor, Event, Tally, entry_of, shard_of

FILES = 60
happenings = st.lists(st.tuples(st.integers(1, FILES), st.sampled_from(["stored", "failed", "removed"])), max_size=200)


def tally_of(happened: list[tuple[int, Event]]) -> Tally:
    """Return the lists after these events."""
    lists: dict[int, list[str]] = {}
    for number, event in happened:
        lists.setdefault(shard_of(number), []).append(entry_of(event, number))
    return Tally(lists)


@given(happenings)
def test_an_event_counts_once_however_often_it_is_told(happened: list[tuple[int, Event]]) -> None:
    """Duplicates change no count."""
    assert tally_of(happened + happened).counts(FILES) == tally_of(happened).counts(FILES)


@given(happenings, st.integers(1, 50), st.data())
def test_polls_see_every_change_wherever_they_stop(
    happened: list[tuple[int, Event]], limit: int, data: st.DataObject
) -> None:
    """Polls at any time, with any page size, together see every file that something happened to."""
    cursor, seen, done = Cursor(listed=FILES), set[int](), 0
    while done < len(happened):
        done = data.draw(st.integers(done + 1, len(happened)))
        more = True
        while more:
            changed, cursor, more = tally_of(happened[:done]).since(cursor, limit)
            assert len(changed) <= limit
            seen.update(changed)
    assert seen == {number for number, _ in happened}
    assert tally_of(happened).since(cursor, limit)[0] == []


@given(st.integers(0, 10_000), st.lists(st.integers(0, 999), min_size=SHARDS, max_size=SHARDS))
def test_a_cursor_comes_back_as_it_was_given_out(listed: int, lengths: list[int]) -> None:
    """Also when its last lists are empty, which it does not spell out."""
    cursor = Cursor(listed, tuple(lengths))
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "x", "1.", "-1", "1.2.x", "1" * 9, ".".join("1" * 18), "1\n", "\u0661"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Nothing but our own spelling is read."""
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(text)


def test_a_removed_file_counts_no_more_whatever_it_was() -> None:
    """Neither as stored nor as failed nor as a file."""
    tally = tally_of([(1, "stored"), (2, "failed"), (3, "stored"), (1, "removed"), (2, "removed")])
    assert tally.counts(3) == Counts(files=1, stored=1, failed=0)


def test_ready_means_every_file_that_is_left_is_stored() -> None:
    """An empty transfer is not ready."""
    assert tally_of([(1, "stored"), (2, "removed")]).counts(2).ready
    assert not tally_of([(1, "stored")]).counts(2).ready
    assert not tally_of([(1, "removed")]).counts(1).ready
