"""Reports of abuse, on a table and a topic in memory."""

from functools import partial

import pytest

from backend.errors import Blocked, Expired, NotFound, TooManyReports
from backend.messages import NewFile, NewTransfer, Options
from backend.rules.report import Form
from backend.services.arriving import Arrivals
from backend.services.operating import Operators
from backend.services.receiving import Caller, Downloads
from backend.services.reporting import Reporting
from backend.services.sending import Uploads
from backend.tests.fakes import Clock, FakeAlerts, FakeObjects, FakeRecords
from backend.tests.services.test_receiving import all_at_once, arrive, begin

FORM = Form.of("malware", "It came by mail.\nMy scanner shouts.", "ann@example.com")


def test_the_operator_reads_what_is_needed_to_judge_and_to_act(
    arrivals: Arrivals,
    uploads: Uploads,
    downloads: Downloads,
    objects: FakeObjects,
    reporting: Reporting,
    alerts: FakeAlerts,
) -> None:
    """What it is, how much, how often downloaded, what both sides wrote, and the command."""
    files = [NewFile(name="invoice.exe", size=1_500_000), NewFile(name="", size=1)]
    made = uploads.create(NewTransfer(files=files))
    arrive(arrivals, objects, made, 1, 1_500_000)
    uploads.change(made.id, made.owner_token, Options(title="Your invoice", message="Open at once!", password="x"))
    owner = Caller(token=made.owner_token)
    downloads.download(made.id, 1, owner)
    uploads.change(made.id, made.owner_token, Options(password=None))
    downloads.download(made.id, 1, Caller(address="198.51.100.7"))
    reporting.report(made.id, FORM, "203.0.113.77")
    ((subject, text),) = alerts.sent
    assert subject == "Sidestep: a transfer was reported (malware)"
    assert (
        text
        == f"""\
Somebody has reported a transfer. That blocks nothing: look at it, and decide.

Transfer: {made.id}
Reason: malware
Reports of it so far: 1
Created: 2027-01-15, 08:00 UTC
Expires: 2027-01-22, 08:00 UTC
Files: 2, 1.5 MB in all
Downloads: 1
Password: no
Sender's account: none

To block it at once and keep the evidence:
    make takedown TRANSFER={made.id}
What to think of before and after stands in docs/abuse.md.

Title, message and file names, in the sender's words:
| Your invoice
| Open at once!
| invoice.exe
| (no name)

What somebody at 203.0.113.x wrote about it:
> It came by mail.
> My scanner shouts.

They would like an answer to this address:
> ann@example.com"""
    )


def test_a_long_list_of_names_is_cut(uploads: Uploads, reporting: Reporting, alerts: FakeAlerts) -> None:
    """SNS takes 256 KB."""
    made = uploads.create(NewTransfer(files=[NewFile(name="n" * 8_000, size=1)] * 1_000))
    reporting.report(made.id, FORM, "203.0.113.77")
    assert "| (and 950 more)" in alerts.sent[0][1]
    assert len(alerts.sent[0][1]) < 20_000


def test_a_report_blocks_nothing(
    arrivals: Arrivals, uploads: Uploads, downloads: Downloads, objects: FakeObjects, reporting: Reporting, clock: Clock
) -> None:
    """However many there are."""
    made = begin(uploads, 5)
    arrive(arrivals, objects, made, 1, 5)
    before = downloads.status(made.id, Caller(), None)
    for number in range(30):
        clock.now += 600
        reporting.report(made.id, FORM, f"203.0.113.{number}")
    assert downloads.status(made.id, Caller(), None) == before
    downloads.download(made.id, 1, Caller())


def test_of_many_reports_one_mail_is_sent_and_all_are_kept(
    uploads: Uploads, reporting: Reporting, alerts: FakeAlerts, records: FakeRecords, clock: Clock
) -> None:
    """One for each transfer in ten minutes; the next one says how many there were."""
    made, other = begin(uploads, 5), begin(uploads, 5)
    outcomes = all_at_once([partial(reporting.report, made.id, FORM, f"203.0.113.{number}") for number in range(50)])
    assert outcomes == {"done": 50}
    reporting.report(other.id, FORM, "198.51.100.1")
    assert len(alerts.sent) == 2
    clock.now += 599
    reporting.report(made.id, FORM, "198.51.100.2")
    assert len(alerts.sent) == 2
    clock.now += 1
    reporting.report(made.id, FORM, "198.51.100.3")
    assert "Reports of it so far: 52" in alerts.sent[2][1]
    assert len(records.reports(made.id)) == 52
    assert records.transfers[made.id].reports == 52


def test_a_source_has_to_wait_whatever_it_reports(
    uploads: Uploads, reporting: Reporting, alerts: FakeAlerts, records: FakeRecords, clock: Clock
) -> None:
    """Ten seconds, then twenty; others do not wait with it; the next day it begins anew."""
    first, second = begin(uploads, 5), begin(uploads, 5)
    reporting.report(first.id, FORM, "203.0.113.77")
    clock.now += 9
    with pytest.raises(TooManyReports) as early:
        reporting.report(second.id, FORM, "203.0.113.77")
    assert early.value.headers() == {"Retry-After": "1"}
    reporting.report(second.id, FORM, "203.0.113.78")
    clock.now += 1
    reporting.report(second.id, FORM, "203.0.113.77")
    clock.now += 19
    with pytest.raises(TooManyReports):
        reporting.report(first.id, FORM, "203.0.113.77")
    assert len(records.reports(first.id) + records.reports(second.id)) == 3
    clock.now += 86_400
    reporting.report(first.id, FORM, "203.0.113.77")
    reporting.report(first.id, FORM, "203.0.113.78")
    assert len(alerts.sent) == 3


def test_of_many_reports_of_one_source_at_once_one_is_taken(
    uploads: Uploads, reporting: Reporting, records: FakeRecords
) -> None:
    """Here a household is one source."""
    made = begin(uploads, 5)
    outcomes = all_at_once([partial(reporting.report, made.id, FORM, f"2001:db8::{n}") for n in range(50)])
    assert outcomes == {"done": 1, "too_many_reports": 49}
    assert [report.source for report in records.reports(made.id)] == ["2001:db8::/48"]


def test_when_the_operator_cannot_be_told_the_next_report_tells_them(
    uploads: Uploads, reporting: Reporting, alerts: FakeAlerts, records: FakeRecords, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """And not the one after ten minutes."""
    made = begin(uploads, 5)
    with monkeypatch.context() as broken:
        broken.setattr(alerts, "send", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reporting.report(made.id, FORM, "203.0.113.77")
    clock.now += 10
    reporting.report(made.id, FORM, "203.0.113.77")
    assert "Reports of it so far: 2" in alerts.sent[0][1]
    assert len(records.reports(made.id)) == 2


def test_what_is_not_there_cannot_be_reported(
    uploads: Uploads, reporting: Reporting, operators: Operators, records: FakeRecords, alerts: FakeAlerts, clock: Clock
) -> None:
    """It answers as its page would: never was, deleted, blocked, expired; a password stops nobody."""
    secret, deleted, blocked, expired = (begin(uploads, 5) for _ in range(4))
    uploads.change(secret.id, secret.owner_token, Options(password="x"))
    uploads.change(expired.id, expired.owner_token, Options(expires_in=3_600))
    uploads.delete(deleted.id, deleted.owner_token)
    operators.take_down(blocked.id)
    clock.now += 3_600
    for id_, error in (("a" * 26, NotFound), (deleted.id, NotFound), (blocked.id, Blocked), (expired.id, Expired)):
        with pytest.raises(error):
            reporting.report(id_, FORM, "203.0.113.77")
    assert not records.reported
    reporting.report(secret.id, FORM, "203.0.113.77")
    assert "Password: yes" in alerts.sent[0][1]


def test_reports_go_with_their_transfer(uploads: Uploads, reporting: Reporting, records: FakeRecords) -> None:
    """When its owner deletes it, as when it expires."""
    made = begin(uploads, 5)
    reporting.report(made.id, FORM, "203.0.113.77")
    uploads.delete(made.id, made.owner_token)
    assert records.reports(made.id) == []
