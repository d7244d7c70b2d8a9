"""Keys that sign, and tokens and key sets as an issuer makes them."""

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from fullon_cache_api.spec.security import BearerScheme

ISSUER = "https://id.example.org/"
AUDIENCE = "fullon-cache"
SECRET = "0123456789abcdef0123456789abcdef"
RS256 = BearerScheme("token", "RS256", ISSUER, AUDIENCE, "keys.json")
ES256 = BearerScheme("token", "ES256", ISSUER, AUDIENCE, "keys.json")
HS256 = BearerScheme("token", "HS256", ISSUER, AUDIENCE, None)


@cache
def rsa_key(name: str = "a", bits: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key for each name."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str = "a", curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """A key on an elliptic curve for each name."""
    return ec.generate_private_key(ec.SECP256R1() if curve == "P-256" else ec.SECP384R1())


def jwk(key: Any, **members: object) -> dict[str, Any]:
    """The public key as a JSON Web Key, with further members."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    public = json.loads(algorithm.to_jwk(key.public_key()))
    return {**{name: one for name, one in public.items() if name != "key_ops"}, **members}


def key_set(*keys: dict[str, Any]) -> bytes:
    """A JSON Web Key Set."""
    return json.dumps({"keys": keys}).encode()


def claims(**members: object) -> dict[str, object]:
    """Claims that are accepted, changed: a member that is None is left out."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "sub": "7", "scope": "market:read ops:read"}
    return {name: one for name, one in {**whole, **members}.items() if one is not None}


def token(
    key: Any,
    algorithm: str = "RS256",
    kid: str | None = "a",
    header: dict[str, Any] | None = None,
    **members: object,
) -> bytes:
    """A token, signed."""
    headers = {**({} if kid is None else {"kid": kid}), **(header or {})}
    return jwt.encode(claims(**members), key, algorithm, headers).encode()


def encoded(value: object) -> bytes:
    """A part of a token, whatever it says."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
