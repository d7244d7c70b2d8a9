"""Checks who may read what: the security schemes, and what each endpoint demands of who asks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import SplitResult, urlsplit

from .check_parameter import Declared
from .document import Part
from .security import (
    DEFAULT_LEEWAY,
    DEFAULT_SCOPES_CLAIM,
    Algorithm,
    ApiKeyScheme,
    BearerScheme,
    Owner,
    SecurityScheme,
    is_url,
)
from .suggest import did_you_mean
from .wording import quote

_NEEDED = {"apiKey": ("in", "name"), "http": ("scheme", "algorithm", "issuer", "audience")}
_OPTIONAL = {"apiKey": (), "http": ("bearerFormat", "jwks", "leeway", "scopes_claim")}
_TAKEN = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "if-none-match",
        "proxy-authorization",
        "range",
        "te",
        "traceparent",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-forwarded-for",
        "x-request-id",
    }
)
"""Headers that servers, proxies and the gateway itself look at, or repeat."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Security:
    """The schemes of a file, None for a mistaken one, and those of endpoints that name none.

    `asks_nobody` where there are schemes, and endpoints that name none are everybody's all the same.
    """

    schemes: Mapping[str, SecurityScheme | None]
    default: tuple[str, ...] | None
    asks_nobody: bool


@dataclass(frozen=True, slots=True)
class Demands:
    """What one endpoint demands of who asks."""

    security: tuple[str, ...] | None
    scopes: tuple[str, ...]
    owner: Owner | None


def read_security(root: Part) -> Security:
    """Return the security of a file, after reporting all that is wrong with its top."""
    found: dict[str, SecurityScheme | None] = {}
    types: dict[str, str] = {}
    declared = root.get("securitySchemes")
    names = declared.value if declared is not None and isinstance(declared.value, dict) else {}
    found.update(dict.fromkeys(names))
    for part in root.children("securitySchemes"):
        kind = part.text("type")
        if kind is None:
            continue
        owner = types.setdefault(kind, part.name)
        if owner != part.name:
            part.complain(f"{quote(owner)} is of type {kind} already: there can be one of each", "type")
        found[part.name] = _scheme(part, kind)
    default = root.get("security")
    is_for_nobody = (default is None or default.value == []) and root.is_sound_at("security")
    asks_nobody = bool(found) and is_for_nobody
    return Security(found, _asked(root, found), asks_nobody)


def check_security(endpoint: Part, declared: Sequence[Declared] | None, of: Security) -> Demands:
    """Return what an endpoint demands of who asks, after reporting what is wrong with that."""
    own = _asked(endpoint, of.schemes)
    security = of.default if endpoint.get("security") is None else own
    scopes = tuple(str(part.value) for part in endpoint.children("scopes") if isinstance(part.value, str))
    asks = endpoint.get("security")
    if of.asks_nobody if asks is None else asks.value == []:
        for name in ("scopes", "owner"):
            if endpoint.get(name) is not None:
                endpoint.complain(f"nobody is asked who he is here: {quote(name)} means nothing", name)
    return Demands(security, scopes, _owner(endpoint, declared))


def check_use(root: Part) -> None:
    """Report schemes that no `security` names: who declares one means to ask for it."""
    sources = [root, *root.children("endpoints")]
    if not all(source.is_sound_at("security") for source in sources):
        return
    used = {part.value for source in sources for part in source.children("security")}
    for part in root.children("securitySchemes"):
        if part.name not in used:
            message = f"no security names {quote(part.name)}: nobody would be asked for it"
            part.complain(message, key=True)


def _asked(part: Part, schemes: Collection[str]) -> tuple[str, ...] | None:
    """Return the schemes that a `security` names; None where it is not there, or mistaken."""
    if part.get("security") is None:
        return None
    names: list[str] = []
    for use in part.children("security"):
        if isinstance(use.value, str) and use.value in schemes:
            names.append(use.value)
        elif isinstance(use.value, str):
            hint = did_you_mean(use.value, schemes)
            use.complain(f"no scheme {quote(use.value)} is declared under securitySchemes{hint}")
    return tuple(names)


def _scheme(part: Part, kind: str) -> SecurityScheme | None:
    members = part.value if isinstance(part.value, dict) else {}
    needed = list(_NEEDED[kind])
    algorithm = part.text("algorithm")
    optional = list(_OPTIONAL[kind])
    if kind == "http" and algorithm is not None and algorithm != "HS256":
        needed.append("jwks")
    for name in needed:
        if name not in members:
            part.complain(f"{quote(name)} is missing: a scheme of type {kind} needs it")
    _refuse(part, (name for name in members if name not in {*needed, *optional}), kind)
    if kind == "apiKey":
        return _api_key(part)
    return _bearer(part, cast("Algorithm | None", algorithm))


def _refuse(part: Part, names: Iterable[str], kind: str) -> None:
    known = {*_NEEDED["apiKey"], *_NEEDED["http"], *_OPTIONAL["http"]}
    for name in names:
        # What nobody knows has been reported by the file's own schema.
        if name in known:
            part.complain(f"a scheme of type {kind} has no {quote(name)}", name, key=True)


def _api_key(part: Part) -> ApiKeyScheme | None:
    header = part.text("name")
    if header is None:
        return None
    if header.lower() in _TAKEN:
        part.complain(f"{quote(header)} has a meaning of its own: take another header, as X-API-Key", "name")
    return ApiKeyScheme(part.name, header, part.text("description") or "")


def _bearer(part: Part, algorithm: Algorithm | None) -> BearerScheme | None:
    issuer, audience, jwks = part.text("issuer"), part.text("audience"), part.text("jwks")
    if jwks is not None and algorithm == "HS256":
        message = "the key of HS256 is a secret, in JWT_SECRET: leave jwks out"
        part.complain(message, "jwks", key=True)
    elif jwks is not None and is_url(jwks):
        _check_url(part, jwks)
    if algorithm is None or issuer is None or audience is None:
        return None
    if jwks is not None and not is_url(jwks):
        jwks = str(Path(part.document.file).parent / jwks)
    leeway = part.number("leeway")
    return BearerScheme(
        part.name,
        algorithm,
        issuer,
        audience,
        jwks,
        DEFAULT_LEEWAY if leeway is None else leeway,
        part.text("scopes_claim") or DEFAULT_SCOPES_CLAIM,
        part.text("description") or "",
    )


def _check_url(part: Part, address: str) -> None:
    url = _split(address)
    if url is None or not url.hostname or url.username is not None or url.fragment:
        part.complain("the address must be https://host/path, without a user and a fragment", "jwks")
    elif url.scheme == "http" and url.hostname not in _LOOPBACK:
        part.complain("keys that come over plain http could be anybody's: take https", "jwks")


def _split(address: str) -> SplitResult | None:
    try:
        url = urlsplit(address)
        # Whether the port is one is only looked at when it is asked for.
        return url if url.port != 0 else None
    except ValueError:
        return None


def _owner(endpoint: Part, declared: Sequence[Declared] | None) -> Owner | None:
    part = endpoint.get("owner")
    param, claim = (None, None) if part is None else (part.text("param"), part.text("claim"))
    if part is None or param is None or claim is None:
        return None
    if declared is not None:
        _check_param(part, param, declared)
    return Owner(param, claim, part.text("unless"))


def _check_param(owner: Part, name: str, declared: Sequence[Declared]) -> None:
    by_name = {entry.parameter.name: entry.parameter for entry in declared}
    parameter = by_name.get(name)
    if parameter is None:
        message = f"the endpoint has no parameter {quote(name)}{did_you_mean(name, by_name)}"
    elif parameter.select is not None:
        message = f"{quote(name)} selects from the answer: it says nothing of whose that is"
    elif not parameter.required:
        message = f"{quote(name)} can be left out: an owner's parameter is required"
    elif parameter.type not in ("string", "integer"):
        message = f"an owner is a string or an integer, {quote(name)} is neither"
    else:
        return
    owner.complain(message, "param")
