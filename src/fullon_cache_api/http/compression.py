"""Large answers compressed for clients that ask for it."""

import asyncio
import math
import zlib
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from functools import partial

from starlette.types import Scope

from .coding import Compress, choose, codings
from .kept import Kept
from .response import Header, Parts, Response, header, unless_known

SMALLEST = 4_096
"""Bytes: below, compressing saves less time on the wire than it takes, but for the slowest of networks."""

LARGE = 65_536
"""Bytes that take gzip half a millisecond; more are compressed in a thread."""

_NAME = b"accept-encoding"
_IN_PARTS = "gzip"


class Compression:
    """Answers with what the client has and accepts in mind: 304, compressed, or as it is.

    `smallest` are the bytes from which on a body may be compressed; of a request for a smaller one nothing
    needs to be looked at. What compressed bodies there are is kept with the answers.
    """

    def __init__(self, kept: Kept, aside: Executor, *, on: bool = True) -> None:
        self._kept = kept
        self._coded: dict[tuple[str, bytes], bytes] = {}
        self._aside = aside
        self._codings = codings() if on else {}
        self._offered = tuple(self._codings)
        self.smallest: float = SMALLEST if on else math.inf

    async def respond(self, scope: Scope, response: Response, deadline: float) -> Response:
        """Return a 200 as the client wants it, or 304 where it has that; `deadline` is a time of the loop."""
        if len(response.body) < self.smallest:
            return unless_known(scope, response)
        plain = Response(200, _varied(response.headers), response.body)
        coding = choose(header(scope, _NAME) or b"", self._offered)
        if coding is None:
            return unless_known(scope, plain)
        tagged = _tagged(plain.headers, coding)
        found = unless_known(scope, Response(200, tagged, b""))
        if found.status == 304:
            return found
        headers = [*tagged, (b"content-encoding", coding.encode())]
        if scope["method"] == "HEAD":
            return Response(200, headers, b"")
        body = await self._compress(coding, response.body, deadline)
        return unless_known(scope, plain) if body is None else Response.sized(200, headers, body)

    def stream(self, scope: Scope, response: Response) -> Response:
        """Return an answer that is sent in parts, each of them compressed where the client accepts gzip."""
        if _IN_PARTS not in self._codings:
            return response
        headers = _varied(response.headers)
        if choose(header(scope, _NAME) or b"", (_IN_PARTS,)) is None:
            return response._replace(headers=headers)
        headers = [*headers, (b"content-encoding", _IN_PARTS.encode())]
        if response.more is None:
            return response._replace(headers=headers)
        gzip = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        first = gzip.compress(response.body) + gzip.flush(zlib.Z_SYNC_FLUSH)
        return Response(response.status, headers, first, _compressed(gzip, response.more))

    async def _compress(self, coding: str, body: bytes, deadline: float) -> bytes | None:
        """Return the compressed body, None where the thread is not free in time."""
        compress = self._codings[coding]
        if len(body) > self._kept.largest:
            return await self._in_thread(compress, body, deadline)
        kept = self._coded.get((coding, body))
        if kept is not None:
            return kept
        made = compress(body) if len(body) <= LARGE else await self._in_thread(compress, body, deadline)
        if made is not None:
            self._kept.add(self._coded, (coding, body), made, len(body) + len(made))
        return made

    async def _in_thread(self, compress: Compress, body: bytes, deadline: float) -> bytes | None:
        try:
            async with asyncio.timeout_at(deadline):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._aside, partial(compress, body))
        except TimeoutError:
            return None


async def _compressed(gzip: "zlib._Compress", parts: Parts) -> Parts:
    async with aclosing(parts):
        async for part in parts:
            yield gzip.compress(part) + gzip.flush(zlib.Z_SYNC_FLUSH)
    yield gzip.flush(zlib.Z_FINISH)


def _varied(headers: Sequence[Header]) -> list[Header]:
    """Return headers that say that the answer depends on Accept-Encoding as well."""
    fields = [value for name, value in headers if name == b"vary"]
    others = [one for one in headers if one[0] != b"vary"]
    return [*others, (b"vary", b", ".join([*fields, b"Accept-Encoding"]))]


def _tagged(headers: Sequence[Header], coding: str) -> list[Header]:
    """Return headers with the ETag of the compressed body, whose length nobody knows yet."""
    suffix = b'-%s"' % coding.encode()
    return [
        (name, value[:-1] + suffix if name == b"etag" else value)
        for name, value in headers
        if name != b"content-length"
    ]
