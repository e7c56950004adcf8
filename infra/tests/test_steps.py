"""How steps are run, skipped and stopped."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import steps
from infra.bundle import AWS


def test_an_old_python_can_read_far_enough_to_say_so() -> None:
    """The file that tells an old Python off has no syntax newer than it."""
    ast.parse(Path(steps.__file__).read_text(), feature_version=(3, 8))


def test_a_step_is_done_once_for_each_state_of_its_causes(tmp_path: Path) -> None:
    """A second run skips it; a changed lock or a removed folder brings it back."""
    lock, folder, done = tmp_path / "lock", tmp_path / "made", list[str]()
    lock.write_text("1")

    def make() -> None:
        folder.mkdir(exist_ok=True)
        done.append(lock.read_text())

    steps.once("Made", folder, [lock], make)
    steps.once("Made", folder, [lock], make)
    assert done == ["1"]
    lock.write_text("2")
    steps.once("Made", folder, [lock], make)
    assert done == ["1", "2"]
    (folder / ".sidestep-stamp").unlink()
    folder.rmdir()
    steps.once("Made", folder, [lock], make)
    assert done == ["1", "2", "2"]


def test_a_step_is_done_again_by_another_python(tmp_path: Path) -> None:
    """An environment holds the Python that made it."""
    lock, done = tmp_path / "lock", list[str]()
    lock.write_text("1")
    for version in ("3.13.0", "3.13.0", "3.13.1"):
        steps.once("Made", tmp_path, [lock], lambda version=version: done.append(version), version=version)
    assert done == ["3.13.0", "3.13.1"]


def test_a_failed_step_is_done_again(tmp_path: Path) -> None:
    """A step that failed half way leaves no stamp."""
    lock = tmp_path / "lock"
    lock.write_text("1")

    def fail() -> None:
        raise steps.Trouble("no")

    with pytest.raises(steps.Trouble):
        steps.once("Made", tmp_path, [lock], fail)
    assert not (tmp_path / ".sidestep-stamp").exists()


def test_a_failed_program_is_heard() -> None:
    """A quiet child's last words come with the failure."""
    with steps.Children() as children, pytest.raises(steps.Trouble, match="the disk is full"):
        children.quietly([sys.executable, "-c", "raise SystemExit('the disk is full')"])


# Starts a child that starts a grandchild, tells both ids, and waits.
PARENT = """
import sys
from infra import steps
child = "import subprocess; p = subprocess.Popen(['sleep', '300']); print(p.pid, flush=True); p.wait()"
with steps.Children() as children:
    process = children.start([sys.executable, "-c", child])
    print(process.pid, flush=True)
    process.wait()
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_child_outlives_us(ending: signal.Signals) -> None:
    """Whatever ends the parent ends its children and theirs."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=steps.ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        family = [int(parent.stdout.readline()), int(parent.stdout.readline())]
        parent.send_signal(ending)
        assert parent.wait(30) == 128 + ending
    assert [process for process in family if lives(process)] == []


def test_a_stubborn_child_is_made_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that ignores being asked is killed once its time is over."""
    monkeypatch.setattr(steps, "GRACE_SECONDS", 0.1)
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(300)"
    with steps.Children() as children, tempfile.TemporaryFile() as output:
        child = children.start([sys.executable, "-c", stubborn], output=output)
        while not output.tell():
            time.sleep(0.01)
    assert child.returncode == -signal.SIGKILL


def lives(process: int) -> bool:
    """Say whether a process still runs; one that ended may take a moment to be gone."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize(
    ("node", "words"),
    [("echo v18.19.0", r"Node\.js 20 or newer, and this is v18\.19\.0"), (None, r"Node\.js 20 .* none on the PATH")],
)
def test_a_missing_or_old_node_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str | None, words: str
) -> None:
    """The sentence names what is needed and what is there."""
    for name in ("node", "npm") if node else ():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{node}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with steps.Children() as children, pytest.raises(steps.Trouble, match=words):
        steps.set_up(children)


def test_settings_become_context() -> None:
    """`SETTINGS=…` reaches the CDK CLI one by one; what is no setting is refused."""
    assert steps.context(["max_files=5", "log_level=DEBUG"]) == [
        "--context",
        "max_files=5",
        "--context",
        "log_level=DEBUG",
    ]
    with pytest.raises(steps.Trouble, match="name=value"):
        steps.context(["max_files"])


AWS_VERSION = ".".join(map(str, AWS.python))


@pytest.fixture
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Hide all Pythons of AWS's version, and return a function that creates programs of that name."""
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    def put(folder: str, script: str) -> str:
        path = tmp_path / folder / f"python{AWS_VERSION}"
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return put


def test_a_pyenv_shim_that_fails_is_passed_over(pythons: Callable[[str, str], str]) -> None:
    """The shim is on the PATH even if its version is not active; the version itself is elsewhere."""
    pythons("path", "echo 'pyenv: command not found' >&2; exit 127")
    behind = pythons(f"pyenv/versions/{AWS_VERSION}.0/bin", f"echo {AWS_VERSION}.0")
    assert steps.functions_python() == behind


def test_a_python_on_the_path_comes_first(pythons: Callable[[str, str], str]) -> None:
    """It is the one that the user has chosen."""
    first = pythons("path", f"echo {AWS_VERSION}.1")
    pythons(f"pyenv/versions/{AWS_VERSION}.0/bin", f"echo {AWS_VERSION}.0")
    assert steps.functions_python() == first


@pytest.mark.usefixtures("pythons")
def test_without_awss_python_the_one_at_hand_has_to_do() -> None:
    """Nobody is kept from testing."""
    assert steps.functions_python() == sys.executable


def test_awss_python_is_not_looked_for_where_it_runs_this(
    pythons: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it tests with the oldest SDK, too."""
    pythons("path", f"echo {AWS_VERSION}.1")
    monkeypatch.setattr(sys, "version_info", (*AWS.python, 0))
    assert steps.functions_python() == sys.executable


def test_ctrl_c_ends_an_entry_without_a_traceback() -> None:
    """At a question, for example, with the status that shells use for it."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        steps.run_entry(interrupted)
    assert end.value.code == 128 + signal.SIGINT
