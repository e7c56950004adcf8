"""What API Gateway asks the links function for, because only its role may read: the status and the download route."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from backend import messages
from backend.entry import LINK, caller, downloads, known_id, resolver
from backend.messages import answers

app = resolver()


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
