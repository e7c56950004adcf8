"""What an operator does by `make transfers`, `make takedown` and `make erase`.

On AWS with the user's own credentials, profile and region, as `make deploy`; with `--port` in the local cloud.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping

from infra import local, steps

# An id, or any address below the transfer's page.
_TRANSFER = re.compile(r"(?:(?:\S*/)?t/)?([a-z2-7]{26})(?:[/?#]\S*)?")


def id_in(text: str) -> str:
    """Return the id in what the user said: an id or a link. Raises Trouble."""
    match = _TRANSFER.fullmatch(text.strip())
    if not match:
        raise steps.Trouble(
            "Say which transfer, by its id or its link: make takedown TRANSFER=…; `make transfers` lists what there is."
        )
    return match[1]


def confirm(transfer: str) -> None:
    """Ask before what cannot be undone. Raises Trouble unless the user means it."""
    print(
        f"This erases the blocked transfer {transfer} for good: its files, its records and the reports of it.\n"
        "There is no way back."
    )
    try:
        answer = input("Type the transfer's id to go on: ")
    except EOFError:
        answer = ""
    if answer.strip() != transfer:
        raise steps.Trouble("Nothing was erased.")


def environment(port: int | None) -> Mapping[str, str]:
    """Return the environment for the operator's commands: the user's own for AWS, or one for a local cloud's port."""
    if port is not None:
        return local.environment(os.environ, port)
    # AWS's tools and CDK read two variables for the region; botocore reads only one.
    region = {"AWS_DEFAULT_REGION": os.environ["AWS_REGION"]} if "AWS_REGION" in os.environ else {}
    return {**os.environ, **region}


def main() -> int:
    """Read the arguments, and do it in the environment that has what it takes."""
    parser = argparse.ArgumentParser(prog="python -m infra.operate", description=__doc__)
    parser.add_argument("what", choices=["transfers", "takedown", "restore", "erase"])
    parser.add_argument("--transfer", default="", help="an id or a link")
    parser.add_argument("--limit", type=int, default=50, help="how many to list (default: 50)")
    parser.add_argument("--port", type=int, help="the local cloud's port; without it AWS is meant")
    arguments = parser.parse_args()
    what: str = arguments.what
    limit: int = arguments.limit
    port: int | None = arguments.port
    concerned = str(limit) if what == "transfers" else id_in(arguments.transfer)
    with steps.Children() as children:
        steps.set_up(children)
        if what == "erase":
            confirm(concerned)
        return children.run([steps.PYTHON, "-m", "infra.operations", what, concerned], environment(port))


if __name__ == "__main__":
    steps.run_entry(main)
