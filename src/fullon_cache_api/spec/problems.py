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
    CORRUPT_CACHE,
    CACHE_UNAVAILABLE,
    AUTHENTICATION_UNAVAILABLE,
    CACHE_TIMEOUT,
    INTERNAL_ERROR,
)
