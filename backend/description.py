"""The OpenAPI description of both functions' addresses, made from their code."""

import json
from functools import cache

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from backend import links_routes, web

TITLE = "Sidestep"


@cache
def openapi_json() -> str:
    """Return the description as JSON."""
    described = [
        json.loads(
            app.get_openapi_json_schema(
                title=TITLE,
                version="1",
                description="Files of any size go from the browser straight to S3, and come back by a link.",
                security_schemes={
                    "owner": HTTPBearer(bearerFormat="owner token", description="told once, when a transfer is created")
                },
            )
        )
        for app in (web.app, links_routes.app)
    ]
    merged = described[0]
    for path, operations in described[1]["paths"].items():
        merged["paths"].setdefault(path, {}).update(operations)
    merged["components"]["schemas"].update(described[1]["components"]["schemas"])
    merged["servers"] = [{"url": ".."}]
    return json.dumps(merged, ensure_ascii=False, indent=2)
