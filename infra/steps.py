"""What a fresh machine needs before anything else runs, and how steps are shown, run and stopped.

The only thing to start with is Python 3.11, so this file keeps to the standard library and to syntax that older ones
can read: they should be told, not shown a traceback.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"Sidestep needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}; "
        "name a newer one: make run PYTHON=python3.13"
    )

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from infra.bundle import AWS

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
CLOUD_PYTHON = ROOT / ".venv-cloud" / "bin" / "python"
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
# Where mitmdump, moto_server and cfn-lint are.
SECOND_BIN = ROOT / ".venv-second" / "bin"
# The oldest SDK that the functions support and, if it is installed, the Python that AWS runs them on.
OLDEST_PYTHON = ROOT / ".venv-oldest" / "bin" / "python"
CDK = ROOT / "node_modules" / ".bin" / "cdk"

OLDEST_NODE = 20
# jsii, under CDK, greets these with a banner at each call; 20 is the oldest that works all the same.
OLD_NODES = "20,21,22,23"
# Debian and Ubuntu, Fedora, Google's own packages, macOS.
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How long a child may take to put away its own things once asked to end.
GRACE_SECONDS = 20


class Trouble(Exception):  # noqa: N818 - it is the user's, not a fault in the code
    """Something the user can put right; its text says what and how."""


# ---- one line for each step ----


@contextlib.contextmanager
def step(name: str) -> Generator[None]:
    """Print a step's name when it starts, and behind it how long it took."""
    print(f"{name} … ", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException as error:
        print("stopped" if isinstance(error, SystemExit) else "failed", flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def once(
    name: str, folder: Path, causes: Sequence[Path], action: Callable[[], None], *, version: str = sys.version
) -> None:
    """Do a step again only if its folder is gone, or if its Python or a file that it depends on has changed."""
    stamp = folder / ".sidestep-stamp"
    digest = hashlib.sha256(version.encode() + b"".join(cause.read_bytes() for cause in causes)).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        print(f"{name}: there already", flush=True)
        return
    with step(name):
        action()
    stamp.write_text(digest)


# ---- children ----


class Children:
    """Processes that never outlive this one, whatever ends it: an error, Ctrl-C, SIGTERM or a closed terminal.

    Each gets a session of its own, so that what it starts in turn can be ended with it. Use as a context manager, in
    the main thread.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._running: list[subprocess.Popen[Any]] = []
        self._starting = False
        self._asked_to_end = 0

    def __enter__(self) -> Self:
        """Turn the signals that would end this process into SystemExit, which passes every `finally` on its way."""
        self._before = {number: signal.signal(number, self._on_signal) for number in ENDING_SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """End them, the last one first; no second Ctrl-C can keep that from being done."""
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self._running):
            self._end(child)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: object) -> None:
        if self._starting:
            self._asked_to_end = number
        else:
            sys.exit(128 + number)

    def start(
        self, command: Sequence[str | Path], env: Mapping[str, str] | None = None, output: IO[Any] | None = None
    ) -> subprocess.Popen[Any]:
        """Start a child in the checkout's root; `output` takes what it prints, without it the terminal does."""
        # A signal between the child's birth and our noting it would leave it behind.
        self._starting = True
        try:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
            self._running.append(child)
        finally:
            self._starting = False
        if self._asked_to_end:
            sys.exit(128 + self._asked_to_end)
        return child

    def run(
        self, command: Sequence[str | Path], env: Mapping[str, str] | None = None, output: IO[Any] | None = None
    ) -> int:
        """Run a child to its end and return its exit status."""
        child = self.start(command, env, output)
        status = child.wait()
        self._running.remove(child)
        return status

    def quietly(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Run a child that should only be heard when it fails: then its last words are in the Trouble."""
        log = ROOT / ".build" / "setup.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("w+") as output:
            if self.run(command, env, output):
                output.seek(0)
                words = "\n".join(output.read().strip().splitlines()[-15:])
                raise Trouble(f"`{' '.join(map(str, command))}` failed:\n{words}")

    @staticmethod
    def _end(child: subprocess.Popen[Any]) -> None:
        """Ask a child's whole session to end as Ctrl-C would, then make it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(GRACE_SECONDS)
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


# ---- what has to be there ----


def set_up(children: Children, *, cloud: bool = False, browser: bool = False, opinions: bool = False) -> None:
    """Bring what development needs; with `cloud` also what the local cloud runs on, with `browser` one for the tests.

    `opinions` adds what only `make test` needs: checkov, other implementations, the oldest SDK. Raises Trouble.
    """
    _check_node()
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise Trouble(
                f"{sys.executable} has no {module} module, which makes virtual environments; "
                "install it (Debian and Ubuntu: apt-get install python3-venv)."
            )
    requirements = ROOT / "requirements"
    _environment(children, "Python packages", PYTHON, requirements / "dev.txt")
    if cloud:
        _environment(children, "Local cloud's packages", CLOUD_PYTHON, requirements / "local.txt")
    if opinions:
        _environment(children, "Checkov's packages", CHECKOV.with_name("python"), requirements / "checkov.txt")
        _environment(children, "Second opinions", SECOND_BIN / "python", requirements / "second.txt")
        _environment(children, "The oldest SDK", OLDEST_PYTHON, requirements / "oldest.txt", made_by=functions_python())
    once(
        "npm packages",
        ROOT / "node_modules",
        [ROOT / "package-lock.json"],
        lambda: children.quietly(["npm", "ci", "--no-fund", "--no-audit", "--no-progress"]),
    )
    if browser:
        _bring_browser(children)


def _check_node() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Trouble(
            f"Sidestep needs Node.js {OLDEST_NODE} or newer with npm, and there is none on the PATH; see https://nodejs.org."
        )
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise Trouble(f"Sidestep needs Node.js {OLDEST_NODE} or newer, and this is {version}; see https://nodejs.org.")


def functions_python() -> str:
    """Return a Python of the version that AWS runs the functions on, or the one that runs this if there is none.

    Looks on the PATH and among pyenv's versions: pyenv's `python3.13` on the PATH may be a shim that fails.
    """
    if sys.version_info[:2] == AWS.python:
        return sys.executable
    version = ".".join(map(str, AWS.python))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which(f"python{version}"), *map(str, pyenv.glob(f"versions/{version}.*/bin/python{version}"))]
    return next((each for each in found if each and _version(each)), sys.executable)


def _version(python: str) -> str:
    """Return a Python's `sys.version`, or "" if it does not run or cannot make virtual environments."""
    if python == sys.executable:
        return sys.version
    ask = "import ensurepip, sys, venv; print(sys.version)"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()


def _environment(children: Children, name: str, python: Path, lock: Path, *, made_by: str = sys.executable) -> None:
    folder = python.parent.parent

    def make() -> None:
        children.quietly([made_by, "-m", "venv", "--clear", folder])
        # Compiling all of aws-cdk-lib takes longer than the few modules of it that are ever imported.
        pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-compile"]
        children.quietly([*pip, "--require-hashes", "--requirement", lock])

    once(name, folder, [lock], make, version=_version(made_by))


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome that is here, Playwright's own among them."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    # Where Playwright would put its own: https://playwright.dev/python/docs/browsers#managing-browser-binaries
    ask = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    path = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
    return path if path and Path(path).exists() else None


def _bring_browser(children: Children) -> None:
    if found := find_browser():
        print(f"Browser: {found}", flush=True)
        return
    with step("Browser: playwright install chromium"), contextlib.suppress(Trouble):
        children.quietly([PYTHON, "-m", "playwright", "install", "chromium"])
    if find_browser():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step("Browser: that brought none, so apt-get install chromium"):
            children.quietly(["apt-get", "update", "--quiet"])
            children.quietly(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"])
    if not find_browser():
        raise Trouble(
            "The tests need a browser and none could be fetched; install Chromium or Google Chrome and try again."
        )


# ---- settings ----


def settings(words: Sequence[str]) -> dict[str, str]:
    """Return `name=value` words as settings. Raises Trouble for another form."""
    for word in words:
        if "=" not in word:
            raise Trouble(f'Settings have the form name=value, as in SETTINGS="max_files=500", not {word!r}.')
    return dict(word.split("=", 1) for word in words)


def context(words: Sequence[str]) -> list[str]:
    """Turn `name=value` words into the CDK CLI's options. Raises Trouble for another form."""
    return [word for name, value in settings(words).items() for word in ("--context", f"{name}={value}")]


# ---- entries ----


def run_entry(main: Callable[[], int]) -> None:
    """Run an entry's main and exit with its status; Trouble becomes its own sentence and status 1."""
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
