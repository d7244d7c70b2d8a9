"""A proxy between the gateway and Redis that writes down what passes."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import hiredis

CHUNK = 1 << 20


class RecordingProxy:
    """Listens on 127.0.0.1 and hands everything on to a Redis on a unix socket.

    `commands` are the commands that came through; `round_trips` counts how often one came while Redis owed
    its connection no reply.
    """

    def __init__(self, unix_url: str) -> None:
        self._path = unquote(urlsplit(unix_url).path)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.commands: list[tuple[str, ...]] = []
        self.round_trips = 0

    @property
    def url(self) -> str:
        """Where the gateway finds it."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def reset(self) -> None:
        """Forget what has passed."""
        with self._lock:
            self.commands = []
            self.round_trips = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sock in (self._listener, *self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                self._sockets += [client, server]
                _Exchange(self, client, server)

    def note(self, command: tuple[str, ...], first: bool) -> None:
        """Write down a command; `first` says that no reply was outstanding."""
        with self._lock:
            self.commands.append(command)
            self.round_trips += first


class _Exchange:
    """One connection: two threads, and the number of replies that Redis still owes."""

    def __init__(self, proxy: RecordingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._owed = 0
        self._lock = threading.Lock()
        for target in (self._to_server, self._to_client):
            threading.Thread(target=target, daemon=True).start()

    def _to_server(self) -> None:
        reader = hiredis.Reader()
        with suppress(OSError):
            while data := self._client.recv(CHUNK):
                reader.feed(data)
                while (command := reader.gets()) is not False:
                    with self._lock:
                        first = self._owed == 0
                        self._owed += 1
                    self._proxy.note(tuple(word.decode() for word in command), first)
                self._server.sendall(data)
            self._server.shutdown(socket.SHUT_WR)

    def _to_client(self) -> None:
        reader = hiredis.Reader()
        with suppress(OSError):
            while data := self._server.recv(CHUNK):
                reader.feed(data)
                while reader.gets() is not False:
                    with self._lock:
                        self._owed -= 1
                self._client.sendall(data)
            self._client.shutdown(socket.SHUT_WR)
