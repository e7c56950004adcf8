"""What all pages of figures share: where they lie, who wrote them when and on what, and how a table is set."""

import datetime as dt
import platform
from collections.abc import Sequence
from pathlib import Path

from infra import steps

DOCS = steps.ROOT / "docs"


def origin(command: str, load: float) -> str:
    """Say where a page's figures come from; `load` is the machine's before they were taken."""
    today = dt.datetime.now(dt.UTC).date()
    return f"Written by `{command}` on {today}. The machine: {machine()};\nits load before the start: {load:.1f}."


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def machine() -> str:
    """Return what measured, in words."""
    model, memory = platform.processor() or platform.machine(), ""
    try:
        cpu = Path("/proc/cpuinfo").read_text()
        names = [line.split(":", 1)[1].strip() for line in cpu.splitlines() if line.startswith("model name")]
        model = f"{len(names)} cores of {names[0]}"
        kib = int(Path("/proc/meminfo").read_text().split()[1])
        memory = f", {kib / 2**20:.0f} GiB of memory"
    except (OSError, IndexError):
        pass
    return f"{model}{memory}, {platform.system()}"
