"""Plain addresses: refused where nobody has allowed them, and else good for the files and for nothing more."""

import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.cloud import Cloud
from e2e.conftest import Watch, discreet_cloud
from e2e.sending import MIB, begin, put, stored
from e2e.test_accessibility import NARROW, check
from e2e.test_sharing import content

# Two spaces: the header with the name is signed, and SigV4 collapses them into one.
NAME = "Frühling  & so.bin"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Return a second local cloud, whose operator lets everybody read the files."""
    with discreet_cloud(tmp_path_factory.mktemp("public"), "public_downloads=true") as started:
        yield started


@pytest.fixture
def page(browser: Browser, public: Cloud, watch: Watch) -> Iterator[Page]:
    """Return its upload page, in a clean browser context."""
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    watch.attach(opened)
    opened.goto(public.address)
    yield opened
    assert watch.unforgiven() == []
    context.close()


def sent(cloud: Cloud, body: bytes) -> Any:
    """Send a file by the API, and return its status once it is stored, with its key."""
    transfer = begin(cloud, body, name=NAME, sign=1)
    assert put(cloud, transfer["urls"][0], body).status == 200
    return {**stored(cloud, transfer)["files"][0], "key": f"files/{transfer['id']}/1"}


def bucket_url(cloud: Cloud, path: str = "") -> str:
    """Return an address in the bucket, with no signature on it."""
    return cloud.s3.meta.endpoint_url + f"/{cloud.outputs['Bucket']}/{path}"


def test_off_nobody_reads_without_a_signature(cloud: Cloud) -> None:
    """Neither by the file's own address, which is not told, nor by any other."""
    file = sent(cloud, b"private")
    assert "public_url" not in file
    for method in ("GET", "HEAD"):
        assert cloud.call(method, bucket_url(cloud, file["key"])).status == 403


def test_on_everybody_reads_a_file_under_its_name(public: Cloud) -> None:
    """Without signature or session, whole or in part, as an attachment whatever it is."""
    body = content("public", 1_000)
    file = sent(public, body)
    answer = public.call("GET", file["public_url"])
    assert (answer.status, answer.data) == (200, body)
    assert urllib.parse.quote(NAME) in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    part = public.call("GET", file["public_url"], headers={"Range": "bytes=500-"})
    assert (part.status, part.data) == (206, body[500:])
    assert "?" not in file["public_url"]


def test_on_the_name_cannot_be_left_out(public: Cloud) -> None:
    """What is signed with it is refused without it: no sender makes the bucket show a page."""
    signed = begin(public, b"a", name="a.html", sign=1)["urls"][0]
    assert put(public, signed, b"a", **{"content-disposition": "inline"}).status == 403
    assert put(public, signed, b"a", **{"content-type": "text/html"}).status == 403


def test_on_nothing_but_files_is_served(public: Cloud) -> None:
    """No list, no settings, no write and no other prefix."""
    file = sent(public, b"public")
    key = file["key"]
    public.s3.put_object(Bucket=public.outputs["Bucket"], Key="other/1", Body=b"not for everybody")
    for path in ("", "?list-type=2", "?list-type=2&prefix=files/", "?uploads", "?versions", "?policy", "?acl", "?cors",
                 "?location", "other/1", f"{key}?acl", f"{key}?tagging", f"{key}?uploadId=x"):  # fmt: skip
        assert public.call("GET", bucket_url(public, path)).status == 403, path
    for path in (key, f"{key}?tagging", f"{key}?acl", f"{key}?partNumber=1&uploadId=x", "files/mine", "?policy", ""):
        assert public.call("PUT", bucket_url(public, path), raw=b"x").status == 403, path
    for path in (f"{key}?uploads", f"{key}?uploadId=x", "?delete", ""):
        assert public.call("POST", bucket_url(public, path), raw=b"x").status == 403, path
    for path in (key, f"{key}?uploadId=x", "?policy", ""):
        assert public.call("DELETE", bucket_url(public, path)).status == 403, path
    assert public.call("GET", file["public_url"]).data == b"public"


def test_on_a_password_and_a_limit_are_refused_with_words(public: Cloud) -> None:
    """By the API; the page does not offer them."""
    made = begin(public, b"a")
    for option in ({"password": "secret"}, {"max_downloads": 1}):
        answer = public.call("PATCH", f"api/transfers/{made['id']}", body=option, token=made["owner_token"])
        assert answer.status == 422
        assert "files are public here" in answer.error["message"]


def test_on_the_sender_copies_each_files_address_from_its_row(page: Page, public: Cloud) -> None:
    """Of a file in one part and one in many; neither password nor limit is offered, and axe finds nothing."""
    bodies = {"small ü.bin": content("small", 1_000), "large.bin": content("large", 17 * MIB)}
    page.get_by_test_id("file-input").set_input_files(
        [{"name": name, "mimeType": "text/html", "buffer": body} for name, body in bodies.items()]
    )
    expect(page.get_by_test_id("transfer-link")).to_be_visible()
    for name, body in bodies.items():
        row = page.get_by_test_id("file-row").filter(has_text=name)
        row.get_by_role("button", name=f"Copy the public address of {name}").click()
        expect(page.get_by_text("Link copied.")).to_be_attached()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert row.get_by_test_id("public-url").get_attribute("href") == copied
        answer = public.call("GET", copied)
        assert (answer.status, answer.data) == (200, body)
        assert urllib.parse.quote(name) in answer.headers["Content-Disposition"]
    page.get_by_test_id("options").locator("summary").click()
    expect(page.get_by_test_id("option-title")).to_be_visible()
    expect(page.get_by_test_id("option-limit")).to_have_count(0)
    expect(page.get_by_test_id("option-password")).to_have_count(0)
    page.get_by_test_id("option-title").fill("Summer")
    page.get_by_test_id("option-title").blur()
    expect(page.get_by_test_id("option-note")).to_have_text("Title saved.")
    page.set_viewport_size(NARROW)
    check(page)
