"""Content codings: which ones there are, and which one a client has asked for."""

import importlib
import re
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

Compress: TypeAlias = Callable[[bytes], bytes]

_IDENTITY = "identity"
_LONGEST = 1_024
"""Bytes: a longer Accept-Encoding is not read, and nothing is compressed for it."""

_MEMBER = re.compile(
    r"[ \t]*(?P<coding>[!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(?P<weight>[^;]*))?", re.ASCII
)
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)
_ALIASES = {"x-gzip": "gzip"}


def gzip(body: bytes) -> bytes:
    """Return a body as gzip (RFC 1952), without the time in it: equal bodies give equal bytes."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def codings() -> Mapping[str, Compress]:
    """Return what compresses, by the name of its coding: the fastest first, at the level that is fastest.

    zstd comes with Python 3.14, else with the extra `compression`, as br does.
    """
    found: dict[str, Compress] = {}
    zstd = _module("compression.zstd") or _module("backports.zstd")
    if zstd is not None:
        found["zstd"] = lambda body: bytes(zstd.compress(body, 1))
    brotli = _module("brotli")
    if brotli is not None:
        found["br"] = lambda body: bytes(brotli.compress(body, quality=1, lgwin=18))
    return found | {"gzip": gzip}


def choose(accepted: bytes, offered: tuple[str, ...]) -> str | None:
    """Return the coding that Accept-Encoding (RFC 9110, section 12.5.3) likes best, None for none.

    Among equals the first of those offered is taken. A coding of which the header says two things, or nothing
    that can be understood, is not accepted. A client that refuses `identity` and all that is offered gets
    `identity` all the same, which serves it better than an error.
    """
    # A longer one would only fill the memory of those that are known.
    return _chosen(accepted, offered) if len(accepted) <= _LONGEST else None


@lru_cache(256)
def _chosen(accepted: bytes, offered: tuple[str, ...]) -> str | None:
    weights = _weights(accepted)
    others = weights.get("*", 0.0)
    best = max(offered, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get(_IDENTITY, 0.0) else None


def _weights(accepted: bytes) -> Mapping[str, float]:
    """Return how much each coding is liked, 0 to 1; of several weights for one the least counts."""
    weights: dict[str, float] = {}
    for text in accepted.decode("latin-1").lower().split(","):
        member = _MEMBER.fullmatch(text)
        if member is None:
            # What begins with a coding and goes on with nonsense does not ask for it.
            coding, weight = text.partition(";")[0].strip(" \t"), 0.0
        else:
            coding, given = member["coding"], member["weight"]
            weight = 1.0 if given is None else _quality(given.strip(" \t"))
        coding = _ALIASES.get(coding, coding)
        weights[coding] = min(weight, weights.get(coding, 1.0))
    return weights


def _quality(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 0.0


def _module(name: str) -> Any:
    """Return a module, None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
