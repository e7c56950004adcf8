"""The takedown function: moves the files of a transfer that operators have blocked on their page to the evidence.

It does what `make takedown` does at a terminal. Its role reaches the evidence, so it answers no request of anybody
outside: web alone may call it, and names nothing but the transfer.
"""

import time
from functools import cache
from typing import Any

from backend.errors import Conflict, NotFound
from backend.operators import Operators
from backend.settings import settings
from backend.telemetry import logger
from backend.wiring import bucket, table


@cache
def operators() -> Operators:
    """Return the operator's side on the real table and bucket."""
    return Operators(records=table(), objects=bucket(), settings=settings(), now=time.time)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> None:
    """Secure the evidence of one blocked transfer. What fails raises, so that Lambda calls again, up to twice."""
    transfer: str = event["transfer"]
    logger.append_keys(transfer=transfer)
    try:
        case = operators().secure(transfer)
    except (Conflict, NotFound):
        logger.warning("given back or erased meanwhile")
        return
    outcomes = [each.outcome for each in case.files]
    logger.info("evidence secured", extra={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))})
