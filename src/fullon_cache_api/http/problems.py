"""Errors as problem details (RFC 9457): which kind each is, and what it says. All texts are made here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatch

import msgspec

from fullon_cache_api.auth.principal import AuthenticationUnavailable, Forbidden, Unauthenticated
from fullon_cache_api.cache.errors import CacheTimeout, CacheUnavailable, CorruptValue
from fullon_cache_api.reads.orders import AmbiguousOrder
from fullon_cache_api.spec import problems as kinds
from fullon_cache_api.spec.json import PlainJson, PlainObject
from fullon_cache_api.spec.problems import ProblemKind

from .parameters import BadParameters
from .response import ALLOW, NO_SNIFF, NO_STORE, PROBLEM_TYPE, REQUEST_ID, Header, Response

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


class AnswerTooLarge(Exception):
    """An answer has more bytes than may be sent."""

    is_logged = True
    """Where it ends an answer that has begun, the server need not say it again."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"more than {limit} bytes")


class BadRequest(Exception):
    """What came is not HTTP."""


class Misdirected(Exception):
    """A request names a Host that is not this machine, where only this machine may ask."""


class RequestTimeout(Exception):
    """The rest of a request did not come in time."""


class TargetTooLong(Exception):
    """Path and query have more bytes than they may."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"more than {limit} bytes")


class HeadersTooLarge(Exception):
    """The header fields are more, or have more bytes, than they may."""


class RateLimited(Exception):
    """A client has made more requests than it may; `retry_after` (seconds) until the next one."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"again in {retry_after} s")


class Overloaded(Exception):
    """There are more of `what` than may be at a time."""

    retry_after = 1
    """Seconds."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"too many {what}")


@dataclass(frozen=True, slots=True)
class ProblemText:
    """What a problem says beyond its kind; `headers` are those of its answer alone."""

    kind: ProblemKind
    detail: str
    members: PlainObject = field(default_factory=dict)
    headers: tuple[Header, ...] = ()


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
    detail = "This path answers GET, HEAD and OPTIONS."
    return ProblemText(kinds.METHOD_NOT_ALLOWED, detail, headers=(ALLOW,))


@explain.register
def _(error: BatchTooLarge) -> ProblemText:
    detail = f"The answers of a batch come to {error.limit:,} bytes at most: ask for this one by itself."
    return ProblemText(kinds.BATCH_TOO_LARGE, detail)


@explain.register
def _(error: AnswerTooLarge) -> ProblemText:
    detail = f"An answer has {error.limit:,} bytes at most: ask for less of it."
    return ProblemText(kinds.ANSWER_TOO_LARGE, detail)


@explain.register
def _(error: BadRequest) -> ProblemText:
    return ProblemText(kinds.BAD_REQUEST, "The request cannot be read.")


@explain.register
def _(error: Misdirected) -> ProblemText:
    detail = "Only this machine may ask, under its own names: localhost, or a loopback address."
    return ProblemText(kinds.MISDIRECTED, detail)


@explain.register
def _(error: RequestTimeout) -> ProblemText:
    return ProblemText(kinds.REQUEST_TIMEOUT, "The rest of the request did not come in time.")


@explain.register
def _(error: TargetTooLong) -> ProblemText:
    detail = f"The path and the query have {error.limit:,} bytes at most."
    return ProblemText(kinds.TARGET_TOO_LONG, detail)


@explain.register
def _(error: HeadersTooLarge) -> ProblemText:
    return ProblemText(kinds.HEADERS_TOO_LARGE, "There are too many header fields, or too long ones.")


@explain.register
def _(error: RateLimited) -> ProblemText:
    detail = f"These are more requests than one client may make: again in {error.retry_after} s."
    return ProblemText(kinds.RATE_LIMITED, detail, headers=(_retry_after(error.retry_after),))


@explain.register
def _(error: Overloaded) -> ProblemText:
    detail = f"There are too many {error.what} at once: again in a moment."
    return ProblemText(kinds.OVERLOADED, detail, headers=(_retry_after(error.retry_after),))


@explain.register
def _(error: Unauthenticated) -> ProblemText:
    if error.expired:
        detail = "The token has expired."
    elif error.given:
        detail = "The API key or token is not accepted."
    else:
        detail = "This is only for those who say who they are: send an API key or a token."
    return ProblemText(kinds.UNAUTHENTICATED, detail, headers=_challenges(error.challenges))


@explain.register
def _(error: Forbidden) -> ProblemText:
    members: PlainObject = {"scopes": list(error.missing)} if error.missing else {}
    detail = (
        f"The key or token lacks {' '.join(error.missing)}."
        if error.missing
        else "What the request names is somebody else's."
    )
    return ProblemText(kinds.FORBIDDEN, detail, members, _challenges(error.challenges))


@explain.register
def _(error: AuthenticationUnavailable) -> ProblemText:
    detail = "No token can be verified now: the keys that they are signed with cannot be had."
    return ProblemText(kinds.AUTHENTICATION_UNAVAILABLE, detail, headers=((b"retry-after", RETRY_AFTER),))


def _challenges(values: Iterable[str]) -> tuple[Header, ...]:
    # A header for each: not every client can take several challenges in one apart.
    return tuple((b"www-authenticate", value.encode()) for value in values)


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
    detail = f"Redis cannot be read now: {error.reason}."
    return ProblemText(kinds.CACHE_UNAVAILABLE, detail, headers=((b"retry-after", RETRY_AFTER),))


@explain.register
def _(error: CacheTimeout) -> ProblemText:
    return ProblemText(kinds.CACHE_TIMEOUT, "What Redis has was not there before the request's deadline.")


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


def problem_response(
    text: ProblemText, instance: str, request_id: str, headers: tuple[Header, ...] = ()
) -> Response:
    """Return the answer that says a problem."""
    fields = (
        (b"content-type", PROBLEM_TYPE),
        NO_STORE,
        NO_SNIFF,
        (REQUEST_ID, request_id.encode()),
        *text.headers,
        *headers,
    )
    body = msgspec.json.encode(problem_body(text, instance, request_id))
    return Response.sized(text.kind.status, fields, body)


def _retry_after(seconds: int) -> Header:
    return (b"retry-after", b"%d" % seconds)
