"""A browser behind the proxy: one for all runs, and one of its own for a run that kills it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Error

from e2e.chaos.proxy import Proxy, proxy_to
from e2e.cloud import Cloud
from e2e.conftest import QUIET
from infra.steps import find_browser

# So that its asserts say what was compared, as a test's own do.
pytest.register_assert_rewrite("e2e.chaos.run")


@pytest.fixture(scope="session")
def proxy(cloud: Cloud) -> Iterator[Proxy]:
    """Return the proxy in front of the local cloud."""
    with proxy_to(urlsplit(cloud.address).port or 80) as made:
        yield made


@pytest.fixture(scope="session")
def options(cloud: Cloud, proxy: Proxy) -> dict[str, Any]:
    """Return how a browser is launched that finds the proxy where S3 and the page are."""
    port = urlsplit(cloud.address).port
    rules = ", ".join(f"MAP {host}:{port} 127.0.0.1:{proxy.port}" for host in ("localhost", "127.0.0.1"))
    args = [*QUIET, f"--host-resolver-rules={rules}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {"executable_path": find_browser(), "args": args}


@pytest.fixture(scope="session")
def behind(browser: Browser, options: dict[str, Any]) -> Iterator[Browser]:
    """Return a Chromium behind the proxy."""
    launched = browser.browser_type.launch(**options)
    yield launched
    launched.close()


class Shared:
    """A fresh context of the browser of all runs, which must not be killed."""

    def __init__(self, browser: Browser) -> None:
        """Take the browser."""
        self._browser = browser
        self._context: BrowserContext | None = None

    def open(self) -> BrowserContext:
        """Make the context."""
        self._context = self._browser.new_context()
        return self._context

    def kill(self) -> None:
        """Refuse."""
        raise NotImplementedError

    def close(self) -> None:
        """End the context."""
        if self._context:
            self._context.close()


class Own:
    """A browser with a profile on disk, which outlives it."""

    def __init__(self, kind: BrowserType, profile: Path, options: dict[str, Any]) -> None:
        """Take what it is launched with."""
        self._kind = kind
        self._profile = profile
        self._options = options
        self._context: BrowserContext | None = None

    def open(self) -> BrowserContext:
        """Launch it, for the first time or again."""
        self._context = self._kind.launch_persistent_context(self._profile, **self._options)
        return self._context

    def kill(self) -> None:
        """Have it die on the spot, with no time to write anything."""
        assert self._context
        with suppress(Error):
            self._context.new_cdp_session(self._context.pages[0]).send("Browser.crash")
        self.close()

    def close(self) -> None:
        """End it, dead or alive."""
        if self._context:
            with suppress(Error):
                self._context.close()
            self._context = None
