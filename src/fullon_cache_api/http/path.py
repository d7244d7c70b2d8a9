"""A request's path as the client wrote it: only there `%2F` differs from a slash."""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from starlette.types import Scope

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def own_path(scope: Scope) -> bytes:
    """Return the raw path below the path that a host mounted the gateway under.

    Servers decode `%2F` in `path`; only the raw path tells it from a slash. One within the host's part of the
    path makes it a path that nothing has: the host would have judged another one than the gateway answers.
    """
    raw = raw_path(scope)
    root: str = scope.get("root_path", "")
    if root:
        path: str = scope["path"]
        for mounted, encoded, depth in _mounted(root, scope.get("app_root_path", "")):
            if path.startswith(mounted):
                if raw.startswith(encoded):
                    return raw[len(encoded) - 1 :]
                *host, own = raw.split(b"/", 1 + depth)
                return b"/" + own if unquote_to_bytes(b"/".join(host)) + b"/" == encoded else b""
    return raw


def path_segments(scope: Scope) -> Sequence[bytes]:
    """Return the segments of `own_path`, still percent-encoded."""
    return segments_of(own_path(scope))


def segments_of(path: bytes) -> Sequence[bytes]:
    """Return the segments of a raw path."""
    return path.split(b"/")[1:]


def raw_path(scope: Scope) -> bytes:
    """Return the percent-encoded path; where the server does not give it, the decoded one encoded again."""
    raw: bytes | None = scope.get("raw_path")
    return raw if raw is not None else quote(scope["path"], errors="surrogateescape").encode()


def uri_reference(path: bytes) -> str:
    """Return a raw path, whatever a client sent as one, as a URI reference (RFC 3986, section 4.1)."""
    reference = quote(_BROKEN_ESCAPE.sub(b"%25", path), safe="/%:@!$&'()*+,;=-._~")
    # Two slashes would begin the name of a host, a name with a colon a scheme.
    return reference if path[:1] == b"/" and path[1:2] != b"/" else f"/.{reference}"


@lru_cache(16)
def _mounted(root: str, proxied: str) -> Sequence[tuple[str, bytes, int]]:
    """Return how a path that is below a root path can begin, also as bytes, and how many segments that is.

    Behind a proxy that takes its own part of the root path off, only what hosts have mounted is left.
    """
    root = root.rstrip("/")
    parts = dict.fromkeys((root, root.removeprefix(proxied.rstrip("/"))))
    return [
        (part + "/", part.encode(errors="surrogateescape") + b"/", part.count("/")) for part in parts if part
    ]
