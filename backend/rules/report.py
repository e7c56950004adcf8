"""A report of abuse: what may stand in it, how often one may come, and how the operator reads it. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REASONS = ("malware", "phishing", "illegal", "copyright", "other")
MAX_TEXT = 2_000
# https://www.rfc-editor.org/errata/eid1690
MAX_MAIL = 254
# What is too long is shown again to be shortened, but for what no hand has written: a page that says it again, each `<`
# spelled as `&lt;`, would be larger than Lambda lets an answer be.
MAX_SHOWN = 50_000

# One message for each transfer in so many seconds; what comes between them is kept and counted.
ALERT_SECONDS = 600

_FIRST_WAIT = 10
_LONGEST_WAIT = 3_600

# All but tab and line feed: nothing in a text may steer the terminal or the mail program that it is read in.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_MAIL = re.compile(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+")


@dataclass(frozen=True, kw_only=True)
class Report:
    """Somebody's word that a transfer does harm. `at` is in epoch milliseconds, `source` about where it came from."""

    at: int
    reason: str
    text: str
    source: str
    mail: str | None = None


@dataclass(frozen=True)
class Form:
    """What a reporter filled in, in the form in which it is kept."""

    reason: str
    text: str
    mail: str

    @classmethod
    def of(cls, reason: str, text: str, mail: str) -> "Form":
        """Tidy what a browser sent: its line ends are two characters, and count as one."""
        return cls(reason, _tidy(text.replace("\r\n", "\n")), _tidy(mail))

    def wrong(self) -> list[str]:
        """Return the names of the fields that cannot be taken as they are."""
        fits = {
            "reason": self.reason in REASONS,
            "text": 0 < len(self.text) <= MAX_TEXT,
            "mail": not self.mail or (len(self.mail) <= MAX_MAIL and _MAIL.fullmatch(self.mail) is not None),
        }
        return [name for name, fitting in fits.items() if not fitting]


def wait_after(sent: int) -> int:
    """Return for how many seconds a source that has sent so many reports today (from 1) has to wait for the next."""
    return min(_FIRST_WAIT * 2 ** (sent - 1), _LONGEST_WAIT)


def notice(report: Report, *, transfer: str, total: int, facts: Sequence[str], sender: Sequence[str]) -> str:
    """Return what the operator is sent: `total` reports have come, `sender` is what the transfer's owner wrote.

    Everything that strangers wrote is marked as theirs, line by line, and stands below what is ours, so that no
    invented command can be taken for it.
    """
    lines = [
        "Somebody has reported a transfer. That blocks nothing: look at it, and decide.",
        "",
        f"Transfer: {transfer}",
        f"Reason: {report.reason}",
        f"Reports of it so far: {total}",
        *facts,
        "",
        "To block it at once and keep the evidence:",
        f"    make takedown TRANSFER={transfer}",
        "What to think of before and after stands in docs/abuse.md.",
        "",
        "Title, message and file names, in the sender's words:",
        *_quoted(sender, "| "),
        "",
        f"What somebody at {report.source} wrote about it:",
        *_quoted([report.text], "> "),
        "",
        "They would like an answer to this address:" if report.mail else "They left no address for an answer.",
        *_quoted([report.mail or ""], "> "),
    ]
    return "\n".join(lines)


def _quoted(texts: Iterable[str], mark: str) -> list[str]:
    """Put a mark before each line of each text; empty texts are left out."""
    return [mark + line for text in map(_tidy, texts) if text for line in text.split("\n")]


def _tidy(text: str) -> str:
    return _CONTROL.sub("", text).strip()
