"""Table and bucket in memory. `e2e/test_records.py` holds this table against the real one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Literal

from backend.aws.bucket import Objects, SignedPut, StoredObject, StoredPart, UploadConflictError, UploadGoneError
from backend.aws.table.items import Place, Whose
from backend.aws.table.records import BlockedError, BusyError, FullError, GoneError, Records, Stored
from backend.aws.takedown_function import Takedowns
from backend.aws.topic import Alerts
from backend.rules.quota import Amount, Budget
from backend.rules.report import Report
from backend.rules.tally import Event, Tally, entry_of, shard_of
from backend.rules.transfer import NEVER, Content, Download, File, FileState, Sent, Transfer
from backend.rules.tries import Tries


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class FakeRecords(Records):
    """The transfers table as dictionaries."""

    def __init__(self) -> None:
        self.transfers: dict[str, Transfer] = {}
        self.rows: dict[tuple[str, int], File] = {}
        self.lists: dict[str, dict[int, list[str]]] = {}
        self.downloads: dict[tuple[str, int], int] = {}
        self.leases: dict[str, tuple[str, int]] = {}
        self.handlings: dict[str, tuple[str, int]] = {}
        self.logs: dict[str, list[tuple[int, str, Download]]] = {}
        self.resumes: dict[tuple[str, int, str], int] = {}
        self.sent_by: dict[str, list[Sent]] = {}
        self.counted: dict[str, Tries] = {}
        self.days: dict[tuple[str, str], Amount] = {}
        self.reported: dict[str, list[tuple[str, Report]]] = {}
        self.reporters: dict[str, tuple[int, int]] = {}
        self.ttls: dict[Place, int] = {}
        self.one_at_a_time = Lock()

    def transfer(self, transfer: str) -> Transfer | None:
        return self.transfers.get(transfer)

    def overview(self, transfer: str) -> tuple[Transfer, Tally] | None:
        found = self.transfers.get(transfer)
        return (found, Tally(self.lists.get(transfer, {}))) if found else None

    def files(self, transfer: str, first: int, last: int) -> list[File]:
        numbers = sorted(n for holder, n in self.rows if holder == transfer and first <= n <= last)
        return [self.rows[transfer, n] for n in numbers]

    def some_files(self, transfer: str, numbers: Sequence[int]) -> dict[int, File]:
        return {n: self.rows[transfer, n] for n in numbers if (transfer, n) in self.rows}

    def create(self, transfer: Transfer, files: Sequence[File]) -> None:
        self.transfers[transfer.id] = transfer
        self._add(transfer, files)

    def _add(self, transfer: Transfer, files: Sequence[File]) -> None:
        self.rows |= {(transfer.id, file.number): file for file in files}
        self.ttls |= {(transfer.id, f"file#{file.number:06}"): transfer.ttl for file in files}

    def remember_sent(self, transfer: Transfer, *, name: str, bytes_: int) -> None:
        self.sent_by.setdefault(transfer.account or "", []).append(Sent(id=transfer.id, name=name, bytes=bytes_))
        self.ttls[f"account#{transfer.account}", f"{transfer.created:013}#{transfer.id}"] = transfer.ttl

    def sent(self, account: str, most: int) -> list[Sent]:
        return self.sent_by.get(account, [])[::-1][:most]

    def some_transfers(self, ids: Sequence[str]) -> dict[str, Transfer]:
        return {transfer: self.transfers[transfer] for transfer in ids if transfer in self.transfers}

    def begin_adding(
        self, transfer: str, more: Content, *, first: int | None, token: str, until: int, now: int, most: Content
    ) -> Transfer:
        found = self.transfers.get(transfer)
        if found is None or found.deleted:
            raise GoneError
        if found.last_number > most.files - more.files:
            raise FullError("files")
        if found.bytes > most.bytes - more.bytes:
            raise FullError("bytes")
        if transfer in self.leases and self.leases[transfer][1] >= now:
            raise BusyError
        if first not in (None, found.last_number + 1):
            raise BusyError
        self.leases[transfer] = (token, until)
        return found

    def finish_adding(self, transfer: Transfer, files: Sequence[File], *, token: str) -> None:
        found = self.transfers.get(transfer.id)
        if found is None or found.deleted:
            raise GoneError
        if self.leases.get(transfer.id, ("", 0))[0] != token:
            raise BusyError
        del self.leases[transfer.id]
        self._add(transfer, files)
        size = found.bytes + sum(file.size for file in files)
        self.transfers[transfer.id] = replace(found, last_number=files[-1].number, bytes=size)

    def stop_adding(self, transfer: str, *, token: str) -> None:
        if self.leases.get(transfer, ("", 0))[0] == token:
            del self.leases[transfer]

    def keep_upload(self, transfer: str, number: int, upload_id: str) -> str | None:
        row = self.rows.get((transfer, number))
        if row is None or row.state != "pending":
            return None
        if row.upload_id is None:
            self.rows[transfer, number] = replace(row, upload_id=upload_id)
        return self.rows[transfer, number].upload_id

    def note_conflict(self, transfer: str, number: int, upload_id: str, *, now: int, stale: int) -> int | None:
        row = self.rows.get((transfer, number))
        if row is None or (row.state, row.upload_id) != ("pending", upload_id):
            return None
        since = now if row.conflict_at is None or row.conflict_at < stale else row.conflict_at
        self.rows[transfer, number] = replace(row, conflict_at=since)
        return since

    def drop_upload(self, transfer: str, number: int, upload_id: str) -> bool:
        row = self.rows.get((transfer, number))
        if row is None or (row.state, row.upload_id) != ("pending", upload_id):
            return False
        self.rows[transfer, number] = replace(row, upload_id=None, conflict_at=None)
        return True

    def store(
        self, transfer: str, number: int, *, size: int, sha256: str | None, link: str, public_url: str | None = None
    ) -> Stored:
        row = self.rows.get((transfer, number))
        if row is None or row.state not in ("pending", "stored"):
            return "unwanted"
        if row.state == "stored":
            return "before"
        if row.size != size:
            return "wrong_size"
        kept = replace(row, sha256=sha256, link=link, public_url=public_url)
        self.rows[transfer, number] = replace(kept, state="stored", budget=None)
        self._happened(transfer, number, "stored")
        return "now"

    def fail(self, transfer: str, number: int, reason: str) -> File | None:
        with self.one_at_a_time:
            row = self.rows.get((transfer, number))
            if row is None or row.state not in ("pending", "failed"):
                return None
            self.rows[transfer, number] = replace(row, state="failed", reason=reason, budget=None)
            self._happened(transfer, number, "failed")
            found = self.transfers.get(transfer)
            return row if found and not found.deleted else replace(row, budget=None)

    def remove_file(self, transfer: str, number: int) -> File | None:
        with self.one_at_a_time:
            row = self.rows.get((transfer, number))
            if row is None:
                return None
            kept = replace(row, link=None, public_url=None, sha256=None, reason=None)
            bare = replace(kept, state="removed", name="", type="", budget=None)
            self.rows[transfer, number] = bare
            self._happened(transfer, number, "removed")
            found = self.transfers.get(transfer)
            if found is None or found.deleted:
                return replace(row, budget=None)
            if row.state != "removed":
                self.transfers[transfer] = replace(found, bytes=found.bytes - row.size)
            return row

    def _happened(self, transfer: str, number: int, event: Event) -> None:
        entries = self.lists.setdefault(transfer, {}).setdefault(shard_of(number), [])
        if entry_of(event, number) not in entries:
            entries.append(entry_of(event, number))

    def count_download(self, transfer: str, number: int, most: int | None) -> bool:
        with self.one_at_a_time:
            row = self.rows.get((transfer, number))
            if row is None or (most is not None and row.downloads >= most):
                return False
            self.rows[transfer, number] = replace(row, downloads=row.downloads + 1)
            return True

    def log_download(self, transfer: Transfer, download: Download, *, unique: str, source: str, resumes: int) -> None:
        self.logs.setdefault(transfer.id, []).append((download.at, unique, download))
        self.resumes[transfer.id, download.file, source] = resumes

    def resume_download(self, transfer: str, number: int, source: str) -> bool:
        left = self.resumes.get((transfer, number, source), 0)
        if not left:
            return False
        self.resumes[transfer, number, source] = left - 1
        return True

    def log(self, transfer: str, most: int) -> list[Download]:
        newest = sorted(self.logs.get(transfer, []), key=lambda entry: entry[:2], reverse=True)
        return [download for _, _, download in newest[:most]]

    def reserve(
        self, budget: Budget, whose: Whose, amount: Amount, *, most: Amount
    ) -> Literal["transfers", "bytes"] | None:
        with self.one_at_a_time:
            used = self.days.get(_day_key(budget, whose), Amount())
            if used.transfers > most.transfers - amount.transfers:
                return "transfers"
            if used.bytes > most.bytes - amount.bytes:
                return "bytes"
            self.days[_day_key(budget, whose)] = _sum(used, amount)
            return None

    def give_back(self, budget: Budget, whose: Whose, amount: Amount) -> None:
        with self.one_at_a_time:
            used = self.days.get(_day_key(budget, whose))
            if used is not None:
                less = Amount(transfers=-amount.transfers, bytes=-amount.bytes)
                self.days[_day_key(budget, whose)] = _sum(used, less)

    def change(self, transfer: str, changes: Mapping[str, Any]) -> Transfer:
        found = self.transfers.get(transfer)
        if found is None or found.deleted:
            raise GoneError
        if found.is_blocked:
            raise BlockedError
        self.transfers[transfer] = replace(found, **changes)
        return self.transfers[transfer]

    def tries(self, counter: str) -> Tries:
        return self.counted.get(counter, Tries())

    def replace_tries(self, counter: str, seen: Tries, by: Tries, *, ttl: int) -> bool:  # noqa: ARG002  forgets nothing
        with self.one_at_a_time:
            if self.tries(counter) != seen:
                return False
            self.counted[counter] = by
            return True

    def forget_tries(self, counter: str) -> None:
        self.counted.pop(counter, None)

    def take_back_try(self, counter: str) -> None:
        with self.one_at_a_time:
            known = self.tries(counter)
            if known.wrong > 0:
                self.counted[counter] = replace(known, wrong=known.wrong - 1)

    def begin_try(self, seen: Transfer, *, until: int) -> Transfer | None:
        with self.one_at_a_time:
            found = self.transfers.get(seen.id)
            if found is None or found.deleted or _tries(found) != _tries(seen):
                return None
            begun = replace(found, wrong_tries=seen.wrong_tries + 1, next_try=until, comparing=True)
            self.transfers[seen.id] = begun
            return begun

    def end_try(self, begun: Transfer, *, wrong: int, next_try: int) -> bool:
        with self.one_at_a_time:
            found = self.transfers.get(begun.id)
            if found is None or _tries(found) != _tries(begun):
                return False
            self.transfers[begun.id] = replace(found, wrong_tries=wrong, next_try=next_try, comparing=False)
            return True

    def reporter(self, budget: Budget) -> tuple[int, int]:
        return self.reporters.get(str(budget), (0, 0))

    def count_reporter(self, budget: Budget, *, seen: int, next_at: int) -> bool:
        with self.one_at_a_time:
            if self.reporter(budget)[0] != seen:
                return False
            self.reporters[str(budget)] = (seen + 1, next_at)
            return True

    def report(self, transfer: Transfer, report: Report, *, unique: str) -> None:
        sort = f"report#{report.at:013}#{unique}"
        self.reported.setdefault(transfer.id, []).append((sort, report))
        self.ttls[transfer.id, sort] = transfer.ttl
        with self.one_at_a_time:
            found = self.transfers.get(transfer.id)
            if found is not None:
                self.transfers[transfer.id] = replace(found, reports=found.reports + 1)

    def reports(self, transfer: str) -> list[Report]:
        return [report for _, report in sorted(self.reported.get(transfer, []), key=lambda entry: entry[0])]

    def begin_alert(self, transfer: str, *, now: int, pause: int) -> Transfer | None:
        with self.one_at_a_time:
            found = self.transfers.get(transfer)
            if found is None or found.alerted_at > now - pause:
                return None
            self.transfers[transfer] = replace(found, alerted_at=now)
            return self.transfers[transfer]

    def undo_alert(self, begun: Transfer) -> None:
        found = self.transfers.get(begun.id)
        if found is not None and found.alerted_at == begun.alerted_at:
            self.transfers[begun.id] = replace(found, alerted_at=0)

    def newest(self, before: tuple[int, str] | None = None) -> Iterator[tuple[int, str]]:
        places = sorted(((each.created, each.id) for each in self.transfers.values()), reverse=True)
        yield from [place for place in places if before is None or place < before]

    def block(self, transfer: str, now: int) -> Transfer:
        found = self.transfers.get(transfer)
        if found is None or found.deleted:
            raise GoneError
        if not found.is_blocked:
            self.transfers[transfer] = replace(found, blocked_at=now, ttl=NEVER)
        return self.transfers[transfer]

    def begin_handling(self, transfer: str, *, token: str, now: int, until: int) -> None:
        found = self.transfers.get(transfer)
        if found is None or not found.is_blocked:
            raise GoneError
        holder, held_until = self.handlings.get(transfer, (token, now))
        if held_until > now and holder != token:
            raise BusyError
        self.handlings[transfer] = token, until

    def renew_handling(self, transfer: str, *, token: str, until: int) -> bool:
        if self.handlings.get(transfer, ("", 0))[0] != token:
            return False
        self.handlings[transfer] = token, until
        return True

    def end_handling(self, transfer: str, *, token: str) -> None:
        if self.handlings.get(transfer, ("", 0))[0] == token:
            del self.handlings[transfer]

    def set_secured(self, transfer: str, *, secured: bool) -> None:
        found = self.transfers.get(transfer)
        if found is not None and found.is_blocked:
            self.transfers[transfer] = replace(found, secured=secured)

    def unblock(self, seen: Transfer, *, expires_at: int, ttl: int, stood_still: int) -> None:
        found = self.transfers.get(seen.id)
        if found is None or found.blocked_at != seen.blocked_at:
            raise GoneError
        self.transfers[seen.id] = replace(
            found, blocked_at=None, secured=False, expires_at=expires_at, ttl=ttl, stood_still=stood_still
        )

    def end_blocked(self, transfer: str, now: int) -> Transfer:
        found = self.transfers.get(transfer)
        if found is None or not found.is_blocked:
            raise GoneError
        self.transfers[transfer] = replace(found, deleted=True, expires_at=now, blocked_at=None)
        return self.transfers[transfer]

    def kept_otherwise(self, transfer: Transfer, ttl: int) -> list[Place]:
        mine = {transfer.id, f"account#{transfer.account}"}
        return sorted(place for place, kept in self.ttls.items() if place[0] in mine and kept != ttl)

    def keep(self, place: Place, ttl: int) -> None:
        if place in self.ttls:
            self.ttls[place] = ttl

    def hold(self, transfer: str, number: int) -> None:
        self._turn(transfer, number, "stored", "held")

    def release(self, transfer: str, number: int) -> None:
        self._turn(transfer, number, "held", "stored")

    def _turn(self, transfer: str, number: int, before: FileState, after: FileState) -> None:
        row = self.rows.get((transfer, number))
        if row is not None and row.state == before:
            self.rows[transfer, number] = replace(row, state=after)

    def expired(self, now: int) -> Iterator[str]:
        yield from [each.id for each in self.transfers.values() if each.expires_at <= now and not each.is_blocked]

    def end(self, transfer: str, now: int) -> Transfer | None:
        found = self.transfers.get(transfer)
        if found is None or found.expires_at > now or found.is_blocked:
            return None
        self.transfers[transfer] = replace(found, deleted=True)
        return self.transfers[transfer]

    def forget_files(self, transfer: str, files: Sequence[File]) -> None:
        for file in files:
            self.rows.pop((transfer, file.number), None)
            self.ttls.pop((transfer, f"file#{file.number:06}"), None)

    def shorten(self, transfer: str, last: int) -> bool:
        with self.one_at_a_time:
            found = self.transfers.get(transfer)
            if found is None or not found.deleted or found.last_number <= last:
                return False
            self.transfers[transfer] = replace(found, last_number=last)
            return True

    def forget(self, transfer: str) -> None:
        self.resumes = {place: left for place, left in self.resumes.items() if place[0] != transfer}
        self.lists.pop(transfer, None)
        self.logs.pop(transfer, None)
        for sort, _ in self.reported.pop(transfer, []):
            self.ttls.pop((transfer, sort), None)
        self.transfers.pop(transfer, None)


def _day_key(budget: Budget, whose: Whose) -> tuple[str, str]:
    return budget.day, budget.sender if whose == "sender" else "total"


def _sum(one: Amount, other: Amount) -> Amount:
    return Amount(transfers=one.transfers + other.transfers, bytes=one.bytes + other.bytes)


def _tries(transfer: Transfer) -> tuple[str | None, int, int]:
    return transfer.password_hash, transfer.wrong_tries, transfer.next_try


class FakeAlerts(Alerts):
    """A topic that remembers what was published: subject and text."""

    def __init__(self) -> None:
        super().__init__("topic")
        self.sent: list[tuple[str, str]] = []

    def send(self, subject: str, text: str) -> None:
        self.sent.append((subject, text))


class FakeTakedowns(Takedowns):
    """A function that only remembers which transfers it was called for."""

    def __init__(self) -> None:
        super().__init__("takedown")
        self.begun: list[str] = []

    def begin(self, transfer: str) -> None:
        self.begun.append(transfer)


@dataclass
class FakeUpload:
    """A multipart upload that is under way."""

    key: str
    saved_as: str | None = None
    begun: float = 0
    parts: dict[int, StoredPart] = field(default_factory=dict[int, StoredPart])


class FakeObjects(Objects):
    """A bucket that remembers what was signed, and takes parts and objects from the tests."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("bucket")
        self.clock = clock
        self.uploads: dict[str, FakeUpload] = {}
        self.stored: dict[str, StoredObject] = {}
        self.started = 0
        self.puts: list[tuple[str, int]] = []
        self.conflicts: set[str] = set()
        """Uploads that S3 does not complete because of another write."""

    def start(self, key: str, *, saved_as: str | None = None) -> str:
        self.started += 1
        self.uploads[f"upload-{self.started}"] = FakeUpload(key, saved_as, self.clock.now)
        return f"upload-{self.started}"

    def sign_whole(
        self, key: str, *, size: int, sha256: str | None, seconds: int, saved_as: str | None = None
    ) -> SignedPut:
        self.puts.append((key, size))
        headers = {"if-none-match": "*"} | ({"content-disposition": saved_as} if saved_as else {})
        return SignedPut(url=f"https://bucket/{key}?whole={size}&sha={sha256}&for={seconds}", headers=headers)

    def sign_part(self, key: str, *, upload_id: str, number: int, size: int, sha256: str, seconds: int) -> SignedPut:
        self.puts.append((key, size))
        url = f"https://bucket/{key}?upload={upload_id}&part={number}&size={size}&for={seconds}"
        return SignedPut(url=url, headers={"x-amz-checksum-sha256": sha256})

    def sign_download(
        self, key: str, *, disposition: str, seconds: int, content_type: str = "application/octet-stream"
    ) -> str:
        return f"https://bucket/{key}?type={content_type}&save={disposition}&for={seconds}"

    def origin(self) -> str:
        return "https://bucket"

    def plain_url(self, key: str) -> str:
        return f"https://bucket/{key}"

    def parts(self, key: str, upload_id: str) -> list[StoredPart]:
        upload = self._upload(key, upload_id)
        return [upload.parts[number] for number in sorted(upload.parts)]

    def complete(self, key: str, upload_id: str, parts: Sequence[StoredPart], *, size: int) -> None:
        upload = self.uploads.get(upload_id)
        if upload is None or key in self.stored:
            return  # completed before
        if upload_id in self.conflicts:
            raise UploadConflictError
        assert [part.number for part in parts] == sorted(upload.parts)
        assert sum(part.size for part in parts) == size
        del self.uploads[upload_id]
        self.put(key, size)
        begun = datetime.fromtimestamp(upload.begun, UTC)
        self.stored[key] = replace(self.stored[key], sha256=f"sum-{len(parts)}", modified=begun)

    def abort(self, key: str, upload_id: str) -> None:  # noqa: ARG002  as the real one is called
        self.uploads.pop(upload_id, None)

    def head(self, key: str) -> StoredObject | None:
        return self.stored.get(key)

    def copy(self, source: str, target: str, *, size: int) -> bool:
        found = self.stored.get(source)
        if found is None:
            return False
        assert found.size == size
        self.stored[target] = found
        return True

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.stored.pop(key, None)

    def put(self, key: str, size: int) -> None:
        """Let an object arrive."""
        self.stored[key] = StoredObject(size=size, sha256="sum", modified=datetime.fromtimestamp(self.clock.now, UTC))

    def put_part(self, upload_id: str, number: int, size: int) -> None:
        """Let a part arrive."""
        self.uploads[upload_id].parts[number] = StoredPart(number=number, size=size, sha256="sum", etag=f"e{number}")

    def _upload(self, key: str, upload_id: str) -> FakeUpload:
        upload = self.uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise UploadGoneError
        return upload
