"""Look at one object in S3, whoever asks for it, and tell the operator what came of it."""

import time
from functools import cache

from aws_lambda_powertools.metrics import MetricUnit

from backend.services.arriving import Arrivals, NewlyStored
from backend.settings import settings
from backend.telemetry import logger, metrics
from backend.wiring import bucket, table


@cache
def arrivals() -> Arrivals:
    """Return S3's side on the real table and bucket."""
    return Arrivals(records=table(), objects=bucket(), public=settings().public_downloads, now=time.time)


def look(key: str, *, since: float | None = None) -> bool:
    """Make the object under `key` downloadable if it is what was declared; tell whether S3 has anything there.

    `since`, in epoch seconds, is when S3's event says that it was there.
    """
    logger.append_keys(key=key)
    found = arrivals().arrived(key, since=since)
    if isinstance(found, NewlyStored):
        logger.info("file stored", extra={"bytes": found.bytes})
        metrics.add_metric(name="BytesStored", unit=MetricUnit.Bytes, value=found.bytes)
        if found.delay is not None:
            metrics.add_metric(name="SecondsToLink", unit=MetricUnit.Seconds, value=found.delay)
    return found != "absent"
