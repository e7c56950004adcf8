"""Limits: what is refused, what is reserved, and what is given back, on a table and a bucket in memory."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, strategies as st

from backend.errors import NotFound, OverDailyLimit, OverLimit
from backend.messages import CreatedTransfer, MoreFiles, NewFile, NewTransfer, Options, PartToSign
from backend.rules.accounts import Account
from backend.rules.quota import Amount, Budget
from backend.rules.transfer import DAY, MIB, File, key_of
from backend.services.arriving import Arrivals
from backend.services.expiring import Sweeping
from backend.services.sending import Uploads
from backend.tests.conftest import SETTINGS
from backend.tests.fakes import Clock, FakeObjects, FakeRecords

SHA256 = "A" * 43 + "="


def new(*sizes: int) -> NewTransfer:
    """Return a request for files of these sizes, with the first part of the first one to sign."""
    files = [NewFile(name="a", size=size) for size in sizes]
    return NewTransfer(files=files, parts=[PartToSign(file=1, number=1, sha256=SHA256)])


def more(*sizes: int) -> MoreFiles:
    """Return a request to add files of these sizes."""
    return MoreFiles(files=[NewFile(name="a", size=size) for size in sizes])


def limited(uploads: Uploads, **limits: int) -> Uploads:
    """Return the sender's side with other limits."""
    return replace(uploads, settings=replace(SETTINGS, **limits))


def used(records: FakeRecords, clock: Clock, sender: str | None = None) -> Amount:
    """Return what was reserved today, in all or by a sender."""
    budget = Budget.of(sender or "", clock.now)
    return records.days.get((budget.day, budget.sender if sender else "total"), Amount())


def test_a_budget_is_of_a_day_and_a_sender_and_tells_neither_who_nor_the_same_of_two_days() -> None:
    """To the second, at midnight in UTC; and it is read as it was written."""
    midnight = 1_800_057_600
    late, early = Budget.of("203.0.113.7", midnight - 0.5), Budget.of("203.0.113.7", midnight)
    assert (late.day, early.day, late.free_at) == ("2027-01-15", "2027-01-16", midnight)
    assert late.sender != early.sender
    assert late != Budget.of("203.0.113.8", midnight - 0.5)
    assert (late.lasts(midnight - 0.5), late.lasts(midnight)) == (True, False)
    assert "203.0" not in str(late)
    assert Budget.parse(str(late)) == late


@pytest.mark.parametrize(
    ("limits", "asked", "limit", "most"),
    [
        ({"max_file_bytes": 9}, new(9, 10), "max_file_bytes", 9),
        ({"max_files": 1}, new(1, 1), "max_files", 1),
        ({"max_transfer_bytes": 19}, new(10, 10), "max_transfer_bytes", 19),
        ({"max_bytes_per_day": 19}, new(10, 10), "max_transfer_bytes", 19),
        ({"max_bytes_per_day_per_sender": 9}, new(10), "max_file_bytes", 9),
    ],
)
def test_what_could_never_fit_is_refused_whatever_was_sent_today(
    uploads: Uploads, records: FakeRecords, limits: dict[str, int], asked: NewTransfer, limit: str, most: int
) -> None:
    """It says which limit, and counts nowhere."""
    with pytest.raises(OverLimit, match=str(most)) as refused:
        limited(uploads, **limits).create(asked)
    assert (refused.value.limit, refused.value.most) == (limit, most)
    assert not records.days


DAILY = [
    ("max_transfers_per_day", 2),
    ("max_bytes_per_day", 29),
    ("max_transfers_per_day_per_sender", 2),
    ("max_bytes_per_day_per_sender", 29),
]


@pytest.mark.parametrize(("limit", "most"), DAILY)
def test_what_does_not_fit_today_fits_tomorrow(
    uploads: Uploads, records: FakeRecords, clock: Clock, objects: FakeObjects, limit: str, most: int
) -> None:
    """It says which limit and when it is free again; nothing is reserved, written or signed."""
    uploads = limited(uploads, **{limit: most})
    for _ in range(2):
        uploads.create(new(10), "me")
    before = (dict(records.days), dict(records.transfers), list(objects.puts))
    with pytest.raises(OverDailyLimit, match=f"{most} .* Send it after 2027-01-16, 00:00 UTC") as refused:
        uploads.create(new(10), "me")
    assert before == (records.days, records.transfers, objects.puts)
    assert refused.value.details() == {"limit": limit, "most": most, "free_at": "2027-01-16T00:00:00Z"}
    assert refused.value.headers() == {"Retry-After": str(16 * 3_600)}
    clock.now += 16 * 3_600
    uploads.create(new(10), "me")


@pytest.mark.parametrize(("limit", "most"), DAILY)
def test_one_senders_limit_is_no_other_ones_and_the_total_is_everybodys(
    uploads: Uploads, limit: str, most: int
) -> None:
    """Two have used it up, a third one comes."""
    uploads = limited(uploads, **{limit: most})
    for sender in ("one", "other"):
        uploads.create(new(10), sender)
    if limit.endswith("_per_sender"):
        uploads.create(new(10), "third")
    else:
        with pytest.raises(OverDailyLimit):
            uploads.create(new(10), "third")


@pytest.mark.parametrize(
    ("limits", "made"),
    [
        ({"max_transfers_per_day": 10}, 10),
        ({"max_bytes_per_day": 79}, 7),
        ({"max_transfers_per_day_per_sender": 3}, 12),
        ({"max_bytes_per_day_per_sender": 20}, 8),
        ({"max_bytes_per_day_per_sender": 30, "max_bytes_per_day": 100}, 10),
    ],
)
def test_of_a_hundred_transfers_at_once_as_many_are_begun_as_the_limit_allows(
    uploads: Uploads, records: FakeRecords, clock: Clock, limits: dict[str, int], made: int
) -> None:
    """By four senders, to the transfer and to the byte; the refused ones leave nothing reserved."""
    uploads = limited(uploads, **limits)

    def begin(number: int) -> bool:
        try:
            uploads.create(new(10), f"sender {number % 4}")
        except OverDailyLimit:
            return False
        return True

    with ThreadPoolExecutor(100) as pool:
        assert sum(pool.map(begin, range(100))) == made
    assert used(records, clock) == Amount(transfers=made, bytes=10 * made)
    each = [used(records, clock, f"sender {number}") for number in range(4)]
    assert sum(amount.bytes for amount in each) == 10 * made
    assert len(records.transfers) == made


def test_who_is_over_the_own_limit_takes_nothing_of_everybodys(
    uploads: Uploads, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for the moment between two writes, in which others would be refused."""
    uploads = limited(uploads, max_bytes_per_day_per_sender=10)
    uploads.create(new(10), "me")
    asked: list[str] = []
    reserve = records.reserve

    def noting(budget: Budget, whose: str, *rest: Amount, **named: Amount) -> str | None:
        asked.append(whose)
        return reserve(budget, whose, *rest, **named)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(records, "reserve", noting)
    with pytest.raises(OverDailyLimit):
        uploads.create(new(10), "me")
    assert asked == ["sender"]


def test_added_files_count_for_the_day_and_who_adds_them(uploads: Uploads, records: FakeRecords, clock: Clock) -> None:
    """Not as another transfer; a refused call lets the next one add at once."""
    uploads = limited(uploads, max_bytes_per_day_per_sender=30)
    uploads.create(new(10), "me")
    made = uploads.create(new(1), "other")
    uploads.add_files(made.id, made.owner_token, more(10, 5), "me")
    assert used(records, clock, "me") == Amount(transfers=1, bytes=25)
    with pytest.raises(OverDailyLimit):
        uploads.add_files(made.id, made.owner_token, more(5, 1), "me")
    added = uploads.add_files(made.id, made.owner_token, more(5), "me")
    assert [file.number for file in added.files] == [4]
    clock.now += DAY
    uploads.add_files(made.id, made.owner_token, more(6), "me")
    assert used(records, clock, "me") == Amount(bytes=6)


def test_what_is_added_to_an_accounts_transfer_counts_for_the_account(
    uploads: Uploads, records: FakeRecords, clock: Clock
) -> None:
    """The owner token, which the call comes with, says nothing of an account."""
    me = Account(subject="me")
    made = uploads.create(new(10), me.sender, me)
    uploads.add_files(made.id, made.owner_token, more(5), "203.0.113.7")
    assert used(records, clock, me.sender) == Amount(transfers=1, bytes=15)
    assert used(records, clock, "203.0.113.7") == Amount()


def test_a_transfer_takes_no_more_than_it_may_have_and_what_was_removed_makes_room(
    uploads: Uploads, records: FakeRecords
) -> None:
    """To the byte, once for each file."""
    uploads = limited(uploads, max_transfer_bytes=20)
    made = uploads.create(new(10, 5))
    with pytest.raises(OverLimit, match="at most 20 bytes") as refused:
        uploads.add_files(made.id, made.owner_token, more(6))
    assert (refused.value.limit, refused.value.most) == ("max_transfer_bytes", 20)
    for _ in range(2):
        uploads.remove_file(made.id, made.owner_token, 1)
    uploads.add_files(made.id, made.owner_token, more(15))
    with pytest.raises(OverLimit):
        uploads.add_files(made.id, made.owner_token, more(1))
    assert records.transfers[made.id].bytes == 20


@pytest.fixture
def begun(uploads: Uploads, arrivals: Arrivals, objects: FakeObjects) -> CreatedTransfer:
    """Return my transfer of two files, of which one of 3 bytes has arrived and one of 40 MiB has not."""
    made = uploads.create(new(3, 40 * MIB), "me")
    objects.put(key_of(made.id, 1), 3)
    arrivals.arrived(key_of(made.id, 1))
    return made


# The transfer was begun, whatever becomes of it.
STORED_ONLY = Amount(transfers=1, bytes=3)


def test_a_removed_file_gives_its_bytes_back_unless_it_had_arrived(
    uploads: Uploads, records: FakeRecords, clock: Clock, begun: CreatedTransfer
) -> None:
    """Once, to the sender and to all."""
    assert used(records, clock) == used(records, clock, "me") == Amount(transfers=1, bytes=3 + 40 * MIB)
    for number in (1, 2, 2):
        uploads.remove_file(begun.id, begun.owner_token, number)
    assert used(records, clock) == used(records, clock, "me") == STORED_ONLY


def test_a_file_that_fails_gives_its_bytes_back(
    uploads: Uploads, arrivals: Arrivals, objects: FakeObjects, records: FakeRecords, clock: Clock,
    begun: CreatedTransfer,
) -> None:  # fmt: skip
    """Once, although S3 tells of it twice and its owner then removes it."""
    for _ in range(2):
        objects.put(key_of(begun.id, 2), 99)
        arrivals.arrived(key_of(begun.id, 2))
    uploads.remove_file(begun.id, begun.owner_token, 2)
    assert used(records, clock) == used(records, clock, "me") == STORED_ONLY


def test_a_deleted_transfer_gives_back_what_had_not_arrived(
    uploads: Uploads, records: FakeRecords, clock: Clock, begun: CreatedTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, although another call deletes it between this one's reading of the files and its forgetting them."""
    read = records.files

    def overtaken(transfer: str, first: int, last: int) -> list[File]:
        files = read(transfer, first, last)
        with monkeypatch.context() as undisturbed:
            undisturbed.setattr(records, "files", read)
            uploads.delete(begun.id, begun.owner_token)
        return files

    monkeypatch.setattr(records, "files", overtaken)
    uploads.delete(begun.id, begun.owner_token)
    assert not records.rows
    assert used(records, clock) == used(records, clock, "me") == STORED_ONLY


def test_a_file_that_is_removed_while_its_transfer_is_erased_gives_its_bytes_back_once(
    uploads: Uploads, records: FakeRecords, clock: Clock, begun: CreatedTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure has read its record by then; the owner's right to remove it was seen to before."""
    remove, read = records.remove_file, records.files

    def too_late(transfer: str, number: int) -> File | None:
        read_at = read(transfer, 1, 9)
        records.change(transfer, {"deleted": True})
        removed = remove(transfer, number)
        monkeypatch.setattr(records, "files", lambda *_: read_at)
        uploads.delete(begun.id, begun.owner_token)
        return removed

    monkeypatch.setattr(records, "remove_file", too_late)
    uploads.remove_file(begun.id, begun.owner_token, 2)
    assert used(records, clock) == used(records, clock, "me") == STORED_ONLY


def test_a_swept_transfer_gives_back_what_had_not_arrived(
    uploads: Uploads, sweeping: Sweeping, records: FakeRecords, clock: Clock, begun: CreatedTransfer
) -> None:
    """It lived an hour of the same day."""
    uploads.change(begun.id, begun.owner_token, Options(expires_in=3_600))
    clock.now += 3_600
    sweeping.sweep(begun.id, lambda: True)
    assert not records.rows
    assert used(records, clock) == used(records, clock, "me") == STORED_ONLY


def test_on_another_day_nothing_is_given_back(
    uploads: Uploads, records: FakeRecords, clock: Clock, begun: CreatedTransfer
) -> None:
    """The day that it was reserved on is over, and this one knows nothing of it."""
    before = dict(records.days)
    clock.now += DAY
    uploads.remove_file(begun.id, begun.owner_token, 2)
    uploads.delete(begun.id, begun.owner_token)
    assert records.days == before


def test_a_transfer_that_s3_would_not_begin_counts_nowhere(
    uploads: Uploads, records: FakeRecords, objects: FakeObjects, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender tries again."""
    monkeypatch.setattr(objects, "start", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        uploads.create(new(40 * MIB), "me")
    assert used(records, clock) == used(records, clock, "me") == Amount()


class World:
    """A day of small limits, and a ledger of its own beside: what still counts, by transfer and file."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.clock, self.records = Clock(), FakeRecords()
        self.objects = FakeObjects(self.clock)
        numbers = count(1)
        self.uploads = Uploads(
            records=self.records,
            objects=self.objects,
            settings=replace(SETTINGS, max_bytes_per_day=60, max_bytes_per_day_per_sender=40, default_expiry=3_600),
            now=self.clock,
            random=lambda size: next(numbers).to_bytes(size, "big"),
        )
        self.made: list[CreatedTransfer] = []
        self.counting: dict[tuple[str, int], tuple[str, int]] = {}
        self.arrived: set[tuple[str, int]] = set()

    @property
    def day(self) -> str:
        """Return what day it is."""
        return Budget.of("", self.clock.now).day

    def does(self, what: str, number: int) -> None:
        """Let something happen, to some transfer and file."""
        if what == "create":
            made = self.uploads.create(new(10, 5), f"sender {number % 2}")
            self.made.append(made)
            self.counting |= {(made.id, 1): (self.day, 10), (made.id, 2): (self.day, 5)}
        elif what == "wait":
            self.clock.now += 600 * number
        elif what == "sweep":
            sweeping = Sweeping(records=self.records, objects=self.objects, now=self.clock)
            for transfer in list(sweeping.over()):
                sweeping.sweep(transfer, lambda: True)
                self.gives_up(transfer)
        elif self.made:
            self.happens_to(self.made[number % len(self.made)], what, 1 + number % 3)

    def happens_to(self, made: CreatedTransfer, what: str, number: int) -> None:
        """Let something happen to this transfer, or a file of it."""
        row = self.records.rows.get((made.id, number))
        match what:
            case "add":
                (added,) = self.uploads.add_files(made.id, made.owner_token, more(7), "sender 0").files
                self.counting[made.id, added.number] = (self.day, 7)
            case "remove":
                self.uploads.remove_file(made.id, made.owner_token, number)
                self.gives_up(made.id, number)
            case "delete":
                self.uploads.delete(made.id, made.owner_token)
                self.gives_up(made.id)
            case _ if row and row.state == "pending":
                self.objects.put(key_of(made.id, number), row.size + (what == "fail"))
                Arrivals(records=self.records, objects=self.objects, public=False, now=self.clock).arrived(
                    key_of(made.id, number)
                )
                if what == "fail":
                    self.gives_up(made.id, number)
                else:
                    self.arrived.add((made.id, number))
            case _:
                pass

    def gives_up(self, transfer: str, number: int | None = None) -> None:
        """Note that a file, or all of a transfer, counts no more, where it did not arrive on the day that it began."""
        for place, (day, _) in list(self.counting.items()):
            mine = place[0] == transfer and number in (None, place[1])
            if mine and day == self.day and place not in self.arrived:
                del self.counting[place]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["create", "create", "add", "arrive", "remove", "delete", "fail", "sweep", "wait"]),
            st.integers(0, 20),
        ),
        max_size=50,
    )
)
def test_whatever_happens_a_day_has_what_arrived_and_what_still_may(steps: list[tuple[str, int]]) -> None:
    """To the byte, and never more than it may have."""
    world = World()
    for step in steps:
        with suppress(NotFound, OverDailyLimit, OverLimit):
            world.does(*step)
        days: Counter[str] = Counter()
        for day, size in world.counting.values():
            days[day] += size
        reserved = {day: amount.bytes for (day, whose), amount in world.records.days.items() if whose == "total"}
        assert {day: size for day, size in reserved.items() if size} == days
        assert all(size <= 60 for size in reserved.values())
        senders = [amount.bytes for (_, whose), amount in world.records.days.items() if whose != "total"]
        assert all(size <= 40 for size in senders)
        assert sum(senders) == sum(reserved.values())
