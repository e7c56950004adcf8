"""Counts and cursors."""

from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from backend.aws.table import items
from backend.rules.tally import MOST_FILES, SHARDS, Counts, Cursor, Event, Tally, entry_of, shard_of
from backend.rules.transfer import File, id_of, key_of, parse_key
from backend.services.erasure import NO_END
from backend.tests.fakes import FakeRecords

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


def size_of(item: dict[str, str | int | list[str]]) -> int:
    """Return what DynamoDB counts of an item, in bytes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    size = 0
    for name, value in item.items():
        size += len(name.encode())
        match value:
            case list():
                size += 3 + sum(1 + len(entry.encode()) for entry in value)
            case int():
                size += 1 + -(-len(str(value)) // 2)
            case str():
                size += len(value.encode())
    return size


def test_the_lists_of_the_largest_transfer_fit_into_their_items() -> None:
    """Even though every file leaves two entries: it is stored or fails, and is removed. A poll reads two pages.

    An item may have 400 KB, a page of a query 1 MB:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    sizes: list[int] = []
    for shard in range(SHARDS):
        numbers = [number for number in range(1, MOST_FILES + 1) if shard_of(number) == shard]
        log = [entry_of(event, number) for event in ("stored", "removed") for number in numbers]
        sizes.append(size_of({"pk": id_of(bytes(16)), "sk": f"tally#{shard:02}", "log": log, "ttl": 4_000_000_000}))
    assert max(sizes) < 400 * 1024 / 2
    assert sum(sizes) < 2 * 1024**2


@given(st.lists(st.sampled_from(["store", "fail", "remove", "hold", "release"]), max_size=12))
def test_a_file_leaves_at_most_two_entries(calls: list[str]) -> None:
    """Whatever happens to it, in any order, and however often."""
    records, transfer = FakeRecords(), "a" * 26
    records.rows[transfer, 1] = File(number=1, name="", size=1, type="", part_size=1)
    does: dict[str, Callable[[], object]] = {
        "store": lambda: records.store(transfer, 1, size=1, sha256=None, link=""),
        "fail": lambda: records.fail(transfer, 1, ""),
        "remove": lambda: records.remove_file(transfer, 1),
        "hold": lambda: records.hold(transfer, 1),
        "release": lambda: records.release(transfer, 1),
    }
    for call in calls:
        does[call]()
    assert sum(map(len, records.lists.get(transfer, {}).values())) <= 2


def test_the_number_of_the_last_file_has_room_wherever_it_stands() -> None:
    """In the sort key, whose order is that of the numbers; in S3's keys; behind the last when all are erased."""
    last, last_but_one = items.file_key(MOST_FILES), items.file_key(MOST_FILES - 1)
    assert (last > last_but_one, len(last)) == (True, len(items.file_key(1)))
    assert parse_key(key_of("a" * 26, MOST_FILES)) == ("a" * 26, MOST_FILES)
    assert MOST_FILES < NO_END


def test_the_longest_cursor_is_one_that_the_api_takes() -> None:
    """With every entry of the largest transfer in it."""
    longest = Cursor(MOST_FILES, (2 * MOST_FILES // SHARDS,) * SHARDS)
    assert Cursor.parse(str(longest)) == longest
    assert len(str(longest)) <= 200
