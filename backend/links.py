"""The links function: S3 tells it what arrived, API Gateway asks it for what only it may sign. It writes no byte."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord

from backend import messages
from backend.entry import LINK, answer_of, caller, counting, downloads, known_id, logger, metrics, resolver
from backend.messages import answers

app = resolver()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Take S3's event, or answer a request of API Gateway."""
    with counting():
        return arrived(S3Event(event)) if "Records" in event else answer_of(app, event, context)


def arrived(event: S3Event) -> None:
    """Make each object that arrived downloadable.

    Every record is tried, whatever happens to the others. If any fails, Lambda runs the event again (which does the
    good ones no harm) and in the end puts it into the dead-letter queue.
    """
    failed: list[Exception] = []
    for record in event.records:
        try:
            _arrived(record)
        except Exception as error:  # noqa: BLE001  one bad record must not keep the others waiting
            logger.exception(
                "a record failed", extra={"key": record.raw_event.get("s3", {}).get("object", {}).get("key")}
            )
            metrics.add_metric(name="Failures", unit=MetricUnit.Count, value=1)
            failed.append(error)
    if failed:
        raise ExceptionGroup("records that failed", failed)


def _arrived(record: S3EventRecord) -> None:
    stored = downloads().arrived(unquote_plus(record.s3.get_object.key))
    if stored is None:
        return
    logger.info("file stored", extra={"bytes": stored.bytes})
    metrics.add_metric(name="BytesStored", unit=MetricUnit.Bytes, value=stored.bytes)
    metrics.add_metric(name="SecondsToLink", unit=MetricUnit.Seconds, value=stored.delay)


@app.get(
    "/api/transfers/<transfer>",
    operation_id="getTransfer",
    security=LINK,
    responses=answers(200, messages.TransferStatus, 401, 403, 404, 422),
)
def status(transfer: str, since: Annotated[str | None, Query(max_length=200)] = None) -> messages.TransferStatus:
    """Return a transfer with what is new or changed since the cursor of an earlier answer."""
    return downloads().status(known_id(transfer), caller(app, transfer), since)


@app.get("/t/<transfer>/files/<number>", include_in_schema=False)
def download(transfer: str, number: int) -> Response[Any]:
    """Send the recipient to a fresh, short-lived presigned GET."""
    url = downloads().download(known_id(transfer), number, caller(app, transfer))
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": url})
