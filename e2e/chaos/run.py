"""One run: sends files while its schedule breaks things, and checks what has come of it."""

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from playwright.sync_api import BrowserContext, Error, expect

from e2e.chaos.proxy import Change, Proxy
from e2e.chaos.schedule import ENDINGS, ApiFault, Call, Event, Schedule
from e2e.cloud import Cloud, eventually
from e2e.conftest import Watch

# With every trouble there can be in one schedule, on a busy machine.
RUN_SECONDS = 60
# For one step, on a busy machine.
PAGE_MS = 30_000
# How long the engine waits for a sign of life, and here: the runs would last minutes otherwise.
PATIENCE = {b"STALLED_MS = 30_000": b"STALLED_MS = 2_000", b"UNANSWERED_MS = 90_000": b"UNANSWERED_MS = 5_000"}
PATIENT = re.compile(r"/engine/(part|sender)\.js$")
CALLS: dict[Call, tuple[str, re.Pattern[str]]] = {
    "create": ("POST", re.compile(r"/api/transfers$")),
    "add": ("POST", re.compile(r"/api/transfers/\w+/files$")),
    "sign": ("POST", re.compile(r"/api/transfers/\w+/parts$")),
    "parts": ("GET", re.compile(r"/api/transfers/\w+/files/\d+/parts$")),
    "complete": ("POST", re.compile(r"/api/transfers/\w+/files/\d+/complete$")),
    "status": ("GET", re.compile(r"/api/transfers/\w+(\?.*)?$")),
}
# Keeps each value that the progress had and that was less than one before.
WATCH_PROGRESS = """
    window.backwards = [];
    window.most = 0;
    addEventListener("DOMContentLoaded", () => {
        const progress = document.querySelector("[data-testid=total-progress]");
        if (!progress) return;
        new MutationObserver((changes) => {
            for (const value of [...changes.slice(1).map((change) => Number(change.oldValue)), progress.value]) {
                if (value < most) window.backwards.push(`${most} -> ${value}`);
                most = Math.max(most, value);
            }
        }).observe(progress, {attributeFilter: ["value"], attributeOldValue: true});
    });
"""
NETWORK_FAILURES = r"Failed to load resource|net::ERR_|blocked by CORS policy"
CHANGED = re.compile("changed|can.t be read", re.IGNORECASE)


class Home(Protocol):
    """A browser in which a page lives, and which can be killed."""

    def open(self) -> BrowserContext:
        """Start the browser, again with what it remembers, and return its context."""
        ...

    def kill(self) -> None:
        """End the browser at once, as a power cut does."""
        ...


class Run:
    """A schedule in the making."""

    def __init__(self, schedule: Schedule, cloud: Cloud, proxy: Proxy, home: Home, folder: Path) -> None:
        """Write the files."""
        self._schedule = schedule
        self._cloud = cloud
        self._proxy = proxy
        self._home = home
        self._watch = Watch()
        self._watch.forgive(NETWORK_FAILURES)
        self._calls: Counter[Call] = Counter()
        self._until = time.monotonic() + RUN_SECONDS
        self._transfers: list[str] = []
        self._changed: Path | None = None
        self._shortened: set[bytes] = set()
        self.struck: set[str] = set()
        self._files = [folder / f"{number}.bin" for number in range(1, len(schedule.sizes) + 1)]
        for file, size in zip(self._files, schedule.sizes, strict=True):
            file.write_bytes(self._bytes(file.name, size))
        self._digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in self._files}

    def _bytes(self, name: str, size: int) -> bytes:
        """Return bytes of which no two parts, files or seeds have the same."""
        return hashlib.shake_128(f"{self._schedule.seed} {name}".encode()).digest(size)

    # ---- the way through it ----

    def go(self) -> None:
        """Send everything through all the trouble, and check what stands at the end."""
        schedule, proxy = self._schedule, self._proxy
        proxy.begin(schedule.faults, self._change)
        if schedule.moments:
            proxy.close_gate(int(schedule.moments[0].share * schedule.bytes))
        self._open()
        first = len(self._files) - schedule.late
        self._pick(self._files[:first])
        if schedule.late:
            expect(self._page.get_by_test_id("file-row").first).not_to_have_attribute("data-state", "waiting")
            self._pick(self._files[first:])
            expect(self._page.get_by_test_id("file-row")).to_have_count(len(self._files))
            # There is more to send than there was before, and that may be seen.
            self._page.evaluate("backwards = []; most = 0")
        for moment in schedule.moments:
            proxy.close_gate(int(moment.share * schedule.bytes))
            self._wait(lambda: proxy.reached.is_set() or self._live or self._given_up())
            if proxy.reached.is_set():
                self._strike(moment.event)
            proxy.open_gate()
        self._wait(lambda: self._live or self._given_up())
        self._check()

    def _open(self) -> None:
        self._context = self._home.open()
        self._context.add_init_script(WATCH_PROGRESS)
        self._new_page()

    def _new_page(self) -> None:
        self._page = self._context.new_page()
        self._page.set_default_timeout(PAGE_MS)
        self._watch.attach(self._page)
        self._page.goto(self._cloud.address)

    def _pick(self, files: list[Path]) -> None:
        self._page.get_by_test_id("file-input").set_input_files(files)

    def _wait(self, probe: Callable[[], bool]) -> None:
        """Wait until something is so."""
        while not probe():
            assert time.monotonic() < self._until, f"not at its end after {RUN_SECONDS} s: {self._seen()}"
            self._page.wait_for_timeout(50)

    def _seen(self) -> str:
        """Return what the page says."""
        return re.sub(r"\s+", " ", self._page.locator("main").inner_text())

    @property
    def _live(self) -> bool:
        return self._page.get_by_test_id("transfer-link").count() > 0

    # ---- the trouble ----

    def _change(self, method: str, url: str) -> Change | None:
        """Return what is done to a request; asked in the proxy's thread, one at a time."""
        if PATIENT.search(url):
            return Change(rewrite=self._shorten)
        known: Iterator[Call] = (name for name, (verb, path) in CALLS.items() if verb == method and path.search(url))
        call = next(known, None)
        if not call:
            return None
        self._calls[call] += 1
        faults = (fault for fault in self._schedule.calls if (fault.call, fault.nth) == (call, self._calls[call]))
        fault = next(faults, None)
        if fault:
            self.struck.add(f"{fault.call} {fault.mishap}")
        return _change_for(fault, self._note if call == "create" else None)

    def _note(self, body: bytes) -> bytes:
        """Remember the transfer that the page has begun."""
        self._transfers.append(json.loads(body)["id"])
        return body

    def _shorten(self, script: bytes) -> bytes:
        for ours, here in PATIENCE.items():
            if ours in script:
                self._shortened.add(ours)
                script = script.replace(ours, here)
        return script

    def _strike(self, event: Event) -> None:
        self.struck.add(event)
        match event:
            case "offline":
                self._lose_connection()
            case "pause":
                self._pause(lambda: None)
            case "change":
                self._changed = max(self._files, key=lambda file: file.stat().st_size)
                changed = self._bytes("changed", self._changed.stat().st_size)
                # What has been read already would be sent as it was; after a pause it has to be read again.
                self._pause(lambda: self._changed and self._changed.write_bytes(changed))
            case _:
                self._end_page(event)
                self._resume()

    def _pause(self, meanwhile: Callable[[], object]) -> None:
        self._page.get_by_test_id("pause-all").click()
        self._wait(lambda: self._page.locator("[data-testid=file-row][data-state=paused]").count() > 0)
        meanwhile()
        self._page.get_by_test_id("resume-all").click()

    def _lose_connection(self) -> None:
        self._context.set_offline(offline=True)
        # The browser's own switch does not end connections that are open.
        self._proxy.cut()
        self._proxy.open_gate()
        expect(self._page.locator("#totals")).to_contain_text("offline")
        self._proxy.mend()
        self._context.set_offline(offline=False)

    def _end_page(self, event: Event) -> None:
        assert event in ENDINGS
        self._check_progress()
        match event:
            case "reload":
                self._page.reload()
            case "close":
                self._page.close()
                self._new_page()
            case "crash":
                with suppress(Error):
                    self._page.goto("chrome://crash")
                self._page.close()
                self._new_page()
            case _:
                self._home.kill()
                self._open()
        self._proxy.open_gate()

    def _resume(self) -> None:
        """Bring the files again, all of them, as one does: what was picked has no handle by which it could be found."""
        expect(self._page.get_by_test_id("interrupted")).to_be_visible()
        if self._schedule.asked:
            self._page.get_by_test_id("continue").click()
            expect(self._page.locator("[data-testid=file-row][data-state=paused]").first).to_be_visible()
        self._pick(self._files)
        expect(self._page.get_by_test_id("file-row").first).to_be_visible()

    # ---- the end of it ----

    def _given_up(self) -> bool:
        """Take out the file that was changed, once the page has noticed; no other may fail."""
        failed = self._page.locator("[data-testid=file-row][data-state=failed]")
        for row in failed.all():
            text = row.inner_text()
            assert self._changed, f"a file failed: {text}"
            assert self._changed.name in text
            assert CHANGED.search(text), text
            self.struck.add("change said")
            row.locator("[data-act=remove]").click()
            self._digests.pop(self._changed.name)
            self._files.remove(self._changed)
            expect(failed).to_have_count(0)
        return False

    def _check(self) -> None:
        """Compare what the recipient gets, and see that nothing is left over."""
        link = self._page.get_by_test_id("transfer-link").get_attribute("href")
        assert link
        transfer = link.rsplit("/", 1)[1]
        assert self._transfers == [transfer], "the page began more than one transfer"
        states = self._page.get_by_test_id("file-row").evaluate_all("rows => rows.map(row => row.dataset.state)")
        assert states == ["stored"] * len(self._digests)
        assert self._received(transfer) == self._digests
        self._check_progress()
        assert self._shortened == set(PATIENCE), "the engine's patience is not where it was"
        record = self._proxy.record
        assert record.most_flying <= 6
        self.struck |= {fault.kind for fault in record.struck}
        assert eventually(lambda: not self._cloud.incomplete_uploads(transfer))
        assert self._watch.unforgiven() == []

    def _check_progress(self) -> None:
        if not self._changed:
            assert self._page.evaluate("backwards") == []

    def _received(self, transfer: str) -> dict[str, str]:
        """Return the names and digests of all files as whoever has the link gets them."""
        status = self._cloud.call("GET", f"api/transfers/{transfer}").json
        assert status["state"] == "ready"
        found: dict[str, str] = {}
        for file in status["files"]:
            if file["state"] == "removed":
                continue
            redirect = self._cloud.call("GET", f"t/{transfer}/files/{file['number']}")
            assert redirect.status == HTTPStatus.SEE_OTHER
            found[file["name"]] = hashlib.sha256(self._cloud.call("GET", redirect.headers["location"]).data).hexdigest()
        return found

    def put_away(self) -> None:
        """Delete what the local cloud holds of it: it is all in memory there."""
        for transfer in self._transfers:
            for key in self._cloud.keys(transfer):
                self._cloud.s3.delete_object(Bucket=self._cloud.outputs["Bucket"], Key=key)


def _change_for(fault: ApiFault | None, rewrite: Callable[[bytes], bytes] | None) -> Change | None:
    """Return what does to a call what the schedule says; `rewrite` is done to its answer, if it has one."""
    match fault and fault.mishap:
        case "error":
            return Change(instead=fault and fault.status)
        case "unreached":
            return Change(instead=0)
        case "lost":
            return Change(lost=True)
        case "expired":
            return Change(rewrite=lambda body: _expired(rewrite(body) if rewrite else body))
        case _:
            return Change(rewrite=rewrite) if rewrite else None


def _expired(body: bytes) -> bytes:
    """Return the API's answer with URLs as they will be in a day."""
    yesterday = f"X-Amz-Date={datetime.now(UTC) - timedelta(days=1):%Y%m%dT%H%M%SZ}"
    return re.sub(rb"X-Amz-Date=\w+", yesterday.encode(), body)
