"""Responses that are the same everywhere: one component for each kind of problem, and for 304."""

from collections.abc import Iterable, Iterator, Mapping

from ..spec.json import JsonObject, PlainJson, PlainObject, thaw_object
from ..spec.model import Endpoint
from ..spec.problems import (
    AMBIGUOUS_ORDER,
    BAD_PARAMETERS,
    CACHE_TIMEOUT,
    CACHE_UNAVAILABLE,
    CORRUPT_CACHE,
    INTERNAL_ERROR,
    NOT_CACHED,
    ProblemKind,
)
from .schemas import json_content

HEADERS: JsonObject = {
    "ETag": {
        "description": "Entity tag of the answer, to be sent back in `If-None-Match`.",
        "schema": {"type": "string"},
        "example": '"9a3f1c5e7b2d4860"',
    },
    "CacheControl": {
        "description": "How long the answer may be reused, in seconds, or `no-store`.",
        "schema": {"type": "string"},
        "example": "max-age=1",
    },
    "RetryAfter": {
        "description": "Seconds after which a new attempt makes sense.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
}

_CACHING: JsonObject = {
    "ETag": {"$ref": "#/components/headers/ETag"},
    "Cache-Control": {"$ref": "#/components/headers/CacheControl"},
}
_NOT_MODIFIED = "NotModified"

# What each kind says in its example: the request's path below the prefix, the detail, further members.
_OCCURRENCES: Mapping[ProblemKind, tuple[str, str, JsonObject]] = {
    BAD_PARAMETERS: (
        "/ohlcv/BTC-USDT/1m",
        "1 parameter is not valid.",
        {"errors": [{"in": "query", "name": "count", "message": "0 is less than the minimum of 1"}]},
    ),
    NOT_CACHED: ("/tickers/binance/BTC-USDT", "The cache holds no ticker of BTC-USDT on binance.", {}),
    AMBIGUOUS_ORDER: (
        "/orders/28457193/status",
        "Several exchanges hold an order of this id: name one.",
        {"exchanges": ["binance", "kraken"]},
    ),
    INTERNAL_ERROR: ("/tickers/binance/BTC-USDT", "The log says more under this request's id.", {}),
    CORRUPT_CACHE: (
        "/tickers/binance/BTC-USDT",
        "The cached value is not valid JSON.",
        {"key": "tickers:binance"},
    ),
    CACHE_UNAVAILABLE: ("/tickers/binance/BTC-USDT", "Redis refused the connection.", {}),
    CACHE_TIMEOUT: ("/tickers/binance/BTC-USDT", "Redis did not answer within 2 s.", {}),
}


def problems_of(endpoint: Endpoint) -> Iterator[ProblemKind]:
    """Yield the kinds of problem that a request which fits the endpoint's path can be answered with."""
    yield BAD_PARAMETERS
    # A single thing that always is has `empty: 404` too, which then never comes about.
    if endpoint.empty == 404 and (endpoint.read.absent or endpoint.is_collection):
        yield NOT_CACHED
    if endpoint.read.ambiguous:
        yield AMBIGUOUS_ORDER
    yield from (INTERNAL_ERROR, CORRUPT_CACHE, CACHE_UNAVAILABLE, CACHE_TIMEOUT)


def operation_responses(endpoint: Endpoint, schema: str, example: PlainJson) -> PlainObject:
    """Return the `responses` of an endpoint's operation; `schema` is the component of its answer."""
    return {
        "200": {
            "description": "The answer.",
            "headers": thaw_object(_CACHING),
            "content": json_content("application/json", schema, example),
        },
        "304": {"$ref": f"#/components/responses/{_NOT_MODIFIED}"},
        **problem_references(problems_of(endpoint)),
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
    response: PlainObject = {"description": kind.description}
    if kind is CACHE_UNAVAILABLE:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    path, detail, members = _OCCURRENCES[kind]
    example: PlainObject = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": prefix + path,
        "request_id": "0f8c2b7e5d1a4c39",
        **thaw_object(members),
    }
    response["content"] = json_content("application/problem+json", problem, example)
    return response


def _name(kind: ProblemKind) -> str:
    return "".join(word.capitalize() for word in kind.name.split("-"))
