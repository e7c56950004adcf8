"""Other implementations of DynamoDB as second opinions, each with the table that the stack deploys."""

import os
import socket
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from e2e.cloud import eventually
from infra import local, steps
from infra.config import Config

NAME = "transfers"
START_SECONDS = 60


@dataclass(frozen=True)
class Table:
    """A table's location, and an SDK session for it that adds what the implementation lacks."""

    name: str
    endpoint: str
    session: Session

    def client(self) -> Any:
        """Return a client of the table's implementation that does not retry."""
        once = ClientConfig(retries={"total_max_attempts": 1})
        return self.session.create_client("dynamodb", "us-east-1", endpoint_url=self.endpoint, config=once)


def a_session() -> Session:
    """Return a session with made-up credentials."""
    session = Session()
    session.set_credentials("test", "test")
    return session


@contextmanager
def moto(work: Path) -> Generator[Table]:
    """Start moto's server.

    moto takes no lock between checking a condition and writing, so its threads must switch only while they wait.
    """
    serve = "import sys; sys.setswitchinterval(60); from moto.server import main; main(sys.argv[1:])"
    with _server("moto", work, [steps.SECOND_BIN / "python", "-c", serve, "--host", "127.0.0.1"]) as table:
        yield table


@contextmanager
def dynalite(work: Path) -> Generator[Table]:
    """Start dynalite."""
    command = [steps.ROOT / "node_modules" / ".bin" / "dynalite", "--host", "127.0.0.1", "--createTableMs", "0"]
    with _server("dynalite", work, command) as table:
        _return_what_failed_a_condition(table)
        yield table


def _return_what_failed_a_condition(table: Table) -> None:
    """Add `ReturnValuesOnConditionCheckFailure`, which AWS supports and dynalite 4.0.0 does not.

    AWS returns the item as it was when its condition failed; this reads it a moment later, so it may be newer.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    reader = table.client()

    def remember(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        context["asked"] = params

    def supply(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        asked = context["asked"]
        failed = parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
        if failed and asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            assert "Item" not in parsed, "dynalite returns the item by itself now: remove this"
            found = reader.get_item(TableName=table.name, Key=asked["Key"], ConsistentRead=True)
            parsed |= {"Item": found["Item"]} if "Item" in found else {}

    table.session.register("provide-client-params.dynamodb.UpdateItem", remember)
    table.session.register("after-call.dynamodb.UpdateItem", supply)


@contextmanager
def _server(name: str, work: Path, command: Sequence[str | Path]) -> Generator[Table]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    table = Table(NAME, f"http://127.0.0.1:{port}", a_session())
    environment = local.environment(os.environ, port)
    with (
        (work / f"{name}.log").open("wb") as log,
        subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            eventually(lambda: process.poll() is not None or _answers(table), START_SECONDS)
            assert process.poll() is None, Path(log.name).read_text()
            table.client().create_table(TableName=NAME, **_deployed(table.session))
            table.client().get_waiter("table_exists").wait(TableName=NAME, WaiterConfig={"Delay": 1})
            yield table
        finally:
            process.terminate()


def _answers(table: Table) -> bool:
    try:
        table.client().list_tables()
    except BotoCoreError:
        return False
    return True


def _deployed(session: Session) -> dict[str, Any]:
    """Return keys, indexes and billing as the stack has them; CreateTable does not take the rest, such as TTL."""
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", steps.OLD_NODES)
    from aws_cdk import Stack, assertions  # noqa: PLC0415 - takes seconds; other tests do without

    from infra.storage import FileStore  # noqa: PLC0415 - likewise

    stack = Stack()
    FileStore(stack, "Store", config=Config())
    (table,) = assertions.Template.from_stack(stack).find_resources("AWS::DynamoDB::Table").values()
    taken: Any = session.get_service_model("dynamodb").operation_model("CreateTable").input_shape
    return {name: value for name, value in table["Properties"].items() if name in taken.members}
