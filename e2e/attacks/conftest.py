"""A transfer of somebody else, one of the attacker's own, and the list of what was tried: test-results/attacks.md."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from e2e.attacks.attacker import Attacker
from e2e.cloud import Cloud, eventually
from e2e.conftest import RESULTS
from e2e.sending import begin, put, status, stored


@dataclass(frozen=True)
class Attempt:
    """One thing that was tried."""

    what: str
    came_back: str
    held: bool


@dataclass
class Attempts:
    """Everything that was tried in this run, by what it was aimed at."""

    made: dict[str, list[Attempt]] = field(default_factory=dict[str, list[Attempt]])

    @property
    def rows(self) -> list[str]:
        """Return the table's lines, as Markdown."""
        lines = ["| attack | came back | verdict |", "|---|---|---|"]
        for aim, attempts in self.made.items():
            lines.append(f"| **{aim}** | | |")
            for each in attempts:
                what, back = (text.replace("|", "\\|").replace("\n", " ") for text in (each.what, each.came_back))
                lines.append(f"| {what} | {back} | {'held' if each.held else '**HOLE**'} |")
        return lines

    @property
    def count(self) -> int:
        """Return how many there were."""
        return sum(map(len, self.made.values()))


ATTEMPTS = Attempts()


@pytest.fixture(scope="module")
def attacker(request: pytest.FixtureRequest, cloud: Cloud) -> Attacker:
    """Return one who writes down what is tried, under the first line of the test module."""
    aim = str(request.module.__doc__).splitlines()[0].rstrip(".").split(":")[0]
    made = ATTEMPTS.made.setdefault(aim, [])

    def note(what: str, came_back: str, *, held: bool) -> None:
        made.append(Attempt(what, came_back, held))
        assert held, f"{what}: {came_back}"

    return Attacker(cloud, note)


@pytest.fixture(scope="module")
def theirs(cloud: Cloud) -> Any:
    """Return a transfer of somebody else: two stored files, and one of two parts that is still coming."""
    made = begin(cloud, b"first", b"second", bytes(17 * 2**20), name="theirs.txt", sign=2)
    for signed, body in zip(made["urls"], (b"first", b"second"), strict=True):
        put(cloud, signed, body)
    eventually(lambda: status(cloud, made)["counts"]["stored"] == 2)
    return made


@pytest.fixture(scope="module")
def mine(cloud: Cloud) -> Any:
    """Return a transfer of the attacker's own, of one stored file."""
    made = begin(cloud, b"mine", name="mine.txt", sign=1)
    put(cloud, made["urls"][0], b"mine")
    stored(cloud, made)
    return made


def pytest_sessionfinish() -> None:
    """Leave the list behind."""
    if ATTEMPTS.count:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "attacks.md").write_text("\n".join(["# What was tried", "", *ATTEMPTS.rows, ""]), "utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many there were, and where the list is."""
    if ATTEMPTS.count:
        terminalreporter.write_line(f"{ATTEMPTS.count} attacks: {RESULTS / 'attacks.md'}")
