"""A bound on one reply: what Redis holds must not decide how much memory and time is used."""

import select
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable

from hiredis import Reader
from redis._parsers.hiredis import _AsyncHiredisParser
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError

MAX_REPLY = 32_000_000
"""Bytes of one reply: 10,000 trades of 3 kB, or the 70,000 orders of an exchange."""


class ReplyTooLarge(Exception):
    """A reply goes on beyond MAX_REPLY; its rest is still to come, so the connection is of no more use."""


class BoundedParser(_AsyncHiredisParser):
    """redis-py's parser, which stops reading a reply that is too large, and sees what the kernel has got."""

    __slots__ = ("_came", "_socket")

    def on_connect(self, connection: AbstractConnection) -> None:
        """Read from a connection that has been opened."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        writer: StreamWriter = connection._writer  # type: ignore[assignment]
        self._socket = select.poll()
        self._socket.register(writer.get_extra_info("socket"), select.POLLIN)

    def has_unread(self) -> bool:
        """Whether anything has reached this machine that was not read: data, or the end of the connection."""
        stream: StreamReader = self._stream  # type: ignore[assignment]
        if stream.at_eof() or stream.exception() is not None:
            # Its descriptor may be somebody else's by now.
            return True
        reader: Reader = self._reader  # type: ignore[assignment]
        return bool(self._socket.poll(0)) or bool(stream._buffer) or reader.has_data()  # type: ignore[attr-defined]

    def read_response(self, disable_decoding: bool = False, push_request: bool = False) -> Awaitable[object]:  # type: ignore[override]
        """Read the next reply; raises ReplyTooLarge."""
        # No coroutine of its own: each reply would have one more to pass.
        self._came = 0
        return super().read_response(disable_decoding, push_request)

    async def read_from_socket(self) -> bool:
        """Read more of a reply."""
        # `on_connect` has set both.
        stream: StreamReader = self._stream  # type: ignore[assignment]
        reader: Reader = self._reader  # type: ignore[assignment]
        data = await stream.read(self._read_size)
        if not data:
            raise ConnectionError("Connection closed by server.")
        self._came += len(data)
        if self._came > MAX_REPLY:
            raise ReplyTooLarge
        reader.feed(data)
        return True
