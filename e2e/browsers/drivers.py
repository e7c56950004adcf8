"""One small way to drive a page, and how each of three browsers does it. All traffic goes through our own proxy."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, cast

from playwright.sync_api import Page, Playwright, expect

from e2e.cloud import eventually
from e2e.conftest import QUIET
from infra.steps import find_browser

WAIT_SECONDS = 60
# What both ways to run a script in a page can do: take an address and call back with what is found there.
DIGEST = """
    const [address, done] = arguments;
    fetch(address)
        .then((answer) => answer.arrayBuffer())
        .then((bytes) => crypto.subtle.digest("SHA-256", bytes))
        .then((digest) => done([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")))
        .catch((error) => done(String(error)));
"""


class Driver(Protocol):
    """A browser with one page."""

    def open(self, address: str) -> None:
        """Load a page."""
        ...

    def reload(self) -> None:
        """Load it again, whatever it says to being left."""
        ...

    def pick(self, *files: Path) -> None:
        """Choose files with the file dialog."""
        ...

    def wait_for(self, test_id: str) -> None:
        """Wait until something can be seen."""
        ...

    def attributes(self, test_id: str, name: str) -> list[str]:
        """Return an attribute of each element with this test id, addresses in full."""
        ...

    def digest(self, address: str) -> str:
        """Return the SHA-256, in hex, of what the browser finds at an address."""
        ...


class Playwrighted:
    """Chromium or Firefox."""

    def __init__(self, page: Page) -> None:
        """Take the page."""
        self._page = page
        page.on("dialog", lambda dialog: dialog.accept())

    def open(self, address: str) -> None:
        """Load a page."""
        self._page.goto(address)

    def reload(self) -> None:
        """Load it again, whatever it says to being left."""
        self._page.reload()

    def pick(self, *files: Path) -> None:
        """Choose files with the file dialog."""
        self._page.get_by_test_id("file-input").set_input_files(list(files))

    def wait_for(self, test_id: str) -> None:
        """Wait until something can be seen."""
        expect(self._page.get_by_test_id(test_id).first).to_be_visible(timeout=WAIT_SECONDS * 1000)

    def attributes(self, test_id: str, name: str) -> list[str]:
        """Return an attribute of each element with this test id, addresses in full."""
        found = self._page.get_by_test_id(test_id)
        return found.evaluate_all("(all, name) => all.map((one) => one[name] ?? one.getAttribute(name))", name)

    def digest(self, address: str) -> str:
        """Return the SHA-256, in hex, of what the browser finds at an address."""
        return self._page.evaluate(
            f"(address) => new Promise((done) => (function () {{ {DIGEST} }})(address, done))", address
        )


class WebKit:
    """WebKitGTK, by WebDriver."""

    def __init__(self, driver: Any) -> None:
        """Take selenium's driver."""
        self._driver = driver
        driver.set_script_timeout(WAIT_SECONDS)

    def open(self, address: str) -> None:
        """Load a page."""
        self._driver.get(address)

    def reload(self) -> None:
        """Load it again, whatever it says to being left."""
        self._driver.refresh()

    def pick(self, *files: Path) -> None:
        """Choose files with the file dialog."""
        self._all("file-input")[0].send_keys("\n".join(map(str, files)))

    def wait_for(self, test_id: str) -> None:
        """Wait until something can be seen."""
        try:
            eventually(lambda: any(one.is_displayed() for one in self._all(test_id)), WAIT_SECONDS)
        except AssertionError as error:
            error.add_note(self._driver.find_element("css selector", "body").text)
            raise

    def attributes(self, test_id: str, name: str) -> list[str]:
        """Return an attribute of each element with this test id, addresses in full."""
        return [one.get_attribute(name) for one in self._all(test_id)]

    def digest(self, address: str) -> str:
        """Return the SHA-256, in hex, of what the browser finds at an address."""
        return self._driver.execute_async_script(DIGEST, address)

    def _all(self, test_id: str) -> list[Any]:
        return self._driver.find_elements("css selector", f"[data-testid={test_id}]")


@contextmanager
def chromium(playwright: Playwright, port: int) -> Generator[Driver]:
    """Start Chromium, with what is on this port for a proxy."""
    args = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    # Without this it does not ask a proxy about its own machine.
    proxy = {"server": f"http://127.0.0.1:{port}", "bypass": "<-loopback>"}
    browser = playwright.chromium.launch(executable_path=find_browser(), args=args, proxy=cast("Any", proxy))
    yield Playwrighted(browser.new_page())
    browser.close()


@contextmanager
def firefox(playwright: Playwright, port: int) -> Generator[Driver]:
    """Start Firefox, with what is on this port for a proxy."""
    path = bring("firefox-esr", "firefox-esr")
    # Without this it does not ask a proxy about its own machine.
    preferences: dict[str, str | float | bool] = {
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": port,
        "network.proxy.allow_hijacking_localhost": True,
    }
    browser = playwright.firefox.launch(executable_path=path, channel="moz-firefox", firefox_user_prefs=preferences)
    yield Playwrighted(browser.new_page())
    browser.close()


@contextmanager
def webkit(_playwright: Playwright, port: int) -> Generator[Driver]:
    """Start WebKitGTK, with what is on this port for a proxy."""
    # Only this one needs it.
    from selenium.webdriver.common.proxy import Proxy, ProxyType  # noqa: PLC0415
    from selenium.webdriver.remote.client_config import ClientConfig  # noqa: PLC0415
    from selenium.webdriver.remote.file_detector import UselessFileDetector  # noqa: PLC0415
    from selenium.webdriver.remote.remote_connection import RemoteConnection  # noqa: PLC0415
    from selenium.webdriver.remote.webdriver import WebDriver  # noqa: PLC0415
    from selenium.webdriver.webkitgtk.options import Options  # noqa: PLC0415
    from selenium.webdriver.webkitgtk.service import Service  # noqa: PLC0415

    path = bring("WebKitWebDriver", "webkit2gtk-driver")
    options = Options()
    options.add_argument("--automation")
    options.unhandled_prompt_behavior = "accept"
    options.proxy = Proxy({"proxyType": ProxyType.MANUAL, "httpProxy": f"127.0.0.1:{port}"})
    with screen() as display:
        env = {**os.environ, "DISPLAY": display, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        service = Service(path, env=env)
        service.start()
        try:
            driver = WebDriver(RemoteConnection(client_config=ClientConfig(service.service_url)), options=options)
            # It sends files to where the browser runs, which is here.
            driver.file_detector = UselessFileDetector()
            yield WebKit(driver)
            driver.quit()
        finally:
            service.stop()


@contextmanager
def screen() -> Generator[str]:
    """Start a screen that nobody sees; return its name."""
    read, write = os.pipe()
    command = [bring("Xvfb", "xvfb"), "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as numbers:
                yield f":{numbers.readline().strip()}"
        finally:
            server.terminate()


def bring(program: str, package: str) -> str:
    """Return the path of a program, installed by Debian's package where that is possible."""
    if not (path := shutil.which(program)) and os.geteuid() == 0 and shutil.which("apt-get"):
        with suppress(subprocess.CalledProcessError):
            for step in (["update", "--quiet"], ["install", "--yes", "--quiet", "--no-install-recommends", package]):
                subprocess.run(["apt-get", *step], check=True, stdout=subprocess.DEVNULL)  # noqa: S607
        path = shutil.which(program)
    assert path, f"This browser's tests need {program}: install it (Debian and Ubuntu: apt-get install {package})."
    return path
