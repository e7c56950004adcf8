"""The table behaves the same in memory, where the backend's tests use it, and on three implementations of DynamoDB.

A behaviour that moto, dynalite and MiniStack agree on is not one emulator's own. Where one of them lacks something,
`e2e/tables.py` supplies it or `LACKS` says so.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from backend.aws import clients as aws
from backend.aws.table.records import BlockedError, BusyError, FullError, GoneError, Records
from backend.rules.quota import Amount, Budget
from backend.rules.report import Report
from backend.rules.tally import Counts
from backend.rules.transfer import NEVER, Content, Download, File, Sent, Transfer, id_of
from backend.rules.tries import NO_TRIES, Tries
from backend.tests.expressions import reserved_words
from backend.tests.fakes import FakeRecords
from e2e import tables
from e2e.cloud import Cloud
from e2e.tables import Table
from infra import steps

# Far ahead, so that the deployed sweep takes none of these transfers for expired.
NOW = 4_000_000_000


# Where an implementation differs from AWS and the others. If it no longer does, its test fails.
LACKS = {
    ("moto", "ConditionExpression"): "it takes the word for a function, and fails on it with status 500",
    ("moto", "FilterExpression"): "it takes the word for a function, and says so",
    ("moto", "KeyConditionExpression"): "it refuses the word for being no key, and says so",
    ("moto", "ProjectionExpression"): "its sentence begins without AWS's `Invalid`",
    ("moto", "UpdateExpression"): "it looks at the condition first",
}
IMPLEMENTATIONS = ["moto", "dynalite", "ministack"]


@pytest.fixture(scope="session")
def moto_table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """Return moto's table."""
    with tables.moto(tmp_path_factory.mktemp("moto")) as table:
        yield table


@pytest.fixture(scope="session")
def dynalite_table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """Return dynalite's table."""
    with tables.dynalite(tmp_path_factory.mktemp("dynalite")) as table:
        yield table


@pytest.fixture(scope="session")
def ministack_table(cloud: Cloud) -> Table:
    """Return the deployed table."""
    return Table(cloud.outputs["Table"], cloud.client("dynamodb").meta.endpoint_url, tables.a_session())


@pytest.fixture(params=IMPLEMENTATIONS)
def table(request: pytest.FixtureRequest) -> Table:
    """Return each implementation's table; only MiniStack's belongs to a local cloud."""
    return request.getfixturevalue(f"{request.param}_table")


@pytest.fixture(params=["fake", *IMPLEMENTATIONS])
def records(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Records:
    """Return the table in memory, then each other one, with the clients that the functions use."""
    if request.param == "fake":
        return FakeRecords()
    table: Table = request.getfixturevalue(f"{request.param}_table")
    monkeypatch.setenv("AWS_ENDPOINT_URL", table.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(aws, "session", lambda: table.session)
    return Records(table.name)


def a_transfer(files: int) -> tuple[Transfer, list[File]]:
    """Return a new transfer with so many files."""
    made = Transfer(
        id=id_of(os.urandom(16)), created=NOW, expires_at=NOW + 9, ttl=NOW + 99, owner_token_hash="h",
        last_number=files, bytes=sum(range(files + 1)),
    )  # fmt: skip
    return made, [a_file(number) for number in range(1, files + 1)]


def a_file(number: int) -> File:
    """Return a pending file."""
    return File(number=number, name=f"n{number}", size=number, type="", part_size=5)


def test_what_is_created_is_read_back(records: Records) -> None:
    """Also more files than one batch takes."""
    transfer, files = a_transfer(130)
    records.create(transfer, files)
    assert records.transfer(transfer.id) == transfer
    assert records.files(transfer.id, 1, 130) == files
    assert records.files(transfer.id, 129, 500) == files[128:]
    assert records.some_files(transfer.id, [2, 999, *range(1, 131)]) == {file.number: file for file in files}
    assert records.transfer("a" * 26) is None
    assert records.overview("a" * 26) is None


def test_what_one_answer_does_not_hold_is_read_whole(records: Records) -> None:
    """A query returns up to 1 MB, a batch 16 MB on AWS and 1 MB on dynalite, which lists what it left out."""
    transfer, files = a_transfer(100)
    files = [replace(file, name="n" * 12_000) for file in files]
    records.create(transfer, files)
    assert records.files(transfer.id, 1, 100) == files
    assert records.some_files(transfer.id, range(1, 101)) == {file.number: file for file in files}


def test_a_file_is_settled_once_and_counted_once(records: Records) -> None:
    """However many times at once."""
    transfer, files = a_transfer(3)
    records.create(transfer, files)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: records.store(transfer.id, 1, size=1, sha256=None, link="l"), range(8)))
    assert sorted(outcomes) == ["before"] * 7 + ["now"]
    records.fail(transfer.id, 1, "too late")
    assert records.store(transfer.id, 9, size=9, sha256=None, link="l") == "unwanted"
    assert records.store(transfer.id, 2, size=1, sha256=None, link="l") == "wrong_size"
    found = records.overview(transfer.id)
    assert found
    assert found[1].counts(3) == Counts(files=3, stored=1, failed=0)
    assert records.files(transfer.id, 1, 1) == [replace(files[0], state="stored", link="l")]


def test_many_files_that_finish_at_once_are_all_counted(records: Records) -> None:
    """They share no item that they would fight over."""
    transfer, files = a_transfer(200)
    records.create(transfer, files)
    with ThreadPoolExecutor(16) as pool:
        outcomes = set(
            pool.map(lambda file: records.store(transfer.id, file.number, size=file.size, sha256="s", link="l"), files)
        )
    found = records.overview(transfer.id)
    assert outcomes == {"now"}
    assert found
    assert found[1].counts(200).ready


def test_the_first_upload_of_a_file_counts(records: Records) -> None:
    """And none of a file that is not pending."""
    transfer, files = a_transfer(2)
    records.create(transfer, files)
    assert records.keep_upload(transfer.id, 1, "one") == "one"
    assert records.keep_upload(transfer.id, 1, "two") == "one"
    records.store(transfer.id, 2, size=2, sha256=None, link="l")
    assert records.keep_upload(transfer.id, 2, "one") is None
    assert records.keep_upload(transfer.id, 3, "one") is None


def test_a_file_fails_once_and_stays_failed(records: Records) -> None:
    """With its reason; an object that comes later is unwanted."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    for _ in range(2):
        records.fail(transfer.id, 1, "why")
    assert records.files(transfer.id, 1, 1) == [replace(files[0], state="failed", reason="why")]
    assert records.store(transfer.id, 1, size=1, sha256=None, link="l") == "unwanted"
    found = records.overview(transfer.id)
    assert found
    assert found[1].counts(1) == Counts(files=1, stored=0, failed=1)


def test_files_are_added_by_one_call_at_a_time(records: Records) -> None:
    """Busy, full, gone; and a reservation that ran out is free again."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    most = Content(files=3, bytes=10)
    begin: dict[str, Any] = {"until": NOW + 35, "now": NOW, "most": most}

    def more(files: int, size: int = 2) -> Content:
        return Content(files=files, bytes=size)

    with pytest.raises(BusyError):
        records.begin_adding(transfer.id, more(2), first=3, token="a", **begin)
    held = records.begin_adding(transfer.id, more(2), first=2, token="a", **begin)
    assert (held.last_number, held.bytes) == (1, 1)
    with pytest.raises(BusyError):
        records.begin_adding(transfer.id, more(1), first=None, token="b", **begin)
    with pytest.raises(FullError) as full:
        records.begin_adding(transfer.id, more(3), first=None, token="b", **begin)
    assert full.value.what == "files"
    with pytest.raises(FullError) as full:
        records.begin_adding(transfer.id, more(1, 10), first=None, token="b", **begin)
    assert full.value.what == "bytes"
    records.begin_adding(transfer.id, more(1), first=None, token="b", until=NOW + 99, now=NOW + 36, most=most)
    with pytest.raises(BusyError):
        records.finish_adding(held, [a_file(2)], token="a")
    records.stop_adding(transfer.id, token="a")
    records.finish_adding(held, [a_file(2)], token="b")
    after = records.transfer(transfer.id)
    assert after
    assert (after.last_number, after.bytes) == (2, 3)
    records.begin_adding(transfer.id, more(1), first=None, token="c", **begin)
    records.stop_adding(transfer.id, token="c")
    records.begin_adding(transfer.id, more(1), first=None, token="d", **begin)
    records.change(transfer.id, {"deleted": True})
    with pytest.raises(GoneError):
        records.begin_adding(transfer.id, more(1), first=None, token="c", until=NOW + 999, now=NOW + 500, most=most)
    with pytest.raises(GoneError):
        records.begin_adding("a" * 26, more(1), first=None, token="c", **begin)


def test_a_removed_file_keeps_its_number_and_nothing_else(records: Records) -> None:
    """It can be removed again, and no longer be stored."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    records.keep_upload(transfer.id, 1, "upload")
    for state in ("pending", "removed"):
        was = records.remove_file(transfer.id, 1)
        assert was
        assert was.state == state
    assert records.remove_file(transfer.id, 2) is None
    assert records.transfer(transfer.id) == replace(transfer, bytes=0)
    (left,) = records.files(transfer.id, 1, 1)
    assert (left.state, left.name, left.upload_id) == ("removed", "", "upload")
    assert records.store(transfer.id, 1, size=1, sha256=None, link="l") == "unwanted"
    found = records.overview(transfer.id)
    assert found
    assert found[1].counts(1) == Counts(files=0, stored=0, failed=0)


def a_budget() -> Budget:
    """Return the budget of a sender of whom the table knows nothing, on a day that has not come."""
    return Budget.of(os.urandom(8).hex(), NOW)


@pytest.mark.parametrize(
    ("amount", "most", "over", "room"),
    [
        (Amount(transfers=1, bytes=5), Amount(transfers=7, bytes=99), "transfers", 7),
        (Amount(transfers=1, bytes=5), Amount(transfers=99, bytes=44), "bytes", 8),
        (Amount(bytes=5), Amount(transfers=1, bytes=20), "bytes", 4),
    ],
)
def test_of_a_hundred_reservations_at_once_as_many_are_made_as_there_is_room_for(
    records: Records, amount: Amount, most: Amount, over: str, room: int
) -> None:
    """Exactly; the others hear what there is too much of, and what is given back can be had again, once."""
    budget = a_budget()
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda _: records.reserve(budget, "sender", amount, most=most), range(100)))
    assert Counter(outcomes) == {None: room, over: 100 - room}
    records.give_back(budget, "sender", amount)
    assert [records.reserve(budget, "sender", amount, most=most) for _ in range(2)] == [None, over]


def test_a_day_on_which_nothing_was_reserved_takes_nothing_back(records: Records) -> None:
    """It would have room for more than is allowed."""
    budget, one = a_budget(), Amount(transfers=1, bytes=1)
    records.give_back(budget, "sender", one)
    assert [records.reserve(budget, "sender", one, most=one) for _ in range(2)] == [None, "transfers"]


def test_a_file_leaves_its_budget_once(records: Records) -> None:
    """By failing, being removed or stored, with eight calls of each at once; or in an erasure that has begun."""
    transfer, files = a_transfer(6)
    budget = str(a_budget())
    records.create(transfer, [replace(file, budget=budget) for file in files])
    ways: list[Callable[[], File | None]] = [
        lambda: records.fail(transfer.id, 1, "why"),
        lambda: records.remove_file(transfer.id, 1),
        lambda: records.remove_file(transfer.id, 2),
        lambda: records.fail(transfer.id, 3, "why"),
    ]
    with ThreadPoolExecutor(40) as pool:
        were = list(pool.map(lambda way: way(), ways * 8))
    assert sorted(was.number for was in were if was and was.budget == budget) == [1, 2, 3]
    records.store(transfer.id, 4, size=4, sha256=None, link="l")
    records.change(transfer.id, {"deleted": True})
    for last in (
        records.remove_file(transfer.id, 4),
        records.remove_file(transfer.id, 5),
        records.fail(transfer.id, 6, ""),
    ):
        assert last
        assert last.budget is None


def test_no_more_downloads_are_counted_than_allowed(records: Records) -> None:
    """With twenty at once."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    if isinstance(records, FakeRecords):
        outcomes = [records.count_download(transfer.id, 1, 3) for _ in range(20)]
    else:
        with ThreadPoolExecutor(20) as pool:
            outcomes = list(pool.map(lambda _: records.count_download(transfer.id, 1, 3), range(20)))
    assert sum(outcomes) == 3
    assert records.count_download(transfer.id, 1, None)
    assert not records.count_download(transfer.id, 9, None)


def test_a_download_is_gone_on_with_as_often_as_allowed(records: Records) -> None:
    """Twenty at once; by its source, of its file, and again after another counted one."""
    transfer, files = a_transfer(2)
    records.create(transfer, files)
    assert not records.resume_download(transfer.id, 1, "here")
    for unique in ("a", "b"):
        made = Download(at=NOW, file=1, bytes=1, source="x")
        records.log_download(transfer, made, unique=unique, source="here", resumes=3)
        with ThreadPoolExecutor(20) as pool:
            outcomes = list(pool.map(lambda _: records.resume_download(transfer.id, 1, "here"), range(20)))
        assert sum(outcomes) == 3
    assert not records.resume_download(transfer.id, 1, "there")
    assert not records.resume_download(transfer.id, 2, "here")


def test_downloads_are_logged_newest_first(records: Records) -> None:
    """The last ones where there are more; the poll's query does not meet them."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    assert records.log(transfer.id, 5) == []
    made = [Download(at=NOW * 1_000 + n, file=1, bytes=n, source="203.0.113.x") for n in range(30)]
    for n in (3, 1, 2, 0, *range(4, 30)):
        records.log_download(transfer, made[n], unique=f"u{n}", source=f"s{n}", resumes=1)
    records.log_download(transfer, made[0], unique="v", source="s0", resumes=1)
    assert records.log(transfer.id, 3) == [made[29], made[28], made[27]]
    assert records.log(transfer.id, 99) == [*reversed(made), made[0]]
    assert records.overview(transfer.id)
    records.forget(transfer.id)
    assert records.log(transfer.id, 99) == []
    assert not records.resume_download(transfer.id, 1, "s1")


def guarded(records: Records) -> Transfer:
    """Write a transfer with a password."""
    transfer = replace(a_transfer(1)[0], password_hash="p")
    records.create(transfer, [a_file(1)])
    return transfer


def test_of_many_tries_that_begin_at_once_one_is_made(records: Records) -> None:
    """It is counted; none begins on what is no longer so; and it ends once."""
    transfer = guarded(records)
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda _: records.begin_try(transfer, until=NOW), range(200)))
    (begun,) = [outcome for outcome in outcomes if outcome]
    assert begun == replace(transfer, wrong_tries=1, next_try=NOW, comparing=True)
    assert begun == records.transfer(transfer.id)
    assert records.end_try(begun, wrong=1, next_try=NOW + 1_000)
    assert not records.end_try(begun, wrong=0, next_try=0)
    after = replace(begun, next_try=NOW + 1_000, comparing=False)
    assert records.transfer(transfer.id) == after
    assert records.begin_try(transfer, until=NOW) is None
    assert records.begin_try(after, until=NOW + 9)
    assert records.begin_try(replace(transfer, id="a" * 26), until=NOW) is None


def test_a_new_password_ends_the_tries_of_the_old_one(records: Records) -> None:
    """The one that is under way, and those that have yet to begin."""
    transfer = guarded(records)
    begun = records.begin_try(transfer, until=NOW)
    assert begun
    changed = records.change(transfer.id, {"password_hash": "q", **NO_TRIES})
    assert not records.end_try(begun, wrong=1, next_try=NOW)
    assert records.begin_try(transfer, until=NOW) is None
    assert records.transfer(transfer.id) == changed
    records.change(transfer.id, {"deleted": True})
    assert records.begin_try(changed, until=NOW) is None


def test_changes_are_seen_and_a_forgotten_transfer_is_gone(records: Records) -> None:
    """With its files and its tally."""
    transfer, files = a_transfer(30)
    records.create(transfer, files)
    records.store(transfer.id, 1, size=1, sha256=None, link="l")
    assert records.change(transfer.id, {"title": "t", "max_downloads": None}).title == "t"
    records.forget_files(transfer.id, files[10:])
    assert [file.number for file in records.files(transfer.id, 1, 30)] == list(range(1, 11))
    records.forget_files(transfer.id, files)
    records.forget(transfer.id)
    assert records.overview(transfer.id) is None
    assert records.files(transfer.id, 1, 30) == []
    records.forget(transfer.id)
    with pytest.raises(GoneError):
        records.change(transfer.id, {"title": "u"})


def test_the_index_knows_what_has_expired(records: Records) -> None:
    """To the second; a new expiry moves a transfer, its end makes it leave."""
    made = [a_transfer(3) for _ in range(40)]
    for transfer, files in made:
        records.create(transfer, files)
    mine = {transfer.id for transfer, _ in made}

    def expired(now: int) -> list[str]:
        return sorted(id_ for id_ in records.expired(now) if id_ in mine)

    assert expired(NOW + 8) == []
    assert expired(NOW + 9) == sorted(mine)
    (later, _), (earlier, _), (gone, _), *_ = made
    records.change(later.id, {"expires_at": NOW + 20})
    records.change(earlier.id, {"expires_at": NOW + 5})
    records.forget(gone.id)
    assert expired(NOW + 5) == [earlier.id]
    assert expired(NOW + 9) == sorted(mine - {later.id, gone.id})
    assert expired(NOW + 20) == sorted(mine - {gone.id})


def test_the_newest_come_first_blocked_or_not(records: Records) -> None:
    """Of those that were created in one second, too, the next page leaves out none and repeats none."""
    made = [replace(a_transfer(1)[0], created=NOW + number // 3) for number in range(8)]
    for transfer in made:
        records.create(transfer, [a_file(1)])
    records.block(made[4].id, NOW)
    places = sorted(((transfer.created, transfer.id) for transfer in made), reverse=True)

    def newest(before: tuple[int, str] | None = None) -> list[tuple[int, str]]:
        return [place for place in records.newest(before) if place in places]

    assert newest() == places
    for number, place in enumerate(places):
        assert newest(place) == places[number + 1 :]
    some = [made[0].id, made[4].id, "a" * 26]
    assert set(records.some_transfers(some)) == {made[0].id, made[4].id}
    assert records.some_transfers([made[0].id] * 2) == {made[0].id: made[0]}


def test_a_blocked_transfer_is_left_alone_until_it_is_given_back(records: Records) -> None:
    """By its owner and by the sweep; blocked again, it is as it was."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    for now in (NOW + 3, NOW + 5):
        blocked = records.block(transfer.id, now)
        assert blocked == replace(transfer, blocked_at=NOW + 3, ttl=NEVER)
    assert transfer.id not in records.expired(NOW + 99)
    assert records.end(transfer.id, NOW + 99) is None
    for changes in ({"title": "t"}, {"deleted": True, "expires_at": NOW}):
        with pytest.raises(BlockedError):
            records.change(transfer.id, changes)
    records.set_secured(transfer.id, secured=True)
    assert records.transfer(transfer.id) == replace(blocked, secured=True)
    with pytest.raises(GoneError):
        records.unblock(replace(blocked, blocked_at=NOW), expires_at=0, ttl=0, stood_still=0)
    records.unblock(blocked, expires_at=NOW + 20, ttl=NOW + 120, stood_still=11)
    back = replace(transfer, expires_at=NOW + 20, ttl=NOW + 120, stood_still=11)
    assert records.transfer(transfer.id) == back
    records.set_secured(transfer.id, secured=True)
    assert records.transfer(transfer.id) == back
    assert transfer.id in records.expired(NOW + 20)
    records.change(transfer.id, {"deleted": True})
    for id_ in (transfer.id, "a" * 26):
        with pytest.raises(GoneError):
            records.block(id_, NOW)
        with pytest.raises(GoneError):
            records.end_blocked(id_, NOW)


def test_a_blocked_transfer_is_dealt_with_by_one_at_a_time(records: Records) -> None:
    """Until that one ends, or has not been heard of for too long; what is known of the transfer stays the same."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    for id_ in (transfer.id, "a" * 26):
        with pytest.raises(GoneError):
            records.begin_handling(id_, token="a", now=NOW, until=NOW + 10)
    blocked = records.block(transfer.id, NOW)
    records.begin_handling(transfer.id, token="a", now=NOW, until=NOW + 10)
    with pytest.raises(BusyError):
        records.begin_handling(transfer.id, token="b", now=NOW + 9, until=NOW + 19)
    records.begin_handling(transfer.id, token="a", now=NOW, until=NOW + 10)  # as botocore does when an answer is lost
    assert records.transfer(transfer.id) == blocked
    assert records.renew_handling(transfer.id, token="a", until=NOW + 20)
    with pytest.raises(BusyError):
        records.begin_handling(transfer.id, token="b", now=NOW + 19, until=NOW + 29)
    records.begin_handling(transfer.id, token="b", now=NOW + 20, until=NOW + 30)
    assert not records.renew_handling(transfer.id, token="a", until=NOW + 40)
    records.end_handling(transfer.id, token="a")
    assert records.renew_handling(transfer.id, token="b", until=NOW + 40)
    records.end_handling(transfer.id, token="b")
    assert not records.renew_handling(transfer.id, token="b", until=NOW + 40)
    records.begin_handling(transfer.id, token="c", now=NOW + 21, until=NOW + 31)


def test_a_blocked_transfer_that_is_to_go_can_be_swept(records: Records) -> None:
    """Where the operator's own call was interrupted."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    records.block(transfer.id, NOW)
    assert records.end_blocked(transfer.id, NOW + 1) == replace(
        transfer, deleted=True, expires_at=NOW + 1, ttl=NEVER, blocked_at=None
    )
    assert transfer.id in records.expired(NOW + 1)
    ended = records.end(transfer.id, NOW + 1)
    assert ended
    assert ended.deleted


def test_a_held_file_is_wanted_by_nobody(records: Records) -> None:
    """What arrives for it is not stored; a file that is not stored cannot be held."""
    transfer, files = a_transfer(2)
    records.create(transfer, files)
    records.store(transfer.id, 1, size=1, sha256="s", link="l")
    stored, pending = records.files(transfer.id, 1, 2)
    for number in (1, 1, 2, 9):
        records.hold(transfer.id, number)
    assert records.files(transfer.id, 1, 2) == [replace(stored, state="held"), pending]
    assert records.store(transfer.id, 1, size=1, sha256="s", link="l") == "unwanted"
    for number in (1, 1, 2, 9):
        records.release(transfer.id, number)
    assert records.files(transfer.id, 1, 9) == [stored, pending]
    assert records.store(transfer.id, 1, size=1, sha256="s", link="l") == "before"


def test_what_the_table_forgets_can_be_put_off(records: Records) -> None:
    """Item by item, but for the transfer's own; what its account has of it, too."""
    transfer, files = a_transfer(2)
    transfer = replace(transfer, account=os.urandom(4).hex())
    records.create(transfer, files)
    records.remember_sent(transfer, name="n", bytes_=3)
    records.report(transfer, Report(at=NOW, reason="other", text="t", source="x"), unique="u")
    places = [(transfer.id, sort) for sort in ("file#000001", "file#000002", f"report#{NOW:013}#u")]
    account = (f"account#{transfer.account}", f"{NOW:013}#{transfer.id}")
    assert set(records.kept_otherwise(transfer, NEVER)) == {*places, account}
    for place in (*places[1:], account, (transfer.id, "file#000009"), ("account#nobody", "x")):
        records.keep(place, NEVER)
    assert set(records.kept_otherwise(transfer, NEVER)) - {account} == {places[0]}
    assert len(records.files(transfer.id, 1, 9)) == 2
    assert records.sent(transfer.account or "", 9) == [Sent(id=transfer.id, name="n", bytes=3)]
    assert records.sent("nobody", 9) == []


def test_reports_are_kept_in_their_order_and_counted(records: Records) -> None:
    """With an address or without; the poll's query does not meet them, and they go with the transfer."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    made = [
        Report(at=NOW + number, reason="other", text=f"t{number}", source="x", mail="a@b" if number else None)
        for number in range(3)
    ]
    for number in (2, 0, 1):
        records.report(transfer, made[number], unique="u")
    assert records.reports(transfer.id) == made
    found = records.overview(transfer.id)
    assert found
    assert found[0] == replace(transfer, reports=3)
    records.forget(transfer.id)
    assert records.reports(transfer.id) == []
    records.report(transfer, made[0], unique="u")
    assert records.transfer(transfer.id) is None


def test_of_many_alerts_at_once_one_is_sent(records: Records) -> None:
    """And another after the pause, or when the first could not be sent."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda _: records.begin_alert(transfer.id, now=NOW, pause=600), range(100)))
    (begun,) = [outcome for outcome in outcomes if outcome]
    assert begun == replace(transfer, alerted_at=NOW)
    assert records.begin_alert(transfer.id, now=NOW + 599, pause=600) is None
    later = records.begin_alert(transfer.id, now=NOW + 600, pause=600)
    assert later
    records.undo_alert(begun)
    assert records.begin_alert(transfer.id, now=NOW + 601, pause=600) is None
    records.undo_alert(later)
    assert records.begin_alert(transfer.id, now=NOW + 601, pause=600)
    assert records.begin_alert("a" * 26, now=NOW, pause=600) is None


def test_of_many_reports_of_one_source_at_once_one_is_counted(records: Records) -> None:
    """By day and source."""
    here, there = (Budget(day="2096-10-02", sender=os.urandom(4).hex()) for _ in range(2))

    def count(_: int) -> bool:
        return records.count_reporter(here, seen=0, next_at=NOW + 10)

    assert records.reporter(here) == (0, 0)
    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(count, range(100))) == 1
    assert records.reporter(here) == (1, NOW + 10)
    assert records.count_reporter(here, seen=1, next_at=NOW + 30)
    assert records.reporter(here) == (2, NOW + 30)
    assert records.reporter(there) == (0, 0)


def test_only_what_has_expired_comes_to_its_end(records: Records) -> None:
    """Once it has, nobody extends it; asked again, it is still to be erased."""
    transfer, files = a_transfer(1)
    records.create(transfer, files)
    assert records.end(transfer.id, NOW + 8) is None
    assert records.transfer(transfer.id) == transfer
    for _ in range(2):
        assert records.end(transfer.id, NOW + 9) == replace(transfer, deleted=True)
    with pytest.raises(GoneError):
        records.change(transfer.id, {"expires_at": NOW + 99})
    assert records.end("a" * 26, NOW) is None


def test_a_deleted_transfer_gets_shorter_and_never_longer(records: Records) -> None:
    """And one that lives keeps its files."""
    transfer, files = a_transfer(3)
    records.create(transfer, files)
    assert not records.shorten(transfer.id, 2)
    assert records.transfer(transfer.id) == transfer
    records.change(transfer.id, {"deleted": True})
    assert [records.shorten(transfer.id, last) for last in (1, 1, 2)] == [True, False, False]
    assert records.transfer(transfer.id) == replace(transfer, deleted=True, last_number=1)
    assert not records.shorten("a" * 26, 0)
    assert records.transfer("a" * 26) is None


def test_a_try_of_the_passphrase_is_counted_by_one_of_many_at_once(records: Records) -> None:
    """Whoever saw what is not there any more counts nothing; a right one is taken back, and never below none."""
    counter = f"source#{id_of(os.urandom(16))}"
    assert records.tries(counter) == Tries()
    first = Tries(wrong=1, next_try=5)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: records.replace_tries(counter, Tries(), first, ttl=NOW), range(8)))
    assert Counter(outcomes) == {True: 1, False: 7}
    assert records.tries(counter) == first
    assert records.replace_tries(counter, first, Tries(wrong=2, next_try=9), ttl=NOW)
    for _ in range(3):
        records.take_back_try(counter)
    assert records.tries(counter) == Tries(wrong=0, next_try=9)
    records.forget_tries(counter)
    assert records.tries(counter) == Tries()


def test_only_a_pending_file_changes_its_upload_after_a_conflict(records: Records) -> None:
    """And only of the upload in conflict; the first call records the time."""
    transfer, files = a_transfer(2)
    records.create(transfer, files)
    for number in (1, 2):
        records.keep_upload(transfer.id, number, "one")
    assert records.note_conflict(transfer.id, 1, "two", now=NOW, stale=0) is None
    noted = [records.note_conflict(transfer.id, 1, "one", now=NOW + n, stale=NOW + n - 9) for n in (-10, 0, 9)]
    assert noted == [NOW - 10, NOW, NOW]
    assert not records.drop_upload(transfer.id, 1, "two")
    assert records.files(transfer.id, 1, 1) == [replace(files[0], upload_id="one", conflict_at=NOW)]
    with ThreadPoolExecutor(8) as pool:
        dropped = list(pool.map(lambda _: records.drop_upload(transfer.id, 1, "one"), range(8)))
    assert Counter(dropped) == {True: 1, False: 7}
    assert records.files(transfer.id, 1, 1) == [files[0]]
    assert records.keep_upload(transfer.id, 1, "two") == "two"
    records.store(transfer.id, 2, size=2, sha256=None, link="l")
    assert records.note_conflict(transfer.id, 2, "one", now=NOW, stale=0) is None
    assert not records.drop_upload(transfer.id, 2, "one")
    assert not records.drop_upload("a" * 26, 1, "one")


@pytest.fixture
def lossy(table: Table, monkeypatch: pytest.MonkeyPatch) -> Records:
    """Return a real table whose answer to the first try of each update is lost, so that the SDK sends it again."""
    wire = URLLib3Session()

    def lose(request: Any, **_: object) -> None:
        wire.send(request)

    session = tables.a_session()
    session.register("before-send.dynamodb.UpdateItem", lose)
    monkeypatch.setenv("AWS_ENDPOINT_URL", table.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(aws, "session", lambda: session)
    return Records(table.name)


@pytest.mark.parametrize("table", ["moto", "ministack"], indirect=True)
def test_a_write_whose_answer_is_lost_happens_once_and_is_told_as_done(lossy: Records) -> None:
    """Neither counted twice nor taken for somebody else's. Dynalite does not return what failed a condition."""
    transfer, files = a_transfer(1)
    lossy.create(transfer, files)
    assert lossy.keep_upload(transfer.id, 1, "one") == "one"
    assert lossy.drop_upload(transfer.id, 1, "one")
    assert lossy.count_download(transfer.id, 1, 1)
    assert not lossy.count_download(transfer.id, 1, 1)
    budget, amount = Budget(day="2096-10-04", sender=os.urandom(4).hex()), Amount(transfers=1, bytes=5)
    assert [lossy.reserve(budget, "sender", amount, most=amount) for _ in range(2)] == [None, "transfers"]
    held = lossy.begin_adding(
        transfer.id, Content(files=1, bytes=2), first=2, token="a", until=NOW + 35, now=NOW,
        most=Content(files=2, bytes=3),
    )  # fmt: skip
    lossy.finish_adding(held, [a_file(2)], token="a")
    assert lossy.transfer(transfer.id) == replace(transfer, last_number=2, bytes=3)
    assert lossy.begin_alert(transfer.id, now=NOW, pause=9)
    assert lossy.count_reporter(budget, seen=0, next_at=NOW)
    assert lossy.replace_tries(budget.sender, Tries(), Tries(wrong=1, next_try=5), ttl=NOW)
    blocked = lossy.block(transfer.id, NOW)
    lossy.unblock(blocked, expires_at=NOW + 20, ttl=NOW + 120, stood_still=11)
    lossy.block(transfer.id, NOW)
    assert lossy.end_blocked(transfer.id, NOW).deleted


def ask(table: Table, kind: str, expression: str) -> Any:
    """Send DynamoDB an expression in a call that accepts this kind."""
    on = {"TableName": table.name, "ExpressionAttributeValues": {":v": {"S": "v"}}}
    key = {"pk": {"S": "reserved"}, "sk": {"S": "words"}}
    match kind:
        case "ConditionExpression":
            change = {"UpdateExpression": "SET a = :v", "ConditionExpression": expression}
            return table.client().update_item(Key=key, **on, **change)
        case "UpdateExpression":
            change = {"UpdateExpression": expression, "ConditionExpression": "attribute_exists(nothing)"}
            return table.client().update_item(Key=key, **on, **change)
        case "KeyConditionExpression":
            return table.client().query(**on, KeyConditionExpression=expression)
        case "FilterExpression":
            return table.client().scan(**on, FilterExpression=expression)
        case _:
            return table.client().get_item(TableName=table.name, Key=key, ProjectionExpression=expression)


@pytest.mark.parametrize(
    ("kind", "expression"),
    [
        ("ConditionExpression", "size = :v"),
        ("FilterExpression", "a = :v OR size = :v"),
        ("KeyConditionExpression", "pk = :v AND size = :v"),
        ("ProjectionExpression", "pk, size"),
        ("UpdateExpression", "SET size = :v"),
    ],
)
def test_a_reserved_word_is_no_attribute(
    table: Table, kind: str, expression: str, request: pytest.FixtureRequest
) -> None:
    """Also not a function's name, nor where nothing would be done.

    So AWS answers: https://github.com/aws/aws-sdk-php/issues/1233,
    https://github.com/sensedeep/dynamodb-onetable/issues/242.
    """
    implementation: str = request.node.callspec.params["table"]
    if lack := LACKS.get((implementation, kind)):
        request.applymarker(pytest.mark.xfail(reason=f"{implementation}: {lack}"))
    said = f"Invalid {kind}: Attribute name is a reserved keyword; reserved keyword: size"
    with pytest.raises(ClientError, match=said):
        ask(table, kind, expression)


def test_size_is_still_a_function(table: Table) -> None:
    """A parenthesis distinguishes it from an attribute."""
    ask(table, "ConditionExpression", "attribute_not_exists(pk) OR size (a) > size(a) OR NOT a IN (:v)")


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (steps.CLOUD_PYTHON, "from ministack.services.dynamodb import AWS_KEYWORDS as words"),
        (
            steps.SECOND_BIN / "python",
            "from moto.dynamodb.parsing.reserved_keywords import *; words = ReservedKeywords.get_reserved_keywords()",
        ),
    ],
    ids=["ministack", "moto"],
)
def test_others_know_the_same_reserved_words(python: Path, words: str) -> None:
    """Our list, which the unit tests use, has the same words as theirs."""
    done = subprocess.run([python, "-c", f"{words}; print(*words)"], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == reserved_words()
