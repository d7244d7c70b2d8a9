"""Responses that are the same everywhere: one component for each kind of problem, and for 304."""

from collections.abc import Iterable, Iterator, Mapping

from fullon_cache_api.spec.json import JsonObject, PlainJson, PlainObject, thaw_object
from fullon_cache_api.spec.media import CSV_TYPE, JSON_TYPE, LINES_TYPE
from fullon_cache_api.spec.model import Endpoint
from fullon_cache_api.spec.problems import (
    AMBIGUOUS_ORDER,
    ANSWER_TOO_LARGE,
    BAD_PARAMETERS,
    CACHE_TIMEOUT,
    CACHE_UNAVAILABLE,
    CORRUPT_CACHE,
    FORBIDDEN,
    INTERNAL_ERROR,
    NOT_CACHED,
    RATE_LIMITED,
    TARGET_TOO_LONG,
    UNAUTHENTICATED,
    ProblemKind,
)

from .schemas import json_content
from .security import security_problems

_REQUEST_ID = "0f8c2b7e5d1a4c39a86be2f7041d9c35"

HEADERS: JsonObject = {
    "ETag": {
        "description": "Entity tag of the answer, to be sent back in `If-None-Match`.",
        "schema": {"type": "string"},
        "example": '"9a3f1c5e7b2d4860"',
    },
    "CacheControl": {
        "description": "How long the answer may be reused (`max-age`, in seconds), if at all.",
        "schema": {"type": "string"},
        "example": "max-age=1",
    },
    "Age": {
        "description": "Seconds, rounded up, since it was read for another request; absent in a new answer.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "RetryAfter": {
        "description": "Seconds after which a new attempt makes sense.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "RequestId": {
        "description": "Id of the request, to be found in the log: the one that it came with, or a new one.",
        "schema": {"type": "string"},
        "example": _REQUEST_ID,
    },
}

_CACHING: JsonObject = {
    "ETag": {"$ref": "#/components/headers/ETag"},
    "Cache-Control": {"$ref": "#/components/headers/CacheControl"},
}
AGE: JsonObject = {"Age": {"$ref": "#/components/headers/Age"}}
_LINK: JsonObject = {
    "Link": {
        "description": "Where the next elements are (RFC 8288, `rel=next`); absent after the last one.",
        "schema": {"type": "string"},
        "example": '<?limit=100&offset=100>; rel="next"',
    }
}
_CHALLENGE: JsonObject = {
    "WWW-Authenticate": {
        "description": "How a request can say who asks (RFC 9110, section 11.6.1).",
        "schema": {"type": "string"},
        "example": 'ApiKey realm="fullon-cache-api", header="X-API-Key"',
    }
}
_STALE: JsonObject = {
    "Warning": {
        "description": (
            "`111`: Redis cannot be read now, and this is the last good answer, `Age` seconds old (RFC 7234, "
            "section 5.5); absent otherwise."
        ),
        "schema": {"type": "string"},
        "example": '111 - "Revalidation Failed"',
    },
    "Cache-Status": {
        "description": "Why an answer with a `Warning` is given (RFC 9211); absent otherwise.",
        "schema": {"type": "string"},
        "example": "fullon-cache-api; fwd=stale; fwd-status=503; detail=cache-unavailable",
    },
}
_NO_HEADERS: JsonObject = {}
_NOT_MODIFIED = "NotModified"

_DESCRIPTION = (
    "The answer. One of more than about 1,000 elements is sent while it is read: without an ETag, in no "
    "order but that of a list, `count` and `skipped` last; one that cannot be brought to its end is cut."
)

_TEXTS: Mapping[str, JsonObject] = {
    LINES_TYPE: {
        "type": "string",
        "description": (
            "The elements alone: each as JSON, on a line of its own. How many were left out is in the header "
            "`X-Skipped`, unless the answer is sent while it is read."
        ),
    },
    CSV_TYPE: {
        "type": "string",
        "description": (
            "The elements alone (RFC 4180): a header, then a row for each. Members of an object within an "
            "element are `object.member`, null is empty. `X-Skipped` as with NDJSON."
        ),
    },
}

_TICKER = "/tickers/binance/BTC-USDT"

# What each kind says in its example: the request's path below the prefix, the detail, further members.
_OCCURRENCES: Mapping[ProblemKind, tuple[str, str, JsonObject]] = {
    BAD_PARAMETERS: (
        "/ohlcv/BTC-USDT/1m",
        "These parameters cannot be used: count.",
        {"errors": [{"in": "query", "name": "count", "message": "the value is less than the minimum of 1"}]},
    ),
    UNAUTHENTICATED: (_TICKER, "The API key or token is not accepted.", {}),
    FORBIDDEN: (_TICKER, "The key or token lacks market:read.", {"scopes": ["market:read"]}),
    NOT_CACHED: (_TICKER, "The cache does not hold what the path names.", {}),
    AMBIGUOUS_ORDER: (
        "/orders/28457193/status",
        "The order id is cached on binance, kraken: say which with ?exchange=.",
        {"exchanges": ["binance", "kraken"]},
    ),
    ANSWER_TOO_LARGE: (
        "/tickers",
        "An answer has 1,000,000 bytes at most: ask for less of it.",
        {},
    ),
    TARGET_TOO_LONG: (_TICKER, "The path and the query have 16,384 bytes at most.", {}),
    RATE_LIMITED: (_TICKER, "These are more requests than one client may make: again in 1 s.", {}),
    INTERNAL_ERROR: (_TICKER, "The gateway failed; its log says why.", {}),
    CORRUPT_CACHE: (
        _TICKER,
        "What is cached at tickers:binance cannot be used: it is not JSON.",
        {"key": "tickers:binance"},
    ),
    CACHE_UNAVAILABLE: (_TICKER, "Redis cannot be read now: the connection was refused.", {}),
    CACHE_TIMEOUT: (_TICKER, "What Redis has was not there before the request's deadline.", {}),
}


def problems_of(endpoint: Endpoint) -> Iterator[ProblemKind]:
    """Yield the kinds of problem that a request which fits the endpoint's path can be answered with."""
    yield BAD_PARAMETERS
    yield from security_problems(endpoint)
    # `empty` is 404 even where a read always answers with its one thing, and then means nothing.
    if endpoint.read.absent or (endpoint.is_collection and endpoint.empty == 404):
        yield NOT_CACHED
    if endpoint.read.ambiguous:
        yield AMBIGUOUS_ORDER
    yield from (
        ANSWER_TOO_LARGE,
        TARGET_TOO_LONG,
        RATE_LIMITED,
        INTERNAL_ERROR,
        CORRUPT_CACHE,
        CACHE_UNAVAILABLE,
        CACHE_TIMEOUT,
    )


def operation_responses(
    endpoint: Endpoint,
    schema: str,
    example: PlainJson,
    partial: str | None = None,
    others: Iterable[str] = (),
) -> PlainObject:
    """Return the `responses` of an endpoint's operation.

    `schema` is the component of its answer in JSON, `partial` that of one whose members were selected;
    `others` are the further media types that it comes in.
    """
    pages = endpoint.selecting("limit") and endpoint.selecting("offset")
    has_age = endpoint.max_age or endpoint.coherent
    stale = _STALE if endpoint.stale_if_error is not None else _NO_HEADERS
    headers = {**(AGE if has_age or stale else _NO_HEADERS), **stale, **(_LINK if pages else _NO_HEADERS)}
    return answer_responses(schema, example, problems_of(endpoint), partial, others, headers)


def answer_responses(
    schema: str,
    example: PlainJson,
    kinds: Iterable[ProblemKind],
    partial: str | None = None,
    others: Iterable[str] = (),
    headers: JsonObject = _NO_HEADERS,
) -> PlainObject:
    """Return the `responses` of an operation with one answer, further headers of that, and problems."""
    content = json_content(JSON_TYPE, schema, example, partial)
    content |= {media_type: {"schema": thaw_object(_TEXTS[media_type])} for media_type in others}
    return {
        "200": {
            "description": _DESCRIPTION if len(content) > 1 else "The answer.",
            "headers": thaw_object({**_CACHING, **headers}),
            "content": content,
        },
        "304": {"$ref": f"#/components/responses/{_NOT_MODIFIED}"},
        **problem_references(kinds),
    }


def problem_references(kinds: Iterable[ProblemKind]) -> PlainObject:
    """Return references to the responses of some kinds of problem, by status."""
    return {str(kind.status): {"$ref": f"#/components/responses/{_name(kind)}"} for kind in kinds}


def response_components(kinds: Iterable[ProblemKind], problem: str, prefix: str) -> PlainObject:
    """Return the response components for 304 and some kinds of problem; `problem` is their schema's name."""
    not_modified: PlainObject = {
        "description": "The answer is still the one that `If-None-Match` names.",
        "headers": thaw_object(_CACHING),
    }
    return {_NOT_MODIFIED: not_modified, **{_name(kind): _response(kind, problem, prefix) for kind in kinds}}


def _response(kind: ProblemKind, problem: str, prefix: str) -> PlainObject:
    headers: PlainObject = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
    if kind in (CACHE_UNAVAILABLE, RATE_LIMITED):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if kind is UNAUTHENTICATED:
        headers |= thaw_object(_CHALLENGE)
    path, detail, members = _OCCURRENCES[kind]
    example: PlainObject = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": prefix + path,
        "request_id": _REQUEST_ID,
        **thaw_object(members),
    }
    content = json_content("application/problem+json", problem, example)
    return {"description": kind.description, "headers": headers, "content": content}


def _name(kind: ProblemKind) -> str:
    return "".join(word.capitalize() for word in kind.name.split("-"))
