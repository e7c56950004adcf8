"""What the functions tell their operator: log lines and metrics. Never a token, a URL or a file's name."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from backend.aws.clients import botocore_version

logger = Logger()
metrics = Metrics()


def log_versions() -> None:
    """Log the versions that a function runs on. Each entry point calls this on import, so once per cold start.

    Raises `RuntimeError` if botocore is too old; Lambda then logs the message and does not start the function.
    """
    logger.info("starting", extra={"python": sys.version.split()[0], "botocore": botocore_version()})


def count_failure() -> None:
    """Count a fault of ours."""
    metrics.add_metric(name="Failures", unit=MetricUnit.Count, value=1)


@contextmanager
def counting() -> Generator[None]:
    """Write out what was counted, if anything was: Powertools' own decorator warns when nothing was."""
    try:
        yield
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()
