"""The links function: S3 tells it, by a queue, what arrived; API Gateway asks it for what only it may sign."""

import json
from typing import Any
from urllib.parse import unquote_plus

from backend.look import look
from backend.telemetry import count_failure, counting, log_versions, logger

log_versions()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Take a batch of S3's events from the queue, or answer a request of API Gateway."""
    with counting():
        if "Records" in event:
            return arrived(event["Records"])
        # A sender waits for the link: a cold start for S3's event should not load what only requests need.
        from backend import entry, links_routes  # noqa: PLC0415

        return entry.answer_of(links_routes.app, event, context)


def arrived(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Make each object that arrived downloadable, and name the messages that failed.

    Only these come back, and in the end lie among the dead letters; all others are done, whatever happens beside them.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in messages if not _done(each)]}


def _done(message: dict[str, Any]) -> bool:
    """Try every record of a message, whatever happens to the others. S3 sends one; its test event has none."""
    done = True
    for record in _records(message["body"]):
        try:
            look(unquote_plus(record["s3"]["object"]["key"]))
        except Exception:  # noqa: BLE001  one bad record must not keep the others waiting
            logger.exception("an arrival failed")
            count_failure()
            done = False
    return done


def _records(body: str) -> list[dict[str, Any]]:
    try:
        return list(json.loads(body).get("Records", []))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return [{}]  # nothing of S3's: it fails as a record does
