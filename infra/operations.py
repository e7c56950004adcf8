"""What `infra.operate` runs where botocore is installed: it finds the deployed stack, acts, and says what it did."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from backend.aws.bucket import Objects
from backend.aws.clients import client, session
from backend.aws.table.records import Records
from backend.errors import SidestepError
from backend.pages.render import size_text
from backend.pages.words import words
from backend.services.operating import Case, Listed, Operators
from backend.settings import Settings
from infra import steps
from infra.outputs import outputs_of

# What a page of the list may have.
PAGE = 50
COLUMNS = ("transfer", "created (UTC)", "expires (UTC)", "state", "files", "size", "downloads", "reports", "sender")
RIGHT = frozenset({"files", "size", "downloads", "reports"})


def deployed() -> Operators:
    """Return the operator's side of the stack that these credentials and this region lead to. Raises Trouble."""
    plain = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
    outputs = outputs_of(client("cloudformation", plain))
    # What the functions are told is what holds: the settings of the last deployment, whatever is configured now.
    function = client("lambda", plain).get_function_configuration(FunctionName=outputs["WebFunction"])
    settings = Settings.read(function["Environment"]["Variables"])
    _take(outputs["OperatorRole"])
    return Operators(
        records=Records(settings.table_name),
        objects=Objects(settings.bucket_name),
        settings=settings,
        now=time.time,
        random=os.urandom,
    )


def _take(role: str) -> None:
    """Have all clients that are made from now on act in this role, and renew it for as long as they need it.

    botocore does so by itself for a role that a profile names, and for no other:
    https://github.com/boto/botocore/issues/761
    """
    ours = session()
    fetcher = AssumeRoleCredentialFetcher(
        ours.create_client, ours.get_credentials(), role, extra_args={"RoleSessionName": "sidestep"}
    )
    vars(ours)["_credentials"] = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def listed(operators: Operators, most: int) -> str:
    """Return a table of the newest transfers."""
    found: list[Listed] = []
    cursor = None
    while len(found) < most:
        page = operators.list(min(PAGE, most - len(found)), cursor)
        found += page.transfers
        cursor = page.next
        if cursor is None:
            break
    if not found:
        return "There is no transfer."
    more = [f"\nThere are more: make transfers LIMIT={most * 2}"] if cursor else []
    return "\n".join([*_table(COLUMNS, [_row(each) for each in found]), *more])


def _row(each: Listed) -> Sequence[str]:
    counts = [str(each.files), _size(each.bytes), str(each.downloads), str(each.reports or ""), each.sender or ""]
    return [each.id, _time(each.created), _time(each.expires_at), each.state, *counts]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (columns, *rows)) for column in range(len(columns))]
    return [
        "  ".join(
            cell.rjust(width) if column in RIGHT else cell.ljust(width)
            for column, cell, width in zip(columns, row, widths, strict=True)
        ).rstrip()
        for row in (columns, *rows)
    ]


def described(case: Case) -> str:
    """Return what there is of a transfer: files with size and SHA-256, and who complained of what."""
    files = [
        [str(each.file.number), each.outcome, str(each.file.size), each.file.sha256 or "", _plain(each.file.name)]
        for each in case.files
    ]
    reports = [
        f"  {_time(report.at // 1_000)} UTC, {report.reason}, from {report.source}"
        f"{', answer to ' + _plain(report.mail) if report.mail else ''}: {_plain(report.text)}"
        for report in case.reports
    ]
    return "\n".join(
        [
            *_table(("file", "is", "bytes", "SHA-256 (base64, as S3 has it)", "name"), files),
            *(["", "Reports:", *reports] if reports else []),
        ]
    )


def take_down(operators: Operators, transfer: str) -> str:
    """Block a transfer, then move its files, and say each as it is done."""
    operators.block(transfer)
    print(f"{transfer} is blocked: from now on nobody gets a link to a file, its owner included.", flush=True)
    print("Moving its files to the evidence …", flush=True)
    case = operators.secure(transfer)
    return (
        f"{described(case)}\n\n"
        "Done. Links to files that had been given out are dead, too. Its files are kept in the bucket under\n"
        f"evidence/{transfer}/, its records in the table, until you decide:\n"
        f"    make takedown TRANSFER={transfer} UNDO=1    gives it back\n"
        f"    make erase TRANSFER={transfer}              erases all of it for good"
    )


def restore(operators: Operators, transfer: str) -> str:
    """Give a transfer back."""
    case = operators.restore(transfer)
    return f"{described(case)}\n\n{transfer} is given back, with the time that it had left when it was blocked."


def erase(operators: Operators, transfer: str) -> str:
    """Erase a blocked transfer."""
    operators.erase(transfer)
    return f"{transfer} is erased: files, records and reports."


def _size(size: int) -> str:
    return size_text(words("en"), size).replace("\N{NO-BREAK SPACE}", " ")


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _plain(text: str) -> str:
    """Spell what strangers wrote so that it stays on its line and steers no terminal."""
    return "".join(character if character.isprintable() else "�" for character in text.replace("\n", " "))


def main() -> int:
    """Do what the arguments say. Raises Trouble."""
    what, concerned = sys.argv[1:]
    acts: dict[str, Any] = {"takedown": take_down, "restore": restore, "erase": erase}
    try:
        operators = deployed()
        print(listed(operators, int(concerned)) if what == "transfers" else acts[what](operators, concerned))
    except (SidestepError, BotoCoreError, ClientError) as error:
        raise steps.Trouble(str(error)) from error
    return 0


if __name__ == "__main__":
    steps.run_entry(main)
