"""A report reaches the operator and blocks nothing; a takedown blocks at once and keeps the evidence."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.aws import bucket as objects_module
from backend.aws.bucket import Objects
from backend.rules.transfer import MIB, evidence_key
from e2e.cloud import ROOT, Answer, Cloud, eventually
from e2e.conftest import Watch
from e2e.expiring import expire, items, sweep
from e2e.listening import heard
from e2e.sending import begin, put, sha256, status, stored
from e2e.test_sharing import live_link, send

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def mails(cloud: Cloud, mailbox: str, transfer: str) -> list[Any]:
    """Return the messages about a transfer that have come since the last look."""
    return [each for each in heard(cloud, mailbox) if transfer in each["Message"]]


@contextmanager
def as_source(cloud: Cloud, address: str) -> Generator[dict[str, str]]:
    """Return the headers of a request from this address: the local gateway believes them, AWS's does not."""
    yield {**FORM, "X-Forwarded-For": address}
    # Nobody after us has to wait because of what we sent.
    dynamodb, table = cloud.client("dynamodb"), cloud.outputs["Table"]
    kept = dynamodb.scan(TableName=table, FilterExpression="attribute_exists(next_at)")["Items"]
    for item in kept:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def report(cloud: Cloud, transfer: Any, headers: dict[str, str], **fields: str) -> Answer:
    """Send the form."""
    body = urlencode({"reason": "malware", "text": "It is a virus.", "mail": "", **fields}).encode()
    return cloud.call("POST", f"t/{transfer['id']}/report", raw=body, headers=headers)


def sent(cloud: Cloud, body: bytes, name: str = "file.bin") -> Any:
    """Return a ready transfer of one file."""
    transfer = begin(cloud, body, name=name, sign=1)
    assert put(cloud, transfer["urls"][0], body).status == HTTPStatus.OK
    stored(cloud, transfer)
    return transfer


def operate(cloud: Cloud, what: str, *more: str, typed: str = "") -> str:
    """Run an operator's command as make does, and return what it prints."""
    port = str(urlsplit(cloud.address).port)
    command = [sys.executable, "-m", "infra.operate", what, *more, "--port", port]
    done = subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_report_reaches_the_operator_and_blocks_nothing(cloud: Cloud, mailbox: str) -> None:
    """With what is needed to judge; a second one within ten minutes is kept and sends no mail."""
    transfer = sent(cloud, b"bad", name="invoice.exe")
    before = status(cloud, transfer)
    with as_source(cloud, "203.0.113.77") as headers:
        asked = cloud.call("GET", f"t/{transfer['id']}/report")
        assert asked.status == HTTPStatus.OK
        assert f'action="../../t/{transfer["id"]}/report"' in asked.data.decode()
        thanked = report(cloud, transfer, headers, mail="ann@example.com")
        assert (thanked.status, thanked.headers["Location"]) == (HTTPStatus.SEE_OTHER, "report/thanks")
        assert cloud.call("GET", f"t/{transfer['id']}/report/thanks").status == HTTPStatus.OK
        early = report(cloud, transfer, headers)
        assert early.status == HTTPStatus.TOO_MANY_REQUESTS
        assert 1 <= int(early.headers["Retry-After"]) <= 10
        assert "It is a virus." in early.data.decode()
    with as_source(cloud, "203.0.113.78") as headers:
        assert report(cloud, transfer, headers, reason="other").status == HTTPStatus.SEE_OTHER
    (mail,) = eventually(lambda: mails(cloud, mailbox, transfer["id"]))
    assert mail["Subject"] == "Sidestep: a transfer was reported (malware)"
    for words in (
        f"    make takedown TRANSFER={transfer['id']}\n",
        "Files: 1, 3 bytes in all\n",
        "| invoice.exe\n",
        "> It is a virus.\n",
        "> ann@example.com",
    ):
        assert words in mail["Message"]
    assert mails(cloud, mailbox, transfer["id"]) == []
    assert len([sort for sort in items(cloud, transfer) if sort.startswith("report#")]) == 2
    assert status(cloud, transfer) == before
    assert cloud.call("GET", f"t/{transfer['id']}/files/1").status == HTTPStatus.SEE_OTHER


def test_a_report_that_cannot_be_taken_comes_back_with_what_was_written(cloud: Cloud) -> None:
    """And with what is wrong with it; a transfer that is not there cannot be reported."""
    transfer = sent(cloud, b"1")
    with as_source(cloud, "203.0.113.79") as headers:
        refused = report(cloud, transfer, headers, reason="nonsense", text="<b>kept</b>" + "x" * 2_000, mail="nobody")
        assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY
        page = refused.data.decode()
        assert [f'id="wrong-{field}"' in page for field in ("reason", "text", "mail")] == [True] * 3
        assert "&lt;b&gt;kept&lt;/b&gt;" in page
        empty = cloud.call("POST", f"t/{transfer['id']}/report", raw=b"", headers=headers)
        assert empty.status == HTTPStatus.UNPROCESSABLE_ENTITY
        expire(cloud, transfer)
        for id_, expected in ((transfer["id"], 410), ("a" * 26, 404), ("nonsense", 404)):
            assert report(cloud, {"id": id_}, headers).status == expected
            for place in ("report", "report/thanks"):
                assert cloud.call("GET", f"t/{id_}/{place}").status == expected
    assert not [sort for sort in items(cloud, transfer) if sort.startswith("report#")]


@pytest.mark.parametrize("password", [None, "secret"])
def test_somebody_without_scripts_and_without_the_password_can_report(
    page: Page, browser: Browser, watch: Watch, cloud: Cloud, mailbox: str, tmp_path: Path, password: str | None
) -> None:
    """From the link on the page to the thanks."""
    link = send(page, tmp_path, "a.txt")
    if password:
        page.get_by_test_id("options").locator("summary").click()
        page.get_by_test_id("option-password").fill(password)
        page.get_by_test_id("option-password").blur()
        expect(page.get_by_test_id("option-note")).to_contain_text("Password saved")
    with (
        browser.new_context(
            java_script_enabled=False, extra_http_headers={"X-Forwarded-For": "203.0.113.80"}
        ) as context,
        as_source(cloud, "203.0.113.80"),
    ):
        reporter = context.new_page()
        watch.attach(reporter)
        reporter.goto(link)
        reporter.get_by_role("link", name="Report this transfer").click()
        reporter.get_by_label("Copyright").check()
        reporter.get_by_label("What should the operator know?").fill("That is my film.\nI made it.")
        reporter.get_by_role("button", name="Send the report").click()
        expect(reporter.get_by_role("heading", level=1)).to_have_text("Thank you")
        assert reporter.url == f"{link}/report/thanks"
        reporter.get_by_role("link", name="Back to the transfer").click()
        assert reporter.url == link
    (mail,) = eventually(lambda: mails(cloud, mailbox, link.rsplit("/", 1)[1]))
    assert "> That is my film.\n> I made it.\n" in mail["Message"]


def test_a_takedown_ends_all_at_once_and_is_undone_to_the_last_byte(cloud: Cloud) -> None:
    """Page, files, API, uploads under way, URLs that were given out; the sweep leaves the evidence."""
    body, part = b"evil" * 1_000, bytes(16 * MIB)
    transfer = begin(cloud, body, part + b"tail", b"small", sign=1)
    place, page, token = f"api/transfers/{transfer['id']}", f"t/{transfer['id']}", transfer["owner_token"]
    put(cloud, transfer["urls"][0], body)
    eventually(lambda: status(cloud, transfer)["counts"]["stored"] == 1)
    parts = [{"file": 2, "number": 1, "sha256": sha256(part)}, {"file": 3, "number": 1, "sha256": sha256(b"small")}]
    signed = cloud.call("POST", f"{place}/parts", body={"parts": parts}, token=token).json["urls"]
    assert put(cloud, signed[0], part).status == HTTPStatus.OK
    given = cloud.call("GET", f"{page}/files/1").headers["Location"]
    owners = status(cloud, transfer, token)["files"][0]["download_url"]
    assert cloud.call("GET", given).data == cloud.call("GET", owners).data == body

    said = operate(cloud, "takedown", "--transfer", urljoin_page(cloud, transfer))
    assert re.search(rf"1\s+kept\s+4000\s+{re.escape(sha256(body))}\s+file\.bin", said)
    for number in (2, 3):
        assert re.search(rf"(?m)^{number}\s+incomplete", said)
    for url in (given, owners):
        assert cloud.call("GET", url).status == HTTPStatus.NOT_FOUND
    blocked = cloud.call("GET", page)
    assert blocked.status == HTTPStatus.GONE
    assert "The operator of Sidestep has blocked this transfer" in blocked.data.decode()
    for path in (page, f"{page}/files/1", f"{page}/report", place):
        assert cloud.call("GET", path).status == HTTPStatus.GONE
    for method, path, sent_body in (
        ("GET", place, None),
        ("GET", f"{place}/log", None),
        ("PATCH", place, {"title": "x"}),
        ("POST", f"{place}/parts", {"parts": parts}),
        ("POST", f"{place}/files/2/complete", None),
        ("DELETE", f"{place}/files/1", None),
        ("DELETE", place, None),
    ):
        refused = cloud.call(method, path, body=sent_body, token=token)
        assert (refused.status, refused.error["code"]) == (HTTPStatus.GONE, "blocked")
    assert cloud.call("DELETE", place, token="other").status == HTTPStatus.FORBIDDEN
    assert cloud.incomplete_uploads(transfer["id"]) == []
    assert put(cloud, signed[0], part).status == HTTPStatus.NOT_FOUND
    # What an old URL still brings does not stay, neither under a new file's place nor under the old one's.
    for late, late_body in ((signed[1], b"small"), (transfer["urls"][0], body)):
        assert put(cloud, late, late_body).status == HTTPStatus.OK
    eventually(lambda: not cloud.keys(transfer["id"]))

    expire(cloud, transfer)
    assert sweep(cloud)["failed"] == 0
    held = cloud.s3.get_object(Bucket=cloud.outputs["Bucket"], Key=evidence_key(transfer["id"], 1))
    assert held["Body"].read() == body
    assert {"file#000001", "transfer"} <= set(items(cloud, transfer))
    assert transfer["id"] in operate(cloud, "transfers", "--limit", "1000")

    expire(cloud, transfer, expires_at={"N": "4000000000"})
    assert "given back" in operate(cloud, "restore", "--transfer", transfer["id"])
    back = status(cloud, transfer)
    assert [file["state"] for file in back["files"]] == ["stored", "failed", "failed"]
    got = cloud.call("GET", cloud.call("GET", f"{page}/files/1").headers["Location"])
    assert hashlib.sha256(got.data).digest() == hashlib.sha256(body).digest()
    assert cloud.keys(transfer["id"]) == [f"files/{transfer['id']}/1"]
    eventually(lambda: cloud.call("DELETE", place, token=token).status == HTTPStatus.NO_CONTENT)
    assert items(cloud, transfer) == []


def test_a_sender_sees_that_it_is_over_and_finds_it_again_when_it_is_given_back(
    page: Page, cloud: Cloud, watch: Watch, tmp_path: Path
) -> None:
    """This device forgets what has expired or was deleted, but not what an operator has blocked."""
    watch.forgive("410")
    link = send(page, tmp_path, "a.txt")
    operate(cloud, "takedown", "--transfer", link)
    page.goto("about:blank")
    page.goto(cloud.address)
    page.get_by_test_id("open-mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This transfer has ended")
    expect(page.locator("#totals")).to_contain_text("blocked")
    operate(cloud, "restore", "--transfer", link)
    page.goto("about:blank")
    page.goto(cloud.address)
    page.get_by_test_id("open-mine").click()
    assert live_link(page) == link


def urljoin_page(cloud: Cloud, transfer: Any) -> str:
    """Return a transfer's link as people send it around."""
    return f"{cloud.address}t/{transfer['id']}"


def test_a_closed_case_leaves_nothing(cloud: Cloud) -> None:
    """Once the operator has typed which; and no transfer that is not blocked is ever erased so."""
    transfer = sent(cloud, b"bad")
    port = str(urlsplit(cloud.address).port)
    command = [sys.executable, "-m", "infra.operate", "erase", "--transfer", transfer["id"], "--port", port]
    for typed, complaint in (("yes", "Nothing was erased."), (transfer["id"], "This transfer is not blocked.")):
        refused = subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True, check=False)
        assert (refused.returncode, refused.stderr.strip()) == (1, complaint)
    assert cloud.keys(transfer["id"])
    operate(cloud, "takedown", "--transfer", transfer["id"])
    operate(cloud, "erase", "--transfer", transfer["id"], typed=transfer["id"])
    assert items(cloud, transfer) == []
    assert cloud.keys(transfer["id"], among="evidence") == []
    assert cloud.call("GET", f"t/{transfer['id']}").status == HTTPStatus.NOT_FOUND


def test_the_list_says_of_each_transfer_how_it_stands(cloud: Cloud) -> None:
    """Size, downloads, reports and state."""
    transfer = sent(cloud, b"x" * 1_500)
    cloud.call("GET", f"t/{transfer['id']}/files/1")
    with as_source(cloud, "203.0.113.81") as headers:
        report(cloud, transfer, headers)
    for state in ("ready", "blocked"):
        (line,) = re.findall(rf"(?m)^{transfer['id']}.*$", operate(cloud, "transfers", "--limit", "1000"))
        assert re.search(rf"{state}\s+1\s+2 kB\s+1\s+1$", line)
        operate(cloud, "takedown", "--transfer", transfer["id"])
    operate(cloud, "erase", "--transfer", transfer["id"], typed=transfer["id"])


def test_what_is_too_large_for_one_copy_is_copied_in_parts(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes, whole or not at all; served as before by a plain address."""
    body = bytes(range(256)) * (4 * MIB // 256) * 3 + b"tail"
    objects = Objects(cloud.outputs["Bucket"])
    for client in ("_s3", "_copying"):
        monkeypatch.setitem(vars(objects), client, cloud.s3)
    monkeypatch.setattr(objects_module, "COPY_BYTES", 5 * MIB)
    served = {"ContentDisposition": 'attachment; filename="a"', "ContentType": "application/octet-stream"}
    cloud.s3.put_object(Bucket=objects.bucket, Key="evidence/large", Body=body, **served)
    assert objects.copy("evidence/large", "evidence/copy", size=len(body))
    copy = cloud.s3.get_object(Bucket=objects.bucket, Key="evidence/copy")
    assert copy["Body"].read() == body
    assert {name: copy[name] for name in served} == served
    for size in (1, len(body)):
        assert not objects.copy("evidence/none", "evidence/nothing", size=size)
    assert objects.head("evidence/nothing") is None
    begun = cloud.s3.list_multipart_uploads(Bucket=objects.bucket, Prefix="evidence/nothing")
    assert "Uploads" not in begun
    objects.delete(["evidence/large", "evidence/copy"])
