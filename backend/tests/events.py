"""Events as Lambda gets them from API Gateway and S3, and a context."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus


@dataclass
class Context:
    """What Powertools reads of Lambda's context, and the time that a test leaves."""

    function_name: str = "function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id: str = "invocation"
    remaining: Callable[[], float] = lambda: 300

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take."""
        return int(self.remaining() * 1000)


def request(
    method: str,
    path: str,
    *,
    body: object = None,
    raw: str | None = None,
    token: str | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    source: str = "192.0.2.1",
) -> dict[str, Any]:
    """Return API Gateway's event for a request; `raw` is a body as it is, `body` one to spell as JSON."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "request-1",
            "path": f"/prod{path}",
            "httpMethod": method,
            "stage": "prod",
            "identity": {"sourceIp": source},
        },
        "body": raw if raw is not None or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def arrivals(*keys: str) -> dict[str, Any]:
    """Return a batch from the queue: a message of S3 for each object that arrived, with `message-1`, … as ids."""
    return messages(*(json.dumps({"Records": [s3_record(key)]}) for key in keys))


def s3_record(key: str) -> dict[str, Any]:
    """Return S3's record of an object that arrived."""
    place = {"bucket": {"name": "bucket"}, "object": {"key": quote_plus(key, safe="/")}}
    event = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2027-01-15T08:00:00.000Z"}
    return {**event, "s3": place}


def messages(*bodies: str) -> dict[str, Any]:
    """Return a batch from the queue with these bodies."""
    return {
        "Records": [
            {"messageId": f"message-{number}", "eventSource": "aws:sqs", "body": body}
            for number, body in enumerate(bodies, 1)
        ]
    }
