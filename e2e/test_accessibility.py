"""Every state of every page, light and dark: axe finds nothing, nothing is wider than a small phone, keys suffice.

And in none of them does the browser complain, so that the pages' policy allows all that they do.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from e2e.cloud import Cloud, eventually
from e2e.conftest import Watch
from e2e.sending import begin, put, status
from e2e.test_abuse import as_source, report
from e2e.test_accounts import sign_in
from e2e.test_page import PUTS, hold, let_go, pick, rows, some_bytes, unroute, write
from e2e.test_sharing import live_link, send
from infra.steps import ROOT

pytestmark = pytest.mark.any_deployment

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
NARROW: ViewportSize = {"width": 320, "height": 640}


@pytest.fixture(params=["light", "dark"])
def looked_at(request: pytest.FixtureRequest, browser: Browser, cloud: Cloud, watch: Watch) -> Iterator[Page]:
    """Return the upload page on a small phone, in this theme, without motion."""
    context = browser.new_context(viewport=NARROW, color_scheme=request.param, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    opened = context.new_page()
    watch.attach(opened)
    watch.forgive("Failed to load resource")
    opened.goto(cloud.address)
    yield opened
    # What is still routed would be told of after its page is gone.
    unroute(opened)
    opened.goto("about:blank")
    context.close()
    assert watch.unforgiven() == []


def check(page: Page) -> None:
    """Let axe look at the page as it is, and see that nothing sticks out."""
    page.evaluate(AXE.read_text("utf-8"))  # the page's policy takes no script tag from a test
    found = page.evaluate("axe.run().then(({violations}) => violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_what_the_gateway_says_by_itself(looked_at: Page, cloud: Cloud) -> None:
    """Each page, as deployed, has the style that its policy allows, and shared links lead to the first page.

    The local cloud's gateway always responds with JSON, so the test itself puts the pages into the browser.
    """
    page = looked_at
    gateway = cloud.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    deployed = gateway.get_gateway_responses(restApiId=api["id"], limit=100)["items"]
    ours = {answer["responseType"]: answer for answer in deployed if not answer["defaultResponse"]}
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "UNAUTHORIZED"} <= set(ours)

    def give(route: Route) -> None:
        answer = ours[route.request.url.rpartition("/")[2]]
        headers = {name.rpartition(".")[2]: value[1:-1] for name, value in answer["responseParameters"].items()}
        body: str = answer["responseTemplates"]["text/html"]
        route.fulfill(status=429, headers=headers, content_type="text/html", body=body)

    page.route(re.compile(f"/({'|'.join(ours)})$"), give)
    for kind in ours:
        page.goto(f"{cloud.address}{kind}")
        check(page)
        assert page.locator("main").evaluate("main => getComputedStyle(main).maxWidth") == "512px"
    page.goto(f"{cloud.address}UNAUTHORIZED")
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(cloud.address)


def test_the_senders_states(looked_at: Page, cloud: Cloud, tmp_path: Path) -> None:
    """Empty, sending, paused, ready with every drawer open, and coming back."""
    page = looked_at
    check(page)
    held = hold(page)
    pick(
        page,
        write(tmp_path / "a-name-that-is-longer-than-any-small-screen-is-wide-and-has-no-gap.bin", some_bytes(100)),
    )
    expect(rows(page)).to_have_attribute("data-state", "uploading")
    expect(page.get_by_test_id("options")).to_be_visible()
    check(page)
    page.get_by_test_id("pause-all").click()
    expect(rows(page)).to_have_attribute("data-state", "paused")
    check(page)
    let_go(page, held)
    page.get_by_test_id("resume-all").click()
    live_link(page)
    for drawer in ("options", "log"):
        page.get_by_test_id(drawer).locator("summary").click()
    page.get_by_test_id("show-qr").click()
    expect(page.get_by_test_id("qr")).to_be_visible()
    check(page)
    page.goto("about:blank")
    page.goto(cloud.address)
    expect(page.get_by_test_id("mine")).to_be_visible()
    check(page)


def test_what_failed(looked_at: Page, tmp_path: Path) -> None:
    """A file that S3 will not have."""
    page = looked_at
    page.route(
        PUTS,
        lambda route: route.fulfill(
            status=404, body="<Code>NoSuchUpload</Code>", headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    pick(page, write(tmp_path / "a.bin", some_bytes(100)))
    expect(rows(page)).to_have_attribute("data-state", "failed")
    check(page)


def test_the_recipients_states(looked_at: Page, cloud: Cloud, tmp_path: Path) -> None:
    """Several files, the password, a wrong one, nothing there."""
    page = looked_at
    link = send(page, tmp_path, "a.txt", "b.txt")
    page.get_by_test_id("options").locator("summary").click()
    page.get_by_test_id("option-password").fill("secret")
    page.get_by_test_id("option-password").blur()
    expect(page.get_by_test_id("option-note")).to_contain_text("Password saved")
    page.goto(link)
    check(page)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    page.goto(f"{cloud.address}t/{'a' * 26}")
    check(page)


def test_the_reporters_states(looked_at: Page, cloud: Cloud, tmp_path: Path) -> None:
    """The form, what is wrong with it, the thanks, and what everybody sees of a transfer that is blocked."""
    page = looked_at
    link = send(page, tmp_path, "a.txt")
    page.goto(link)
    page.get_by_test_id("report").click()
    check(page)
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_label("E-mail address").fill("nobody")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("alert")).to_have_count(3)
    check(page)
    page.goto(f"{link}/report/thanks")
    check(page)
    block(cloud, link)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Blocked")
    check(page)


def block(cloud: Cloud, link: str) -> None:
    """Have the table say that this transfer is blocked, for what pages show of it."""
    cloud.client("dynamodb").update_item(
        TableName=cloud.outputs["Table"],
        Key={"pk": {"S": link.rsplit("/", 1)[1]}, "sk": {"S": "transfer"}},
        UpdateExpression="SET blocked_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )


def test_the_list_of_files(looked_at: Page, tmp_path: Path) -> None:
    """With the button for all of them and the line for the shell."""
    page = looked_at
    page.goto(send(page, tmp_path, "a.txt", "b.txt"))
    for drawer in page.locator("summary").all():
        drawer.click()
    check(page)


def test_folders_and_what_is_still_coming(looked_at: Page, cloud: Cloud) -> None:
    """Six folders deep, with names that have no gap; some of it there, some on its way; open and closed."""
    page = looked_at
    deep = "/".join(f"a-folder-whose-name-is-long-{level}" for level in range(8))
    names = (f"{deep}/a-file-whose-name-is-longer-than-what-is-left-of-the-screen.jpg", "b/c.png", "b/d.png")
    made = begin(cloud, *(name.encode() for name in names), names=names, sign=2)
    for signed, name in zip(made["urls"], names, strict=False):
        put(cloud, signed, name.encode())
    eventually(lambda: status(cloud, made)["counts"]["stored"] == 2)
    page.goto(f"{cloud.address}t/{made['id']}")
    expect(page.get_by_text("2 of 3 files can be downloaded already.")).to_be_visible()
    check(page)
    page.locator("summary").first.click()
    check(page)


def test_a_transfer_is_sent_and_described_by_keyboard_alone(page: Page, tmp_path: Path) -> None:
    """Tab reaches the input, the copy button takes the focus, and the options follow."""
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("file-input")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(write(tmp_path / "a.bin", b"1"))
    live_link(page)
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#options summary')"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("By hand")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("option-note")).to_have_text(re.compile("Title saved"))


def test_signing_in(looked_at: Page, closed_cloud: Cloud) -> None:
    """The passphrase, and a wrong one."""
    page = looked_at
    page.goto(closed_cloud.address)
    check(page)
    page.get_by_label("Passphrase").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)


def test_accounts_and_what_operators_see(looked_at: Page, cloud_of_accounts: Cloud) -> None:
    """The list to whoever may not see it, the door, what is behind it, and the list with a transfer of each kind."""
    page = looked_at
    page.goto(f"{cloud_of_accounts.address}operator")
    expect(page.get_by_role("alert")).to_contain_text("Only operators see this.")
    check(page)
    page.get_by_role("link", name="Send files").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    check(page)
    sign_in(page, "olga")
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    token = json.loads(page.evaluate("sessionStorage.getItem('account')"))["idToken"]
    body = {"files": [{"name": "a.txt", "size": 1}]}
    blocked, reported = (cloud_of_accounts.call("POST", "api/transfers", body=body, token=token).json for _ in range(2))
    cloud_of_accounts.call("POST", f"api/operator/transfers/{blocked['id']}/block", token=token)
    with as_source(cloud_of_accounts, "203.0.113.94") as headers:
        report(cloud_of_accounts, reported, headers)
    page.reload()
    expect(page.get_by_test_id("mine")).to_be_visible()
    check(page)
    page.get_by_role("link", name="All transfers").click()
    expect(page.get_by_test_id("listed").filter(has_text=reported["id"])).to_contain_text("1 report")
    check(page)
    cloud_of_accounts.call("DELETE", f"api/transfers/{reported['id']}", token=reported["owner_token"])
