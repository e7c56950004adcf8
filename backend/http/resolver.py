"""What web and links share at their HTTP edge: the resolver, how errors become answers, and pages as answers."""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.shared.cookies import Cookie, SameSite
from botocore.exceptions import BotoCoreError, ClientError

from backend import messages
from backend.errors import BadRequest, Invalid, MethodNotAllowed, NotFound, SidestepError, Unavailable
from backend.http.caller import App, cookie_of
from backend.http.headers import Origins, every_answer, page_policy
from backend.http.requests import Resolver
from backend.pages import render as pages
from backend.pages.words import LANGUAGES, Words, best_language, words
from backend.settings import settings
from backend.telemetry import count_failure, logger
from backend.wiring import bucket

Event = dict[str, Any]

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, DynamoDB's Programming.Errors, KMS's API_Sign and
# Lambda's API_Invoke
_BUSY = frozenset(
    {
        "DependencyTimeoutException",
        "InternalError",
        "InternalServerError",
        "KMSInternalException",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_BUSY_STATUS = frozenset({500, 502, 503, 504})
# Of what is wrong with a request so much is told: the names of unknown fields are the sender's, and Lambda fails an
# answer of more than 6 MB.
MOST_PROBLEMS = 20
MOST_FIELD_CHARACTERS = 200
LANGUAGE_COOKIE = "lang"
YEAR = 365 * 86_400


@cache
def origins() -> Origins:
    """Return whom pages talk to beside our own server: the bucket or what serves it, and where people sign in."""
    return Origins(uploads=bucket().origin(), downloads=bucket().downloads_origin(), sign_in=settings().sign_in_address)


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates by type hints, describes itself, and answers errors in our shape."""
    app = Resolver()

    @app.exception_handler(SidestepError)
    def known(error: SidestepError) -> Response[Any]:
        return _answer(app, error)

    @app.exception_handler(RequestValidationError)
    def unreadable(error: RequestValidationError) -> Response[Any]:
        found = error.errors()
        if any(problem["type"] == "json_invalid" for problem in found):
            return _answer(app, BadRequest("The body is not JSON."))
        fields = {_field(problem["loc"]): problem["msg"] for problem in found[:MOST_PROBLEMS]}
        return _answer(app, Invalid(fields))

    @app.exception_handler([ClientError, BotoCoreError])
    def refused(error: Exception) -> Response[Any]:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else type(error).__name__
        if isinstance(error, ClientError) and not _passes(error):
            return broken(error)
        logger.warning("AWS is busy", extra={"aws_error": code})
        return _answer(app, Unavailable())

    @app.exception_handler(Exception)
    def broken(error: Exception) -> Response[Any]:
        logger.error("unexpected error", exc_info=error)
        count_failure()
        return _answer(app, SidestepError("Something went wrong on our side. Nothing was changed; please try again."))

    @app.not_found
    def unknown(_: NotFoundError) -> Response[Any]:
        allowed = _methods_at(app, app.current_event.path)
        if not allowed:
            return _answer(app, NotFound("There is nothing at this address."))
        return _answer(app, MethodNotAllowed(*allowed))

    return app


def answer_of(app: APIGatewayRestResolver, event: Event, context: Any) -> Event:
    """Resolve one request, and add the headers that every answer carries."""
    logger.append_keys(correlation_id=event["requestContext"]["requestId"])
    answer = app.resolve(event, context)
    answer["body"] = answer["body"] or ""  # the gateway takes no null
    https = app.current_event.headers.get("X-Forwarded-Proto") == "https"
    common = {"Cache-Control": "no-store", **every_answer(https=https)}
    answer["multiValueHeaders"] = {name: [value] for name, value in common.items()} | answer["multiValueHeaders"]
    return answer


def reader(app: App) -> Words:
    """Return the texts in the reader's language: the one just chosen, or chosen before, or the browser's."""
    event = app.current_event
    for chosen in ((event.query_string_parameters or {}).get("lang"), cookie_of(app, LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return words(chosen)
    return words(best_language(event.headers.get("Accept-Language", "")))


def page(app: App, status: int, name: str, /, *, depth: int, **context: Any) -> Response[str]:
    """Return a page with its policy, and have the browser remember a language that was chosen with it."""
    language = reader(app).language
    body = pages.render(name, depth=depth, language=language, **context)
    chosen = (app.current_event.query_string_parameters or {}).get("lang") == language
    cookie = Cookie(LANGUAGE_COOKIE, language, path="/", max_age=YEAR, same_site=SameSite.LAX_MODE, secure=False)
    headers = {"Content-Security-Policy": page_policy(name, origins())}
    return Response(status, "text/html; charset=utf-8", body, headers, cookies=[cookie] if chosen else None)


def to_form(app: App, place: str) -> Response[None]:
    """Lead to where a form is, in the language just chosen.

    A form that came back stands at the address that it was sent to, and so do the links to other languages at its foot.
    """
    chosen = (app.current_event.query_string_parameters or {}).get("lang")
    language = f"?lang={chosen}" if chosen in LANGUAGES else ""
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": place + language})


def _passes(error: ClientError) -> bool:
    """Tell whether the same call may succeed a little later.

    A response without a body, as to a HEAD, or one that was cut off has no code; botocore still gives it a status.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status in _BUSY_STATUS or error.response.get("Error", {}).get("Code") in _BUSY


def _field(place: Sequence[str | int]) -> str:
    """Spell where in a request something stands: `files.0.size`."""
    return ".".join(map(str, place[1:]))[:MOST_FIELD_CHARACTERS] or "body"


def _answer(app: APIGatewayRestResolver, error: SidestepError) -> Response[Any]:
    """Answer JSON under `api/`, a page elsewhere."""
    path = app.current_event.path
    if path.startswith("/api/"):
        body = messages.ErrorBody(
            code=error.code,
            message=str(error),
            request_id=app.current_event.request_context.request_id or "",
            **error.details(),
        )
        headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
        headers |= error.headers()
        return Response(error.status, "application/json", messages.ErrorAnswer(error=body).model_dump_json(), headers)
    title, message = pages.error_title(reader(app), error), pages.error_text(reader(app), error)
    depth = path.count("/") - 1
    answer = page(app, error.status, "error.html", depth=depth, status=error.status, title=title, message=message)
    answer.headers |= error.headers()
    return answer


def _methods_at(app: APIGatewayRestResolver, path: str) -> list[str]:
    routes = [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return sorted({method for route in routes if route.rule.match(path) for method in [route.method]})
