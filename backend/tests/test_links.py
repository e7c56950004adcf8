"""The links function: S3's events, the status and the download route."""

import json
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import backend
from backend import links, wiring
from backend.aws.bucket import Objects
from backend.aws.table.records import Records
from backend.http import resolver as entry
from backend.http.routes import links_receiving
from backend.messages import NewFile, NewTransfer, Options
from backend.rules.transfer import key_of
from backend.services.arriving import Arrivals
from backend.services.receiving import Downloads
from backend.services.sending import Uploads
from backend.tests.conftest import ORIGINS
from backend.tests.events import Context, arrivals, messages, request, s3_record
from backend.tests.fakes import Clock, FakeObjects


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, downloads: Downloads, arrivals: Arrivals) -> None:
    """Let the function work on the table and bucket in memory."""
    monkeypatch.setattr(wiring, "arriving", lambda: arrivals)
    monkeypatch.setattr(wiring, "receiving", lambda: downloads)
    monkeypatch.setattr(entry, "origins", lambda: ORIGINS)


def call(path: str, **more: Any) -> dict[str, Any]:
    """Send a GET through the handler."""
    answer = links.handler(request("GET", path, **more), Context())
    assert answer is not None
    return answer


@pytest.fixture
def transfer(uploads: Uploads, objects: FakeObjects) -> Any:
    """Return a transfer of two files, whose objects have arrived without S3 telling yet."""
    made = uploads.create(NewTransfer(files=[NewFile(name="a b.txt", size=1), NewFile(name="c", size=2)]))
    objects.put(key_of(made.id, 1), 1)
    objects.put(key_of(made.id, 2), 2)
    return made


def test_s3s_event_makes_files_downloadable(transfer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Every record of it, and the metrics count the bytes and the delay."""
    links.handler(arrivals(key_of(transfer.id, 1), key_of(transfer.id, 2)), Context())
    answer = json.loads(call(f"/api/transfers/{transfer.id}")["body"])
    assert answer["state"] == "ready"
    logged = capsys.readouterr().out
    assert '"BytesStored":[1.0,2.0]' in logged
    assert '"SecondsToLink":[0.0,0.0]' in logged


def test_only_the_message_that_failed_comes_back(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are done, whatever happens beside them."""
    head = objects.head

    def failing(key: str) -> Any:
        return head(key) if key.endswith("/2") else 1 / 0

    monkeypatch.setattr(objects, "head", failing)
    answer = links.handler(arrivals(key_of(transfer.id, 1), key_of(transfer.id, 2)), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    files = json.loads(call(f"/api/transfers/{transfer.id}")["body"])["files"]
    assert [file["state"] for file in files] == ["pending", "stored"]


def slowly(monkeypatch: pytest.MonkeyPatch, objects: FakeObjects, *seconds: float) -> Context:
    """Make S3 take this long for each object, and return the context of an invocation that has 20 s."""
    head, times, left = objects.head, iter(seconds), [20.0]

    def slow(key: str) -> Any:
        left[0] -= next(times)
        return head(key)

    monkeypatch.setattr(objects, "head", slow)
    return Context(remaining=lambda: left[0])


def test_a_batch_goes_on_while_another_lost_call_to_s3_would_fit(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four seconds are slow, but leave enough time."""
    context = slowly(monkeypatch, objects, 4, 4)
    answer = links.handler(arrivals(key_of(transfer.id, 1), key_of(transfer.id, 2)), context)
    assert answer == {"batchItemFailures": []}


def test_a_slow_message_ends_its_batch_and_the_rest_comes_back(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Lambda stopped it in the middle, messages that are done would return, too, and use up their receives."""
    context = slowly(monkeypatch, objects, 11)
    keys = [key_of(transfer.id, number) for number in (1, 2, 2)]
    answer = links.handler(arrivals(*keys), context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-2"}, {"itemIdentifier": "message-3"}]}
    files = json.loads(call(f"/api/transfers/{transfer.id}")["body"])["files"]
    assert [file["state"] for file in files] == ["stored", "pending"]


def test_the_first_message_is_tried_however_little_time_there_is(transfer: Any) -> None:
    """Otherwise the same batch could return until it ends up in the dead-letter queue."""
    batch = arrivals(key_of(transfer.id, 1), key_of(transfer.id, 2))
    answer = links.handler(batch, Context(remaining=lambda: 3))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-2"}]}


def test_a_call_to_s3_that_is_lost_fits_into_what_a_message_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Computed from the clients' own settings."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for client in (vars(Objects)["_s3"].func(Objects("b")), vars(Records)["_db"].func(Records("t"))):
        lost = client.meta.config.connect_timeout + client.meta.config.read_timeout
        assert lost * 1_000 < links.MESSAGE_MILLISECONDS


def test_of_several_records_in_a_message_a_bad_one_does_not_stop_the_rest(transfer: Any) -> None:
    """The message comes back for it; doing the good ones again does no harm."""
    body = json.dumps({"Records": [{"eventSource": "aws:s3"}, s3_record(key_of(transfer.id, 1))]})
    for _ in range(2):
        assert links.handler(messages(body), Context()) == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    files = json.loads(call(f"/api/transfers/{transfer.id}")["body"])["files"]
    assert [file["state"] for file in files] == ["stored", "pending"]


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        *(('{"Event": "s3:TestEvent"}', 0), ('{"Records": []}', 0), ("{}", 0)),
        *(("nonsense", 1), ("[1]", 1), ("[" * 9_000, 1), ("1" * 5_000, 1)),
    ],
)
def test_a_message_without_records_is_s3s_test_or_nonsense(body: str, failed: int) -> None:
    """S3 tries the queue when it is told of it; anything else that is not S3's fails."""
    answer = links.handler(messages(body), Context())
    assert answer is not None
    assert len(answer["batchItemFailures"]) == failed


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["s3", "object", "key"]), inner),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_message_whatever_it_holds_stops_the_batch(payload: Any) -> None:
    """It fails alone, or is nothing."""
    answer = links.handler(messages(json.dumps(payload), json.dumps({"Records": payload})), Context())
    assert answer is not None
    assert set(answer) == {"batchItemFailures"}


def test_keys_arrive_url_encoded_and_are_decoded(objects: FakeObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 spells a space as a plus."""
    seen: list[str] = []
    monkeypatch.setattr(objects, "head", seen.append)
    links.handler(arrivals("files/a b+c"), Context())
    assert seen == []
    encoded = {"Records": [{"s3": {"object": {"key": "files%2F" + "a" * 26 + "%2F1"}}}]}
    links.handler(messages(json.dumps(encoded)), Context())
    assert seen == [f"files/{'a' * 26}/1"]


def test_a_download_is_a_redirect_that_nobody_keeps(transfer: Any) -> None:
    """303, so that browsers ask again each time."""
    links.handler(arrivals(key_of(transfer.id, 1)), Context())
    answer = call(f"/t/{transfer.id}/files/1")
    assert answer["statusCode"] == HTTPStatus.SEE_OTHER
    assert answer["multiValueHeaders"]["Cache-Control"] == ["no-store"]
    assert answer["multiValueHeaders"]["Location"][0].startswith(f"https://bucket/files/{transfer.id}/1?")


def test_a_download_is_logged_with_its_range_and_where_it_came_from(transfer: Any, uploads: Uploads) -> None:
    """As the gateway says; what goes on with it is no other."""
    links.handler(arrivals(key_of(transfer.id, 2)), Context())
    forged = {"X-Forwarded-For": "203.0.113.77"}
    for asked in ("bytes=0-0", "bytes=1-"):
        answer = call(f"/t/{transfer.id}/files/2", headers={"range": asked, **forged})
        assert answer["statusCode"] == HTTPStatus.SEE_OTHER
    (entry,) = uploads.log(transfer.id, transfer.owner_token).downloads
    assert (entry.file, entry.bytes, entry.source) == (2, 1, "192.0.2.x")


def test_a_download_that_is_not_there_is_a_page_that_says_why(transfer: Any) -> None:
    """With addresses that fit its depth."""
    answer = call(f"/t/{transfer.id}/files/1")
    assert answer["statusCode"] == HTTPStatus.NOT_FOUND
    assert "still on its way" in answer["body"]
    assert 'href="../../../static/' in answer["body"]


def test_what_has_expired_or_been_used_up_is_gone_with_a_page_that_says_which(
    transfer: Any, uploads: Uploads, clock: Clock
) -> None:
    """410 for both, each in its own words; JSON under api/."""
    links.handler(arrivals(key_of(transfer.id, 1)), Context())
    uploads.change(transfer.id, transfer.owner_token, Options(max_downloads=1))
    call(f"/t/{transfer.id}/files/1")
    used_up = call(f"/t/{transfer.id}/files/1")
    assert (used_up["statusCode"], "No downloads left" in used_up["body"]) == (HTTPStatus.GONE, True)
    clock.now += 604_800
    expired = call(f"/t/{transfer.id}/files/1")
    assert expired["statusCode"] == HTTPStatus.GONE
    assert "This transfer expired on 2027-01-22, 08:00 UTC. Ask the sender to send it again." in expired["body"]
    asked = call(f"/api/transfers/{transfer.id}")
    assert (asked["statusCode"], json.loads(asked["body"])["error"]["code"]) == (HTTPStatus.GONE, "expired")


def test_the_status_goes_by_cursor_and_token(transfer: Any) -> None:
    """The owner's carries presigned URLs, which the links function alone may sign."""
    links.handler(arrivals(key_of(transfer.id, 1)), Context())
    seen = json.loads(call(f"/api/transfers/{transfer.id}", query={"since": transfer.cursor})["body"])
    assert [file["number"] for file in seen["files"]] == [1]
    assert "download_url" not in seen["files"][0]
    owned = json.loads(call(f"/api/transfers/{transfer.id}", token=transfer.owner_token)["body"])
    assert owned["files"][0]["download_url"].startswith("https://bucket/")


def test_a_file_whose_event_was_lost_is_found_when_the_status_asks_to_check_it(
    transfer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the code that S3's event would have run; a file that S3 does not have stays as it is."""
    monkeypatch.setattr(links_receiving, "WAIT_SECONDS", 0)
    answer = call(f"/api/transfers/{transfer.id}", query={"since": transfer.cursor, "check": "2,9"})
    assert [(file["number"], file["state"]) for file in json.loads(answer["body"])["files"]] == [(2, "stored")]


def test_a_file_that_arrives_while_its_status_is_asked_for_is_waited_for(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there already is looked at once."""
    looked: list[str] = []
    head = objects.head

    def late(key: str) -> Any:
        looked.append(key)
        return head(key) if key.endswith("/2") or len(looked) > 3 else None

    monkeypatch.setattr(objects, "head", late)
    monkeypatch.setattr(links_receiving, "LOOK_AGAIN_SECONDS", 0)
    answer = call(f"/api/transfers/{transfer.id}", query={"since": transfer.cursor, "check": "1,2"})
    assert json.loads(answer["body"])["state"] == "ready"
    assert [key[-1] for key in looked] == ["1", "2", "1", "1"]


def test_only_whoever_may_see_a_transfer_can_have_its_files_checked(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else costs us requests to S3."""
    looked: list[str] = []
    monkeypatch.setattr(objects, "head", looked.append)
    answer = call(f"/api/transfers/{'a' * 26}", query={"check": "1"})
    assert answer["statusCode"] == HTTPStatus.NOT_FOUND
    answer = call(f"/api/transfers/{transfer.id}", query={"check": "1"}, token="other")
    assert answer["statusCode"] == HTTPStatus.FORBIDDEN
    assert looked == []


def test_each_file_is_looked_at_once_and_none_that_the_transfer_does_not_have(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often and whatever is asked for: each look is a request to S3."""
    looked: list[str] = []
    monkeypatch.setattr(objects, "head", looked.append)
    monkeypatch.setattr(links_receiving, "WAIT_SECONDS", 0)
    call(f"/api/transfers/{transfer.id}", query={"check": "2,2,2,3,999999"})
    assert looked == [key_of(transfer.id, 2)]


@pytest.mark.parametrize("check", ["0", "1,", "x", "1;2", ",".join("1" * 21), "9999999"])
def test_what_is_no_list_of_files_is_not_checked(transfer: Any, check: str) -> None:
    """422 with the field named."""
    answer = call(f"/api/transfers/{transfer.id}", query={"check": check})
    assert answer["statusCode"] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert json.loads(answer["body"])["error"]["fields"][0]["field"] == "check"


@pytest.mark.parametrize("since", ["nonsense", "9" * 300])
def test_a_cursor_that_is_none_is_refused(transfer: Any, since: str) -> None:
    """422 with the field named."""
    answer = call(f"/api/transfers/{transfer.id}", query={"since": since})
    assert answer["statusCode"] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert json.loads(answer["body"])["error"]["fields"][0]["field"] == "since"


def loaded(module: str, below: str) -> list[str]:
    """Return which modules below a package a new process has loaded once it has imported this one."""
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    root = Path(backend.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True, text=True)  # noqa: S603
    return [name.removeprefix(f"{below}.") for name in done.stdout.split() if name.startswith(f"{below}.")]


def test_a_cold_start_for_an_event_loads_what_the_event_needs() -> None:
    """A sender waits for it."""
    assert not {"http", "pages", "messages"} & set(loaded("backend.links", "backend"))
    assert loaded("backend.links", "backend.services") == ["arriving", "quotas"]


def test_a_cold_start_for_a_request_loads_nothing_of_webs() -> None:
    """A recipient waits for it."""
    routes = "backend.http.routes.links_receiving"
    assert loaded(routes, "backend.http.routes") == ["links_receiving"]
    assert loaded(routes, "backend.services") == ["arriving", "quotas", "receiving"]
