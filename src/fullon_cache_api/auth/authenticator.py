"""What a spec's security schemes need to work, opened once: the file of API keys, and the keys of tokens."""

from pathlib import Path

from fullon_cache_api.spec.model import Endpoint, Spec
from fullon_cache_api.spec.security import ApiKeyScheme, BearerScheme, Owner, is_url

from .api_key import KeyRing
from .key_file import ring_of
from .principal import AuthError
from .requirement import Headers, Requirement, Verifier
from .watched_file import Report, WatchedFile

KEYS_FILE = "API_KEYS_FILE"
JWT_SECRET = "JWT_SECRET"
"""What the errors of `Authenticator` name as their place: settings."""

_LEAST_SECRET_BYTES = 32
"""RFC 7518, section 3.2: as long as the hash."""


class Authenticator:
    """Tells who asks, for every endpoint of a spec; raises AuthError where what it needs cannot be used.

    `report` is told what of that cannot be used any more while the gateway runs.
    """

    def __init__(self, spec: Spec, keys_file: Path, jwt_secret: str, report: Report) -> None:
        self._schemes = {scheme.name: scheme for scheme in spec.security_schemes}
        self._default = spec.security or ()
        self._keys: WatchedFile[KeyRing] | None = None
        self._tokens: Verifier | None = None
        for scheme in self._schemes.values():
            if isinstance(scheme, ApiKeyScheme):
                self._keys = _open_keys(keys_file, report)
            else:
                claims = {each.owner.claim for each in spec.endpoints if each.owner is not None}
                self._tokens = _open_tokens(scheme, claims, jwt_secret, report)
        self._anybody = self._requirement(tuple(self._schemes), (), None)

    @property
    def headers(self) -> frozenset[bytes]:
        """The names of the headers, in small letters, that say who asks."""
        return frozenset(scheme.header.lower().encode() for scheme in self._schemes.values())

    def name_of(self, headers: Headers) -> str | None:
        """Return the name of whom a request's key or token was given to, as far as that is known at once.

        None for a token that was not verified yet: the request that brings it first is nobody's.
        """
        return None if self._anybody is None else self._anybody.name_of(headers)

    def requirement(self, endpoint: Endpoint) -> Requirement | None:
        """Return what an endpoint demands; None where everybody may read it."""
        return self._requirement(endpoint.security or (), endpoint.scopes, endpoint.owner)

    def default_requirement(self) -> Requirement | None:
        """Return what endpoints demand that the spec does not have: that it is known who asks, or nothing."""
        return self._requirement(self._default, (), None)

    def _requirement(
        self, security: tuple[str, ...], scopes: tuple[str, ...], owner: Owner | None
    ) -> Requirement | None:
        if not security:
            return None
        schemes = [self._schemes[name] for name in security]
        return Requirement(schemes, scopes, owner, self._keys, self._tokens)


def _open_keys(path: Path, report: Report) -> WatchedFile[KeyRing]:
    try:
        return WatchedFile(path, ring_of, report)
    except AuthError as error:
        hint = "" if path.exists() else "; `fullon-cache-api keys new` makes one"
        raise AuthError(KEYS_FILE, f"{error.reason}{hint}") from None


def _open_tokens(scheme: BearerScheme, claims: set[str], secret: str, report: Report) -> Verifier:
    try:
        # Only who has tokens needs what verifies them: the extra `jwt`.
        from .key_source import KeySetAddress, KeySetFile, KeySource, Secret
        from .token import Tokens
    except ModuleNotFoundError:
        reason = 'tokens need PyJWT: pip install "fullon-cache-api[jwt]"'
        raise AuthError(f"securitySchemes.{scheme.name}", reason) from None
    source: KeySource
    if scheme.jwks is None:
        source = Secret(_secret(secret))
    elif is_url(scheme.jwks):
        source = KeySetAddress(scheme.jwks, scheme.algorithm, report)
    else:
        source = KeySetFile(Path(scheme.jwks), scheme.algorithm, report)
    return Tokens(scheme, source, claims)


def _secret(text: str) -> bytes:
    secret = text.encode()
    if len(secret) < _LEAST_SECRET_BYTES:
        reason = (
            f"HS256 needs a secret of at least {_LEAST_SECRET_BYTES} bytes, as `openssl rand -hex 32` makes"
        )
        raise AuthError(JWT_SECRET, reason)
    if b"-----BEGIN" in secret or secret.startswith(b"ssh-"):
        raise AuthError(JWT_SECRET, "is a key of another kind: HS256 needs a secret that nobody else has")
    return secret
