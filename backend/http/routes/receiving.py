"""What web answers to whoever has a link: the transfer's page, its password, and what is still arriving.

What needs a role that reads files, the status and the downloads, links answers: `links_receiving`.
"""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Form, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from backend import messages, wiring
from backend.errors import Invalid, MethodNotAllowed, PasswordNeeded, PasswordWrong, TooManyTries
from backend.http.caller import LINK, caller, grant_cookie, kept_cookie, known_id
from backend.http.resolver import page, reader, to_form
from backend.messages import answers
from backend.pages import render as pages
from backend.rules.passwords import GRANT_SECONDS
from backend.rules.transfer import is_page_address
from backend.services.receiving import Caller

router = APIGatewayRouter()

PRIVATE = "private, max-age=3600"
# S3 is asked for the parts of each; its sender has but a few under way at one time.
MOST_ARRIVING = 10
ARRIVING = rf"^[1-9][0-9]{{0,5}}(,[1-9][0-9]{{0,5}}){{0,{MOST_ARRIVING - 1}}}$"


@router.get(
    "/api/transfers/<transfer>/arriving",
    operation_id="getArriving",
    security=LINK,
    responses=answers(200, messages.ArrivingFiles, 401, 403, 404, 410, 422),
)
def arriving(transfer: str, files: Annotated[str, Query(max_length=100, pattern=ARRIVING)]) -> messages.ArrivingFiles:
    """Return how much S3 has of up to ten files that are sent in parts (`3,7`), as long as they are on their way."""
    numbers = [int(number) for number in files.split(",")]
    return wiring.receiving().arriving(transfer, caller(router, known_id(transfer)), numbers)


@router.get("/t/<transfer>", include_in_schema=False)
def transfer_page(transfer: str) -> Response[str]:
    """Show a transfer to whoever has its link, or ask for its password."""
    shown = Caller(grant=caller(router, known_id(transfer)).grant)
    try:
        status = wiring.receiving().status(transfer, shown, since=None)
    except PasswordNeeded:
        return page(router, HTTPStatus.OK, "password.html", depth=1, transfer_id=transfer, error=None)
    coming = [file.number for file in status.files if file.state == "pending" and file.size > file.part_size]
    arrived = wiring.receiving().arriving(transfer, shown, coming[:MOST_ARRIVING]).files if coming else []
    context = pages.transfer_context(reader(router), transfer, status, {file.number: file.bytes for file in arrived})
    return page(router, HTTPStatus.OK, "transfer.html", depth=1, transfer=context)


@router.get("/t/<transfer>/qr.svg", include_in_schema=False)
def qr_code(transfer: str, link: Annotated[str, Query(max_length=500)]) -> Response[str]:
    """Draw a transfer's link, which only the page knows in full, as a QR code; nothing else than that link."""
    host = router.current_event.headers.get("Host", "")
    if not is_page_address(link, host=host, transfer=known_id(transfer)):
        raise Invalid({"link": "must be the address of this transfer's page"})
    return Response(HTTPStatus.OK, "image/svg+xml", pages.qr_code(link), {"Cache-Control": PRIVATE})


@router.route(
    "/t/<transfer>/files/<number>",
    method=["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
    include_in_schema=False,
)
def only_get(transfer: str, number: str) -> Response[Any]:  # noqa: ARG001  as the address has them
    """Refuse what the links function does not take: the gateway sends it only the GETs, so that no HEAD is counted."""
    raise MethodNotAllowed("GET")


@router.post("/t/<transfer>/unlock", include_in_schema=False)
def unlock(transfer: str, password: Annotated[str, Form(max_length=messages.MAX_PASSWORD)]) -> Response[Any]:
    """Trade the password for a grant cookie."""
    try:
        grant = wiring.receiving().unlock(known_id(transfer), password)
    except (PasswordWrong, TooManyTries) as error:
        words = pages.error_text(reader(router), error)
        again = page(router, error.status, "password.html", depth=2, transfer_id=transfer, error=words)
        again.headers |= error.headers()
        return again
    cookie = kept_cookie(router, grant_cookie(transfer), grant, GRANT_SECONDS)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": f"../{transfer}"}, cookies=[cookie])


@router.get("/t/<transfer>/unlock", include_in_schema=False)
def unlock_page(transfer: str) -> Response[None]:
    """Lead to the page that asks for the password."""
    return to_form(router, f"../{known_id(transfer)}")
