"""Security schemes and requirements, as OpenAPI has them."""

from collections.abc import Iterable, Sequence

from fullon_cache_api.spec.json import PlainJson, PlainObject
from fullon_cache_api.spec.model import Endpoint, Spec
from fullon_cache_api.spec.problems import FORBIDDEN, UNAUTHENTICATED, ProblemKind
from fullon_cache_api.spec.security import ApiKeyScheme, SecurityScheme


def scheme_components(spec: Spec) -> PlainObject:
    """Return the `securitySchemes` of a spec: what a client has to know, not how a token is verified."""
    return {scheme.name: _scheme(scheme) for scheme in spec.security_schemes}


def requirements(security: Iterable[str], scopes: Iterable[str] = ()) -> list[PlainJson]:
    """Return the `security` of an operation: any one of the schemes, with all of the scopes.

    OpenAPI 3.1 lets every scheme have scopes here, under the name of roles.
    """
    needed: list[PlainJson] = [*scopes]
    return [{name: list(needed)} for name in security]


def operation_security(spec: Spec, endpoint: Endpoint) -> PlainObject:
    """Return the member `security` of an endpoint's operation; nothing where the spec asks nobody."""
    if not spec.security_schemes:
        return {}
    return {"security": requirements(endpoint.security or (), endpoint.scopes)}


def security_problems(endpoint: Endpoint) -> Sequence[ProblemKind]:
    """Return the kinds of problem that somebody is answered with who is not let in."""
    if not endpoint.security:
        return ()
    if endpoint.scopes or endpoint.owner is not None:
        return (UNAUTHENTICATED, FORBIDDEN)
    return (UNAUTHENTICATED,)


def _scheme(scheme: SecurityScheme) -> PlainObject:
    described: PlainObject = {"description": scheme.description} if scheme.description else {}
    if isinstance(scheme, ApiKeyScheme):
        return {"type": "apiKey", **described, "in": "header", "name": scheme.header}
    return {"type": "http", **described, "scheme": "bearer", "bearerFormat": "JWT"}
