"""Answers on the wire: headers made once, ETags, conditional requests, HEAD."""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import xxhash
from starlette.types import Scope, Send

Header: TypeAlias = tuple[bytes, bytes]


class Response(NamedTuple):
    """A whole answer, with all of its headers."""

    status: int
    headers: Sequence[Header]
    body: bytes

    @classmethod
    def sized(cls, status: int, headers: Sequence[Header], body: bytes) -> "Response":
        """Return an answer with the Content-Length of its body."""
        return cls(status, (*headers, (b"content-length", b"%d" % len(body))), body)


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


async def send_response(scope: Scope, send: Send, response: Response) -> None:
    """Send a whole answer; a HEAD request gets its headers only."""
    # A list of their own: middleware may add to what passes it.
    start = {"type": "http.response.start", "status": response.status, "headers": list(response.headers)}
    await send(start)
    body = b"" if scope["method"] == "HEAD" else response.body
    await send({"type": "http.response.body", "body": body})
