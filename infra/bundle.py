"""Builds what all functions run: our code beside the locked dependencies, for a target platform, without Docker.

Nothing is compiled here: pip only unpacks wheels, checked against the lock's hashes, so any machine builds the same
bundle for AWS. The dependencies are kept in `.build/`, by lock and target; our own files are laid beside them anew each
time. The standard library is all this needs.
"""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "lambda.txt"
CACHE = ROOT / ".build"

# Modules of npm packages that pages import, and where they lie beside our own.
PAGE_PACKAGES = {"client-zip/index.js": "frontend/static/packages/client-zip.js"}
MAX_LOGO_BYTES = 100_000
OWN_FILES = ("backend", "frontend/templates", "frontend/static", "frontend/words")
# Tests stay here; caches differ from run to run and would change the asset's hash.
NOT_SHIPPED = shutil.ignore_patterns("tests", "__pycache__", "*.pyc", ".*")
# Scripts, and what only type checkers read.
NEVER_IMPORTED = ("bin", "**/*.pyi", "**/py.typed", "**/__pycache__")


class BundleError(Exception):
    """The bundle could not be built; its text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the bundle runs on: a name for the cache, its Python, and pip's options that choose its wheels."""

    name: str
    python: tuple[int, int]
    pip_options: tuple[str, ...]

    @property
    def compiles(self) -> bool:
        """Whether this Python's bytecode is the target's. Without it each cold start compiles all that it imports."""
        return self.python == sys.version_info[:2]


# Lambda's Python 3.13 is Amazon Linux 2023 (glibc 2.34), so wheels of either standard fit.
AWS = Target(
    name="aws-arm64-py313",
    python=(3, 13),
    pip_options=(
        *("--platform", "manylinux2014_aarch64"),
        *("--platform", "manylinux_2_17_aarch64"),
        *("--platform", "manylinux_2_28_aarch64"),
        *("--implementation", "cp", "--python-version", "3.13"),
    ),
)
# The local cloud runs functions in a Python made from the one that runs this.
LOCAL = Target(
    name=f"local-{platform.machine()}-py{sys.version_info.major}{sys.version_info.minor}",
    python=sys.version_info[:2],
    pip_options=(),
)


def dependencies(target: Target) -> Path:
    """Return the folder of the locked dependencies for a target, installed at the first call.

    Raises BundleError.
    """
    choices = repr((target.pip_options, target.compiles, NEVER_IMPORTED)).encode()
    folder = CACHE / f"{target.name}-{hashlib.sha256(LOCK.read_bytes() + choices).hexdigest()[:16]}"
    if folder.exists():
        return folder
    CACHE.mkdir(exist_ok=True)
    # Built aside and moved in whole: neither a stopped run nor one beside it ever leaves or sees half a folder.
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        made = Path(scratch, "made")
        _pip_install(made, target)
        for pattern in NEVER_IMPORTED:
            for path in made.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if target.compiles:
            _compile(made)
        with contextlib.suppress(FileExistsError, OSError):  # another run was quicker
            made.rename(folder)
    for old in set(CACHE.glob(f"{target.name}-*")) - {folder}:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _pip_install(folder: Path, target: Target) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    # --no-deps: the lock is complete, and pip would weigh environment markers for this machine, not for the target.
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(LOCK)]
    command += ["--target", str(folder), *target.pip_options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"pip could not install {LOCK.relative_to(ROOT)} for {target.name}:\n{done.stderr.strip()}")


def _compile(folder: Path) -> None:
    """Lay bytecode beside the sources: the same bytes for the same sources, wherever and whenever it is made."""
    compileall.compile_dir(
        folder,
        quiet=2,
        force=True,
        stripdir=str(folder.parent),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


@contextlib.contextmanager
def assembled(target: Target, *, logo: str = "") -> Generator[Path]:
    """Lay dependencies and our own files into a folder that lasts as long as the context: CDK copies it at once.

    `logo` is an SVG file to take the place of ours. Raises BundleError.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "bundle")
        shutil.copytree(dependencies(target), folder)
        for name in OWN_FILES:
            shutil.copytree(ROOT / name, folder / name, ignore=NOT_SHIPPED)
        for module, name in PAGE_PACKAGES.items():
            installed = ROOT / "node_modules" / module
            if not installed.exists():
                raise BundleError(f"{module} is not there: run npm ci.")
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(installed, folder / name)
        if logo:
            _lay_logo(Path(logo), folder / "frontend/static/logo.svg")
        if target.compiles:
            _compile(folder / "backend")
        yield folder


def _lay_logo(logo: Path, place: Path) -> None:
    try:
        drawing = logo.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"brand_logo: {logo} cannot be read: {error}") from None
    if "<svg" not in drawing or len(drawing) > MAX_LOGO_BYTES:
        raise BundleError(f"brand_logo: {logo} must be an SVG of at most {MAX_LOGO_BYTES // 1000} kB.")
    place.write_text(drawing, "utf-8")


if __name__ == "__main__":
    # A step of `make run`: afterwards the deployment needs no network.
    try:
        dependencies(LOCAL)
    except BundleError as error:
        sys.exit(str(error))
