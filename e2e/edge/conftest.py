"""A local cloud of its own behind the strict edge, and a browser that trusts the edge's certificates."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from e2e.cloud import LocalCloud
from e2e.conftest import QUIET, Watch, addresses_asked, discreet_cloud
from e2e.edge.proxy import Edge, edge_before
from infra.steps import find_browser

# Enough functions at once for a first visit: each of its scripts is a separate call. Everything else gets ten.
ROOM = 100


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Return a local cloud whose functions find S3 behind the edge, as its administrator reaches it."""
    with discreet_cloud(tmp_path_factory.mktemp("strict")) as started:
        yield started


@pytest.fixture(scope="session")
def running(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Return the edge in front of it."""
    with edge_before(cloud, tmp_path_factory.mktemp("edge")) as started:
        yield started


@pytest.fixture
def edge(running: Edge) -> Edge:
    """Return the edge with AWS's own terms and no faults."""
    running.begin()
    return running


@pytest.fixture(scope="session")
def browser(browser: Browser, running: Edge) -> Iterator[Browser]:
    """Return a Chromium that trusts the edge's certificates."""
    args = [*QUIET, f"--ignore-certificate-errors-spki-list={running.key}"]
    args += ["--no-sandbox"] if os.geteuid() == 0 else []
    launched = browser.browser_type.launch(executable_path=find_browser(), args=args)
    yield launched
    launched.close()


@pytest.fixture
def page(context: BrowserContext, edge: Edge, watch: Watch) -> Iterator[Page]:
    """Return the upload page; afterwards, check that there were no errors and no requests to a third origin."""
    opened = context.new_page()
    watch.attach(opened)
    edge.begin(most_calls=ROOM)
    opened.goto(edge.cloud.address)
    opened.wait_for_load_state("networkidle")
    edge.begin()
    yield opened
    assert watch.unforgiven() == []
    ours = (f"{edge.origin}/", f"{edge.bucket_origin}/")
    assert [url for url in addresses_asked(opened) if not url.startswith(ours)] == []
