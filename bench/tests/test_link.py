"""The link simulator: bytes stay what they are, and time is what was asked for.

A link must never be faster than asked for; for how slow it may be, the best of a few tries counts: machines are busy.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

from bench.link import HOST, Terms, link

RTT = 0.1
TRIES = 3
FAST = Terms(rtt=0, mbits=0)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def through(terms: Terms, serve: Serve) -> AsyncGenerator[int]:
    """Start a server and a link to it; yields the link's port."""
    serving: set[asyncio.Event] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over = asyncio.Event()
        serving.add(over)
        with contextlib.suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        await gone(writer)
        over.set()

    server = await asyncio.start_server(served, HOST, 0)
    async with server:
        async with link(terms, [(0, server.sockets[0].getsockname()[1])]) as (port,):
            yield port
        for over in serving:
            await over.wait()


async def gone(writer: asyncio.StreamWriter) -> None:
    """Wait until a connection is over."""
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send everything back, and the end."""
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take everything, then answer."""
    while await reader.read(1 << 20):
        pass
    writer.write(b"!")


async def exchange(port: int, data: bytes) -> tuple[bytes, float]:
    """Send data and the end of it; return what comes back until its end, and the seconds it all took."""
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection(HOST, port)

    async def send() -> None:
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    _, answer = await asyncio.gather(send(), reader.read())
    writer.close()
    await gone(writer)
    return answer, time.perf_counter() - started


def test_bytes_arrive_intact_in_both_directions_on_many_connections() -> None:
    """What goes in comes out, to the end, whoever else is on the link."""

    async def run() -> None:
        async with through(Terms(rtt=0.01, mbits=200), echo) as port:
            sent = [os.urandom(300_000 + number) for number in range(8)]
            answers = await asyncio.gather(*(exchange(port, data) for data in sent))
            assert [answer for answer, _ in answers] == sent

    asyncio.run(run())


def test_a_new_connection_costs_one_round_trip_and_each_exchange_another() -> None:
    """The handshake and the answer take a round trip each."""

    async def run() -> None:
        async with through(Terms(rtt=RTT, mbits=0), echo) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            took: list[float] = []
            for _ in range(5):
                started = time.perf_counter()
                writer.write(b"x")
                await reader.readexactly(1)
                took.append(time.perf_counter() - started)
            writer.close()
            await gone(writer)
        first, *others = took
        assert first >= 2 * RTT - 0.01
        assert all(each >= RTT for each in others)
        assert min(others) < 1.3 * RTT

    asyncio.run(run())


def test_all_connections_together_get_the_bandwidth() -> None:
    """Four connections take as long as their bytes together, no less and hardly more; neither waits for the others."""

    async def run() -> None:
        took: list[float] = []
        async with through(Terms(rtt=0.02, mbits=80), swallow) as port:
            for _ in range(TRIES):
                started = time.perf_counter()
                answers = await asyncio.gather(*(exchange(port, bytes(1_000_000)) for _ in range(4)))
                took.append(time.perf_counter() - started)
                assert min(seconds for _, seconds in answers) > 0.25
        assert all(each >= 0.4 for each in took)
        assert min(took) < 0.7

    asyncio.run(run())


def test_directions_do_not_share() -> None:
    """What comes back has a bandwidth of its own: an echo takes hardly longer than one way."""

    async def run() -> None:
        async with through(Terms(rtt=0.02, mbits=80), echo) as port:
            tries = [await exchange(port, bytes(4_000_000)) for _ in range(TRIES)]
        assert all(len(answer) == 4_000_000 and seconds >= 0.4 for answer, seconds in tries)
        assert min(seconds for _, seconds in tries) < 0.7

    asyncio.run(run())


def test_a_connection_that_has_ended_in_both_directions_is_closed() -> None:
    """Nothing is left of it: neither a socket here nor one at the server."""

    async def run() -> None:
        async with through(FAST, echo) as port:
            for _ in range(20):
                assert await exchange(port, b"x") != b""
            descriptors = len(os.listdir("/dev/fd"))  # noqa: PTH208 - Path would read the folder later
            for _ in range(20):
                assert await exchange(port, b"x") != b""
            assert len(os.listdir("/dev/fd")) <= descriptors + 4  # noqa: PTH208

    asyncio.run(run())


async def press(port: int) -> int:
    """Send for half a second as fast as the connection takes it; return the bytes that it took."""
    _, writer = await asyncio.open_connection(HOST, port)
    writer.transport.set_write_buffer_limits(0)
    written = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            while written < 200_000_000:
                writer.write(bytes(100_000))
                written += 100_000
                await writer.drain()
    taken = written - writer.transport.get_write_buffer_size()
    writer.transport.abort()
    await gone(writer)
    return taken


def test_a_sender_is_held_back_by_the_link() -> None:
    """A sender gets rid of no more than the link carries, here 500 kB, and buffers hold: its kernel's up to 4 MiB."""

    async def run() -> None:
        async with through(Terms(rtt=0.02, mbits=8), swallow) as port:
            assert await press(port) < 6_000_000

    asyncio.run(run())


def test_a_sender_is_held_back_by_a_receiver_that_does_not_read() -> None:
    """What the receiver leaves lying fills up the link, and then the sender waits."""

    async def run() -> None:
        released = asyncio.Event()

        async def idle(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await released.wait()

        async with through(FAST, idle) as port:
            taken = await press(port)
            released.set()
        assert taken < 30_000_000

    asyncio.run(run())


def test_a_reset_is_passed_on() -> None:
    """When the server gives up a connection, the client hears of it, and the link serves the next one."""

    async def run() -> None:
        async def give_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.transport.abort()

        async with through(FAST, give_up) as port:
            for _ in range(2):
                reader, writer = await asyncio.open_connection(HOST, port)
                writer.write(b"x")
                with contextlib.suppress(ConnectionError):
                    assert await asyncio.wait_for(reader.read(), 5) == b""
                writer.close()
                await gone(writer)

    asyncio.run(run())


def test_a_server_that_is_not_there_ends_the_connection() -> None:
    """As a refused connection would; nobody is left waiting."""

    async def run() -> None:
        nobody = await asyncio.start_server(swallow, HOST, 0)
        target = nobody.sockets[0].getsockname()[1]
        nobody.close()
        await nobody.wait_closed()
        async with link(FAST, [(0, target)]) as (port,):
            reader, writer = await asyncio.open_connection(HOST, port)
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            await gone(writer)

    asyncio.run(run())
