"""Everything that can be answered with an error. Raised below, mapped to HTTP once, in `http.resolver`.

SidestepError                 500
├── BadRequest                400  the body is not what it claims to be
├── TokenMissing              401  no owner token
├── PasswordNeeded            401  the transfer has a password and the caller no grant
├── SignInNeeded              401  only who has signed in may begin a transfer
├── TokenWrong                403  an owner token, but not this transfer's
├── PasswordWrong             403  not the transfer's password
├── PassphraseWrong           403  not the operator's passphrase
├── CrossSite                 403  sent by a page of another site
├── NotFound                  404  never was, is gone, or is not for you: the same answer
│   └── StillComing           404  a file that is announced, and not there yet
├── MethodNotAllowed          405
├── Conflict                  409  not in the state that this needs
│   ├── BeingHandled          409  somebody else takes down, gives back or erases this transfer at this moment
│   └── PartsMissing          409  names the parts that are missing or of the wrong size
├── Expired                   410  its time is over; told to whoever holds its id, which nobody can guess
├── Blocked                   410  an operator has taken the transfer down; told to its owner, too
├── LimitReached              410  every download that the sender allowed has been made
├── Invalid                   422  names each field and what is wrong with it
│   └── OverLimit             422  larger or more than may be sent here, today or any day; names the limit
├── OverDailyLimit            429  what may be sent in a day is used up; says until when
├── TooManyReports            429  from this source; the next one has to wait
├── TooManyTries              429  after wrong passwords the next one has to wait
└── Unavailable               503  AWS could not do it now; the same request may be sent again
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from backend.rules.quota import Budget
from backend.rules.transfer import date_text, moment


class SidestepError(Exception):
    """Base of all errors that a caller is told about; its message says what happened and what to do."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def details(self) -> dict[str, Any]:
        """Return what stands in the answer beside code, message and request id."""
        return {}

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this answer."""
        return {}


class BadRequest(SidestepError):
    """The request cannot be read."""

    status = 400
    code = "bad_request"


class TokenMissing(SidestepError):
    """The request needs the owner token."""

    status = 401
    code = "token_missing"

    def __init__(self) -> None:
        """Say where the token belongs."""
        super().__init__("This needs the owner token of the transfer, sent as “Authorization: Bearer …”.")


class PasswordNeeded(SidestepError):
    """The transfer is protected and the caller has not unlocked it."""

    status = 401
    code = "password_needed"

    def __init__(self) -> None:
        """Say how to get in."""
        super().__init__("This transfer has a password. Open its link in a browser and enter it.")


class SignInNeeded(SidestepError):
    """Only who has signed in may begin a transfer, and the caller has not."""

    status = 401
    code = "sign_in_needed"

    def __init__(self) -> None:
        """Say how to."""
        super().__init__("Sign in first: open Sidestep's first page in a browser, and send its cookie along.")


class TokenWrong(SidestepError):
    """The owner token belongs to another transfer, or to none."""

    status = 403
    code = "token_wrong"

    def __init__(self) -> None:
        """Say what is wrong without saying what would be right."""
        super().__init__("This owner token does not belong to this transfer.")


class PasswordWrong(SidestepError):
    """The password is not the transfer's; the next may be tried in `seconds`."""

    status = 403
    code = "password_wrong"

    def __init__(self, seconds: int) -> None:
        """Take for how long no other password is tried."""
        wait = f" You can try again in {_wait(seconds)}." if seconds > 1 else ""
        super().__init__(f"That is not the password. Check it, or ask the sender.{wait}")
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return when to come again."""
        return {"Retry-After": str(self.seconds)}


class PassphraseWrong(SidestepError):
    """Not the operator's passphrase; the next may be tried in `seconds`."""

    status = 403
    code = "passphrase_wrong"

    def __init__(self, seconds: int) -> None:
        """Take for how long no other passphrase is tried from there."""
        super().__init__(f"That is not the passphrase. Check it, and try again in {_wait(seconds)}.")
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return when to come again."""
        return {"Retry-After": str(self.seconds)}


class CrossSite(SidestepError):
    """A page of another site had the browser send this; whoever sits before it may know nothing of it."""

    status = 403
    code = "cross_site"

    def __init__(self) -> None:
        """Say how to do it instead."""
        super().__init__("This was sent by a page of another site. Open the address yourself and try again.")


class NotFound(SidestepError):
    """Nothing to see at this address; whether there ever was is not told."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "There is no such transfer. It may have expired or been deleted.") -> None:
        """Use the same words for what never was and what is gone."""
        super().__init__(message)


class StillComing(NotFound):
    """The file is announced, and S3 does not have it yet."""

    def __init__(self) -> None:
        """Say when to come again."""
        super().__init__("This file is still on its way. Try again when the page says that it is there.")


class MethodNotAllowed(SidestepError):
    """The address exists, the method does not."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, *allowed: str) -> None:
        """Take the methods that the address has."""
        super().__init__(f"This address takes {', '.join(allowed)} only.")
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        """Return the methods for programs."""
        return {"Allow": ", ".join(self.allowed)}


class Conflict(SidestepError):
    """The transfer or file is not in the state that the request needs."""

    status = 409
    code = "conflict"


class BeingHandled(Conflict):
    """An operator, or the takedown function, is at work on this transfer."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Somebody else is dealing with this transfer at this moment. Try again in five minutes.")


class PartsMissing(Conflict):
    """An upload cannot be completed: `parts` have not arrived, or with another size."""

    code = "parts_missing"

    def __init__(self, parts: Sequence[int]) -> None:
        """Take the numbers of the parts to send again."""
        super().__init__(f"{len(parts)} parts of this file are missing or incomplete. Send them again, then complete.")
        self.parts = list(parts)

    def details(self) -> dict[str, Any]:
        """Return the numbers, for a client that sends them again."""
        return {"parts": self.parts}


class Expired(SidestepError):
    """The transfer's time is over, and the table has not forgotten it yet."""

    status = 410
    code = "expired"

    def __init__(self, when: int) -> None:
        """Take when that was, in epoch seconds."""
        self.when = when
        super().__init__(
            f"This transfer expired on {date_text(datetime.fromtimestamp(when, UTC))}. Ask the sender to send it again."
        )


class Blocked(SidestepError):
    """An operator has taken the transfer down: nobody gets anything of it, nor changes it."""

    status = 410
    code = "blocked"

    def __init__(self) -> None:
        """Say who did it, and whom to ask; the reasons are the operator's to tell."""
        super().__init__(
            "The operator of this service has blocked this transfer: nothing of it can be downloaded, changed or "
            "deleted. If you think that is a mistake, write to the operator."
        )


class LimitReached(SidestepError):
    """The sender allowed a number of downloads, and they have been made."""

    status = 410
    code = "limit_reached"

    def __init__(self) -> None:
        """Say whom to ask."""
        super().__init__("This file has been downloaded as often as its sender allowed. Ask the sender for a new link.")


class Invalid(SidestepError):
    """Well-formed, but not acceptable; `fields` maps each field to what is wrong with it."""

    status = 422
    code = "invalid"

    def __init__(self, fields: dict[str, str]) -> None:
        """Take a sentence per field, such as `{"files.0.size": "must not be negative"}`."""
        super().__init__("; ".join(f"{field}: {words}" for field, words in fields.items()))
        self.fields = fields

    def details(self) -> dict[str, Any]:
        """Return the fields one by one."""
        return {"fields": [{"field": field, "message": words} for field, words in self.fields.items()]}


class OverLimit(Invalid):
    """It can never fit; `limit` is the operator's setting, `most` what that allows, in files or bytes."""

    code = "over_limit"

    def __init__(self, limit: str, most: int, fields: dict[str, str]) -> None:
        """Take a sentence per field, too, as every `Invalid`."""
        super().__init__(fields)
        self.limit = limit
        self.most = most

    def details(self) -> dict[str, Any]:
        """Return the limit as well, for a page that says it in the reader's language."""
        return {**super().details(), "limit": self.limit, "most": self.most}


class OverDailyLimit(SidestepError):
    """It does not fit any more today; `limit` is the operator's setting, `most` what that allows in a day."""

    status = 429
    code = "over_daily_limit"

    def __init__(self, limit: str, most: int, budget: Budget, *, now: float) -> None:
        """Take the budget that has no room for it, and the time, in epoch seconds."""
        what = "bytes" if "bytes" in limit else "transfers"
        who = "one sender" if limit.endswith("_per_sender") else "all senders together"
        free = date_text(datetime.fromtimestamp(budget.free_at, UTC))
        super().__init__(
            f"This is more than is left today of the {most} {what} that {who} may send in a day. Send it after {free}."
        )
        self.limit = limit
        self.most = most
        self.free_at = budget.free_at
        self.seconds = max(1, budget.free_at - int(now))

    def details(self) -> dict[str, Any]:
        """Return the limit and when it is free again, for a page that says it in the reader's language."""
        return {"limit": self.limit, "most": self.most, "free_at": moment(self.free_at)}

    def headers(self) -> dict[str, str]:
        """Return when to come again."""
        return {"Retry-After": str(self.seconds)}


class TooManyReports(SidestepError):
    """The report was not taken: the next one from this source may come in `seconds`."""

    status = 429
    code = "too_many_reports"

    def __init__(self, seconds: int) -> None:
        """Take how long to wait."""
        super().__init__(f"You have sent a report a moment ago. Wait {_wait(seconds)} and send this one again.")
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return when to come again."""
        return {"Retry-After": str(self.seconds)}


class TooManyTries(SidestepError):
    """Nothing was compared: the password can be tried again in `seconds`."""

    status = 429
    code = "too_many_tries"

    def __init__(self, seconds: int, *, locked: bool = False) -> None:
        """Take how long to wait, and whether that is the lock after many wrong tries."""
        super().__init__(
            f"Too many wrong tries: the password is locked for an hour. Try again in {_wait(seconds)}."
            if locked
            else f"Too many tries. Wait {_wait(seconds)} and try again."
        )
        self.locked = locked
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return when to come again."""
        return {"Retry-After": str(self.seconds)}


class Unavailable(SidestepError):
    """AWS did not manage right now."""

    status = 503
    code = "unavailable"

    def __init__(self) -> None:
        """Say that a repetition is safe."""
        super().__init__("The storage is busy right now. Nothing is lost: send the same request again in a moment.")


def _wait(seconds: int) -> str:
    """Spell a time to wait, rounded up: `1 second`, `60 seconds`, `43 minutes`."""
    amount, unit = (seconds, "second") if seconds <= 60 else (-(-seconds // 60), "minute")  # noqa: PLR2004
    return f"{amount} {unit}{'s' * (amount != 1)}"
