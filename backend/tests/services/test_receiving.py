"""The recipient's side and S3's events, on a table and a bucket in memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from threading import Barrier, Lock
from time import sleep

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from backend.errors import (
    Expired,
    Invalid,
    LimitReached,
    NotFound,
    PasswordNeeded,
    PasswordWrong,
    SidestepError,
    TokenWrong,
    TooManyTries,
)
from backend.messages import (
    CreatedTransfer,
    MoreFiles,
    NewFile,
    NewTransfer,
    Options,
    PartsToSign,
    PartToSign,
)
from backend.rules.passwords import password_fits
from backend.rules.transfer import MIB, key_of
from backend.services.arriving import Arrivals, NewlyStored
from backend.services.receiving import Caller, Downloads
from backend.services.sending import Uploads
from backend.tests.fakes import Clock, FakeObjects, FakeRecords
from backend.tests.services.test_sending import new, send_parts


def begin(uploads: Uploads, *sizes: int) -> CreatedTransfer:
    """Begin a transfer with files of these sizes."""
    return uploads.create(NewTransfer(files=[NewFile(name=f"f/{n}.bin", size=size) for n, size in enumerate(sizes, 1)]))


def arrive(arrivals: Arrivals, objects: FakeObjects, made: CreatedTransfer, number: int, size: int) -> None:
    """Let an object arrive, and S3 tell of it."""
    objects.put(key_of(made.id, number), size)
    arrivals.arrived(key_of(made.id, number))


def test_a_file_has_a_link_when_it_is_stored_and_not_before(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """The transfer has one when every file has."""
    made = begin(uploads, 5, 7)
    arrive(arrivals, objects, made, 1, 5)
    status = downloads.status(made.id, Caller(), None)
    assert [(file.state, file.link) for file in status.files] == [("stored", f"t/{made.id}/files/1"), ("pending", None)]
    assert (status.state, status.link) == ("uploading", None)
    arrive(arrivals, objects, made, 2, 7)
    status = downloads.status(made.id, Caller(), None)
    assert (status.state, status.link) == ("ready", f"t/{made.id}")


def test_how_much_of_a_file_has_arrived_is_what_s3_has_of_its_parts(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Of files on their way in parts, and of no others: what is stored, removed or made one object is not named."""
    made = begin(uploads, 40 * MIB, 40 * MIB, 5, 40 * MIB)
    assert downloads.arriving(made.id, Caller(), [1, 2, 3, 4, 9]).files == []
    parts = [PartToSign(file=file, number=1, sha256="A" * 43 + "=") for file in (1, 2, 4)]
    uploads.sign(made.id, made.owner_token, PartsToSign(parts=parts))
    for number in (1, 3):
        objects.put_part("upload-1", number, made.files[0].part_size)
    uploads.remove_file(made.id, made.owner_token, 4)

    def arriving() -> list[tuple[int, int]]:
        found = downloads.arriving(made.id, Caller(), [1, 2, 3, 4, 9]).files
        return sorted((file.number, file.bytes) for file in found)

    assert arriving() == [(1, 32 * MIB), (2, 0)]
    del objects.uploads["upload-1"]
    assert arriving() == [(2, 0)]
    arrive(arrivals, objects, made, 2, 40 * MIB)
    assert arriving() == []


def test_how_much_has_arrived_is_behind_the_password(uploads: Uploads, downloads: Downloads) -> None:
    """As everything else of the transfer."""
    made = begin(uploads, 40 * MIB)
    uploads.change(made.id, made.owner_token, Options(password="secret"))
    with pytest.raises(PasswordNeeded):
        downloads.arriving(made.id, Caller(), [1])


def test_an_event_that_comes_again_changes_nothing(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """It is counted once, and only the first time is told as new."""
    made = begin(uploads, 5)
    objects.put(key_of(made.id, 1), 5)
    assert isinstance(arrivals.arrived(key_of(made.id, 1)), NewlyStored)
    before = downloads.status(made.id, Caller(), None)
    assert arrivals.arrived(key_of(made.id, 1)) == "dealt_with"
    assert downloads.status(made.id, Caller(), None) == before


def test_the_delay_is_counted_from_when_s3_had_the_object(
    arrivals: Arrivals, uploads: Uploads, objects: FakeObjects, clock: Clock
) -> None:
    """An operator sees how fast links appear."""
    made = begin(uploads, 5)
    objects.put(key_of(made.id, 1), 5)
    clock.now += 3
    stored = arrivals.arrived(key_of(made.id, 1))
    assert isinstance(stored, NewlyStored)
    assert (stored.bytes, stored.delay) == (5, 3)


def test_the_delay_of_a_file_in_parts_is_counted_from_its_event(
    arrivals: Arrivals, uploads: Uploads, objects: FakeObjects, clock: Clock
) -> None:
    """S3 dates it from the beginning of its upload, hours ago perhaps; where nobody knows better, nothing is said."""
    delays: list[float | None] = []
    for since in (clock.now + 3_600, None):
        made = uploads.create(new(40 * MIB, parts=[(1, 1)]))
        send_parts(objects, 16 * MIB, 16 * MIB, 8 * MIB, upload=f"upload-{objects.started}")
        clock.now += 3_600
        uploads.complete(made.id, made.owner_token, 1)
        clock.now += 2
        stored = arrivals.arrived(key_of(made.id, 1), since=since)
        assert isinstance(stored, NewlyStored)
        delays.append(stored.delay)
    assert delays == [2, None]


def test_an_object_of_another_size_is_deleted_and_the_file_says_why(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """S3 is believed, not the client."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 6)
    status = downloads.status(made.id, Caller(), None)
    assert status.files[0].state == "failed"
    assert "6 bytes" in (status.files[0].reason or "")
    assert status.counts.failed == 1
    assert not objects.stored


def test_an_object_that_browsers_would_save_as_something_else_is_deleted_and_the_file_says_why(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Sent with an encoding that nobody signs: what is checked is a small file, and what is saved any number of GiB."""
    made = begin(uploads, 5)
    key = key_of(made.id, 1)
    objects.put(key, 5)
    objects.stored[key] = replace(objects.stored[key], encoding="gzip")
    arrivals.arrived(key)
    (file,) = downloads.status(made.id, Caller(), None).files
    assert (file.state, "Content-Encoding" in (file.reason or "")) == ("failed", True)
    assert not objects.stored


def test_an_object_that_is_not_ours_is_left_alone(arrivals: Arrivals, objects: FakeObjects) -> None:
    """Its key is none that we make."""
    objects.put("files/other.txt", 5)
    assert arrivals.arrived("files/other.txt") == "dealt_with"
    assert "files/other.txt" in objects.stored


def test_an_object_of_a_deleted_transfer_is_deleted(arrivals: Arrivals, uploads: Uploads, objects: FakeObjects) -> None:
    """A PUT that was under way when its transfer went leaves nothing."""
    made = begin(uploads, 5)
    uploads.delete(made.id, made.owner_token)
    arrive(arrivals, objects, made, 1, 5)
    assert not objects.stored


def test_an_object_of_a_removed_file_is_deleted(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """The file stays removed."""
    made = begin(uploads, 5, 5)
    uploads.remove_file(made.id, made.owner_token, 1)
    arrive(arrivals, objects, made, 1, 5)
    assert not objects.stored
    assert downloads.status(made.id, Caller(), None).counts.stored == 0


def test_an_event_for_an_object_that_is_gone_again_does_nothing(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads
) -> None:
    """Events come late."""
    made = begin(uploads, 5)
    assert arrivals.arrived(key_of(made.id, 1)) == "absent"
    assert downloads.status(made.id, Caller(), None).files[0].state == "pending"


def test_a_poll_carries_only_what_changed(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """From the cursor of the create call on."""
    made = begin(uploads, 1, 2, 3)
    assert downloads.status(made.id, Caller(), made.cursor).files == []
    arrive(arrivals, objects, made, 2, 2)
    first = downloads.status(made.id, Caller(), made.cursor)
    assert [file.number for file in first.files] == [2]
    assert downloads.status(made.id, Caller(), first.cursor).files == []
    uploads.add_files(made.id, made.owner_token, MoreFiles(files=[NewFile(name="new", size=1)]))
    uploads.remove_file(made.id, made.owner_token, 1)
    second = downloads.status(made.id, Caller(), first.cursor)
    assert [(file.number, file.state) for file in second.files] == [(4, "pending"), (1, "removed")]


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["add", "store", "remove", "poll"]), max_size=60), st.randoms())
def test_polls_add_up_to_the_whole(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects, steps: list[str], random: Random
) -> None:
    """Whoever follows the cursor knows what a full answer says."""
    made = begin(uploads, 1)
    known: dict[int, str] = {}
    cursor: str | None = None
    last = 1
    for step in [*steps, "poll"]:
        number = random.randint(1, last)
        if step == "add":
            last = (
                uploads.add_files(made.id, made.owner_token, MoreFiles(files=[NewFile(name="n", size=1)]))
                .files[0]
                .number
            )
        elif step == "store":
            arrive(arrivals, objects, made, number, 1)
        elif step == "remove":
            uploads.remove_file(made.id, made.owner_token, number)
        else:
            status = downloads.status(made.id, Caller(), cursor)
            known |= {file.number: file.state for file in status.files}
            cursor = status.cursor
    whole = downloads.status(made.id, Caller(), None)
    left = {number: state for number, state in known.items() if state != "removed"}
    assert left == {file.number: file.state for file in whole.files}
    assert whole.counts.stored == list(left.values()).count("stored")
    assert whole.counts.files == len(left)


def test_a_long_list_comes_in_pages(uploads: Uploads, downloads: Downloads) -> None:
    """With `more` until the last one."""
    made = begin(uploads, *[1] * 1_000)
    uploads.add_files(made.id, made.owner_token, MoreFiles(files=[NewFile(name="n", size=1)] * 500))
    first = downloads.status(made.id, Caller(), None)
    second = downloads.status(made.id, Caller(), first.cursor)
    assert (len(first.files), first.more, len(second.files), second.more) == (1_000, True, 500, False)


def test_an_answer_stays_below_what_lambda_sends_however_long_the_names_are(
    uploads: Uploads, downloads: Downloads
) -> None:
    """New files and changed ones alike; whoever follows the cursor gets them all, each change once."""
    made = uploads.create(NewTransfer(files=[NewFile(name="\u0000" * 8_192, size=1)] * 100))
    polls = {"listed": list(range(1, 101)), "removed": list(range(1, 101))}
    cursor: str | None = None
    for name, expected in polls.items():
        if name == "removed":
            for number in expected:
                uploads.records.fail(made.id, number, "gone")
        found: list[int] = []
        more = True
        while more:
            status = downloads.status(made.id, Caller(), cursor)
            assert len(status.model_dump_json()) < 2_000_000
            found += [file.number for file in status.files]
            cursor, more = status.cursor, status.more
        assert sorted(found) == expected


def test_a_cursor_that_is_none_is_refused(uploads: Uploads, downloads: Downloads) -> None:
    """With the field named."""
    made = begin(uploads, 1)
    with pytest.raises(Invalid) as refused:
        downloads.status(made.id, Caller(), "nonsense")
    assert list(refused.value.fields) == ["since"]


def test_only_the_owner_gets_presigned_urls_with_the_status(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Good for an hour, made at that moment."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    assert downloads.status(made.id, Caller(), None).files[0].download_url is None
    url = downloads.status(made.id, Caller(token=made.owner_token), None).files[0].download_url
    assert url is not None
    assert url.endswith("for=3600")


def test_a_download_is_saved_under_the_files_own_name(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """By a URL that is signed for this file and lives for the configured time."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    url = downloads.download(made.id, 1, Caller())
    assert f"files/{made.id}/1?" in url
    assert 'filename="1.bin"' in url
    assert url.endswith("for=300")


def test_there_is_no_download_before_the_file_is_stored(uploads: Uploads, downloads: Downloads) -> None:
    """Nor of a file that the transfer does not have."""
    made = begin(uploads, 5)
    with pytest.raises(NotFound, match="on its way"):
        downloads.download(made.id, 1, Caller())
    for number in (0, 2, -1):
        with pytest.raises(NotFound, match="no such file"):
            downloads.download(made.id, number, Caller())


def test_a_limit_of_downloads_holds_for_each_file_and_not_for_the_owner(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Two of each file, and then no more."""
    made = begin(uploads, 5, 5)
    arrive(arrivals, objects, made, 1, 5)
    arrive(arrivals, objects, made, 2, 5)
    uploads.change(made.id, made.owner_token, Options(max_downloads=2))
    for _ in range(2):
        downloads.download(made.id, 1, Caller())
    with pytest.raises(LimitReached):
        downloads.download(made.id, 1, Caller())
    downloads.download(made.id, 2, Caller())
    downloads.download(made.id, 1, Caller(token=made.owner_token))


def test_no_more_are_downloaded_than_allowed_however_many_ask_at_once(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Ten of two hundred, and ten in the log."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    uploads.change(made.id, made.owner_token, Options(max_downloads=10))
    outcomes = all_at_once([partial(downloads.download, made.id, 1, Caller())] * 200)
    assert outcomes == {"done": 10, "limit_reached": 190}
    assert len(uploads.log(made.id, made.owner_token).downloads) == 10


HERE = Caller(address="203.0.113.77")
THERE = Caller(address="203.0.113.78")


@pytest.fixture
def limited(arrivals: Arrivals, uploads: Uploads, objects: FakeObjects) -> CreatedTransfer:
    """Return a transfer of two files of a hundred bytes, each to be downloaded twice."""
    made = begin(uploads, 100, 100)
    for number in (1, 2):
        arrive(arrivals, objects, made, number, 100)
    uploads.change(made.id, made.owner_token, Options(max_downloads=2))
    return made


def test_what_goes_on_with_a_download_is_not_counted_again(
    limited: CreatedTransfer, uploads: Uploads, downloads: Downloads, clock: Clock
) -> None:
    """Days later, and although the limit is reached."""
    downloads.download(limited.id, 1, HERE)
    downloads.download(limited.id, 1, THERE, "bytes=0-")
    with pytest.raises(LimitReached):
        downloads.download(limited.id, 1, HERE, "bytes=0-")
    clock.now += 6 * 86_400
    for asked in ("bytes=1-", "bytes=50-", "bytes=60-69", "bytes=-10"):
        downloads.download(limited.id, 1, HERE, asked)
    assert len(uploads.log(limited.id, limited.owner_token).downloads) == 2


@pytest.mark.parametrize(
    ("number", "caller", "asked"),
    [
        (1, HERE, None),
        (1, HERE, "bytes=0-"),
        (1, HERE, "bytes=0-49"),
        (1, HERE, "bytes=-100"),
        (1, THERE, "bytes=50-"),
        (2, HERE, "bytes=50-"),
    ],
)
def test_what_begins_anew_or_elsewhere_is_counted(
    limited: CreatedTransfer, uploads: Uploads, downloads: Downloads, number: int, caller: Caller, asked: str | None
) -> None:
    """From the first byte, from another source, of another file."""
    downloads.download(limited.id, 1, HERE)
    downloads.download(limited.id, number, caller, asked)
    assert len(uploads.log(limited.id, limited.owner_token).downloads) == 2


def test_one_counted_download_is_not_gone_on_with_for_ever(
    limited: CreatedTransfer, uploads: Uploads, downloads: Downloads
) -> None:
    """A hundred times; the next one is a download, which may be gone on with as often."""
    downloads.download(limited.id, 1, HERE)
    for _ in range(201):
        downloads.download(limited.id, 1, HERE, "bytes=1-")
    assert len(uploads.log(limited.id, limited.owner_token).downloads) == 2
    with pytest.raises(LimitReached):
        downloads.download(limited.id, 1, HERE, "bytes=1-")


def test_a_refused_download_cannot_be_gone_on_with(limited: CreatedTransfer, downloads: Downloads) -> None:
    """It was none."""
    for _ in range(2):
        downloads.download(limited.id, 1, HERE)
    for asked in (None, "bytes=1-"):
        with pytest.raises(LimitReached):
            downloads.download(limited.id, 1, THERE, asked)


def test_an_owner_sees_who_downloaded_what_and_when(
    limited: CreatedTransfer, uploads: Uploads, downloads: Downloads, clock: Clock
) -> None:
    """Newest first; not the owner's own, and no address."""
    downloads.download(limited.id, 1, HERE)
    clock.now += 1.5
    downloads.download(limited.id, 2, Caller(address="2001:db8:1:2::3"), "bytes=0-9")
    downloads.download(limited.id, 1, Caller(token=limited.owner_token, address="203.0.113.77"))
    log = uploads.log(limited.id, limited.owner_token)
    assert log.model_dump() == {
        "downloads": [
            {"at": "2027-01-15T08:00:01Z", "file": 2, "bytes": 10, "source": "2001:db8:1::/48"},
            {"at": "2027-01-15T08:00:00Z", "file": 1, "bytes": 100, "source": "203.0.113.x"},
        ],
        "more": False,
    }
    with pytest.raises(TokenWrong):
        uploads.log(limited.id, "other")


def test_a_long_log_shows_the_last_thousand(
    limited: CreatedTransfer, uploads: Uploads, downloads: Downloads, clock: Clock
) -> None:
    """And says that there were more."""
    uploads.change(limited.id, limited.owner_token, Options(max_downloads=None))
    for more in (False, True):
        for _ in range(1 if more else 1_000):
            clock.now += 1
            downloads.download(limited.id, 1, HERE)
        log = uploads.log(limited.id, limited.owner_token)
        assert (len(log.downloads), log.more) == (1_000, more)
    assert log.downloads[-1].at == "2027-01-15T08:00:02Z"


def test_the_log_ends_with_its_transfer(
    limited: CreatedTransfer, uploads: Uploads, downloads: Downloads, records: FakeRecords
) -> None:
    """Nothing of it stays."""
    downloads.download(limited.id, 1, HERE)
    uploads.delete(limited.id, limited.owner_token)
    assert (records.logs, records.resumes) == ({}, {})


def test_a_password_hides_everything_until_it_is_given(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects, clock: Clock
) -> None:
    """Names, sizes and downloads; the owner needs none, and a grant ends."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    uploads.change(made.id, made.owner_token, Options(password="secret"))
    for caller in (Caller(), Caller(grant="1.0")):
        with pytest.raises(PasswordNeeded):
            downloads.status(made.id, caller, None)
        with pytest.raises(PasswordNeeded):
            downloads.download(made.id, 1, caller)
    with pytest.raises(PasswordWrong):
        downloads.unlock(made.id, "guess")
    clock.now += 1
    grant = downloads.unlock(made.id, "secret")
    downloads.download(made.id, 1, Caller(grant=grant))
    downloads.status(made.id, Caller(token=made.owner_token), None)
    clock.now += 3_600
    with pytest.raises(PasswordNeeded):
        downloads.status(made.id, Caller(grant=grant), None)


def guarded(uploads: Uploads) -> CreatedTransfer:
    """Begin a transfer whose password is `secret`."""
    made = begin(uploads, 5)
    uploads.change(made.id, made.owner_token, Options(password="secret"))
    return made


def test_wrong_passwords_make_the_next_one_wait(uploads: Uploads, downloads: Downloads, clock: Clock) -> None:
    """To the millisecond, even the right one; it ends the row."""
    made = guarded(uploads)
    for wait in (1, 2, 4):
        with pytest.raises(PasswordWrong) as wrong:
            downloads.unlock(made.id, "guess")
        assert wrong.value.seconds == wait
        clock.now += wait - 0.001
        with pytest.raises(TooManyTries, match=r"Wait 1 second and try again") as refused:
            downloads.unlock(made.id, "secret")
        assert refused.value.headers() == {"Retry-After": "1"}
        clock.now += 0.001
    downloads.unlock(made.id, "secret")
    with pytest.raises(PasswordWrong) as wrong:
        downloads.unlock(made.id, "guess")
    assert wrong.value.seconds == 1


def lock(downloads: Downloads, made: CreatedTransfer, clock: Clock) -> None:
    """Try ten wrong passwords, each as early as it is taken."""
    for _ in range(10):
        with pytest.raises(PasswordWrong) as wrong:
            downloads.unlock(made.id, "guess")
        clock.now += wrong.value.seconds
    clock.now -= 3_600


def test_ten_wrong_passwords_lock_for_an_hour(uploads: Uploads, downloads: Downloads, clock: Clock) -> None:
    """Then there is one more try, and a wrong one locks again."""
    made = guarded(uploads)
    lock(downloads, made, clock)
    clock.now += 1_020.5
    with pytest.raises(TooManyTries, match=r"locked for an hour\. Try again in 43 minutes"):
        downloads.unlock(made.id, "secret")
    clock.now += 2_579.5
    with pytest.raises(PasswordWrong) as wrong:
        downloads.unlock(made.id, "guess")
    assert wrong.value.seconds == 3_600
    clock.now += 3_600
    downloads.unlock(made.id, "secret")


def test_a_lock_keeps_out_nobody_who_is_in_and_a_new_password_ends_it(
    uploads: Uploads, downloads: Downloads, clock: Clock
) -> None:
    """The owner and whoever has a grant do not notice."""
    made = guarded(uploads)
    grant = downloads.unlock(made.id, "secret")
    lock(downloads, made, clock)
    downloads.status(made.id, Caller(grant=grant), None)
    downloads.status(made.id, Caller(token=made.owner_token), None)
    uploads.change(made.id, made.owner_token, Options(password="other"))
    downloads.unlock(made.id, "other")


@dataclass
class Compared:
    """Compares passwords slowly, and remembers how many at once and in all."""

    now: int = 0
    most: int = 0
    total: int = 0
    lock: Lock = field(default_factory=Lock)

    def __call__(self, password: str, kept: str) -> bool:
        """Do what `password_fits` does."""
        with self.lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
        sleep(0.02)
        fits = password_fits(password, kept)
        with self.lock:
            self.now -= 1
        return fits


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Compared:
    """Watch every comparison of a password."""
    watched = Compared()
    monkeypatch.setattr("backend.services.receiving.password_fits", watched)
    return watched


def all_at_once(tries: Sequence[Callable[[], object]]) -> Counter[str]:
    """Run these at the same moment, and count what came of them."""
    ready = Barrier(len(tries))

    def outcome(attempt: Callable[[], object]) -> str:
        ready.wait()
        try:
            attempt()
        except SidestepError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(len(tries)) as pool:
        return Counter(pool.map(outcome, tries))


def test_of_two_hundred_guesses_at_once_one_is_compared(
    uploads: Uploads, downloads: Downloads, records: FakeRecords, compared: Compared
) -> None:
    """And counted; the others are told to wait."""
    made = guarded(uploads)
    patient = replace(downloads, pause=sleep)
    outcomes = all_at_once([partial(patient.unlock, made.id, f"guess {n}") for n in range(200)])
    assert outcomes == {"password_wrong": 1, "too_many_tries": 199}
    assert (compared.total, compared.most) == (1, 1)
    assert records.transfers[made.id].wrong_tries == 1


def test_several_right_passwords_at_once_take_turns(uploads: Uploads, downloads: Downloads, compared: Compared) -> None:
    """A second click, or a colleague, is let in as well."""
    made = guarded(uploads)
    patient = replace(downloads, pause=sleep)
    assert all_at_once([partial(patient.unlock, made.id, "secret")] * 5) == {"done": 5}
    assert compared.most == 1


def test_a_try_that_was_interrupted_counts_as_wrong(
    uploads: Uploads, downloads: Downloads, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one waits until it must be over, and not for ever."""
    made = guarded(uploads)
    with monkeypatch.context() as broken:
        broken.setattr("backend.services.receiving.password_fits", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            downloads.unlock(made.id, "guess")
    with pytest.raises(TooManyTries):
        downloads.unlock(made.id, "secret")
    clock.now += 10
    with pytest.raises(PasswordWrong) as wrong:
        downloads.unlock(made.id, "guess")
    assert wrong.value.seconds == 2


def test_a_password_that_is_changed_while_it_is_compared_opens_nothing(
    uploads: Uploads, downloads: Downloads, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is compared with the new one, too; and the new one's row is its own."""
    made = guarded(uploads)

    def late(password: str, kept: str) -> bool:
        if records.transfers[made.id].password_hash == kept and password_fits("secret", kept):
            uploads.change(made.id, made.owner_token, Options(password="other"))
        return password_fits(password, kept)

    monkeypatch.setattr("backend.services.receiving.password_fits", late)
    with pytest.raises(PasswordWrong) as wrong:
        downloads.unlock(made.id, "secret")
    assert wrong.value.seconds == 1


def test_a_wrong_owner_token_is_told(uploads: Uploads, downloads: Downloads) -> None:
    """Not taken for a recipient."""
    made = begin(uploads, 5)
    with pytest.raises(TokenWrong):
        downloads.status(made.id, Caller(token="other"), None)


def test_at_expiry_nobody_gets_anything_to_the_second(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects, clock: Clock
) -> None:
    """Recipients are told when that was; a deleted transfer is like one that never was."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    uploads.change(made.id, made.owner_token, Options(expires_in=3_600))
    clock.now += 3_599
    downloads.download(made.id, 1, Caller())
    clock.now += 1
    words = r"expired on 2027-01-15, 09:00 UTC\. Ask the sender to send it again"
    for see in (
        lambda: downloads.download(made.id, 1, Caller()),
        lambda: downloads.status(made.id, Caller(), None),
        lambda: downloads.unlock(made.id, "guess"),
    ):
        with pytest.raises(Expired, match=words):
            see()
    with pytest.raises(NotFound):
        downloads.download(made.id, 1, Caller(token=made.owner_token))


@pytest.mark.parametrize("expired", [False, True])
def test_a_deleted_transfer_is_like_one_that_never_was(
    uploads: Uploads, downloads: Downloads, records: FakeRecords, clock: Clock, *, expired: bool
) -> None:
    """Also while its deletion is under way, and after its time."""
    made = guarded(uploads)
    records.change(made.id, {"deleted": True})
    clock.now += 604_800 * expired
    for see in (
        lambda id_: downloads.download(id_, 1, Caller()),
        lambda id_: downloads.status(id_, Caller(), None),
        lambda id_: downloads.unlock(id_, "secret"),
    ):
        with pytest.raises(NotFound) as gone:
            see(made.id)
        with pytest.raises(NotFound) as never:
            see("a" * 26)
        assert str(gone.value) == str(never.value)


def test_a_large_file_arrives_like_a_small_one(
    arrivals: Arrivals, uploads: Uploads, objects: FakeObjects, records: FakeRecords
) -> None:
    """The event of a completed multipart upload is an event like any other."""
    made = begin(uploads, 40 * MIB)
    arrive(arrivals, objects, made, 1, 40 * MIB)
    assert records.rows[made.id, 1].sha256 == "sum"


def test_everybody_sees_how_many_downloads_are_left(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Where the sender has set a limit; elsewhere nothing is said."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    assert downloads.status(made.id, Caller(), None).files[0].downloads_left is None
    uploads.change(made.id, made.owner_token, Options(max_downloads=3))
    downloads.download(made.id, 1, Caller())
    status = downloads.status(made.id, Caller(), None)
    assert (status.max_downloads, status.files[0].downloads_left) == (3, 2)


def test_the_owner_is_spared_urls_that_are_not_wanted(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """A page that only watches polls as the owner, whom no password stops."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    uploads.change(made.id, made.owner_token, Options(password="secret"))
    owner = Caller(token=made.owner_token)
    assert downloads.status(made.id, owner, None).files[0].download_url
    assert downloads.status(made.id, owner, None, urls=False).files[0].download_url is None


@pytest.mark.parametrize(
    ("name", "shown", "content_type"),
    [
        ("a.JPG", "image", "image/jpeg"),
        ("b.pdf", "pdf", "application/pdf"),
        ("c.txt", "text", "text/plain; charset=utf-8"),
        ("d.mp4", "video", "video/mp4"),
        ("e.html", None, None),
        ("f.svg", None, None),
        ("g.xml", None, None),
        ("photo.jpg.exe", None, None),
        ("txt", "text", "text/plain; charset=utf-8"),
        ("", None, None),
    ],
)
def test_only_what_is_harmless_is_shown_and_only_as_what_it_is(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects,
    name: str, shown: str | None, content_type: str | None,
) -> None:  # fmt: skip
    """Whatever type the sender said it has; HTML and SVG never."""
    made = uploads.create(NewTransfer(files=[NewFile(name=name, size=1, type="text/html")]))
    arrive(arrivals, objects, made, 1, 1)
    assert downloads.status(made.id, Caller(), None).files[0].shown_as == shown
    if shown is None:
        with pytest.raises(NotFound):
            downloads.download(made.id, 1, Caller(), show=True)
    else:
        assert downloads.download(made.id, 1, Caller(), show=True).endswith(f"?type={content_type}&save=inline&for=300")


def test_what_may_be_downloaded_so_often_only_is_not_shown_before(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects
) -> None:
    """Whoever sees a file has it."""
    made = uploads.create(NewTransfer(files=[NewFile(name="a.png", size=1)]))
    arrive(arrivals, objects, made, 1, 1)
    uploads.change(made.id, made.owner_token, Options(max_downloads=1))
    assert downloads.status(made.id, Caller(), None).files[0].shown_as is None
    with pytest.raises(NotFound):
        downloads.download(made.id, 1, Caller(), show=True)
