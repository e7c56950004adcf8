"""Signing in with the operator's passphrase, and out again. With accounts, the page itself signs people in."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Form
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from backend import messages, wiring
from backend.errors import NotFound, PassphraseWrong, TooManyTries
from backend.http.caller import SESSION_COOKIE, caller, kept_cookie
from backend.http.resolver import page, reader, to_form
from backend.pages import render as pages
from backend.settings import settings

router = APIGatewayRouter()


@router.post("/sign-in", include_in_schema=False)
def sign_in(passphrase: Annotated[str, Form(max_length=messages.MAX_PASSWORD)]) -> Response[Any]:
    """Trade the passphrase for a session cookie."""
    if settings().upload_access != "passphrase":
        raise NotFound("There is nothing at this address.")
    try:
        begun = wiring.signing_in().sign_in(passphrase, caller(router, "").address)
    except (PassphraseWrong, TooManyTries) as error:
        again = page(router, error.status, "sign_in.html", depth=0, error=pages.error_text(reader(router), error))
        again.headers |= error.headers()
        return again
    cookie = kept_cookie(router, SESSION_COOKIE, begun, settings().session_seconds)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": "./"}, cookies=[cookie])


@router.get("/sign-in", include_in_schema=False)
def sign_in_page() -> Response[None]:
    """Lead to the page that asks for the passphrase."""
    return to_form(router, "./")


@router.post("/sign-out", include_in_schema=False)
def sign_out() -> Response[Any]:
    """Take the session cookie away from this browser."""
    return Response(
        HTTPStatus.SEE_OTHER, headers={"Location": "./"}, cookies=[kept_cookie(router, SESSION_COOKIE, "", 0)]
    )
