"""A TCP proxy before a Redis port, through which tests make the network misbehave."""

import asyncio
import socket
import struct
from typing import Self

_CHUNK = 1 << 16


class Proxy:
    """Passes bytes between clients and a server on 127.0.0.1, and counts the round trips.

    `turns` is how often clients sent something after they had been answered: two commands in one round trip
    are one turn. It lives in the running event loop.
    """

    def __init__(self, server_port: int) -> None:
        self.connections = 0
        self.turns = 0
        self.received = bytearray()
        self._server_port = server_port
        self._links: set[_Link] = set()
        self._flow = asyncio.Event()
        self._flow.set()
        self._cuts: list[int] = []
        self._instead: list[bytes] = []

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

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
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
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

    def cut_after(self, *counts: int) -> None:
        """Let so many bytes of replies pass, then cut the connection that they came on; then the next."""
        self._cuts += counts

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
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
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
            link.answered = False
            link.server.write(data)

    async def _replies(self, link: "_Link", reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            link.held = len(data)
            await self._flow.wait()
            link.held = 0
            if link.dead:
                continue
            if self._instead:
                data = self._instead.pop(0)
            link.answered = True
            if not self._cuts:
                link.client.write(data)
                continue
            link.client.write(data[: self._cuts[0]])
            self._cuts[0] -= len(data)
            if self._cuts[0] <= 0:
                del self._cuts[0]
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
