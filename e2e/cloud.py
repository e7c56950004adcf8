"""A deployed stack, local or on AWS, and two ways to use it: as anybody by HTTP, as its administrator by boto3."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import boto3
import urllib3
from botocore.config import Config

from backend.settings import Settings
from e2e.disclosure import Confided, secrets_in
from infra.outputs import outputs_of

ROOT = Path(__file__).parent.parent
READY = "Sidestep is ready: "
FORM = "application/x-www-form-urlencoded"
# The address of the deployed stack to test, if the run does not start its own local cloud.
DEPLOYED = os.environ.get("E2E_ADDRESS", "")
# How long a test waits for what should happen soon. S3's events may take over a minute:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
PATIENCE_SECONDS = 90 if DEPLOYED else 15


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


@dataclass(kw_only=True)
class Cloud(ABC):
    """A deployed stack; `sender` holds the headers that let somebody start a transfer."""

    address: str
    sender: dict[str, str] = field(default_factory=dict[str, str])
    confided: Confided = field(default_factory=Confided)
    errors: list[str] = field(default_factory=list[str])

    @abstractmethod
    def client(self, service: str) -> Any:
        """Return a boto3 client with its administrator's rights."""

    @abstractmethod
    def read_outputs(self) -> dict[str, str]:
        """Read the stack's outputs."""

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        return self.read_outputs()

    @cached_property
    def settings(self) -> Settings:
        """Return the settings that the functions were deployed with."""
        function = self.client("lambda").get_function_configuration(FunctionName=self.outputs["WebFunction"])
        return Settings.read(function["Environment"]["Variables"])

    def sign_in(self) -> None:
        """Enter the passphrase, which its administrator may read, so that transfers can be started."""
        secrets = self.client("secretsmanager")
        passphrase = secrets.get_secret_value(SecretId=self.outputs["Passphrase"])["SecretString"]
        body, headers = urlencode({"passphrase": passphrase}).encode(), {"Content-Type": FORM}
        answer = self.call("POST", "sign-in", raw=body, headers=headers)
        assert answer.status == HTTPStatus.SEE_OTHER, answer.data
        self.sender = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}

    @cached_property
    def origins(self) -> set[str]:
        """Return the origins that its pages use: their own, the bucket's and, if it is on, CloudFront's."""
        bucket = self.s3.generate_presigned_url("get_object", Params={"Bucket": self.outputs["Bucket"], "Key": "files"})
        return {origin_of(self.address), origin_of(bucket), self.settings.downloads_origin} - {""}

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

    def hang_up(self) -> None:
        """Close all connections: a device on the way to AWS may drop idle ones silently."""
        self._http.clear()

    def _overhear(self, url: str, body: bytes | None, kind: str, answer: urllib3.BaseHTTPResponse) -> None:
        self.confided.note_asked(body, kind)
        self.confided.note_answered(answer.data, answer.headers.get("Content-Type", ""))
        if answer.status >= HTTPStatus.BAD_REQUEST and url.startswith(self.address):
            self.errors.append(answer.data.decode(errors="replace"))

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


@dataclass(kw_only=True)
class LocalCloud(Cloud):
    """A stack in a local cloud, whose files are in a folder."""

    work: Path

    @classmethod
    def running(cls, work: Path) -> Self:
        """Return a local cloud that is already running, from its work folder."""
        cloud = cls(address="", work=work)
        cloud.address = cloud.outputs["Address"]
        return cloud

    def read_outputs(self) -> dict[str, str]:
        """Read what was deployed."""
        return json.loads((self.work / "outputs.json").read_text())

    def client(self, service: str) -> Any:
        """Return a boto3 client that may do everything in the local cloud."""
        port = self.address.split(":")[2].split("/")[0]
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=_config(service),
        )

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


@dataclass(kw_only=True)
class DeployedCloud(Cloud):
    """The stack that the environment's credentials, region and endpoint select: on AWS, unless they say otherwise."""

    session: boto3.Session

    @classmethod
    def found(cls, address: str = "") -> Self:
        """Return the deployed stack; `address` replaces the one in its outputs. Raises Trouble."""
        cloud = cls(address=address, session=boto3.Session(region_name=os.environ.get("AWS_REGION")))
        cloud.address = address or cloud.outputs["Address"]
        return cloud

    def read_outputs(self) -> dict[str, str]:
        """Ask CloudFormation. Raises Trouble if there is no stack."""
        return outputs_of(self.client("cloudformation"))

    def client(self, service: str) -> Any:
        """Return a boto3 client with the operator's own rights."""
        return self.session.client(service, config=_config(service))


def _config(service: str) -> Config | None:
    if service == "lambda":
        # The sweep may take five minutes, and must not be called again meanwhile.
        return Config(read_timeout=330, retries={"total_max_attempts": 1})
    if service != "s3":
        return None
    # As in backend/aws/bucket.py: these clients sign its URLs, too.
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def origin_of(url: str) -> str:
    """Return a URL's scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def eventually(probe: Callable[[], Any], seconds: float = PATIENCE_SECONDS, *, pause: float = 0.05) -> Any:
    """Return the first truthy result, polling with a pause: S3's events may come late."""
    until = time.monotonic() + seconds
    waiting = threading.Event()
    while not (found := probe()):
        assert time.monotonic() < until, "it did not happen in time"
        waiting.wait(pause)
    return found


@contextmanager
def local_cloud(work: Path, *settings: str) -> Generator[LocalCloud]:
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
            yield LocalCloud(address=said[-1].removeprefix(READY).strip(), work=work)
        finally:
            process.terminate()
