"""Sending, for whoever may: begin a transfer, and find again what the account has sent.

The rest of sending needs a transfer's owner token: `owning`.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from aws_lambda_powertools.metrics import MetricUnit

from backend import messages, wiring
from backend.http.caller import ACCOUNT, SENDER, account, known_account, known_id, sender, session
from backend.messages import answers
from backend.telemetry import logger, metrics

router = APIGatewayRouter()


@router.post(
    "/api/transfers",
    status_code=201,
    operation_id="createTransfer",
    security=SENDER,
    responses=answers(201, messages.CreatedTransfer, 400, 401, 403, 422, 429),
)
def create_transfer(asked: Annotated[messages.NewTransfer, Body()]) -> messages.CreatedTransfer:
    """Begin a transfer and sign its first parts."""
    known = account(router)
    wiring.signing_in().admit(session(router), known)
    created = wiring.sending().create(asked, sender(router), known)
    logger.append_keys(transfer_id=created.id)
    logger.info("transfer created", extra={"files": len(asked.files), "bytes": asked.total})
    metrics.add_metric(name="TransfersCreated", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="BytesReserved", unit=MetricUnit.Bytes, value=asked.total)
    return created


@router.get(
    "/api/transfers",
    operation_id="listTransfers",
    security=ACCOUNT,
    responses=answers(200, messages.SentTransfers, 401),
)
def sent_transfers() -> messages.SentTransfers:
    """Return what the account has sent; only where people have accounts."""
    return wiring.sending().sent(known_account(router))


@router.post(
    "/api/transfers/<transfer>/owner",
    operation_id="claimTransfer",
    security=ACCOUNT,
    responses=answers(200, messages.OwnerToken, 401, 404, 410),
)
def claim_transfer(transfer: str) -> messages.OwnerToken:
    """Give the account that has sent a transfer, or an operator, an owner token for it."""
    return wiring.sending().claim(known_id(transfer), known_account(router))
