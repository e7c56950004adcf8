"""Look at one object in S3, whoever asks for it, and tell the operator what came of it."""

from aws_lambda_powertools.metrics import MetricUnit

from backend import wiring
from backend.services.arriving import NewlyStored
from backend.telemetry import logger, metrics


def look(key: str, *, since: float | None = None) -> bool:
    """Make the object under `key` downloadable if it is what was declared; tell whether S3 has anything there.

    `since`, in epoch seconds, is when S3's event says that it was there.
    """
    logger.append_keys(key=key)
    found = wiring.arriving().arrived(key, since=since)
    if isinstance(found, NewlyStored):
        logger.info("file stored", extra={"bytes": found.bytes})
        metrics.add_metric(name="BytesStored", unit=MetricUnit.Bytes, value=found.bytes)
        if found.delay is not None:
            metrics.add_metric(name="SecondsToLink", unit=MetricUnit.Seconds, value=found.delay)
    return found != "absent"
