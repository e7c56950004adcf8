"""What a link holder does: see a transfer, unlock it, download. Knows no HTTP."""

from collections.abc import Callable
from dataclasses import dataclass

from backend import messages
from backend.errors import Invalid, LimitReached, NotFound, PasswordNeeded, TokenWrong
from backend.objects import Objects
from backend.passwords import GRANT_SECONDS, grant_fits, grant_for, password_fits
from backend.records import Records
from backend.settings import Settings
from backend.tally import Cursor, Tally
from backend.transfers import (
    File,
    Transfer,
    content_disposition,
    key_of,
    moment,
    page_link,
    token_fits,
)

FILES_A_PAGE = 1_000
OWNER_URL_SECONDS = 3_600


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What a caller shows: the owner token, or the grant that a password bought. Most have only the link."""

    token: str | None = None
    grant: str | None = None


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """The recipient's side. `now` gives epoch seconds."""

    records: Records
    objects: Objects
    settings: Settings
    now: Callable[[], float]

    def status(
        self, transfer_id: str, caller: Caller, since: str | None, *, urls: bool = True
    ) -> messages.TransferStatus:
        """Return a transfer with the files that are new or changed since the cursor `since`.

        The owner's answer carries presigned GETs unless `urls` is false.
        """
        found, tally = self.records.overview(transfer_id) or (None, Tally())
        transfer, owner = self._admitted(found, caller)
        try:
            seen = Cursor.parse(since) if since else Cursor()
        except ValueError as error:
            raise Invalid({"since": str(error)}) from error
        listed = min(transfer.last_number, seen.listed + FILES_A_PAGE)
        fresh = self.records.files(transfer_id, seen.listed + 1, listed) if listed > seen.listed else []
        changed, cursor, more = tally.since(seen, FILES_A_PAGE)
        again = self.records.some_files(transfer_id, [number for number in changed if number <= seen.listed])
        files = [file for file in fresh if file.state != "removed"] + [again[number] for number in sorted(again)]
        counts = tally.counts(transfer.last_number)
        return messages.TransferStatus(
            state="ready" if counts.ready else "uploading",
            link=page_link(transfer_id) if counts.ready else None,
            expires_at=moment(transfer.expires_at),
            title=transfer.title,
            message=transfer.message,
            max_downloads=transfer.max_downloads,
            has_password=transfer.password_hash is not None,
            counts=messages.FileCounts(files=counts.files, stored=counts.stored, failed=counts.failed),
            files=[self._status_of(transfer, file, signed=owner and urls) for file in files],
            cursor=str(Cursor(max(listed, seen.listed), cursor.lengths)),
            more=more or listed < transfer.last_number,
            next_number=transfer.last_number + 1,
        )

    def admit(self, transfer_id: str, caller: Caller) -> None:
        """Raise what `status` would raise for this caller."""
        self._admitted(self.records.transfer(transfer_id), caller)

    def _status_of(self, transfer: Transfer, file: File, *, signed: bool) -> messages.FileStatus:
        most = transfer.max_downloads
        return messages.FileStatus(
            number=file.number,
            name=file.name,
            size=file.size,
            part_size=file.part_size,
            state=file.state,
            link=file.link,
            reason=file.reason,
            sha256=file.sha256,
            downloads_left=None if most is None else max(0, most - file.downloads),
            download_url=self._url(transfer.id, file, OWNER_URL_SECONDS) if signed and file.state == "stored" else None,
        )

    def download(self, transfer_id: str, number: int, caller: Caller) -> str:
        """Count a download and return a fresh presigned GET."""
        transfer, owner = self._admitted(self.records.transfer(transfer_id), caller)
        found = self.records.files(transfer_id, number, number) if 1 <= number <= transfer.last_number else []
        if not found or found[0].state in ("failed", "removed"):
            raise NotFound("There is no such file in this transfer.")
        if found[0].state != "stored":
            raise NotFound("This file is still on its way. Try again when the page says that it is there.")
        if not owner and not self.records.count_download(transfer_id, number, transfer.max_downloads):
            raise LimitReached
        return self._url(transfer_id, found[0], self.settings.download_url_seconds)

    def unlock(self, transfer_id: str, password: str) -> str:
        """Return a grant for the right password; raise `TokenWrong` for a wrong one."""
        transfer = self.records.transfer(transfer_id)
        if transfer is None or not transfer.is_live(self.now()) or transfer.password_hash is None:
            raise NotFound
        if not password_fits(password, transfer.password_hash):
            raise TokenWrong
        return grant_for(transfer_id, transfer.password_hash, int(self.now()) + GRANT_SECONDS)

    def _admitted(self, transfer: Transfer | None, caller: Caller) -> tuple[Transfer, bool]:
        """Let the caller in, and tell whether it is the owner: all authorisation to see and download is here."""
        if transfer is None or not transfer.is_live(self.now()):
            raise NotFound
        if caller.token is not None:
            if not token_fits(caller.token, transfer.owner_token_hash):
                raise TokenWrong
            return transfer, True
        kept = transfer.password_hash
        if kept is not None and not grant_fits(caller.grant or "", transfer.id, kept, self.now()):
            raise PasswordNeeded
        return transfer, False

    def _url(self, transfer_id: str, file: File, seconds: int) -> str:
        disposition = content_disposition(file.name, file.number)
        return self.objects.sign_download(key_of(transfer_id, file.number), disposition=disposition, seconds=seconds)
