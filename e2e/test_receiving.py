"""The recipient's page: folders, what has arrived so far, and what becomes of it when the transfer goes."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from e2e.cloud import Cloud, eventually
from e2e.conftest import Watch
from e2e.sending import begin, put, stored
from e2e.test_page import (
    LARGE,
    LINK_TIME,
    MIB,
    PUTS,
    begun,
    hold,
    link_of,
    parts_of,
    pick,
    rows,
    some_bytes,
    unroute,
    write,
)

pytestmark = pytest.mark.any_deployment

TREE = {
    "holiday/beach.jpg": 700_000,
    "holiday/day 1/dinner.jpg": 300_000,
    "holiday/day 1/dinner.png": 20_000,
    "<b>odd \u202egpj/\u202egpj.exe": 5,
}


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """Return a page on a small phone without script."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def content(name: str) -> bytes:
    """Return a file's bytes."""
    return hashlib.shake_128(name.encode()).digest(TREE[name])


def sent(cloud: Cloud, *names: str) -> Any:
    """Send files of these names without a browser, and return their transfer."""
    bodies = [content(name) for name in names]
    made = begin(cloud, *bodies, names=names, sign=len(names))
    for signed, body in zip(made["urls"], bodies, strict=True):
        put(cloud, signed, body)
    stored(cloud, made)
    return made


def folder(page: Page, name: str) -> Locator:
    """Return a folder by the beginning of its line."""
    return page.locator("summary").filter(has_text=re.compile(rf"^\s*{re.escape(name)}"))


def test_a_link_with_a_slash_too_many_leads_to_the_page(recipient: Page, cloud: Cloud, watch: Watch) -> None:
    """Some mail programs take it for a folder's; the requested language stays."""
    page = f"{cloud.address}t/{sent(cloud, 'holiday/beach.jpg')['id']}"
    recipient.goto(f"{page}/?lang=de")
    expect(recipient).to_have_url(f"{page}?lang=de")
    with recipient.expect_download() as started:
        recipient.get_by_test_id("download").click()
    assert started.value.failure() is None
    assert watch.unforgiven() == []


def test_files_lie_in_folders_that_open_and_close(recipient: Page, cloud: Cloud) -> None:
    """Each with how much is in it; names without their folders; by mouse and by key; nothing of a name runs."""
    recipient.goto(f"{cloud.address}t/{sent(cloud, *TREE)['id']}")
    expect(recipient.get_by_test_id("folder")).to_have_count(3)
    expect(folder(recipient, "holiday")).to_contain_text("3 files · 1 MB")
    expect(folder(recipient, "day 1")).to_contain_text("2 files · 320 kB")
    expect(recipient.locator("b:has-text('odd')")).to_have_count(0)
    names = rows(recipient).locator(".name").all_inner_texts()
    assert names == ["beach.jpg", "dinner.jpg", "dinner.png", "\u202egpj.exe"]
    folder(recipient, "holiday").click()
    expect(rows(recipient).first).to_be_hidden()
    folder(recipient, "holiday").press("Enter")
    expect(rows(recipient).first).to_be_visible()
    recipient.keyboard.press("Tab")
    expect(recipient.get_by_role("button", name="Look at holiday/beach.jpg")).to_be_focused()


def test_a_folder_comes_as_a_zip_of_its_own(recipient: Page, cloud: Cloud, tmp_path: Path) -> None:
    """It begins with the folder, and the one button has the focus and the progress."""
    recipient.goto(f"{cloud.address}t/{sent(cloud, *TREE)['id']}")
    zips = recipient.get_by_role("button", name=re.compile("^Download the folder"))
    expect(zips).to_have_count(2)  # a folder of one file has its file's own button
    with recipient.expect_download() as download:
        recipient.get_by_role("button", name="Download the folder day 1 as one zip (320 kB)").click()
    expect(recipient.get_by_test_id("download-all").get_by_role("button")).to_be_focused()
    download.value.save_as(tmp_path / "day.zip")
    assert download.value.suggested_filename == "day 1.zip"
    inside = [name for name in TREE if "day 1" in name]
    with zipfile.ZipFile(tmp_path / "day.zip") as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {name.removeprefix("holiday/"): content(name) for name in inside}
    expect(recipient.get_by_text("2 files saved as one zip.")).to_be_visible()
    expect(zips).to_have_count(2)


def test_folders_need_no_script(phone: Page, cloud: Cloud) -> None:
    """They open and close, and nothing is shown that would need one."""
    phone.goto(f"{cloud.address}t/{sent(cloud, *TREE)['id']}")
    expect(folder(phone, "holiday")).to_contain_text("3 files · 1 MB")
    expect(phone.get_by_test_id("download").first).to_be_visible()
    folder(phone, "holiday").click()
    expect(phone.get_by_test_id("download").first).to_be_hidden()
    expect(phone.get_by_role("button").filter(visible=True)).to_have_count(0)


def test_files_come_into_their_folders_while_the_page_is_open(recipient: Page, cloud: Cloud) -> None:
    """New ones into folders that are there and into new ones; with its last file a folder goes."""
    made = begin(cloud, b"1", name="a/b/one.txt")
    place, token = f"api/transfers/{made['id']}", made["owner_token"]
    recipient.goto(f"{cloud.address}t/{made['id']}")
    expect(folder(recipient, "a")).to_contain_text("1 file · 1 byte")
    more = [{"name": "a/two.txt", "size": 2}, {"name": "c/three.txt", "size": 3}, {"name": "a/b/one.txt", "size": 1}]
    cloud.call("POST", f"{place}/files", body={"files": more}, token=token)
    expect(rows(recipient)).to_have_count(4)
    expect(folder(recipient, "a")).to_contain_text("3 files · 4 bytes")
    expect(folder(recipient, "b")).to_contain_text("2 files · 2 bytes")
    for number in (1, 4):
        cloud.call("DELETE", f"{place}/files/{number}", token=token)
    expect(folder(recipient, "b")).to_have_count(0)
    expect(folder(recipient, "a")).to_contain_text("1 file · 2 bytes")
    parts = [{"file": number, "number": 1} for number in (2, 3)]
    for signed, body in zip(
        cloud.call("POST", f"{place}/parts", body={"parts": parts}, token=token).json["urls"],
        (b"22", b"333"),
        strict=True,
    ):
        put(cloud, signed, body)
    expect(recipient.get_by_test_id("download")).to_have_count(2)
    expect(recipient.get_by_test_id("download-all").get_by_role("button")).to_have_text("Download all (5 bytes)")


def test_ten_thousand_files_are_rows_only_where_somebody_looks(recipient: Page, cloud: Cloud) -> None:
    """Folders are closed then, have rows once they are opened, and more as someone scrolls on."""
    made = begin(cloud, b"1", name="first.txt")
    for start in range(0, 9_999, 1_000):
        many = [{"name": f"album {n % 3}/{n:05}.jpg", "size": 1_000} for n in range(start, min(start + 1_000, 9_999))]
        added = cloud.call("POST", f"api/transfers/{made['id']}/files", body={"files": many}, token=made["owner_token"])
        assert added.status == 201
    recipient.goto(f"{cloud.address}t/{made['id']}")
    expect(folder(recipient, "album 2")).to_contain_text("3,333 files · 3.3 MB", timeout=LINK_TIME)
    assert rows(recipient).count() <= 1_000  # those of the page as it was served
    folder(recipient, "album 0").click()
    expect(rows(recipient).filter(visible=True)).to_have_count(334)
    more = recipient.get_by_role("button", name="3,000 files more")
    more.scroll_into_view_if_needed()
    expect(rows(recipient).filter(visible=True)).to_have_count(534)


def test_how_far_a_large_file_is_can_be_followed(page: Page, recipient: Page, cloud: Cloud, tmp_path: Path) -> None:
    """What S3 has of it, part by part, on its row, as a bar and in words; and then it is there."""
    held = hold(page, re.compile(PUTS.pattern + r".*partNumber=[23]&"))
    pick(page, write(tmp_path / "film.mkv", some_bytes(34 * MIB)))
    transfer = begun(page, cloud)
    eventually(lambda: page.evaluate("true") and len(held) == 2 and parts_of(cloud, transfer) == [1])
    recipient.goto(f"{cloud.address}t/{transfer}")
    expect(rows(recipient)).to_contain_text("On its way · 47%")
    expect(recipient.get_by_test_id("arrived")).to_have_js_property("value", 16 / 34)
    expect(recipient.locator("#summary")).to_have_text("47% has arrived, 17 MB of 36 MB. This page updates by itself.")
    expect(recipient).to_have_title("47% · Files for you")
    held[0].continue_()
    expect(rows(recipient)).to_contain_text(re.compile("On its way · (52|94)%"))
    held[1].continue_()
    link_of(page)
    expect(recipient.get_by_test_id("download")).to_be_visible()
    expect(recipient.get_by_test_id("arrived")).to_be_hidden()
    expect(recipient.locator("#live")).to_have_text("All files have arrived.")


def private_link(page: Page) -> str:
    """Return the link by which its owner opens a transfer elsewhere."""
    page.get_by_test_id("log").locator("summary").click()
    page.get_by_test_id("copy-owner").click()
    return page.evaluate("navigator.clipboard.readText()")


def let_through(page: Page, held: list[Route]) -> None:
    """Let what was held go, and hold nothing any more."""
    for route in held:
        route.continue_()
    unroute(page)


def test_deleted_elsewhere_while_it_is_sent_both_pages_say_so_and_nothing_is_left(
    page: Page, watch: Watch, recipient: Page, context: BrowserContext, cloud: Cloud, tmp_path: Path
) -> None:
    """By the private link in another tab, with a file of several parts and one of one part under way."""
    watch.forgive("404")
    held = hold(page)
    pick(page, write(tmp_path / "big.bin", some_bytes(LARGE)), write(tmp_path / "small.bin", b"1"))
    transfer = begun(page, cloud)
    eventually(lambda: page.evaluate("true") and len(held) == 3)
    recipient.goto(f"{cloud.address}t/{transfer}")
    expect(rows(recipient)).to_have_count(2)
    other = context.new_page()
    watch.attach(other)
    other.goto(private_link(page))
    with other.expect_response(lambda response: response.request.method == "DELETE"):
        other.get_by_role("button", name="Cancel all").click()
    expect(recipient.get_by_text("There is nothing at this address.")).to_be_visible()
    let_through(page, held)
    expect(page.get_by_role("heading", level=1)).to_have_text("This transfer has ended")
    expect(page.get_by_role("alert")).to_have_text(
        "This transfer has expired, or was deleted or blocked. Send the files again."
    )
    expect(page.locator('[data-testid="file-row"][data-state="uploading"]')).to_have_count(0)
    eventually(lambda: cloud.incomplete_uploads(transfer) == [] and cloud.keys(transfer) == [])


def test_a_file_removed_elsewhere_while_it_is_sent_says_so_and_the_others_go_on(
    page: Page, watch: Watch, recipient: Page, context: BrowserContext, cloud: Cloud, tmp_path: Path
) -> None:
    """Nothing of it is left; its row says what happened; and it can be sent after all."""
    watch.forgive("404")
    held = hold(page)
    pick(page, write(tmp_path / "big.bin", some_bytes(LARGE)), write(tmp_path / "small.bin", b"1"))
    transfer = begun(page, cloud)
    eventually(lambda: page.evaluate("true") and len(held) == 3)
    recipient.goto(f"{cloud.address}t/{transfer}")
    other = context.new_page()
    watch.attach(other)
    other.goto(private_link(page))
    with other.expect_response(lambda response: response.request.method == "DELETE"):
        other.get_by_role("button", name="Remove big.bin").click()
    expect(rows(recipient)).to_have_count(1)
    let_through(page, held)
    big = rows(page).filter(has_text="big.bin")
    expect(big).to_contain_text("This file was removed from the transfer on another page.")
    expect(page.locator("#totals")).to_contain_text("1 file left out")
    assert link_of(page).endswith(transfer)
    assert cloud.incomplete_uploads(transfer) == []
    assert cloud.keys(transfer) == [f"files/{transfer}/2"]
    big.get_by_role("button", name="Try again").click()
    expect(big).to_have_attribute("data-state", "stored")
    eventually(lambda: cloud.keys(transfer) == [f"files/{transfer}/2", f"files/{transfer}/3"])
