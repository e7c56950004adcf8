"""A network link between programs of this machine: a TCP proxy that delays, and shares one bandwidth among connections.

`python -m bench.link --rtt 80 --mbits 400 9466:4566` listens on 127.0.0.1:9466 and passes everything on to
127.0.0.1:4566 and back. Several pairs of ports share the link. What it models:

- delay: half the round trip time in each direction; and a whole one before a new connection's first byte, as the
  handshake would take (the client's own is answered by this machine at once);
- bandwidth: the same in each direction, shared by all connections, chunk by chunk in turn;
- back-pressure: it reads only what the link can carry now, from sockets with small buffers. So what a sender believes
  to have sent is, but for the kernel's buffers, what the link has taken.

It does not model loss, TCP's slow start or TLS: those cost every contestant the same or more.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self, cast

HOST = "127.0.0.1"
# A chunk should travel for less than two milliseconds, or connections wait for each other's; larger ones cost less.
LEAST_CHUNK, MOST_CHUNK, CHUNK_SECONDS = 4 * 1024, 128 * 1024, 0.0015
# Timers come late by a millisecond or so; so much may be handed to the link beforehand.
AHEAD_SECONDS = 0.004
SOCKET_BUFFER = 256 * 1024
# With loopback's own (64 KiB) a fast sender's kernel takes 4 MiB ahead for each connection, with this about 2.5 MB.
SEGMENT = 1448


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the link is like; `mbits` are 1,000,000 bits a second, 0 stands for no limit."""

    rtt: float
    """Seconds."""
    mbits: float

    @property
    def bytes_per_second(self) -> float:
        """Return the bandwidth of one direction."""
        return self.mbits * 1e6 / 8 if self.mbits else float("inf")


class Direction:
    """One direction of the link: a transmitter that all connections take turns at, and a long wire behind it."""

    def __init__(self, terms: Terms) -> None:
        """Start idle."""
        self._rate = terms.bytes_per_second
        self._delay = terms.rtt / 2
        self._free_at = 0.0
        """When the transmitter will have sent all that it was given."""
        self._wire: deque[tuple[float, End, memoryview | None]] = deque()
        self._blocked: deque[tuple[float, End]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.chunk = int(min(MOST_CHUNK, max(LEAST_CHUNK, self._rate * CHUNK_SECONDS)))

    def carry(self, data: memoryview | None, source: "End", target: "End") -> None:
        """Take data, or with None the end of it, and hold the source back until there is room for more."""
        now = source.loop.time()
        size = len(data) if data else 0
        self._free_at = max(self._free_at, source.ready_since(now)) + size / self._rate
        self._wire.append((max(now, self._free_at) + self._delay, target, data))
        if data and self._free_at > now + AHEAD_SECONDS:
            source.hold("link")
            self._blocked.append((self._free_at - AHEAD_SECONDS / 2, source))
        self._wake(source.loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer:
            return
        heads = [queue[0][0] for queue in (self._wire, self._blocked) if queue]
        if heads:
            self._timer = loop.call_at(min(heads), self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._blocked and self._blocked[0][0] <= now:
            due, source = self._blocked.popleft()
            source.ready_since(due)
            source.go_on("link")
        while self._wire and self._wire[0][0] <= now:
            _, target, data = self._wire.popleft()
            target.deliver(data)
        self._wake(loop)


class End(asyncio.BufferedProtocol):
    """One end of a connection: what it reads goes on the link to its peer, which writes it."""

    peer: "End"
    transport: asyncio.Transport | None = None

    def __init__(self, out: Direction, among: "set[End]", *, handshake: float = 0) -> None:
        """Wait for `handshake` seconds before the first byte is read; be `among` the others while connected."""
        self.loop = asyncio.get_running_loop()
        self.closed = asyncio.Event()
        self._out = out
        self._among = among
        self._handshake = handshake
        self._held = {"peer"}
        self._buffer = memoryview(b"")
        self._over = False
        """Nothing more comes from this end."""
        self._told = False
        """Nothing more goes to it."""
        self._ready_since: float | None = None
        self._forgetting: asyncio.Handle | None = None

    @classmethod
    def pair(cls, there: Direction, back: Direction, among: "set[End]", *, handshake: float) -> tuple[Self, Self]:
        """Return the client's end and the server's."""
        client, server = cls(there, among, handshake=handshake), cls(back, among)
        client.peer, server.peer = server, client
        return client, server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the peer, too, to be connected."""
        self.transport = cast("asyncio.Transport", transport)
        self._among.add(self)
        self.transport.pause_reading()
        if self._handshake:
            self.hold("handshake")
            self.loop.call_later(self._handshake, self.go_on, "handshake")
        if self.peer.transport:
            self.go_on("peer")
            self.peer.go_on("peer")

    def hold(self, reason: str) -> None:
        """Read nothing until this reason, and every other, has gone."""
        if not self._held and self.transport:
            self.transport.pause_reading()
        self._held.add(reason)

    def go_on(self, reason: str) -> None:
        """Withdraw a reason."""
        if reason in self._held:
            self._held.remove(reason)
            if not self._held and self.transport and not self.transport.is_closing():
                self.transport.resume_reading()

    def ready_since(self, now: float) -> float:
        """Return since when the link could have had more from here, had this program only been awake to read it.

        A busy machine must not make the link slower: what has waited in the kernel counts as sent on time. A sender
        with nothing to send has no such claim, so it is dropped unless something is read within a turn of the loop.
        """
        if self._ready_since is None:
            self._ready_since = now
        if self._forgetting:
            self._forgetting.cancel()
        self._forgetting = self.loop.call_soon(self._forget_soon)
        return self._ready_since

    def _forget_soon(self) -> None:
        self._forgetting = self.loop.call_soon(self._forget)

    def _forget(self) -> None:
        self._ready_since = None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the link's own size counts
        """Return where to read to: fresh memory, for what was read before is still on the wire."""
        self._buffer = memoryview(bytearray(self._out.chunk))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Send it off."""
        self._out.carry(self._buffer[:nbytes], self, self.peer)

    def eof_received(self) -> bool:
        """Pass on that nothing more will come; the other direction stays open until it has ended, too."""
        self._finish()
        return not self._told

    def connection_lost(self, exc: Exception | None) -> None:
        """Have the peer closed once it has written what is under way; after a reset, at once."""
        if exc and self.peer.transport:
            self.peer.transport.abort()
        self._finish()
        if self.peer.transport and not self.peer.transport.is_closing():
            self._out.carry(None, self, self.peer)

        self._among.discard(self)
        self.closed.set()

    async def abort(self) -> None:
        """Give the connection up."""
        if self.transport:
            self.transport.abort()
            await self.closed.wait()

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._out.carry(None, self, self.peer)

    def pause_writing(self) -> None:
        """Have the peer read no more than this end can write."""
        self.peer.hold("target")

    def resume_writing(self) -> None:
        """Let it read on."""
        self.peer.go_on("target")

    def deliver(self, data: memoryview | None) -> None:
        """Write what comes off the wire."""
        if not self.transport or self.transport.is_closing():
            return
        if data:
            self.transport.write(data)
        elif self._over or not self.peer.transport or self.peer.transport.is_closing():
            self.transport.close()
        else:
            self._told = True
            self.transport.write_eof()


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
    return made


async def _connect(client: End, server: End, port: int) -> None:
    made = _socket()
    made.setblocking(False)  # noqa: FBT003 - the method takes nothing else
    try:
        await client.loop.sock_connect(made, (HOST, port))
        await client.loop.create_connection(lambda: server, sock=made)
    except (OSError, asyncio.CancelledError):
        made.close()
        if client.transport:
            client.transport.abort()


@contextlib.asynccontextmanager
async def link(terms: Terms, ports: Sequence[tuple[int, int]]) -> AsyncGenerator[list[int]]:
    """Listen on the first port of each pair (0: any), for the second's server; yields the ports listened on."""
    there, back = Direction(terms), Direction(terms)
    ends: set[End] = set()
    connecting: set[asyncio.Task[None]] = set()

    def accepted(port: int) -> End:
        client, server = End.pair(there, back, ends, handshake=terms.rtt)
        task = asyncio.get_running_loop().create_task(_connect(client, server, port))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return client

    async with contextlib.AsyncExitStack() as stack:
        listening: list[int] = []
        for mine, target in ports:
            # What is set on it here, the sockets that it accepts inherit.
            made = stack.enter_context(_socket())
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            made.bind((HOST, mine))
            server = await asyncio.get_running_loop().create_server(partial(accepted, target), sock=made)
            stack.callback(server.close)
            listening.append(made.getsockname()[1])
        yield listening
    await asyncio.gather(*(_cancelled(task) for task in connecting))
    await asyncio.gather(*(end.abort() for end in list(ends)))


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _run(terms: Terms, ports: Sequence[tuple[int, int]]) -> None:
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    async with link(terms, ports) as listening:
        print("The link is up:", *listening, flush=True)
        await asked_to_end.wait()


def _pair(text: str) -> tuple[int, int]:
    mine, target = text.split(":")
    return int(mine), int(target)


def main() -> None:
    """Read the arguments and stay until asked to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.link", description="A slow link on this machine.")
    parser.add_argument("--rtt", type=float, default=80, help="round trip time in ms (default: 80)")
    parser.add_argument("--mbits", type=float, default=400, help="Mbit/s in each direction, 0: no limit (default: 400)")
    parser.add_argument("ports", type=_pair, nargs="+", metavar="PORT:TARGET", help="0 as PORT takes a free one")
    arguments = parser.parse_args()
    asyncio.run(_run(Terms(rtt=arguments.rtt / 1000, mbits=arguments.mbits), arguments.ports))


if __name__ == "__main__":
    main()
