"""A TCP proxy before a Redis port, through which tests make the network misbehave."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Self

_CHUNK = 1 << 16


class Proxy:
    """Passes bytes between clients and a server on 127.0.0.1, and counts the round trips.

    `turns` is how often clients sent something after they had been answered: two commands in one round trip
    are one turn. It lives in the running event loop. While `always` is set, it stands in place of each piece
    of replies; `rewrite` makes each piece another; each waits `delay` seconds. `respond` answers in place of
    the server.
    """

    def __init__(self, server_port: int, host: str = "127.0.0.1", port: int = 0) -> None:
        self.connections = 0
        self.turns = 0
        self.received = bytearray()
        self.always: bytes | None = None
        self.rewrite: Callable[[bytes], bytes] | None = None
        self.respond: Callable[[bytes], bytes] | None = None
        self.delay = 0.0
        self.server_port = server_port
        self._server: asyncio.Server | None = None
        self._host = host
        self._port = port
        self._waiting: list[socket.socket] = []
        self._links: set[_Link] = set()
        self._flow = asyncio.Event()
        self._flow.set()
        self._cuts: list[int] = []
        self._instead: list[bytes] = []
        self._resets = False

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self._port

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._links)

    @property
    def holding(self) -> int:
        """How many bytes of replies are held back."""
        return sum(link.held for link in self._links)

    @property
    def has_plans(self) -> bool:
        """Whether replies that are still to come will be cut or replaced."""
        return bool(self._cuts or self._instead)

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        self.cut()
        while self._links:
            await asyncio.sleep(0)

    def hold(self) -> None:
        """Keep replies back until `release`."""
        self._flow.clear()

    def release(self) -> None:
        """Let replies pass again, those held back first."""
        self._flow.set()

    def cut(self, *, reset: bool = False) -> None:
        """Close all connections, or reset them (RST); new ones are served."""
        for link in self._links:
            link.cut(reset=reset)

    def refuse(self) -> None:
        """Refuse new connections, and close those that there are, until `accept`."""
        self._stop_listening()
        self.cut()

    async def drop(self) -> None:
        """Let nothing come of new connections, as where packets are dropped, until `accept`."""
        self._stop_listening()
        listener = socket.create_server(("127.0.0.1", self._port), backlog=0, reuse_port=False)
        self._waiting.append(listener)
        # A queue of connections that is full takes no more: the kernel drops what asks for one.
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self._port))
            self._waiting.append(client)

    async def accept(self) -> None:
        """Serve connections again, at the same port."""
        self._stop_listening()
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def _stop_listening(self) -> None:
        for one in self._waiting:
            one.close()
        self._waiting = []
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut_after(self, *counts: int, reset: bool = False) -> None:
        """Let so many bytes of replies pass, then cut the connection that they came on; then the next."""
        self._cuts += counts
        self._resets = reset

    def forget_plans(self) -> None:
        """Cut and replace no replies that are still to come."""
        self._cuts.clear()
        self._instead.clear()
        self._resets = False

    def half_close(self) -> None:
        """Close the connections in the direction of the clients; what they send is still taken."""
        for link in self._links:
            link.dead = True
            link.client.write_eof()

    def half_open(self) -> None:
        """Leave the connections open without ever passing another byte; new ones are served."""
        for link in self._links:
            link.dead = True

    def answer(self, *pieces: bytes) -> None:
        """Send bytes in place of the next piece of replies; then of the one after that."""
        self._instead += pieces

    def inject(self, data: bytes) -> None:
        """Send bytes that nobody asked for, on all connections, now."""
        for link in self._links:
            link.client.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, server_writer)
        self._links.add(link)
        pumps = [
            asyncio.create_task(self._requests(link, reader)),
            asyncio.create_task(self._replies(link, server_reader)),
            asyncio.create_task(link.gone.wait()),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        link.cut()
        self._links.discard(link)

    async def _requests(self, link: "_Link", reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            if link.dead:
                continue
            self.turns += link.answered
            self.received += data
            if self.respond is not None:
                link.client.write(self.respond(data))
                continue
            link.answered = False
            link.server.write(data)

    async def _replies(self, link: "_Link", reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            link.held = len(data)
            await self._flow.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            link.held = 0
            if link.dead:
                continue
            if self._instead:
                data = self._instead.pop(0)
            elif self.always is not None:
                data = self.always
            elif self.rewrite is not None:
                data = self.rewrite(data)
            link.answered = True
            if not self._cuts:
                link.client.write(data)
                continue
            link.client.write(data[: self._cuts[0]])
            self._cuts[0] -= len(data)
            if self._cuts[0] <= 0:
                del self._cuts[0]
                if self._resets:
                    await link.client.drain()
                    link.cut(reset=True)
                return


class _Link:
    """One client's connection and the one to the server behind it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.answered = True
        self.dead = False
        self.held = 0
        self.gone = asyncio.Event()

    def cut(self, *, reset: bool = False) -> None:
        if reset and not self.client.is_closing():
            linger = struct.pack("ii", 1, 0)
            self.client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.client.transport.abort()
        self.client.close()
        self.server.close()
        self.gone.set()
