"""Methods of fullon_cache that this project does not know yet, as reads: what they take, what they give."""

import inspect
from collections.abc import Mapping
from types import FunctionType, MappingProxyType
from typing import Literal

from fullon_cache_api.reads.answer import Answer, Blame, Body
from fullon_cache_api.reads.shape import opened
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.spec.json import EMPTY, JsonObject
from fullon_cache_api.spec.signature import Argument, ArgumentType, ReadSignature

from .adapter import Adapter, AdapterFunction
from .call import Calls, declared_type
from .plain import plain

_TYPES: Mapping[type | None, ArgumentType] = MappingProxyType(
    {None: "string", str: "string", int: "integer", float: "number", bool: "boolean"}
)
# Where these methods put a text is unknown: none may become a pattern or a second segment of a key.
_DEMANDS: Mapping[ArgumentType, JsonObject] = MappingProxyType(
    {
        "string": MappingProxyType({"pattern": "^[^:*?\\[\\]\\\\\\x00-\\x20\\x7f]{1,128}$"}),
        "symbol": MappingProxyType({"pattern": "^[^*?\\[\\]\\\\\\x00-\\x20\\x7f]{1,128}$"}),
    }
)
_SYMBOL: Literal["symbol"] = "symbol"
# A request must not choose among Redis' keys.
_OF_KEYS = frozenset({"prefix", "key_prefix", "pattern", "match"})
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class NotCallable(Exception):
    """A method that a request cannot call; the text says why."""


def signature_of(read: str, method: FunctionType) -> ReadSignature:
    """Return what a method takes and gives, as a read; raises NotCallable."""
    arguments = tuple(_arguments(method))
    first = (inspect.getdoc(method) or "A read of the installed fullon_cache.").splitlines()[0]
    return ReadSignature(
        name=read,
        summary=first,
        arguments=arguments,
        commands=("unknown",),
        keys=("unknown",),
        answer=opened(),
        absent=True,
    )


def adapter_of(signature: ReadSignature) -> Adapter:
    """Return the adapter that calls a method of that signature."""
    names = tuple(argument.name for argument in signature.arguments)
    method = signature.name.partition(".")[2]
    optional = {argument.name for argument in signature.arguments if not argument.required}
    return Adapter(signature.name, {method: names}, _caller(signature.name, method, names, optional))


def _arguments(method: FunctionType) -> list[Argument]:
    found: list[Argument] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        required = parameter.default is inspect.Parameter.empty
        kind = declared_type(method, parameter.name)
        if parameter.kind not in _NAMED or kind not in _TYPES or parameter.name in _OF_KEYS:
            if required and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise NotCallable(f"a request cannot give its argument {parameter.name}")
            continue
        named = _SYMBOL if parameter.name == _SYMBOL and kind in (None, str) else _TYPES[kind]
        default = parameter.default if isinstance(parameter.default, str | int | float) else None
        demands = _DEMANDS.get(named, EMPTY)
        found.append(Argument(parameter.name, named, "As fullon_cache names it.", required, default, demands))
    return found


def _caller(read: str, method: str, names: tuple[str, ...], optional: set[str]) -> AdapterFunction:
    async def call(calls: Calls, *values: object) -> Answer | None:
        given = dict(zip(names, values, strict=True))
        wanted = {name: value for name, value in given.items() if value is not None or name not in optional}
        nothing: object = None
        for spelled in _spellings(wanted):
            found = await calls(method, **spelled)
            if found:
                return _answer(read, found)
            nothing = found if nothing is None else nothing
        return None if nothing is None or nothing == {} else _answer(read, nothing)

    return call


def _spellings(arguments: dict[str, object]) -> list[dict[str, object]]:
    """Return the arguments once for each spelling of the symbol among them."""
    symbol = arguments.get(_SYMBOL)
    if not isinstance(symbol, Symbol):
        return [arguments]
    return [{**arguments, _SYMBOL: spelling} for spelling in symbol.spellings]


def _answer(read: str, found: object) -> Answer:
    """Return an object as it is, a list with its count, everything else as the value that it is."""
    with Blame(read):
        value = plain(found)
    body: Body
    match value:
        case dict():
            body = value
        case list():
            body = {"count": len(value), "items": value}
        case _:
            body = {"value": value}
    return Answer(body, read)
