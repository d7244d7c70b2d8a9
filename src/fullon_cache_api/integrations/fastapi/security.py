"""The spec's own security as a FastAPI host's document shows it; it is the gateway that holds it."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from fastapi import Security
from fastapi.params import Depends
from fastapi.security import APIKeyHeader, HTTPBearer

from fullon_cache_api.spec import Endpoint, Spec
from fullon_cache_api.spec.security import ApiKeyScheme, SecurityScheme


def shown_security(spec: Spec, endpoint: Endpoint) -> Sequence[Depends]:
    """Return dependencies that show in FastAPI's document what the gateway asks for; they let all pass."""
    schemes = {scheme.name: scheme for scheme in spec.security_schemes}
    return [
        Security(_scheme(schemes[name]), scopes=list(endpoint.scopes)) for name in endpoint.security or ()
    ]


def both(host: Sequence[dict[str, Any]], own: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is met where one of a host's requirements is, and one of the gateway's own."""
    if not host or not own:
        return [*host, *own]
    return [{**one, **other} for one, other in product(host, own)]


def _scheme(scheme: SecurityScheme) -> APIKeyHeader | HTTPBearer:
    description = scheme.description or None
    if isinstance(scheme, ApiKeyScheme):
        return APIKeyHeader(
            name=scheme.header, scheme_name=scheme.name, description=description, auto_error=False
        )
    return HTTPBearer(bearerFormat="JWT", scheme_name=scheme.name, description=description, auto_error=False)
