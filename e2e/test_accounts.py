"""Who may send, on a local cloud where people have accounts: a real user pool, its own page, the gateway's check."""

from http import HTTPStatus

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.cloud import Cloud, eventually
from e2e.conftest import EVERYBODYS, Watch
from e2e.test_page import link_of, transfer_of


def signed_in(browser: Browser, cloud: Cloud, watch: Watch, name: str) -> Page:
    """Sign somebody in, in a browser of his own."""
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    watch.attach(page)
    page.goto(cloud.address)
    sign_in(page, name)
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    return page


def sign_in(page: Page, name: str) -> None:
    """Go through the pool's own page, which leads back."""
    page.get_by_test_id("sign-in").click()
    page.locator("input[name=username]").fill(f"{name}@example.com")
    page.locator("input[name=password]").fill(EVERYBODYS)
    page.locator("button, input[type=submit]").first.click()


def send(page: Page, name: str) -> str:
    """Send a file, and return its transfer."""
    page.get_by_test_id("file-input").set_input_files({"name": name, "mimeType": "", "buffer": b"a"})
    return transfer_of(link_of(page))


def test_an_account_sends_and_finds_it_again_on_another_device(
    browser: Browser, cloud_of_accounts: Cloud, watch: Watch
) -> None:
    """With everything that an owner may do; another account sees nothing of it."""
    transfer = send(signed_in(browser, cloud_of_accounts, watch, "alice"), "report.txt")
    elsewhere = signed_in(browser, cloud_of_accounts, watch, "alice")
    assert "code=" not in elsewhere.url
    elsewhere.get_by_test_id("mine").get_by_test_id("open-mine").click()
    expect(elsewhere.get_by_test_id("file-row")).to_contain_text("report.txt")
    elsewhere.once("dialog", lambda dialog: dialog.accept())
    other = signed_in(browser, cloud_of_accounts, watch, "bob")
    expect(other.get_by_test_id("mine")).to_be_hidden()
    elsewhere.get_by_test_id("delete").click()
    expect(elsewhere.get_by_test_id("mine")).to_be_hidden()
    assert cloud_of_accounts.call("GET", f"t/{transfer}").status == HTTPStatus.NOT_FOUND


def test_an_operator_closes_a_transfer_from_the_list_of_all(
    browser: Browser, cloud_of_accounts: Cloud, watch: Watch
) -> None:
    """Others do not see the list, nor the way to it. Its files are evidence then, without a command."""
    sender = signed_in(browser, cloud_of_accounts, watch, "alice")
    transfer = send(sender, "bad.exe")
    expect(sender.locator("#all-transfers")).to_be_hidden()
    operator = signed_in(browser, cloud_of_accounts, watch, "olga")
    operator.get_by_role("link", name="All transfers").click()
    listed = operator.get_by_test_id("listed").filter(has_text=transfer)
    expect(listed).to_contain_text("ready · 1 file, 1 byte")
    operator.once("dialog", lambda dialog: dialog.accept())
    listed.get_by_role("button", name=f"Block {transfer}").press("Enter")
    expect(listed).to_contain_text("blocked")
    expect(operator.get_by_role("status")).to_have_text(f"{transfer} is blocked. Its files are moving to the evidence.")
    expect(listed.get_by_role("link", name=f"Open {transfer}")).to_be_focused()
    assert cloud_of_accounts.call("GET", f"t/{transfer}").status == HTTPStatus.GONE
    assert cloud_of_accounts.call("GET", f"t/{transfer}/files/1").status == HTTPStatus.GONE
    eventually(lambda: operator.reload() and "not safe yet" not in listed.inner_text())
    expect(listed).to_contain_text("blocked · 1 file, 1 byte")
    assert cloud_of_accounts.keys(transfer, among="evidence")
    assert cloud_of_accounts.keys(transfer) == []
    expect(listed.get_by_test_id("block")).to_be_hidden()


def test_signing_in_that_fails_is_said(browser: Browser, cloud_of_accounts: Cloud, watch: Watch) -> None:
    """The door is still there to try again, and so is a private link."""
    watch.forgive("ERR_FAILED")
    page = browser.new_context().new_page()
    watch.attach(page)
    page.goto(f"{cloud_of_accounts.address}#transfer={'a' * 26}")
    page.route("**/oauth2/token", lambda route: route.abort())
    sign_in(page, "bob")
    expect(page.get_by_role("alert")).to_have_text("Signing in did not work. Please try again.")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert page.url == f"{cloud_of_accounts.address}#transfer={'a' * 26}"


@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c"])
def test_the_gateway_lets_nobody_else_begin_a_transfer(cloud_of_accounts: Cloud, token: str | None) -> None:
    """In our words, before any function is asked."""
    body = {"files": [{"name": "a", "size": 1}]}
    for method, path in (("POST", "api/transfers"), ("GET", "api/transfers"), ("GET", "api/operator/transfers")):
        answer = cloud_of_accounts.call(method, path, body=body if method == "POST" else None, token=token)
        assert (answer.status, answer.error["code"]) == (HTTPStatus.UNAUTHORIZED, "sign_in_needed")


def test_a_private_link_and_signing_out(browser: Browser, cloud_of_accounts: Cloud, watch: Watch) -> None:
    """The link of an own transfer opens it after signing in; who has signed out is asked again."""
    page = signed_in(browser, cloud_of_accounts, watch, "bob")
    transfer = send(page, "bobs.txt")
    elsewhere = browser.new_context().new_page()
    watch.attach(elsewhere)
    elsewhere.goto(f"{cloud_of_accounts.address}#transfer={transfer}")
    sign_in(elsewhere, "bob")
    expect(elsewhere.get_by_test_id("file-row")).to_contain_text("bobs.txt")
    page.goto(cloud_of_accounts.address)
    page.get_by_test_id("sign-out").click()
    page.goto(cloud_of_accounts.address)
    expect(page.get_by_test_id("sign-in")).to_be_visible()
