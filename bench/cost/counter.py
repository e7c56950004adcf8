"""A proxy in front of the local cloud, which counts what AWS would put on the bill."""

import contextlib
import http.client
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.cost.bucket import Bucket, operation

# What is counted.
API = "API Gateway: requests"
API_BYTES = "API Gateway: bytes sent"
S3_DEAR = "S3: PUT, POST, LIST"
S3_CHEAP = "S3: GET and others"
WRITE_UNITS = "DynamoDB: write units"
READ_UNITS = "DynamoDB: read units"

GATEWAY = "/_aws/execute-api/"
DYNAMODB = "DynamoDB_20120810."
FREE = {"DeleteObjects", "AbortMultipartUpload"}
# What S3 bills ten times as much as the rest; listing the parts of an upload is among it.
DEAR = {"PutObject", "CreateMultipartUpload", "UploadPart", "ListParts", "CompleteMultipartUpload"}
READS = {"GetItem", "BatchGetItem", "Query"}
READ_BYTES, WRITE_BYTES = 4_096, 1_024
INDEXES = 2
PIECE = 2**20
TIMEOUT_SECONDS = 120
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

Bill = Counter[str]


def of_s3(what: str) -> Bill:
    """Return as what S3 bills an operation. https://aws.amazon.com/s3/pricing/ ."""
    return Counter() if what in FREE else Counter({S3_DEAR if what in DEAR else S3_CHEAP: 1})


def of_dynamodb(call: str, asked: Mapping[str, Any], told: int) -> Bill:
    """Return the units of a call that was answered with `told` bytes.

    A write costs a unit for each KB of the item, and one more for each index that has it: both have the transfer's own
    item, and no other. Of an item that is changed or deleted only its key is seen here; none of ours reaches a KB. A
    read costs a unit for each 4 KB of what it brings, or half of one where that may be late.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    if call in READS:
        return Counter({READ_UNITS: -(-told // READ_BYTES) * (1 if "'ConsistentRead': True" in str(asked) else 0.5)})
    batch = [next(iter(one.values())) for ones in asked.get("RequestItems", {}).values() for one in ones]
    return Counter({WRITE_UNITS: sum(_write_units(one) for one in batch or [asked])})


def _write_units(asked: Mapping[str, Any]) -> int:
    item = asked.get("Item", {})
    added_or_gone = "UpdateExpression" not in asked
    is_transfer = (item or asked["Key"])["sk"] == {"S": "transfer"}
    return max(1, -(-len(json.dumps(item)) // WRITE_BYTES)) + (INDEXES if is_transfer and added_or_gone else 0)


class Tally:
    """What has been counted so far."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._bill: Bill = Counter()

    def add(self, bill: Bill) -> None:
        """Count more."""
        with self._lock:
            self._bill += bill

    def take(self) -> Bill:
        """Return what was counted, and begin again with nothing."""
        with self._lock:
            taken, self._bill = self._bill, Counter()
            return taken


class _Server(ThreadingHTTPServer):
    def __init__(self, cloud_port: int, bucket: Bucket, arrived: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cloud_port = cloud_port
        self.bucket = bucket
        self.arrived = arrived
        self.tally = Tally()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless it is that a browser was closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_SECONDS
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  nobody else makes one

    def _serve(self) -> None:
        if self.server.bucket.has(self.path):
            self._answer_for_s3()
        else:
            self._pass_on()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815  so they are called

    def _answer_for_s3(self) -> None:
        size = left = int(self.headers.get("Content-Length", 0))
        while left:
            left -= len(self.rfile.read(min(left, PIECE)))
        self.server.tally.add(of_s3(operation(self.command, self.path)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.bucket.answer(self.command, self.path, headers, size)
        if answer.arrived:
            self.server.arrived(answer.arrived)
        self._tell(answer.status, answer.headers, answer.size or len(answer.body))
        if self.command == "HEAD":
            return
        self.wfile.write(answer.body)
        # Who asked may well leave before the end: that it asked is all that counts.
        with contextlib.suppress(ConnectionError):
            for start in range(0, answer.size, PIECE):
                self.wfile.write(bytes(min(PIECE, answer.size - start)))

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "")
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.server.cloud_port)) as cloud:
            cloud.request(self.command, self.path, body=body, headers=_end_to_end(self.headers.items()))
            answer = cloud.getresponse()
            told = answer.read()
        if self.path.startswith(GATEWAY):
            self.server.tally.add(Counter({API: 1, API_BYTES: len(told)}))
        elif target.startswith(DYNAMODB):
            self.server.tally.add(of_dynamodb(target.removeprefix(DYNAMODB), json.loads(body), len(told)))
        self._tell(answer.status, _end_to_end(answer.getheaders()), len(told))
        if self.command != "HEAD":
            self.wfile.write(told)

    def _tell(self, status: int, headers: Mapping[str, str], size: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  so it is called there
        """Say nothing."""


def _end_to_end(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in OF_A_CONNECTION}


@contextlib.contextmanager
def counter(cloud_port: int, bucket: Bucket, arrived: Callable[[str], None]) -> Generator[tuple[int, Tally]]:
    """Count all that passes; yield the port to come in by, and what is counted.

    What concerns objects, `bucket` answers, and `arrived` is told a new one's key; all else the local cloud.
    """
    with _Server(cloud_port, bucket, arrived) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, server.tally
        finally:
            server.shutdown()
