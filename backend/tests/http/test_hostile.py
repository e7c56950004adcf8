"""Whatever comes in, a well-formed answer goes out: requests and events that nobody would make who means well."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from backend import links, web, wiring
from backend.http import resolver as entry
from backend.http.headers import every_answer
from backend.http.requests import FORM, JSON
from backend.http.routes import links_receiving, operating, pages, signing_in
from backend.messages import CreatedTransfer, NewFile, NewTransfer
from backend.rules.report import REASONS
from backend.services.arriving import Arrivals
from backend.services.receiving import Downloads
from backend.services.reporting import Reporting
from backend.services.sending import Uploads
from backend.services.signing_in import Access
from backend.tests.conftest import ORIGINS, SETTINGS
from backend.tests.events import Context, messages, request
from backend.tests.fakes import Clock

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Stands for the transfer's id and its owner's token, where they stand in what is made up.
ID, TOKEN = "{id}", "{token}"

texts = st.text(max_size=40) | st.sampled_from(
    ["..", "%2e%2e", "a\r\nSet-Cookie: x=y", "\x00", "١٢", "1e9", "-1", "9" * 5_000, "\ud800", "\u202egpj.exe", ID]
)

# Bodies
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**40), 2**63])
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        *("files", "parts", "name", "size", "type", "part_size", "file", "number", "sha256", "first"),
        *("title", "message", "expires_in", "max_downloads", "password"),
    ]
)
forms = st.recursive(
    anything, lambda inner: st.dictionaries(fields, inner | st.lists(inner, max_size=3), max_size=4), max_leaves=12
)
broken = st.sampled_from(
    [
        "[" * 9_000,
        '{"files":' * 2_000,
        '{"a":1,"a":2}',
        '{"files":' + "1" * 5_000 + "}",
        '{"x":NaN}',
        "password=",
        "passphrase=\ud800",
        "&&",
    ]
)
content_types = st.sampled_from(
    [
        JSON,
        f"{JSON}; charset=utf-16",
        f"{JSON}x",
        "",
        "text/plain",
        FORM,
        "multipart/form-data",
        "multipart/form-data; boundary=x",
    ]
)
taking_bodies = st.sampled_from(
    [
        *(("POST", f"/api/transfers{rest}") for rest in ("", "/{id}/files", "/{id}/parts")),
        *(
            ("PATCH", "/api/transfers/{id}"),
            ("POST", "/t/{id}/unlock"),
            ("POST", "/t/{id}/report"),
            ("POST", "/sign-in"),
        ),
    ]
)

reports = st.fixed_dictionaries({"reason": st.sampled_from(REASONS) | texts}, optional={"text": texts, "mail": texts})

# Everything else of a request
headers = st.dictionaries(
    st.sampled_from(["Authorization", "Cookie", "Range", "Accept-Language", "Host", "X-Forwarded-Proto", "Origin"]),
    texts
    | st.sampled_from(["Bearer {token}", "bytes=1-", "grant-x=\\012", 'lang=de; lang="', "a=b;;=", "de;q=1", "h"]),
)
links_to_draw = st.sampled_from(["http://[", "https://h/t/{id}", "javascript://h/t/{id}", "//h:x/t/{id}", "h" * 500])
queries = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("since", "check", "urls", "show", "lang"), texts),
        "link": texts | links_to_draw,
    },
)
routes = st.sampled_from(
    [
        *(
            ("GET", f"/t/{{id}}{rest}")
            for rest in ("", "/qr.svg", "/files/1", "/files/1e0", "/report", "/report/thanks")
        ),
        *(("GET", f"/api/transfers/{{id}}{rest}") for rest in ("", "/log", "/files/1/parts", "/files/٢/parts")),
        *(("DELETE", "/api/transfers/{id}/files/9"), ("POST", "/api/transfers/{id}/files/2/complete"), ("GET", "/")),
        ("POST", "/sign-out"),
    ]
)
steps = st.sampled_from(["", "api", "transfers", "t", "static", "files", "{id}", "{id}\n", "unlock", "log", "1", "//x"])
elsewhere = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "É"]),
    st.lists(steps | texts, max_size=6).map(lambda chosen: "/" + "/".join(chosen)),
)


@pytest.fixture(autouse=True, params=["open", "passphrase"])
def served(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    uploads: Uploads,
    downloads: Downloads,
    arrivals: Arrivals,
    access: Access,
    reporting: Reporting,
) -> None:
    """Let both functions work on the table and bucket in memory, with an open door and with a closed one."""
    for module in (entry, pages):
        monkeypatch.setattr(module, "origins", lambda: ORIGINS)
    monkeypatch.setattr(wiring, "receiving", lambda: downloads)
    monkeypatch.setattr(links_receiving, "WAIT_SECONDS", 0)
    monkeypatch.setattr(wiring, "arriving", lambda: arrivals)
    monkeypatch.setattr(wiring, "sending", lambda: uploads)
    monkeypatch.setattr(wiring, "reporting", lambda: reporting)
    asked = replace(SETTINGS, upload_access=request.param, passphrase_secret="arn")
    for module in (operating, pages, signing_in, web):
        monkeypatch.setattr(module, "settings", lambda: asked)
    monkeypatch.setattr(wiring, "signing_in", lambda: replace(access, settings=asked, passphrase=lambda: "sesame"))


@pytest.fixture
def transfer(uploads: Uploads) -> CreatedTransfer:
    """Return a transfer of a small file and one of three parts."""
    return uploads.create(NewTransfer(files=[NewFile(name="a", size=1), NewFile(name="b", size=40 * 2**20)]))


def well_formed(answer: Any, path: str) -> None:
    """See that the gateway and a browser can do something with an answer, and that it is no fault of ours."""
    assert isinstance(answer["body"], str)
    assert HTTPStatus.OK <= answer["statusCode"] < HTTPStatus.INTERNAL_SERVER_ERROR, answer["body"]
    told = answer["multiValueHeaders"]
    assert set(told) >= {"Cache-Control", *every_answer(https=False)}
    for values in told.values():
        assert all(isinstance(value, str) and not {"\r", "\n", "\x00"} & set(value) for value in values)
    answer["body"].encode()
    if path.startswith("/api/") and answer["statusCode"] >= HTTPStatus.BAD_REQUEST:
        assert set(json.loads(answer["body"])["error"]) >= {"code", "message", "request_id"}


def ask(transfer: CreatedTransfer, route: tuple[str, str], **rest: Any) -> None:
    """Send a request through both functions, and see that each gives a well-formed answer."""

    def real(text: str) -> str:
        return text.replace(ID, transfer.id).replace(TOKEN, transfer.owner_token)

    rest |= {
        name: {key: real(value) for key, value in rest[name].items()} for name in ("headers", "query") if name in rest
    }
    event = request(route[0], real(route[1]), **rest)
    for handler in (web.handler, links.handler):
        well_formed(handler(event, Context()), event["path"])


@MANY
@given(taking_bodies, broken | texts | forms.map(json.dumps), content_types)
def test_every_body_is_answered_in_form(
    transfer: CreatedTransfer, route: tuple[str, str], body: str, content_type: str
) -> None:
    """Whatever it is, and whatever it says that it is."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
    ask(transfer, route, raw=body, headers=headers)


@MANY
@given(reports, st.integers(0, 3_600))
def test_every_report_is_answered_in_form(
    transfer: CreatedTransfer, clock: Clock, report: dict[str, str], later: int
) -> None:
    """And what is taken of it is told in a message that can be sent."""
    clock.now += later
    body = urlencode(report, errors="surrogatepass")
    ask(transfer, ("POST", "/t/{id}/report"), raw=body, headers={"Content-Type": FORM})


@MANY
@given(routes | elsewhere, queries, headers)
def test_every_request_is_answered_in_form(
    transfer: CreatedTransfer, route: tuple[str, str], query: dict[str, str], headers: dict[str, str]
) -> None:
    """Whatever the gateway hands on."""
    ask(transfer, route, query=query, headers=headers)


@MANY
@given(st.lists(anything.map(json.dumps) | texts | st.just("[" * 9_000), max_size=5))
def test_no_message_stops_the_others(bodies: list[str]) -> None:
    """Each fails alone, or is nothing."""
    answer = links.handler(messages(*bodies), Context())
    assert answer is not None
    failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert set(failed) <= {f"message-{number}" for number in range(1, len(bodies) + 1)}
