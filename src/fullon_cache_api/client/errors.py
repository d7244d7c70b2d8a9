"""What a call can fail with.

ClientError
├── TransportError        no answer came: refused, reset, timed out
├── UnexpectedAnswer      an answer that is none of the gateway's
└── ProblemError          problem details (RFC 9457), of a kind that is none of these:
    ├── BadParameters       400
    ├── BadRequest          400
    ├── Unauthenticated     401
    ├── Forbidden           403
    ├── NotCached           404
    ├── NoSuchEndpoint      404
    ├── MethodNotAllowed    405
    ├── RequestTimeout      408
    ├── AmbiguousOrder      409
    ├── AnswerTooLarge      413
    ├── BatchTooLarge       413
    ├── TargetTooLong       414
    ├── Misdirected         421
    ├── RateLimited         429
    ├── HeadersTooLarge     431
    ├── InternalError       500
    ├── CorruptCache        502
    ├── CacheUnavailable    503
    ├── Overloaded          503
    ├── AuthenticationUnavailable  503
    └── CacheTimeout        504
"""

from dataclasses import dataclass, fields
from typing import Literal


@dataclass(frozen=True, slots=True)
class ParameterMistake:
    """One parameter that the gateway cannot use."""

    location: Literal["path", "query"]
    name: str
    message: str


class ClientError(Exception):
    """A call that has no answer to give."""

    def __post_init__(self) -> None:
        # Exceptions are pickled and copied by their args.
        self.args = tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]


@dataclass(eq=False)
class TransportError(ClientError):
    """No whole answer came; the error of httpx is its `__cause__`.

    `target` is the path and query below the base URL.
    """

    target: str
    reason: str

    def __str__(self) -> str:
        """Say what was asked for, and why nothing came."""
        return f"GET {self.target}: {self.reason}"


@dataclass(eq=False)
class UnexpectedAnswer(ClientError):
    """An answer that is neither what the endpoint gives nor a problem; a proxy's page, say."""

    target: str
    status: int
    reason: str
    body: bytes

    def __str__(self) -> str:
        """Say what was asked for, and what is wrong with the answer; the body is not shown."""
        return f"GET {self.target}: {self.status}, {self.reason}"


@dataclass(eq=False)
class ProblemError(ClientError):
    """The gateway says why the request failed, in the members of RFC 9457 and some of its own.

    `errors` are the parameters that are wrong, `key` is the Redis key whose value is corrupt, `exchanges` are
    those that hold an order of the id, `scopes` are those that the key or token lacks, `retry_after` are the
    seconds after which a new attempt makes sense.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: tuple[ParameterMistake, ...] = ()
    key: str | None = None
    exchanges: tuple[str, ...] = ()
    retry_after: float | None = None
    scopes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say what the problem says."""
        text = f"{self.status} {self.title}: {self.detail}"
        mistakes = "; ".join(f"{m.location} {m.name}: {m.message}" for m in self.errors)
        return f"{text} ({mistakes})" if mistakes else text


class BadParameters(ProblemError):
    """A parameter does not fit its schema; `errors` names each one."""


class NotCached(ProblemError):
    """The cache does not hold what the request names."""


class NoSuchEndpoint(ProblemError):
    """The gateway has no such path: another prefix, another spec."""


class MethodNotAllowed(ProblemError):
    """The path exists, and is only read."""


class Unauthenticated(ProblemError):
    """The gateway wants to know who asks: no key or token, or one that it does not accept."""


class Forbidden(ProblemError):
    """The key or token may not do this; `scopes` are those that it lacks: none where it is not the owner."""


class AmbiguousOrder(ProblemError):
    """Several exchanges hold an order of the id; `exchanges` names them."""


class BatchTooLarge(ProblemError):
    """The answers of a batch come to more than it may hold; this one is to be asked for by itself."""


class AnswerTooLarge(ProblemError):
    """The answer has more bytes than the gateway sends; ask for less of it."""


class BadRequest(ProblemError):
    """What the gateway got is not HTTP."""


class Misdirected(ProblemError):
    """The gateway answers this machine alone, and under its own names."""


class RequestTimeout(ProblemError):
    """The rest of the request did not reach the gateway in time."""


class TargetTooLong(ProblemError):
    """The path and the query together are longer than the gateway takes."""


class HeadersTooLarge(ProblemError):
    """The request has more header fields, or longer ones, than the gateway takes."""


class RateLimited(ProblemError):
    """More requests than the gateway allows, after the retries too; `retry_after` says when to go on."""


class Overloaded(ProblemError):
    """The gateway has too much to do, and had after the retries too."""


class InternalError(ProblemError):
    """The gateway failed; its log has the `request_id`."""


class CorruptCache(ProblemError):
    """What is cached cannot be used; `key` says where."""


class CacheUnavailable(ProblemError):
    """Redis cannot be read, and could not after the retries either."""


class AuthenticationUnavailable(ProblemError):
    """The gateway cannot verify tokens now, and could not after the retries either."""


class CacheTimeout(ProblemError):
    """What Redis has was not there before the gateway's deadline."""


PROBLEMS: dict[str, type[ProblemError]] = {
    "/problems/bad-parameters": BadParameters,
    "/problems/not-cached": NotCached,
    "/problems/no-such-endpoint": NoSuchEndpoint,
    "/problems/method-not-allowed": MethodNotAllowed,
    "/problems/unauthenticated": Unauthenticated,
    "/problems/forbidden": Forbidden,
    "/problems/ambiguous-order": AmbiguousOrder,
    "/problems/batch-too-large": BatchTooLarge,
    "/problems/answer-too-large": AnswerTooLarge,
    "/problems/bad-request": BadRequest,
    "/problems/misdirected": Misdirected,
    "/problems/request-timeout": RequestTimeout,
    "/problems/target-too-long": TargetTooLong,
    "/problems/headers-too-large": HeadersTooLarge,
    "/problems/rate-limited": RateLimited,
    "/problems/overloaded": Overloaded,
    "/problems/internal-error": InternalError,
    "/problems/corrupt-cache": CorruptCache,
    "/problems/cache-unavailable": CacheUnavailable,
    "/problems/authentication-unavailable": AuthenticationUnavailable,
    "/problems/cache-timeout": CacheTimeout,
}
"""The errors by problem type."""
