"""Starts the edge in front of a local cloud, tells it what to break, and reads what it did."""

import base64
import hashlib
import json
import socket
import subprocess
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from e2e.cloud import LocalCloud, eventually, origin_of
from infra.steps import SECOND_BIN

RULES = Path(__file__).with_name("rules.py")
API = "sidestep"
# Those that sign URLs, or call S3.
FUNCTIONS = ("WebFunction", "LinksFunction")


@dataclass(kw_only=True)
class Behind(LocalCloud):
    """A local cloud as clients reach it, through the edge; `client` does not go through it."""

    authority: Path

    @cached_property
    def _http(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(retries=False, timeout=60, maxsize=32, ca_certs=str(self.authority))


@dataclass
class Edge:
    """A running edge."""

    cloud: Behind
    bucket_origin: str

    @property
    def origin(self) -> str:
        """Return the page's origin."""
        return origin_of(self.cloud.address)

    def begin(self, *faults: dict[str, Any], **terms: object) -> None:
        """Clear the record, and apply these terms from now on: see `rules.Terms` and `rules.Fault`."""
        self._ask("POST", json.dumps({**terms, "faults": faults}).encode())

    @property
    def record(self) -> dict[str, Any]:
        """Return what it has done: see `rules.Record`."""
        return self._ask("GET")

    def struck(self, what: str) -> list[str]:
        """Return the requests that this happened to."""
        return [done.removeprefix(f"{what} ") for done in self.record["done"] if done.startswith(f"{what} ")]

    def _ask(self, method: str, body: bytes | None = None) -> Any:
        answer = self.cloud.call(method, f"{self.origin}/_edge", raw=body)
        assert answer.status == 200, answer.data
        return answer.json

    @property
    def key(self) -> str:
        """Return what makes Chromium trust it: the SHA-256 of its key, in base64."""
        authority = x509.load_pem_x509_certificate(self.cloud.authority.read_bytes())
        spki = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@contextmanager
def edge_before(cloud: LocalCloud, folder: Path) -> Generator[Edge]:
    """Run the edge in front of a local cloud, and make all addresses that the cloud gives out point to the edge.

    The page and the bucket have different ports; both use TLS. The stack is deployed with the local cloud's own
    address, so this replaces it in two places: the origin in the bucket's CORS rules and the functions' S3 endpoint.
    """
    with ExitStack() as probes:
        taken = [probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        gateway, bucket = (probe.getsockname()[1] for probe in taken)
    inner = urlsplit(cloud.address)
    target = f"reverse:http://127.0.0.1:{inner.port}"
    error = cloud.client("apigateway").get_gateway_response(restApiId=API, responseType="DEFAULT_5XX")
    options: Mapping[str, object] = {
        "confdir": folder,
        "connection_strategy": "lazy",
        "keep_host_header": "true",
        "edge_gateway_port": gateway,
        "edge_server_error": json.dumps({name: error[name] for name in ("responseTemplates", "responseParameters")}),
    }
    command: list[str | Path] = [SECOND_BIN / "mitmdump", "--quiet", "--listen-host", "127.0.0.1", "--scripts", RULES]
    command += [word for port in (gateway, bucket) for word in ("--mode", f"{target}@{port}")]
    command += [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    log = folder / "edge.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            eventually(lambda: process.poll() is not None or (_listens(gateway) and _listens(bucket)))
            assert process.poll() is None, log.read_text()
            reached = inner._replace(scheme="https", netloc=f"localhost:{gateway}").geturl()
            authority = folder / "mitmproxy-ca-cert.pem"
            edge = Edge(Behind(address=reached, work=cloud.work, authority=authority), f"https://127.0.0.1:{bucket}")
            _lead_through(cloud, edge)
            yield edge
        finally:
            process.terminate()
    assert "Addon error" not in log.read_text(), log.read_text()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lead_through(cloud: LocalCloud, edge: Edge) -> None:
    bucket = cloud.outputs["Bucket"]
    rules = cloud.s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    moved = [{**rule, "AllowedOrigins": [edge.origin]} for rule in rules]
    cloud.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": moved})
    lambda_ = cloud.client("lambda")
    found = {"AWS_ENDPOINT_URL_S3": edge.bucket_origin, "AWS_CA_BUNDLE": str(edge.cloud.authority)}
    for name in (cloud.outputs[output] for output in FUNCTIONS):
        variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": {**variables, **found}})
