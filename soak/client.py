"""A small HTTP/1.1 client, which tells an answer that is whole from one that was cut."""

import asyncio
import csv
import gzip
import io
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import brotli
import httptools
import msgspec

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PATIENCE = 15.0
"""Seconds after which an answer is missing: far more than any deadline of the gateway."""

_CHUNK = 1 << 16
_DECODE = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}


class Broken(Exception):
    """There is no whole answer: `cut` after its beginning, `closed` before it, or `missing` in time."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


@dataclass(slots=True)
class Answer:
    """A whole answer, its header names in small letters."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def plain(self) -> bytes:
        """The body without its coding."""
        coding = self.headers.get("content-encoding")
        return _DECODE[coding](self.body) if coding else self.body

    def json(self) -> object:
        """Return the body as JSON."""
        return msgspec.json.decode(self.plain)

    def lines(self) -> list[object]:
        """Return the lines of an NDJSON body."""
        return [msgspec.json.decode(line) for line in self.plain.splitlines()]

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of a CSV body."""
        return list(csv.DictReader(io.StringIO(self.plain.decode(), newline="")))


class _Parser:
    """What httptools calls."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.pieces: list[bytes] = []
        self.whole = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        self.answer.status = self.parser.get_status_code()
        self.answer.body = b"".join(self.pieces)
        self.whole = True


class Client:
    """One connection at a time to the gateway, kept open between requests."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, target: str, headers: Mapping[str, str], method: str = "GET") -> Answer:
        """Send a request and return its whole answer; raises Broken."""
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n"
        request = head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(request.encode("latin-1"))
        except TimeoutError:
            self.close()
            raise Broken("missing") from None

    async def send(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send bytes on a connection of its own, and leave it to the caller."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(data)
        return reader, writer

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(self, request: bytes) -> Answer:
        while True:
            is_fresh = self._streams is None
            if self._streams is None:
                try:
                    self._streams = await asyncio.open_connection(self._host, self._port)
                except OSError:
                    raise Broken("refused") from None
            answer, came = await self._exchange(*self._streams, request)
            if answer is not None:
                if answer.headers.get("connection") == "close":
                    self.close()
                return answer
            self.close()
            # A server may close an idle connection just as the next request comes.
            if came or is_fresh:
                raise Broken("cut" if came else "closed")

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> tuple[Answer | None, bool]:
        parsed = _Parser()
        came = False
        with suppress(OSError):
            writer.write(request)
            while not parsed.whole and (data := await reader.read(_CHUNK)):
                came = True
                parsed.parser.feed_data(data)
        return (parsed.answer if parsed.whole else None), came
