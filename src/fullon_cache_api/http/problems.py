"""Errors as problem details (RFC 9457): which kind each is, and what it says. All texts are made here."""

from dataclasses import dataclass, field
from functools import singledispatch

from fullon_cache_api.cache.errors import CacheTimeout, CacheUnavailable, CorruptValue
from fullon_cache_api.reads.orders import AmbiguousOrder
from fullon_cache_api.spec import problems as kinds
from fullon_cache_api.spec.json import PlainJson, PlainObject
from fullon_cache_api.spec.problems import ProblemKind

from .parameters import BadParameters

RETRY_AFTER = b"1"
"""Seconds: a probe of a dead Redis begins at least once in each (cache/breaker.py)."""


class NotCached(Exception):
    """The cache does not hold what a valid request names."""


class NoSuchEndpoint(Exception):
    """No route has the path."""


class MethodNotAllowed(Exception):
    """The path exists, and is only read."""


class BatchTooLarge(Exception):
    """An answer goes beyond the bytes that a batch may hold."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"more than {limit} bytes")


@dataclass(frozen=True, slots=True)
class ProblemText:
    """What a problem says beyond its kind."""

    kind: ProblemKind
    detail: str
    members: PlainObject = field(default_factory=dict)


@singledispatch
def explain(error: Exception) -> ProblemText:
    """Return the problem for an error: that of the nearest class in its family, else an internal error."""
    return ProblemText(kinds.INTERNAL_ERROR, "The gateway failed; its log says why.")


@explain.register
def _(error: BadParameters) -> ProblemText:
    errors: list[PlainJson] = [
        {"in": mistake.location, "name": mistake.name, "message": mistake.message}
        for mistake in error.mistakes
    ]
    names = ", ".join(dict.fromkeys(mistake.name for mistake in error.mistakes if mistake.name))
    what = f"These parameters cannot be used: {names}." if names else "The query cannot be used."
    return ProblemText(kinds.BAD_PARAMETERS, what, {"errors": errors})


@explain.register
def _(error: NotCached) -> ProblemText:
    return ProblemText(kinds.NOT_CACHED, "The cache does not hold what the path names.")


@explain.register
def _(error: NoSuchEndpoint) -> ProblemText:
    return ProblemText(kinds.NO_SUCH_ENDPOINT, "No endpoint has this path.")


@explain.register
def _(error: MethodNotAllowed) -> ProblemText:
    return ProblemText(kinds.METHOD_NOT_ALLOWED, "This path answers GET, HEAD and OPTIONS.")


@explain.register
def _(error: BatchTooLarge) -> ProblemText:
    detail = f"The answers of a batch come to {error.limit:,} bytes at most: ask for this one by itself."
    return ProblemText(kinds.BATCH_TOO_LARGE, detail)


@explain.register
def _(error: AmbiguousOrder) -> ProblemText:
    detail = f"The order id is cached on {', '.join(error.exchanges)}: say which with ?exchange=."
    return ProblemText(kinds.AMBIGUOUS_ORDER, detail, {"exchanges": list(error.exchanges)})


@explain.register
def _(error: CorruptValue) -> ProblemText:
    detail = f"What is cached at {error.source} cannot be used: {error.reason}."
    return ProblemText(kinds.CORRUPT_CACHE, detail, {"key": error.key})


@explain.register
def _(error: CacheUnavailable) -> ProblemText:
    return ProblemText(kinds.CACHE_UNAVAILABLE, f"Redis cannot be read now: {error.reason}.")


@explain.register
def _(error: CacheTimeout) -> ProblemText:
    return ProblemText(kinds.CACHE_TIMEOUT, "Redis did not answer before the request's deadline.")


def problem_body(text: ProblemText, instance: str, request_id: str) -> PlainObject:
    """Return the members of a problem details object."""
    return {
        "type": text.kind.type,
        "title": text.kind.title,
        "status": text.kind.status,
        "detail": text.detail,
        "instance": instance,
        "request_id": request_id,
        **text.members,
    }
