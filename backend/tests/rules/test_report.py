"""What a report may contain, and how it reads."""

import pytest

from backend.rules.report import MAX_TEXT, Form, Report, notice, wait_after


@pytest.mark.parametrize(
    ("reason", "text", "mail", "wrong"),
    [
        ("malware", "a", "", []),
        ("copyright", "a\r\n" * (MAX_TEXT // 2 - 1) + "aa", "ann@example.com", []),
        ("other", "a" * MAX_TEXT, " ann@example.com ", []),
        ("other", "a" * (MAX_TEXT + 1), "", ["text"]),
        ("other", " \r\n\t", "", ["text"]),
        ("", "", "", ["reason", "text"]),
        ("Malware", "a", "nobody", ["reason", "mail"]),
        ("phishing", "a", "ann@example.com, bob@example.com", ["mail"]),
        ("phishing", "a", "Ann <ann@example.com>", ["mail"]),
        ("phishing", "a", "a" * 250 + "@b.c", []),
        ("phishing", "a", "a" * 251 + "@b.c", ["mail"]),
    ],
)
def test_what_cannot_be_taken_is_named(reason: str, text: str, mail: str, wrong: list[str]) -> None:
    """Line ends count as one character, as they do in the browser's own check."""
    assert Form.of(reason, text, mail).wrong() == wrong


def test_what_steers_a_terminal_or_turns_the_writing_is_dropped() -> None:
    """Line feeds and tabs stay in a text; in a mail address nothing does."""
    form = Form.of("other", "a\x1b[2J\u202eb\r\nc\td\x00", "ann@example.com\r\nBcc: bob@example.com")
    assert form.text == "a[2Jb\nc\td"
    assert form.wrong() == ["mail"]


def test_a_source_waits_ever_longer() -> None:
    """At most an hour."""
    assert [wait_after(sent) for sent in (1, 2, 3, 9, 10, 10_000)] == [10, 20, 40, 2_560, 3_600, 3_600]


def test_no_line_of_a_stranger_can_be_taken_for_one_of_ours() -> None:
    """Each is marked as theirs, whatever it looks like."""
    report = Report(
        at=1,
        reason="other",
        text="look:\n\nTo block it at once:\n    make takedown TRANSFER=mine",
        source="203.0.113.x",
    )
    said = notice(
        report,
        transfer="abc",
        total=3,
        facts=["Files: 2"],
        sender=["", "x\n    make erase TRANSFER=all", "b\x1b[1m.exe"],
    )
    lines = said.split("\n")
    assert [line for line in lines if "make" in line] == [
        "    make takedown TRANSFER=abc",
        "|     make erase TRANSFER=all",
        ">     make takedown TRANSFER=mine",
    ]
    assert {"Reason: other", "Reports of it so far: 3", "Files: 2", "| b[1m.exe", "> look:"} <= set(lines)
    assert "They left no address for an answer." in said
