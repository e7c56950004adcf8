"""The main job and a resume, in every engine that people have."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Playwright, sync_playwright

from e2e.browsers.drivers import Driver, chromium, firefox, webkit
from e2e.chaos.proxy import Fault, Proxy, proxy_to
from e2e.cloud import Cloud, eventually

MIB = 2**20
SIZES = {"holiday.mov": 15 * MIB, "film.mkv": 40 * MIB}
PUTS = 4

Start = Callable[[Playwright, int], AbstractContextManager[Driver]]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Return what drives two of them."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def proxy(cloud: Cloud) -> Iterator[Proxy]:
    """Return the proxy through which they go."""
    with proxy_to(urlsplit(cloud.address).port or 80) as made:
        yield made


@pytest.fixture(scope="module", params=[chromium, firefox, webkit], ids=lambda start: start.__name__)
def driver(request: pytest.FixtureRequest, playwright: Playwright, proxy: Proxy) -> Iterator[Driver]:
    """Return each browser in turn."""
    start: Start = request.param
    with start(playwright, proxy.port) as started:
        yield started


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Write what is sent: a file of one part and one of three."""
    for name, size in SIZES.items():
        (tmp_path / name).write_bytes(hashlib.shake_128(f"{tmp_path} {name}".encode()).digest(size))
    return [tmp_path / name for name in SIZES]


def link_of(driver: Driver) -> str:
    """Wait for the live link and return it."""
    driver.wait_for("transfer-link")
    return driver.attributes("transfer-link", "href")[0]


def received(driver: Driver, link: str) -> set[str]:
    """Return the digests of all files as this browser gets them by the link."""
    driver.open(link)
    driver.wait_for("download")
    return {driver.digest(address) for address in driver.attributes("download", "href")}


def digests(files: list[Path]) -> set[str]:
    """Return the digests of files on disk."""
    return {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_what_is_picked_comes_back_byte_for_byte(driver: Driver, proxy: Proxy, cloud: Cloud, files: list[Path]) -> None:
    """By the link, from a file of one part and one of three."""
    proxy.begin()
    driver.open(cloud.address)
    driver.pick(*files)
    link = link_of(driver)
    assert driver.attributes("file-row", "data-state") == ["stored", "stored"]
    assert (proxy.record.puts, proxy.record.passed) == (PUTS, sum(SIZES.values()))
    assert received(driver, link) == digests(files)


def test_after_a_reload_it_goes_on_when_the_files_are_picked_again(
    driver: Driver, proxy: Proxy, cloud: Cloud, files: list[Path]
) -> None:
    """When two of the four parts have arrived: under the same link, and only the other two are sent."""
    begun: list[str] = []

    def note(method: str, url: str) -> None:
        if method == "POST" and url.endswith("/api/transfers"):
            begun.append(url)

    proxy.begin({3: Fault("stall"), 4: Fault("stall")}, note)
    driver.open(cloud.address)
    driver.pick(*files)
    eventually(lambda: proxy.record.answered == 2 and len(proxy.record.struck) == 2, 30)
    driver.reload()
    proxy.begin(change=note)
    driver.wait_for("interrupted")
    driver.pick(*files)
    link = link_of(driver)
    assert len(begun) == 1
    assert proxy.record.puts == PUTS - 2
    assert received(driver, link) == digests(files)
    assert cloud.incomplete_uploads(link.rsplit("/", 1)[1]) == []
