"""HTTP as bytes on a socket, for requests that no client library would send."""

import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Self

PATIENCE = 20.0
"""Seconds after which a connection hangs: more than any timeout of the server."""


@dataclass(slots=True)
class Answer:
    """One answer: its status, its headers with names in small letters, and its body."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Wire:
    """One connection to a server on 127.0.0.1; `head` says that no answer has a body (HEAD)."""

    def __init__(self, port: int, *, head: bool = False) -> None:
        self._head = head
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.received = b""
        self.is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes, as many as the server takes."""
        try:
            self._socket.sendall(data)
        except OSError:
            self.is_open = False

    def end(self) -> None:
        """Say that nothing more will be sent (half-close)."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_open = False

    def reset(self) -> None:
        """Be gone (RST)."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def read(self, *, answers: int | None = None, seconds: float = PATIENCE) -> list[Answer]:
        """Read until so many answers are whole or the connection is closed, for some seconds at most."""
        until = time.monotonic() + seconds
        while (answers is None or len(self.answers()) < answers) and (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                break
            except OSError:
                data = b""
            if not data:
                self.is_open = False
                break
            self.received += data
        return self.answers()

    def answers(self) -> list[Answer]:
        """Return the whole answers that have come; AssertionError where something else has."""
        found: list[Answer] = []
        rest = self.received
        while rest:
            head, separator, rest = rest.partition(b"\r\n\r\n")
            if not separator:
                break
            start, *lines = head.decode("latin-1").split("\r\n")
            version, _, status = start.partition(" ")
            assert version == "HTTP/1.1", start
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            answer = Answer(int(status.split(" ")[0]), headers)
            if headers.get("transfer-encoding") == "chunked" and not self._head:
                chunks = _chunks(rest)
                if chunks is None:
                    break
                answer.body, rest = chunks
            else:
                length = 0 if self._head else int(headers.get("content-length", "0"))
                if len(rest) < length:
                    break
                answer.body, rest = rest[:length], rest[length:]
            if answer.status != 100:
                found.append(answer)
        return found


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    """Return the body that begins here in chunks, and what follows it; None where it is not whole."""
    body = b""
    while True:
        size, separator, rest = rest.partition(b"\r\n")
        if not separator:
            return None
        length = int(size, 16)
        if len(rest) < length + 2:
            return None
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest
