"""The links function: S3's events, the status and the download route."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from backend import links
from backend.downloads import Downloads
from backend.messages import NewFile, NewTransfer
from backend.tests.events import Context, arrivals, request
from backend.tests.fakes import FakeObjects
from backend.transfers import key_of
from backend.uploads import Uploads


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, downloads: Downloads) -> None:
    """Let the function work on the table and bucket in memory."""
    monkeypatch.setattr(links, "downloads", lambda: downloads)


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


def test_a_bad_record_fails_the_event_after_the_good_ones_are_done(
    transfer: Any, objects: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda then repeats it, and in the end puts it into the dead-letter queue."""
    head = objects.head

    def failing(key: str) -> Any:
        return head(key) if key.endswith("/2") else 1 / 0

    monkeypatch.setattr(objects, "head", failing)
    with pytest.raises(ExceptionGroup):
        links.handler(arrivals(key_of(transfer.id, 1), key_of(transfer.id, 2)), Context())
    files = json.loads(call(f"/api/transfers/{transfer.id}")["body"])["files"]
    assert [file["state"] for file in files] == ["pending", "stored"]


def test_keys_arrive_url_encoded_and_are_decoded(objects: FakeObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 spells a space as a plus."""
    seen: list[str] = []
    monkeypatch.setattr(objects, "head", seen.append)
    links.handler(arrivals("files/a b+c"), Context())
    assert seen == []
    links.handler({"Records": [{"s3": {"object": {"key": "files%2F" + "a" * 26 + "%2F1"}}}]}, Context())
    assert seen == [f"files/{'a' * 26}/1"]


def test_a_download_is_a_redirect_that_nobody_keeps(transfer: Any) -> None:
    """303, so that browsers ask again each time."""
    links.handler(arrivals(key_of(transfer.id, 1)), Context())
    answer = call(f"/t/{transfer.id}/files/1")
    assert answer["statusCode"] == HTTPStatus.SEE_OTHER
    assert answer["multiValueHeaders"]["Cache-Control"] == ["no-store"]
    assert answer["multiValueHeaders"]["Location"][0].startswith(f"https://bucket/files/{transfer.id}/1?")


def test_a_download_that_is_not_there_is_a_page_that_says_why(transfer: Any) -> None:
    """With addresses that fit its depth."""
    answer = call(f"/t/{transfer.id}/files/1")
    assert answer["statusCode"] == HTTPStatus.NOT_FOUND
    assert "still on its way" in answer["body"]
    assert 'href="../../../static/' in answer["body"]


def test_the_status_goes_by_cursor_and_token(transfer: Any) -> None:
    """The owner's carries presigned URLs, which the links function alone may sign."""
    links.handler(arrivals(key_of(transfer.id, 1)), Context())
    seen = json.loads(call(f"/api/transfers/{transfer.id}", query={"since": transfer.cursor})["body"])
    assert [file["number"] for file in seen["files"]] == [1]
    assert "download_url" not in seen["files"][0]
    owned = json.loads(call(f"/api/transfers/{transfer.id}", token=transfer.owner_token)["body"])
    assert owned["files"][0]["download_url"].startswith("https://bucket/")


@pytest.mark.parametrize("since", ["nonsense", "9" * 300])
def test_a_cursor_that_is_none_is_refused(transfer: Any, since: str) -> None:
    """422 with the field named."""
    answer = call(f"/api/transfers/{transfer.id}", query={"since": since})
    assert answer["statusCode"] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert json.loads(answer["body"])["error"]["fields"][0]["field"] == "since"
