"""Folders are floors: a module imports from floors below its own, never from its own level's neighbours or above."""

import ast
from collections.abc import Iterator
from pathlib import Path

import backend

ROOT = Path(backend.__file__).parent
# From the lowest up. Modules of one folder may import each other.
FLOORS = (
    ("rules",),
    ("aws",),
    ("errors", "messages", "settings", "telemetry"),
    ("pages",),
    ("services",),
    ("wiring",),
    ("look",),
    ("http",),
    ("http/routes",),
    ("links", "sweep", "takedown", "web"),
)


def floor_of(place: str) -> int:
    """Return how high a folder or a module of the package's own is."""
    return next(number for number, places in enumerate(FLOORS) if place in places)


def place_of(module: str) -> str:
    """Return the folder of `backend.folder.module`, or the module itself where it is in none."""
    parts = module.split(".")[1:]
    return "/".join(parts[:2]) if parts[:2] == ["http", "routes"] else parts[0]


def imports() -> Iterator[tuple[str, str]]:
    """Yield each import of ours from one place into another, wherever in a module it stands."""
    for path in ROOT.rglob("*.py"):
        inside = path.relative_to(ROOT)
        if inside.parts[0] == "tests" or path.name == "__init__.py":
            continue
        own = place_of(".".join(("backend", *inside.with_suffix("").parts)))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "backend":
                for name in node.names:
                    yield own, place_of(f"{node.module}.{name.name}")


def test_imports_go_down_only() -> None:
    """Whoever needs something of a higher floor has it handed in."""
    assert {(own, other) for own, other in imports() if own != other and floor_of(own) <= floor_of(other)} == set()
