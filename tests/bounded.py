"""A gateway served as the command `serve` does it, in a thread: with limits, and an end in steps."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from fullon_cache_api.cli.graceful import GracefulServer, ServerConfig
from fullon_cache_api.limits import Limits

WITHIN = 10.0


@dataclass
class Bounded:
    """A server that runs in a thread, and can be told to stop as a signal would tell it."""

    server: GracefulServer
    thread: threading.Thread
    port: int
    _sockets: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, receive_buffer: int | None = None) -> socket.socket:
        """A connection of which no more than a buffer is read by the kernel, if it has a size."""
        client = socket.socket()
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(WITHIN)
        self._sockets.append(client)
        client.connect(("127.0.0.1", self.port))
        return client

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.server.handle_exit(number, None)

    def ended(self) -> bool:
        self.thread.join(WITHIN)
        return not self.thread.is_alive()

    def close(self) -> None:
        for client in self._sockets:
            client.close()
        if self.thread.is_alive():
            # Twice: at once.
            self.stop()
            self.stop()
        assert self.ended()


@contextmanager
def bounded(
    app: ASGIApp,
    limits: Limits | None = None,
    delay: float = 0.0,
    grace: int = 5,
    workers: int = 1,
    hosts: frozenset[bytes] | None = None,
) -> Iterator[Bounded]:
    """Serve an application on a free port of 127.0.0.1, and end it."""
    listener = socket.create_server(("127.0.0.1", 0))
    up = threading.Event()
    config = ServerConfig(
        app,
        limits or Limits(),
        delay,
        hosts,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=grace,
        workers=workers,
    )
    server = GracefulServer(config, up.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert up.wait(WITHIN), "the server did not start"
    running = Bounded(server, thread, listener.getsockname()[1])
    try:
        yield running
    finally:
        running.close()
        listener.close()


def answer_of(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of one answer that has a Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(client)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _some(client)
    return int(first.split()[1]), headers, body


def is_closed(client: socket.socket) -> bool:
    """Whether the other side has ended a connection; what it sent before is thrown away."""
    try:
        while client.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def _some(client: socket.socket) -> bytes:
    if not (data := client.recv(1 << 16)):
        raise ConnectionError("the connection has ended")
    return data
