"""The responses that API Gateway generates itself: JSON in the form of our own errors, and a page for people.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
There is none for REQUEST_TOO_LARGE: API Gateway's response to a body of over 10 MB cannot be customized.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from html import escape

from backend.http.headers import every_answer
from infra.config import Config

AGAIN = "Try again"
HOME = "Open {brand}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The response for one response type; types without one here get that of DEFAULT_4XX or DEFAULT_5XX.

    Without a `status`, API Gateway's own stays. `code` and `message` are for programs, `title` and `words` for people.
    """

    kind: str
    status: int | None = None
    code: str
    message: str
    title: str
    words: str
    link: str = HOME
    headers: dict[str, str] = field(default_factory=dict[str, str])


ANSWERS = (
    Answer(
        kind="DEFAULT_4XX",
        code="bad_request",
        message="The request was refused. Check its address and its form.",
        title="That does not work",
        words="The request was refused. Check the address.",
    ),
    Answer(
        kind="DEFAULT_5XX",
        code="unavailable",
        message="Something went wrong on our side. Try again in a moment.",
        title="Something went wrong",
        words="Something went wrong on our side. Try again in a moment.",
        link=AGAIN,
    ),
    Answer(
        kind="UNAUTHORIZED",
        status=401,
        code="sign_in_needed",
        message="Sign in first, and send the token that you get.",
        title="Sign in first",
        words="This is for people who have signed in to {brand}.",
        link="Sign in",
    ),
    Answer(
        kind="EXPIRED_TOKEN",
        status=401,
        code="sign_in_needed",
        message="Your sign-in has ended. Sign in again.",
        title="Sign in again",
        words="Your sign-in has ended.",
        link="Sign in",
    ),
    *(
        Answer(
            kind=kind,
            status=404,
            code="not_found",
            message="There is nothing at this address.",
            title="Nothing here",
            words="There is nothing at this address.",
        )
        for kind in ("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND")
    ),
    Answer(
        kind="INTEGRATION_TIMEOUT",
        status=504,
        code="timeout",
        message="This takes longer than expected. Ask again in a moment.",
        title="This is taking a while",
        words="This takes longer than expected. Try again in a moment.",
        link=AGAIN,
    ),
    Answer(
        kind="INTEGRATION_FAILURE",
        status=504,
        code="unavailable",
        message="Something went wrong on our side. Try again in a moment.",
        title="Something went wrong",
        words="Something went wrong on our side. Try again in a moment.",
        link=AGAIN,
    ),
    Answer(
        kind="THROTTLED",
        status=429,
        code="too_many_requests",
        message="Too many requests at once. Try again in a second.",
        title="Too many requests",
        words="{brand} is getting too many requests right now. Try again in a moment.",
        link=AGAIN,
        # The token bucket refills continuously, at `requests_per_second`.
        headers={"Retry-After": "1"},
    ),
)

STYLE = (
    "body{margin:0;padding:2rem 1rem;font:1.0625rem/1.5 system-ui,sans-serif}"
    "main{max-width:32rem;margin:0 auto;overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25}"
    "a{color:inherit}"
)
# It loads nothing, not even from us: a throttled browser should send no more requests. So it is plain, and in English.
# It also contains nothing from the request: these templates cannot escape a variable.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · {brand}</title>
<style>{style}</style>
</head>
<body>
<main>
<p>{brand}</p>
<h1>{title}</h1>
<p>{words}</p>
<p><a href="{href}">{link}</a></p>
</main>
</body>
</html>
"""


def templates(answer: Answer, *, brand: str, address: str) -> dict[str, str]:
    """Return the response's body for each content type; `address` is where the page for people links to.

    API Gateway chooses a mapping template by the request's `Accept`, and uses the one for JSON if no other matches.
    AWS documents this for integration responses; of gateway responses it only says that a template has a content type.
    So clients that want JSON should ask for it, as our pages do.
    """
    error = {"code": answer.code, "message": answer.message, "request_id": "$context.requestId"}
    # A dollar sign would start one of API Gateway's variables.
    name = escape(brand).replace("$", "&#36;")
    page = PAGE.format(
        brand=name,
        style=STYLE,
        title=escape(answer.title),
        words=escape(answer.words).format(brand=name),
        # An empty href is the address that was requested.
        href="" if answer.link == AGAIN else address,
        link=escape(answer.link).format(brand=name),
    )
    return {"application/json": json.dumps({"error": error}), "text/html": page}


def headers(answer: Answer, config: Config) -> dict[str, str]:
    """Return the response's headers: the same as the functions', with a policy that allows the page's own style."""
    common = every_answer(https=not config.is_local)
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"{common['Content-Security-Policy']}; style-src 'sha256-{style}'"
    return {"Cache-Control": "no-store", **common, "Content-Security-Policy": policy, **answer.headers}
