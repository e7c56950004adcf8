"""What a reporter does: tell the operator of a transfer that does harm. It blocks nothing. Knows no HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.aws.table.records import Records
from backend.aws.topic import Alerts
from backend.errors import TooManyReports
from backend.pages.render import size_text
from backend.pages.words import words
from backend.rules.addresses import household, shortened
from backend.rules.quota import Budget
from backend.rules.report import ALERT_SECONDS, Form, Report, notice, wait_after
from backend.rules.transfer import File, Transfer, date_text

# Two reports of the same millisecond are two.
UNIQUE_BYTES = 8
# File names in a message, and characters of each: enough to judge by, and far from the 256 KB that SNS takes.
NAMES = 50
NAME_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """The reporter's side. `known` finds a transfer by its link; `now` gives epoch seconds, `random` so many bytes."""

    records: Records
    alerts: Alerts
    known: Callable[[str], Transfer]
    now: Callable[[], float]
    random: Callable[[int], bytes]

    def report(self, transfer_id: str, form: Form, address: str) -> None:
        """Keep a report, and tell the operator unless that was done a moment ago.

        Raises what the transfer's page would, and `TooManyReports` for a source that has to wait.
        """
        transfer = self.known(transfer_id)
        self._count(address)
        report = Report(
            at=int(self.now() * 1_000),
            reason=form.reason,
            text=form.text,
            mail=form.mail or None,
            source=shortened(address),
        )
        self.records.report(transfer, report, unique=self.random(UNIQUE_BYTES).hex())
        begun = self.records.begin_alert(transfer_id, now=int(self.now()), pause=ALERT_SECONDS)
        if begun is None:
            return
        try:
            self.alerts.send(f"Sidestep: a transfer was reported ({report.reason})", self._notice(begun, report))
        except Exception:
            # Whoever reports it next, and be it the same person again, must not find that the operator knows of it.
            self.records.undo_alert(begun)
            raise

    def _count(self, address: str) -> None:
        """Have a source wait ever longer for its next report of any transfer, until the day is over."""
        now = int(self.now())
        budget = Budget.of(household(address), now)
        sent, next_at = self.records.reporter(budget)
        if now < next_at:
            raise TooManyReports(next_at - now)
        wait = wait_after(sent + 1)
        if not self.records.count_reporter(budget, seen=sent, next_at=now + wait):
            raise TooManyReports(wait)

    def _notice(self, transfer: Transfer, report: Report) -> str:
        files = [file for file in self.records.files(transfer.id, 1, transfer.last_number) if file.state != "removed"]
        size = size_text(words("en"), sum(file.size for file in files)).replace("\N{NO-BREAK SPACE}", " ")
        facts = [
            f"Created: {_date(transfer.created)}",
            f"Expires: {_date(transfer.expires_at)}",
            f"Files: {len(files)}, {size} in all",
            f"Downloads: {sum(file.downloads for file in files)}",
            f"Password: {'yes' if transfer.password_hash else 'no'}",
            f"Sender's account: {transfer.account or 'none'}",
        ]
        sender = [transfer.title, transfer.message, *_names(files)]
        return notice(report, transfer=transfer.id, total=transfer.reports, facts=facts, sender=sender)


def _names(files: Sequence[File]) -> list[str]:
    named = [file.name[:NAME_CHARACTERS] or "(no name)" for file in files[:NAMES]]
    more = len(files) - len(named)
    return [*named, f"(and {more} more)"] if more else named


def _date(seconds: int) -> str:
    return date_text(datetime.fromtimestamp(seconds, UTC))
