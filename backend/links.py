"""The links function: S3 tells it, by a queue, what arrived; API Gateway asks it for what only it may sign."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from backend.look import look
from backend.telemetry import count_failure, counting, log_versions, logger

log_versions()

# The time that an invocation must have left to start another message. Usually one takes 0.1 s. If the response to a
# call is lost, S3's client times out after 11 s (3 to connect, 8 to read), the table's after 6 (2 and 4), and retries.
# If more than one response is lost, the function may time out: then the whole batch returns, which does no harm.
MESSAGE_MILLISECONDS = 12_000


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Take a batch of S3's events from the queue, or answer a request of API Gateway."""
    with counting():
        if "Records" in event:
            return arrived(event["Records"], context.get_remaining_time_in_millis)
        # A sender waits for the link: a cold start for S3's event should not load what only requests need.
        from backend.http.resolver import answer_of  # noqa: PLC0415
        from backend.http.routes.links_receiving import app  # noqa: PLC0415

        return answer_of(app, event, context)


def arrived(messages: list[dict[str, Any]], time_left: Callable[[], int]) -> dict[str, Any]:
    """Make each object that arrived downloadable, and name the messages that failed; `time_left` is in milliseconds.

    Only these return to the queue, and in the end to the dead-letter queue; all others are done, whatever fails. If S3
    or the table is slow and time runs out, the rest of the batch returns, too. The first message is always tried, so
    each batch gets shorter.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failed: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        if index and time_left() < MESSAGE_MILLISECONDS:
            logger.warning("a batch ended early", extra={"given_back": len(messages) - index})
            failed += messages[index:]
            break
        if not _done(message):
            failed.append(message)
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in failed]}


def _done(message: dict[str, Any]) -> bool:
    """Try every record of a message, whatever happens to the others. S3 sends one; its test event has none."""
    done = True
    for record in _records(message["body"]):
        try:
            at = record.get("eventTime")
            since = datetime.fromisoformat(at).timestamp() if at else None
            look(unquote_plus(record["s3"]["object"]["key"]), since=since)
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
