"""The Makefile's checks: each one after the other, with its time."""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from infra import steps
from infra.bundle import AWS

BIN = steps.PYTHON.parent
NODE_BIN = steps.CDK.parent

LINT = {
    "format": [BIN / "ruff", "format", "--check"],
    "rules": [BIN / "ruff", "check"],
    "Python's types": [NODE_BIN / "pyright"],
    "JavaScript's types": [NODE_BIN / "tsc", "--project", "tsconfig.json"],
}
FORMAT = {
    "format": [BIN / "ruff", "format"],
    "rules": [BIN / "ruff", "check", "--fix"],
}


BENCH = {
    "bench": [steps.PYTHON, "-m", "bench"],
}
BROWSERS = {
    "three browsers": [steps.PYTHON, "-m", "pytest", "e2e/browsers"],
}
LOAD = {
    "load": [steps.PYTHON, "-m", "bench.load"],
}
CHAOS = {
    "chaos": [steps.PYTHON, "-m", "pytest", "e2e/chaos"],
}


# The functions' own tests run on this Python with the newest SDK, and on AWS's version, if installed, with the oldest.
FUNCTIONS_ON = (steps.PYTHON, steps.OLDEST_PYTHON)


def tests() -> dict[str, list[str | Path]]:
    """Return the commands that run tests. Node's are named one by one: how it takes patterns differs by version.

    The link simulator's are left out: they look whether it keeps its times, which a busy machine does not.
    """
    return {
        "Python": [steps.PYTHON, "-m", "pytest", "backend", "infra", "bench", "--ignore=bench/tests/test_link.py"],
        "functions with the oldest SDK": [steps.OLDEST_PYTHON, "-m", "pytest", "backend"],
        "JavaScript": ["node", "--test", *sorted((steps.ROOT / "frontend" / "tests").glob("**/*.test.js"))],
        "in the browser": [steps.PYTHON, "-m", "pytest", "e2e", "--ignore=e2e/browsers"],
    }


def ran_on(pythons: Sequence[Path]) -> str:
    """Say what the functions' tests ran on and, if AWS's Python was missing, how to add it."""
    ask = "import botocore, sys; print(f'Python {sys.version.split()[0]} with botocore {botocore.__version__}')"
    found = [subprocess.check_output([python, "-c", ask], text=True).strip() for python in pythons]
    said = f"The functions' tests ran on {' and on '.join(found)}."
    wanted = "Python {}.{}".format(*AWS.python)
    if any(each.startswith(f"{wanted}.") for each in found):
        return said
    return (
        f"{said} None of these is {wanted}, on which AWS runs them: install it with its venv module, on the PATH or "
        f"with pyenv (pyenv install {wanted.split()[1]}), and run make test again."
    )


def main() -> int:
    """Run what is asked for, all of it even when something fails, and say at the end what did."""
    parser = argparse.ArgumentParser(prog="python -m infra.check", description=__doc__)
    parser.add_argument("what", choices=["test", "browsers", "lint", "format", "chaos", "bench", "load"])
    what: str = parser.parse_args().what
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = steps.OLD_NODES

    failed: list[str] = []
    with steps.Children() as children:
        looks = what in ("test", "browsers", "chaos", "bench")
        steps.set_up(children, cloud=looks or what == "load", browser=looks, opinions=what == "test")
        commands = {
            "test": {**LINT, **tests()},
            "browsers": BROWSERS,
            "lint": LINT,
            "format": FORMAT,
            "chaos": CHAOS,
            "bench": BENCH,
            "load": LOAD,
        }
        for name, command in commands[what].items():
            print(f"\n── {name} ──", flush=True)
            started = time.monotonic()
            if children.run(command):
                failed.append(name)
            print(f"── {name}: {time.monotonic() - started:.1f} s", flush=True)
        if what == "test":
            print(f"\n{ran_on(FUNCTIONS_ON)}", flush=True)
    if failed:
        raise steps.Trouble(f"\nFailed: {', '.join(failed)}")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)
