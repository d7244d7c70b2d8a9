"""What stands before an endpoint that not everybody may read."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from starlette.types import Scope

from fullon_cache_api.auth.principal import Principal
from fullon_cache_api.auth.requirement import Requirement
from fullon_cache_api.spec.model import Endpoint, Parameter

from .handler import Handler, Respond
from .parameters import BadParameters, compile_parameters
from .response import Response
from .text import BadText, decode_query


def guarded(handler: Handler, requirement: Requirement | None, endpoint: Endpoint | None = None) -> Handler:
    """Return a handler whose answers only those get who meet a requirement; the same where there is none.

    Who asks is looked at for each request: what a path leads to may be remembered, whom it was for is not.
    Path and query are read for who may ask, and nobody else is told what is wrong with them. What the handler
    returns raises Unauthenticated, Forbidden and AuthenticationUnavailable.
    """
    if requirement is None:
        return handler
    look, verify, admit = requirement.look, requirement.verify, requirement.admit
    owner_of = _nobody if endpoint is None or endpoint.owner is None else _compile_owner(endpoint)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        owner = owner_of(segments, query_string)
        known: Respond | None = None
        admitted: Principal | None = None

        def respond_to(who: Principal, scope: Scope) -> Awaitable[Response]:
            nonlocal known, admitted
            if who is not admitted:
                # He may or may not, for as long as he is the same: what he holds cannot change.
                admit(who, owner)
                admitted = who
            if known is None:
                known = handler(segments, query_string)
            return known(scope)

        async def respond_to_bearer(scope: Scope, token: bytes) -> Response:
            return await respond_to(await verify(token), scope)

        def respond(scope: Scope) -> Awaitable[Response]:
            who = look(scope["headers"])
            # A coroutine for those alone who are not known at once: it costs each request what a look does.
            return respond_to_bearer(scope, who) if isinstance(who, bytes) else respond_to(who, scope)

        return respond

    return handle


def _nobody(segments: Sequence[bytes], query_string: bytes) -> str | None:
    return None


def _compile_owner(endpoint: Endpoint) -> Callable[[Sequence[bytes], bytes], str | None]:
    """Return what gives the value of the owner's parameter as the read gets it; None for an unusable one."""
    assert endpoint.owner is not None
    name = endpoint.owner.param
    (parameter,) = (each for each in endpoint.parameters if each.name == name)
    bindings = tuple(each for each in endpoint.bindings if each.parameter == name)
    # The parser of the endpoint itself, left with this one parameter: both always agree on what it says.
    parse = compile_parameters(replace(endpoint, parameters=(parameter,), bindings=bindings))
    skip = endpoint.path.count("/")
    names = [argument.name for argument in endpoint.read.arguments]
    position = names.index(bindings[0].argument)

    def owner_of(segments: Sequence[bytes], query_string: bytes) -> str | None:
        try:
            value = parse(segments[-skip:], _only(parameter, query_string))[position]
        except BadParameters:
            return None
        return str(value)

    return owner_of


def _only(parameter: Parameter, query_string: bytes) -> bytes:
    """Return a query string with nothing but one parameter, as often as that is given."""
    if parameter.location == "path":
        return b""
    return b"&".join(pair for pair in query_string.split(b"&") if _is(parameter.name, pair))


def _is(name: str, pair: bytes) -> bool:
    try:
        return decode_query(pair.partition(b"=")[0]) == name
    except BadText:
        return False
