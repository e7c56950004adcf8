"""What every request must be before we handle it.

Sent by one of our pages, to the exact address of a page, and with a readable body.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import OpenAPIRequestValidationMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Form

from backend.errors import BadRequest, CrossSite, NotFound

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NO_PAGES = ("/api/", "/static/")
# https://www.rfc-editor.org/rfc/rfc9110#name-safe-methods
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Resolver(APIGatewayRestResolver):
    """Powertools' resolver, which validates by type hints, with our way to take requests."""

    def __init__(self) -> None:
        """Validate what comes in and goes out."""
        super().__init__(enable_validation=True)
        self._request_validation_middleware = _Requests()


class _Requests(OpenAPIRequestValidationMiddleware):
    """Powertools takes JSON, forms and files for one another, and raises whatever its parsers raise.

    A page of another site can send a form, or a body that has no type, but JSON only where the server lets it: so what
    takes JSON takes nothing else. And browsers say whose page sends: https://www.w3.org/TR/fetch-metadata/
    """

    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        event = app.current_event
        ours = event.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
        if not ours and event.http_method not in SAFE_METHODS:
            raise CrossSite
        if "\n" in event.path:  # the end of a route's pattern is also before a last new line
            raise NotFound("There is nothing at this address.")
        own = _own_address(event.path, event.request_context.path)
        if own and not event.path.startswith(NO_PAGES):
            query = urlencode(event.multi_value_query_string_parameters, doseq=True, errors="replace")
            return Response(HTTPStatus.PERMANENT_REDIRECT, headers={"Location": f"{own}?{query}" if query else own})
        return super().handler(app, next_middleware)

    def _get_body(self, app: Any) -> dict[str, Any]:
        # A form may have several fields; what takes JSON takes one value.
        field, *_ = app.context["_route"].dependant.body_params
        wanted = FORM if isinstance(field.field_info, Form) else JSON
        sent = app.current_event.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if sent != wanted:
            raise BadRequest(f"The body must be sent with “Content-Type: {wanted}”.")
        try:
            return super()._get_body(app)
        except (ValueError, RecursionError) as error:  # more digits than a number may have, lists in lists in lists
            raise BadRequest("The body cannot be read.") from error


def _own_address(path: str, asked: str) -> str | None:
    """Return a page's real address, relative to the requested one (`asked`), or None if they are the same.

    API Gateway and Powertools ignore trailing slashes, and API Gateway also accepts the root without its slash
    (`/prod`). But all links in a page are relative to its own address. `path` is the same for `/prod` and `/prod/`;
    only the request context has the path with the stage, as the browser requested it:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    bare = path.rstrip("/")
    if not bare:
        extra = len(asked) - len(asked.rstrip("/")) - 1
        return "../" * extra or None if extra >= 0 else f"./{_last(asked)}/"
    return "../" * (len(path) - len(bare)) + _last(bare) if path != bare else None


def _last(path: str) -> str:
    return quote(path.rpartition("/")[2], safe="%:@!$&'()*+,;=", errors="replace")
