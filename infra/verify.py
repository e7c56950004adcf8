"""What `make verify` does first: it installs what is missing, and becomes the program that tests the deployment.

On AWS it uses the user's own credentials, profile and region, as `make deploy` does; with `--port`, the local cloud.
"""

from __future__ import annotations

import argparse
import os

from infra import steps
from infra.operate import environment


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify", description=__doc__)
    parser.add_argument("--port", type=int, help="the local cloud's port; without it, test the stack on AWS")
    parser.add_argument("--slow", action="store_true", help="also run the checks that take twenty minutes")
    arguments = parser.parse_args()
    port: int | None = arguments.port
    slow: bool = arguments.slow
    with steps.Children() as children:
        steps.set_up(children)
    env = dict(environment(port))
    if "TOKEN" in os.environ:
        env["TOKEN"] = os.environ["TOKEN"]
    # In this process, so that Ctrl-C reaches it and it can take the time it needs to clean up.
    os.chdir(steps.ROOT)
    os.execve(steps.PYTHON, [steps.PYTHON, "-m", "e2e.verify", *(["--slow"] if slow else [])], env)  # noqa: S606


if __name__ == "__main__":
    steps.run_entry(main)
