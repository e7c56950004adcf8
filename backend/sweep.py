"""The sweep function: the schedule has it erase what is left of transfers that are over."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from backend import wiring
from backend.telemetry import counting, log_versions, logger, metrics

log_versions()

# A page of files that has been begun should come to its end before Lambda does.
SPARE_MILLISECONDS = 30_000


@logger.inject_lambda_context(clear_state=True)
def handler(_event: object, context: Any) -> dict[str, Any]:
    """Sweep until nothing is left or time is up, and say how far it came; the index shows the next run what is left."""
    with counting():
        report = sweep(lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS)
    logger.info("sweep ended", extra=report)
    return report


def sweep(in_time: Callable[[], bool]) -> dict[str, Any]:
    """Sweep one transfer after the other; one that fails is left to the next run, and stops none of the others."""
    swept = failed = 0
    for transfer in wiring.expiring().over():
        try:
            swept += _sweep(transfer, in_time)
        except Exception:  # noqa: BLE001  whatever it is, the others must not wait for it
            logger.exception("a transfer could not be swept", extra={"transfer": transfer})
            metrics.add_metric(name="SweepFailures", unit=MetricUnit.Count, value=1)
            failed += 1
        if not in_time():
            return {"swept": swept, "failed": failed, "finished": False}
    return {"swept": swept, "failed": failed, "finished": True}


def _sweep(transfer: str, in_time: Callable[[], bool]) -> bool:
    """Sweep one transfer, and tell whether this was the end of it."""
    erased = wiring.expiring().sweep(transfer, in_time)
    if erased is None:
        return False
    if erased.bytes:
        metrics.add_metric(name="BytesFreed", unit=MetricUnit.Bytes, value=erased.bytes)
    if erased.whole:
        metrics.add_metric(name="TransfersSwept", unit=MetricUnit.Count, value=1)
    return erased.whole
