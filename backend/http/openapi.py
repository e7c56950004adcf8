"""The OpenAPI description of the API, merged from the resolvers of web and links."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, HTTPBearer

from backend.settings import Settings

_SESSION = APIKey.model_validate(
    {
        "name": "session",
        "in": APIKeyIn.cookie,
        "description": "the cookie that `POST sign-in` sets, where the operator asks for a passphrase",
    }
)
_ACCOUNT = APIKey.model_validate(
    {
        "name": "Authorization",
        "in": APIKeyIn.header,
        "description": "the id token of the user pool, as it is, where people have accounts",
    }
)
_OWNER = HTTPBearer(bearerFormat="owner token", description="told once, when a transfer is created")


def openapi_json(limits: Settings, *apps: APIGatewayRestResolver) -> str:
    """Return what these resolvers take and answer, and how much of it, as JSON."""
    whole: dict[str, Any] = {}
    for app in apps:
        one = json.loads(
            app.get_openapi_json_schema(
                title="Sidestep",
                version="1",
                description="Files of any size go from the browser straight to S3, and come back by a link.\n\n"
                f"Here a file may have up to {limits.largest_file} bytes; a transfer {limits.max_files} files and"
                f" {limits.largest_transfer} bytes. In a day, from midnight to midnight UTC, one sender may begin"
                f" {limits.max_transfers_per_day_per_sender} transfers and announce"
                f" {limits.max_bytes_per_day_per_sender} bytes, all senders together {limits.max_transfers_per_day}"
                f" and {limits.max_bytes_per_day}. Bytes that are taken back before they arrived count no more.",
                security_schemes={"owner": _OWNER, "session": _SESSION, "account": _ACCOUNT},
            )
        )
        whole = whole or {**one, "servers": [{"url": ".."}]}
        for path, operations in one["paths"].items():
            for operation in operations.values():
                _put_right(operation["responses"])
            whole["paths"].setdefault(path, {}).update(operations)
        whole["components"]["schemas"].update(one["components"]["schemas"])
    for name in ("HTTPValidationError", "ValidationError"):
        del whole["components"]["schemas"][name]
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _put_right(responses: dict[str, Any]) -> None:
    """Take out what Powertools says of every address by itself: another form of 422, and that 204 has a body."""
    if "HTTPValidationError" in json.dumps(responses.get("422")):
        del responses["422"]
    responses.get("204", {}).pop("content", None)
