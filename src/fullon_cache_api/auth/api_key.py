"""API keys: how one is made, what is stored of it, and whether a text is one that was given out."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .principal import Claims, Principal

PREFIX = "fca"
"""How every key begins, so that people and scanners of leaked secrets know one when they see it."""

_SEPARATOR = ord("_")
_ID_BYTES = 6
_SECRET_BYTES = 32
_SALT_BYTES = 16
_START = f"{PREFIX}_".encode()
_ID_END = len(_START) + 2 * _ID_BYTES
_LENGTH = _ID_END + 1 + 2 * _SECRET_BYTES


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is stored of a key: no part of its secret, but a salted hash of that.

    The hash is SHA-256, which is fast, on purpose: slow ones are for passwords, which can be guessed. The
    secret is 256 random bits, so that nobody finds one by trying, whatever a try costs; and a slow hash would
    let anybody keep the gateway busy. Times are seconds since 1970.
    """

    id: str
    name: str
    salt: bytes
    hash: bytes
    principal: Principal
    created: float
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, and its text, which is nowhere else."""

    key: ApiKey
    text: str

    def __repr__(self) -> str:
        """Return what can be shown: the text cannot."""
        return f"NewKey({self.key!r})"


def make_key(
    name: str,
    scopes: Iterable[str],
    claims: Claims,
    created: float,
    expires: float | None = None,
) -> NewKey:
    """Make a key of fresh random bits."""
    identity, secret = secrets.token_hex(_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
    salt = secrets.token_bytes(_SALT_BYTES)
    hashed = _hash(salt, secret.encode())
    principal = Principal(identity, frozenset(scopes), claims)
    key = ApiKey(identity, name, salt, hashed, principal, created, expires)
    return NewKey(key, f"{PREFIX}_{identity}_{secret}")


class KeyRing:
    """The keys that were given out, by their ids.

    A text that was found to be a key is known from then on: no more of them than there are keys. They are
    looked up by a hash whose seed is random in each process, which tells nobody how near a guess has come.
    """

    __slots__ = ("_keys", "_known", "_nobody")

    def __init__(self, keys: Mapping[bytes, ApiKey]) -> None:
        self._keys = keys
        self._known: dict[bytes, ApiKey] = {}
        # What an unknown id is compared with, so that it takes as long as a known one: no secret fits.
        self._nobody = ApiKey("", "", bytes(_SALT_BYTES), bytes(32), Principal("", frozenset(), {}), 0.0)

    def find(self, text: bytes, clock: Callable[[], float]) -> Principal | None:
        """Return whom a key was given to; None where it is none, or has expired by the clock."""
        key = self._known.get(text) or self._verified(text)
        if key is None or (key.expires is not None and clock() >= key.expires):
            return None
        return key.principal

    def _verified(self, text: bytes) -> ApiKey | None:
        if len(text) != _LENGTH or text[: len(_START)] != _START or text[_ID_END] != _SEPARATOR:
            return None
        key = self._keys.get(text[len(_START) : _ID_END], self._nobody)
        if not hmac.compare_digest(_hash(key.salt, text[_ID_END + 1 :]), key.hash):
            return None
        self._known[text] = key
        return key


def _hash(salt: bytes, secret: bytes) -> bytes:
    return hashlib.sha256(salt + secret).digest()
