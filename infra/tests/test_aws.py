"""The make targets for AWS, as people type them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra import aws, settings, steps


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bootstrap"], "bootstrap"),
        (["deploy", "SETTINGS=max_files=5 log_level=DEBUG"], "deploy max_files=5 log_level=DEBUG"),
        (["deploy", "YES=1", "SETTINGS=max_files=5"], "deploy max_files=5 --yes"),
        (["deploy", "YES=0"], "deploy"),
        (["diff", "SETTINGS=max_files=5"], "diff max_files=5"),
    ],
)
def test_make_passes_on_what_was_typed(words: list[str], said: str) -> None:
    """Only YES=1 answers questions in advance."""
    command = ["make", "--dry-run", *words]
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=steps.ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"exec python3 -m infra.aws {said}"


@pytest.mark.parametrize("target", ["takedown", "erase"])
def test_make_runs_nothing_that_stands_in_a_link(target: str, tmp_path: Path) -> None:
    """Links to take down come from strangers: to make and the shell they are data."""
    link = f"https://x/t/a?`touch {tmp_path}/shell`$$(touch {tmp_path}/sub)$(shell touch {tmp_path}/make)\"'"
    show = tmp_path / "show"
    show.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    show.chmod(0o755)
    command = ["make", "--silent", target, f"TRANSFER={link}", f"PYTHON={show}"]
    done = subprocess.run(command, cwd=steps.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["-m", "infra.operate", target, "--transfer", link]
    assert list(tmp_path.iterdir()) == [show]


@pytest.mark.parametrize(
    ("words", "said", "unsaid"),
    [
        (["takedown", "UNDO=1"], "restore", "takedown"),
        (["takedown", "UNDO=0"], "takedown", "restore"),
        (["verify", "SLOW=1"], "--slow", "--fast"),
        (["verify", "SLOW=0"], "infra.verify", "--slow"),
    ],
)
def test_only_1_means_yes(words: list[str], said: str, unsaid: str) -> None:
    """A transfer that somebody meant to block must not be given back."""
    done = subprocess.run(["make", "--dry-run", *words], cwd=steps.ROOT, capture_output=True, text=True, check=True)
    assert said in done.stdout.split()
    assert unsaid not in done.stdout.split()


def test_make_clean_leaves_the_settings() -> None:
    """They are the operator's, not made by a target."""
    command = ["make", "--dry-run", "clean"]
    done = subprocess.run(command, cwd=steps.ROOT, capture_output=True, text=True, check=True)
    assert "settings" not in done.stdout


def test_a_wrong_setting_is_told_before_anything_is_fetched_or_asked() -> None:
    """Only the error message appears, without set-up or calls to AWS before it; plain Python is enough."""
    python = f"PYTHON={sys.executable} -S"
    command = ["make", "--silent", "deploy", "SETTINGS=log_level=DEBUG max_file=1", "YES=1", python]
    done = subprocess.run(command, cwd=steps.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == "There is no setting max_file; did you mean max_files?"


def test_the_template_is_written_from_the_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make synth` shows what `make deploy` would deploy, and writes no settings."""
    file = tmp_path / "settings.toml"
    file.write_text("max_files = 500\n")
    monkeypatch.setattr(settings, "FILE", file)
    called = list[tuple[object, ...]]()

    def cdk(*arguments: object) -> int:
        called.append(arguments)
        return 0

    monkeypatch.setattr(aws, "cdk", cdk)
    assert aws.synth(["log_level=DEBUG"]) == 0
    options = ("--context", "max_files=500", "--context", "log_level=DEBUG")
    assert called == [("synth", "Sidestep", "--quiet", *options)]
    assert file.read_text() == "max_files = 500\n"
