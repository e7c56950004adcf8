"""The page behind the strict edge, over HTTP/2 and TLS: files arrive intact, whatever AWS does meanwhile."""

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from e2e.cloud import eventually
from e2e.conftest import Watch
from e2e.edge.conftest import ROOM
from e2e.edge.proxy import Edge
from e2e.test_page import LARGE, digest, downloads_of, drop, link_of, pick, some_bytes, write

# What Chromium logs about a response that a test provokes.
REFUSED = r"the server responded with a status of (409|500|503)|net::ERR_"


def test_a_dropped_file_comes_back_in_another_browser_byte_for_byte(
    edge: Edge, page: Page, recipient: Page, tmp_path: Path
) -> None:
    """The main job, over the protocols that AWS uses."""
    data = some_bytes(LARGE)
    drop(page, write(tmp_path / "holiday.mov", data))
    link = link_of(page)
    assert set(edge.record["protocols"]) == {"gateway HTTP/1.1", "gateway HTTP/2.0", "s3 HTTP/1.1"}
    edge.begin(most_calls=ROOM)
    assert downloads_of(recipient, link) == {"holiday.mov": digest(data)}


def tries_of(page: Page) -> int | None:
    """Return how often a page has loaded itself again for want of a script; None while it does."""
    with suppress(Error):
        return page.evaluate("history.state?.loadedAgain ?? 0")
    return None


def test_a_first_visit_comes_through_although_a_new_account_runs_ten_functions_at_once(
    edge: Edge, context: BrowserContext, tmp_path: Path
) -> None:
    """By HTTP/2 it asks for its 38 scripts at once, and each is a call. The page loads itself until it has them all."""
    page = context.new_page()
    page.goto(edge.cloud.address, wait_until="commit")
    eventually(lambda: tries_of(page), seconds=60)
    eventually(lambda: tries_of(page) == 0, seconds=60)
    pick(page, write(tmp_path / "a.bin", b"a"))
    link_of(page)
    assert edge.struck("throttled")


def test_a_page_that_never_comes_as_a_whole_says_so(edge: Edge, context: BrowserContext) -> None:
    """After five times, of which three are skipped here; room is for the styles and the first scripts alone."""
    edge.begin(most_calls=4)
    page = context.new_page()
    page.goto(edge.cloud.address, wait_until="commit")
    eventually(lambda: tries_of(page) == 1, seconds=60)
    page.evaluate("history.replaceState({ loadedAgain: 4 }, '')")
    expect(page.get_by_role("alert").first).to_have_text(
        "This page did not load completely. Please load it again in a moment."
    )


@pytest.mark.parametrize(
    ("size", "on", "do"),
    [
        (100, r"^PUT .*", "conflict"),
        (100, r"^PUT .*", "slow_down"),
        (100, r"^PUT .*", "reset"),
        (LARGE, r"^PUT .*partNumber=", "slow_down"),
        (LARGE, r"^PUT .*partNumber=", "reset"),
        (LARGE, r"^POST .*uploadId=", "conflict"),
        (LARGE, r"^POST .*uploadId=", "slow_down"),
        (LARGE, r"^POST .*uploadId=", "reset"),
        (LARGE, r"^POST .*uploads", "slow_down"),
        (LARGE, r"^POST .*uploads", "reset"),
    ],
)
def test_a_file_arrives_although_s3_refuses_it_at_first(
    edge: Edge, page: Page, watch: Watch, recipient: Page, tmp_path: Path, size: int, on: str, do: str
) -> None:
    """The user has nothing to do. A reset comes twice, because Chromium itself retries one on a reused connection."""
    watch.forgive(REFUSED)
    times = 2 if do == "reset" else 1
    edge.begin({"on": on, "do": do, "times": times})
    data = some_bytes(size)
    pick(page, write(tmp_path / "a.bin", data))
    link = link_of(page)
    assert len(edge.struck(do)) == times
    edge.begin(most_calls=ROOM)
    assert downloads_of(recipient, link) == {"a.bin": digest(data)}


def test_a_file_arrives_although_functions_are_throttled_at_first(
    edge: Edge, page: Page, watch: Watch, tmp_path: Path
) -> None:
    """Each throttled call is retried until it succeeds; from then on, one function runs at a time."""
    watch.forgive(REFUSED)
    edge.begin(most_calls=0)
    pick(page, write(tmp_path / "a.bin", some_bytes(LARGE)))
    eventually(lambda: edge.struck("throttled"))
    edge.begin(most_calls=1)
    link_of(page)


def test_an_upload_goes_on_after_a_reload_in_the_middle(
    edge: Edge, page: Page, watch: Watch, recipient: Page, tmp_path: Path
) -> None:
    """One part is stored; the next visit sends the other."""
    watch.forgive(REFUSED)
    refused = {"on": "^PUT .*partNumber=2", "do": "slow_down", "times": 1_000}
    edge.begin(refused)
    data = some_bytes(LARGE)
    file = write(tmp_path / "holiday.mov", data)
    pick(page, file)
    eventually(lambda: edge.struck("slow_down") and edge.record["stored_parts"] == 1)
    page.reload()
    edge.begin(most_calls=ROOM)
    expect(page.get_by_test_id("interrupted")).to_be_visible()
    pick(page, file)
    link = link_of(page)
    assert edge.record["stored_parts"] == 1
    assert downloads_of(recipient, link) == {"holiday.mov": digest(data)}


def test_a_file_with_a_password_opens_by_a_cookie_that_travels_by_tls_alone(
    edge: Edge, page: Page, recipient: Page, tmp_path: Path
) -> None:
    """The grant is a Secure cookie, and it opens both the page and the download."""
    data = some_bytes(100)
    pick(page, write(tmp_path / "a.bin", data))
    link = link_of(page)
    page.get_by_test_id("options").locator("summary").click()
    page.get_by_test_id("option-password").fill("correct horse")
    page.get_by_test_id("option-password").blur()
    expect(page.get_by_test_id("option-note")).to_contain_text("Password saved")
    edge.begin(most_calls=ROOM)
    recipient.goto(link)
    recipient.locator("input[type=password]").fill("correct horse")
    recipient.keyboard.press("Enter")
    expect(recipient.get_by_test_id("download")).to_be_visible()
    assert [cookie.get("secure") for cookie in recipient.context.cookies(link)] == [True]
    assert downloads_of(recipient, link) == {"a.bin": digest(data)}
