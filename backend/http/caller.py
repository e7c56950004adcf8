"""Who is calling: what a request shows of that, and the cookies that keep it."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from backend.errors import NotFound, SignInNeeded
from backend.rules.accounts import Account, account_of
from backend.rules.addresses import household
from backend.rules.transfer import is_id
from backend.services.receiving import Caller
from backend.settings import settings
from backend.telemetry import logger

# A resolver, or a file's own part of its routes: both have the request that is being answered.
App = APIGatewayRestResolver | APIGatewayRouter

# OpenAPI's way to say who may call: the owner, who has signed in where that is asked for, or anybody with the link
# (where the owner's token shows more).
OWNER: list[dict[str, list[str]]] = [{"owner": []}]
SENDER: list[dict[str, list[str]]] = [{}, {"session": []}, {"account": []}]
ACCOUNT: list[dict[str, list[str]]] = [{"account": []}]
LINK: list[dict[str, list[str]]] = [{}, {"owner": []}]

SESSION_COOKIE = "session"


def caller(app: App, transfer: str) -> Caller:
    """Return who asks for this transfer: owner token or grant cookie, and the address that the gateway saw.

    Anybody can write anything into X-Forwarded-For, so that is not believed.
    """
    scheme, _, token = app.current_event.headers.get("Authorization", "").partition(" ")
    return Caller(
        token=token.strip() if scheme.lower() == "bearer" and token.strip() else None,
        grant=cookie_of(app, grant_cookie(transfer)),
        address=app.current_event.request_context.identity.source_ip or "",
    )


def account(app: App) -> Account | None:
    """Return whose account asks, as far as the gateway's authorizer was asked to check that."""
    claims = (app.current_event.raw_event["requestContext"].get("authorizer") or {}).get("claims")
    return account_of(claims, settings().sign_in_client) if claims else None


def known_account(app: App) -> Account:
    """Return whose account asks; raise `SignInNeeded` where it is nobody's."""
    found = account(app)
    if found is None:
        raise SignInNeeded
    return found


def session(app: App) -> str | None:
    """Return the session that the caller shows."""
    return cookie_of(app, SESSION_COOKIE)


def kept_cookie(app: App, name: str, value: str, seconds: int) -> Cookie:
    """Return a cookie that no script reads and no other site's form sends; `seconds` of 0 takes it away."""
    return Cookie(
        name,
        value,
        path="/",
        secure=app.current_event.headers.get("X-Forwarded-Proto") != "http",
        http_only=True,
        max_age=seconds,
        same_site=SameSite.LAX_MODE,
    )


def sender(app: App) -> str:
    """Return what tells one sender from another for a day's limits: the account, or else the address of the request.

    Everybody behind one address, of IPv6 one /64, is one sender. Only a hash of this is kept, see `rules.quota.Budget`.
    """
    known = account(app)
    return known.sender if known else household(app.current_event.request_context.identity.source_ip or "")


def grant_cookie(transfer: str) -> str:
    """Return the name of the cookie that holds a grant: one for each transfer, for they share a path."""
    return f"grant-{transfer}"


def known_id(transfer: str) -> str:
    """Return a well-formed id, and have every log line name it; raise `NotFound` for anything else."""
    if not is_id(transfer):
        raise NotFound
    logger.append_keys(transfer_id=transfer)
    return transfer


def cookie_of(app: App, name: str) -> str | None:
    """Return a cookie's value.

    What stands beside it is not ours to judge: `SimpleCookie` finds nothing at all where a cookie that another site
    under the same domain has set is not as it likes them.
    """
    pairs = (each.partition("=") for each in app.current_event.headers.get("Cookie", "").split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs}.get(name)
