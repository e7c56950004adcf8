"""The web function's addresses: what goes in, what comes out, and what the log keeps."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from io import StringIO
from logging import StreamHandler
from typing import Any, cast
from urllib.parse import urlencode, urljoin

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from backend import web, wiring
from backend.http import caller, resolver as entry
from backend.http.headers import every_answer, page_policy
from backend.http.routes import operating, pages as pages_routes, signing_in
from backend.pages import render as pages
from backend.rules.transfer import key_of
from backend.services.arriving import Arrivals
from backend.services.operating import Operators
from backend.services.receiving import Downloads
from backend.services.reporting import Reporting
from backend.services.sending import Uploads
from backend.services.signing_in import Access
from backend.telemetry import logger
from backend.tests.conftest import ORIGINS, SETTINGS
from backend.tests.events import Context, request
from backend.tests.fakes import Clock, FakeObjects, FakeRecords, FakeTakedowns

# All that read a setting by themselves.
SETTLED = (caller, entry, operating, pages_routes, signing_in, web)


@dataclass
class Answer:
    """What a browser would see."""

    status: int
    headers: dict[str, list[str]]
    body: str

    @property
    def json(self) -> Any:
        """Return the body, read."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """Return the error that stands in the body."""
        return self.json["error"]


@pytest.fixture
def served(
    monkeypatch: pytest.MonkeyPatch,
    uploads: Uploads,
    downloads: Downloads,
    access: Access,
    operators: Operators,
    takedowns: FakeTakedowns,
) -> None:
    """Let the function work on the table and bucket in memory."""
    monkeypatch.setattr(wiring, "sending", lambda: uploads)
    monkeypatch.setattr(wiring, "receiving", lambda: downloads)
    monkeypatch.setattr(wiring, "signing_in", lambda: access)
    monkeypatch.setattr(wiring, "operating", lambda: operators)
    monkeypatch.setattr(wiring, "takedowns", lambda: takedowns)
    for module in SETTLED:
        monkeypatch.setattr(module, "settings", lambda: SETTINGS)
    for module in (entry, pages_routes):
        monkeypatch.setattr(module, "origins", lambda: ORIGINS)


pytestmark = pytest.mark.usefixtures("served")


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Return what the function logs."""
    written = StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, StreamHandler)
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def call(method: str, path: str, **more: Any) -> Answer:
    """Send a request through the handler."""
    answer = web.handler(request(method, path, **more), Context())
    return Answer(answer["statusCode"], answer["multiValueHeaders"], answer["body"] or "")


def form(path: str, **fields: str) -> Answer:
    """Send a form."""
    return call("POST", path, raw=urlencode(fields), headers={"Content-Type": "application/x-www-form-urlencoded"})


def made(*sizes: int) -> Any:
    """Begin a transfer."""
    files = [{"name": f"{n}.bin", "size": size} for n, size in enumerate(sizes, 1)]
    return call("POST", "/api/transfers", body={"files": files}).json


def test_a_transfer_is_created_with_201() -> None:
    """And the answer is not kept by any cache."""
    answer = call(
        "POST", "/api/transfers", body={"files": [{"name": "a", "size": 1}], "parts": [{"file": 1, "number": 1}]}
    )
    assert answer.status == HTTPStatus.CREATED
    assert answer.json["link"] == f"t/{answer.json['id']}"
    assert len(answer.json["urls"]) == 1
    assert answer.headers["Cache-Control"] == ["no-store"]


@pytest.mark.parametrize(
    ("path", "kind", "raw"),
    [
        ("/api/transfers", "application/json", "{" + ",".join(f'"{n}":0' for n in range(100_000)) + "}"),
        ("/api/transfers", "application/json", '{"' + "n" * 1_000_000 + '":0}'),
        ("/t/{id}/report", "application/x-www-form-urlencoded", "text=" + "<" * 1_000_000),
        ("/t/{id}/report", "application/x-www-form-urlencoded", "mail=" + "<" * 1_000_000),
    ],
    ids=["many fields", "a long field", "a long text", "a long address"],
)
def test_what_is_wrong_is_told_in_few_words_however_much_there_is_of_it(path: str, kind: str, raw: str) -> None:
    """Lambda fails an answer of more than 6 MB, and the operator would be alarmed."""
    answer = call("POST", path.replace("{id}", made(1)["id"]), raw=raw, headers={"Content-Type": kind})
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert len(answer.body) < 10_000


@pytest.mark.parametrize("raw", ["{", "[" * 100_000, "\x00", "{'files': 1}", '{"files": ' + "1" * 5_000 + "}"])
def test_a_body_that_is_not_json_is_a_bad_request(raw: str) -> None:
    """However it is broken."""
    answer = call("POST", "/api/transfers", raw=raw)
    assert answer.status == HTTPStatus.BAD_REQUEST
    assert answer.error["code"] == "bad_request"


@pytest.mark.parametrize(
    "sent",
    [
        *("", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"),
        *("multipart/form-data", "multipart/form-data; boundary=x"),
    ],
)
def test_another_content_type_is_a_bad_request_that_says_which_is_wanted(sent: str) -> None:
    """What a page of another site can send without asking is not JSON, even where it could be read as such."""
    answer = call("POST", "/api/transfers", raw='{"files": [{"name": "é", "size": 1}]}', headers={"Content-Type": sent})
    assert answer.status == HTTPStatus.BAD_REQUEST
    assert "application/json" in answer.error["message"]


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 201), ("none", 201)]
)
def test_what_a_page_of_another_site_sends_is_refused(site: str, status: int) -> None:
    """As the browser says who sends it; forms are refused likewise, and no try of a password is counted."""
    body = {"files": [{"name": "a", "size": 1}]}
    answer = call("POST", "/api/transfers", body=body, headers={"Sec-Fetch-Site": site})
    assert answer.status == status
    transfer = made(1)
    call("PATCH", f"/api/transfers/{transfer['id']}", body={"password": "x"}, token=transfer["owner_token"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unlock = f"/t/{transfer['id']}/unlock"
    wrong = call("POST", unlock, raw="password=y", headers={**form, "Sec-Fetch-Site": site})
    assert ("page of another site" in wrong.body) is (status == HTTPStatus.FORBIDDEN)
    again = call("POST", unlock, raw="password=x", headers=form)
    assert (again.status == HTTPStatus.SEE_OTHER) is (status == HTTPStatus.FORBIDDEN)
    signed_out = call("POST", "/sign-out", headers={"Sec-Fetch-Site": site})
    assert ("Set-Cookie" in signed_out.headers) is (status != HTTPStatus.FORBIDDEN)
    assert call("GET", "/", headers={"Sec-Fetch-Site": site}).status == HTTPStatus.OK


@pytest.mark.parametrize("sent", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_a_password_is_taken_from_a_form_only(sent: str) -> None:
    """The page says so."""
    transfer = made(1)
    call("PATCH", f"/api/transfers/{transfer['id']}", body={"password": "x"}, token=transfer["owner_token"])
    raw = '{"password": "x"}'
    answer = call("POST", f"/t/{transfer['id']}/unlock", raw=raw, headers={"Content-Type": sent})
    assert answer.status == HTTPStatus.BAD_REQUEST
    assert "application/x-www-form-urlencoded" in answer.body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        (None, "body"),
        ({}, "files"),
        ({"files": []}, "files"),
        ({"files": "x"}, "files"),
        ({"files": [{"name": "a", "size": 1}] * 1_001}, "files"),
        ({"files": [{"name": "a", "size": 1}], "colour": "red"}, "colour"),
        ({"files": [{"name": "a", "size": 1, "colour": "red"}]}, "files.0.colour"),
        ({"files": [{"name": "a", "size": -1}]}, "files.0.size"),
        ({"files": [{"name": "a", "size": "1"}]}, "files.0.size"),
        ({"files": [{"name": "a", "size": 1.0}]}, "files.0.size"),
        ({"files": [{"name": "a", "size": True}]}, "files.0.size"),
        ({"files": [{"name": "a", "size": 2**60}]}, "files.0.size"),
        ({"files": [{"name": "a", "size": 9, "part_size": 7}]}, "files.0.part_size"),
        ({"files": [{"name": 1, "size": 1}]}, "files.0.name"),
        ({"files": [{"name": "\ud800", "size": 1}]}, "files.0.name"),
        ({"files": [{"name": "a", "size": 1}], "parts": [{"file": 1, "number": 0}]}, "parts.0.number"),
        ({"files": [{"name": "a", "size": 1}], "parts": [{"file": 1, "number": 10_001}]}, "parts.0.number"),
        ({"files": [{"name": "a", "size": 1}], "parts": [{"file": 10**40, "number": 1}]}, "parts.0.file"),
        ({"files": [{"name": "a", "size": 1}], "parts": [{"file": 1, "number": 1, "sha256": "x"}]}, "parts.0.sha256"),
    ],
)
def test_a_wrong_field_is_named(body: object, field: str) -> None:
    """As a field of its own, for programs, and in the message, for people."""
    answer = call("POST", "/api/transfers", body=body)
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert field in [wrong["field"] for wrong in answer.error["fields"]]
    assert field in answer.error["message"]
    assert answer.error["request_id"] == "request-1"


def test_a_number_that_no_file_can_have_is_refused_before_the_table_is_asked() -> None:
    """Which has no place for more than 38 digits."""
    transfer = made(1)
    body = {"files": [{"name": "a", "size": 1}], "first": 10**40}
    answer = call("POST", f"/api/transfers/{transfer['id']}/files", body=body, token=transfer["owner_token"])
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [wrong["field"] for wrong in answer.error["fields"]] == ["first"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/files", {"files": [{"name": "a", "size": 1}]}),
        ("POST", "/parts", {"parts": [{"file": 1, "number": 1}]}),
        ("GET", "/files/1/parts", None),
        ("GET", "/log", None),
        ("POST", "/files/1/complete", None),
        ("DELETE", "/files/1", None),
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
    ],
)
def test_owner_addresses_answer_401_403_404_and_work_for_the_owner(method: str, path: str, body: object) -> None:
    """No token, a wrong one, an unknown id, a malformed id, the owner."""
    transfer = made(1)
    statuses = [
        call(method, f"/api/transfers/{transfer['id']}{path}", body=body).status,
        call(method, f"/api/transfers/{transfer['id']}{path}", body=body, token="other").status,
        call(method, f"/api/transfers/{'a' * 26}{path}", body=body, token="other").status,
        call(method, f"/api/transfers/nonsense{path}", body=body, token="other").status,
        call(method, f"/api/transfers/{transfer['id']}{path}", body=body, token=transfer["owner_token"]).status,
    ]
    assert statuses[:4] == [401, 403, 404, 404]
    assert statuses[4] in (200, 201, 202, 204)


def test_missing_parts_are_listed_with_409() -> None:
    """So that a client knows what to send again."""
    transfer = made(40 * 2**20)
    answer = call("POST", f"/api/transfers/{transfer['id']}/files/1/complete", token=transfer["owner_token"])
    assert answer.status == HTTPStatus.CONFLICT
    assert (answer.error["code"], answer.error["parts"]) == ("parts_missing", [1, 2, 3])


def test_a_deletion_answers_with_nothing() -> None:
    """204 has no body."""
    transfer = made(1)
    answer = call("DELETE", f"/api/transfers/{transfer['id']}", token=transfer["owner_token"])
    assert (answer.status, answer.body) == (HTTPStatus.NO_CONTENT, "")


def test_an_unknown_address_is_json_under_api_and_a_page_elsewhere() -> None:
    """Each to whom it may concern."""
    assert call("GET", "/api/nonsense").error["code"] == "not_found"
    answer = call("GET", "/nonsense/deep")
    assert answer.status == HTTPStatus.NOT_FOUND
    assert answer.headers["Content-Type"] == ["text/html; charset=utf-8"]
    assert f'href="../static/{pages.static_hash()}/' in answer.body


def test_a_method_that_an_address_does_not_take_is_405() -> None:
    """With the ones that it takes."""
    answer = call("PUT", "/api/transfers")
    assert answer.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer.headers["Allow"] == ["GET, POST"]


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
def test_a_download_takes_nothing_but_get(method: str) -> None:
    """`curl -I` is told so; it comes to this function, which counts nothing."""
    answer = call(method, f"/t/{made(1)['id']}/files/1")
    assert answer.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer.headers["Allow"] == ["GET"]


@pytest.mark.parametrize(
    ("code", "status"),
    [("SlowDown", 503), ("InternalError", 500), ("OperationAborted", 409), ("500", 500), ("503", 503)],
)
def test_when_aws_is_busy_the_answer_says_to_come_again(
    monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    """503, which is safe to retry; also if S3's response was cut off, and botocore has only its status."""

    def busy() -> Uploads:
        error = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(cast("Any", error), "PutObject")

    monkeypatch.setattr(wiring, "sending", busy)
    answer = call("POST", "/api/transfers", body={"files": [{"name": "a", "size": 1}]})
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "secret" not in answer.body


def test_a_fault_of_ours_is_500_without_its_inside(monkeypatch: pytest.MonkeyPatch, log: StringIO) -> None:
    """The log has it, under the request id that the answer names."""

    def broken() -> Uploads:
        raise KeyError("the inside")

    monkeypatch.setattr(wiring, "sending", broken)
    answer = call("POST", "/api/transfers", body={"files": [{"name": "a", "size": 1}]})
    assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "the inside" not in answer.body
    logged = [json.loads(line) for line in log.getvalue().splitlines()]
    assert any("the inside" in line.get("exception", "") and line["correlation_id"] == "request-1" for line in logged)


def test_the_log_names_the_transfer_and_keeps_names_tokens_and_urls_out(
    log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing in it opens anything or tells what was sent."""
    body = {"files": [{"name": "secret-plan.pdf", "size": 1}], "parts": [{"file": 1, "number": 1}]}
    transfer = call("POST", "/api/transfers", body=body).json
    call("DELETE", f"/api/transfers/{transfer['id']}", token=transfer["owner_token"])
    logged = log.getvalue()
    assert logged.count(transfer["id"]) == 2
    assert '"TransfersCreated":[1.0]' in capsys.readouterr().out
    for secret in ("secret-plan", transfer["owner_token"], "https://bucket"):
        assert secret not in logged


def test_a_sender_who_is_over_a_limit_of_the_day_is_told_until_when(
    monkeypatch: pytest.MonkeyPatch, uploads: Uploads
) -> None:
    """429, with the time for programs and for people; also where a transfer that there is would grow."""
    few = replace(uploads, settings=replace(SETTINGS, max_bytes_per_day_per_sender=2))
    monkeypatch.setattr(wiring, "sending", lambda: few)
    transfer, other = made(1), made(1)
    files = {"files": [{"name": "a", "size": 1}]}
    for path, token in (("", None), (f"/{transfer['id']}/files", transfer["owner_token"])):
        answer = call("POST", f"/api/transfers{path}", body=files, token=token)
        assert (answer.status, answer.headers["Retry-After"]) == (HTTPStatus.TOO_MANY_REQUESTS, ["57600"])
        assert answer.error["code"] == "over_daily_limit"
        assert (answer.error["limit"], answer.error["most"]) == ("max_bytes_per_day_per_sender", 2)
        assert answer.error["free_at"] == "2027-01-16T00:00:00Z"
        assert "2 bytes that one sender may send in a day. Send it after 2027-01-16" in answer.error["message"]
    call("DELETE", f"/api/transfers/{other['id']}", token=other["owner_token"])
    assert call("POST", "/api/transfers", body=files).status == HTTPStatus.CREATED


def test_what_could_never_fit_is_a_wrong_field_and_names_the_limit() -> None:
    """For programs that know fields, and for a page that says it in the reader's language."""
    answer = call("POST", "/api/transfers", body={"files": [{"name": "a", "size": SETTINGS.max_file_bytes}] * 3})
    assert (answer.status, answer.error["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "over_limit")
    assert [wrong["field"] for wrong in answer.error["fields"]] == ["files"]
    assert (answer.error["limit"], answer.error["most"]) == ("max_transfer_bytes", SETTINGS.max_transfer_bytes)


def test_a_sender_is_whom_the_gateway_saw_and_all_in_their_household(
    monkeypatch: pytest.MonkeyPatch, uploads: Uploads
) -> None:
    """Devices of IPv6 change their addresses; and what a header says of it, anybody can say."""
    few = replace(uploads, settings=replace(SETTINGS, max_transfers_per_day_per_sender=1))
    monkeypatch.setattr(wiring, "sending", lambda: few)
    body = {"files": [{"name": "a", "size": 1}]}
    sources = ["2001:db8:1:2::3", "2001:db8:1:2::4", "2001:db8:1:3::3", "192.0.2.1", "192.0.2.1", "192.0.2.2"]
    statuses = [
        call("POST", "/api/transfers", body=body, source=source, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status
        for n, source in enumerate(sources)
    ]
    assert statuses == [201, 429, 201, 201, 429, 201]


def test_what_was_reserved_is_counted_for_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    """With the transfer, and with files that are added to it."""
    transfer = made(3, 4)
    assert '"BytesReserved":[7.0]' in capsys.readouterr().out
    more = {"files": [{"name": "a", "size": 5}]}
    call("POST", f"/api/transfers/{transfer['id']}/files", body=more, token=transfer["owner_token"])
    assert '"BytesReserved":[5.0]' in capsys.readouterr().out


def test_the_upload_page_is_served_with_static_files_by_relative_address() -> None:
    """So that it works under any stage or domain."""
    page = call("GET", "/")
    assert page.status == HTTPStatus.OK
    assert 'data-testid="file-input"' in page.body
    assert f'="./static/{pages.static_hash()}/' in page.body
    assert '<link rel="preconnect" href="https://up.example" crossorigin="anonymous">' in page.body
    assert 'src="/' not in page.body
    assert 'href="/' not in page.body


def test_static_files_are_kept_for_good_under_their_hash() -> None:
    """A page from before a deploy gets the present file, which nobody keeps under the old address."""
    name = next(name for name in pages.static_files() if name.endswith(".js"))
    fresh = call("GET", f"/static/{pages.static_hash()}/{name}")
    assert fresh.headers["Cache-Control"] == ["public, max-age=31536000, immutable"]
    assert fresh.headers["Content-Type"] == ["text/javascript; charset=utf-8"]
    assert call("GET", f"/static/0123456789abcdef/{name}").headers["Cache-Control"] == ["no-store"]


@pytest.mark.parametrize(
    "path", ["/static/x/../../backend/web.py", "/static/x/%2e%2e/web.py", "/static/x", "/static/x/"]
)
def test_nothing_but_static_files_is_served_as_one(path: str) -> None:
    """Paths are looked up, not opened."""
    assert call("GET", path).status == HTTPStatus.NOT_FOUND


def test_every_answer_has_the_headers_that_keep_it_from_harm() -> None:
    """Pages with policies of their own, the worker that sends with the bucket's origin, all else with none."""
    policies: dict[str, str] = {}
    addresses = {
        "page": "/",
        "error": "/nonsense",
        "script": f"/static/x/{pages_routes.SENDING_WORKER}",
        "style": "/static/x/style.css",
        "api": "/api/openapi.json",
        "api's error": "/api/nonsense",
    }
    for name, path in addresses.items():
        headers = call("GET", path).headers
        for header in every_answer(https=False).items():
            assert header[0] == "Content-Security-Policy" or headers[header[0]] == [header[1]], path
        (policies[name],) = headers["Content-Security-Policy"]
    assert policies["page"] == page_policy("upload.html", ORIGINS)
    assert policies["error"] == page_policy("error.html", ORIGINS)
    assert policies["script"] == page_policy(pages_routes.SENDING_WORKER, ORIGINS)
    nothing = every_answer(https=False)["Content-Security-Policy"]
    assert (policies["style"], policies["api"], policies["api's error"]) == (nothing, nothing, nothing)


@pytest.mark.parametrize(("forwarded", "kept"), [({"X-Forwarded-Proto": "https"}, True), ({}, False)])
def test_who_came_by_https_is_told_to_stay_with_it(forwarded: dict[str, str], kept: bool) -> None:  # noqa: FBT001
    """As the gateway says."""
    assert ("Strict-Transport-Security" in call("GET", "/", headers=forwarded).headers) is kept


HOSTILE = '<script>alert(1)</script>"\u202egpj.exe'


def test_a_transfer_page_shows_names_as_text(arrivals: Arrivals, objects: FakeObjects) -> None:
    """And links each file that is stored."""
    files = [{"name": HOSTILE, "size": 1}, {"name": "", "size": 2}]
    transfer = call("POST", "/api/transfers", body={"files": files}).json
    objects.put(key_of(transfer["id"], 1), 1)
    arrivals.arrived(key_of(transfer["id"], 1))
    page = call("GET", f"/t/{transfer['id']}")
    assert page.status == HTTPStatus.OK
    assert "<script>alert" not in page.body
    assert "&lt;script&gt;alert(1)" in page.body
    assert page.body.count(f'href="../t/{transfer["id"]}/files/1"') == 1
    assert "files/2" not in page.body


def asked_for(asked: str, path: str, **more: Any) -> Answer:
    """Request the address `asked`, for which the gateway passes `path` to the function."""
    event = request("GET", path, **more)
    event["requestContext"]["path"] = asked
    answer = web.handler(event, Context())
    return Answer(answer["statusCode"], answer["multiValueHeaders"], answer["body"])


def led(asked: str, path: str, **more: Any) -> str:
    """Return where a browser is redirected from `asked`."""
    answer = asked_for(asked, path, **more)
    assert answer.status == HTTPStatus.PERMANENT_REDIRECT
    assert answer.headers["Cache-Control"] == ["no-store"]
    (location,) = answer.headers["Location"]
    return urljoin(f"https://gateway.example{asked}", location)


def test_the_first_page_is_below_its_stage_and_not_beside_it() -> None:
    """From `/prod` all its relative links would miss the stage; API Gateway passes `/` for both."""
    assert led("/prod", "/") == "https://gateway.example/prod/"
    assert led("/prod", "/", query={"lang": "de", "q": "a&b=c"}) == "https://gateway.example/prod/?lang=de&q=a%26b%3Dc"


def test_what_no_url_can_spell_is_replaced_on_the_way_to_the_page() -> None:
    """Half of a surrogate pair, for example, which JSON can hold and UTF-8 cannot."""
    assert led("/prod", "/", query={"lang": "\ud800"}) == "https://gateway.example/prod/?lang=%3F"
    assert led("/prod/t/\ud800/", "/t/\ud800/") == "https://gateway.example/prod/t/%3F"


@pytest.mark.parametrize("asked", ["/prod/", "/"])
def test_the_first_page_is_there_under_a_stage_and_at_a_domains_root(asked: str) -> None:
    """Where its relative addresses lead to what they should."""
    assert asked_for(asked, "/").status == HTTPStatus.OK


@pytest.mark.parametrize(("asked", "place"), [("/prod//", "../"), ("/prod///", "../../"), ("//", "../")])
def test_more_slashes_than_one_lead_to_the_first_page(asked: str, place: str) -> None:
    """Whoever appends one to an address that ends in one still gets its styles and scripts."""
    answer = asked_for(asked, "/")
    assert (answer.status, answer.headers["Location"]) == (HTTPStatus.PERMANENT_REDIRECT, [place])


@pytest.mark.parametrize("page", ["/t/{id}", "/t/{id}/report", "/t/{id}/unlock", "/sign-in", "/operator"])
def test_no_page_is_at_an_address_with_a_slash_too_many(page: str) -> None:
    """API Gateway and Powertools overlook it, but the page's relative addresses would lead elsewhere."""
    path = page.replace("{id}", made(1)["id"])
    assert led(f"/prod{path}/", f"{path}/") == f"https://gateway.example/prod{path}"


def test_of_several_slashes_none_is_left() -> None:
    """For a browser, an empty piece of a path is one to go up from, too."""
    assert call("GET", "/sign-in//").headers["Location"] == ["../../sign-in"]


def test_a_form_that_is_sent_with_a_slash_too_many_is_sent_on() -> None:
    """308 keeps method and body."""
    answer = form("/sign-in/", passphrase="x")
    assert (answer.status, answer.headers["Location"]) == (HTTPStatus.PERMANENT_REDIRECT, ["../sign-in"])


@pytest.mark.parametrize("last", ["evil.example", "http:evil.example", "%0d%0aSet-Cookie:x=1", "\\evil.example", "ü"])
def test_the_way_to_a_page_stays_below_the_app(last: str) -> None:
    """Whatever the address is made of."""
    assert led(f"/prod/t/{last}/", f"/t/{last}/").startswith("https://gateway.example/prod/t/")


@pytest.mark.parametrize("path", ["/api/openapi.json/", "/api/transfers/{id}/log/"])
def test_the_api_answers_with_a_slash_too_many_as_well(path: str) -> None:
    """Its answers hold no addresses that depend on it."""
    transfer = made(1)
    assert call("GET", path.replace("{id}", transfer["id"]), token=transfer["owner_token"]).status == HTTPStatus.OK


def test_an_address_with_a_new_line_behind_it_is_another() -> None:
    """Each transfer has one address."""
    transfer = made(1)
    assert call("GET", f"/t/{transfer['id']}\n").status == HTTPStatus.NOT_FOUND
    assert call("GET", f"/api/transfers/{transfer['id']}/log\n", token=transfer["owner_token"]).status == 404


def test_a_name_shows_the_ending_that_it_has_without_scripts_too() -> None:
    """What would turn the direction of the rest is alone in an element, where there is no rest."""
    transfer = call("POST", "/api/transfers", body={"files": [{"name": "photo\u202egpj.exe", "size": 1}]}).json
    page = call("GET", f"/t/{transfer['id']}")
    assert '<bdi>photo<bdi class="control">\u202e</bdi>gpj.exe</bdi>' in page.body


def test_a_transfer_page_shows_folders_and_how_much_has_arrived(arrivals: Arrivals, objects: FakeObjects) -> None:
    """Also without script: the folders lie open, a file on its way has its percent, and so has the whole."""
    mib = 2**20
    files = [{"name": "trip/a.jpg", "size": 8 * mib}, {"name": "trip/film/b.mkv", "size": 32 * mib}]
    parts = [{"file": 2, "number": n, "sha256": "A" * 43 + "="} for n in (1, 2)]
    transfer = call("POST", "/api/transfers", body={"files": files, "parts": parts}).json
    objects.put(key_of(transfer["id"], 1), 8 * mib)
    arrivals.arrived(key_of(transfer["id"], 1))
    objects.put_part("upload-1", 2, 16 * mib)
    page = call("GET", f"/t/{transfer['id']}").body
    assert page.count("<details open>") == 2
    assert "2 files · 42\u00a0MB" in page
    assert "<bdi>b.mkv</bdi>" in page
    assert "On its way · 50%" in page
    assert "60% has arrived, 25\u00a0MB of 42\u00a0MB." in page
    assert re.search(r'<progress [^>]*value="0.6"', page)


def test_how_much_of_a_file_has_arrived_is_told_to_who_has_the_link(objects: FakeObjects) -> None:
    """Of the files that are asked for; a list that is none of numbers is refused."""
    transfer = call(
        "POST",
        "/api/transfers",
        body={"files": [{"name": "a", "size": 2**25}], "parts": [{"file": 1, "number": 1, "sha256": "A" * 43 + "="}]},
    ).json
    objects.put_part("upload-1", 1, 2**24)
    answer = call("GET", f"/api/transfers/{transfer['id']}/arriving", query={"files": "1,7"})
    assert answer.json == {"files": [{"number": 1, "bytes": 2**24}]}
    for wrong in ("", "x", "1,", ",".join("1" * 11)):
        refused = call("GET", f"/api/transfers/{transfer['id']}/arriving", query={"files": wrong})
        assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY, wrong
    assert call("GET", f"/api/transfers/{'a' * 26}/arriving", query={"files": "1"}).status == HTTPStatus.NOT_FOUND


def test_a_transfer_that_is_not_there_has_a_page_that_says_so() -> None:
    """The same for an id that never was and one that cannot be."""
    for transfer in ("a" * 26, "nonsense"):
        page = call("GET", f"/t/{transfer}")
        assert page.status == HTTPStatus.NOT_FOUND
        assert "nothing at this address" in page.body


def test_a_transfer_that_has_expired_has_a_page_that_says_when(clock: Clock) -> None:
    """For its owner's calls it is not there any more."""
    transfer = made(1)
    clock.now += 604_800
    page = call("GET", f"/t/{transfer['id']}")
    assert page.status == HTTPStatus.GONE
    assert "This transfer expired on 2027-01-22, 08:00 UTC. Ask the sender to send it again." in page.body
    log = call("GET", f"/api/transfers/{transfer['id']}/log", token=transfer["owner_token"])
    assert log.status == HTTPStatus.NOT_FOUND


def test_a_password_is_asked_for_and_buys_a_cookie(clock: Clock) -> None:
    """HttpOnly, for this transfer; a wrong password gets the form again, and so does one that comes too early."""
    transfer = made(1)
    call("PATCH", f"/api/transfers/{transfer['id']}", body={"password": "s p+é"}, token=transfer["owner_token"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = call("GET", f"/t/{transfer['id']}")
    assert "1.bin" not in asked.body
    assert f'action="../t/{transfer["id"]}/unlock"' in asked.body
    wrong = call("POST", f"/t/{transfer['id']}/unlock", raw="password=x", headers=form)
    assert (wrong.status, "not the password" in wrong.body) == (HTTPStatus.FORBIDDEN, True)
    early = call("POST", f"/t/{transfer['id']}/unlock", raw="password=s+p%2B%C3%A9", headers=form)
    assert (early.status, early.headers["Retry-After"]) == (HTTPStatus.TOO_MANY_REQUESTS, ["1"])
    assert "Too many tries. Wait 1 second and try again." in early.body
    assert 'name="password"' in early.body
    clock.now += 1
    right = call("POST", f"/t/{transfer['id']}/unlock", raw="password=s+p%2B%C3%A9", headers=form)
    assert (right.status, right.headers["Location"]) == (HTTPStatus.SEE_OTHER, [f"../{transfer['id']}"])
    cookie = right.headers["Set-Cookie"][0]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=3600"))
    page = call("GET", f"/t/{transfer['id']}", headers={"Cookie": f"x=y; {cookie.partition(';')[0]}"})
    assert "1.bin" in page.body


def test_a_password_longer_than_any_can_be_is_not_even_tried() -> None:
    """It costs neither time nor a try."""
    transfer = made(1)
    call("PATCH", f"/api/transfers/{transfer['id']}", body={"password": "x"}, token=transfer["owner_token"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unlock = f"/t/{transfer['id']}/unlock"
    assert call("POST", unlock, raw=f"password={'x' * 1_025}", headers=form).status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert call("POST", unlock, raw="password=x", headers=form).status == HTTPStatus.SEE_OTHER


def test_the_description_has_every_address_of_the_api() -> None:
    """Of web and links, made from their code."""
    described = call("GET", "/api/openapi.json").json
    assert {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods} == {
        "GET /api/transfers",
        "POST /api/transfers",
        "POST /api/transfers/{transfer}/owner",
        "GET /api/operator/transfers",
        "POST /api/operator/transfers/{transfer}/block",
        "GET /api/transfers/{transfer}",
        "PATCH /api/transfers/{transfer}",
        "DELETE /api/transfers/{transfer}",
        "POST /api/transfers/{transfer}/files",
        "POST /api/transfers/{transfer}/parts",
        "DELETE /api/transfers/{transfer}/files/{number}",
        "GET /api/transfers/{transfer}/files/{number}/parts",
        "GET /api/transfers/{transfer}/arriving",
        "GET /api/transfers/{transfer}/log",
        "POST /api/transfers/{transfer}/files/{number}/complete",
    }
    deleted = described["paths"]["/api/transfers/{transfer}"]["delete"]["responses"]
    assert set(deleted) == {"204", "401", "403", "404", "410", "503"}
    assert "content" not in deleted["204"]
    created = described["paths"]["/api/transfers"]["post"]["responses"]
    assert {"201", "400", "422", "429", "503"} <= set(created)
    assert f"a transfer 2000 files and {2**42} bytes" in described["info"]["description"]


def test_the_link_is_drawn_as_a_qr_code_and_no_other_address_is() -> None:
    """Only the page knows the whole address, so it says it; what is not this transfer's is refused."""
    host = {"Host": "send.example"}
    link = f"https://send.example/prod/t/{'a' * 26}"
    drawn = call("GET", f"/t/{'a' * 26}/qr.svg", query={"link": link}, headers=host)
    assert drawn.status == HTTPStatus.OK
    assert drawn.headers["Content-Type"] == ["image/svg+xml"]
    assert drawn.body.startswith("<svg")
    for other in ("https://evil.example/t/" + "a" * 26, link + "b", link + "?next=x", "javascript:alert(1)"):
        refused = call("GET", f"/t/{'a' * 26}/qr.svg", query={"link": other}, headers=host)
        assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY, other


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, records: FakeRecords, clock: Clock) -> None:
    """Ask for a passphrase."""
    asked = replace(SETTINGS, upload_access="passphrase", passphrase_secret="arn")
    door = Access(records=records, settings=asked, passphrase=lambda: "correct horse", now=clock, pause=lambda _: None)
    for module in SETTLED:
        monkeypatch.setattr(module, "settings", lambda: asked)
    monkeypatch.setattr(wiring, "signing_in", lambda: door)


def signed_in() -> str:
    """Sign in, and return the cookie as a browser sends it back."""
    answer = form("/sign-in", passphrase="correct horse")
    assert answer.status == HTTPStatus.SEE_OTHER
    (cookie,) = answer.headers["Set-Cookie"]
    return cookie.partition(";")[0]


@pytest.mark.usefixtures("served", "closed")
def test_the_first_page_asks_for_the_passphrase_and_then_takes_files() -> None:
    """Whoever has not signed in sees nothing of the page that takes files."""
    asked = call("GET", "/").body
    assert 'name="passphrase"' in asked
    assert "file-input" not in asked
    page = call("GET", "/", headers={"Cookie": signed_in()}).body
    assert "file-input" in page
    assert "sign-out" in page


@pytest.mark.usefixtures("served", "closed")
def test_a_session_is_a_cookie_for_this_site_alone() -> None:
    """No script reads it, no other site's form sends it along, and it ends."""
    answer = form("/sign-in", passphrase="correct horse")
    assert answer.headers["Location"] == ["./"]
    (cookie,) = answer.headers["Set-Cookie"]
    assert cookie.endswith(f"; Path=/; Max-Age={SETTINGS.session_seconds}; HttpOnly; Secure; SameSite=Lax")


@pytest.mark.usefixtures("served", "closed")
def test_a_wrong_passphrase_is_said_on_the_page_with_when_to_try_again() -> None:
    """And the one after it has to wait."""
    wrong = form("/sign-in", passphrase="nonsense")
    assert wrong.status == HTTPStatus.FORBIDDEN
    assert "not the passphrase" in wrong.body
    assert "Set-Cookie" not in wrong.headers
    early = form("/sign-in", passphrase="correct horse")
    assert early.status == HTTPStatus.TOO_MANY_REQUESTS
    assert early.headers["Retry-After"] == ["1"]


@pytest.mark.usefixtures("served", "closed")
def test_a_transfer_is_begun_by_who_has_signed_in_and_by_nobody_else() -> None:
    """Its owner and its recipients need no session."""
    body = {"files": [{"name": "a", "size": 1}]}
    refused = call("POST", "/api/transfers", body=body)
    assert (refused.status, refused.error["code"]) == (HTTPStatus.UNAUTHORIZED, "sign_in_needed")
    begun = call("POST", "/api/transfers", body=body, headers={"Cookie": signed_in()})
    assert begun.status == HTTPStatus.CREATED
    token = begun.json["owner_token"]
    assert call("DELETE", f"/api/transfers/{begun.json['id']}", token=token).status == HTTPStatus.NO_CONTENT


@pytest.mark.usefixtures("served", "closed")
@pytest.mark.parametrize("beside", ['consent={"all": true}', "a=b c", "ä=ö", '"', "=", "a[0]=1", "session"])
def test_other_cookies_sign_nobody_out(beside: str) -> None:
    """Sites under the same domain set what they like, in any form; what stands twice means what stands last."""
    page = call("GET", "/", headers={"Cookie": f"{beside}; {signed_in()}; other={beside}"})
    assert "file-input" in page.body


@pytest.mark.parametrize(("asked", "kept"), [(None, ""), ("de", "?lang=de"), ("//evil.example", "")])
def test_where_a_form_came_back_its_page_is_found_again(asked: str | None, kept: str) -> None:
    """By whoever chooses another language there, or reloads."""
    query = {"lang": asked} if asked else None
    for path, place in (("/sign-in", "./"), (f"/t/{'a' * 26}/unlock", f"../{'a' * 26}")):
        answer = call("GET", path, query=query)
        assert (answer.status, answer.headers["Location"]) == (HTTPStatus.SEE_OTHER, [place + kept])


@pytest.mark.usefixtures("served", "closed")
def test_signing_out_takes_the_cookie_away() -> None:
    """From this browser."""
    answer = call("POST", "/sign-out", headers={"Cookie": signed_in()})
    assert answer.status == HTTPStatus.SEE_OTHER
    (cookie,) = answer.headers["Set-Cookie"]
    assert cookie.startswith("session=;")
    assert "Max-Age=0" in cookie


def test_where_everybody_may_send_there_is_no_signing_in() -> None:
    """And the page says who may."""
    assert form("/sign-in", passphrase="x").status == HTTPStatus.NOT_FOUND
    assert "Anyone who can reach this page can send files." in call("GET", "/").body


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch, records: FakeRecords, clock: Clock) -> None:
    """Have people sign in with accounts."""
    asked = replace(SETTINGS, upload_access="cognito", sign_in_address="https://pool", sign_in_client="client")
    door = Access(records=records, settings=asked, passphrase=lambda: "", now=clock, pause=lambda _: None)
    for module in SETTLED:
        monkeypatch.setattr(module, "settings", lambda: asked)
    monkeypatch.setattr(wiring, "signing_in", lambda: door)


def call_as(subject: str, method: str, path: str, *, groups: str = "", client: str = "client", **more: Any) -> Answer:
    """Send a request that the gateway's authorizer has let through."""
    event = request(method, path, **more)
    claims = {"sub": subject, "cognito:groups": groups, "token_use": "id", "aud": client}
    event["requestContext"]["authorizer"] = {"claims": claims}
    answer = web.handler(event, Context())
    return Answer(answer["statusCode"], answer["multiValueHeaders"], answer["body"] or "")


ONE_FILE = {"files": [{"name": "a/b.txt", "size": 7}]}


@pytest.mark.usefixtures("served", "accounts")
def test_with_accounts_the_page_knows_where_people_sign_in() -> None:
    """And shows what it has to nobody before."""
    page = call("GET", "/").body
    assert 'data-pool="https://pool" data-client="client"' in page
    assert '<section id="start" hidden>' in page


@pytest.mark.usefixtures("served", "accounts")
def test_with_accounts_a_transfer_is_begun_by_an_account() -> None:
    """What the gateway has not checked is nobody's, whatever stands in the request."""
    assert call("POST", "/api/transfers", body=ONE_FILE).status == HTTPStatus.UNAUTHORIZED
    assert call("POST", "/api/transfers", body=ONE_FILE, token="forged").status == HTTPStatus.UNAUTHORIZED
    other = call_as("alice", "POST", "/api/transfers", body=ONE_FILE, client="another program of the pool")
    assert other.status == HTTPStatus.UNAUTHORIZED
    assert call_as("alice", "POST", "/api/transfers", body=ONE_FILE).status == HTTPStatus.CREATED


@pytest.mark.usefixtures("served", "accounts")
def test_an_account_finds_what_it_has_sent_and_nothing_else(clock: Clock) -> None:
    """Newest first, until it is over."""
    first = call_as("alice", "POST", "/api/transfers", body=ONE_FILE).json
    clock.now += 60
    second = call_as("alice", "POST", "/api/transfers", body=ONE_FILE).json
    call_as("bob", "POST", "/api/transfers", body=ONE_FILE)
    sent = call_as("alice", "GET", "/api/transfers").json["transfers"]
    assert [one["id"] for one in sent] == [second["id"], first["id"]]
    assert (sent[0]["name"], sent[0]["bytes"], sent[0]["files"]) == ("a/b.txt", 7, 1)
    call("DELETE", f"/api/transfers/{second['id']}", token=second["owner_token"])
    assert [one["id"] for one in call_as("alice", "GET", "/api/transfers").json["transfers"]] == [first["id"]]
    clock.now += SETTINGS.default_expiry
    assert call_as("alice", "GET", "/api/transfers").json["transfers"] == []
    assert call("GET", "/api/transfers").status == HTTPStatus.UNAUTHORIZED


@pytest.mark.usefixtures("served", "accounts")
def test_an_account_claims_what_it_has_sent_and_an_operator_everything() -> None:
    """Each time with another owner token, beside those from before."""
    made = call_as("alice", "POST", "/api/transfers", body=ONE_FILE).json
    claim = f"/api/transfers/{made['id']}/owner"
    assert call_as("bob", "POST", claim).status == HTTPStatus.NOT_FOUND
    assert call("POST", claim).status == HTTPStatus.UNAUTHORIZED
    tokens = [call_as("alice", "POST", claim).json["owner_token"] for _ in range(10)]
    tokens.append(call_as("olga", "POST", claim, groups="[operators]").json["owner_token"])
    log = f"/api/transfers/{made['id']}/log"
    good = [call("GET", log, token=token).status == HTTPStatus.OK for token in (made["owner_token"], *tokens)]
    assert good == [True, False, *[True] * 10]


def test_what_has_no_account_is_claimed_by_nobody() -> None:
    """A transfer from before there were accounts is no account's."""
    claim = f"/api/transfers/{made(1)['id']}/owner"
    assert call_as("alice", "POST", claim, client=SETTINGS.sign_in_client).status == HTTPStatus.NOT_FOUND


def test_a_report_stands_in_no_log(reporting: Reporting, monkeypatch: pytest.MonkeyPatch, log: StringIO) -> None:
    """Neither what somebody wrote nor their address; that there was one, and why, does."""
    monkeypatch.setattr(wiring, "reporting", lambda: reporting)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "reason=phishing&text=It+wants+my+pin&mail=ann%40example.com"
    answer = call("POST", f"/t/{made(1)['id']}/report", raw=body, headers=form)
    assert (answer.status, answer.headers["Location"]) == (HTTPStatus.SEE_OTHER, ["report/thanks"])
    logged = log.getvalue()
    assert '"reason":"phishing"' in logged
    for secret in ("my pin", "ann@", "192.0.2."):
        assert secret not in logged
    early = call("POST", f"/t/{made(1)['id']}/report", raw=body, headers=form)
    assert (early.status, early.headers["Retry-After"]) == (HTTPStatus.TOO_MANY_REQUESTS, ["10"])
    assert "You have sent a report a moment ago. Wait 10 seconds and try again." in early.body
    assert ">It wants my pin</textarea>" in early.body.replace("\n", "")


def test_a_blocked_transfer_says_so_to_everybody(operators: Operators) -> None:
    """As a page, with words in the reader's language, and as JSON to its owner."""
    transfer = made(1)
    operators.take_down(transfer["id"])
    page = call("GET", f"/t/{transfer['id']}", headers={"Accept-Language": "de"})
    assert page.status == HTTPStatus.GONE
    assert "Der Betreiber von Sidestep hat diesen Transfer gesperrt" in page.body
    answer = call("DELETE", f"/api/transfers/{transfer['id']}", token=transfer["owner_token"])
    assert (answer.status, answer.error["code"]) == (HTTPStatus.GONE, "blocked")
    assert "write to the operator" in answer.error["message"]


@pytest.mark.usefixtures("served", "accounts")
def test_an_operator_sees_every_transfer_and_closes_one(takedowns: FakeTakedowns) -> None:
    """From then on it is closed to its owner and its recipients, and its evidence is being secured."""
    made = call_as("alice", "POST", "/api/transfers", body=ONE_FILE).json
    listed = call_as("olga", "GET", "/api/operator/transfers", groups="operators").json
    assert [(one["id"], one["state"], one["sender"]) for one in listed["transfers"]] == [
        (made["id"], "uploading", "alice")
    ]
    assert listed["next"] is None
    block = f"/api/operator/transfers/{made['id']}/block"
    assert call_as("olga", "POST", block, groups="operators").status == HTTPStatus.NO_CONTENT
    assert call("GET", f"/t/{made['id']}").status == HTTPStatus.GONE
    assert call("GET", f"/api/transfers/{made['id']}/log", token=made["owner_token"]).status != HTTPStatus.OK
    (again,) = call_as("olga", "GET", "/api/operator/transfers", groups="operators").json["transfers"]
    assert again["state"] == "blocking"
    assert takedowns.begun == [made["id"]]


@pytest.mark.usefixtures("served", "accounts")
@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://lambda"),
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"),
    ],
)
def test_a_takedown_whose_function_could_not_be_called_is_told_and_can_be_repeated(
    takedowns: FakeTakedowns, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It is closed all the same; the list shows that the evidence is not safe."""
    made = call_as("alice", "POST", "/api/transfers", body=ONE_FILE).json
    block = f"/api/operator/transfers/{made['id']}/block"

    def busy(_: str) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(takedowns, "begin", busy)
        assert call_as("olga", "POST", block, groups="operators").status == HTTPStatus.SERVICE_UNAVAILABLE
    assert call("GET", f"/t/{made['id']}").status == HTTPStatus.GONE
    assert call_as("olga", "POST", block, groups="operators").status == HTTPStatus.NO_CONTENT
    assert takedowns.begun == [made["id"]]


@pytest.mark.usefixtures("served", "accounts")
def test_nobody_else_operates(takedowns: FakeTakedowns) -> None:
    """Neither other accounts, who are told nothing of it, nor whoever has none."""
    made = call_as("alice", "POST", "/api/transfers", body=ONE_FILE).json
    for method, path in (
        ("GET", "/api/operator/transfers"),
        ("POST", f"/api/operator/transfers/{made['id']}/block"),
    ):
        assert call_as("alice", method, path, groups="staff").status == HTTPStatus.NOT_FOUND
        assert call(method, path, token=made["owner_token"]).status == HTTPStatus.UNAUTHORIZED
    assert takedowns.begun == []
    wrong = call_as("olga", "GET", "/api/operator/transfers", groups="operators", query={"cursor": "x"})
    assert wrong.status == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.usefixtures("served", "accounts")
def test_the_operators_page_is_there_where_there_are_accounts() -> None:
    """It shows nothing by itself."""
    assert 'data-pool="https://pool"' in call("GET", "/operator").body


def test_without_accounts_there_is_no_operators_page() -> None:
    """Nobody could be told from anybody."""
    assert call("GET", "/operator").status == HTTPStatus.NOT_FOUND
