"""A typed client of the gateway: `pip install fullon-cache-api[client]`.

It needs httpx and nothing that serves. The methods and types in `client.endpoints` are written by
`fullon-cache-api client`, from endpoints.yaml; for a spec of your own that command writes such a module too.
"""

try:
    import httpx  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError('the client needs httpx: pip install "fullon-cache-api[client]"') from error

from fullon_cache_api.client.endpoints import AsyncCacheClient, CacheClient
from fullon_cache_api.client.errors import (
    AmbiguousOrder,
    AnswerTooLarge,
    AuthenticationUnavailable,
    BadParameters,
    BadRequest,
    BatchTooLarge,
    CacheTimeout,
    CacheUnavailable,
    ClientError,
    CorruptCache,
    Forbidden,
    HeadersTooLarge,
    InternalError,
    MethodNotAllowed,
    Misdirected,
    NoSuchEndpoint,
    NotCached,
    Overloaded,
    ParameterMistake,
    ProblemError,
    RateLimited,
    RequestTimeout,
    TargetTooLong,
    TransportError,
    Unauthenticated,
    UnexpectedAnswer,
)
from fullon_cache_api.client.stale import stale_age

__all__ = [
    "AmbiguousOrder",
    "AnswerTooLarge",
    "AsyncCacheClient",
    "AuthenticationUnavailable",
    "BadParameters",
    "BadRequest",
    "BatchTooLarge",
    "CacheClient",
    "CacheTimeout",
    "CacheUnavailable",
    "ClientError",
    "CorruptCache",
    "Forbidden",
    "HeadersTooLarge",
    "InternalError",
    "MethodNotAllowed",
    "Misdirected",
    "NoSuchEndpoint",
    "NotCached",
    "Overloaded",
    "ParameterMistake",
    "ProblemError",
    "RateLimited",
    "RequestTimeout",
    "TargetTooLong",
    "TransportError",
    "Unauthenticated",
    "UnexpectedAnswer",
    "stale_age",
]
