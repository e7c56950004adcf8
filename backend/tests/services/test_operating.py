"""What operators do, on a table and a bucket in memory."""

from collections.abc import Callable, Sequence

import pytest

from backend.errors import Blocked, Conflict, NotFound, TokenWrong
from backend.messages import CreatedTransfer, MoreFiles, NewFile, NewTransfer, Options, PartsToSign, PartToSign
from backend.rules.accounts import Account
from backend.rules.report import Form
from backend.rules.transfer import DAY, MIB, NEVER, evidence_key, key_of
from backend.services.arriving import Arrivals
from backend.services.expiring import Sweeping
from backend.services.lease import LEASE_SECONDS
from backend.services.operating import STOPPED, Operators
from backend.services.receiving import Caller, Downloads
from backend.services.reporting import Reporting
from backend.services.sending import Uploads
from backend.tests.conftest import SETTINGS
from backend.tests.fakes import Clock, FakeObjects, FakeRecords
from backend.tests.services.test_receiving import arrive, begin

SHA256 = "A" * 43 + "="


@pytest.fixture
def bad(uploads: Uploads, objects: FakeObjects, arrivals: Arrivals, downloads: Downloads) -> CreatedTransfer:
    """Return a transfer of two stored files, one of which has been downloaded; another was removed."""
    made = begin(uploads, 5, 7, 9)
    for number, size in ((1, 5), (2, 7), (3, 9)):
        arrive(arrivals, objects, made, number, size)
    uploads.remove_file(made.id, made.owner_token, 3)
    downloads.download(made.id, 2, Caller(address="203.0.113.7"))
    return made


def keys(objects: FakeObjects) -> list[str]:
    """Return what the bucket holds."""
    return sorted(objects.stored)


# Taking down


def test_from_a_takedown_on_nobody_gets_anything(
    bad: CreatedTransfer, uploads: Uploads, downloads: Downloads, operators: Operators, clock: Clock
) -> None:
    """Recipients are told that it is blocked, its owner as well, others with a token that it is not theirs."""
    uploads.change(bad.id, bad.owner_token, Options(password="x"))
    operators.take_down(bad.id)
    for blocked_for in (0, 400 * DAY):
        clock.now += blocked_for
        for caller in (Caller(), Caller(token=bad.owner_token)):
            for see in (
                lambda caller: downloads.status(bad.id, caller, None),
                lambda caller: downloads.download(bad.id, 1, caller),
                lambda caller: downloads.admit(bad.id, caller),
            ):
                with pytest.raises(Blocked, match="has blocked this transfer"):
                    see(caller)
        with pytest.raises(Blocked):
            downloads.unlock(bad.id, "x")
        with pytest.raises(TokenWrong):
            downloads.status(bad.id, Caller(token="other"), None)


@pytest.mark.parametrize(
    "call",
    [
        lambda uploads, made: uploads.sign(
            made.id, made.owner_token, PartsToSign(parts=[PartToSign(file=1, number=1)])
        ),
        lambda uploads, made: uploads.add_files(made.id, made.owner_token, MoreFiles(files=[NewFile(name="", size=1)])),
        lambda uploads, made: uploads.parts(made.id, made.owner_token, 1),
        lambda uploads, made: uploads.complete(made.id, made.owner_token, 1),
        lambda uploads, made: uploads.change(made.id, made.owner_token, Options(title="x")),
        lambda uploads, made: uploads.log(made.id, made.owner_token),
        lambda uploads, made: uploads.remove_file(made.id, made.owner_token, 1),
        lambda uploads, made: uploads.delete(made.id, made.owner_token),
    ],
)
def test_an_owner_can_do_nothing_any_more(
    bad: CreatedTransfer, uploads: Uploads, operators: Operators, objects: FakeObjects, records: FakeRecords,
    call: Callable[[Uploads, CreatedTransfer], object],
) -> None:  # fmt: skip
    """And destroy nothing."""
    operators.take_down(bad.id)
    before = (dict(records.transfers), dict(records.rows), dict(objects.stored))
    with pytest.raises(Blocked):
        call(uploads, bad)
    assert before == (records.transfers, records.rows, objects.stored)


def test_the_account_that_sent_it_and_operators_can_claim_it_again_once_it_is_given_back(
    uploads: Uploads, operators: Operators, records: FakeRecords, clock: Clock
) -> None:
    """Until then it is refused to those who may know of it, and as if it were not there to others."""
    alice, bob, olga = Account(subject="alice"), Account(subject="bob"), Account(subject="olga", operator=True)
    made = uploads.create(NewTransfer(files=[NewFile(name="a", size=1)]), account=alice)
    operators.take_down(made.id)
    assert operators.list(1).transfers[0].sender == "alice"
    assert set(records.ttls.values()) == {NEVER}
    clock.now += 100 * DAY
    for account, error in ((alice, Blocked), (olga, Blocked), (bob, NotFound)):
        with pytest.raises(error):
            uploads.claim(made.id, account)
    operators.restore(made.id)
    assert set(records.ttls.values()) == {records.transfers[made.id].ttl}
    assert [each.id for each in uploads.sent(alice).transfers] == [made.id]
    assert uploads.claim(made.id, alice)


def test_a_deletion_that_meets_a_takedown_destroys_nothing(
    bad: CreatedTransfer, uploads: Uploads, operators: Operators, objects: FakeObjects, records: FakeRecords,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its owner was admitted a moment before: the write that ends it looks for itself."""
    seen = records.transfers[bad.id]
    operators.take_down(bad.id)
    before = (dict(records.rows), dict(objects.stored))
    monkeypatch.setattr(records, "transfer", lambda _: seen)
    with pytest.raises(Blocked):
        uploads.delete(bad.id, bad.owner_token)
    with pytest.raises(Blocked):
        uploads.change(bad.id, bad.owner_token, Options(expires_in=3_600))
    assert before == (records.rows, objects.stored)


def test_the_evidence_is_kept_where_no_function_reaches(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, records: FakeRecords, reporting: Reporting
) -> None:
    """Files, names, checksums, the log and the reports; the removed file was gone before."""
    reporting.report(bad.id, Form.of("malware", "look", ""), "203.0.113.7")
    case = operators.take_down(bad.id)
    assert keys(objects) == [evidence_key(bad.id, 1), evidence_key(bad.id, 2)]
    assert [(each.file.name, each.file.size, each.file.sha256, each.outcome) for each in case.files] == [
        ("f/1.bin", 5, "sum", "kept"),
        ("f/2.bin", 7, "sum", "kept"),
    ]
    assert [report.text for report in case.reports] == ["look"]
    assert len(records.log(bad.id, 9)) == 1
    assert records.transfers[bad.id].secured
    assert set(records.ttls.values()) == {NEVER}
    assert records.transfers[bad.id].ttl == NEVER


def test_the_sweep_leaves_it(bad: CreatedTransfer, operators: Operators, sweeping: Sweeping, clock: Clock) -> None:
    """Long after it would have expired, and where the index still names it."""
    operators.take_down(bad.id)
    clock.now += 400 * DAY
    assert bad.id not in sweeping.over()
    assert sweeping.sweep(bad.id, lambda: True) is None


def test_uploads_under_way_are_ended_and_can_be_neither_gone_on_with_nor_completed(
    uploads: Uploads, operators: Operators, objects: FakeObjects, arrivals: Arrivals, records: FakeRecords
) -> None:
    """What comes by an old URL afterwards is deleted when S3 tells of it."""
    part = PartToSign(file=1, number=1, sha256=SHA256)
    files = [NewFile(name="large", size=40 * MIB), NewFile(name="small", size=3)]
    made = uploads.create(NewTransfer(files=files, parts=[part]))
    objects.put_part("upload-1", 1, 16 * MIB)
    case = operators.take_down(made.id)
    assert objects.uploads == {}
    assert [each.outcome for each in case.files] == ["incomplete", "incomplete"]
    assert [records.rows[made.id, number].state for number in (1, 2)] == ["failed", "failed"]
    arrive(arrivals, objects, made, 2, 3)
    assert objects.stored == {}


def test_what_had_arrived_whole_is_evidence_even_where_s3_has_not_told_of_it_yet(
    uploads: Uploads, operators: Operators, objects: FakeObjects
) -> None:
    """Its event would come a second later."""
    made = begin(uploads, 5)
    objects.put(key_of(made.id, 1), 5)
    assert [each.outcome for each in operators.take_down(made.id).files] == ["kept"]
    assert keys(objects) == [evidence_key(made.id, 1)]


def test_an_upload_that_was_just_being_begun_is_ended_too(
    uploads: Uploads, operators: Operators, objects: FakeObjects, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a call that had been admitted before, and begins it while the file fails."""
    made = uploads.create(NewTransfer(files=[NewFile(name="large", size=40 * MIB)]))

    def late(transfer: str, number: int, reason: str) -> None:
        records.keep_upload(transfer, number, objects.start(key_of(transfer, number)))
        FakeRecords.fail(records, transfer, number, reason)

    monkeypatch.setattr(records, "fail", late)
    operators.take_down(made.id)
    assert objects.started == 1
    assert objects.uploads == {}


def test_an_event_that_comes_again_does_not_destroy_the_evidence(
    bad: CreatedTransfer,
    operators: Operators,
    objects: FakeObjects,
    arrivals: Arrivals,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever: while a file is copied, and when it has been."""

    def copy(source: str, target: str, *, size: int) -> bool:
        arrivals.arrived(source)
        copied = FakeObjects.copy(objects, source, target, size=size)
        arrivals.arrived(source)
        return copied

    monkeypatch.setattr(objects, "copy", copy)
    assert [each.outcome for each in operators.take_down(bad.id).files] == ["kept", "kept"]
    for number in (1, 2):
        arrivals.arrived(key_of(bad.id, number))
    assert keys(objects) == [evidence_key(bad.id, 1), evidence_key(bad.id, 2)]


def test_what_is_sent_to_an_old_place_by_an_old_url_does_not_stay_and_is_no_evidence(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, arrivals: Arrivals
) -> None:
    """Old URLs for downloads would lead there; another takedown must not take it for the file."""
    operators.take_down(bad.id)
    genuine = objects.stored[evidence_key(bad.id, 1)]
    objects.put(key_of(bad.id, 1), 5)
    operators.take_down(bad.id)
    assert objects.stored[evidence_key(bad.id, 1)] is genuine
    assert key_of(bad.id, 1) not in objects.stored
    arrive(arrivals, objects, bad, 1, 5)
    assert keys(objects) == [evidence_key(bad.id, 1), evidence_key(bad.id, 2)]


@pytest.mark.parametrize("call", ["copy", "delete", "hold"])
def test_a_takedown_that_is_interrupted_has_blocked_and_is_made_good_by_a_repetition(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, records: FakeRecords, downloads: Downloads,
    monkeypatch: pytest.MonkeyPatch, call: str,
) -> None:  # fmt: skip
    """The list shows that it is not done."""
    with monkeypatch.context() as broken:
        broken.setattr(records if call == "hold" else objects, call, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            operators.take_down(bad.id)
    with pytest.raises(Blocked):
        downloads.download(bad.id, 1, Caller())
    assert operators.list(9).transfers[0].state == "blocking"
    assert [each.outcome for each in operators.take_down(bad.id).files] == ["kept", "kept"]
    assert operators.list(9).transfers[0].state == "blocked"
    assert keys(objects) == [evidence_key(bad.id, 1), evidence_key(bad.id, 2)]


def test_a_file_whose_bytes_are_gone_is_told(bad: CreatedTransfer, operators: Operators, objects: FakeObjects) -> None:
    """Somebody else with rights on the bucket may have deleted it."""
    objects.delete([key_of(bad.id, 1)])
    assert [each.outcome for each in operators.take_down(bad.id).files] == ["lost", "kept"]
    assert [each.outcome for each in operators.restore(bad.id).files] == ["lost", "given back"]


def test_only_what_is_there_is_taken_down(bad: CreatedTransfer, uploads: Uploads, operators: Operators) -> None:
    """A deleted transfer has no files that could be kept."""
    uploads.delete(bad.id, bad.owner_token)
    for id_ in (bad.id, "a" * 26, "nonsense"):
        with pytest.raises(NotFound):
            operators.take_down(id_)


def test_an_expired_transfer_can_be_taken_down_until_it_is_swept(
    bad: CreatedTransfer, operators: Operators, sweeping: Sweeping, clock: Clock
) -> None:
    """A report often comes late."""
    clock.now += SETTINGS.default_expiry
    operators.take_down(bad.id)
    assert sweeping.sweep(bad.id, lambda: True) is None
    operators.restore(bad.id)
    assert sweeping.sweep(bad.id, lambda: True)


# Deciding otherwise, and the end


def test_a_restored_transfer_is_as_it_was(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, records: FakeRecords, downloads: Downloads,
    uploads: Uploads,
) -> None:  # fmt: skip
    """Objects, records, what everybody sees, and when the table forgets."""
    before = (dict(records.transfers), dict(records.rows), dict(objects.stored), dict(records.ttls))
    seen = downloads.status(bad.id, Caller(), None)
    operators.take_down(bad.id)
    assert [each.outcome for each in operators.restore(bad.id).files] == ["given back", "given back"]
    assert before == (records.transfers, records.rows, objects.stored, records.ttls)
    assert downloads.status(bad.id, Caller(), None) == seen
    uploads.delete(bad.id, bad.owner_token)
    assert objects.stored == {}


def test_the_event_of_a_file_that_is_given_back_does_not_take_it_away(
    bad: CreatedTransfer,
    operators: Operators,
    objects: FakeObjects,
    arrivals: Arrivals,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S3 tells of the copy as of any new object, and may be quicker than we."""
    operators.take_down(bad.id)

    def copy(source: str, target: str, *, size: int) -> bool:
        copied = FakeObjects.copy(objects, source, target, size=size)
        arrivals.arrived(target)
        return copied

    monkeypatch.setattr(objects, "copy", copy)
    operators.restore(bad.id)
    assert keys(objects) == [key_of(bad.id, 1), key_of(bad.id, 2)]


def test_the_time_for_which_it_was_blocked_is_not_taken_from_its_owner(
    bad: CreatedTransfer,
    operators: Operators,
    uploads: Uploads,
    records: FakeRecords,
    downloads: Downloads,
    clock: Clock,
) -> None:
    """Neither of what was left, nor of the longest life, however often; the table's own time moves with it."""
    before = records.transfers[bad.id]
    for _ in range(2):
        clock.now += DAY
        operators.take_down(bad.id)
        clock.now += 50 * DAY
        operators.restore(bad.id)
    after = records.transfers[bad.id]
    assert after.expires_at - before.expires_at == after.ttl - before.ttl == after.stood_still == 100 * DAY
    assert set(records.ttls.values()) == {after.ttl}
    downloads.download(bad.id, 1, Caller())
    saved = uploads.change(bad.id, bad.owner_token, Options(expires_in=30 * DAY))
    assert saved.expires_at == "2027-05-25T08:00:00Z"  # 30 days of life after its creation, and 100 that do not count


def test_a_file_whose_upload_was_stopped_says_so_to_its_owner(
    uploads: Uploads, operators: Operators, downloads: Downloads
) -> None:
    """Once the transfer is given back; it can be removed and sent again."""
    made = begin(uploads, 5)
    operators.take_down(made.id)
    operators.restore(made.id)
    (file,) = downloads.status(made.id, Caller(token=made.owner_token), None).files
    assert (file.state, file.reason) == ("failed", STOPPED)
    uploads.remove_file(made.id, made.owner_token, 1)
    uploads.add_files(made.id, made.owner_token, MoreFiles(files=[NewFile(name="again", size=5)]))


@pytest.mark.parametrize("call", ["copy", "delete", "release", "unblock"])
def test_a_restoration_that_is_interrupted_is_made_good_by_a_repetition(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, records: FakeRecords, downloads: Downloads,
    monkeypatch: pytest.MonkeyPatch, call: str,
) -> None:  # fmt: skip
    """Until then it stays blocked, and the list shows that it is not done."""
    operators.take_down(bad.id)
    with monkeypatch.context() as broken:
        broken.setattr(objects if call in ("copy", "delete") else records, call, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            operators.restore(bad.id)
    assert operators.list(9).transfers[0].state == "blocking"
    with pytest.raises(Blocked):
        downloads.download(bad.id, 1, Caller())
    operators.restore(bad.id)
    assert keys(objects) == [key_of(bad.id, 1), key_of(bad.id, 2)]
    downloads.download(bad.id, 1, Caller())


@pytest.mark.parametrize("first", ["secure", "restore", "erase"])
@pytest.mark.parametrize("second", ["secure", "restore", "erase"])
def test_of_two_who_deal_with_a_transfer_the_second_comes_too_early(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch,
    first: str, second: str,
) -> None:  # fmt: skip
    """Whatever the two want: each would delete what the other relies on. Once it is done, it is as if alone."""
    operators.block(bad.id)
    if first != "secure":
        operators.secure(bad.id)
    met: list[str] = []

    def meeting(call: Callable[..., object]) -> Callable[..., object]:
        def meet(*arguments: object, **more: object) -> object:
            with pytest.raises(Conflict):
                getattr(operators, second)(bad.id)
            met.append(second)
            return call(*arguments, **more)

        return meet

    with monkeypatch.context() as busy:
        for name in ("copy", "delete"):
            busy.setattr(objects, name, meeting(getattr(objects, name)))
        getattr(operators, first)(bad.id)
    assert met
    kept = {"secure": evidence_key, "restore": key_of}
    assert keys(objects) == ([kept[first](bad.id, number) for number in (1, 2)] if first in kept else [])


@pytest.mark.parametrize("call", ["secure", "restore"])
def test_who_has_lost_the_transfer_while_copying_deletes_nothing(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:  # fmt: skip
    """Somebody else may rely on it by now; whoever comes next makes good what was left."""
    operators.block(bad.id)
    if call == "restore":
        operators.secure(bad.id)
    before = keys(objects)
    copy = objects.copy

    def slow(source: str, target: str, *, size: int) -> bool:
        clock.now += LEASE_SECONDS
        return copy(source, target, size=size)

    with monkeypatch.context() as late:
        late.setattr(objects, "copy", slow)
        with pytest.raises(Conflict, match="meanwhile"):
            getattr(operators, call)(bad.id)
    assert set(keys(objects)) >= set(before)
    assert operators.list(9).transfers[0].state == "blocking"
    getattr(operators, call)(bad.id)
    place = {"secure": evidence_key, "restore": key_of}[call]
    assert keys(objects) == [place(bad.id, number) for number in (1, 2)]


def test_what_is_not_blocked_is_neither_given_back_nor_erased(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects
) -> None:
    """A slip of the keyboard must not erase anybody's files."""
    for call in (operators.restore, operators.erase, operators.secure):
        with pytest.raises(Conflict):
            call(bad.id)
        with pytest.raises(NotFound):
            call("a" * 26)
    assert keys(objects) == [key_of(bad.id, 1), key_of(bad.id, 2)]


def test_when_the_case_is_closed_nothing_is_left(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, records: FakeRecords, reporting: Reporting
) -> None:
    """Evidence, records, log, reports; nobody can tell it from one that never was."""
    reporting.report(bad.id, Form.of("malware", "look", ""), "203.0.113.7")
    operators.take_down(bad.id)
    operators.erase(bad.id)
    assert [objects.stored, records.transfers, records.rows, records.logs, records.reported] == [{}] * 5


def test_an_erasure_that_is_interrupted_can_be_repeated(
    bad: CreatedTransfer, operators: Operators, objects: FakeObjects, records: FakeRecords, sweeping: Sweeping,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Before the evidence is gone by the operator, afterwards by the sweep."""
    operators.take_down(bad.id)
    for broken in ((objects, "delete"), (records, "forget_files")):
        with monkeypatch.context() as patched:
            patched.setattr(*broken, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                operators.erase(bad.id)
    assert objects.stored == {}
    assert sweeping.sweep(bad.id, lambda: True)
    assert records.transfers == {}


# Seeing


def test_the_list_shows_all_there_is_newest_first(
    bad: CreatedTransfer,
    uploads: Uploads,
    operators: Operators,
    reporting: Reporting,
    records: FakeRecords,
    clock: Clock,
) -> None:
    """How much, how often downloaded and reported, and how it stands."""
    reporting.report(bad.id, Form.of("malware", "look", ""), "203.0.113.7")
    clock.now += 1
    coming = begin(uploads, 1, 2)
    clock.now += 1
    short = begin(uploads, 1)
    uploads.change(short.id, short.owner_token, Options(expires_in=3_600))
    clock.now += 3_600
    gone = begin(uploads, 1)
    records.change(gone.id, {"deleted": True})
    listed = operators.list(9).transfers
    assert [(each.id, each.state) for each in listed] == [
        (gone.id, "deleted"),
        (short.id, "expired"),
        (coming.id, "uploading"),
        (bad.id, "ready"),
    ]
    shown = listed[-1]
    assert (shown.files, shown.bytes, shown.downloads, shown.reports) == (2, 12, 1, 1)
    operators.take_down(bad.id)
    shown = operators.list(9).transfers[-1]
    assert (shown.state, shown.files, shown.bytes, shown.downloads, shown.reports) == ("blocked", 2, 12, 1, 1)


def test_a_long_list_comes_in_pages(uploads: Uploads, operators: Operators, clock: Clock) -> None:
    """Of which none leaves out or repeats any, also where many were created in one second."""
    made: list[str] = []
    for number in range(25):
        clock.now += number % 7 == 0
        made.append(begin(uploads, 1).id)
    shown: list[Sequence[str]] = []
    cursor = None
    while not shown or cursor:
        page = operators.list(10, cursor)
        shown.append([each.id for each in page.transfers])
        cursor = page.next
    assert [len(ids) for ids in shown] == [10, 10, 5]
    assert sorted(id_ for ids in shown for id_ in ids) == sorted(made)
    assert operators.list(25).next is None


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", "-1." + "a" * 26, "9" * 13 + "." + "a" * 26])
def test_a_cursor_that_is_none_is_refused(operators: Operators, cursor: str) -> None:
    """It comes from outside."""
    if cursor:
        with pytest.raises(ValueError, match="not a cursor"):
            operators.list(10, cursor)
    else:
        assert operators.list(10, cursor).transfers == []


def test_a_transfer_that_went_since_the_index_was_read_is_left_out(
    bad: CreatedTransfer, operators: Operators, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index lags a little."""
    outdated = [(1_800_000_000, "b" * 26), (1_800_000_000, bad.id)]
    monkeypatch.setattr(records, "newest", lambda _: iter(outdated))
    assert [each.id for each in operators.list(9).transfers] == [bad.id]
