"""What operators do: see all transfers, take one down and keep the evidence, give it back, erase the evidence.

Knows no HTTP and no terminal. Whoever calls this must have made sure that an operator asks.
"""

import re
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeVar

from backend.aws.bucket import S3_THREADS, Objects
from backend.aws.table.records import GoneError, Records
from backend.errors import Conflict, NotFound
from backend.rules.report import Report
from backend.rules.transfer import NEVER, File, Transfer, evidence_key, forget_at, is_id, key_of
from backend.services.arriving import Arrivals
from backend.services.erasure import NO_END, PAGE, erase_transfer
from backend.services.lease import LOST, NOT_BLOCKED, Lease, renewed
from backend.services.quotas import give_back
from backend.settings import Settings

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")

State = Literal["uploading", "ready", "expired", "deleted", "blocking", "blocked"]
Outcome = Literal["kept", "given back", "incomplete", "lost"]

_CURSOR = re.compile(r"([0-9]{1,12})\.([a-z2-7]{26})")

# What recipients and owner read of a file whose upload a takedown has ended, once the transfer is given back.
STOPPED = "Its upload was stopped while this transfer was blocked. Send the file again."


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A transfer in the operator's list. Times are epoch seconds; `downloads` are of all its files together.

    `sender` is the account that it is from, where there are accounts.
    `blocking` is a takedown that was interrupted: nobody gets at the transfer, but not all the evidence is safe yet.
    """

    id: str
    sender: str | None
    created: int
    expires_at: int
    state: State
    files: int
    bytes: int
    downloads: int
    reports: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the list, and the cursor of the next one, if there is any."""

    transfers: Sequence[Listed]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class Handled:
    """What became of a file: its bytes are evidence, or were given back; they never came whole, or are gone."""

    file: File
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Case:
    """A transfer that an operator has dealt with, its files and the reports of it."""

    transfer: Transfer
    files: Sequence[Handled]
    reports: Sequence[Report]


@dataclass(frozen=True, kw_only=True)
class Operators:
    """The operator's side. `now` gives epoch seconds, `random` as many random bytes as it is asked for."""

    records: Records
    objects: Objects
    settings: Settings
    now: Callable[[], float]
    random: Callable[[int], bytes]

    # Seeing

    def list(self, most: int, cursor: str | None = None) -> Page:
        """Return up to `most` transfers, newest first, from a cursor on; raise `ValueError` for one that is none.

        Blocked ones are among them for as long as their evidence is kept, all others until they are erased.
        """
        found = list(islice(self.records.newest(_place(cursor) if cursor else None), most + 1))
        shown = found[:most]
        transfers = self.records.some_transfers([id_ for _, id_ in shown])
        listed = _each([transfers[id_] for _, id_ in shown if id_ in transfers], self._listed)
        return Page(transfers=listed, next=_cursor(*shown[-1]) if len(found) > most else None)

    def _listed(self, transfer: Transfer) -> Listed:
        files = self._files(transfer.id)
        return Listed(
            id=transfer.id,
            sender=transfer.account,
            created=transfer.created,
            expires_at=transfer.expires_at,
            state=self._state(transfer, files),
            files=len(files),
            bytes=sum(file.size for file in files),
            downloads=sum(file.downloads for file in files),
            reports=transfer.reports,
        )

    def _state(self, transfer: Transfer, files: Sequence[File]) -> State:
        if transfer.is_blocked:
            return "blocked" if transfer.secured else "blocking"
        if transfer.deleted:
            return "deleted"
        if not transfer.is_live(self.now()):
            return "expired"
        return "ready" if files and all(file.state == "stored" for file in files) else "uploading"

    # Taking down

    def take_down(self, transfer_id: str) -> Case:
        """Block a transfer and bring what it holds to where nobody but operators gets at it. Safe to repeat.

        From the first write on nobody gets a URL of it. A URL that is out in the world ends as its file is moved, so
        that of a large transfer the last ones may live some minutes more. What interrupts it is made good by a
        repetition. Raises `NotFound`.
        """
        self.block(transfer_id)
        return self.secure(transfer_id)

    def block(self, transfer_id: str) -> None:
        """Do the part of a takedown that takes no time: from this one write on the transfer is closed to everybody."""
        try:
            self.records.block(_checked(transfer_id), int(self.now()))
        except GoneError as error:
            raise NotFound from error

    def secure(self, transfer_id: str) -> Case:
        """Do the rest of it: end uploads, move every file to the evidence, have the table keep what it knows.

        Raises `NotFound`, `Conflict` for one that is not blocked, and `BeingHandled`, as `restore` and `erase` do.
        """
        with self._alone(transfer_id) as (transfer, lease):
            return self._secure(transfer, lease)

    def _secure(self, transfer: Transfer, lease: Lease) -> Case:
        transfer_id = transfer.id
        pending = [file for file in self.records.files(transfer_id, 1, NO_END) if file.state == "pending"]
        _each(pending, lambda file: self._stop(transfer_id, file))
        files = self._files(transfer_id)
        # A call that was under way may have begun another upload meanwhile.
        _each([file for file in files if file.state == "failed"], lambda file: self._abort(transfer_id, file))
        handled = _each(files, lambda file: self._move_out(transfer_id, file, lease))
        _each(self.records.kept_otherwise(transfer, NEVER), lambda place: self.records.keep(place, NEVER))
        lease.check()
        self.records.set_secured(transfer_id, secured=True)
        return Case(transfer=transfer, files=handled, reports=self.records.reports(transfer_id))

    def _stop(self, transfer_id: str, file: File) -> None:
        """End the upload of a file, unless S3 has all of it: then it is evidence like any other."""
        self._abort(transfer_id, file)
        public = self.settings.public_downloads
        arrivals = Arrivals(records=self.records, objects=self.objects, public=public, now=self.now)
        if arrivals.arrived(key_of(transfer_id, file.number)) == "absent":
            failed = self.records.fail(transfer_id, file.number, STOPPED)
            give_back(self.records, [failed] if failed else [], self.now())

    def _abort(self, transfer_id: str, file: File) -> None:
        if file.upload_id:
            self.objects.abort(key_of(transfer_id, file.number), file.upload_id)

    def _move_out(self, transfer_id: str, file: File, lease: Lease) -> Handled:
        """Move a file to the evidence.

        Its record changes between copying and deleting. Before, S3's word of it is wanted, and takes nothing away;
        afterwards what anybody still sends to its place, by an old URL, is deleted like all that nobody waits for.
        """
        if file.state == "failed":
            return Handled(file=file, outcome="incomplete")
        source, target = key_of(transfer_id, file.number), evidence_key(transfer_id, file.number)
        lease.check()
        copied = file.state == "stored" and self.objects.copy(source, target, size=file.size)
        if not copied and self.objects.head(target) is None:
            return Handled(file=file, outcome="lost")
        lease.check()
        self.records.hold(transfer_id, file.number)
        self.objects.delete([source])
        return Handled(file=file, outcome="kept")

    # Deciding otherwise, and the end

    def restore(self, transfer_id: str) -> Case:
        """Give a blocked transfer back as it was, with the time that it had left. Safe to repeat."""
        with self._alone(transfer_id) as (transfer, lease):
            return self._restore(transfer, lease)

    def _restore(self, transfer: Transfer, lease: Lease) -> Case:
        transfer_id = transfer.id
        self.records.set_secured(transfer_id, secured=False)
        handled = _each(self._files(transfer_id), lambda file: self._move_back(transfer_id, file, lease))
        blocked_for = int(self.now()) - (transfer.blocked_at or 0)
        stood_still = transfer.stood_still + blocked_for
        ttl = forget_at(transfer.created + stood_still, self.settings.longest_expiry)
        _each(self.records.kept_otherwise(transfer, ttl), lambda place: self.records.keep(place, ttl))
        lease.check()
        try:
            self.records.unblock(
                transfer, expires_at=transfer.expires_at + blocked_for, ttl=ttl, stood_still=stood_still
            )
        except GoneError as error:
            raise Conflict(LOST) from error
        return Case(transfer=transfer, files=handled, reports=self.records.reports(transfer_id))

    def _move_back(self, transfer_id: str, file: File, lease: Lease) -> Handled:
        if file.state == "failed":
            return Handled(file=file, outcome="incomplete")
        source, target = evidence_key(transfer_id, file.number), key_of(transfer_id, file.number)
        lease.check()
        self.records.release(transfer_id, file.number)
        if not self.objects.copy(source, target, size=file.size) and self.objects.head(target) is None:
            return Handled(file=file, outcome="lost")
        lease.check()
        self.objects.delete([source])
        return Handled(file=file, outcome="given back")

    def erase(self, transfer_id: str) -> None:
        """Erase a blocked transfer for good: evidence, reports, log and records. Safe to repeat."""
        with self._alone(transfer_id) as (transfer, lease):
            self._erase(transfer, lease)

    def _erase(self, transfer: Transfer, lease: Lease) -> None:
        transfer_id = transfer.id
        for first in range(1, transfer.last_number + 1, PAGE):
            numbers = range(first, min(first + PAGE, transfer.last_number + 1))
            lease.check()
            self.objects.delete([evidence_key(transfer_id, number) for number in numbers])
        try:
            ended = self.records.end_blocked(transfer_id, int(self.now()))
        except GoneError as error:
            raise Conflict(LOST) from error
        erase_transfer(self.records, self.objects, ended, now=self.now())

    def _blocked(self, transfer_id: str) -> Transfer:
        transfer = self.records.transfer(_checked(transfer_id))
        if transfer is None:
            raise NotFound
        if not transfer.is_blocked:
            raise Conflict(NOT_BLOCKED)
        return transfer

    @contextmanager
    def _alone(self, transfer_id: str) -> Generator[tuple[Transfer, Lease]]:
        """Have a blocked transfer to oneself, and see how it stands then."""
        self._blocked(transfer_id)
        lease = Lease(self.records, transfer_id, token=self.random(16).hex(), now=self.now)
        with renewed(lease):
            yield self._blocked(transfer_id), lease

    def _files(self, transfer_id: str) -> Sequence[File]:
        return [file for file in self.records.files(transfer_id, 1, NO_END) if file.state != "removed"]


def _each(things: Sequence[_Thing], do: Callable[[_Thing], _Result]) -> Sequence[_Result]:
    with ThreadPoolExecutor(S3_THREADS) as pool:
        return list(pool.map(do, things))


def _checked(transfer_id: str) -> str:
    if not is_id(transfer_id):
        raise NotFound
    return transfer_id


def _cursor(created: int, transfer_id: str) -> str:
    return f"{created}.{transfer_id}"


def _place(cursor: str) -> tuple[int, str]:
    """Read a cursor; raise `ValueError` for one that is none of ours."""
    match = _CURSOR.fullmatch(cursor)
    if not match:
        raise ValueError("this is not a cursor that this service gave out")
    return int(match[1]), match[2]
