"""API Gateway's own responses, with our headers, and how many requests it and Lambda handle at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from backend.http.headers import every_answer
from e2e.cloud import Answer
from e2e.sending import MIB
from e2e.verify.report import Check, NotTriedError, came
from e2e.verify.target import Target

BURST = 40
NOT_THERE = "api/x/y/z"
FEW = 4
# More than API Gateway takes: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
TOO_LARGE = 11 * MIB
AT_ONE_TIME = 64
FLOOD_SECONDS = 20
# How a program and a browser ask.
PROGRAM = "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CALLERS = (PROGRAM, BROWSER)


def own_401(target: Target) -> str:
    """List one's transfers without an account's token, which the gateway's authorizer refuses."""
    if target.cloud.settings.upload_access != "cognito":
        raise NotTriedError("the gateway checks tokens only with upload_access=cognito")
    return _answer(target, target.cloud.call("GET", "api/transfers"), HTTPStatus.UNAUTHORIZED, "sign_in_needed")


def not_there(target: Target) -> str:
    """Ask for an address that does not exist.

    The stack's greedy resources match every address, so the function responds. If the gateway responds itself, the
    response has to be the same.
    """
    return _answer(target, target.cloud.call("GET", NOT_THERE), HTTPStatus.NOT_FOUND, "not_found")


def own_413(target: Target) -> str:
    """Send a body that is too large for the gateway, whose response cannot be customized."""
    target.not_local("accepts bodies of any size")
    headers = {"Content-Type": "application/json"}
    answer = target.cloud.call("POST", "api/transfers", raw=b" " * TOO_LARGE, headers=headers)
    return came(str(answer.status), ok=answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def burst(target: Target) -> str:
    """Have forty people ask for the page at the same time."""
    # The local cloud starts a Python process for each concurrent request.
    at_once = FEW if target.is_local else BURST
    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        statuses = Counter(pool.map(lambda _: target.cloud.call("GET", "").status, range(BURST)))
    counted = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
    text = f"{counted} in {time.monotonic() - began:.1f} s, {at_once} at a time"
    return came(text, ok=statuses == {HTTPStatus.OK: BURST})


def own_429(target: Target) -> str:
    """Send more requests than the stage allows, until it rejects one of a program and one of a browser.

    It also rejects other people's requests in these seconds; their pages retry.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """
    target.not_local("is slower than its own limit")
    api, name = target.resource("ApiGateway::RestApi"), target.resource("ApiGateway::Stage")
    stage = target.cloud.client("apigateway").get_stage(restApiId=api, stageName=name)
    limits = stage["methodSettings"]["*/*"]
    rate, most = limits["throttlingRateLimit"], limits["throttlingBurstLimit"]
    sent, began, seconds = 0, time.monotonic(), 0.0
    refused: dict[str, Answer] = {}
    with ThreadPoolExecutor(AT_ONE_TIME) as pool:
        while len(refused) < len(CALLERS) and (seconds := time.monotonic() - began) < FLOOD_SECONDS:
            asked = [*CALLERS] * AT_ONE_TIME * 2
            # An address that costs the function no work.
            answers = pool.map(lambda kind: target.cloud.call("GET", NOT_THERE, headers={"Accept": kind}), asked)
            for kind, answer in zip(asked, answers, strict=True):
                sent += 1
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                    refused[kind] = answer
    if len(refused) == len(CALLERS):
        text = _answer(target, refused[PROGRAM], HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests")
        page = refused[BROWSER].headers.get("Content-Type", "")
        text = f"{text}; {page} for a browser, among {sent} requests in {time.monotonic() - began:.1f} s"
        return came(text, ok=page.startswith("text/html"))
    text = f"no 429 among {sent} requests in {seconds:.1f} s, with a limit of {rate} a second and a burst of {most}"
    if sent <= most + rate * seconds:
        raise NotTriedError(f"this machine cannot send fast enough: {text}")
    return came(text, ok=False)


def without_slash(target: Target) -> str:
    """Ask for the page without the trailing slash of its address, where no relative address would work."""
    target.not_local("treats it like the one with the slash")
    if urlsplit(target.cloud.address).path == "/":
        raise NotTriedError("the page is at the root of its host")
    url = target.cloud.address.rstrip("/")
    answer = target.cloud.call("GET", url)
    location = answer.headers.get("Location", "")
    leads = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
    text = f"{answer.status} {urlsplit(location).path}".strip()
    return came(text, ok=leads and urljoin(url, location) == target.cloud.address)


def _answer(target: Target, answer: Answer, status: HTTPStatus, code: str) -> str:
    """Check that a response is an error in our form, with the headers that all our responses have."""
    https = target.cloud.address.startswith("https:")
    common = {"Cache-Control": "no-store", **every_answer(https=https)}
    # The gateway's own policy also allows the style of its pages.
    missing = [name for name, value in common.items() if not answer.headers.get(name, "").startswith(value)]
    kind = answer.headers.get("Content-Type", "")
    said = answer.error["code"] if kind.startswith("application/json") else kind
    text = f"{answer.status} {said}, " + (f"without {', '.join(missing)}" if missing else "all headers")
    return came(text, ok=answer.status == status and said == code and not missing)


CHECKS = (
    Check("The address without its trailing slash", "redirects to the one with it", without_slash),
    Check("The gateway's own 401", "401 sign_in_needed, all headers", own_401),
    Check("An address that does not exist", "404 not_found, all headers", not_there),
    Check("A request of over 10 MB", "413", own_413),
    Check(f"{BURST} requests at once", f"{BURST} times 200", burst),
    Check("More requests than the limit", "429 too_many_requests, all headers; a page for a browser", own_429),
)
