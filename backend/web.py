"""The web function: pages, static files and everything a sender does. Its role cannot read a byte of any file."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from backend.http.resolver import answer_of, resolver
from backend.http.routes import operating, owning, pages, receiving, reporting, sending, signing_in
from backend.settings import settings
from backend.telemetry import counting, log_versions, logger

log_versions()
app = resolver()
# The API's description has its addresses in this order.
for routes in (pages, signing_in, sending, operating, owning, receiving, reporting):
    app.include_router(routes.router)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request of API Gateway."""
    with counting():
        return answer_of(app, event, context)


@app.get("/api/openapi.json", include_in_schema=False)
def description() -> Response[str]:
    """Describe the API, what web and links answer."""
    from backend.http.openapi import openapi_json  # noqa: PLC0415
    from backend.http.routes import links_receiving  # noqa: PLC0415  no other request should pay for importing them

    return Response(HTTPStatus.OK, "application/json", openapi_json(settings(), app, links_receiving.app))
