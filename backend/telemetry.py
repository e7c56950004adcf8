"""What the functions tell their operator: log lines and metrics. Never a token, a URL or a file's name."""

from collections.abc import Generator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()


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
