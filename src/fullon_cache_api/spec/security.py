"""Who may read what: the schemes by which a request says who asks, and what an endpoint demands of them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256"]

DEFAULT_LEEWAY = 30.0
"""Seconds that the clocks of who makes tokens and of the gateway may differ by."""

LONGEST_LEEWAY = 300
DEFAULT_SCOPES_CLAIM = "scope"
"""Where a token has its scopes (RFC 8693, section 4.2)."""


@dataclass(frozen=True, slots=True)
class ApiKeyScheme:
    """An API key in a header of its own: OpenAPI's Security Scheme Object of type `apiKey`.

    `header` is the header's name as the file spells it.
    """

    name: str
    header: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class BearerScheme:
    """A JWT in `Authorization: Bearer`: a Security Scheme Object of type `http`, and how it is verified.

    `jwks` is the address or the file of the keys, None for HS256; `leeway` is in seconds.
    """

    name: str
    algorithm: Algorithm
    issuer: str
    audience: str
    jwks: str | None
    leeway: float = DEFAULT_LEEWAY
    scopes_claim: str = DEFAULT_SCOPES_CLAIM
    description: str = ""

    @property
    def header(self) -> str:
        """The header that has the token (RFC 6750, section 2.1)."""
        return "Authorization"


SecurityScheme: TypeAlias = ApiKeyScheme | BearerScheme


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an answer is: the value of `param` must be among those of the `claim` of who asks.

    Who has the scope `unless` may ask for everybody's.
    """

    param: str
    claim: str
    unless: str | None = None


def is_url(jwks: str) -> bool:
    """Whether a key set is at an address, and not in a file."""
    return jwks.startswith(("https://", "http://"))
