"""What a link holder does: see a transfer, unlock it, download. Knows no HTTP."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate

from backend import messages
from backend.aws.bucket import Objects, UploadGoneError
from backend.aws.table.records import Records
from backend.errors import (
    Blocked,
    Expired,
    Invalid,
    LimitReached,
    NotFound,
    PasswordNeeded,
    PasswordWrong,
    StillComing,
    TokenWrong,
    TooManyTries,
)
from backend.rules.addresses import shortened, source_of
from backend.rules.passwords import GRANT_SECONDS, grant_fits, grant_for, password_fits
from backend.rules.ranges import Span, span_of
from backend.rules.tally import Cursor, Tally
from backend.rules.transfer import (
    Download,
    File,
    Transfer,
    content_disposition,
    key_of,
    moment,
    page_link,
    shown_as,
)
from backend.rules.tries import COMPARING_SECONDS, LOCKED_AFTER, wait_after
from backend.settings import Settings

FILES_A_PAGE = 1_000
# Characters of their names. Lambda returns at most 6 MB, and a control character takes some ninety bytes in a
# transfer's page, counting all the places that name the file.
NAMES_A_PAGE = 50_000
OWNER_URL_SECONDS = 3_600

# How often one source may go on with a download that was counted: a hundred broken connections, or a download manager's
# sixteen at once with some of them broken. Without an end, one counted download would be as good as any number.
RESUMES = 100
# Two downloads of the same millisecond are two in the log.
UNIQUE_BYTES = 8

# Two people who enter the right password at once, or one who clicks twice, need not hear of each other.
TURNS = 20
TURN_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What a caller shows: the owner token, or the grant that a password bought. Most have only the link.

    `address` is the IP address that the request came from.
    """

    token: str | None = None
    grant: str | None = None
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """The recipient's side. `now` gives epoch seconds, `random` so many random bytes; `pause` waits for seconds."""

    records: Records
    objects: Objects
    settings: Settings
    now: Callable[[], float]
    random: Callable[[int], bytes]
    pause: Callable[[float], None]

    def status(
        self, transfer_id: str, caller: Caller, since: str | None, *, urls: bool = True
    ) -> messages.TransferStatus:
        """Return a transfer with the files that are new or changed since the cursor `since`.

        The owner's answer carries presigned GETs unless `urls` is false, or CloudFront serves the files.
        """
        found, tally = self.records.overview(transfer_id) or (None, Tally())
        transfer, owner = self._admitted(found, caller)
        try:
            seen = Cursor.parse(since) if since else Cursor()
        except ValueError as error:
            raise Invalid({"since": str(error)}) from error
        files, cursor, more = self._since(transfer, tally, seen)
        counts = tally.counts(transfer.last_number)
        # S3's URLs are signed right here. Each of CloudFront's is a call of KMS: nobody shall cause a thousand.
        signed = owner and urls and not self.settings.downloads_origin
        return messages.TransferStatus(
            state="ready" if counts.ready else "uploading",
            link=page_link(transfer_id) if counts.ready else None,
            expires_at=moment(transfer.expires_at),
            title=transfer.title,
            message=transfer.message,
            max_downloads=transfer.max_downloads,
            has_password=transfer.password_hash is not None,
            counts=messages.FileCounts(files=counts.files, stored=counts.stored, failed=counts.failed),
            files=[self._status_of(transfer, file, signed=signed) for file in files],
            cursor=str(cursor),
            more=more,
            next_number=transfer.last_number + 1,
        )

    def known(self, transfer_id: str) -> Transfer:
        """Return a transfer to whoever has its link, the password or not; raise what its page would say instead."""
        return self._present(self.records.transfer(transfer_id))

    def _since(self, transfer: Transfer, tally: Tally, seen: Cursor) -> tuple[list[File], Cursor, bool]:
        """Return new and changed files, as many as an answer takes, the cursor behind them, and whether more remain."""
        listed = min(transfer.last_number, seen.listed + FILES_A_PAGE)
        unseen = self.records.files(transfer.id, seen.listed + 1, listed) if listed > seen.listed else []
        fresh = _fitting(unseen, NAMES_A_PAGE)
        if len(fresh) < len(unseen):
            listed = fresh[-1].number
        changed, cursor, more = tally.since(seen, FILES_A_PAGE)
        known = self.records.some_files(transfer.id, [number for number in changed if number <= seen.listed])
        in_turn = [known[number] for number in changed if number in known]
        again = _fitting(in_turn, NAMES_A_PAGE - sum(len(file.name) for file in fresh))
        if len(again) < len(in_turn):
            _, cursor, more = tally.since(seen, changed.index(in_turn[len(again)].number))
        files = [file for file in fresh if file.state != "removed"] + sorted(again, key=lambda file: file.number)
        return files, Cursor(max(listed, seen.listed), cursor.lengths), more or listed < transfer.last_number

    def admit(self, transfer_id: str, caller: Caller) -> Transfer:
        """Return the transfer, or raise what `status` would raise for this caller."""
        transfer, _ = self._admitted(self.records.transfer(transfer_id), caller)
        return transfer

    def arriving(self, transfer_id: str, caller: Caller, numbers: Sequence[int]) -> messages.ArrivingFiles:
        """Return how much S3 has of these files, of those that are on their way in parts."""
        transfer, _ = self._admitted(self.records.transfer(transfer_id), caller)
        files = self.records.some_files(transfer.id, numbers)
        arriving: list[messages.ArrivingFile] = []
        for file in files.values():
            if file.state == "pending" and file.upload_id:
                with suppress(UploadGoneError):  # it is one object by now, of which the next status tells
                    parts = self.objects.parts(key_of(transfer.id, file.number), file.upload_id)
                    arriving.append(messages.ArrivingFile(number=file.number, bytes=sum(part.size for part in parts)))
        return messages.ArrivingFiles(files=arriving)

    def _status_of(self, transfer: Transfer, file: File, *, signed: bool) -> messages.FileStatus:
        most, shown = transfer.max_downloads, _shown(transfer, file)
        return messages.FileStatus(
            number=file.number,
            name=file.name,
            size=file.size,
            part_size=file.part_size,
            state=file.state,
            link=file.link,
            reason=file.reason,
            sha256=file.sha256,
            shown_as=shown[0] if shown and file.state == "stored" else None,
            downloads_left=None if most is None else max(0, most - file.downloads),
            download_url=self._url(transfer.id, file, OWNER_URL_SECONDS) if signed and file.state == "stored" else None,
            public_url=file.public_url,
        )

    def download(
        self, transfer_id: str, number: int, caller: Caller, asked: str | None = None, *, show: bool = False
    ) -> str:
        """Count a download, log it for the owner, and return a fresh presigned GET; `asked` is the Range header.

        With `show` a browser shows the file instead of saving it, where that is safe; raises `NotFound` elsewhere.
        """
        transfer, owner = self._admitted(self.records.transfer(transfer_id), caller)
        file = self._stored(transfer, number)
        shown = _shown(transfer, file) if show else None
        if show and shown is None:
            raise NotFound("This file cannot be shown. Download it instead.")
        if not owner:
            self._count(transfer, number, span_of(asked, file.size), caller.address)
        seconds = self.settings.download_url_seconds
        if shown is None:
            return self._url(transfer_id, file, seconds)
        key, (_, content_type) = key_of(transfer_id, number), shown
        return self.objects.sign_download(key, disposition="inline", seconds=seconds, content_type=content_type)

    def _stored(self, transfer: Transfer, number: int) -> File:
        found = self.records.files(transfer.id, number, number) if 1 <= number <= transfer.last_number else []
        if not found or found[0].state in ("failed", "removed"):
            raise NotFound("There is no such file in this transfer.")
        if found[0].state != "stored":
            raise StillComing
        return found[0]

    def _count(self, transfer: Transfer, number: int, span: Span, address: str) -> None:
        """Count and log a download, unless it goes on with one that its source began; raise `LimitReached`.

        Whoever asks for a later part had the first one: a browser or curl after a broken connection, or a download
        manager with its second one. For the largest files that may be days later, so it holds while the transfer lives.
        """
        source = source_of(address, transfer.owner_token_hash)
        if span.start and self.records.resume_download(transfer.id, number, source):
            return
        if not self.records.count_download(transfer.id, number, transfer.max_downloads):
            raise LimitReached
        made = Download(at=self._milliseconds(), file=number, bytes=span.bytes, source=shortened(address))
        self.records.log_download(
            transfer, made, unique=self.random(UNIQUE_BYTES).hex(), source=source, resumes=RESUMES
        )

    def unlock(self, transfer_id: str, password: str) -> str:
        """Return a grant for the right password.

        Raises `PasswordWrong`, and `TooManyTries` where nothing was compared because of earlier tries.
        """
        for _ in range(TURNS):
            transfer = self._present(self.records.transfer(transfer_id))
            if transfer.password_hash is None:
                raise NotFound
            left = transfer.next_try - self._milliseconds()
            if left <= 0:
                grant = self._tried(transfer, transfer.password_hash, password)
                if grant:
                    return grant
            elif transfer.comparing:
                self.pause(TURN_SECONDS)
            else:
                raise TooManyTries(-(-left // 1_000), locked=transfer.wrong_tries >= LOCKED_AFTER)
        raise TooManyTries(1)

    def _tried(self, transfer: Transfer, kept: str, password: str) -> str | None:
        """Compare a password, alone; return None where others came first, or the password was changed meanwhile.

        The try is counted before it is compared, so that neither many at once nor an interruption give any for free.
        """
        wrong = transfer.wrong_tries + 1
        held = max(COMPARING_SECONDS, wait_after(wrong))
        begun = self.records.begin_try(transfer, until=self._milliseconds() + held * 1_000)
        if begun is None:
            return None
        if not password_fits(password, kept):
            self.records.end_try(begun, wrong=wrong, next_try=self._milliseconds() + wait_after(wrong) * 1_000)
            raise PasswordWrong(wait_after(wrong))
        if not self.records.end_try(begun, wrong=0, next_try=0):
            return None
        return grant_for(transfer.id, kept, int(self.now()) + GRANT_SECONDS)

    def _milliseconds(self) -> int:
        return int(self.now() * 1_000)

    def _admitted(self, transfer: Transfer | None, caller: Caller) -> tuple[Transfer, bool]:
        """Let the caller in, and tell whether it is the owner: all authorisation to see and download is here."""
        if caller.token is not None:
            if transfer is None or not (transfer.is_blocked or transfer.is_live(self.now())):
                raise NotFound  # as everywhere else where owners call
            if not transfer.is_owned_with(caller.token):
                raise TokenWrong
            if transfer.is_blocked:
                raise Blocked
            return transfer, True
        transfer = self._present(transfer)
        kept = transfer.password_hash
        if kept is not None and not grant_fits(caller.grant or "", transfer.id, kept, self.now()):
            raise PasswordNeeded
        return transfer, False

    def _present(self, transfer: Transfer | None) -> Transfer:
        """Tell recipients of what is blocked or has expired; what was deleted is as if it had never been."""
        if transfer is None or transfer.deleted:
            raise NotFound
        if transfer.is_blocked:
            raise Blocked
        if not transfer.is_live(self.now()):
            raise Expired(transfer.expires_at)
        return transfer

    def _url(self, transfer_id: str, file: File, seconds: int) -> str:
        disposition = content_disposition(file.name, file.number)
        return self.objects.sign_download(key_of(transfer_id, file.number), disposition=disposition, seconds=seconds)


def _fitting(files: Sequence[File], room: int) -> list[File]:
    """Return as many of the files as have names that fit into so many characters, and one in any case."""
    ends = accumulate(len(file.name) for file in files)
    return [file for index, (file, end) in enumerate(zip(files, ends, strict=True)) if end <= room or index == 0]


def _shown(transfer: Transfer, file: File) -> tuple[str, str] | None:
    """Return how a file can be shown; None also where its sender has set a limit: whoever sees a file has it."""
    return shown_as(file.name) if transfer.max_downloads is None else None
