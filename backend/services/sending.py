"""What a sender does: begin a transfer, sign parts, complete, change, remove. Knows no HTTP."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from backend import messages
from backend.aws.bucket import S3_THREADS, Objects, SignedPut, StoredPart, UploadConflictError, UploadGoneError
from backend.aws.table.records import BlockedError, BusyError, FullError, GoneError, Records
from backend.errors import (
    Blocked,
    Conflict,
    Invalid,
    NotFound,
    OverDailyLimit,
    OverLimit,
    PartsMissing,
    TokenMissing,
    TokenWrong,
    Unavailable,
)
from backend.rules.accounts import Account
from backend.rules.passwords import SALT_BYTES, hash_password
from backend.rules.quota import Amount, Budget
from backend.rules.tally import Cursor
from backend.rules.transfer import (
    ID_BYTES,
    TOKEN_BYTES,
    Content,
    File,
    PlanError,
    Transfer,
    content_disposition,
    expiry,
    forget_at,
    id_of,
    key_of,
    moment,
    page_link,
    plan_part_size,
    token_hash,
    token_of,
)
from backend.rules.tries import NO_TRIES
from backend.services.erasure import erase_file, erase_transfer
from backend.services.quotas import give_back, reserve, undo
from backend.settings import Settings

# Longer than the 29 s that API Gateway lets a call live: whoever still holds the reservation then is dead.
ADDING_SECONDS = 35
# How long our own earlier call, whose response was lost, may cause a conflict: S3 "could take several minutes to
# finalize" it, and longer with more parts. Only after that is it worth sending the parts again.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
LEAST_CONFLICT_SECONDS = 30
MOST_CONFLICT_SECONDS = 600
# A page asks again every few minutes at the latest; a conflict noted longer ago has passed, and another one is new.
CONFLICT_OVER_SECONDS = 900
# Downloads that the log shows.
LOG_ENTRIES = 1_000
# Transfers that an account's list shows.
SENT_ENTRIES = 100
# Owner tokens that count beside the first: as many devices may an account's owner use at once.
OTHER_OWNERS = 10
# Senders who cannot be told apart share one budget.
UNKNOWN = "unknown"
# What whoever has a file's plain address would go around.
NOT_WHERE_PUBLIC = {
    "max_downloads": "files are public here: downloads from their plain addresses are not counted",
    "password": "files are public here: their plain addresses do not ask for it",
}


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """The sender's side. `now` gives epoch seconds, `random` so many random bytes."""

    records: Records
    objects: Objects
    settings: Settings
    now: Callable[[], float]
    random: Callable[[int], bytes]

    def create(
        self, asked: messages.NewTransfer, sender: str = UNKNOWN, account: Account | None = None
    ) -> messages.CreatedTransfer:
        """Begin a transfer, and sign its first parts in the same round trip.

        It counts against today's limits of `sender`, and is reserved there before anything is written or signed.
        """
        now = int(self.now())
        self._check_size(asked)
        budget = Budget.of(sender, now)
        token = token_of(self.random(TOKEN_BYTES))
        transfer = Transfer(
            id=id_of(self.random(ID_BYTES)),
            created=now,
            expires_at=now + self.settings.default_expiry,
            ttl=forget_at(now, self.settings.longest_expiry),
            owner_token_hash=token_hash(token),
            last_number=len(asked.files),
            bytes=asked.total,
            account=account.subject if account else None,
        )
        files = {file.number: file for file in _planned(asked.files, budget)}
        _check_parts(asked.parts, files)
        amount = Amount(transfers=1, bytes=transfer.bytes)
        reserve(self.records, self.settings, budget, amount, now=now)
        try:
            files |= self._start(transfer.id, _needing_upload(asked.parts, files))
        except Exception:
            undo(self.records, budget, amount)
            raise
        self.records.create(transfer, list(files.values()))
        if account:
            self.records.remember_sent(transfer, name=files[1].name, bytes_=transfer.bytes)
        return messages.CreatedTransfer(
            id=transfer.id,
            owner_token=token,
            link=page_link(transfer.id),
            expires_at=moment(transfer.expires_at),
            files=[_plan_of(file) for file in files.values()],
            urls=[self._signed(transfer.id, files[part.file], part) for part in asked.parts],
            cursor=str(Cursor(listed=transfer.last_number)),
        )

    def sent(self, account: Account) -> messages.SentTransfers:
        """Return what an account has sent and can still be downloaded, newest first."""
        sent = self.records.sent(account.subject, SENT_ENTRIES)
        found = self.records.some_transfers([one.id for one in sent])
        return messages.SentTransfers(
            transfers=[
                messages.SentTransfer(
                    id=one.id,
                    title=transfer.title,
                    name=one.name,
                    created=moment(transfer.created),
                    expires_at=moment(transfer.expires_at),
                    files=transfer.last_number,
                    bytes=one.bytes,
                )
                for one in sent
                if (transfer := found.get(one.id)) and transfer.is_live(self.now())
            ]
        )

    def claim(self, transfer_id: str, account: Account) -> messages.OwnerToken:
        """Give the account that has sent a transfer, or an operator, an owner token for it.

        The table keeps hashes, so it is another one each time; the last ten are good.
        """
        transfer = self.records.transfer(transfer_id)
        if transfer is None or not (transfer.is_blocked or transfer.is_live(self.now())):
            raise NotFound
        if not account.operator and transfer.account != account.subject:
            raise NotFound  # whose it is, or whether there is one, is nobody else's business
        if transfer.is_blocked:
            raise Blocked
        token = token_of(self.random(TOKEN_BYTES))
        owners = [*transfer.other_owners, token_hash(token)][-OTHER_OWNERS:]
        self._changed(transfer_id, {"other_owners": owners})
        return messages.OwnerToken(owner_token=token)

    def add_files(
        self, transfer_id: str, token: str | None, asked: messages.MoreFiles, sender: str = UNKNOWN
    ) -> messages.AddedFiles:
        """Add files to a transfer; their numbers go on from its last one.

        Limits are minded as in `create`. What is added to an account's transfer counts for that account.
        """
        transfer = self.owned(transfer_id, token)
        self._check_size(asked)
        now = int(self.now())
        budget = Budget.of(Account(subject=transfer.account).sender if transfer.account else sender, now)
        files = _planned(asked.files, budget)
        lease = token_of(self.random(ID_BYTES))
        try:
            held = self.records.begin_adding(
                transfer_id,
                Content(files=len(files), bytes=asked.total),
                first=asked.first,
                token=lease,
                until=now + ADDING_SECONDS,
                now=now,
                most=Content(files=self.settings.max_files, bytes=self.settings.largest_transfer),
            )
            reserve(self.records, self.settings, budget, Amount(bytes=asked.total), now=now)
            files = [replace(file, number=held.last_number + file.number) for file in files]
            self.records.finish_adding(held, files, token=lease)
        except BusyError as error:
            raise Conflict(
                "Files are being added by another call, or were. See what there is, and send this again."
            ) from error
        except FullError as error:
            raise (self._too_many() if error.what == "files" else self._too_large()) from error
        except OverDailyLimit:
            self.records.stop_adding(transfer_id, token=lease)
            raise
        except GoneError as error:
            raise NotFound from error
        return messages.AddedFiles(files=[_plan_of(file) for file in files])

    def sign(self, transfer_id: str, token: str | None, asked: messages.PartsToSign) -> messages.SignedParts:
        """Sign parts of any files; files that are not waiting for parts any more are named instead."""
        transfer = self.owned(transfer_id, token)
        files = self.records.some_files(
            transfer.id, [part.file for part in asked.parts if part.file <= transfer.last_number]
        )
        pending = {number: file for number, file in files.items() if file.state == "pending"}
        _check_parts(asked.parts, files)
        for number, file in self._start(transfer.id, _needing_upload(asked.parts, pending)).items():
            pending[number] = self._kept(transfer.id, file)
        return messages.SignedParts(
            urls=[self._signed(transfer.id, pending[part.file], part) for part in asked.parts if part.file in pending],
            settled=[
                messages.SettledFile(file=number, state=file.state)
                for number, file in files.items()
                if file.state != "pending"
            ],
        )

    def parts(self, transfer_id: str, token: str | None, number: int) -> messages.UploadedParts:
        """Return the parts of a file that S3 has."""
        file = self._file(self.owned(transfer_id, token), number)
        try:
            parts = self.objects.parts(key_of(transfer_id, number), file.upload_id) if file.upload_id else []
        except UploadGoneError:
            return messages.UploadedParts(parts=[], closed=True)
        return messages.UploadedParts(
            parts=[messages.UploadedPart(number=part.number, size=part.size, sha256=part.sha256) for part in parts],
            closed=False,
        )

    def complete(self, transfer_id: str, token: str | None, number: int) -> messages.FileInState:
        """Have S3 make one object of a file's parts, after checking every one. May be repeated."""
        file = self._file(self.owned(transfer_id, token), number)
        if file.state in ("failed", "removed"):
            raise Conflict("This file failed or was removed. Add it again.")
        if file.state == "pending" and file.part_count > 1:
            self._complete(transfer_id, file)
        return messages.FileInState(number=number, state=file.state)

    def _complete(self, transfer_id: str, file: File) -> None:
        key = key_of(transfer_id, file.number)
        if file.upload_id is None:
            raise PartsMissing(range(1, file.part_count + 1))
        try:
            parts = self.objects.parts(key, file.upload_id)
        except UploadGoneError:
            return  # completed before: S3's event is on its way
        missing = _missing(file, parts)
        if missing:
            raise PartsMissing(missing)
        try:
            self.objects.complete(key, file.upload_id, parts, size=file.size)
        except UploadConflictError as error:
            if not self._begin_again(transfer_id, file, file.upload_id):
                raise Unavailable from error
            raise PartsMissing(range(1, file.part_count + 1)) from error

    def _begin_again(self, transfer_id: str, file: File, upload_id: str) -> bool:
        """Drop an upload that S3 does not complete because of another write; return False while that may still end.

        AWS says to start the upload again and send all parts again. But nobody else writes to this key: the other write
        is most likely our own completion of the same upload, still in progress, and that must not be aborted.
        """
        now = int(self.now())
        stale = now - CONFLICT_OVER_SECONDS
        since = self.records.note_conflict(transfer_id, file.number, upload_id, now=now, stale=stale)
        if since is None or now - since < min(MOST_CONFLICT_SECONDS, LEAST_CONFLICT_SECONDS + file.part_count):
            return False
        # In this order: if the record still had an upload that is gone, we would take it for completed.
        dropped = self.records.drop_upload(transfer_id, file.number, upload_id)
        if dropped:
            self.objects.abort(key_of(transfer_id, file.number), upload_id)
        return dropped

    def change(self, transfer_id: str, token: str | None, asked: messages.Options) -> messages.SavedOptions:
        """Save the options that were sent, and return all of them."""
        transfer = self.owned(transfer_id, token)
        if self.settings.public_downloads:
            _check_public(asked)
        changes: dict[str, Any] = {}
        for name in asked.model_fields_set:
            value = getattr(asked, name)
            match name:
                case "expires_in":
                    changes["expires_at"] = self._expiry(transfer, value)
                case "password":
                    salt = self.random(SALT_BYTES)
                    changes["password_hash"] = None if value is None else hash_password(value, salt)
                    changes |= NO_TRIES
                case _:
                    changes[name] = value
        if changes:
            transfer = self._changed(transfer_id, changes)
        return messages.SavedOptions(
            title=transfer.title,
            message=transfer.message,
            expires_at=moment(transfer.expires_at),
            max_downloads=transfer.max_downloads,
            has_password=transfer.password_hash is not None,
        )

    def log(self, transfer_id: str, token: str | None) -> messages.DownloadLog:
        """Return the last downloads, newest first."""
        transfer = self.owned(transfer_id, token)
        found = self.records.log(transfer.id, LOG_ENTRIES + 1)
        return messages.DownloadLog(
            downloads=[
                messages.LoggedDownload(
                    at=moment(made.at // 1_000), file=made.file, bytes=made.bytes, source=made.source
                )
                for made in found[:LOG_ENTRIES]
            ],
            more=len(found) > LOG_ENTRIES,
        )

    def remove_file(self, transfer_id: str, token: str | None, number: int) -> None:
        """Take a file out of the transfer, then abort its upload and delete what S3 has of it. May be repeated."""
        transfer = self.owned(transfer_id, token)
        file = self._file(transfer, number)
        removed = self.records.remove_file(transfer_id, number)
        give_back(self.records, [removed] if removed else [], self.now())
        erase_file(self.objects, transfer_id, file)

    def delete(self, transfer_id: str, token: str | None) -> None:
        """Delete a transfer: from the first write on nobody gets at it; then all that is left of it goes.

        Where it is interrupted, the owner can repeat it; otherwise the sweep goes on with it, to which it has expired.
        """
        transfer = self.owned(transfer_id, token, deleted_too=True)
        with suppress(NotFound):  # an earlier deletion was interrupted: go on with it
            transfer = self._changed(transfer_id, {"deleted": True, "expires_at": int(self.now())})
        erase_transfer(self.records, self.objects, transfer, now=self.now())

    def owned(self, transfer_id: str, token: str | None, *, deleted_too: bool = False) -> Transfer:
        """Return a live transfer to its owner; the one place where owners are told from others."""
        if not token:
            raise TokenMissing
        transfer = self.records.transfer(transfer_id)
        if transfer is None or not (deleted_too or transfer.is_blocked or transfer.is_live(self.now())):
            raise NotFound
        if not transfer.is_owned_with(token):
            raise TokenWrong
        if transfer.is_blocked:
            raise Blocked
        return transfer

    def _changed(self, transfer_id: str, changes: Mapping[str, Any]) -> Transfer:
        """Set fields; what was deleted or blocked since the owner was let in is told as if it had been before."""
        try:
            return self.records.change(transfer_id, changes)
        except GoneError as error:
            raise NotFound from error
        except BlockedError as error:
            raise Blocked from error

    def _file(self, transfer: Transfer, number: int) -> File:
        found = self.records.files(transfer.id, number, number) if 1 <= number <= transfer.last_number else []
        if not found:
            raise NotFound("There is no such file.")
        return found[0]

    def _check_size(self, asked: messages.NewFiles) -> None:
        """Raise `OverLimit` for files that no transfer could ever take."""
        most = self.settings.largest_file
        too_large = {
            f"files.{index}.size": f"{file.size} bytes are more than the {most} bytes that a file may have here"
            for index, file in enumerate(asked.files)
            if file.size > most
        }
        if too_large:
            raise OverLimit("max_file_bytes", most, too_large)
        if len(asked.files) > self.settings.max_files:
            raise self._too_many()
        if asked.total > self.settings.largest_transfer:
            raise self._too_large()

    def _start(self, transfer_id: str, files: Sequence[File]) -> dict[int, File]:
        """Begin a multipart upload for each of these files, several at a time."""
        with ThreadPoolExecutor(S3_THREADS) as pool:
            ids = pool.map(
                lambda file: self.objects.start(key_of(transfer_id, file.number), saved_as=self._saved_as(file)), files
            )
            return {file.number: replace(file, upload_id=upload_id) for file, upload_id in zip(files, ids, strict=True)}

    def _kept(self, transfer_id: str, file: File) -> File:
        """Keep a new upload's id; where two calls began one at once, the first counts and the other is dropped."""
        mine = file.upload_id or ""
        kept = self.records.keep_upload(transfer_id, file.number, mine)
        if kept != mine:
            self.objects.abort(key_of(transfer_id, file.number), mine)
        if kept is None:
            raise Conflict("This file was removed meanwhile.")
        return replace(file, upload_id=kept)

    def _signed(self, transfer_id: str, file: File, part: messages.PartToSign) -> messages.SignedPart:
        seconds = self.settings.upload_url_seconds
        size = file.part_bytes(part.number)
        key = key_of(transfer_id, file.number)
        signed: SignedPut
        if file.upload_id is None:
            signed = self.objects.sign_whole(
                key, size=size, sha256=part.sha256, seconds=seconds, saved_as=self._saved_as(file)
            )
        else:
            signed = self.objects.sign_part(
                key,
                upload_id=file.upload_id,
                number=part.number,
                size=size,
                sha256=part.sha256 or "",
                seconds=seconds,
            )
        return messages.SignedPart(
            file=file.number,
            number=part.number,
            url=signed.url,
            headers=signed.headers,
            expires_at=moment(int(self.now()) + seconds),
        )

    def _saved_as(self, file: File) -> str | None:
        """Return what the object itself has to say of its name: who downloads with a signature gets that with it."""
        return content_disposition(file.name, file.number) if self.settings.public_downloads else None

    def _expiry(self, transfer: Transfer, seconds: int) -> int:
        if seconds not in self.settings.expiry_choices:
            choices = ", ".join(str(choice) for choice in self.settings.expiry_choices)
            raise Invalid({"expires_in": f"must be one of {choices} seconds"})
        # The time for which an operator had blocked it is not taken from its owner.
        return expiry(transfer.created + transfer.stood_still, int(self.now()), seconds, self.settings.longest_expiry)

    def _too_many(self) -> OverLimit:
        most = self.settings.max_files
        return OverLimit("max_files", most, {"files": f"a transfer takes at most {most} files"})

    def _too_large(self) -> OverLimit:
        most = self.settings.largest_transfer
        return OverLimit("max_transfer_bytes", most, {"files": f"a transfer takes at most {most} bytes in all"})


def _planned(asked: Sequence[messages.NewFile], budget: Budget) -> list[File]:
    """Return the files that were asked for, numbered from 1; raise `Invalid` for parts that S3 would not take."""
    planned: list[File] = []
    wrong: dict[str, str] = {}
    for index, file in enumerate(asked):
        try:
            part_size = plan_part_size(file.size, asked=file.part_size)
        except PlanError as error:
            wrong[f"files.{index}.part_size"] = str(error)
            continue
        planned.append(
            File(
                number=1 + index,
                name=file.name,
                size=file.size,
                type=file.type,
                part_size=part_size,
                budget=str(budget),
            )
        )
    if wrong:
        raise Invalid(wrong)
    return planned


def _check_parts(asked: Sequence[messages.PartToSign], files: Mapping[int, File]) -> None:
    wrong: dict[str, str] = {}
    for index, part in enumerate(asked):
        file = files.get(part.file)
        if file is None:
            wrong[f"parts.{index}.file"] = f"this transfer has no file {part.file}"
        elif part.number > file.part_count:
            wrong[f"parts.{index}.number"] = f"file {part.file} has {file.part_count} parts"
        elif part.sha256 is None and file.part_count > 1:
            wrong[f"parts.{index}.sha256"] = "a file of several parts needs the SHA-256 of each"
    if wrong:
        raise Invalid(wrong)


def _check_public(asked: messages.Options) -> None:
    wrong = {name: words for name, words in NOT_WHERE_PUBLIC.items() if getattr(asked, name) is not None}
    if wrong:
        raise Invalid(wrong)


def _needing_upload(asked: Sequence[messages.PartToSign], files: Mapping[int, File]) -> list[File]:
    named = {part.file: files[part.file] for part in asked if part.file in files}
    return [file for file in named.values() if file.part_count > 1 and file.upload_id is None]


def _missing(file: File, parts: Sequence[StoredPart]) -> list[int]:
    sizes = {part.number: part.size for part in parts}
    return [number for number in range(1, file.part_count + 1) if sizes.get(number) != file.part_bytes(number)]


def _plan_of(file: File) -> messages.PlannedFile:
    return messages.PlannedFile(number=file.number, part_size=file.part_size, part_count=file.part_count)
