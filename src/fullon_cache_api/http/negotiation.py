"""Which of the media types that are offered a client wants (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from starlette.types import Scope

from .response import header

_QUALITY = re.compile(rb"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_REMEMBERED = 128
_REMEMBERED_LENGTH = 512
"""Longer ones are not kept: what a client sends must not decide how much memory is held."""

_LONGEST = 2_048
"""Bytes: a longer Accept is not read, as if there were none; browsers send some 150."""


def wanted(scope: Scope, offered: tuple[bytes, ...]) -> int:
    """Return the place of the media type that a request's Accept prefers, the first where none is acceptable.

    Parameters of a media range but `q` are passed over. Of what is as welcome, the first is taken.
    """
    accept = header(scope, b"accept")
    if accept is None or accept == b"*/*" or len(accept) > _LONGEST:
        return 0
    return (_preferred_once if len(accept) <= _REMEMBERED_LENGTH else preferred)(accept, offered)


def preferred(accept: bytes, offered: Sequence[bytes]) -> int:
    """Return the place of the media type that an Accept header prefers."""
    qualities = dict(_ranges(accept))
    best, place = 0.0, 0
    for index, media_type in enumerate(offered):
        group = media_type.partition(b"/")[0] + b"/*"
        quality = next((qualities[name] for name in (media_type, group, b"*/*") if name in qualities), 0.0)
        if quality > best:
            best, place = quality, index
    return place


_preferred_once = lru_cache(_REMEMBERED)(preferred)


def _ranges(accept: bytes) -> Iterator[tuple[bytes, float]]:
    for part in accept.lower().split(b","):
        name, *parameters = (piece.strip() for piece in part.split(b";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith(b"q=")), b"1")
        if _QUALITY.fullmatch(quality):
            yield name, float(quality)
