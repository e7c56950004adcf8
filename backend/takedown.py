"""The takedown function: moves the files of a transfer that operators have blocked on their page to the evidence.

It does what `make takedown` does at a terminal. Its role reaches the evidence, so it answers no request of anybody
outside: web alone may call it, and names nothing but the transfer.
"""

from collections.abc import Callable
from time import sleep as pause
from typing import Any

from backend import wiring
from backend.errors import BeingHandled, Conflict, NotFound
from backend.services.operating import Case
from backend.telemetry import log_versions, logger

log_versions()

LOOK_SECONDS = 5
# What is left of 15 minutes for the work itself after waiting for somebody else's.
SPARE_MILLISECONDS = 300_000


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> None:
    """Secure the evidence of one blocked transfer. What fails raises, so that Lambda calls again, up to twice."""
    transfer: str = event["transfer"]
    logger.append_keys(transfer_id=transfer)
    # Should time run out, this line is all that tells which transfer it was.
    logger.info("securing evidence")
    try:
        case = _secure(transfer, lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS)
    except Exception as error:
        if isinstance(error, (Conflict, NotFound)) and not isinstance(error, BeingHandled):
            logger.warning("given back or erased meanwhile")
            return
        logger.exception("evidence not secured")
        raise
    outcomes = [each.outcome for each in case.files]
    logger.info("evidence secured", extra={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))})


def _secure(transfer: str, in_time: Callable[[], bool]) -> Case:
    """Do it, once whoever is at it has ended; raise `BeingHandled` if that takes too long."""
    while True:
        try:
            return wiring.operating().secure(transfer)
        except BeingHandled:
            if not in_time():
                raise
            pause(LOOK_SECONDS)
