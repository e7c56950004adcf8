"""What a sender says about a transfer, what a recipient gets of it, and what its owner does with it later."""

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.pages.words import words
from e2e.cloud import Cloud, eventually
from e2e.conftest import Watch
from e2e.expiring import expire
from e2e.test_page import hold
from infra.steps import ROOT

pytestmark = pytest.mark.any_deployment

# The smallest there is: one pixel.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
FOLDER = {"holiday/beach.jpg": 700_000, "holiday/day 1/dinner.jpg": 17_000_000}


def content(name: str, size: int) -> bytes:
    """Return bytes of which no two files have the same."""
    return hashlib.shake_128(name.encode()).digest(size)


def send(page: Page, folder: Path, *names: str) -> str:
    """Send small files and return the live link."""
    for name in names:
        (folder / name).write_bytes(content(name, 1_000))
    page.get_by_test_id("file-input").set_input_files([folder / name for name in names])
    return live_link(page)


def live_link(page: Page) -> str:
    """Wait for the live link."""
    link = page.get_by_test_id("transfer-link").get_attribute("href")
    assert link
    return link


def choose(page: Page, option: str, value: str, said: str) -> None:
    """Set an option and wait until it is saved."""
    field = page.get_by_test_id(f"option-{option}")
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)
        field.blur()
    expect(page.get_by_test_id("option-note")).to_have_text(said)


def test_options_are_saved_at_once_and_the_recipient_sees_them(
    page: Page, watch: Watch, browser: Browser, tmp_path: Path
) -> None:
    """Title, message, expiry, limit and password; the sender's page goes on watching behind the password."""
    watch.forgive("403")
    link = send(page, tmp_path, "a.txt")
    page.get_by_test_id("options").locator("summary").click()
    choose(page, "title", "Summer", "Title saved.")
    choose(page, "message", "See you\nsoon", "Message saved.")
    choose(page, "limit", "10", "Download limit saved.")
    choose(page, "expires", "3600", "Expiry saved.")
    choose(page, "password", "open sesame", "Password saved. Tell it to those who get the link.")
    with browser.new_context() as context:
        recipient = context.new_page()
        recipient.goto(link)
        expect(recipient.get_by_text("Summer")).to_have_count(0)
        recipient.get_by_label("Password").fill("open sesame")
        recipient.get_by_role("button").click()
        expect(recipient.get_by_role("heading")).to_have_text("Summer")
        expect(recipient.get_by_text("See you\nsoon")).to_be_visible()
        expect(recipient.get_by_text("10 downloads left")).to_be_visible()
    page.get_by_role("button", name="Remove the password").click()
    expect(page.get_by_test_id("option-note")).to_have_text("Password removed.")


def test_all_files_come_as_one_zip_with_their_folders(page: Page, recipient: Page, tmp_path: Path) -> None:
    """Made by the browser while they come; every byte is compared."""
    for name, size in FOLDER.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content(name, size))
    (tmp_path / "a.txt").write_bytes(b"a")
    page.get_by_test_id("file-input").set_input_files(tmp_path / "a.txt")
    page.locator("#folder").set_input_files(tmp_path / "holiday")
    recipient.goto(live_link(page))
    with recipient.expect_download() as download:
        recipient.get_by_test_id("download-all").get_by_role("button").click()
    download.value.save_as(tmp_path / "all.zip")
    assert download.value.suggested_filename == "Files for you.zip"
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        found = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    expected = {name: content(name, size) for name, size in FOLDER.items()} | {"a.txt": b"a"}
    assert found == {name: hashlib.sha256(data).hexdigest() for name, data in expected.items()}
    expect(recipient.get_by_text("3 files saved as one zip.")).to_be_visible()


def test_the_private_link_opens_the_transfer_elsewhere_to_be_added_to_and_deleted(
    page: Page, watch: Watch, browser: Browser, cloud: Cloud, tmp_path: Path
) -> None:
    """Without an account, and the token never stands in an address that the server sees."""
    link = send(page, tmp_path, "a.txt")
    page.get_by_test_id("log").locator("summary").click()
    page.get_by_test_id("copy-owner").click()
    private = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"/prod/#owner=[\w-]{43}&transfer=[a-z2-7]{26}$", private)
    with browser.new_context() as context:
        owner = context.new_page()
        watch.attach(owner)
        asked: list[str] = []
        owner.on("request", lambda request: asked.append(request.url))
        owner.goto(private)
        assert live_link(owner) == link
        expect(owner.get_by_test_id("file-row")).to_have_count(1)
        with owner.expect_file_chooser() as chooser:
            owner.get_by_test_id("add-more").click()
        (tmp_path / "b.txt").write_bytes(b"b")
        chooser.value.set_files(tmp_path / "b.txt")
        expect(owner.get_by_test_id("file-row")).to_have_count(2)
        assert live_link(owner) == link
        status = cloud.call("GET", f"api/transfers/{link.rsplit('/', 1)[1]}").json
        assert [file["name"] for file in status["files"]] == ["a.txt", "b.txt"]
        owner.on("dialog", lambda dialog: dialog.accept())
        with owner.expect_response(lambda response: response.request.method == "DELETE"):
            owner.get_by_test_id("delete").click()
        expect(owner.get_by_test_id("file-input")).to_be_attached()
        assert not [url for url in asked if "owner" in url]
    assert cloud.call("GET", f"t/{link.rsplit('/', 1)[1]}").status in (404, 410)


def test_what_was_sent_from_this_device_is_listed_and_opened_again(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    """Until it is deleted; the list shows what it is called, how much, and until when."""
    link = send(page, tmp_path, "a.txt", "b.txt")
    page.goto("about:blank")
    page.goto(cloud.address)
    mine = page.get_by_test_id("mine").get_by_role("listitem")
    expect(mine).to_contain_text("2 files, 2 kB")
    page.get_by_test_id("open-mine").click()
    assert live_link(page) == link
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_test_id("delete").click()
    expect(page.get_by_test_id("mine")).to_be_hidden()


def test_the_link_is_handed_on_as_qr_code_and_by_mail(page: Page, tmp_path: Path) -> None:
    """Both hold the whole link; the code is drawn by the server."""
    link = send(page, tmp_path, "a.txt")
    with page.expect_response(re.compile(r"/qr\.svg\?")) as answer:
        page.get_by_test_id("show-qr").click()
    assert answer.value.headers["content-type"] == "image/svg+xml"
    expect(page.get_by_test_id("qr")).to_be_visible()
    assert page.get_by_test_id("qr").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    mail = page.get_by_test_id("mail").get_attribute("href")
    assert mail
    assert re.sub(r"\W", "", link) in re.sub(r"%[0-9A-F]{2}|\W", "", mail)


def test_the_checksum_that_is_shown_is_what_the_readme_computes(page: Page, recipient: Page, tmp_path: Path) -> None:
    """For a file of one part and for one of several."""
    (tmp_path / "small.txt").write_bytes(content("small", 1_000))
    (tmp_path / "large.bin").write_bytes(content("large", 40_000_000))
    page.get_by_test_id("file-input").set_input_files([tmp_path / "small.txt", tmp_path / "large.bin"])
    recipient.goto(live_link(page))
    recipient.get_by_text("Checksums").click()
    shown = recipient.get_by_test_id("checksums").locator("code").all_inner_texts()
    script = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[0]
    command = [sys.executable, "-c", script, tmp_path / "small.txt", tmp_path / "large.bin"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == [line.split()[0] for line in said.splitlines()]
    assert shown[1].endswith("-3")


def test_pages_speak_the_readers_language(browser: Browser, cloud: Cloud, tmp_path: Path) -> None:
    """The browser's; another one when it is chosen, which is remembered; scripts, server and errors alike."""
    with browser.new_context(locale="de-AT") as context:
        page = context.new_page()
        page.goto(cloud.address)
        german = words("de")
        expect(page.get_by_role("heading", level=1)).to_have_text(german("start.headline"))
        link = send(page, tmp_path, "a.txt")
        expect(page.get_by_role("heading", level=1)).to_have_text(german("headline.ready"))
        page.get_by_role("link", name="日本語").click()
        japanese = words("ja")
        expect(page.get_by_role("heading", level=1)).to_have_text(japanese("start.headline"))
        page.goto(link)
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        expect(page.locator("#summary")).to_have_text(japanese("files", n=1))
        page.goto(f"{cloud.address}t/{'a' * 26}")
        expect(page.get_by_text(japanese("error.not_found"))).to_be_visible()


def test_files_are_looked_at_before_they_are_downloaded(page: Page, recipient: Page, tmp_path: Path) -> None:
    """An image and text in a dialog; what could run scripts not at all, whatever it says it is."""
    (tmp_path / "dot.png").write_bytes(PNG)
    (tmp_path / "note.txt").write_text("<script>document.title = 'run'</script> grüß dich")
    (tmp_path / "page.html").write_text("<script>document.title = 'run'</script>")
    names = ("dot.png", "note.txt", "page.html")
    page.get_by_test_id("file-input").set_input_files([tmp_path / name for name in names])
    recipient.goto(live_link(page))
    viewer = recipient.get_by_test_id("viewer")
    recipient.get_by_role("button", name="Look at dot.png").click()
    expect(viewer.locator("img")).to_be_visible()
    assert viewer.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    recipient.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    recipient.get_by_role("button", name="Look at note.txt").click()
    expect(viewer.frame_locator("iframe").get_by_text("grüß dich")).to_be_visible()
    expect(viewer.frame_locator("iframe").get_by_text("<script>")).to_be_visible()
    viewer.get_by_role("button", name="Close").click()
    expect(recipient.get_by_role("button", name="Look at page.html")).to_have_count(0)


def test_an_expiry_that_passes_while_pages_are_open_ends_both(
    page: Page, watch: Watch, browser: Browser, cloud: Cloud, tmp_path: Path
) -> None:
    """The sender's says that the transfer has ended, the recipient's when; neither has to be loaded again."""
    watch.forgive("410")
    page.clock.install()
    page.goto(cloud.address)
    link = send(page, tmp_path, "a.txt")
    with browser.new_context() as context:
        recipient = context.new_page()
        recipient.clock.install()
        recipient.goto(link)
        expect(recipient.get_by_test_id("download")).to_be_visible()
        expire(cloud, {"id": link.rsplit("/", 1)[1]})
        for opened in (page, recipient):
            opened.clock.fast_forward(8 * 86_400_000)
        expect(recipient.get_by_text("This transfer expired on")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("This transfer has ended")
    expect(page.get_by_test_id("transfer-link")).to_have_count(0)


def test_who_asked_for_it_is_told_that_the_link_is_live_while_looking_elsewhere(page: Page) -> None:
    """A browser without a screen shows no notification, so the page gets a class that remembers what it would show."""
    page.add_init_script("""
        window.shown = [];
        window.Notification = class {
            static requestPermission = async () => "granted";
            constructor(title, { body }) { shown.push([title, body]); }
        };
        navigator.permissions.query = async () => ({ state: "prompt" });
        Object.defineProperty(document, "hidden", { get: () => window.away ?? false });
    """)
    page.reload()
    held = hold(page)
    page.get_by_test_id("file-input").set_input_files({"name": "a", "mimeType": "", "buffer": b"a"})
    page.get_by_test_id("notify").click()
    expect(page.get_by_test_id("notify")).to_be_hidden()
    page.evaluate("away = true")
    eventually(lambda: page.evaluate("true") and len(held) == 1)
    held[0].continue_()
    eventually(lambda: page.evaluate("shown.length") == 1)
    title, body = page.evaluate("shown[0]")
    assert title == "Your link is ready"
    assert re.search(r"/t/[a-z2-7]{26}$", body)


def test_the_devices_own_share_sheet_gets_the_link(page: Page, tmp_path: Path) -> None:
    """Where there is one; this browser has none, so the page gets one that remembers."""
    page.add_init_script("window.shared = []; navigator.share = async (what) => { shared.push(what.url); };")
    page.reload()
    link = send(page, tmp_path, "a.txt")
    page.get_by_role("button", name="Share").click()
    assert page.evaluate("shared") == [link]


def test_the_screen_stays_awake_while_something_is_sent(page: Page) -> None:
    """And may sleep again afterwards."""
    page.add_init_script("""
        window.awake = 0;
        navigator.wakeLock.request = async () => {
            awake += 1;
            return { released: false, release: async () => { awake -= 1; } };
        };
    """)
    page.reload()
    held = hold(page)
    page.get_by_test_id("file-input").set_input_files({"name": "a", "mimeType": "", "buffer": b"a"})
    eventually(lambda: page.evaluate("awake") == 1 and len(held) == 1)
    held[0].continue_()
    live_link(page)
    eventually(lambda: page.evaluate("awake") == 0)
