"""No secret and no name gets into anything that is written; conftest looks at the end of every run, of any length."""

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from e2e.attacks.attacker import FORM
from e2e.cloud import Cloud, LocalCloud
from e2e.conftest import Watch, addresses_asked
from e2e.disclosure import addresses_with_secrets, secrets_in
from e2e.sending import begin, put, stored
from e2e.test_sharing import choose, send

NAME = "Kündigung of Ms Canary.pdf"
TITLE = "Severance for Canary"
MESSAGE = "Nobody else knows of it"
HUSHED = "hush, little canary"
WRONG = "tweet, little canary"


@pytest.fixture
def secrets(cloud: Cloud) -> dict[str, str]:
    """Return what a deployment hands to people: each kind once, and real."""
    transfer = begin(cloud, b"secret", name="secret.txt", sign=1)
    put(cloud, transfer["urls"][0], b"secret")
    stored(cloud, transfer)
    place = f"t/{transfer['id']}"
    download = cloud.call("GET", f"{place}/files/1").headers["Location"]
    cloud.call("PATCH", f"api/transfers/{transfer['id']}", body={"password": HUSHED}, token=transfer["owner_token"])
    unlocked = cloud.call("POST", f"{place}/unlock", raw=f"password={HUSHED}".encode(), headers=FORM)
    assert unlocked.status == HTTPStatus.SEE_OTHER
    return {
        "owner token": transfer["owner_token"],
        "URL to send to": transfer["urls"][0]["url"],
        "URL to download from": download,
        "grant": unlocked.headers["Set-Cookie"].partition("=")[2].partition(";")[0],
    }


@pytest.mark.parametrize("kind", ["owner token", "URL to send to", "URL to download from", "grant"])
def test_a_secret_is_known_by_its_looks(secrets: dict[str, str], kind: str) -> None:
    """Wherever it stands, without anybody having told us of it."""
    line = f'{{"level":"INFO","message":"{secrets[kind]}","service":"web"}}'
    assert secrets_in(line, ())


@pytest.mark.parametrize(
    "line",
    [
        "files/abcdefghijklmnopqrstuvwxyz/1",
        '{"correlation_id":"0d1fdc13-8cb5-4b66-a1b3-a13e0a7d4c2a","etag":"5d41402abc4b2a76b9719d911017c592"}',
        "arn:aws:lambda:us-east-1:000000000000:function:Sidestep-LinksFunctionA5D9F812-CEF9C0DB472D6",
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    ],
)
def test_what_logs_are_full_of_is_no_secret(line: str) -> None:
    """Ids, digests and names of functions."""
    assert secrets_in(line, ()) == []


@pytest.mark.parametrize("spell", [str, json.dumps, quote])
def test_a_word_is_found_however_it_is_spelled(spell: Callable[[str], str]) -> None:
    """As it is, in JSON, in an address."""
    assert secrets_in(f"file: {spell(NAME)}", [NAME])


def unlock(recipient: Page, password: str) -> None:
    """Enter a password."""
    recipient.get_by_label("Password").fill(password)
    recipient.get_by_role("button").click()


def test_what_somebody_confides_to_the_page_is_in_nothing_that_anybody_writes(
    page: Page, recipient: Page, watch: Watch, cloud: LocalCloud, tmp_path: Path
) -> None:
    """A name, a title, a message, a password and a wrong one: not in logs, metrics, error texts or addresses."""
    watch.forgive("403")
    link = send(page, tmp_path, NAME)
    page.get_by_test_id("options").locator("summary").click()
    choose(page, "title", TITLE, "Title saved.")
    choose(page, "message", MESSAGE, "Message saved.")
    choose(page, "password", HUSHED, "Password saved. Tell it to those who get the link.")
    recipient.goto(link)
    unlock(recipient, HUSHED)
    with recipient.expect_download():
        recipient.get_by_test_id("download").click()
    cloud.confided.note_cookies(recipient.context.cookies(cloud.address))
    recipient.context.clear_cookies()
    recipient.reload()
    unlock(recipient, WRONG)
    expect(recipient.get_by_role("alert")).to_be_visible()

    cloud.confided.words.update((NAME, TITLE, MESSAGE))
    cloud.confided.secrets.update((HUSHED, WRONG))
    told = cloud.confided.secrets | cloud.confided.words
    for either in (page, recipient):
        assert addresses_with_secrets([either.url, *addresses_asked(either)], cloud.address, told) == []
    assert any(link.rsplit("/", 1)[1] in line for line in cloud.log_events()), "the logs are not what we think"
    assert cloud.disclosed() == []
