"""The OpenAPI description of the API, merged from the resolvers of web and links."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, HTTPBearer

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


def openapi_json(*apps: APIGatewayRestResolver) -> str:
    """Return what these resolvers take and answer, as JSON."""
    whole: dict[str, Any] = {}
    for app in apps:
        one = json.loads(
            app.get_openapi_json_schema(
                title="Sidestep",
                version="1",
                description="Files of any size go from the browser straight to S3, and come back by a link.",
                security_schemes={"owner": _OWNER, "session": _SESSION, "account": _ACCOUNT},
            )
        )
        whole = whole or {**one, "servers": [{"url": ".."}]}
        for path, operations in one["paths"].items():
            whole["paths"].setdefault(path, {}).update(operations)
        whole["components"]["schemas"].update(one["components"]["schemas"])
    return json.dumps(whole, ensure_ascii=False, indent=2)
