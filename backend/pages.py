"""Pages and static files. Every address in a page is relative: the app does not know where it is mounted."""

import hashlib
import mimetypes
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.messages import FileStatus, TransferStatus
from backend.transfers import date_text

if TYPE_CHECKING:
    from jinja2 import Environment

FRONTEND = Path(__file__).parent.parent / "frontend"

_UNITS = ("kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class StaticFile:
    """A file of the page, as it is served."""

    body: str
    type: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return every static file by its address below `static/<hash>/`. All of them are text."""
    root = FRONTEND / "static"
    return {
        path.relative_to(root).as_posix(): StaticFile(path.read_text("utf-8"), _type_of(path))
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@cache
def static_hash() -> str:
    """Return one hash over all static files: modules import each other by relative address, so they move together."""
    digest = hashlib.sha256()
    for name, file in static_files().items():
        digest.update(f"{name}\0{file.body}\0".encode())
    return digest.hexdigest()[:16]


def render(name: str, /, *, depth: int, **context: Any) -> str:
    """Render a template for a page that lies `depth` folders below the app's root."""
    root = "../" * depth or "./"
    helpers = {"static": partial(static_address, root), "lifetime": lifetime_text}
    return _environment().get_template(name).render(root=root, **helpers, **context)


def qr_code(text: str) -> str:
    """Return a QR code as SVG, dark on a white ground in either theme: that is what cameras read."""
    import segno  # noqa: PLC0415  no other request should pay for importing it

    drawn = BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", dark="#000", light="#fff", omitsize=True, xmldecl=False)
    return drawn.getvalue().decode()


def lifetime_text(seconds: int) -> str:
    """Spell how long a link lasts: `1 hour`, `7 days`."""
    amount, unit = (seconds // 86_400, "day") if seconds % 86_400 == 0 else (max(1, seconds // 3_600), "hour")
    return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"


def size_text(size: int) -> str:
    """Spell bytes for people as the page's script does: `1 byte`, `12 kB`, `1.5 MB`, `23 GB`."""
    if size < 1_000:  # noqa: PLR2004
        return "1 byte" if size == 1 else f"{size} bytes"
    power = 1
    while power < len(_UNITS) and size / 1_000**power >= 999.5:  # noqa: PLR2004  it would be rounded to 1000
        power += 1
    amount = size / 1_000**power
    decimals = 1 if power > 1 and amount < 9.95 else 0  # noqa: PLR2004  likewise to 10.0
    return f"{amount:.{decimals}f}".removesuffix(".0") + f" {_UNITS[power - 1]}"


def transfer_context(transfer: str, status: TransferStatus) -> dict[str, Any]:
    """Return a transfer as its page shows it; addresses of downloads are relative to that page."""
    return {
        "id": transfer,
        "expires_text": date_text(datetime.fromisoformat(status.expires_at)),
        **status.model_dump(exclude={"files", "link"}),
        "files": [
            {
                "number": file.number,
                "name": file.name,
                "size": file.size,
                "size_text": size_text(file.size),
                "state": file.state,
                "state_text": _state_text(file),
                "download": f"../{file.link}" if file.link and file.downloads_left != 0 else None,
                "downloads_left": file.downloads_left,
            }
            for file in status.files
        ],
    }


def _state_text(file: FileStatus) -> str:
    if file.state == "pending":
        return "On its way"
    if file.state == "failed":
        return file.reason or "Failed"
    if file.downloads_left is None:
        return ""
    return {0: "Downloaded as often as its sender allowed", 1: "1 download left"}.get(
        file.downloads_left, f"{file.downloads_left} downloads left"
    )


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
