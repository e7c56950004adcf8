"""A TCP proxy between the browser and the local cloud that breaks what it is told to break, and counts what passes.

It knows just enough HTTP/1.1 to tell one request from the next: PUTs are S3's, all else is the page's and its API's.
(Playwright could do some of this, but whatever it intercepts it slows down so much that no two parts travel at once.)
It runs in a thread of its own; what other threads may call is said in the class.
"""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

CHUNK = 2**16
HEAD_BYTES = 2**18

FaultKind = Literal["reset", "lost", "refused", "bare", "stall", "mute", "hiccup", "late"]


@dataclass(frozen=True)
class Fault:
    """What happens to one PUT.

    reset: the connection breaks when `share` of the body has passed.
    lost: S3 gets all of it and answers, and the connection breaks before the browser hears of it.
    refused: S3 answers `status` instead of taking it; bare: and without the header that lets a page read the answer.
    stall: nothing moves any more after `share` of the body, until the browser gives up; mute: it is the answer that
    does not come, though S3 has the part.
    hiccup: nothing moves for `seconds`; late: the answer takes so much longer.
    """

    kind: FaultKind
    share: float = 0.5
    status: int = 503
    seconds: float = 0

    def __str__(self) -> str:
        """Say it in a few words."""
        match self.kind:
            case "reset" | "stall":
                return f"{self.kind} after {self.share:.0%}"
            case "hiccup" | "late":
                return f"{self.kind} by {self.seconds:.1f} s"
            case "refused" | "bare":
                return f"{self.kind} with {self.status}"
            case _:
                return self.kind


@dataclass
class Head:
    """The head of a request or an answer."""

    raw: bytes

    @property
    def start(self) -> str:
        """Return the first line."""
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1")

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        found = re.search(rb"\r\n" + name.encode() + rb":[ \t]*([^\r]*)", self.raw, re.IGNORECASE)
        return found[1].decode("latin-1").strip() if found else None

    @property
    def length(self) -> int:
        """Return how long its body is."""
        return int(self.header("content-length") or 0)


@dataclass(frozen=True)
class Change:
    """What is done to the answer of a request that is not a PUT.

    instead: the answer's status, and the request never arrives; 0 breaks the connection. lost: it arrives, is answered,
    and the connection breaks. rewrite: what to make of the answer's body.
    """

    instead: int | None = None
    lost: bool = False
    rewrite: Callable[[bytes], bytes] | None = None


class BrokenError(Exception):
    """This connection is to be broken."""


class Line:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what asyncio gives."""
        self.reader = reader
        self.writer = writer

    async def head(self) -> Head | None:
        """Read a head; None where the other side has closed instead."""
        try:
            raw = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        # Browsers that take this for an HTTP proxy name the host here, too.
        return Head(re.sub(rb"^(\w+) http://[^/ ]+", rb"\1 ", raw))

    async def send(self, data: bytes) -> None:
        """Write, no faster than the other side reads."""
        self.writer.write(data)
        await self.writer.drain()

    async def body(self, head: Head) -> AsyncIterator[bytes]:
        """Read the body that belongs to a head, as it comes, framing included."""
        if (head.header("transfer-encoding") or "").lower() == "chunked":
            while True:
                size = await self.reader.readuntil(b"\r\n")
                yield size + await self.reader.readexactly(int(size.split(b";")[0], 16) + 2)
                if int(size.split(b";")[0], 16) == 0:
                    return
        left = head.length
        while left > 0:
            data = await self.reader.read(min(CHUNK, left))
            if not data:
                raise BrokenError
            left -= len(data)
            yield data

    async def plain_body(self, head: Head) -> bytes:
        """Read the body that belongs to a head, whole and without framing."""
        pieces = [data async for data in self.body(head)]
        if (head.header("transfer-encoding") or "").lower() == "chunked":
            pieces = [piece.split(b"\r\n", 1)[1].removesuffix(b"\r\n") for piece in pieces]
        return b"".join(pieces)

    def reset(self) -> None:
        """Break it as a failing network does: the other side gets a reset, not an end."""
        sock = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Record:
    """What has passed since `begin`."""

    puts: int = 0
    answered: int = 0
    passed: int = 0
    flying: int = 0
    most_flying: int = 0
    struck: list[Fault] = field(default_factory=list[Fault])


class Proxy:
    """Listens on a free port of this machine and passes on to `target`, another one."""

    def __init__(self, target: int) -> None:
        """Start listening."""
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._lines: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults: dict[int, Fault] = {}
        self._change: Callable[[str, str], Change | None] = _nothing
        self._gate_at: int | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._down = False
        self.record = Record()
        self.reached = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._accept, sock=_listener(), limit=HEAD_BYTES), self._loop
        ).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    # ---- for other threads ----

    def begin(
        self, faults: dict[int, Fault] | None = None, change: Callable[[str, str], Change | None] | None = None
    ) -> None:
        """Forget all that was, and harm these PUTs, counted from 1 in the order in which they come.

        `change` is asked about each other request, with its method and address, in the proxy's thread.
        """

        def begin() -> None:
            self._faults = dict(faults or {})
            self._change = change or _nothing
            self._gate_at = None
            self.record = Record()
            self._down = False
            self._open.set()
            self._break_all()

        self._do(begin)

    def close_gate(self, at: int) -> None:
        """Let nothing pass any more as soon as so many bytes of PUTs have; `reached` is set then."""

        def close() -> None:
            self._gate_at = at
            self.reached.clear()

        self._do(close)

    def open_gate(self) -> None:
        """Let everything pass again."""

        def open_() -> None:
            self._gate_at = None
            self._open.set()

        self._do(open_)

    def cut(self) -> None:
        """Break every connection, and each new one, until `mend`."""

        def cut() -> None:
            self._down = True
            self._break_all()

        self._do(cut)

    def mend(self) -> None:
        """Take connections again."""

        def mend() -> None:
            self._down = False

        self._do(mend)

    def close(self) -> None:
        """End it, with every connection."""

        async def end() -> None:
            self._server.close()
            self._break_all()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result()

    # ---- in the proxy's own thread ----

    def _break_all(self) -> None:
        for line in self._lines:
            line.reset()
        # One that stalls would not notice.
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        browser = Line(reader, writer)
        self._lines.add(browser)
        s3: Line | None = None
        try:
            if not self._down:
                s3 = Line(*await asyncio.open_connection("127.0.0.1", self._target, limit=HEAD_BYTES))
                self._lines.add(s3)
                while (head := await browser.head()) and await self._exchange(browser, s3, head):
                    pass
        except (BrokenError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            for line in (browser, s3):
                if line:
                    line.reset()
                    self._lines.discard(line)
            self._tasks.discard(task)

    async def _exchange(self, browser: Line, s3: Line, head: Head) -> bool:
        """Pass on a request and its answer; tell whether another may follow."""
        method, url, _ = head.start.split(" ")
        if method != "PUT":
            return await self._answer(browser, s3, head, self._change(method, url))
        record = self.record
        record.puts += 1
        record.flying += 1
        record.most_flying = max(record.most_flying, record.flying)
        fault = self._faults.pop(record.puts, None)
        if fault:
            record.struck.append(fault)
        try:
            may_follow = await self._pass_on(browser, s3, head, fault)
            record.answered += 1
        finally:
            record.flying -= 1
        return may_follow

    async def _answer(self, browser: Line, cloud: Line, head: Head, change: Change | None) -> bool:
        if not change:
            return await self._pass_on(browser, cloud, head, None)
        body = b"".join([data async for data in browser.body(head)])
        if change.instead == 0:
            raise BrokenError
        if change.instead:
            await browser.send(_answer(change.instead, b'{"message": "Internal server error"}', "application/json"))
            return True
        # What is to be rewritten must not come compressed.
        await cloud.send(re.sub(rb"\r\naccept-encoding:[^\r]*", b"", head.raw, flags=re.IGNORECASE) + body)
        answer = await cloud.head()
        if not answer or change.lost:
            raise BrokenError
        if not change.rewrite:
            body = b"".join([data async for data in cloud.body(answer)])
            await browser.send(answer.raw + body)
            return True
        body = change.rewrite(await cloud.plain_body(answer))
        kept = re.sub(rb"\r\n(content-length|transfer-encoding):[^\r]*", b"", answer.raw, flags=re.IGNORECASE)
        await browser.send(kept.removesuffix(b"\r\n") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return True

    async def _pass_on(self, browser: Line, s3: Line, head: Head, fault: Fault | None) -> bool:
        if fault and fault.kind in ("refused", "bare"):
            async for _ in browser.body(head):
                pass
            await browser.send(_refusal(fault, head.header("origin")))
            return True
        await s3.send(head.raw)
        await self._send_body(browser, s3, head, fault)
        answer = await s3.head()
        if not answer:
            raise BrokenError
        body = [data async for data in s3.body(answer)]
        if fault and fault.kind == "lost":
            raise BrokenError
        if fault and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "mute":
            # Its other end is seen to close; the body has been read.
            await browser.reader.read(1)
            raise BrokenError
        await browser.send(b"".join([answer.raw, *body]))
        return (answer.header("connection") or "").lower() != "close"

    async def _send_body(self, browser: Line, s3: Line, head: Head, fault: Fault | None) -> None:
        put = head.start.startswith("PUT ")
        harmful = fault and fault.kind in ("reset", "stall", "hiccup")
        until = int(head.length * fault.share) if fault and harmful else None
        passed = 0
        if fault and until == 0:
            await self._harm(fault)
            until = None
        async for data in browser.body(head):
            if put:
                await self._wait_at_gate(len(data))
            await s3.send(data)
            passed += len(data)
            if fault and until is not None and passed >= until:
                until = None
                await self._harm(fault)

    async def _wait_at_gate(self, size: int) -> None:
        record = self.record
        if self._gate_at is not None and record.passed >= self._gate_at and self._open.is_set():
            self._open.clear()
            self.reached.set()
        await self._open.wait()
        record.passed += size

    async def _harm(self, fault: Fault) -> None:
        if fault.kind == "reset":
            raise BrokenError
        if fault.kind == "hiccup":
            await asyncio.sleep(fault.seconds)
            return
        # Its end cannot be seen without reading, which is just what must not be done: so it does not count as flying.
        record = self.record
        record.flying -= 1
        try:
            await asyncio.Event().wait()
        finally:
            record.flying += 1


def _listener() -> socket.socket:
    """Return a socket on a free port whose connections take little ahead: what a browser has sent has mostly passed."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
    sock.bind(("127.0.0.1", 0))
    return sock


def _refusal(fault: Fault, origin: str | None) -> bytes:
    """Return S3's answer when it is too busy; its front doors do not always say that a page may read it."""
    code = {500: "InternalError", 503: "SlowDown"}.get(fault.status, "AccessDenied")
    allowed = [f"Access-Control-Allow-Origin: {origin or '*'}"] if fault.kind == "refused" else []
    return _answer(fault.status, f"<Error><Code>{code}</Code></Error>".encode(), "application/xml", *allowed)


def _answer(status: int, body: bytes, kind: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Trouble", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _nothing(_method: str, _url: str) -> Change | None:
    return None


@contextmanager
def proxy_to(target: int) -> Generator[Proxy]:
    """Run a proxy for a port of this machine."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
