"""A server that stops without losing a request, and watches over its connections while it runs."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

from fullon_cache_api.http.refusal import CLOSE
from fullon_cache_api.http.system import STOPPING
from fullon_cache_api.limits import Limits
from fullon_cache_api.log import get_component_logger
from fullon_cache_api.process import settle

from .protocol import Protocol

LINGER = 1.0
"""Seconds in which a connection without a request may still bring one, after no new one is accepted."""

CLOSED_WITHIN = 1.0
"""Seconds for closing the connections to Redis where the server ends at once."""

WATCH_EVERY = 0.25
"""Seconds between two looks at all connections."""


_LOG = get_component_logger("fullon.api.cache.server")


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration with what a GracefulServer needs; workers get it by pickle.

    `hosts` are the only ones that requests may name, where not all are; without their ports.
    """

    def __init__(
        self,
        app: Callable[..., Any] | str,
        limits: Limits,
        delay: float,
        hosts: frozenset[bytes] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(app, http=Protocol, **options)
        self.limits = limits
        self.delay = delay
        self.hosts = hosts


class GracefulServer(uvicorn.Server):
    """Says when it has started, and ends in steps when it is told to stop.

    At once `/health/ready` is 503, and each answer ends its connection; after the delay no connection is
    accepted, those in the queue are; then what runs is finished, within uvicorn's bound. Told a second time,
    it ends at once.
    """

    config: ServerConfig

    def __init__(self, config: ServerConfig, ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._ready = ready
        self._told = False
        self._stops_at: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._watching = self._loop.create_task(self._watch())
        settle()
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal in; `on_tick` sees to it."""
        if self.config.workers > 1 and sig == signal.SIGINT:
            # Ctrl-C reaches the whole group of processes: the parent says what is to be done.
            return
        self._captured_signals.append(sig)
        if self._told:
            self.should_exit = self.force_exit = True
            if self._loop is not None:
                # RuntimeError: it has just ended.
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._abort)
        self._told = True
        if self._loop is None:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done ten times a second; true where the server is to end."""
        now = asyncio.get_running_loop().time()
        if self._told and self._stops_at is None:
            self._stops_at = now + self.config.delay
            self._announce()
        if self._stops_at is not None and now >= self._stops_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, finish what runs, and close the connections to Redis."""
        self._announce()
        await self._stop_accepting(sockets or [])
        loop = asyncio.get_running_loop()
        until = loop.time() + LINGER
        while self.server_state.connections and loop.time() < until and not self.force_exit:
            await asyncio.sleep(0.02)
        if self.force_exit:
            self._abort()
        await super().shutdown(sockets)
        if self.force_exit:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.lifespan.shutdown(), CLOSED_WITHIN)
        self._watching.cancel()

    def _announce(self) -> None:
        """Let every answer from now on end its connection, and `/health/ready` be 503."""
        self.lifespan.state[STOPPING] = True
        if CLOSE not in self.config.encoded_headers:
            self.config.encoded_headers = [*self.config.encoded_headers, CLOSE]
            self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        for connection in self._connections():
            # What is under way has the headers of before. Where they have gone, the next answer says it.
            for cycle in (connection.cycle, *(cycle for cycle, _ in connection.pipeline)):
                if cycle is not None and not cycle.response_started:
                    cycle.keep_alive = False

    async def _stop_accepting(self, listeners: list[socket.socket]) -> None:
        """Accept what the kernel has accepted already, and no more: closing resets what is still there.

        Nothing is done in between: whoever connected meanwhile would lose the request.
        """
        accepted: list[socket.socket] = []
        for listener in () if self.force_exit else listeners:
            with suppress(OSError):
                while True:
                    accepted.append(listener.accept()[0])
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()
        loop = asyncio.get_running_loop()
        for connection in accepted:
            connection.setblocking(False)
            with suppress(OSError):
                await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> Protocol:
        return Protocol(self.config, self.server_state, self.lifespan.state)

    def _connections(self) -> list[Protocol]:
        return [each for each in self.server_state.connections if isinstance(each, Protocol)]

    def _abort(self) -> None:
        for connection in self._connections():
            connection.transport.abort()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(WATCH_EVERY)
            for connection in self._connections():
                try:
                    connection.watch(loop.time())
                except Exception as error:
                    # Whatever one connection is about, the others are to be looked at.
                    _LOG.error("a connection could not be looked at", error=error)
