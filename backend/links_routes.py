"""What API Gateway asks the links function for, because only its role may read: the status and the download route."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from backend import messages
from backend.entry import LINK, caller, downloads, known_id, resolver
from backend.look import look
from backend.messages import answers
from backend.transfers import key_of

app = resolver()

CHECK = r"^[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){0,19}$"


@app.get(
    "/api/transfers/<transfer>",
    operation_id="getTransfer",
    security=LINK,
    responses=answers(200, messages.TransferStatus, 401, 403, 404, 422),
)
def status(
    transfer: str,
    since: Annotated[str | None, Query(max_length=200)] = None,
    check: Annotated[str | None, Query(max_length=200, pattern=CHECK)] = None,
) -> messages.TransferStatus:
    """Return a transfer with what is new or changed since the cursor of an earlier answer.

    `check` names up to 20 files (`3,7`) that S3 must have, although nothing has been heard of them: they are looked at
    first, as if S3's event had come, so that a lost event strands nobody.
    """
    shown = caller(app, known_id(transfer))
    if check:
        downloads().admit(transfer, shown)
        for number in check.split(","):
            look(key_of(transfer, int(number)))
    return downloads().status(transfer, shown, since)


@app.get("/t/<transfer>/files/<number>", include_in_schema=False)
def download(transfer: str, number: int) -> Response[Any]:
    """Send the recipient to a fresh, short-lived presigned GET."""
    url = downloads().download(known_id(transfer), number, caller(app, transfer))
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": url})
