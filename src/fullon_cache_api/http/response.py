"""Answers on the wire: headers made once, ETags, conditional requests, HEAD."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import xxhash
from starlette.types import Receive, Scope, Send

Header: TypeAlias = tuple[bytes, bytes]
Parts: TypeAlias = AsyncGenerator[bytes, None]
Whole: TypeAlias = Callable[[int, Sequence[Header], Sequence[Header], bytes], bool]
"""Sends a whole answer by one call, if it can now, else nothing of it: quicker than two messages. It is given
headers that many answers may have, those of this one, and the body. A server's `send` may have it as its
attribute `whole`; who stands between passes on that one, or a `send` of his own."""


class Response(NamedTuple):
    """An answer with all of its headers; `more` is what follows the body where it is not whole."""

    status: int
    headers: Sequence[Header]
    body: bytes
    more: Parts | None = None

    @classmethod
    def sized(cls, status: int, headers: Sequence[Header], body: bytes) -> "Response":
        """Return an answer with the Content-Length of its body."""
        return cls(status, (*headers, (b"content-length", b"%d" % len(body))), body)

    @property
    def size(self) -> int:
        """The bytes of its headers and of its body."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)


JSON_TYPE = b"application/json"
PROBLEM_TYPE = b"application/problem+json"
NO_STORE: Header = (b"cache-control", b"no-store")
NO_SNIFF: Header = (b"x-content-type-options", b"nosniff")
ALLOW: Header = (b"allow", b"GET, HEAD, OPTIONS")

REQUEST_ID = b"x-request-id"
WELL_FORMED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_ENTITY_TAG = re.compile(rb'(?:W/)?("[^"]*")')


def cache_control(max_age: float | None, *, private: bool = False) -> Header:
    """Return Cache-Control for an endpoint's `max_age`; without one, nothing may store its answers.

    What is `private` is not for everybody: no cache may give it to others than who asked (RFC 9111, section
    5.2.2.7).
    """
    if max_age is None:
        return NO_STORE
    value = b"max-age=%d" % int(max_age) if max_age >= 1 else b"no-cache"
    return (b"cache-control", b"private, " + value if private else value)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return a request header, the values of repeated ones joined (RFC 9110, section 5.3)."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values) if values else None


def entity_tag(body: bytes) -> bytes:
    """Return the strong ETag of a body: the XXH3 hash of its bytes."""
    return b'"%s"' % xxhash.xxh3_64_hexdigest(body).encode()


def is_match(if_none_match: bytes, tag: bytes) -> bool:
    """Whether If-None-Match names a tag, by weak comparison (RFC 9110, section 13.1.2)."""
    return if_none_match.strip() == b"*" or tag in _ENTITY_TAG.findall(if_none_match)


def entity(body: bytes, headers: Sequence[Header]) -> Response:
    """Return 200 with the body's ETag."""
    return Response.sized(200, ((b"etag", entity_tag(body)), *headers), body)


def unless_known(scope: Scope, response: Response) -> Response:
    """Return an answer that has an ETag, or 304 where the client has its body already."""
    for name, value in scope["headers"]:
        if name == b"if-none-match" and is_match(value, dict(response.headers)[b"etag"]):
            kept = [header for header in response.headers if header[0] != b"content-length"]
            return Response(304, kept, b"")
    return response


async def send_response(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Send an answer; a HEAD request gets its headers only. What came with an id goes with it."""
    own_headers: tuple[Header, ...] = ()
    # Problems have one in any case.
    if response.status < 400:
        given = [field for field in scope["headers"] if field[0] == REQUEST_ID]
        # Several are no id, as one that is not well-formed is none.
        if len(given) == 1 and WELL_FORMED_ID.fullmatch(given[0][1]):
            own_headers = (given[0],)
    body = b"" if scope["method"] == "HEAD" else response.body
    whole: Whole | None = getattr(send, "whole", None)
    if (
        whole is not None
        and response.more is None
        and whole(response.status, response.headers, own_headers, body)
    ):
        return
    # A list of their own: middleware may add to what passes it.
    headers = [*response.headers, *own_headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.more is None:
        await send({"type": "http.response.body", "body": body})
    else:
        await _send_parts(receive, send, body, response.more)


async def _send_parts(receive: Receive, send: Send, body: bytes, more: Parts) -> None:
    """Send a body part by part, each when the one before has gone, for as long as there is a client."""
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        async for part in more:
            # A server need not say so where it is given what can no longer be sent.
            if gone.done():
                return
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except Exception:
        # Starlette's BaseHTTPMiddleware would end the body in good order, and make a part look like all of
        # it, if it did not fail itself, at what is no message of ASGI.
        with suppress(Exception):
            await send({"type": "http.response.cut"})
        raise
    finally:
        gone.cancel()
        await more.aclose()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
