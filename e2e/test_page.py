"""The page in a real browser against the deployed stack: what a sender and a recipient see and get."""

import hashlib
import re
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Error, Page, Route, expect

from backend.aws.table.records import Records
from backend.rules.transfer import key_of
from e2e.cloud import Cloud, eventually
from e2e.conftest import Watch

pytestmark = pytest.mark.any_deployment

MIB = 2**20
# Two parts. What a test holds or refuses passes through the browser's driver as text, which costs seconds for each full
# part, and more on a busy machine.
LARGE = 17 * MIB
# The bucket's name is in the host on AWS, and in the path in the local cloud.
PUTS = re.compile(r"//[^/]+/(?:sidestep-[^/]+/)?files/")
LINK_TIME = 60_000


def rows(page: Page) -> Any:
    """Return the rows of a page's files."""
    return page.get_by_test_id("file-row")


def pick(page: Page, *files: Path) -> None:
    """Choose files with the file dialog."""
    page.get_by_test_id("file-input").set_input_files(list(files))


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the page, as the operating system would."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})


def link_of(page: Page) -> str:
    """Wait for the live link and return it."""
    link = page.get_by_test_id("transfer-link")
    expect(link).to_be_visible(timeout=LINK_TIME)
    href = link.get_attribute("href")
    assert href
    return href


def transfer_of(link: str) -> str:
    """Return the id in a link."""
    return link.rsplit("/", 1)[1]


def digest(data: bytes) -> str:
    """Return what two files are compared by."""
    return hashlib.sha256(data).hexdigest()


def downloads_of(recipient: Page, link: str) -> dict[str, str]:
    """Download every file behind a link; return names and digests."""
    recipient.goto(link)
    found: dict[str, str] = {}
    buttons = recipient.get_by_test_id("download")
    expect(buttons.first).to_be_visible()
    for button in buttons.all():
        with recipient.expect_download() as download:
            button.click()
        saved = download.value
        found[saved.suggested_filename] = digest(saved.path().read_bytes())
    return found


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Return bytes of which no two parts are equal."""
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(size)


def write(path: Path, data: bytes) -> Path:
    """Write a file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_picked_file_of_15_mib_comes_back_in_another_browser_byte_for_byte(
    page: Page, recipient: Page, tmp_path: Path
) -> None:
    """The main job."""
    data = some_bytes(15 * MIB)
    pick(page, write(tmp_path / "holiday.mov", data))
    link = link_of(page)
    assert link.startswith(page.url + "t/")
    assert rows(page).get_attribute("data-state") == "stored"
    assert downloads_of(recipient, link) == {"holiday.mov": digest(data)}


def test_the_bucket_is_really_asked_for_cors(page: Page, tmp_path: Path) -> None:
    """The page and the bucket are two origins, here as on AWS."""
    asked: list[str] = []
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on(
        "Network.requestWillBeSent", lambda sent: asked.append(f"{sent['request']['method']} {sent['request']['url']}")
    )
    pick(page, write(tmp_path / "a.txt", b"a"))
    link_of(page)
    # The PUT itself is a worker's and not seen from here, as the OPTIONS before it is.
    assert "OPTIONS" in [request.split(" ")[0] for request in asked if PUTS.search(request)]


def test_when_the_link_is_live_it_can_be_copied_and_is_announced(page: Page, tmp_path: Path) -> None:
    """One big button has the focus, the live region says so, and the title is done counting."""
    pick(page, write(tmp_path / "a.txt", b"a"))
    link = link_of(page)
    copy = page.locator("#copy")
    expect(copy).to_be_focused()
    expect(page.locator("#live")).to_contain_text(re.compile("ready|live", re.IGNORECASE))
    page.keyboard.press("Enter")
    expect(copy).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == link


def test_dropped_files_and_folders_arrive_with_their_paths(page: Page, recipient: Page, tmp_path: Path) -> None:
    """A real drop: three files, one of them empty, and a folder with a folder in it."""
    files = {
        "one.txt": b"1",
        "empty.bin": b"",
        "photos/a.jpg": some_bytes(100),
        "photos/2026/b.jpg": some_bytes(200, 2),
    }
    for name, data in files.items():
        write(tmp_path / name, data)
    drop(page, tmp_path / "one.txt", tmp_path / "empty.bin", tmp_path / "photos")
    link = link_of(page)
    expect(rows(page)).to_have_count(4)
    saved = downloads_of(recipient, link)
    assert saved == {Path(name).name: digest(data) for name, data in files.items()}
    expect(recipient.locator("body")).to_contain_text("photos/2026/b.jpg")


def test_a_folder_of_many_files_arrives_whole(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    """More than a browser hands out of a folder at once, and more than one signing call takes."""
    for number in range(120):
        write(tmp_path / "many" / f"{number:03}.txt", str(number).encode())
    drop(page, tmp_path / "many")
    transfer = transfer_of(link_of(page))
    status = cloud.call("GET", f"api/transfers/{transfer}").json
    assert status["counts"] == {"files": 120, "stored": 120, "failed": 0}
    assert {file["name"] for file in status["files"]} == {f"many/{number:03}.txt" for number in range(120)}


def test_a_file_of_200_mib_goes_up_in_parts(page: Page, recipient: Page, cloud: Cloud, tmp_path: Path) -> None:
    """The main job once more: thirteen parts, more than are sent at once, and one object of the same bytes."""
    data = some_bytes(200 * MIB)
    pick(page, write(tmp_path / "film.mkv", data))
    link = link_of(page)
    status = cloud.call("GET", f"api/transfers/{transfer_of(link)}").json
    assert status["files"][0]["sha256"].endswith("-13")
    assert downloads_of(recipient, link) == {"film.mkv": digest(data)}


def test_pasted_files_are_sent(page: Page) -> None:
    """A picture from the clipboard, say."""
    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File(["pixels"], "image.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }"""
    )
    link_of(page)
    expect(rows(page)).to_contain_text("image.png")


HOSTILE_NAMES = [
    "..",
    "<script>alert(1)</script><img src=x onerror=alert(2)>.html",
    "\u202egpj.exe",
    "n" * 5_000,
    '"; filename="evil.exe',
    "line\r\nSet-Cookie: x=y",
    "👩‍👩‍👧.zip",
    "שלום עולם.txt",
]


def test_hostile_names_are_shown_as_text_and_do_no_harm(page: Page, recipient: Page) -> None:
    """On both pages: no script runs, nothing is wider than the window, every file can be had."""
    page.set_viewport_size({"width": 320, "height": 700})
    page.on("dialog", lambda _: pytest.fail("a name ran as script"))
    page.evaluate(
        """(names) => {
            const picked = new DataTransfer();
            for (const name of names) picked.items.add(new File([name], name));
            const input = document.querySelector('[data-testid="file-input"]');
            input.files = picked.files;
            input.dispatchEvent(new Event("change", {bubbles: true}));
        }""",
        HOSTILE_NAMES,
    )
    link = link_of(page)
    recipient.set_viewport_size({"width": 320, "height": 700})
    saved = downloads_of(recipient, link)
    # Chromium itself counts up names that it has used, so the bytes tell the files apart.
    assert set(saved.values()) >= {digest(name.encode()) for name in HOSTILE_NAMES if "\r" not in name}
    for shown in (page, recipient):
        expect(rows(shown)).to_have_count(len(HOSTILE_NAMES))
        assert shown.evaluate("document.documentElement.scrollWidth") <= 320
        assert shown.locator("img[src=x]").count() == 0


def hold(page: Page, pattern: re.Pattern[str] = PUTS) -> list[Route]:
    """Keep every PUT to S3 from leaving, and return them."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route) if route.request.method == "PUT" else route.continue_())
    return held


def unroute(page: Page) -> None:
    """Hold nothing any more.

    A route that nothing asks for stays: where there is none, Playwright starts a task when it forgets a request that
    was held and is gone, and in a later test there is no loop to run that in.
    """
    page.unroute_all(behavior="ignoreErrors")
    page.route("**/nothing-asks-for-this", lambda route: route.abort())


def let_go(page: Page, held: list[Route]) -> None:
    """Hold nothing any more, and give up what was held."""
    unroute(page)
    for route in held:
        with suppress(Error):
            route.abort()


def begun(page: Page, cloud: Cloud) -> str:
    """Return the transfer that the page has begun, once it uploads."""
    expect(rows(page).first).to_have_attribute("data-state", "uploading")
    link = page.get_by_text(re.compile(r"/t/[a-z2-7]{26}"))
    expect(link).to_be_visible()
    found = re.search(r"/t/([a-z2-7]{26})", link.inner_text())
    assert found
    assert cloud.call("GET", f"api/transfers/{found[1]}").status == HTTPStatus.OK
    return found[1]


def test_cancelling_everything_leaves_nothing_at_s3(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    """No incomplete upload, no object, no transfer; and the page is ready for another."""
    hold(page)
    pick(page, write(tmp_path / "big.bin", some_bytes(LARGE)), write(tmp_path / "small.bin", b"1"))
    transfer = begun(page, cloud)
    assert cloud.incomplete_uploads(transfer)
    with page.expect_response(lambda response: response.request.method == "DELETE") as deleted:
        page.get_by_role("button", name="Cancel all").click()
    assert deleted.value.status == HTTPStatus.NO_CONTENT
    assert cloud.incomplete_uploads(transfer) == []
    assert cloud.keys(transfer) == []
    assert cloud.call("GET", f"api/transfers/{transfer}").status == HTTPStatus.NOT_FOUND


def test_cancelling_one_file_lets_the_others_finish(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    """Its upload is aborted in S3, its row goes, and the link does not wait for it."""
    hold(page, re.compile(PUTS.pattern + r"\w+/1\?"))
    pick(page, write(tmp_path / "big.bin", some_bytes(LARGE)), write(tmp_path / "small.bin", b"1"))
    transfer = begun(page, cloud)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        rows(page).first.get_by_role("button").last.click()
    assert transfer_of(link_of(page)) == transfer
    assert cloud.incomplete_uploads(transfer) == []
    expect(rows(page)).to_have_count(1)


def test_leaving_while_sending_asks_first(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    """And afterwards does not."""
    held = hold(page)
    pick(page, write(tmp_path / "a.bin", b"1"))
    begun(page, cloud)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    expect(page).to_have_title(re.compile("%"))
    assert asked == ["beforeunload"]
    for route in held:
        route.continue_()
    link_of(page)
    page.goto(cloud.address)
    assert asked == ["beforeunload"]


def test_a_part_that_fails_is_sent_again_with_a_fresh_url(
    page: Page, watch: Watch, recipient: Page, tmp_path: Path
) -> None:
    """The connection breaks, S3 has a fault, the URL has expired: the bytes arrive all the same."""
    watch.forgive("Failed to load resource")
    refusals = [
        lambda route: route.abort("connectionreset"),
        lambda route: route.fulfill(status=503, body="<Error><Code>SlowDown</Code></Error>"),
        lambda route: route.fulfill(status=403, body="<Error><Code>AccessDenied</Code></Error>"),
    ]
    signed: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.method != "PUT":
            route.continue_()
            return
        signed.append(route.request.url)
        if refusals:
            refusals.pop(0)(route)
        else:
            route.continue_()

    page.route(PUTS, refuse)
    data = some_bytes(LARGE, seed=9)
    pick(page, write(tmp_path / "a.bin", data))
    link = link_of(page)
    assert len(signed) == 5
    assert downloads_of(recipient, link) == {"a.bin": digest(data)}


def test_a_put_that_meets_another_write_is_made_again(
    page: Page, watch: Watch, recipient: Page, tmp_path: Path
) -> None:
    """S3 responds with a 409, and asks for a retry."""
    watch.forgive("Failed to load resource")
    conflict = "<Error><Code>ConditionalRequestConflict</Code></Error>"
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.method)
        if tries.count("PUT") <= 2 and route.request.method == "PUT":
            route.fulfill(status=409, body=conflict, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    page.route(PUTS, refuse)
    pick(page, write(tmp_path / "a.bin", b"small"))
    assert downloads_of(recipient, link_of(page)) == {"a.bin": digest(b"small")}
    assert tries.count("PUT") == 3


def test_a_completion_that_s3_never_heard_of_is_asked_for_again(page: Page, recipient: Page, tmp_path: Path) -> None:
    """Although the server reported success, as it must if S3 does not respond in time."""
    asked: list[str] = []

    def swallow(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=200, json={"number": 1, "state": "pending"})
        else:
            route.continue_()

    page.route("**/complete", swallow)
    data = some_bytes(LARGE, seed=10)
    pick(page, write(tmp_path / "a.bin", data))
    assert downloads_of(recipient, link_of(page)) == {"a.bin": digest(data)}
    assert len(asked) == 2


def test_an_upload_that_has_to_begin_again_is_sent_again_whole(
    page: Page, watch: Watch, cloud: Cloud, recipient: Page, tmp_path: Path
) -> None:
    """With new URLs, because the old upload is gone from S3; the page shows that its bytes are sent again."""
    watch.forgive("Failed to load resource")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    completions: list[str] = []

    def begin_again(route: Route) -> None:
        completions.append(route.request.url)
        if len(completions) > 1:
            route.continue_()
            return
        transfer = re.findall(r"/transfers/([a-z2-7]{26})/", route.request.url)[0]
        upload = parse_qs(urlsplit(sent[0]).query)["uploadId"][0]
        # What the server does if S3 keeps refusing to complete an upload, which the local cloud's S3 never does.
        records = Records(cloud.outputs["Table"])
        vars(records)["_db"] = cloud.client("dynamodb")
        assert records.drop_upload(transfer, 1, upload)
        key = key_of(transfer, 1)
        cloud.s3.abort_multipart_upload(Bucket=cloud.outputs["Bucket"], Key=key, UploadId=upload)
        missing = {"code": "parts_missing", "message": "Send them again.", "request_id": "", "parts": [1, 2]}
        route.fulfill(status=409, json={"error": missing})

    page.route("**/complete", begin_again)
    data = some_bytes(LARGE, seed=11)
    pick(page, write(tmp_path / "a.bin", data))
    link = link_of(page)
    assert downloads_of(recipient, link) == {"a.bin": digest(data)}
    uploads = [parse_qs(urlsplit(url).query)["uploadId"][0] for url in sent]
    assert [uploads.count(upload) for upload in dict.fromkeys(uploads)] == [2, 2]
    assert cloud.incomplete_uploads(transfer_of(link)) == []


def test_a_broken_connection_is_tried_without_end_and_said(page: Page, watch: Watch, tmp_path: Path) -> None:
    """The other file is not kept waiting, and when the connection is back, all goes on by itself."""
    watch.forgive("Failed to load resource")
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.url)
        route.abort("connectionreset")

    pattern = re.compile(PUTS.pattern + r"\w+/1\?")
    page.route(pattern, refuse)
    pick(page, write(tmp_path / "bad.bin", b"1"), write(tmp_path / "good.bin", b"22"))
    bad = rows(page).filter(has_text="bad.bin")
    expect(bad).to_contain_text("Connection lost")
    expect(rows(page).filter(has_text="good.bin")).to_have_attribute("data-state", "stored")
    for _ in range(5):
        with page.expect_event("requestfailed"):
            page.evaluate("dispatchEvent(new Event('online'))")  # the device says that it is worth trying at once
    expect(bad).to_have_attribute("data-state", "uploading")
    unroute(page)
    page.evaluate("dispatchEvent(new Event('online'))")
    link_of(page)
    expect(bad).to_have_attribute("data-state", "stored")
    assert len(tries) > 5


def test_a_file_that_s3_refuses_fails_in_words_and_can_be_tried_again(page: Page, watch: Watch, tmp_path: Path) -> None:
    """After three more tries with fresh URLs; the other file is not kept waiting."""
    watch.forgive("Failed to load resource")
    pattern = re.compile(PUTS.pattern + r"\w+/1\?")
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.url)
        route.fulfill(status=403, body="<Error><Code>AccessDenied</Code></Error>")

    page.route(pattern, refuse)
    pick(page, write(tmp_path / "bad.bin", b"1"), write(tmp_path / "good.bin", b"22"))
    bad = rows(page).filter(has_text="bad.bin")
    expect(bad).to_have_attribute("data-state", "failed", timeout=20_000)
    assert len(tries) == 4
    expect(bad).to_contain_text("not accepted")
    expect(rows(page).filter(has_text="good.bin")).to_have_attribute("data-state", "stored")
    unroute(page)
    bad.get_by_role("button", name=re.compile("again", re.IGNORECASE)).click()
    link_of(page)
    expect(bad).to_have_attribute("data-state", "stored")


def test_offline_it_waits_says_so_and_goes_on_by_itself(page: Page, watch: Watch, tmp_path: Path) -> None:
    """In the middle of a file of several parts."""
    watch.forgive("Failed to load resource|net::ERR")
    held = hold(page)
    pick(page, write(tmp_path / "a.bin", some_bytes(LARGE)))
    expect(rows(page)).to_have_attribute("data-state", "uploading")
    page.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    unroute(page)
    expect(page.locator("#totals")).to_contain_text("offline")
    page.context.set_offline(False)
    link_of(page)
    expect(page.locator("#totals")).not_to_contain_text("offline")


def test_the_figures_of_what_has_stalled_do_not_stay_as_they_were(page: Page, tmp_path: Path) -> None:
    """How much has been sent, and how fast: although there is nothing new, they are looked at."""
    held = hold(page, re.compile(PUTS.pattern + r"\w+/2\?"))
    pick(page, write(tmp_path / "a.bin", some_bytes(100_000)), write(tmp_path / "b.bin", b"1"))
    expect(page.locator("#totals")).to_contain_text("100 kB of 100 kB · 0 bytes/s")
    for route in held:
        route.continue_()
    link_of(page)


def test_an_object_that_s3_got_wrong_is_shown_as_failed_with_the_reason(
    page: Page, cloud: Cloud, tmp_path: Path
) -> None:
    """The links function's word reaches the sender."""
    held = hold(page)
    pick(page, write(tmp_path / "a.bin", b"12345"))
    transfer = begun(page, cloud)
    cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key=f"files/{transfer}/1", Body=b"other bytes")
    for route in held:
        route.fulfill(status=200)
    expect(rows(page)).to_have_attribute("data-state", "failed")
    expect(rows(page)).to_contain_text("11 bytes")


def test_a_file_over_the_maximum_is_refused_before_anything_is_sent(page: Page) -> None:
    """In words that name the limit, and the others go on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.post_data or ''}"))
    page.evaluate(
        """() => {
            const huge = new File(["x"], "huge.bin");
            Object.defineProperty(huge, "size", {value: 3 * 2 ** 40});
            const picked = {files: [huge, new File(["y"], "fine.bin")]};
            const input = document.querySelector('[data-testid="file-input"]');
            Object.defineProperty(input, "files", {get: () => picked.files, set() {}, configurable: true});
            input.dispatchEvent(new Event("change", {bubbles: true}));
        }"""
    )
    huge = rows(page).filter(has_text="huge.bin")
    expect(huge).to_have_attribute("data-state", "failed")
    expect(huge).to_contain_text(re.compile("TB|TiB"))
    expect(rows(page).filter(has_text="fine.bin")).to_have_attribute("data-state", "stored")
    assert any("fine.bin" in request for request in sent)
    assert not any("huge.bin" in request for request in sent)


def test_a_file_that_changes_while_it_waits_is_said_in_words(page: Page, tmp_path: Path, watch: Watch) -> None:
    """The browser refuses to read it, and the row says what to do."""
    watch.forgive("Failed to load resource")
    # Larger than what the engine keeps of files that it has hashed, so that it has to read again.
    file = tmp_path / "moving.bin"
    with file.open("wb") as sparse:
        sparse.truncate(256 * MIB)
    held = hold(page)
    pick(page, file)
    expect(rows(page)).to_have_attribute("data-state", "uploading")
    file.unlink()
    for route in held:
        route.continue_()
    unroute(page)
    expect(rows(page)).to_have_attribute("data-state", "failed")
    expect(rows(page)).to_contain_text(re.compile("read|changed", re.IGNORECASE))


def test_more_files_can_be_added_while_sending_and_a_new_transfer_begun_afterwards(
    page: Page, cloud: Cloud, tmp_path: Path
) -> None:
    """Both under one link; the next transfer has another."""
    held = hold(page)
    pick(page, write(tmp_path / "first.bin", b"1"))
    transfer = begun(page, cloud)
    pick(page, write(tmp_path / "second.bin", b"22"))
    expect(rows(page).filter(has_text="second.bin")).to_have_attribute("data-state", "uploading")
    for route in held:
        route.continue_()
    unroute(page)
    assert transfer_of(link_of(page)) == transfer
    assert cloud.call("GET", f"api/transfers/{transfer}").json["counts"]["stored"] == 2
    page.get_by_role("button", name="Send more files").click()
    pick(page, write(tmp_path / "third.bin", b"333"))
    assert transfer_of(link_of(page)) != transfer


def test_the_transfer_page_shows_what_is_coming_and_follows_it(
    page: Page, recipient: Page, cloud: Cloud, tmp_path: Path
) -> None:
    """A stored file can be had at once, the other as soon as it is there, without loading the page again."""
    held = hold(page, re.compile(PUTS.pattern + r"\w+/2\?"))
    pick(page, write(tmp_path / "a.bin", b"1"), write(tmp_path / "b.bin", b"22"))
    transfer = begun(page, cloud)
    expect(rows(page).filter(has_text="a.bin")).to_have_attribute("data-state", "stored")
    recipient.goto(f"{cloud.address}t/{transfer}")
    expect(rows(recipient)).to_have_count(2)
    expect(recipient.get_by_test_id("download").and_(recipient.locator(":visible"))).to_have_count(1)
    for route in held:
        route.continue_()
    expect(recipient.get_by_test_id("download").and_(recipient.locator(":visible"))).to_have_count(2)


def test_the_transfer_page_works_without_script(browser: Browser, page: Page, tmp_path: Path) -> None:
    """Names, sizes and downloads are in the page as it is served."""
    pick(page, write(tmp_path / "plain.txt", b"plain"))
    link = link_of(page)
    context: BrowserContext = browser.new_context(java_script_enabled=False, accept_downloads=True)
    bare = context.new_page()
    bare.goto(link)
    expect(rows(bare)).to_contain_text("plain.txt")
    expect(rows(bare)).to_contain_text("5 bytes")
    with bare.expect_download() as download:
        bare.get_by_test_id("download").click()
    assert download.value.path().read_bytes() == b"plain"
    context.close()


def test_the_whole_way_goes_by_keyboard(page: Page, tmp_path: Path) -> None:
    """Tab to the button, choose, and the focus ends on Copy."""
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-testid=file-input]')"):
            break
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(write(tmp_path / "a.txt", b"a"))
    link_of(page)
    expect(page.get_by_role("button", name=re.compile("copy", re.IGNORECASE))).to_be_focused()


def test_an_unknown_link_says_what_to_do(page: Page, cloud: Cloud, watch: Watch) -> None:
    """And leads to the upload page."""
    watch.forgive("404")
    answer = page.goto(f"{cloud.address}t/{'a' * 26}")
    assert answer
    assert answer.status == HTTPStatus.NOT_FOUND
    expect(page.locator("main")).to_contain_text("nothing at this address")
    page.get_by_role("link", name="Send files").click()
    assert urlsplit(page.url).path == urlsplit(cloud.address).path


def test_sending_can_be_paused_and_goes_on(page: Page, watch: Watch, recipient: Page, tmp_path: Path) -> None:
    """What is on its way stops at once, and nothing else goes until it is resumed."""
    watch.forgive("Failed to load resource")
    data = some_bytes(LARGE, seed=5)
    held = hold(page)
    pick(page, write(tmp_path / "a.bin", data))
    eventually(lambda: page.evaluate("true") and len(held) == 2)
    page.get_by_test_id("pause-all").click()
    expect(rows(page)).to_have_attribute("data-state", "paused")
    let_go(page, held)
    page.get_by_test_id("resume-all").click()
    assert downloads_of(recipient, link_of(page)) == {"a.bin": digest(data)}


def test_an_interrupted_upload_can_be_discarded(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    """Then nothing of it is left, here or in S3."""
    held = hold(page)
    pick(page, write(tmp_path / "a.bin", some_bytes(LARGE)))
    transfer = begun(page, cloud)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    let_go(page, held)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_test_id("discard").click()
    expect(page.get_by_test_id("interrupted")).to_have_count(0)
    assert cloud.incomplete_uploads(transfer) == []
    assert cloud.call("GET", f"api/transfers/{transfer}").status == HTTPStatus.NOT_FOUND


def test_an_interrupted_upload_goes_on_after_a_reload_when_its_file_is_picked_again(
    page: Page, recipient: Page, tmp_path: Path, cloud: Cloud
) -> None:
    """Under the same link; the part that S3 has is compared and not sent again."""
    data = some_bytes(LARGE, seed=3)
    file = write(tmp_path / "long.bin", data)
    held = hold(page, re.compile(PUTS.pattern + r".*partNumber=2&"))
    pick(page, file)
    transfer = begun(page, cloud)
    # Each look lets Playwright handle what has been routed meanwhile.
    eventually(lambda: page.evaluate("true") and len(held) == 1 and parts_of(cloud, transfer) == [1])
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    let_go(page, held)
    again = hold(page, re.compile(PUTS.pattern + r".*partNumber=1&"))
    expect(page.get_by_test_id("interrupted")).to_be_visible()
    page.get_by_test_id("continue").click()
    pick(page, file)
    link = link_of(page)
    assert transfer_of(link) == transfer
    assert again == []
    assert downloads_of(recipient, link) == {"long.bin": digest(data)}


def test_what_was_dropped_goes_on_after_a_reload_by_one_click(
    page: Page, recipient: Page, tmp_path: Path, cloud: Cloud
) -> None:
    """The browser keeps a handle of it; nothing has to be picked again, and the part that S3 has is not sent again."""
    data = some_bytes(LARGE, seed=4)
    held = hold(page, re.compile(PUTS.pattern + r".*partNumber=2&"))
    drop(page, write(tmp_path / "long.bin", data))
    transfer = begun(page, cloud)
    eventually(lambda: page.evaluate("true") and len(held) == 1 and parts_of(cloud, transfer) == [1])
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    let_go(page, held)
    again = hold(page, re.compile(PUTS.pattern + r".*partNumber=1&"))
    page.get_by_test_id("continue").click()
    link = link_of(page)
    assert transfer_of(link) == transfer
    assert again == []
    assert downloads_of(recipient, link) == {"long.bin": digest(data)}


def test_two_tabs_do_not_fight_over_one_upload(
    page: Page, context: BrowserContext, cloud: Cloud, tmp_path: Path
) -> None:
    """The other tab says where it is being sent; when that tab is gone, it can go on there."""
    held = hold(page)
    pick(page, write(tmp_path / "a.bin", some_bytes(LARGE)))
    begun(page, cloud)
    other = context.new_page()
    other.goto(cloud.address)
    offer = other.get_by_test_id("interrupted")
    expect(offer).to_contain_text("is being sent in another tab")
    expect(other.get_by_test_id("continue")).to_be_hidden()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
    let_go(page, held)
    expect(other.get_by_test_id("continue")).to_be_visible()


def parts_of(cloud: Cloud, transfer: str) -> list[int]:
    """Return the numbers of the parts of a transfer's first file that S3 has."""
    bucket, key = cloud.outputs["Bucket"], f"files/{transfer}/1"
    uploads = cloud.s3.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", [])
    if not uploads:
        return []
    parts = cloud.s3.list_parts(Bucket=bucket, Key=key, UploadId=uploads[0]["UploadId"]).get("Parts", [])
    return [part["PartNumber"] for part in parts]


def test_what_is_picked_before_the_script_is_there_is_sent_too(page: Page, tmp_path: Path) -> None:
    """On a slow connection the page is seen before it can do anything."""
    arriving: list[Route] = []
    page.route(re.compile(r"/upload\.js$"), lambda route: arriving.extend([route]))
    page.reload(wait_until="commit")
    pick(page, write(tmp_path / "early.bin", b"1"))
    page.evaluate("true")
    arriving[0].continue_()
    link_of(page)
