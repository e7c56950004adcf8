"""A local cloud for a test run, and the two ways in: as anybody by HTTP, and as its administrator by boto3."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import boto3
import urllib3
from botocore.config import Config

from e2e.disclosure import Confided, secrets_in

ROOT = Path(__file__).parent.parent
READY = "Sidestep is ready: "
# How long a test waits for what should happen soon.
PATIENCE_SECONDS = 15


@dataclass
class Answer:
    """An HTTP answer; `headers` are looked up in any case."""

    status: int
    headers: Any
    data: bytes

    @property
    def json(self) -> Any:
        """Return the body, read."""
        return json.loads(self.data)

    @property
    def error(self) -> Any:
        """Return the error in the body."""
        return self.json["error"]


@dataclass
class Cloud:
    """A deployed stack."""

    address: str
    work: Path
    confided: Confided = field(default_factory=Confided)
    errors: list[str] = field(default_factory=list[str])

    @classmethod
    def running(cls, work: Path) -> Self:
        """Return a local cloud that runs already, by its work folder."""
        cloud = cls("", work)
        cloud.address = cloud.outputs["Address"]
        return cloud

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        return json.loads((self.work / "outputs.json").read_text())

    @cached_property
    def _http(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(retries=False, timeout=60, maxsize=32)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw: bytes | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request to an address relative to the app, or to a whole URL; `raw` is a body as it is."""
        sent = dict(headers or {})
        if body is not None:
            raw = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        url = urljoin(self.address, path)
        answer = self._http.request(method, url, body=raw, headers=sent, redirect=False, preload_content=True)
        self._overhear(url, raw, sent.get("Content-Type", ""), answer)
        return Answer(answer.status, answer.headers, answer.data)

    def _overhear(self, url: str, body: bytes | None, kind: str, answer: urllib3.BaseHTTPResponse) -> None:
        self.confided.note_asked(body, kind)
        self.confided.note_answered(answer.data, answer.headers.get("Content-Type", ""))
        if answer.status >= HTTPStatus.BAD_REQUEST and url.startswith(self.address):
            self.errors.append(answer.data.decode(errors="replace"))

    def client(self, service: str) -> Any:
        """Return a boto3 client that may do everything in the local cloud."""
        port = self.address.split(":")[2].split("/")[0]
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(signature_version="s3v4", request_checksum_calculation="when_required")
            if service == "s3"
            else None,
        )

    @cached_property
    def s3(self) -> Any:
        """Return S3 as its administrator sees it."""
        return self.client("s3")

    def incomplete_uploads(self, transfer: str) -> list[str]:
        """Return the keys of a transfer's multipart uploads that S3 still holds."""
        found = self.s3.list_multipart_uploads(Bucket=self.outputs["Bucket"], Prefix=f"files/{transfer}/")
        return [upload["Key"] for upload in found.get("Uploads", [])]

    def keys(self, transfer: str, among: str = "files") -> list[str]:
        """Return the keys of a transfer's objects, or of what is kept of it `among="evidence"`."""
        found = self.s3.list_objects_v2(Bucket=self.outputs["Bucket"], Prefix=f"{among}/{transfer}/")
        return [item["Key"] for item in found.get("Contents", [])]

    def log(self) -> str:
        """Return what the local cloud has printed, which includes what the functions log."""
        return (self.work / "cloud.log").read_text(errors="replace")

    def log_events(self) -> Iterator[str]:
        """Yield what CloudWatch Logs keep."""
        logs = self.client("logs")
        for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[]"):
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield from (event["message"] for event in page["events"])

    def disclosed(self) -> list[str]:
        """Return what the deployment has written although it is nobody else's business: secrets, people's words.

        That is in logs, which metrics are a part of, in names of metrics, in records and in error texts. What the
        functions' own X-Ray segments hold, no code of ours can add to.
        """
        metrics = self.client("cloudwatch").get_paginator("list_metrics").paginate().search("Metrics[]")
        operators = "\n".join([self.log(), *self.log_events(), *(json.dumps(metric) for metric in metrics)])
        rows = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["Table"]).search("Items[]")
        senders = "\n".join([*self.errors, *(json.dumps(row, default=str) for row in rows)])
        told = self.confided
        return secrets_in(operators, told.secrets | told.words) + secrets_in(senders, told.kept_from_senders)


def eventually(probe: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first truthy answer: S3 tells of objects when it likes."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while not (found := probe()):
        assert time.monotonic() < until, "it did not happen in time"
        pause.wait(0.05)
    return found


@contextmanager
def local_cloud(work: Path, *settings: str) -> Generator[Cloud]:
    """Start a local cloud on a free port with these settings (`name=value`), as `make run` does, and end it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "infra.local", "run", "--port", str(port), "--work", str(work)]
    command += ["--set", *settings]
    said: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        try:
            for line in process.stdout:
                said.append(line)
                if line.startswith(READY):
                    break
            else:
                raise RuntimeError("The local cloud did not start:\n" + "".join(said))
            yield Cloud(said[-1].removeprefix(READY).strip(), work)
        finally:
            process.terminate()
