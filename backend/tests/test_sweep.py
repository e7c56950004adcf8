"""The sweep function, on a table and a bucket in memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend import sweep, wiring
from backend.messages import CreatedTransfer, MoreFiles, NewFile, NewTransfer, Options, PartToSign
from backend.rules.transfer import MIB, key_of
from backend.services.arriving import Arrivals
from backend.services.expiring import Sweeping
from backend.services.sending import Uploads
from backend.tests.conftest import SETTINGS
from backend.tests.events import Context
from backend.tests.fakes import Clock, FakeObjects, FakeRecords

DONE = {"swept": 0, "failed": 0, "finished": True}


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, sweeping: Sweeping) -> None:
    """Let the function work on the table and bucket in memory."""
    monkeypatch.setattr(wiring, "expiring", lambda: sweeping)


def run(remaining: Callable[[], float] = lambda: 300) -> dict[str, Any]:
    """Have the schedule call the function, with so many seconds left whenever it asks."""
    return sweep.handler({"source": "aws.events"}, Context(remaining=remaining))


Begin = Callable[..., CreatedTransfer]


@pytest.fixture
def begin(uploads: Uploads, objects: FakeObjects, arrivals: Arrivals) -> Begin:
    """Return a function that makes a transfer of one multipart upload under way and so many stored files."""
    uploads = replace(uploads, settings=replace(SETTINGS, max_files=2_500))

    def make(stored: int = 2) -> CreatedTransfer:
        sha256 = "A" * 43 + "="
        made = uploads.create(
            NewTransfer(files=[NewFile(name="big", size=40 * MIB)], parts=[PartToSign(file=1, number=1, sha256=sha256)])
        )
        for first in range(0, stored, 1_000):
            files = [NewFile(name="small", size=3)] * min(1_000, stored - first)
            uploads.add_files(made.id, made.owner_token, MoreFiles(files=files))
        for number in range(2, stored + 2):
            objects.put(key_of(made.id, number), 3)
            arrivals.arrived(key_of(made.id, number))
        return made

    return make


def test_of_an_expired_transfer_nothing_is_left(
    begin: Begin, clock: Clock, records: FakeRecords, objects: FakeObjects, capsys: pytest.CaptureFixture[str]
) -> None:
    """No object, no upload, no record; the metrics say what it was, and a repetition finds nothing to do."""
    begin()
    clock.now += SETTINGS.default_expiry
    assert run() == {**DONE, "swept": 1}
    assert [objects.stored, objects.uploads, records.transfers, records.rows, records.lists] == [{}] * 5
    logged = capsys.readouterr().out
    assert '"TransfersSwept":[1.0]' in logged
    assert '"BytesFreed":[6.0]' in logged
    assert run() == DONE
    assert "TransfersSwept" not in capsys.readouterr().out


def test_a_live_transfer_is_not_touched(begin: Begin, clock: Clock, records: FakeRecords, objects: FakeObjects) -> None:
    """To the second."""
    made = begin()
    before = (dict(records.transfers), dict(records.rows), dict(objects.stored), dict(objects.uploads))
    clock.now += SETTINGS.default_expiry - 1
    assert run() == DONE
    assert before == (records.transfers, records.rows, objects.stored, objects.uploads)
    assert made.id in records.transfers


def test_a_transfer_that_was_extended_after_the_index_was_read_loses_nothing(
    begin: Begin, uploads: Uploads, clock: Clock, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write that ends a transfer looks at its expiry itself."""
    made = begin()
    uploads.change(made.id, made.owner_token, Options(expires_in=3_600))
    uploads.change(made.id, made.owner_token, Options(expires_in=86_400))

    def outdated(_: int) -> Iterator[str]:
        yield made.id

    monkeypatch.setattr(records, "expired", outdated)
    clock.now += 3_600
    assert run() == DONE
    assert len(records.rows) == 3
    assert not records.transfers[made.id].deleted


def test_a_deletion_that_was_interrupted_is_brought_to_its_end(
    begin: Begin, uploads: Uploads, records: FakeRecords, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before the transfer would have expired."""
    made = begin()
    with monkeypatch.context() as broken:
        broken.setattr(objects, "delete", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            uploads.delete(made.id, made.owner_token)
    assert objects.stored
    assert run()["swept"] == 1
    assert [objects.stored, objects.uploads, records.transfers, records.rows] == [{}] * 4


def test_a_transfer_that_fails_stops_none_of_the_others(
    begin: Begin,
    clock: Clock,
    records: FakeRecords,
    objects: FakeObjects,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged and counted, and the next run takes it up again."""
    first, _, _ = begin(), begin(), begin()
    clock.now += SETTINGS.default_expiry

    def failing(keys: list[str]) -> None:
        if keys[0].startswith(f"files/{first.id}/"):
            raise ZeroDivisionError
        FakeObjects.delete(objects, keys)

    with monkeypatch.context() as broken:
        broken.setattr(objects, "delete", failing)
        assert run() == {"swept": 2, "failed": 1, "finished": True}
    assert list(records.transfers) == [first.id]
    assert '"SweepFailures":[1.0]' in capsys.readouterr().out
    assert "ZeroDivisionError" in caplog.text
    assert run() == {**DONE, "swept": 1}
    assert not objects.stored


def test_when_time_runs_out_the_next_run_goes_on(begin: Begin, clock: Clock, records: FakeRecords) -> None:
    """Half a minute before Lambda would end it: what was begun comes to its end, the rest waits."""
    for _ in range(3):
        begin()
    clock.now += SETTINGS.default_expiry
    left = iter([200, 100, 60, 29])
    assert run(lambda: next(left)) == {"swept": 2, "failed": 0, "finished": False}
    assert len(records.transfers) == 1
    assert run() == {**DONE, "swept": 1}
    assert not records.transfers


def test_a_large_transfer_is_swept_in_pages_over_several_runs(
    begin: Begin, clock: Clock, records: FakeRecords, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,500 files take three: a run that ends between two of them has done them for good."""
    begin(stored=2_499)
    clock.now += SETTINGS.default_expiry
    deleted: list[int] = []

    def counting(keys: list[str]) -> None:
        deleted.append(len(keys))
        FakeObjects.delete(objects, keys)

    monkeypatch.setattr(objects, "delete", counting)
    left = iter([200, 29, 29])
    assert run(lambda: next(left)) == {**DONE, "finished": False}
    assert (len(records.rows), len(objects.stored), len(objects.uploads)) == (1_500, 1_499, 1)
    assert run() == {**DONE, "swept": 1}
    assert deleted == [1_000, 1_000, 500]
    assert [objects.stored, objects.uploads, records.transfers, records.rows] == [{}] * 4


def test_what_arrives_after_the_sweep_is_deleted_when_s3_tells_of_it(
    begin: Begin, clock: Clock, objects: FakeObjects, arrivals: Arrivals
) -> None:
    """A PUT that was under way while its transfer ended."""
    made = begin()
    clock.now += SETTINGS.default_expiry
    run()
    objects.put(key_of(made.id, 1), 40 * MIB)
    arrivals.arrived(key_of(made.id, 1))
    assert not objects.stored
