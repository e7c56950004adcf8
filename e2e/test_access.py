"""Who may send, on a local cloud that asks for a passphrase: the secret is a real one, and so are the rights to it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.cloud import Cloud, eventually
from e2e.conftest import Watch
from e2e.test_page import link_of


@pytest.fixture
def visitor(browser: Browser, closed_cloud: Cloud, watch: Watch) -> Page:
    """Return the first page of that cloud in a clean browser."""
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    watch.attach(page)
    page.goto(closed_cloud.address)
    return page


def enter(page: Page, passphrase: str) -> None:
    """Enter a passphrase."""
    page.get_by_label("Passphrase").fill(passphrase)
    page.get_by_role("button", name="Sign in").click()


def test_whoever_has_the_passphrase_sends_and_whoever_has_the_link_receives(
    visitor: Page, browser: Browser, passphrase: str
) -> None:
    """The one signs in once, the other never."""
    enter(visitor, passphrase)
    visitor.get_by_test_id("file-input").set_input_files({"name": "a.txt", "mimeType": "", "buffer": b"a"})
    link = link_of(visitor)
    other = browser.new_context().new_page()
    other.goto(link)
    expect(other.get_by_test_id("file-row")).to_contain_text("a.txt")
    visitor.reload()
    expect(visitor.get_by_test_id("file-input")).to_be_attached()


def test_a_private_link_leads_to_its_transfer_after_signing_in(
    visitor: Page, browser: Browser, closed_cloud: Cloud, passphrase: str
) -> None:
    """What stands behind the address's # survives the form, and choosing another language before and after."""
    enter(visitor, passphrase)
    visitor.get_by_test_id("file-input").set_input_files({"name": "a.txt", "mimeType": "", "buffer": b"a"})
    link_of(visitor)
    visitor.goto("about:blank")
    visitor.goto(closed_cloud.address)
    private = visitor.get_by_test_id("open-mine").get_attribute("href")
    assert private
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(private)
    elsewhere.get_by_role("link", name="Deutsch").click()
    elsewhere.get_by_label("Passphrase").fill(passphrase)
    elsewhere.get_by_role("button", name="Anmelden").click()
    expect(elsewhere.get_by_test_id("file-row")).to_contain_text("a.txt")
    elsewhere.get_by_role("link", name="English").click()
    expect(elsewhere.get_by_test_id("file-row")).to_contain_text("a.txt")


def test_a_sign_in_that_ends_while_the_page_is_open_loses_nothing(visitor: Page, watch: Watch, passphrase: str) -> None:
    """The row says so; after signing in in another tab it goes on."""
    watch.forgive("401")
    enter(visitor, passphrase)
    expect(visitor.get_by_test_id("file-input")).to_be_attached()
    visitor.context.clear_cookies()
    visitor.get_by_test_id("file-input").set_input_files({"name": "a.txt", "mimeType": "", "buffer": b"a"})
    row = visitor.get_by_test_id("file-row")
    expect(row).to_contain_text("Your sign-in has ended")
    other = visitor.context.new_page()
    other.goto(visitor.url)
    enter(other, passphrase)
    expect(other.get_by_test_id("file-input")).to_be_attached()
    row.get_by_role("button", name="Try again").click()
    link_of(visitor)


def test_a_wrong_passphrase_is_refused_in_words(visitor: Page, watch: Watch, passphrase: str) -> None:
    """And can be entered again at once, by keyboard; signing out asks for it again."""
    watch.forgive("403")
    visitor.get_by_label("Passphrase").fill("nonsense")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("alert")).to_contain_text("not the passphrase")
    expect(visitor.get_by_label("Passphrase")).to_be_focused()
    eventually(lambda: visitor.evaluate("performance.now() > 1100"))
    enter(visitor, passphrase)
    visitor.get_by_test_id("sign-out").click()
    expect(visitor.get_by_label("Passphrase")).to_be_visible()
