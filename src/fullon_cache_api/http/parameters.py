"""From a request's path and query to the arguments of a read, compiled once per endpoint."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import jsonschema_rs

from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.spec.json import Json, thaw, thaw_object
from fullon_cache_api.spec.members import ANY, Members
from fullon_cache_api.spec.model import SELECTS, Endpoint, Parameter
from fullon_cache_api.spec.suggest import did_you_mean

from .selection import BadFields, parse_fields, unselected
from .text import BadText, decode, decode_query
from .validator import validator_of

Argument: TypeAlias = "Json | Symbol"
Convert: TypeAlias = Callable[[bytes], Argument]
ParseParameters: TypeAlias = Callable[[Sequence[bytes], bytes], Sequence[Argument]]

MAX_QUERY_PARAMETERS = 100
_LONGEST_INTEGER = 40
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class ParameterMistake:
    """One parameter that cannot be used, as the `errors` of a problem show it."""

    location: str
    name: str
    message: str


class BadParameters(Exception):
    """A request whose parameters do not fit the endpoint; carries every mistake, once."""

    def __init__(self, mistakes: Iterable[ParameterMistake]) -> None:
        # The spec and the read can demand the same, and a parameter be given thrice: it is said once.
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("; ".join(f"{m.location} {m.name}: {m.message}" for m in self.mistakes))


class _BadValue(ValueError):
    def __init__(self, messages: list[str]) -> None:
        self.messages = messages


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a parameter's value goes: positions among the arguments of the read."""

    name: str
    positions: tuple[int, ...]
    convert: Convert
    required: bool
    segment: int = -1


def compile_parameters(endpoint: Endpoint, members: Members = ANY) -> ParseParameters:
    """Return the function that turns path segments and a query string into arguments in the read's order.

    The segments are those of the endpoint's own path, still percent-encoded. Where parameters select from the
    answer, the values of all SELECTS come after the read's arguments; `fields` may name `members`. It raises
    BadParameters.
    """
    template = endpoint.path.split("/")[1:]
    start = (*_defaults(endpoint), *unselected(endpoint))
    path = tuple(
        _slot(endpoint, parameter, members, template.index(f"{{{parameter.name}}}"))
        for parameter in endpoint.parameters
        if parameter.location == "path"
    )
    query = {
        parameter.name: _slot(endpoint, parameter, members)
        for parameter in endpoint.parameters
        if parameter.location == "query"
    }
    always_query = any(slot.required for slot in query.values())

    def parse(segments: Sequence[bytes], query_string: bytes) -> Sequence[Argument]:
        arguments = list(start)
        mistakes: list[ParameterMistake] = []
        for slot in path:
            try:
                value = slot.convert(segments[slot.segment])
            except _BadValue as error:
                mistakes += [ParameterMistake("path", slot.name, text) for text in error.messages]
            else:
                for position in slot.positions:
                    arguments[position] = value
        if query_string or always_query:
            mistakes += _parse_query(query_string, query, arguments)
        if mistakes:
            raise BadParameters(mistakes)
        return tuple(arguments)

    return parse


def refuse_parameters(query_string: bytes) -> None:
    """Raise BadParameters for a query string in which there is any parameter."""
    if mistakes := _parse_query(query_string, {}, []):
        raise BadParameters(mistakes)


def _parse_query(
    query_string: bytes, slots: dict[str, _Slot], arguments: list[Argument]
) -> list[ParameterMistake]:
    mistakes: list[ParameterMistake] = []
    seen: set[str] = set()
    pairs = query_string.split(b"&", MAX_QUERY_PARAMETERS)
    if len(pairs) > MAX_QUERY_PARAMETERS:
        return [ParameterMistake("query", "", f"there are more than {MAX_QUERY_PARAMETERS} parameters")]
    for pair in filter(None, pairs):
        raw_name, _, raw_value = pair.partition(b"=")
        try:
            name = decode_query(raw_name)
        except BadText as error:
            mistakes.append(ParameterMistake("query", _shown(repr(raw_name)[2:-1]), f"the name {error}"))
            continue
        slot = slots.get(name)
        if name in seen:
            mistakes.append(ParameterMistake("query", _shown(name), "is given twice"))
        elif slot is None:
            message = f"is not a parameter of this endpoint{did_you_mean(_shown(name), slots)}"
            mistakes.append(ParameterMistake("query", _shown(name), message))
        else:
            try:
                value = slot.convert(raw_value)
            except _BadValue as error:
                mistakes += [ParameterMistake("query", name, text) for text in error.messages]
            else:
                for position in slot.positions:
                    arguments[position] = value
        seen.add(name)
    for name, slot in slots.items():
        if slot.required and name not in seen:
            mistakes.append(ParameterMistake("query", name, "is missing"))
    return mistakes


def _shown(name: str) -> str:
    return name if len(name) <= 64 else f"{name[:64]}…"


def _defaults(endpoint: Endpoint) -> tuple[Argument, ...]:
    """Return the arguments of a request that gives none: constants, and defaults of parameters and reads."""
    bindings = {binding.argument: binding for binding in endpoint.bindings}
    parameters = {parameter.name: parameter for parameter in endpoint.parameters}
    values: list[Argument] = []
    for argument in endpoint.read.arguments:
        binding = bindings.get(argument.name)
        value: Argument = argument.default
        if binding is not None and binding.parameter is None:
            value = binding.const
        elif binding is not None and binding.parameter is not None:
            value = parameters[binding.parameter].schema.get("default", argument.default)
        if argument.type == "symbol" and isinstance(value, str):
            value = Symbol.parse(value)
        values.append(value)
    return tuple(values)


def _slot(endpoint: Endpoint, parameter: Parameter, members: Members, segment: int = -1) -> _Slot:
    fed = [binding.argument for binding in endpoint.bindings if binding.parameter == parameter.name]
    names = [argument.name for argument in endpoint.read.arguments]
    demands = [argument.schema for argument in endpoint.read.arguments if argument.name in fed]
    validator = validator_of({"allOf": [thaw_object(parameter.schema), *map(thaw, demands)]})
    convert = _converter(parameter, validator, decode if segment >= 0 else decode_query)
    positions = tuple(names.index(name) for name in fed)
    if parameter.select is not None:
        positions = (len(names) + SELECTS.index(parameter.select),)
    if parameter.select == "fields":
        convert = _fields_converter(members)
    return _Slot(parameter.name, positions, convert, parameter.required, segment)


def _converter(
    parameter: Parameter, validator: jsonschema_rs.Validator, decode_text: Callable[[bytes], str]
) -> Convert:
    parse = _PARSERS[parameter.type]

    def convert(raw: bytes) -> Argument:
        try:
            text = decode_text(raw)
            value = parse(text)
        except BadText as error:
            raise _BadValue([f"the value {error}"]) from None
        if not validator.is_valid(text if isinstance(value, Symbol) else value):
            instance = text if isinstance(value, Symbol) else value
            raise _BadValue([error.message for error in validator.iter_errors(instance)])
        return value

    return convert


def _fields_converter(members: Members) -> Convert:
    def convert(raw: bytes) -> Argument:
        try:
            return parse_fields(decode_query(raw), members)
        except BadText as error:
            raise _BadValue([f"the value {error}"]) from None
        except BadFields as error:
            raise _BadValue(error.messages) from None

    return convert


def _integer(text: str) -> Argument:
    if not _INTEGER.fullmatch(text):
        raise BadText("is not an integer")
    if len(text) > _LONGEST_INTEGER:
        raise BadText(f"is longer than {_LONGEST_INTEGER} characters")
    return int(text)


def _number(text: str) -> Argument:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if not _NUMBER.fullmatch(text):
        raise BadText("is not a number")
    number = float(text)
    if math.isinf(number):
        raise BadText("is a number out of range")
    return number


def _boolean(text: str) -> Argument:
    if text not in ("true", "false"):
        raise BadText("is neither true nor false")
    return text == "true"


def _string(text: str) -> Argument:
    return text


_PARSERS: dict[str, Callable[[str], Argument]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "symbol": Symbol.parse,
}
