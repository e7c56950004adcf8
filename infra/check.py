"""The Makefile's checks: each one after the other, with its time."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from infra import steps

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


def tests() -> dict[str, list[str | Path]]:
    """Return the commands that run tests. Node's are named one by one: how it takes patterns differs by version.

    The link simulator's are left out: they look whether it keeps its times, which a busy machine does not.
    """
    return {
        "Python": [steps.PYTHON, "-m", "pytest", "backend", "infra", "bench", "--ignore=bench/tests/test_link.py"],
        "JavaScript": ["node", "--test", *sorted((steps.ROOT / "frontend" / "tests").glob("**/*.test.js"))],
        "in the browser": [steps.PYTHON, "-m", "pytest", "e2e", "--ignore=e2e/browsers"],
    }


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
    if failed:
        raise steps.Trouble(f"\nFailed: {', '.join(failed)}")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)
