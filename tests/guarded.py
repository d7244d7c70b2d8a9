"""The shipped spec with its security switched on, and keys and tokens for those who ask."""

from dataclasses import dataclass
from pathlib import Path

import jwt
from auth.signing import AUDIENCE, ISSUER, SECRET, claims
from support import CHECKOUT, settings_for

from fullon_cache_api.auth.api_key import make_key
from fullon_cache_api.auth.key_file import write_keys
from fullon_cache_api.settings import Settings

HEADER = "X-API-Key"
SCHEMES = f"""
securitySchemes:
  apiKey: {{type: apiKey, in: header, name: X-API-Key}}
  token:
    type: http
    scheme: bearer
    bearerFormat: JWT
    algorithm: HS256
    issuer: {ISSUER}
    audience: {AUDIENCE}
security: [apiKey, token]
"""

SCOPES = {
    "market": ["market:read"],
    "accounts": ["accounts:read"],
    "all": ["market:read", "accounts:read", "accounts:all", "ops:read"],
    "nothing": [],
}
"""Whom there is a key for, and what he may do: `accounts` is user 7, whose exchange accounts are 1 and 2."""

CLAIMS = {"accounts": {"sub": frozenset({"7"}), "ex_id": frozenset({"1", "2"})}}


@dataclass(frozen=True)
class Guarded:
    """A folder with the spec and its keys; `keys` are headers by the names of SCOPES."""

    folder: Path
    keys: dict[str, dict[str, str]]

    @property
    def spec(self) -> Path:
        return self.folder / "endpoints.yaml"

    @property
    def keys_file(self) -> Path:
        return self.folder / "keys.json"

    def settings(self, redis_url: str, **variables: str) -> Settings:
        files = {"ENDPOINTS_FILE": str(self.spec), "API_KEYS_FILE": str(self.keys_file)}
        return settings_for(redis_url, **{**files, "JWT_SECRET": SECRET, **variables})


def write_guarded(folder: Path, schemes: str = SCHEMES) -> Guarded:
    """Write the spec into a folder, with a key for each of SCOPES."""
    text = (CHECKOUT / "endpoints.yaml").read_text(encoding="utf-8")
    (folder / "endpoints.yaml").write_text(text + schemes, encoding="utf-8")
    made = {name: make_key(name, scopes, CLAIMS.get(name, {}), 0.0) for name, scopes in SCOPES.items()}
    write_keys(folder / "keys.json", [one.key for one in made.values()])
    return Guarded(folder, {name: {HEADER: one.text} for name, one in made.items()})


def bearer(**members: object) -> dict[str, str]:
    """A header with a token that is accepted, its claims changed."""
    return {"Authorization": f"Bearer {jwt.encode(claims(**members), SECRET, 'HS256')}"}
