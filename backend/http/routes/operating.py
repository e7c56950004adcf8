"""What operators do on their page: look through all transfers, and block one."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from backend import messages, wiring
from backend.errors import Invalid, NotFound
from backend.http.caller import ACCOUNT, known_account, known_id
from backend.http.resolver import page
from backend.messages import answers
from backend.rules.transfer import moment
from backend.settings import settings
from backend.telemetry import logger

router = APIGatewayRouter()

OPERATORS_PAGE = 50


@router.get("/operator", include_in_schema=False)
def operator_page() -> Response[str]:
    """Show the page that lists every transfer to operators; what it lists, the API tells nobody else."""
    if settings().upload_access != "cognito":
        raise NotFound("There is nothing at this address.")
    sign_in = {"address": settings().sign_in_address, "client": settings().sign_in_client}
    return page(router, HTTPStatus.OK, "operator.html", depth=0, sign_in=sign_in)


@router.get(
    "/api/operator/transfers",
    operation_id="listAllTransfers",
    security=ACCOUNT,
    responses=answers(200, messages.ListedTransfers, 401, 404, 422),
)
def all_transfers(cursor: Annotated[str | None, Query(max_length=60)] = None) -> messages.ListedTransfers:
    """Return every transfer, newest first; for operators only."""
    _operator()
    try:
        found = wiring.operating().list(OPERATORS_PAGE, cursor)
    except ValueError as error:
        raise Invalid({"cursor": str(error)}) from error
    return messages.ListedTransfers(
        transfers=[
            messages.ListedTransfer(
                id=one.id,
                state=one.state,
                files=one.files,
                bytes=one.bytes,
                downloads=one.downloads,
                reports=one.reports,
                created=moment(one.created),
                expires_at=moment(one.expires_at),
                sender=one.sender,
            )
            for one in found.transfers
        ],
        next=found.next,
    )


@router.post(
    "/api/operator/transfers/<transfer>/block",
    status_code=204,
    operation_id="blockTransfer",
    security=ACCOUNT,
    responses=answers(204, None, 401, 404),
)
def block_transfer(transfer: str) -> Response[None]:
    """Close a transfer to everybody at once, then move its files to the evidence; operators only. May be repeated."""
    _operator()
    wiring.operating().block(known_id(transfer))
    logger.warning("transfer blocked by an operator")
    wiring.takedowns().begin(transfer)
    return Response(HTTPStatus.NO_CONTENT)


def _operator() -> None:
    """Raise `NotFound` for whoever is no operator: what there is to operate is nobody else's business."""
    if not known_account(router).operator:
        raise NotFound("There is nothing at this address.")
