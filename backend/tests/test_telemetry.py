"""What a function says as it starts."""

import runpy
from pathlib import Path

import botocore
import pytest

import backend
from backend.aws.clients import OLDEST_BOTOCORE, botocore_version

SOURCES = sorted(Path(backend.__file__).parent.glob("*.py"))
ENTRIES = [path for path in SOURCES if "\ndef handler(" in path.read_text()]


def test_the_entries_are_the_functions() -> None:
    """The test finds any further function by its handler; it has to start as the others do."""
    assert [path.stem for path in ENTRIES] == ["links", "sweep", "takedown", "web"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.stem)
def test_a_cold_start_logs_once_what_it_runs_on(
    entry: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, with the versions of Python and botocore as fields of their own."""
    monkeypatch.setattr("sys.version", "3.13.7 (main, …) [GCC …]")
    monkeypatch.setattr(botocore, "__version__", "1.38.36")
    runpy.run_path(str(entry))
    (line,) = [vars(record) for record in caplog.records]
    assert (line["levelname"], line["python"], line["botocore"]) == ("INFO", "3.13.7", "1.38.36")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.stem)
def test_a_function_with_an_old_botocore_does_not_start(entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which version there is, which one is needed and what to do."""
    monkeypatch.setattr(botocore, "__version__", "1.35.99")
    said = r"Sidestep cannot start: it needs botocore 1\.36\.0 or newer, and .* brings 1\.35\.99; set .* Auto"
    with pytest.raises(RuntimeError, match=said):
        runpy.run_path(str(entry))


@pytest.mark.parametrize("version", [".".join(map(str, OLDEST_BOTOCORE)), "1.36.10", "1.100.0", "2.0.0"])
def test_versions_are_compared_by_number(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest one is enough, and 1.100 is newer."""
    monkeypatch.setattr(botocore, "__version__", version)
    assert botocore_version() == version
