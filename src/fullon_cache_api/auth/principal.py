"""Who asks, and why somebody is not let in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Claims: TypeAlias = Mapping[str, frozenset[str]]
"""What a key or a token says of its holder: the values of each claim, as texts."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a key or a token was given to: what he may do, and whose answers he may read.

    `id` is that of the key, or the `sub` of the token; `is_bearer` says which.
    """

    id: str
    scopes: frozenset[str]
    claims: Claims
    is_bearer: bool = False


class Unauthenticated(Exception):
    """A request does not say who asks, or what says so cannot be believed; no text of it is ever repeated.

    `reason` is for the log; `expired` tells a client that another token is all it needs. `challenges` are the
    values of WWW-Authenticate (RFC 9110, section 11.6.1).
    """

    def __init__(
        self, reason: str, challenges: tuple[str, ...], *, given: bool, expired: bool = False
    ) -> None:
        self.reason = reason
        self.challenges = challenges
        self.given = given
        self.expired = expired
        super().__init__(reason)


class Forbidden(Exception):
    """Somebody known may not do this: he lacks scopes, or the answer is somebody else's.

    `challenges` are the values of WWW-Authenticate, of tokens alone (RFC 6750, section 3.1).
    """

    def __init__(self, missing: tuple[str, ...], challenges: tuple[str, ...] = ()) -> None:
        self.missing = missing
        self.challenges = challenges
        super().__init__(f"lacks {' '.join(missing)}" if missing else "is not the owner")


class BadToken(Exception):
    """A token that cannot be believed; `expired` where that is all that is wrong with it."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        self.reason = reason
        self.expired = expired
        super().__init__(reason)


class AuthenticationUnavailable(Exception):
    """Whether a token can be believed cannot be said now: the keys that it is signed with cannot be had."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class AuthError(ValueError):
    """What authentication needs cannot be used; `place` is the setting or file, whose content is not told."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}")
