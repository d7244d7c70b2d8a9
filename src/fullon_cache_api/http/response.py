"""Answers on the wire: headers made once, ETags, conditional requests, HEAD."""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import xxhash
from starlette.types import Scope, Send

Header: TypeAlias = tuple[bytes, bytes]


class Response(NamedTuple):
    """A whole answer; Content-Length is added when it is sent."""

    status: int
    headers: Sequence[Header]
    body: bytes


JSON_TYPE = b"application/json"
PROBLEM_TYPE = b"application/problem+json"
NO_STORE: Header = (b"cache-control", b"no-store")
NO_SNIFF: Header = (b"x-content-type-options", b"nosniff")
ALLOW: Header = (b"allow", b"GET, HEAD, OPTIONS")

_ENTITY_TAG = re.compile(rb'(?:W/)?("[^"]*")')


def cache_control(max_age: float | None) -> Header:
    """Return Cache-Control for an endpoint's `max_age`; without one, nothing may store its answers."""
    if max_age is None:
        return NO_STORE
    return (b"cache-control", b"max-age=%d" % int(max_age) if max_age >= 1 else b"no-cache")


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


def tagged(scope: Scope, body: bytes, headers: Sequence[Header], tag: bytes | None = None) -> Response:
    """Return 200 with the body's ETag, or 304 where the client already has the body."""
    tag = tag or entity_tag(body)
    for name, value in scope["headers"]:
        if name == b"if-none-match" and is_match(value, tag):
            return Response(304, ((b"etag", tag), *headers), b"")
    return Response(200, ((b"etag", tag), *headers), body)


async def send_response(scope: Scope, send: Send, response: Response) -> None:
    """Send a whole answer; a HEAD request gets its headers only, a 304 or 204 has no length."""
    headers: Sequence[Header] = response.headers
    if response.status not in (204, 304):
        headers = [*headers, (b"content-length", b"%d" % len(response.body))]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else response.body
    await send({"type": "http.response.body", "body": body})
