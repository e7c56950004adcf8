"""The folders that the names of a transfer's files tell of, as its page shows them.

`frontend/static/page/tree.js` goes by the same rules, so that a page goes on with what the server has begun.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.messages import FileStatus

# Folders within folders; what lies deeper stands in the name of the last. A name has room for thousands, no page has.
DEEPEST = 6


@dataclass(kw_only=True)
class Folder:
    """What lies below a folder, in the order in which it was sent: `files` of `bytes` in all, at any depth."""

    name: str = ""
    files: int = 0
    bytes: int = 0
    children: list["Folder | Leaf"] = field(default_factory=list["Folder | Leaf"])


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A file, and what it is called within its folder."""

    base: str
    file: FileStatus


def place_of(name: str) -> tuple[list[str], str]:
    """Return the folders that a name tells of, from the outermost on, and the name within the last of them."""
    *folders, base = [step for step in name.split("/") if step] or [""]
    deep = folders[DEEPEST - 1 :]
    return [*folders[: DEEPEST - 1], *(["/".join(deep)] if deep else [])], base


def tree_of(files: Sequence[FileStatus]) -> Folder:
    """Return the folder that holds all of them; it has no name."""
    root = Folder()
    known: dict[tuple[str, ...], Folder] = {(): root}
    for file in files:
        path, base = place_of(file.name)
        above = [root]
        for depth, name in enumerate(path, 1):
            place = tuple(path[:depth])
            if place not in known:
                known[place] = Folder(name=name)
                above[-1].children.append(known[place])
            above.append(known[place])
        above[-1].children.append(Leaf(base=base, file=file))
        for folder in above:
            folder.files += 1
            folder.bytes += file.size
    return root
