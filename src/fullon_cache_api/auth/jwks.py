"""The keys that tokens are signed with: a JSON Web Key Set (RFC 7517) out of a file or from an address."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from fullon_cache_api.spec.json import PlainJson, PlainObject
from fullon_cache_api.spec.security import Algorithm

from .principal import AuthError
from .regular_file import read_regular_file

MAX_BYTES = 256 * 1024
MAX_KEYS = 100
_LEAST_RSA_BITS = 2048
"""RFC 7518, section 3.3."""

_KINDS = {"RS256": "RSA", "ES256": "EC"}
_PUBLIC = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey
KeySet: TypeAlias = Mapping[str | None, PublicKey]
"""Public keys by their ids; under None the only one, where there is but one."""

NO_KEYS: KeySet = MappingProxyType({})


class NoUsableKey(AuthError):
    """A key set is one, and none of its keys can verify signatures of the algorithm."""


def keys_left(error: AuthError) -> KeySet | None:
    """Return the keys that are left where a set that was usable is not any more; None for the last good ones.

    A set without a usable key has had them taken out, as an empty one; one that cannot be read says nothing.
    """
    return NO_KEYS if isinstance(error, NoUsableKey) else None


def parse_key_set(raw: bytes, algorithm: Algorithm, place: str) -> KeySet:
    """Return the keys of a set that can verify signatures of an algorithm; raises NoUsableKey where none can,
    and AuthError where it is no set.

    An empty set has none, and is one all the same: who empties it wants all tokens to end.
    What is not for signatures, or for another algorithm, is left out (RFC 7517, section 4); so is what is too
    weak, and the private part of a key.
    """
    if len(raw) > MAX_BYTES:
        raise AuthError(place, f"is larger than {MAX_BYTES} bytes")
    try:
        body: PlainJson = json.loads(raw)
    except (ValueError, RecursionError):
        raise AuthError(place, "is not JSON") from None
    members = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(members, list) or len(members) > MAX_KEYS:
        raise AuthError(place, f"is no key set of {MAX_KEYS} keys at most")
    found: dict[str | None, PublicKey] = {}
    usable: list[PublicKey] = []
    for member in members:
        key = _key(member, algorithm) if isinstance(member, dict) else None
        if key is None or not isinstance(member, dict):
            continue
        usable.append(key)
        identity = member.get("kid")
        if isinstance(identity, str):
            found.setdefault(identity, key)
    if members and not usable:
        are_keys = all(isinstance(member, dict) and isinstance(member.get("kty"), str) for member in members)
        raise (NoUsableKey if are_keys else AuthError)(place, f"has no key that verifies {algorithm}")
    if len(usable) == 1:
        found[None] = usable[0]
    return found


def read_key_set(path: Path, algorithm: Algorithm) -> KeySet:
    """Read a key set out of a file; raises AuthError."""
    raw, _ = read_regular_file(path, MAX_BYTES)
    return parse_key_set(raw, algorithm, str(path))


def _key(member: PlainObject, algorithm: Algorithm) -> PublicKey | None:
    kind = _KINDS[algorithm]
    if member.get("kty") != kind or member.get("use", "sig") != "sig":
        return None
    operations = member.get("key_ops", ["verify"])
    if member.get("alg", algorithm) != algorithm or not isinstance(operations, list):
        return None
    if "verify" not in operations:
        return None
    public = {name: member[name] for name in _PUBLIC[kind] if name in member}
    try:
        key = PyJWK(public, algorithm).key
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey):
        return key if key.key_size >= _LEAST_RSA_BITS else None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None
