"""How many requests a first visit sends to API Gateway: its throttling limits depend on that."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from e2e.chaos.proxy import proxy_to
from e2e.cloud import Cloud
from e2e.conftest import QUIET
from e2e.test_page import link_of, pick, some_bytes, write
from infra.config import RECIPIENTS_VISIT, SENDERS_VISIT
from infra.steps import find_browser


@dataclass
class Visitors:
    """Browsers on a first visit, and the requests that they have sent to the gateway."""

    browser: Browser
    root: str
    asked: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def new(self) -> Page:
        """Return the page of a first visit, and count from here."""
        self.asked.clear()
        return self.browser.new_context(accept_downloads=True).new_page()

    def note(self, method: str, address: str) -> None:
        """Count each request once: how often a page asks for its link depends on when S3's event comes."""
        path = urlsplit(address).path
        if path.startswith(self.root):
            self.asked.add((method, path))


@pytest.fixture
def visitors(browser: Browser, cloud: Cloud) -> Iterator[Visitors]:
    """Return a Chromium behind a proxy, which sees the requests of workers, too."""
    port = urlsplit(cloud.address).port or 80
    with proxy_to(port) as proxy:
        args = [*QUIET, f"--host-resolver-rules=MAP localhost:{port} 127.0.0.1:{proxy.port}"]
        args += ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = browser.browser_type.launch(executable_path=find_browser(), args=args)
        made = Visitors(launched, urlsplit(cloud.address).path)
        proxy.begin(change=made.note)
        yield made
        launched.close()


def test_a_first_visit_asks_for_what_the_throttle_expects(visitors: Visitors, cloud: Cloud, tmp_path: Path) -> None:
    """Exactly, so that anyone who changes what a page loads changes the throttling limits, too."""
    sender = visitors.new()
    sender.goto(cloud.address)
    sender.wait_for_load_state("networkidle")
    pick(sender, write(tmp_path / "a.bin", some_bytes(100)))
    link = link_of(sender)
    assert len(visitors.asked) == SENDERS_VISIT, sorted(visitors.asked)

    recipient = visitors.new()
    recipient.goto(link)
    recipient.wait_for_load_state("networkidle")
    with recipient.expect_download() as started:
        recipient.get_by_test_id("download").click()
    assert started.value.failure() is None
    assert len(visitors.asked) == RECIPIENTS_VISIT, sorted(visitors.asked)
