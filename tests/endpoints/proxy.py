"""A proxy between the gateway and Redis that writes down what passes."""

import select
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import hiredis

CHUNK = 1 << 20

QUIET = 0.02
"""Seconds without a command after which what has come is a whole batch."""


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
    """One connection: commands go on at once, replies when no command has come for QUIET.

    A batch may come in several pieces. Without the pause a reply to the first could overtake the second.
    """

    def __init__(self, proxy: RecordingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._owed = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            self._pass_on()
        for sock in (self._client, self._server):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _pass_on(self) -> None:
        commands, replies = hiredis.Reader(), hiredis.Reader()
        held = b""
        while True:
            ready, _, _ = select.select((self._client, self._server), (), (), QUIET if held else None)
            if self._client in ready:
                data = self._client.recv(CHUNK)
                self._note(commands, data)
                self._server.sendall(data)
            elif self._server in ready:
                data = self._server.recv(CHUNK)
                replies.feed(data)
                held += data
            else:
                while replies.gets() is not False:
                    self._owed -= 1
                self._client.sendall(held)
                held = b""
                continue
            if not data:
                return

    def _note(self, commands: hiredis.Reader, data: bytes) -> None:
        commands.feed(data)
        while (command := commands.gets()) is not False:
            self._proxy.note(tuple(word.decode() for word in command), self._owed == 0)
            self._owed += 1
