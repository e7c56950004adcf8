"""What API Gateway and Lambda themselves do to requests, and how callers deal with it."""

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest

from backend.rules.addresses import household
from e2e.attacks.attacker import FORM
from e2e.cloud import Cloud, eventually
from e2e.edge.proxy import API, Edge
from e2e.sending import begin
from e2e.test_limits import used
from infra.web import STAGE

# Three at once, and no more for the next hundred seconds.
SLOW = {"rateLimit": "0.01", "burstLimit": "3"}


@pytest.mark.parametrize(
    ("size", "done", "words"),
    [
        (10 * 2**20 + 1, "too large", b"HTTP content length exceeded 10485760 bytes."),
        (7 * 2**20, "event too large", b'{"message": "Request Too Long"}'),
    ],
)
def test_who_sends_a_file_to_the_api_hears_from_aws_that_it_is_too_large(
    edge: Edge, size: int, done: str, words: bytes
) -> None:
    """In AWS's own words, which API Gateway does not let us change. The function is not called."""
    answer = edge.cloud.call("POST", "api/transfers", raw=b"x" * size)
    assert (answer.status, answer.data) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)
    assert len(edge.struck(done)) == 1
    assert edge.record["most_running"] == 0


def test_a_challenge_arrives_under_another_name_and_the_body_says_what_to_do(edge: Edge) -> None:
    """API Gateway renames WWW-Authenticate, so no caller may depend on it."""
    transfer = begin(edge.cloud, b"a")
    answer = edge.cloud.call("DELETE", f"api/transfers/{transfer['id']}")
    assert answer.status == HTTPStatus.UNAUTHORIZED
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"] == "Bearer"
    assert answer.error["code"]
    assert answer.error["message"]


def test_who_makes_up_an_address_is_counted_under_the_own(cloud: Cloud, edge: Edge) -> None:
    """X-Forwarded-For has no effect on anybody's limits."""
    mine, made_up = household("127.0.0.1"), household("203.0.113.7")
    before = used(cloud, mine).transfers
    body = {"files": [{"name": "a", "size": 1}], "parts": []}
    for header in ("203.0.113.7", "203.0.113.7, 127.0.0.1"):
        answer = edge.cloud.call("POST", "api/transfers", body=body, headers={"X-Forwarded-For": header})
        assert answer.status == HTTPStatus.CREATED
    assert used(cloud, mine).transfers == before + 2
    assert used(cloud, made_up).transfers == 0


def test_the_eleventh_call_at_once_hears_in_our_words_that_it_may_try_again(edge: Edge) -> None:
    """A new account may run ten functions; API Gateway turns Lambda's refusal into an error without the cause."""
    edge.begin(hold=True)
    with ThreadPoolExecutor(10) as pool:
        first = [pool.submit(edge.cloud.call, "GET", "") for _ in range(10)]
        eventually(lambda: edge.record["running"] == 10)
        eleventh = edge.cloud.call("GET", "api/transfers/x")
        throttled = edge.struck("throttled")
        edge.begin()
        assert [call.result().status for call in first] == [HTTPStatus.OK] * 10
    assert throttled == ["GET /_aws/execute-api/sidestep/prod/api/transfers/x"]
    assert eleventh.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert eleventh.error["code"] == "unavailable"
    assert "Try again" in eleventh.error["message"]
    assert eleventh.headers["Cache-Control"] == "no-store"


def test_more_requests_than_the_stage_allows_hear_in_our_words_that_they_are_too_many(cloud: Cloud, edge: Edge) -> None:
    """The local cloud itself throttles by the stage's settings, each method separately, as AWS does."""
    gateway = cloud.client("apigateway")
    stage = {"restApiId": API, "stageName": STAGE}
    told = gateway.get_stage(**stage)["methodSettings"]["*/*"]
    before = {"rateLimit": str(told["throttlingRateLimit"]), "burstLimit": str(told["throttlingBurstLimit"])}

    def throttle(limits: dict[str, str]) -> None:
        patch = [{"op": "replace", "path": f"/*/*/throttling/{name}", "value": limits[name]} for name in limits]
        gateway.update_stage(**stage, patchOperations=patch)

    throttle(SLOW)
    try:
        answers = [edge.cloud.call("GET", "api/nothing") for _ in range(4)]
    finally:
        throttle(before)
    assert [answer.status for answer in answers] == [HTTPStatus.NOT_FOUND] * 3 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert answers[-1].error["code"] == "too_many_requests"


def test_a_function_that_says_too_much_is_a_bad_gateway_in_our_words(edge: Edge) -> None:
    """Lambda fails any response that is too large. The edge's limit is lowered, because none of ours is that long."""
    edge.begin(most_result=1_000)
    answer = edge.cloud.call("GET", "")
    assert answer.status == HTTPStatus.BAD_GATEWAY
    assert answer.error["code"] == "unavailable"
    assert len(edge.struck("result too large")) == 1


def test_the_longest_answers_stay_far_below_what_lambda_lets_through(edge: Edge) -> None:
    """The most files in one call, with names of the greatest length, in characters that JSON escapes with six."""
    files = [{"name": f"{number:04}" + "\u0001" * 251, "size": 1} for number in range(1_000)]
    parts = [{"file": number, "number": 1} for number in range(1, 101)]
    made = edge.cloud.call("POST", "api/transfers", body={"files": files, "parts": parts})
    assert made.status == HTTPStatus.CREATED, made.data
    place = f"api/transfers/{made.json['id']}"
    assert edge.cloud.call("GET", place, token=made.json["owner_token"]).status == HTTPStatus.OK
    assert edge.cloud.call("GET", f"t/{made.json['id']}").status == HTTPStatus.OK
    assert edge.record["largest_result"] < 3 * 2**20


def test_over_https_a_page_asks_for_https_alone_and_a_grant_travels_by_nothing_else(edge: Edge) -> None:
    """The functions know from X-Forwarded-Proto, which callers cannot change, that requests use TLS."""
    asked = {"X-Forwarded-Proto": "http"}
    assert edge.cloud.call("GET", "", headers=asked).headers["Strict-Transport-Security"]
    transfer = begin(edge.cloud, b"a")
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    edge.cloud.call("PATCH", place, body={"password": "correct horse"}, token=token)
    opened = edge.cloud.call(
        "POST", f"t/{transfer['id']}/unlock", raw=b"password=correct+horse", headers={**FORM, **asked}
    )
    assert opened.status == HTTPStatus.SEE_OTHER, opened.data
    assert "Secure" in opened.headers["Set-Cookie"]
