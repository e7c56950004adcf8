"""What operators type, and what they read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import pytest

from backend.rules.report import Report
from backend.rules.transfer import File, Transfer
from backend.services.operating import Case, Handled, Listed, Operators, Page
from infra import operate, operations, steps

ID = "abcdefghijklmnopqrstuvwx23"


@pytest.mark.parametrize(
    "said",
    [
        ID,
        f" {ID}\n",
        f"t/{ID}",
        f"https://send.example.com/prod/t/{ID}",
        f"https://send.example.com/t/{ID}/files/3?show=true",
        f"http://localhost:4566/_aws/execute-api/sidestep/prod/t/{ID}#top",
    ],
)
def test_a_transfer_is_named_by_its_id_or_by_any_link_to_it(said: str) -> None:
    """As it stands in a report, in a mail or in the browser."""
    assert operate.id_in(said) == ID


@pytest.mark.parametrize("said", ["", ID[:-1], f"{ID}a", f"https://send.example.com/{ID}", f"{ID} {ID}"])
def test_what_names_no_transfer_is_refused(said: str) -> None:
    """With words that say what is wanted."""
    with pytest.raises(steps.Trouble, match="by its id or its link"):
        operate.id_in(said)


@pytest.mark.parametrize("typed", ["", "yes", ID[:-1]])
def test_nothing_is_erased_by_accident(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Only who types the transfer's id means it."""
    monkeypatch.setattr("builtins.input", lambda _: typed)
    with pytest.raises(steps.Trouble, match="Nothing was erased"):
        operate.confirm(ID)
    monkeypatch.setattr("builtins.input", lambda _: f"{ID} ")
    operate.confirm(ID)


class Few:
    """So many transfers, as the operator's side lists them."""

    def __init__(self, number: int) -> None:
        """Take how many there are."""
        self.all = [
            Listed(
                id=ID, sender="ann" if n == 1 else None, created=1_800_000_000 - n, expires_at=1_800_604_800,
                state="ready", files=n, bytes=10**n % 7**9, downloads=0, reports=n % 2,
            )
            for n in range(number)
        ]  # fmt: skip
        self.asked: list[int] = []

    def list(self, most: int, cursor: str | None = None) -> Page:
        """Return a page of them."""
        self.asked.append(most)
        first = int(cursor or 0)
        after = first + most
        return Page(transfers=self.all[first:after], next=str(after) if after < len(self.all) else None)


def listed(few: Few, most: int) -> Sequence[str]:
    """Return the lines that are printed."""
    return operations.listed(cast("Operators", few), most).split("\n")


def test_the_list_is_a_table_that_says_whether_there_is_more() -> None:
    """Read page by page, and no further than asked for."""
    few = Few(130)
    lines = listed(few, 120)
    assert few.asked == [50, 50, 20]
    assert lines[0].split() == [
        *(
            "transfer",
            "created",
            "(UTC)",
            "expires",
            "(UTC)",
            "state",
            "files",
            "size",
            "downloads",
            "reports",
            "sender",
        )
    ]
    assert lines[2].split() == [
        ID,
        "2027-01-15",
        "07:59",
        "2027-01-22",
        "08:00",
        "ready",
        "1",
        "10",
        "bytes",
        "0",
        "1",
        "ann",
    ]
    assert len({len(line) for line in lines[4:121:2]}) == 1
    assert lines[-1] == "There are more: make transfers LIMIT=240"
    assert "more" not in listed(Few(120), 120)[-1]
    assert listed(Few(0), 50) == ["There is no transfer."]


def test_a_case_names_each_file_with_its_size_and_checksum_and_each_report() -> None:
    """Nothing that a stranger wrote leaves its line or steers the terminal."""
    transfer = Transfer(id=ID, created=1, expires_at=2, ttl=3, owner_token_hash="", last_number=2)
    files = [
        Handled(
            file=File(number=1, name="a\nb\x1b[2J\u202e.exe", size=5, type="", part_size=5, sha256="s="), outcome="kept"
        ),
        Handled(file=File(number=2, name="c", size=12_345, type="", part_size=5), outcome="incomplete"),
    ]
    reports = [
        Report(at=1_800_000_000_000, reason="other", text="x\n1  kept  9  fake", source="203.0.113.x", mail="a@b")
    ]
    lines = operations.described(Case(transfer=transfer, files=files, reports=reports)).split("\n")
    assert [re.split(r"\s{2,}", line) for line in lines[1:3]] == [
        ["1", "kept", "5", "s=", "a b�[2J�.exe"],
        ["2", "incomplete", "12345", "c"],
    ]
    assert lines[4:] == [
        "Reports:",
        "  2027-01-15 08:00 UTC, other, from 203.0.113.x, answer to a@b: x 1  kept  9  fake",
    ]
