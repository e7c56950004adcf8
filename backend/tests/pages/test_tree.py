"""The folders that names tell of. `frontend/tests/tree.test.js` holds the page's script to the same."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from backend.messages import FileStatus
from backend.pages.tree import DEEPEST, Folder, place_of, tree_of


def files(*names: str) -> list[FileStatus]:
    """Return files of these names, of 1, 2, 3, … bytes."""
    return [
        FileStatus(number=n, name=name, size=n, part_size=16, state="pending", link=None)
        for n, name in enumerate(names, 1)
    ]


def drawn(folder: Folder) -> list[Any]:
    """Return a folder as lists: numbers are files, and a folder is its name, files, bytes and children."""
    return [
        (child.name, child.files, child.bytes, drawn(child)) if isinstance(child, Folder) else child.file.number
        for child in folder.children
    ]


@pytest.mark.parametrize(
    ("name", "path", "base"),
    [
        ("a.txt", [], "a.txt"),
        ("holiday/2024/a.jpg", ["holiday", "2024"], "a.jpg"),
        ("", [], ""),
        ("/", [], ""),
        ("/etc//passwd", ["etc"], "passwd"),
        ("folder/", [], "folder"),
        ("../../x", ["..", ".."], "x"),
        ("a\\b/c", ["a\\b"], "c"),
        ("1/2/3/4/5/6/x", ["1", "2", "3", "4", "5", "6"], "x"),
        ("1/2/3/4/5/6/7/8/x", ["1", "2", "3", "4", "5", "6/7/8"], "x"),
    ],
)
def test_a_name_tells_of_folders(name: str, path: list[str], base: str) -> None:
    """What is no step is left out; what lies too deep stands in the last folder's name."""
    assert place_of(name) == (path, base)


def test_folders_hold_what_lies_in_them_in_the_order_in_which_it_was_sent() -> None:
    """With files and bytes of all that is below; one name twice is two files, and a file may be called as a folder."""
    tree = tree_of(files("b/x", "a", "b/c/y", "b/x", "a/z"))
    assert drawn(tree) == [("b", 3, 8, [1, ("c", 1, 3, [3]), 4]), 2, ("a", 1, 5, [5])]
    assert (tree.files, tree.bytes) == (5, 15)


@given(st.lists(st.text("ab/.", max_size=30), max_size=30))
def test_whatever_the_names_each_file_is_there_once_and_none_too_deep(names: list[str]) -> None:
    """And each folder counts what is below it."""
    seen: list[int] = []

    def walk(folder: Folder, depth: int) -> tuple[int, int]:
        assert depth <= DEEPEST
        count = size = 0
        for child in folder.children:
            if isinstance(child, Folder):
                assert child.name.strip("/") == child.name != ""
                more = walk(child, depth + 1)
            else:
                seen.append(child.file.number)
                more = (1, child.file.size)
            count, size = count + more[0], size + more[1]
        assert (folder.files, folder.bytes) == (count, size)
        return count, size

    walk(tree_of(files(*names)), 0)
    assert sorted(seen) == list(range(1, len(names) + 1))
