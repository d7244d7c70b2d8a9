"""The kinds of problem that the gateway answers with, as RFC 9457 names them.

They stand here because two rooms that do not know each other need the same table: the one that answers
requests, and the one that documents the answers.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem; `description` says to a reader of the documentation when it is answered."""

    name: str
    status: int
    title: str
    description: str

    @property
    def type(self) -> str:
        """Return the problem type, a URI reference (RFC 9457, section 3.1.1)."""
        return f"/problems/{self.name}"


NOT_CACHED = ProblemKind(
    "not-cached",
    404,
    "Not cached",
    "The path is known, but the cache does not hold what it names.",
)
NO_SUCH_ENDPOINT = ProblemKind(
    "no-such-endpoint",
    404,
    "No such endpoint",
    "No endpoint has this path.",
)
METHOD_NOT_ALLOWED = ProblemKind(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The gateway only reads: it answers GET, HEAD and OPTIONS.",
)
BAD_PARAMETERS = ProblemKind(
    "bad-parameters",
    400,
    "Bad parameters",
    "A parameter does not fit its schema, is given twice, is missing, or is none of the endpoint's.",
)
UNAUTHENTICATED = ProblemKind(
    "unauthenticated",
    401,
    "Unauthenticated",
    "The request has no API key or token, or none that can be believed.",
)
FORBIDDEN = ProblemKind(
    "forbidden",
    403,
    "Forbidden",
    "The key or token lacks a scope, or the answer is somebody else's.",
)
AMBIGUOUS_ORDER = ProblemKind(
    "ambiguous-order",
    409,
    "Ambiguous order",
    "The id names more than one cached order.",
)
BATCH_TOO_LARGE = ProblemKind(
    "batch-too-large",
    413,
    "Batch too large",
    "The answers of a batch come to more than it may hold; this one is to be asked for by itself.",
)
ANSWER_TOO_LARGE = ProblemKind(
    "answer-too-large",
    413,
    "Answer too large",
    "The answer has more bytes than the gateway sends; a part of it can be asked for.",
)
BAD_REQUEST = ProblemKind(
    "bad-request",
    400,
    "Bad request",
    "What came is not HTTP.",
)
REQUEST_TIMEOUT = ProblemKind(
    "request-timeout",
    408,
    "Request timeout",
    "The rest of the request did not come in time.",
)
TARGET_TOO_LONG = ProblemKind(
    "target-too-long",
    414,
    "Target too long",
    "The path and the query together are longer than the gateway takes.",
)
MISDIRECTED = ProblemKind(
    "misdirected",
    421,
    "Misdirected",
    "The Host of the request is not one that the gateway answers for.",
)
HEADERS_TOO_LARGE = ProblemKind(
    "headers-too-large",
    431,
    "Headers too large",
    "The request has more header fields, or longer ones, than the gateway takes.",
)
RATE_LIMITED = ProblemKind(
    "rate-limited",
    429,
    "Rate limited",
    "The client has made more requests than it may; Retry-After says when it may make the next one.",
)
CORRUPT_CACHE = ProblemKind(
    "corrupt-cache",
    502,
    "Corrupt cache",
    "The cache holds something under the key that is not what fullon_cache writes there.",
)
CACHE_UNAVAILABLE = ProblemKind(
    "cache-unavailable",
    503,
    "Cache unavailable",
    "Redis cannot be reached, or refuses to answer.",
)
AUTHENTICATION_UNAVAILABLE = ProblemKind(
    "authentication-unavailable",
    503,
    "Authentication unavailable",
    "The keys that tokens are signed with cannot be had.",
)
CACHE_TIMEOUT = ProblemKind(
    "cache-timeout",
    504,
    "Cache timeout",
    "Redis did not answer in time.",
)
OVERLOADED = ProblemKind(
    "overloaded",
    503,
    "Overloaded",
    "The gateway has as much to do as it may have at a time.",
)
INTERNAL_ERROR = ProblemKind(
    "internal-error",
    500,
    "Internal error",
    "The gateway failed in a way that nobody foresaw.",
)

PROBLEMS = (
    NOT_CACHED,
    NO_SUCH_ENDPOINT,
    METHOD_NOT_ALLOWED,
    BAD_PARAMETERS,
    UNAUTHENTICATED,
    FORBIDDEN,
    AMBIGUOUS_ORDER,
    BATCH_TOO_LARGE,
    ANSWER_TOO_LARGE,
    BAD_REQUEST,
    REQUEST_TIMEOUT,
    TARGET_TOO_LONG,
    MISDIRECTED,
    HEADERS_TOO_LARGE,
    RATE_LIMITED,
    OVERLOADED,
    CORRUPT_CACHE,
    CACHE_UNAVAILABLE,
    AUTHENTICATION_UNAVAILABLE,
    CACHE_TIMEOUT,
    INTERNAL_ERROR,
)
