"""The edge's rules: a mitmproxy addon. mitmdump's own Python runs it, so it imports none of our code.

It listens on two ports, one for API Gateway (`edge_gateway_port`) and one for S3, so that the page and the bucket are
two origins, as on AWS. `proxy.py` starts it, and controls it through `/_edge` on the gateway's port.
"""

# pyright: reportMissingImports=false

import asyncio
import json
import re
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from mitmproxy import ctx, http

CONTROL = "/_edge"

# To larger bodies AWS responds in plain text: "Customizing the default gateway response for 413 REQUEST_TOO_LARGE
# isn't currently supported." https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
MOST_BODY = 10 * 2**20
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html says 6 MB each way, and Lambda's own messages
# say 6,291,456 bytes of request and 6,291,556 of response. Both count the JSON that the function gets and returns.
MOST_EVENT = 6 * 2**20
MOST_RESULT = 6 * 2**20 + 100
# "New AWS accounts have reduced concurrency and memory quotas", which is ten:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_CALLS = 10

# What a Lambda integration does to headers, by the table in the known issues above. Left out are those that the local
# cloud's own server sets on each answer: Connection, Content-Length, Date, Server and Transfer-Encoding.
DROPPED_FROM_REQUESTS = (
    "connection",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "upgrade",
    "www-authenticate",
)
DROPPED_FROM_ANSWERS = ("expect", "host", "proxy-authenticate", "te", "trailer", "upgrade", "via")
RENAMED = ("authorization", "content-md5", "max-forwards", "user-agent", "www-authenticate")

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
S3_ERRORS = {
    "conflict": (
        409,
        "ConditionalRequestConflict",
        "The conditional request cannot succeed due to a conflicting operation against this resource.",
    ),
    "slow_down": (503, "SlowDown", "Please reduce your request rate."),
}


@dataclass
class Fault:
    """What happens to the first `times` requests to S3 whose `METHOD path` matches `on`.

    reset: the connection is closed before the request is read, as S3 does with connections that were idle for too long.
    conflict, slow_down: S3 answers that instead.
    """

    on: str
    do: str
    times: int = 1


@dataclass
class Terms:
    """The rules until the next `begin`; `hold` keeps functions from responding."""

    most_calls: int = MOST_CALLS
    most_result: int = MOST_RESULT
    hold: bool = False
    faults: list[Fault] = field(default_factory=list[Fault])


@dataclass
class Record:
    """What the edge has done since `begin`, as `what METHOD path`."""

    done: list[str] = field(default_factory=list[str])
    running: int = 0
    most_running: int = 0
    largest_result: int = 0
    stored_parts: int = 0
    protocols: list[str] = field(default_factory=list[str])


class Edge:
    """The addon."""

    def __init__(self) -> None:
        """Start with AWS's own terms and no faults."""
        self._terms = Terms()
        self._record = Record()
        self._calls: set[str] = set()
        self._released = asyncio.Event()
        self._released.set()

    def load(self, loader: Any) -> None:
        """Add the options for the gateway's port and for the API's response to server errors."""
        loader.add_option("edge_gateway_port", int, 0, "The port that stands for API Gateway; the other is S3's.")
        loader.add_option("edge_server_error", str, "{}", "The API's DEFAULT_5XX, as apigateway.get_gateway_response.")

    # ---- mitmproxy's hooks ----

    def tls_clienthello(self, data: Any) -> None:
        """Offer HTTP/2 as API Gateway does, and only HTTP/1.1 as S3 does."""
        if not self._is_gateway(data.context.client):
            data.context.client.alpn = b"http/1.1"

    def requestheaders(self, flow: Any) -> None:
        """Apply faults before the body is read, and stream bodies to S3."""
        gateway = self._is_gateway(flow.client_conn)
        spoken = f"{'gateway' if gateway else 's3'} {flow.request.http_version}"
        if spoken not in self._record.protocols:
            self._record.protocols.append(spoken)
        if gateway:
            return
        fault = self._fault_for(flow)
        if not fault:
            flow.request.stream = True
        elif fault.do == "reset":
            flow.kill()
        else:
            flow.metadata["fault"] = fault.do

    async def request(self, flow: Any) -> None:
        """Respond as AWS would, or pass the request on."""
        if not self._is_gateway(flow.client_conn):
            if kind := flow.metadata.get("fault"):
                flow.response = self._s3_error(flow, kind)
        elif flow.request.path.startswith(CONTROL):
            flow.response = self._control(flow.request)
        else:
            self._call(flow)
            if not flow.response:
                await self._released.wait()

    def responseheaders(self, flow: Any) -> None:
        """Stream bodies from S3."""
        if not self._is_gateway(flow.client_conn):
            flow.response.stream = True

    def response(self, flow: Any) -> None:
        """Do to a function's response what API Gateway does."""
        if flow.id in self._calls:
            self._ended(flow)
            self._answer(flow)
        elif flow.request.method == "PUT" and "partNumber" in flow.request.query and flow.response.status_code == 200:
            self._record.stored_parts += 1

    def error(self, flow: Any) -> None:
        """Forget a call whose client is gone."""
        self._ended(flow)

    # ---- API Gateway and Lambda ----

    def _call(self, flow: Any) -> None:
        request = flow.request
        size = len(request.raw_content or b"")
        if size > MOST_BODY:
            self._note("too large", flow)
            words = f"HTTP content length exceeded {MOST_BODY} bytes."
            flow.response = http.Response.make(413, words, {"Content-Type": "text/plain"})
            return
        for name in DROPPED_FROM_REQUESTS:
            request.headers.pop(name, None)
        # AWS appends the caller's address to any that the caller made up. The local cloud takes the first as the
        # caller's, so the edge sets only the real one.
        request.headers["X-Forwarded-For"] = flow.client_conn.peername[0]
        request.headers["X-Forwarded-Proto"] = "https" if flow.client_conn.tls else "http"
        request.headers["X-Forwarded-Port"] = "443" if flow.client_conn.tls else "80"
        # The body is nearly all of an event; the rest does not matter at limits like these.
        if len(json.dumps(request.get_text(strict=False) or "")) > MOST_EVENT:
            self._note("event too large", flow)
            flow.response = _json(413, {"message": "Request Too Long"})
            return
        if len(self._calls) >= self._terms.most_calls:
            self._note("throttled", flow)
            # API Gateway turns Lambda's 429 TooManyRequestsException into a 500 that does not mention throttling:
            # https://repost.aws/knowledge-center/api-gateway-internal-server-error
            flow.response = self._server_error(500, request)
            return
        self._calls.add(flow.id)
        self._count_calls()

    def _answer(self, flow: Any) -> None:
        answer = flow.response
        headers: dict[str, list[str]] = {}
        for name, value in answer.headers.items(multi=True):
            headers.setdefault(name, []).append(value)
        result = {"statusCode": answer.status_code, "multiValueHeaders": headers, "body": answer.get_text(strict=False)}
        size = len(json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode())
        self._record.largest_result = max(self._record.largest_result, size)
        if size > self._terms.most_result:
            self._note("result too large", flow)
            flow.response = self._server_error(502, flow.request)
            return
        for name in DROPPED_FROM_ANSWERS:
            answer.headers.pop(name, None)
        for name in RENAMED:
            if name in answer.headers:
                answer.headers[f"x-amzn-Remapped-{name}"] = answer.headers.pop(name)
                self._note(f"renamed {name}", flow)

    def _server_error(self, status: int, request: Any) -> Any:
        """Return the API's own response to a server error, in the content type that the caller prefers."""
        told = json.loads(ctx.options.edge_server_error)
        templates = told["responseTemplates"]
        liked = request.headers.get("accept", "").partition(",")[0]
        kind = liked if liked in templates else "application/json"
        body = templates[kind].replace("$context.requestId", str(uuid.uuid4()))
        header = "gatewayresponse.header."
        headers = {name.removeprefix(header): value.strip("'") for name, value in told["responseParameters"].items()}
        return http.Response.make(status, body, {"Content-Type": kind, **headers})

    def _ended(self, flow: Any) -> None:
        self._calls.discard(flow.id)
        self._count_calls()

    def _count_calls(self) -> None:
        self._record.running = len(self._calls)
        self._record.most_running = max(self._record.most_running, len(self._calls))

    # ---- S3 ----

    def _fault_for(self, flow: Any) -> Fault | None:
        what = f"{flow.request.method} {flow.request.path}"
        for fault in self._terms.faults:
            if fault.times > 0 and re.search(fault.on, what):
                fault.times -= 1
                self._note(fault.do, flow)
                return fault
        return None

    def _s3_error(self, flow: Any, kind: str) -> Any:
        status, code, message = S3_ERRORS[kind]
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
        headers = {"Content-Type": "application/xml"}
        if origin := flow.request.headers.get("origin"):
            headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return http.Response.make(status, body, headers)

    # ---- control by the tests ----

    def _control(self, request: Any) -> Any:
        if request.method == "POST":
            told = json.loads(request.text)
            faults = [Fault(**fault) for fault in told.pop("faults", [])]
            self._terms = Terms(**told, faults=faults)
            self._record = Record(running=len(self._calls), most_running=len(self._calls))
            if self._terms.hold:
                self._released.clear()
            else:
                self._released.set()
        return _json(200, asdict(self._record))

    def _note(self, what: str, flow: Any) -> None:
        self._record.done.append(f"{what} {flow.request.method} {flow.request.path.partition('?')[0]}")

    def _is_gateway(self, client: Any) -> bool:
        return client.sockname[1] == ctx.options.edge_gateway_port


def _json(status: int, body: object) -> Any:
    return http.Response.make(status, json.dumps(body), {"Content-Type": "application/json"})


addons = [Edge()]
