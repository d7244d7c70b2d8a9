"""Bearer tokens: JWTs that are verified by one algorithm, for one issuer and one audience."""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any

import jwt

from fullon_cache_api.spec.security import BearerScheme

from .key_source import KeySource
from .principal import BadToken, Principal

LONGEST = 8_192
"""Bytes of a token: longer ones are not looked at."""

REMEMBERED = 4_096
"""Tokens that were verified and have not expired, the last used ones."""


LONGEST_REMEMBERED = 86_400
"""Seconds after which a token is verified again, though it has not expired."""


_SURROGATE = re.compile("[\ud800-\udfff]")
"""What JSON can hold and UTF-8 cannot."""


class _UnknownKey(Exception):
    """A token names a key that is not known yet."""


class Tokens:
    """Verifies tokens of one scheme; `claims` are those that ownership is about, and all that is kept.

    A token that was verified is known by its digest until it expires, or the keys change: only such tokens
    are remembered, so that nobody fills the memory with others. Times are seconds since 1970.
    """

    def __init__(
        self,
        scheme: BearerScheme,
        source: KeySource,
        claims: Collection[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._scheme = scheme
        self._source = source
        self._claims = tuple(claims)
        self._clock = clock
        self._version: object = None
        self._known: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    def remembered(self, token: bytes) -> Principal | None:
        """Return whom a token was given to that was verified before, and still holds."""
        return None if self._source.version is None else self.holder(token)

    def holder(self, token: bytes) -> Principal | None:
        """Return whom a token was given to that was verified before, also while keys are waited for."""
        version = self._source.version
        if version is not None and version is not self._version:
            self._known.clear()
            return None
        digest = _digest(token)
        found = self._known.get(digest)
        if found is None:
            return None
        principal, until = found
        if self._clock() >= until:
            del self._known[digest]
            return None
        self._known.move_to_end(digest)
        return principal

    async def verify(self, token: bytes) -> Principal:
        """Return whom a token was given to; raises BadToken and AuthenticationUnavailable."""
        if len(token) > LONGEST:
            raise BadToken("the token is too long")
        try:
            return self._verify(token)
        except _UnknownKey:
            await self._source.renew()
        try:
            return self._verify(token)
        except _UnknownKey:
            raise BadToken("no such key") from None

    def _verify(self, token: bytes) -> Principal:
        version = self._source.version
        claims = self._decode(token)
        names = [*_texts(claims.get("sub")), _digest(token).hex()]
        scopes = claims.get(self._scheme.scopes_claim)
        granted = scopes.split(" ") if isinstance(scopes, str) else _texts(scopes)
        held = {name: frozenset(_texts(claims.get(name))) for name in self._claims}
        principal = Principal(names[0], frozenset(filter(None, granted)), held, is_bearer=True)
        # PyJWT takes integers of any size for a time; no float does.
        until = min(int(claims["exp"]), int(self._clock()) + LONGEST_REMEMBERED) + self._scheme.leeway
        self._remember(token, principal, until, version)
        return principal

    def _decode(self, token: bytes) -> dict[str, Any]:
        scheme = self._scheme
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != scheme.algorithm:
                raise BadToken("the token is signed otherwise")
            key = self._source.find(header.get("kid"))
            if key is None:
                raise _UnknownKey
            # PyJWT declares no bytes among the keys of its own types.
            return jwt.decode(
                token,
                key,
                algorithms=[scheme.algorithm],
                audience=scheme.audience,
                issuer=scheme.issuer,
                leeway=scheme.leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (BadToken, _UnknownKey):
            raise
        except jwt.ExpiredSignatureError:
            raise BadToken("the token has expired", expired=True) from None
        except Exception as error:
            # Whatever a token does to who verifies it, it is not verified; the text could repeat it.
            raise BadToken(f"the token is not valid ({type(error).__name__})") from None

    def _remember(self, token: bytes, principal: Principal, until: float, version: object) -> None:
        if version is not self._version:
            self._known.clear()
            self._version = version
        self._known[_digest(token)] = (principal, until)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _texts(value: object) -> list[str]:
    """Return what a claim holds as texts: one, or several; halves of surrogate pairs are none."""
    values = value if isinstance(value, list) else [value]
    texts = [str(one) for one in values if isinstance(one, (str, int)) and not isinstance(one, bool)]
    return [text for text in texts if not _SURROGATE.search(text)]
