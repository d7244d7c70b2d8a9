"""What an endpoint demands of a request: that it says who asks, and that he may."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from fullon_cache_api.spec.security import ApiKeyScheme, BearerScheme, Owner, SecurityScheme

from .api_key import KeyRing
from .principal import BadToken, Forbidden, Principal, Unauthenticated

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Headers as ASGI gives them: names in small letters."""

REALM = "fullon-cache-api"
_AUTHORIZATION = b"authorization"
_BLANKS = b" \t"
"""What may stand around a field's value, and is no part of it (RFC 9110, section 5.5)."""

_BEARER = re.compile(rb"bearer(?: +([A-Za-z0-9._~+/-]+)=*)?[ \t]*", re.IGNORECASE)
"""RFC 6750, section 2.1; without a token it is a bearer's all the same, and a bad one.

What pads a token is no part of it (RFC 7515, section 2): with and without, it is the same holder's.
"""


class Rings(Protocol):
    """Where the keys are that were given out; they change while the gateway runs."""

    @property
    def value(self) -> KeyRing:
        """The keys as they are."""


class Verifier(Protocol):
    """What knows and verifies tokens."""

    def remembered(self, token: bytes) -> Principal | None:
        """Return whom a token was given to that was verified before, and still holds."""

    def holder(self, token: bytes) -> Principal | None:
        """Return whom a token was given to that was verified before, also while keys are waited for."""

    async def verify(self, token: bytes) -> Principal:
        """Return whom a token was given to; raises BadToken and AuthenticationUnavailable."""


class Requirement:
    """One of some schemes, all of some scopes, and an owner, as an endpoint demands them; made at load.

    Where a request has both a key and a token, the scheme that is named first decides.
    """

    __slots__ = (
        "_challenges",
        "_clock",
        "_header",
        "_is_key_first",
        "_keys",
        "_owner",
        "_scopes",
        "_tokens",
    )

    def __init__(
        self,
        schemes: Sequence[SecurityScheme],
        scopes: tuple[str, ...],
        owner: Owner | None,
        keys: Rings | None,
        tokens: Verifier | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        header = next((each.header for each in schemes if isinstance(each, ApiKeyScheme)), None)
        takes_tokens = any(isinstance(each, BearerScheme) for each in schemes)
        self._header = None if header is None else header.lower().encode()
        self._is_key_first = isinstance(schemes[0], ApiKeyScheme)
        self._keys = keys
        self._tokens = tokens if takes_tokens else None
        self._scopes = scopes
        self._owner = owner
        self._clock = clock
        self._challenges = tuple(_challenge(each) for each in schemes)

    def look(self, headers: Headers) -> Principal | bytes:
        """Return who asks, or the token that is yet to be verified; raises Unauthenticated."""
        key: bytes | None = None
        authorization: bytes | None = None
        header, tokens = self._header, self._tokens
        for name, value in headers:
            if name == header:
                if key is not None:
                    raise self._refused("two keys are given")
                key = value.strip(_BLANKS)
            elif tokens is not None and name == _AUTHORIZATION and _BEARER.match(value):
                if authorization is not None:
                    raise self._refused("two tokens are given")
                authorization = value
        if key is not None and (self._is_key_first or authorization is None):
            return self._holder(key)
        if authorization is not None:
            return self._bearer(authorization)
        raise Unauthenticated("nothing says who asks", self._challenges, given=False)

    def name_of(self, headers: Headers) -> str | None:
        """Return whose the key or the token is that is given, None where that is not known at once.

        Of a good one and a bad one the good one counts, whichever an endpoint prefers: with what is refused
        nobody becomes somebody else.
        """
        for name, value in headers:
            if name == self._header and self._keys is not None:
                who = self._keys.value.find(value.strip(_BLANKS), self._clock)
            elif name == _AUTHORIZATION and self._tokens is not None:
                match = _BEARER.fullmatch(value)
                who = self._tokens.holder(match[1]) if match is not None and match[1] else None
            else:
                continue
            if who is not None:
                return f"{'token' if who.is_bearer else 'key'} {who.id}"
        return None

    async def verify(self, token: bytes) -> Principal:
        """Return whom a token was given to; raises Unauthenticated and AuthenticationUnavailable."""
        assert self._tokens is not None
        try:
            return await self._tokens.verify(token)
        except BadToken as error:
            raise self._refused(error.reason, expired=error.expired) from None

    def admit(self, who: Principal, owner: str | None) -> None:
        """Let in who may ask; `owner` is the value that names whose the answer is. Raises Forbidden."""
        if not who.scopes.issuperset(self._scopes):
            missing = tuple(scope for scope in self._scopes if scope not in who.scopes)
            raise Forbidden(missing, self._insufficient(who))
        whose = self._owner
        if whose is None or whose.unless in who.scopes:
            return
        if owner is None or owner not in who.claims.get(whose.claim, ()):
            raise Forbidden((), self._insufficient(who))

    def _holder(self, key: bytes) -> Principal:
        assert self._keys is not None
        who = self._keys.value.find(key, self._clock)
        if who is None:
            raise self._refused("no such key")
        return who

    def _bearer(self, authorization: bytes) -> Principal | bytes:
        assert self._tokens is not None
        match = _BEARER.fullmatch(authorization)
        token: bytes | None = match[1] if match is not None else None
        if token is None:
            raise self._refused("the token is none")
        return self._tokens.remembered(token) or token

    def _refused(self, reason: str, *, expired: bool = False) -> Unauthenticated:
        challenges = tuple(
            f'{each}, error="invalid_token"' if each.startswith("Bearer ") else each
            for each in self._challenges
        )
        return Unauthenticated(reason, challenges, given=True, expired=expired)

    def _insufficient(self, who: Principal) -> tuple[str, ...]:
        if not who.is_bearer:
            return ()
        scope = f', scope="{" ".join(self._scopes)}"' if self._scopes else ""
        return (f'Bearer realm="{REALM}", error="insufficient_scope"{scope}',)


def _challenge(scheme: SecurityScheme) -> str:
    if isinstance(scheme, BearerScheme):
        return f'Bearer realm="{REALM}"'
    # No scheme for keys in a header is registered: this one says where the key goes.
    return f'ApiKey realm="{REALM}", header="{scheme.header}"'
