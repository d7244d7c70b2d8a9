"""Errors as problem details: which kind each is, and that every one is what its schema says."""

import msgspec
import pytest
from asgi import shipped_schema

from fullon_cache_api.auth.principal import AuthenticationUnavailable, Forbidden, Unauthenticated
from fullon_cache_api.cache.errors import (
    CacheError,
    CacheTimeout,
    CacheUnavailable,
    CommandRefused,
    CorruptValue,
)
from fullon_cache_api.http.parameters import BadParameters, ParameterMistake
from fullon_cache_api.http.problems import (
    AnswerTooLarge,
    BadRequest,
    BatchTooLarge,
    HeadersTooLarge,
    MethodNotAllowed,
    Misdirected,
    NoSuchEndpoint,
    NotCached,
    Overloaded,
    RateLimited,
    RequestTimeout,
    TargetTooLong,
    explain,
    problem_body,
)
from fullon_cache_api.reads.orders import AmbiguousOrder
from fullon_cache_api.spec.problems import PROBLEMS

LOG_SAYS_WHY = "The gateway failed; its log says why."


class OurOwn(CorruptValue):
    """An error that nobody has said anything of."""


ERRORS: list[tuple[Exception, str, int, str, dict[str, object]]] = [
    (NotCached(), "not-cached", 404, "The cache does not hold what the path names.", {}),
    (NoSuchEndpoint(), "no-such-endpoint", 404, "No endpoint has this path.", {}),
    (MethodNotAllowed(), "method-not-allowed", 405, "This path answers GET, HEAD and OPTIONS.", {}),
    (
        BadParameters(
            [
                ParameterMistake("path", "id", "is bad"),
                ParameterMistake("query", "limit", "is bad"),
                ParameterMistake("query", "limit", "is worse"),
                ParameterMistake("query", "limit", "is bad"),
            ]
        ),
        "bad-parameters",
        400,
        "These parameters cannot be used: id, limit.",
        {
            "errors": [
                {"in": "path", "name": "id", "message": "is bad"},
                {"in": "query", "name": "limit", "message": "is bad"},
                {"in": "query", "name": "limit", "message": "is worse"},
            ]
        },
    ),
    (
        BadParameters([ParameterMistake("query", "", "there are too many")]),
        "bad-parameters",
        400,
        "The query cannot be used.",
        {"errors": [{"in": "query", "name": "", "message": "there are too many"}]},
    ),
    (
        Unauthenticated("nothing says who asks", ("Bearer",), given=False),
        "unauthenticated",
        401,
        "This is only for those who say who they are: send an API key or a token.",
        {},
    ),
    (
        Unauthenticated("no such key", ("Bearer",), given=True),
        "unauthenticated",
        401,
        "The API key or token is not accepted.",
        {},
    ),
    (
        Unauthenticated("the token has expired", ("Bearer",), given=True, expired=True),
        "unauthenticated",
        401,
        "The token has expired.",
        {},
    ),
    (
        Forbidden(("accounts:read", "accounts:all")),
        "forbidden",
        403,
        "The key or token lacks accounts:read accounts:all.",
        {"scopes": ["accounts:read", "accounts:all"]},
    ),
    (Forbidden(()), "forbidden", 403, "What the request names is somebody else's.", {}),
    (
        AuthenticationUnavailable("secret"),
        "authentication-unavailable",
        503,
        "No token can be verified now: the keys that they are signed with cannot be had.",
        {},
    ),
    (
        AmbiguousOrder("7", ("binance", "kraken")),
        "ambiguous-order",
        409,
        "The order id is cached on binance, kraken: say which with ?exchange=.",
        {"exchanges": ["binance", "kraken"]},
    ),
    (
        BatchTooLarge(4_000_000),
        "batch-too-large",
        413,
        "The answers of a batch come to 4,000,000 bytes at most: ask for this one by itself.",
        {},
    ),
    (
        AnswerTooLarge(2_000),
        "answer-too-large",
        413,
        "An answer has 2,000 bytes at most: ask for less of it.",
        {},
    ),
    (BadRequest(), "bad-request", 400, "The request cannot be read.", {}),
    (
        Misdirected(),
        "misdirected",
        421,
        "Only this machine may ask, under its own names: localhost, or a loopback address.",
        {},
    ),
    (RequestTimeout(), "request-timeout", 408, "The rest of the request did not come in time.", {}),
    (TargetTooLong(1_000), "target-too-long", 414, "The path and the query have 1,000 bytes at most.", {}),
    (
        RateLimited(7),
        "rate-limited",
        429,
        "These are more requests than one client may make: again in 7 s.",
        {},
    ),
    (
        HeadersTooLarge(),
        "headers-too-large",
        431,
        "There are too many header fields, or too long ones.",
        {},
    ),
    (
        Overloaded("requests"),
        "overloaded",
        503,
        "There are too many requests at once: again in a moment.",
        {},
    ),
    (
        CorruptValue("tickers:binance", "it is not JSON", "BTC/USDT"),
        "corrupt-cache",
        502,
        "What is cached at tickers:binance BTC/USDT cannot be used: it is not JSON.",
        {"key": "tickers:binance"},
    ),
    (
        OurOwn("accounts", "it holds another Redis type"),
        "corrupt-cache",
        502,
        "What is cached at accounts cannot be used: it holds another Redis type.",
        {"key": "accounts"},
    ),
    (CacheUnavailable("loading"), "cache-unavailable", 503, "Redis cannot be read now: loading.", {}),
    (CacheTimeout(), "cache-timeout", 504, "What Redis has was not there before the request's deadline.", {}),
    (CommandRefused("SET"), "internal-error", 500, LOG_SAYS_WHY, {}),
    (CacheError("secret"), "internal-error", 500, LOG_SAYS_WHY, {}),
    (ZeroDivisionError("secret"), "internal-error", 500, LOG_SAYS_WHY, {}),
]


@pytest.mark.parametrize(("error", "name", "status", "detail", "members"), ERRORS, ids=[e[1] for e in ERRORS])
def test_each_error_is_a_problem_of_its_kind_and_fits_the_schema(
    error: Exception, name: str, status: int, detail: str, members: dict[str, object]
) -> None:
    body = problem_body(explain(error), "/api/x", "id-1")
    assert body == {
        "type": f"/problems/{name}",
        "title": name.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": "/api/x",
        "request_id": "id-1",
        **members,
    }
    assert shipped_schema("problem.json").is_valid(msgspec.json.decode(msgspec.json.encode(body)))


def test_every_kind_of_problem_is_the_kind_of_some_error() -> None:
    assert {explain(error).kind for error, *_ in ERRORS} == set(PROBLEMS)


def test_who_is_not_let_in_is_told_how_he_could_be() -> None:
    text = explain(Unauthenticated("no such key", ('ApiKey realm="x"', 'Bearer realm="x"'), given=True))
    assert text.headers == (
        (b"www-authenticate", b'ApiKey realm="x"'),
        (b"www-authenticate", b'Bearer realm="x"'),
    )
    assert explain(Forbidden((), ("Bearer",))).headers == ((b"www-authenticate", b"Bearer"),)
    assert explain(AuthenticationUnavailable("")).headers == ((b"retry-after", b"1"),)
