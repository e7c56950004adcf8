"""Pages and static files. Every address in a page is relative: the app does not know where it is mounted."""

import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from backend.messages import TransferStatus

FRONTEND = Path(__file__).parent.parent / "frontend"

_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1_000


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
    return _environment().get_template(name).render(root=root, static=_addresses(root), **context)


def size_text(size: int) -> str:
    """Spell bytes for people, in the decimal units that S3 and disks are sold in."""
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{size} bytes" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def transfer_context(transfer: str, status: TransferStatus) -> dict[str, Any]:
    """Return a transfer as its page shows it; addresses of downloads are relative to that page."""
    expires = datetime.fromisoformat(status.expires_at)
    return {
        "id": transfer,
        "expires_text": f"{expires.day} {expires:%B %Y, %H:%M} UTC",
        **status.model_dump(exclude={"files", "link"}),
        "files": [
            {
                "number": file.number,
                "name": file.name,
                "size": file.size,
                "size_text": size_text(file.size),
                "state": file.state,
                "reason": file.reason,
                "download": f"../{file.link}" if file.link else None,
            }
            for file in status.files
        ],
    }


def _addresses(root: str) -> Callable[[str], str]:
    def static(path: str) -> str:
        if path not in static_files():
            raise LookupError(f"there is no static file {path}")
        return f"{root}static/{static_hash()}/{path}"

    return static


@cache
def _environment() -> Environment:
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
