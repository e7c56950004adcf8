"""What is said of many requests, when people come, what counts as an error, and what the report makes of it."""

import hashlib
import http.server
import threading
import time
from collections.abc import Generator, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.load import crowd, people, report
from bench.load.ledger import Entry, Ledger, Spread, Step, spread
from bench.load.people import Board, Person, Sent, StepFailedError
from bench.load.run import Figures, Terms

TERMS = Terms(senders=2, recipients=5, seconds=10, pause=5)
BODY = b'{"link": null}'


def entry(step: Step, took: float = 0.1, *, due: float = 0, failure: str = "", example: str = "") -> Entry:
    """Return an entry that began when it was due."""
    return Entry(step=step, due=due, late=0, took=took, failure=failure, example=example)


def ledger(*entries: Entry) -> Ledger:
    """Return a ledger with these entries."""
    kept = Ledger()
    for each in entries:
        kept.add(each)
    return kept


def figures(kept: Ledger) -> Figures:
    """Return figures of a run that was all measured."""
    return Figures(terms=TERMS, alone=kept, together=kept, everything=kept, cores=0.1, load=0)


def row(text: str, step: Step) -> list[str]:
    """Return the cells of a step's row in the first table."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {step} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


# ---- percentiles ----


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([7.0], Spread(p50=7, p95=7, p99=7)),
        ([float(n) for n in range(1, 101)], Spread(p50=50, p95=95, p99=99)),
        ([3.0, 1.0, 2.0], Spread(p50=2, p95=3, p99=3)),
        ([], None),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(values: Sequence[float], wanted: Spread | None) -> None:
    """The smallest that so many per cent do not exceed."""
    assert spread(values) == wanted


# ---- when people come ----


def test_everybody_comes_once_in_each_pause_until_time_is_up() -> None:
    """However many they are."""
    tables = crowd.timetables(50, 10, 35)
    for table in tables:
        assert 0 <= table[0] <= 10
        assert table == pytest.approx([table[0] + 10 * visit for visit in range(len(table))])
        assert 25 <= table[-1] < 35


def test_first_visits_are_spread_over_the_pause() -> None:
    """No tenth of it sees much more of them than another."""
    firsts = [table[0] for table in crowd.timetables(1000, 10, 10)]
    tenths = [sum(tenth <= first < tenth + 1 for first in firsts) for tenth in range(10)]
    assert sum(tenths) == 1000
    assert min(tenths) > 60
    assert max(tenths) < 140


def test_a_visit_that_takes_long_makes_the_next_one_late_and_not_later_due() -> None:
    """So that what is slow cannot hide by being asked less often."""
    dues: list[float] = []
    starts: list[float] = []

    def visit(due: float) -> None:
        dues.append(due)
        starts.append(time.perf_counter())
        time.sleep(0.05)

    began = time.perf_counter()
    crowd.run([visit], [[0, 0.01, 0.02]], began)
    assert dues == pytest.approx([began, began + 0.01, began + 0.02])
    assert starts[2] - dues[2] > 0.07


def test_who_has_failed_comes_again() -> None:
    """One failed step ends a visit and no more."""
    dues: list[float] = []

    def visit(due: float) -> None:
        dues.append(due)
        raise StepFailedError

    crowd.run([visit], [[0, 0.01]], time.perf_counter())
    assert len(dues) == 2


def test_a_fault_of_our_own_ends_the_run() -> None:
    """It is no error of what is measured."""

    def visit(_due: float) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        crowd.run([visit], [[0]], time.perf_counter())


# ---- what counts as an error ----


@pytest.fixture
def server() -> Generator[str]:
    """Answer `/200`, `/503` and so on with that status and BODY, and `/broken` with nothing at all."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/broken":
                return
            self.send_response(int(urlsplit(self.path).path[1:]))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  so it is called there
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def asked(url: str, check: people.Check) -> Entry:
    """Return what is written down of one request."""
    kept = Ledger()
    try:
        Person(ledger=kept, source="198.18.0.1").ask(Step.GET, url, check, due=time.perf_counter())
    except StepFailedError:
        assert kept.failed
    return kept.entries[0]


def test_the_expected_answer_is_no_error(server: str) -> None:
    """And what it carried counts."""
    got = asked(f"{server}/200", people.answers_bytes(hashlib.sha256(BODY).digest()))
    assert (got.failure, got.size) == ("", len(BODY))


@pytest.mark.parametrize(
    ("path", "check", "failure", "example"),
    [
        ("/503", people.answers(HTTPStatus.OK), "answered 503", "link"),
        ("/200", people.answers(HTTPStatus.SEE_OTHER), "answered 200", "link"),
        ("/200", people.answers_bytes(hashlib.sha256(b"else").digest()), "other bytes than were sent", "link"),
        ("/404", people.answers_bytes(hashlib.sha256(BODY).digest()), "answered 404", "link"),
        ("/broken", people.answers(HTTPStatus.OK), "no answer: RemoteDisconnected", "Remote end closed"),
    ],
)
def test_everything_else_is_an_error(server: str, path: str, check: people.Check, failure: str, example: str) -> None:
    """Of a kind, and with what it had to say."""
    got = asked(server + path, check)
    assert got.failure == failure
    assert example in got.example


def test_no_answer_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is taken and then left alone."""
    monkeypatch.setattr(people, "UNANSWERED_SECONDS", 0.05)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as silent:
        got = asked(f"http://127.0.0.1:{silent.server_port}", people.answers(HTTPStatus.OK))
    assert got.failure == "no answer: TimeoutError"


def test_a_link_that_does_not_come_is_an_error(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although each answer was as it should be."""
    monkeypatch.setattr(people, "NO_LINK_SECONDS", 0)
    kept = Ledger()
    with pytest.raises(StepFailedError):
        people.await_link(Person(ledger=kept, source="198.18.0.1"), f"{server}/200", "0", "token")
    assert [(each.step, each.failure) for each in kept.entries] == [
        (Step.STATUS, ""),
        (Step.LINK, "no link within 0 s"),
    ]


def test_time_counts_from_when_a_request_was_due(server: str) -> None:
    """How late it was sent is part of it, and written down."""
    kept = Ledger()
    person = Person(ledger=kept, source="198.18.0.1")
    person.ask(Step.PAGE, f"{server}/200", people.answers(HTTPStatus.OK), due=time.perf_counter() - 2)
    (got,) = kept.entries
    assert 2 <= got.late <= got.took


def test_links_are_taken_in_turn() -> None:
    """New ones as soon as they are there."""
    first, second = (Sent(link=name, digest=b"") for name in ("first", "second"))
    board = Board([first])
    assert board.take() is first
    board.sent.append(second)
    assert [board.take() for _ in range(3)] == [second, first, second]


def test_failures_are_counted_by_step_and_kind_with_the_first_example() -> None:
    """The most frequent first."""
    kept = ledger(
        entry(Step.PAGE),
        entry(Step.GET, failure="answered 500", example="a"),
        entry(Step.PAGE, failure="answered 503", example="b"),
        entry(Step.PAGE, failure="answered 503", example="c"),
    )
    assert kept.failed == 3
    assert [(fault.step, fault.failure, fault.count, fault.example) for fault in kept.faults] == [
        (Step.PAGE, "answered 503", 2, "b"),
        (Step.GET, "answered 500", 1, "a"),
    ]


def test_failures_have_no_part_in_the_times() -> None:
    """A quick refusal would flatter."""
    kept = ledger(entry(Step.PAGE, 0.2), entry(Step.PAGE, 0.001, failure="answered 503"))
    assert kept.took == [0.2]


def test_what_was_due_outside_the_measured_time_is_left_out() -> None:
    """Whenever it ended."""
    kept = ledger(*(entry(Step.PAGE, 9, due=due) for due in (0.9, 1, 1.9, 2)))
    assert [each.due for each in kept.due(1, 2).entries] == [1, 1.9]


# ---- the report ----


def test_each_step_is_compared_with_its_own_hello() -> None:
    """With the one that writes a log line where it writes one itself."""
    text = report.words(
        figures(
            ledger(
                entry(Step.BEGIN, 0.04),
                entry(Step.PAGE, 0.08),
                entry(Step.GET, 0.005),
                entry(Step.HELLO, 0.06),
                entry(Step.HELLO_LOGGED, 0.01),
            )
        )
    )
    assert row(text, Step.BEGIN)[-3:] == ["30 ms", "4.0", "0"]
    assert row(text, Step.PAGE)[-3:] == ["20 ms", "1.3", "0"]
    assert row(text, Step.GET)[-3:] == ["", "", "0"]


def test_the_report_says_how_much_was_done_each_second() -> None:
    """Waits are not requests."""
    text = report.words(figures(ledger(*[entry(Step.PAGE)] * 20, entry(Step.LINK))))
    assert row(text, Step.PAGE)[1:3] == ["20", "2.0"]
    assert row(text, Step.LINK)[1:3] == ["", ""]
    assert "by 2.0 requests to our functions" in text
    assert "None in 20 requests" in text


def test_an_error_is_in_the_report() -> None:
    """In its row, and in words that keep a table whole."""
    text = report.words(figures(ledger(entry(Step.PAGE, failure="answered 503", example="a|b\nc"))))
    assert row(text, Step.PAGE)[-1] == "1"
    assert "1 in 1 requests" in text
    assert "a\\|b c" in text


def test_the_page_has_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came, the tables, and how to read them."""
    monkeypatch.setattr(report, "DOCS", tmp_path)
    report.write(figures(ledger(entry(Step.PAGE))))
    text = (tmp_path / report.PAGE).read_text()
    assert "2 senders and 5 recipients" in text
    assert row(text, Step.PAGE)[1] == "1"
    assert "What it cannot show" in text
