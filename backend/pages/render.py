"""Pages and static files. Every address in a page is relative: the app does not know where it is mounted."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from http import HTTPStatus
from io import BytesIO
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.errors import (
    Blocked,
    CrossSite,
    Expired,
    LimitReached,
    NotFound,
    PassphraseWrong,
    PasswordWrong,
    SidestepError,
    StillComing,
    TooManyReports,
    TooManyTries,
)
from backend.messages import FileStatus, TransferStatus
from backend.pages.brand import brand
from backend.pages.tree import Folder, tree_of
from backend.pages.words import LANGUAGES, Words, words
from backend.rules.transfer import date_text

if TYPE_CHECKING:
    from jinja2 import Environment

# Control characters, and those that turn the direction of what follows: a name could show another ending than it has.
_CONTROLS = re.compile("([\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069])")

FRONTEND = Path(__file__).parent.parent.parent / "frontend"
# The folders of a transfer of so few files lie open; `page/received.js` says the same.
OPEN_FILES = 100


@dataclass(frozen=True)
class StaticFile:
    """A file of the page, as it is served."""

    body: str
    type: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return every static file by its address below `static/<hash>/`. All of them are text."""
    root = FRONTEND / "static"
    found = {
        path.relative_to(root).as_posix(): StaticFile(path.read_text("utf-8"), _type_of(path))
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    return {**found, "brand.css": StaticFile(brand().css, "text/css; charset=utf-8")}


@cache
def static_hash() -> str:
    """Return one hash over all static files: modules import each other by relative address, so they move together."""
    digest = hashlib.sha256()
    for name, file in static_files().items():
        digest.update(f"{name}\0{file.body}\0".encode())
    return digest.hexdigest()[:16]


def render(name: str, /, *, depth: int, language: str, **context: Any) -> str:
    """Render a template, in a language, for a page that lies `depth` folders below the app's root."""
    from markupsafe import Markup  # noqa: PLC0415  like Jinja2's environment

    root, t = "../" * depth or "./", words(language)
    return (
        _environment()
        .get_template(name)
        .render(
            root=root,
            t=t,
            language=language,
            brand=brand(),
            languages=[(code, words(code)("language")) for code in LANGUAGES],
            catalogue=Markup(t.json),  # noqa: S704  our own texts, spelled for this place
            static=partial(static_address, root),
            lifetime=partial(lifetime_text, t),
            pieces=name_pieces,
            **context,
        )
    )


def error_text(t: Words, error: SidestepError) -> str:  # noqa: C901  one case for each error, none with a branch of note
    """Say to whoever sees a page what went wrong and what to do."""
    match error:
        case Expired():
            text = t("error.expired", date=date_text(datetime.fromtimestamp(error.when, UTC)))
        case CrossSite():
            text = t("error.cross_site")
        case Blocked():
            text = t("error.blocked")
        case LimitReached():
            text = t("error.limit_reached")
        case StillComing():
            text = t("error.still_coming")
        case NotFound():
            text = t("error.not_found")
        case PasswordWrong():
            text = t("error.password_wrong") + (t.gap + t("error.wait", n=error.seconds) if error.seconds > 1 else "")
        case PassphraseWrong():
            text = t("error.passphrase_wrong") + (t.gap + t("error.wait", n=error.seconds) if error.seconds > 1 else "")
        case TooManyReports():
            text = t("error.too_many_reports") + t.gap + t("error.wait", n=error.seconds)
        case TooManyTries(locked=True):
            text = t("error.locked", n=-(-error.seconds // 60))
        case TooManyTries():
            text = t("error.too_many_tries") + t.gap + t("error.wait", n=error.seconds)
        case _:
            text = t("error.other") if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else str(error)
    return text


def error_title(t: Words, error: SidestepError) -> str:
    """Say it in two or three words."""
    key = f"error.title.{error.code}"
    return t(key if key in t.texts else "error.title.other")


def qr_code(text: str) -> str:
    """Return a QR code as SVG, dark on a white ground in either theme: that is what cameras read."""
    import segno  # noqa: PLC0415  no other request should pay for importing it

    drawn = BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", dark="#000", light="#fff", omitsize=True, xmldecl=False)
    return drawn.getvalue().decode()


def name_pieces(name: str) -> list[str]:
    """Return a name in pieces: text and single control characters in turn, which each get an element of their own."""
    return _CONTROLS.split(name)


def lifetime_text(t: Words, seconds: int) -> str:
    """Spell how long a link lasts: `1 hour`, `7 days`."""
    if seconds % 86_400 == 0:
        return t("days", n=seconds // 86_400)
    return t("hours", n=max(1, seconds // 3_600))


def size_text(t: Words, size: int) -> str:
    """Spell bytes for people as the page's script does: `1 byte`, `1.5 MB`, `23 GB`; the space does not break."""
    if size < 1_000:  # noqa: PLR2004
        return t("bytes", n=size).replace(" ", "\u00a0")
    units = t("units").split()
    power = 1
    while power < len(units) and size / 1_000**power >= 999.5:  # noqa: PLR2004  it would be rounded to 1000
        power += 1
    amount = size / 1_000**power
    decimals = 1 if power > 1 and amount < 9.95 else 0  # noqa: PLR2004  likewise to 10.0
    return f"{amount:.{decimals}f}".removesuffix(".0").replace(".", t("decimal")) + f"\u00a0{units[power - 1]}"


def percent_text(t: Words, share: float) -> str:
    """Spell a share as the page's script does: rounded down, so that 100 % means all."""
    return t("percent", n=floor(share * 100))


def transfer_context(t: Words, transfer: str, status: TransferStatus, arrived: Mapping[int, int]) -> dict[str, Any]:
    """Return a transfer as its page shows it; addresses of downloads are relative to that page.

    `arrived` has the bytes that S3 has of files that are on their way.
    """
    files = [file for file in status.files if file.state != "removed"]
    root = tree_of(files)
    come = sum(arrived.values()) + sum(file.size for file in files if file.state == "stored")
    share = come / root.bytes if root.bytes else 0
    return {
        "id": transfer,
        "expires_text": date_text(datetime.fromisoformat(status.expires_at)),
        **status.model_dump(exclude={"files", "link"}),
        "checksums": [(file.name, file.sha256) for file in files if file.sha256],
        "rows": _rows(t, root, arrived, is_open=status.counts.files <= OPEN_FILES),
        "share": share,
        # Of the files that are not listed yet nobody knows the sizes.
        "share_text": None
        if status.more
        else t("transfer.share", percent=percent_text(t, share), come=size_text(t, come), all=size_text(t, root.bytes)),
    }


def _rows(t: Words, folder: Folder, arrived: Mapping[int, int], *, is_open: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for child in folder.children:
        if isinstance(child, Folder):
            line = f"{t('files', n=child.files)} · {size_text(t, child.bytes)}"
            inside = _rows(t, child, arrived, is_open=is_open)
            rows.append({"folder": child.name, "line": line, "open": is_open, "rows": inside})
            continue
        file = child.file
        rows.append(
            {
                "folder": None,
                "number": file.number,
                "name": file.name,
                "base": child.base,
                "size": file.size,
                "size_text": size_text(t, file.size),
                "part_size": file.part_size,
                "state": file.state,
                "state_text": _state_text(t, file, arrived.get(file.number)),
                "download": f"../{file.link}" if file.link and file.downloads_left != 0 else None,
                "shown_as": file.shown_as,
            }
        )
    return rows


def _state_text(t: Words, file: FileStatus, arrived: int | None) -> str:
    if file.state == "pending":
        share = f" · {percent_text(t, arrived / file.size)}" if arrived else ""
        return t("state.pending") + share
    if file.state == "failed":
        return file.reason or t("state.failed")
    if file.downloads_left is None:
        return ""
    return t("transfer.downloads_left", n=file.downloads_left) if file.downloads_left else t("transfer.none_left")


def static_address(root: str, path: str) -> str:
    """Return the address of a static file as a page `root` away from the app's root needs it."""
    if path not in static_files():
        raise LookupError(f"there is no static file {path}")
    return f"{root}static/{static_hash()}/{path}"


@cache
def _environment() -> "Environment":
    # Senders wait for the create call, which renders nothing.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415

    return Environment(
        loader=FileSystemLoader(FRONTEND / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _type_of(path: Path) -> str:
    guess = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return f"{guess or 'text/plain'}; charset=utf-8"
