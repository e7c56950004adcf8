"""The sender's side, on a table and a bucket in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from backend.errors import Conflict, Invalid, NotFound, PartsMissing, TokenMissing, TokenWrong, Unavailable
from backend.messages import CreatedTransfer, MoreFiles, NewFile, NewTransfer, Options, PartsToSign, PartToSign
from backend.rules.transfer import MIB, Content, key_of
from backend.services import erasure
from backend.services.arriving import Arrivals
from backend.services.receiving import Caller, Downloads
from backend.services.sending import LEAST_CONFLICT_SECONDS, Uploads
from backend.tests.conftest import SETTINGS
from backend.tests.fakes import Clock, FakeObjects, FakeRecords

SHA256 = "A" * 43 + "="
BIG = 40 * MIB
# Of a file of three parts.
CONFLICT_SECONDS = LEAST_CONFLICT_SECONDS + 3


def new(*sizes: int, parts: list[tuple[int, int]] | None = None, **more: Any) -> NewTransfer:
    """Return a request for files of these sizes, with these (file, number) to sign."""
    files = [NewFile(name=f"{index}.bin", size=size, **more) for index, size in enumerate(sizes, 1)]
    return NewTransfer(files=files, parts=to_sign(*(parts or [])).parts if parts else [])


def to_sign(*parts: tuple[int, int], sha256: str | None = SHA256) -> PartsToSign:
    """Return a request to sign these (file, number)."""
    return PartsToSign(parts=[PartToSign(file=file, number=number, sha256=sha256) for file, number in parts])


def send_parts(objects: FakeObjects, *sizes: int, upload: str = "upload-1") -> None:
    """Let S3 have parts of these sizes."""
    for number, size in enumerate(sizes, 1):
        objects.put_part(upload, number, size)


def test_a_transfer_begins_with_its_link_its_plan_and_signed_parts(uploads: Uploads, objects: FakeObjects) -> None:
    """One call, and the first bytes can go."""
    made = uploads.create(new(5, BIG, parts=[(1, 1), (2, 1), (2, 3)]))
    assert made.link == f"t/{made.id}"
    assert [(f.number, f.part_size, f.part_count) for f in made.files] == [(1, 16 * MIB, 1), (2, 16 * MIB, 3)]
    assert [(u.file, u.number) for u in made.urls] == [(1, 1), (2, 1), (2, 3)]
    assert objects.puts == [(key_of(made.id, 1), 5), (key_of(made.id, 2), 16 * MIB), (key_of(made.id, 2), 8 * MIB)]


def test_only_files_whose_parts_are_signed_begin_an_upload_at_s3(uploads: Uploads, objects: FakeObjects) -> None:
    """A thousand files waiting for their turn cost no call; two parts of one file cost one."""
    uploads.create(new(5, BIG, BIG, parts=[(1, 1), (2, 1), (2, 2)]))
    assert objects.started == 1


def test_the_owner_token_is_kept_as_a_hash_only(uploads: Uploads, records: FakeRecords) -> None:
    """A look into the table gives nobody a transfer."""
    made = uploads.create(new(5))
    assert made.owner_token not in repr(records.transfers)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (new(2**41 + 1), "files.0.size"),
        (new(5, part_size=1), "files.0.part_size"),
        (new(5, parts=[(1, 2)]), "parts.0.number"),
        (new(5, parts=[(2, 1)]), "parts.0.file"),
        (NewTransfer(files=new(BIG).files, parts=to_sign((1, 1), sha256=None).parts), "parts.0.sha256"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_with_the_field(
    uploads: Uploads, records: FakeRecords, asked: NewTransfer, field: str
) -> None:
    """And leaves nothing behind."""
    with pytest.raises(Invalid) as refused:
        uploads.create(asked)
    assert list(refused.value.fields) == [field]
    assert not records.transfers


def test_added_files_go_on_counting(uploads: Uploads, downloads: Downloads) -> None:
    """Their numbers follow the last one, and the transfer has them."""
    made = uploads.create(new(1, 1))
    added = uploads.add_files(made.id, made.owner_token, MoreFiles(files=new(1, 1).files))
    assert [file.number for file in added.files] == [3, 4]
    assert downloads.status(made.id, Caller(), None).counts.files == 4


def test_files_beyond_the_limit_are_refused_and_the_limit_named(uploads: Uploads) -> None:
    """The operator says how many files a transfer takes."""
    made = uploads.create(NewTransfer(files=new(*[1] * 1_000).files))
    uploads.add_files(made.id, made.owner_token, MoreFiles(files=new(*[1] * 1_000).files))
    with pytest.raises(Invalid, match=str(SETTINGS.max_files)):
        uploads.add_files(made.id, made.owner_token, MoreFiles(files=new(1).files))


def test_two_calls_that_add_at_once_do_not_mix_their_numbers(
    uploads: Uploads, records: FakeRecords, clock: Clock
) -> None:
    """The second is told to come again; a call that died is waited for no longer than it could live."""
    made = uploads.create(new(1))
    now = int(clock.now)
    one, most = Content(files=1, bytes=1), Content(files=9, bytes=9)
    records.begin_adding(made.id, one, first=None, token="other", until=now + 35, now=now, most=most)
    with pytest.raises(Conflict, match="send this again"):
        uploads.add_files(made.id, made.owner_token, MoreFiles(files=new(1).files))
    clock.now += 36
    assert uploads.add_files(made.id, made.owner_token, MoreFiles(files=new(1).files)).files[0].number == 2


def test_files_that_were_added_already_are_not_added_again(uploads: Uploads, downloads: Downloads) -> None:
    """Browsers repeat a request by themselves when its connection breaks; the number that was expected tells."""
    made = uploads.create(new(1))
    more = MoreFiles(files=new(1, 1).files, first=2)
    uploads.add_files(made.id, made.owner_token, more)
    with pytest.raises(Conflict):
        uploads.add_files(made.id, made.owner_token, more)
    status = downloads.status(made.id, Caller(), None)
    assert (status.counts.files, status.next_number) == (3, 4)


def test_a_second_call_signs_for_the_same_upload(uploads: Uploads, objects: FakeObjects) -> None:
    """All parts of a file go to one multipart upload."""
    made = uploads.create(new(BIG))
    first = uploads.sign(made.id, made.owner_token, to_sign((1, 1)))
    second = uploads.sign(made.id, made.owner_token, to_sign((1, 2)))
    assert "upload=upload-1" in first.urls[0].url
    assert "upload=upload-1" in second.urls[0].url
    assert list(objects.uploads) == ["upload-1"]


def test_of_two_uploads_begun_at_once_the_first_counts(
    uploads: Uploads, objects: FakeObjects, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the other is aborted, so that nobody pays for it."""
    made = uploads.create(new(BIG))
    start = objects.start

    def racing(key: str, **kept: Any) -> str:
        records.keep_upload(made.id, 1, start(key, **kept))
        return start(key, **kept)

    monkeypatch.setattr(objects, "start", racing)
    signed = uploads.sign(made.id, made.owner_token, to_sign((1, 1)))
    assert "upload=upload-1" in signed.urls[0].url
    assert list(objects.uploads) == ["upload-1"]


def test_files_that_need_no_parts_any_more_are_named_and_do_not_stop_the_others(
    arrivals: Arrivals, uploads: Uploads, objects: FakeObjects
) -> None:
    """A retry that comes late must not fail the batch that it is in."""
    made = uploads.create(new(1, 1, 1))
    objects.put(key_of(made.id, 1), 1)
    arrivals.arrived(key_of(made.id, 1))
    uploads.remove_file(made.id, made.owner_token, 2)
    signed = uploads.sign(made.id, made.owner_token, to_sign((1, 1), (2, 1), (3, 1)))
    assert [url.file for url in signed.urls] == [3]
    assert {settled.file: settled.state for settled in signed.settled} == {1: "stored", 2: "removed"}


def test_a_file_is_completed_when_every_part_is_there(uploads: Uploads, objects: FakeObjects) -> None:
    """S3 then has the object."""
    made = uploads.create(new(BIG, parts=[(1, 1)]))
    send_parts(objects, 16 * MIB, 16 * MIB, 8 * MIB)
    assert uploads.complete(made.id, made.owner_token, 1).state == "pending"
    assert objects.stored[key_of(made.id, 1)].size == BIG


@pytest.mark.parametrize(
    ("sizes", "missing"),
    [((), [1, 2, 3]), ((16 * MIB, 16 * MIB), [3]), ((16 * MIB, 5, 8 * MIB), [2])],
    ids=["none", "last", "wrong size"],
)
def test_completing_with_parts_missing_or_of_wrong_size_names_them(
    uploads: Uploads, objects: FakeObjects, sizes: tuple[int, ...], missing: list[int]
) -> None:
    """And completes nothing."""
    made = uploads.create(new(BIG, parts=[(1, 1)]))
    send_parts(objects, *sizes)
    with pytest.raises(PartsMissing) as refused:
        uploads.complete(made.id, made.owner_token, 1)
    assert refused.value.parts == missing
    assert not objects.stored


def test_completing_may_be_repeated(arrivals: Arrivals, uploads: Uploads, objects: FakeObjects) -> None:
    """Before S3's event came, and after."""
    made = uploads.create(new(BIG, parts=[(1, 1)]))
    send_parts(objects, 16 * MIB, 16 * MIB, 8 * MIB)
    uploads.complete(made.id, made.owner_token, 1)
    assert uploads.complete(made.id, made.owner_token, 1).state == "pending"
    arrivals.arrived(key_of(made.id, 1))
    assert uploads.complete(made.id, made.owner_token, 1).state == "stored"


@pytest.fixture
def conflicting(uploads: Uploads, objects: FakeObjects) -> CreatedTransfer:
    """Return a transfer of a file whose parts are all there, but S3 rejects its completion because of another write."""
    made = uploads.create(new(BIG, parts=[(1, 1)]))
    send_parts(objects, 16 * MIB, 16 * MIB, 8 * MIB)
    objects.conflicts.add("upload-1")
    return made


def test_a_conflict_on_completing_is_to_be_tried_again(
    uploads: Uploads, objects: FakeObjects, conflicting: CreatedTransfer, clock: Clock
) -> None:
    """The other write is most likely our own, still in progress, so nothing is dropped at once."""
    for seconds in (0, CONFLICT_SECONDS - 1):
        clock.now += seconds
        with pytest.raises(Unavailable):
            uploads.complete(conflicting.id, conflicting.owner_token, 1)
    objects.conflicts.clear()
    uploads.complete(conflicting.id, conflicting.owner_token, 1)
    assert objects.stored[key_of(conflicting.id, 1)].size == BIG


def test_after_a_conflict_that_lasts_the_upload_begins_again(
    uploads: Uploads, objects: FakeObjects, conflicting: CreatedTransfer, clock: Clock
) -> None:
    """Every part is missing, for every caller, and goes to another upload; nothing is left of the old one."""
    with pytest.raises(Unavailable):
        uploads.complete(conflicting.id, conflicting.owner_token, 1)
    clock.now += CONFLICT_SECONDS
    for _ in range(2):
        with pytest.raises(PartsMissing) as refused:
            uploads.complete(conflicting.id, conflicting.owner_token, 1)
        assert refused.value.parts == [1, 2, 3]
    assert uploads.parts(conflicting.id, conflicting.owner_token, 1).parts == []
    signed = uploads.sign(conflicting.id, conflicting.owner_token, to_sign((1, 1), (1, 2), (1, 3)))
    assert all("upload=upload-2" in url.url for url in signed.urls)
    assert list(objects.uploads) == ["upload-2"]
    send_parts(objects, 16 * MIB, 16 * MIB, 8 * MIB, upload="upload-2")
    uploads.complete(conflicting.id, conflicting.owner_token, 1)
    assert objects.stored[key_of(conflicting.id, 1)].size == BIG


def test_a_conflict_that_passed_long_ago_gives_no_upload_up(
    uploads: Uploads, objects: FakeObjects, conflicting: CreatedTransfer, clock: Clock
) -> None:
    """Whoever comes back a day later may meet an own completion that is a second old."""
    for _ in range(2):
        with pytest.raises(Unavailable):
            uploads.complete(conflicting.id, conflicting.owner_token, 1)
        clock.now += 86_400
    assert list(objects.uploads) == ["upload-1"]


def test_an_upload_is_not_given_up_for_a_file_that_was_stored_meanwhile(
    uploads: Uploads,
    objects: FakeObjects,
    records: FakeRecords,
    conflicting: CreatedTransfer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the completion that caused the conflict."""
    with pytest.raises(Unavailable):
        uploads.complete(conflicting.id, conflicting.owner_token, 1)
    clock.now += CONFLICT_SECONDS
    drop = records.drop_upload

    def late(transfer: str, number: int, upload_id: str) -> bool:
        records.store(transfer, number, size=BIG, sha256=None, link="l")
        return drop(transfer, number, upload_id)

    monkeypatch.setattr(records, "drop_upload", late)
    with pytest.raises(Unavailable):
        uploads.complete(conflicting.id, conflicting.owner_token, 1)
    assert list(objects.uploads) == ["upload-1"]
    assert uploads.complete(conflicting.id, conflicting.owner_token, 1).state == "stored"


def test_the_parts_that_s3_has_are_listed(uploads: Uploads, objects: FakeObjects) -> None:
    """None before the first, and none after completing."""
    made = uploads.create(new(BIG))
    assert uploads.parts(made.id, made.owner_token, 1).parts == []
    uploads.sign(made.id, made.owner_token, to_sign((1, 1)))
    send_parts(objects, 16 * MIB)
    assert [(part.number, part.size) for part in uploads.parts(made.id, made.owner_token, 1).parts] == [(1, 16 * MIB)]
    send_parts(objects, 16 * MIB, 16 * MIB, 8 * MIB)
    assert not uploads.parts(made.id, made.owner_token, 1).closed
    uploads.complete(made.id, made.owner_token, 1)
    after = uploads.parts(made.id, made.owner_token, 1)
    assert (after.parts, after.closed) == ([], True)


def test_removing_a_file_aborts_its_upload(uploads: Uploads, downloads: Downloads, objects: FakeObjects) -> None:
    """Nothing of it is left at S3, the other files stay."""
    made = uploads.create(new(BIG, 1, parts=[(1, 1)]))
    uploads.remove_file(made.id, made.owner_token, 1)
    assert not objects.uploads
    assert downloads.status(made.id, Caller(), None).counts.files == 1
    uploads.remove_file(made.id, made.owner_token, 1)


def test_deleting_leaves_nothing(
    arrivals: Arrivals, uploads: Uploads, objects: FakeObjects, records: FakeRecords
) -> None:
    """No object, no upload, no record; and the second time there is nothing to delete."""
    made = uploads.create(new(BIG, 1, parts=[(1, 1)]))
    objects.put(key_of(made.id, 2), 1)
    arrivals.arrived(key_of(made.id, 2))
    uploads.delete(made.id, made.owner_token)
    assert [objects.stored, objects.uploads, records.transfers, records.rows, records.lists] == [{}] * 5
    with pytest.raises(NotFound):
        uploads.delete(made.id, made.owner_token)


def test_an_interrupted_deletion_hides_the_transfer_at_once_and_can_be_repeated(
    uploads: Uploads, downloads: Downloads, objects: FakeObjects, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed half-way is finished by the same call."""
    made = uploads.create(new(1))
    with monkeypatch.context() as broken:
        broken.setattr(objects, "delete", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            uploads.delete(made.id, made.owner_token)
    with pytest.raises(NotFound):
        downloads.status(made.id, Caller(), None)
    uploads.delete(made.id, made.owner_token)
    assert not records.transfers


def test_an_interrupted_deletion_goes_on_where_it_stopped(
    uploads: Uploads, objects: FakeObjects, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the last page of files to the first, also where records were forgotten and their objects were not."""
    monkeypatch.setattr(erasure, "PAGE", 2)
    made = uploads.create(new(1, 1, 1, 1, 1))
    for number in range(1, 6):
        objects.put(key_of(made.id, number), 1)
    asked: list[list[str]] = []

    def failing(keys: Sequence[str]) -> None:
        asked.append([key[-1] for key in keys])
        if len(asked) == 2:
            raise ZeroDivisionError
        FakeObjects.delete(objects, keys)

    monkeypatch.setattr(objects, "delete", failing)
    with pytest.raises(ZeroDivisionError):
        uploads.delete(made.id, made.owner_token)
    assert [number for _, number in records.rows] == [1]
    uploads.delete(made.id, made.owner_token)
    assert asked == [["4", "5"], ["2", "3"], ["2", "3"], ["1"]]
    assert [objects.stored, records.transfers, records.rows] == [{}] * 3


def test_records_that_were_written_and_never_counted_in_go_with_the_transfer(
    uploads: Uploads, records: FakeRecords
) -> None:
    """A call that added files and crashed leaves their names behind."""
    made = uploads.create(new(1))
    records.rows[made.id, 2] = replace(records.rows[made.id, 1], number=2)
    uploads.delete(made.id, made.owner_token)
    assert not records.rows


def test_options_are_saved_and_what_is_left_out_stays(uploads: Uploads, clock: Clock) -> None:
    """Null lifts a limit or the password."""
    made = uploads.create(new(1))
    uploads.change(made.id, made.owner_token, Options(title="Hello", max_downloads=3, password="secret"))
    saved = uploads.change(made.id, made.owner_token, Options(max_downloads=None, expires_in=3_600))
    assert (saved.title, saved.max_downloads, saved.has_password) == ("Hello", None, True)
    assert saved.expires_at == "2027-01-15T09:00:00Z"
    assert not uploads.change(made.id, made.owner_token, Options(password=None)).has_password
    assert clock.now == 1_800_000_000


def test_an_expiry_that_is_no_choice_is_refused(uploads: Uploads) -> None:
    """The words name the choices."""
    made = uploads.create(new(1))
    with pytest.raises(Invalid, match="3600, 86400"):
        uploads.change(made.id, made.owner_token, Options(expires_in=61))


def calls(uploads: Uploads, made: CreatedTransfer, token: str | None) -> list[Any]:
    """Return every call that only the owner may make."""
    return [
        lambda: uploads.add_files(made.id, token, MoreFiles(files=new(1).files)),
        lambda: uploads.sign(made.id, token, to_sign((1, 1))),
        lambda: uploads.parts(made.id, token, 1),
        lambda: uploads.complete(made.id, token, 1),
        lambda: uploads.change(made.id, token, Options(title="x")),
        lambda: uploads.remove_file(made.id, token, 1),
        lambda: uploads.delete(made.id, token),
    ]


@pytest.mark.parametrize(("token", "error"), [(None, TokenMissing), ("", TokenMissing), ("other", TokenWrong)])
def test_nobody_but_the_owner_changes_a_transfer(
    uploads: Uploads, records: FakeRecords, token: str | None, error: type[Exception]
) -> None:
    """No token and a wrong one, at every call."""
    made = uploads.create(new(1))
    for call in calls(uploads, made, token):
        with pytest.raises(error):
            call()
    assert made.id in records.transfers


def test_an_expired_transfer_is_gone_for_its_owner_too(uploads: Uploads, clock: Clock) -> None:
    """To the second; only deleting it is still possible."""
    made = uploads.create(new(1))
    clock.now += SETTINGS.default_expiry - 1
    uploads.sign(made.id, made.owner_token, to_sign((1, 1)))
    clock.now += 1
    *others, _, delete = calls(uploads, made, made.owner_token)
    for call in others:
        with pytest.raises(NotFound):
            call()
    delete()


@pytest.mark.parametrize("number", [0, -1, 2, 10**9])
def test_a_number_that_no_file_has_is_not_found(uploads: Uploads, number: int) -> None:
    """Below the first and beyond the last."""
    made = uploads.create(new(1))
    for call in (uploads.parts, uploads.complete, uploads.remove_file):
        with pytest.raises(NotFound):
            call(made.id, made.owner_token, number)
