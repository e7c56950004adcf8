"""The rules of a transfer: ids, keys, part plan, names, expiry. No AWS, no clock, no randomness of its own."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

MIB = 1024 * 1024
GIB = 1024 * MIB

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * MIB
MAX_PART_BYTES = 5 * GIB
DEFAULT_PART_BYTES = 16 * MIB

ID_BYTES = 16
TOKEN_BYTES = 32
DAY = 86_400

# `held`: its bytes are among the evidence of a blocked transfer, and nobody can have them.
FileState = Literal["pending", "stored", "failed", "removed", "held"]
# When the table may forget a blocked transfer: not before an operator decides. 9999-12-31.
NEVER = 253_402_214_400

_ID = re.compile(r"[a-z2-7]{26}")
_KEY = re.compile(r"files/([a-z2-7]{26})/([1-9][0-9]{0,5})")


class PlanError(ValueError):
    """S3 does not take a file of this size in parts of that size."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """How much a transfer has, may have or shall get."""

    files: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One or more files behind one link. Times are epoch seconds; `ttl` is when the table may forget it.

    `account` is the subject of who has sent it, where there are accounts, and `other_owners` are the hashes of the
    owner tokens that it was given later.
    `bytes` is what its files have together as they were announced, without those that were removed.
    `wrong_tries` passwords in a row were wrong, and the next may be tried at `next_try`, in epoch milliseconds; while
    one is compared it counts among the wrong ones already. `reports` of abuse have come, and the operator was told of
    one at `alerted_at`. An operator blocked it at `blocked_at`, and its files are among the evidence once it is
    `secured`; `stood_still` seconds it was blocked before, which do not count towards its life.
    """

    id: str
    created: int
    expires_at: int
    ttl: int
    owner_token_hash: str
    last_number: int
    account: str | None = None
    other_owners: Sequence[str] = ()
    bytes: int = 0
    title: str = ""
    message: str = ""
    max_downloads: int | None = None
    password_hash: str | None = None
    deleted: bool = False
    wrong_tries: int = 0
    next_try: int = 0
    comparing: bool = False
    reports: int = 0
    alerted_at: int = 0
    blocked_at: int | None = None
    secured: bool = False
    stood_still: int = 0

    @property
    def is_blocked(self) -> bool:
        """Tell whether an operator has taken it down: whatever else it is, nobody may use it."""
        return self.blocked_at is not None

    def is_owned_with(self, token: str) -> bool:
        """Tell whether this token is an owner's."""
        return any(token_fits(token, kept) for kept in (self.owner_token_hash, *self.other_owners))

    def is_live(self, now: float) -> bool:
        """Tell whether its time is not over, and its owner has not ended it."""
        return not self.deleted and now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a transfer. `name` is what the sender called it: data, never part of a key. Sizes are in bytes.

    `budget` names the day and the sender whose limits its bytes are reserved in, as long as they may be given back.
    `conflict_at`, in epoch seconds, is when S3 first refused to complete its upload because of another write.
    """

    number: int
    name: str
    size: int
    type: str
    part_size: int
    state: FileState = "pending"
    upload_id: str | None = None
    sha256: str | None = None
    link: str | None = None
    public_url: str | None = None
    reason: str | None = None
    budget: str | None = None
    conflict_at: int | None = None
    downloads: int = 0

    @property
    def part_count(self) -> int:
        """Return in how many parts it goes up; an empty file is one empty part."""
        return max(1, -(-self.size // self.part_size))

    def part_bytes(self, number: int) -> int:
        """Return how long part `number` (from 1) has to be."""
        return min(self.part_size, self.size - (number - 1) * self.part_size)


@dataclass(frozen=True, kw_only=True)
class Download:
    """What an owner may know of a download: when (epoch milliseconds), which file, its bytes, about from where."""

    at: int
    file: int
    bytes: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What an account remembers of a transfer that it has sent: the first file's name, and bytes as announced."""

    id: str
    name: str
    bytes: int


def id_of(random: bytes) -> str:
    """Spell 128 random bits so that a double click selects them: lower case letters and digits."""
    return base64.b32encode(random).decode().rstrip("=").lower()


def is_id(text: str) -> bool:
    """Tell whether `text` could be a transfer's id."""
    return _ID.fullmatch(text) is not None


def token_of(random: bytes) -> str:
    """Spell an owner token."""
    return base64.urlsafe_b64encode(random).decode().rstrip("=")


def token_hash(token: str) -> str:
    """Return what is kept of an owner token. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def token_fits(token: str, kept: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(token_hash(token), kept)


def key_of(transfer: str, number: int) -> str:
    """Return the S3 key of a file."""
    return f"files/{transfer}/{number}"


def parse_key(key: str) -> tuple[str, int] | None:
    """Return the transfer and the number that a key belongs to, or None for an object that is not ours."""
    match = _KEY.fullmatch(key)
    return (match[1], int(match[2])) if match else None


def evidence_key(transfer: str, number: int) -> str:
    """Return where the bytes of a file are kept while its transfer is blocked: out of reach for what answers others."""
    return f"evidence/{transfer}/{number}"


def page_link(transfer: str) -> str:
    """Return the address that a sender shares, relative to the app's root."""
    return f"t/{transfer}"


def is_page_address(address: str, *, host: str, transfer: str) -> bool:
    """Tell whether this is the address of a transfer's page on that host, and nothing that a browser would run."""
    place = re.escape(page_link(transfer))
    return re.fullmatch(rf"https?://{re.escape(host)}/([\w.-]+/)*{place}", address, re.ASCII) is not None


def file_link(transfer: str, number: int) -> str:
    """Return the address of one file, relative to the app's root."""
    return f"t/{transfer}/files/{number}"


def plan_part_size(size: int, *, asked: int | None) -> int:
    """Return the part size for a file of `size` bytes; raise `PlanError` where S3 would not take the one asked for."""
    if asked is None:
        smallest = -(-size // MAX_PARTS)
        return max(DEFAULT_PART_BYTES, -(-smallest // MIB) * MIB)
    if not MIN_PART_BYTES <= asked <= MAX_PART_BYTES:
        raise PlanError(f"S3 takes parts of {MIN_PART_BYTES} to {MAX_PART_BYTES} bytes")
    if size > asked * MAX_PARTS:
        raise PlanError(f"{size} bytes would need more than the {MAX_PARTS} parts that S3 takes")
    return asked


def expiry(created: int, now: int, seconds: int, longest: int) -> int:
    """Return when a transfer expires that shall live for `seconds` from now, but never longer than `longest` in all."""
    return min(now + seconds, created + longest)


def forget_at(created: int, longest: int) -> int:
    """Return when the table may forget a transfer: the same for all its records, whatever its expiry is changed to."""
    return created + longest + 2 * DAY


# Characters that reorder or hide what stands around them: a name could show another ending than it has.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What Windows does not allow in a name, https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])( *\..*)?", re.IGNORECASE)
_MAX_NAME_BYTES = 255


def download_name(name: str, number: int) -> str:
    """Return the name under which a browser may save the file, on any system; of a path the last piece."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in last if c not in _BIDI and unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp"))
    safe = _FORBIDDEN.sub("_", shown).strip(" ").rstrip(". ")
    if not safe:
        return f"file-{number}"
    if _DEVICE.fullmatch(safe):
        safe = "_" + safe
    return _shortened(safe)


def _shortened(name: str) -> str:
    """Cut the stem, not the ending, to what file systems take."""
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > _MAX_NAME_BYTES // 4:
        stem, dot, ending = name, "", ""
    room = _MAX_NAME_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending


# What browsers show without running anything that is in it. HTML and SVG can hold scripts, so they are not among it.
_SHOWN = {
    "image": "avif=image/avif gif=image/gif jpeg=image/jpeg jpg=image/jpeg png=image/png webp=image/webp",
    "audio": "flac=audio/flac m4a=audio/mp4 mp3=audio/mpeg oga=audio/ogg ogg=audio/ogg wav=audio/wav",
    "video": "m4v=video/mp4 mp4=video/mp4 webm=video/webm",
    "pdf": "pdf=application/pdf",
    "text": "csv=text/plain log=text/plain md=text/plain txt=text/plain",
}
_SHOWN_AS = {
    extension: (kind, f"{content_type}; charset=utf-8" if kind == "text" else content_type)
    for kind, pairs in _SHOWN.items()
    for extension, content_type in (pair.split("=") for pair in pairs.split())
}


def shown_as(name: str) -> tuple[str, str] | None:
    """Return how a file can be shown: `image`, `audio`, `video`, `pdf` or `text`, and the type that it is served as.

    None for all that is not known to be safe. The type comes from this list, never from the sender.
    """
    return _SHOWN_AS.get(name.rpartition(".")[2].lower())


def content_disposition(name: str, number: int) -> str:
    """Return the header that saves a file under its name, RFC 6266 with RFC 8187 for what ASCII cannot say.

    curl reads the ASCII one, and would save `.bash_profile` where the shell looks for it; browsers mind by themselves.
    In the ASCII name, several spaces become one: SigV4 collapses them in signed headers, and not all signers and
    servers agree about quoted strings. The other name keeps them.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    safe = download_name(name, number)
    plain = re.sub(" +", " ", re.sub(r"^\.|[^ -~]|[\"\\%]", "_", safe))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def date_text(when: datetime) -> str:
    """Spell a moment so that it is read in every language; scripts put the reader's own way in its place."""
    return f"{when:%Y-%m-%d, %H:%M} UTC"


def moment(seconds: int) -> str:
    """Spell epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
