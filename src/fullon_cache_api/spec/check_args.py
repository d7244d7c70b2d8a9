"""Finds what feeds each argument of an endpoint's read."""

from collections.abc import Mapping, Sequence

import jsonschema_rs

from .check_parameter import Declared, check_demands
from .document import Part
from .explain import explain
from .json import PlainJson, thaw_object
from .model import Binding
from .signature import Argument, ReadSignature
from .suggest import did_you_mean
from .wording import quote, typed


def bind(
    endpoint: Part, read: ReadSignature | None, declared: Sequence[Declared] | None
) -> tuple[Binding, ...] | None:
    """Return what feeds the arguments of a read, after reporting what is wrong with it.

    A read or parameters that are mistaken themselves are None: then only what does not depend on them is
    checked.
    """
    feeding = None if declared is None else [entry for entry in declared if entry.parameter.select is None]
    by_name = None if feeding is None else {entry.parameter.name: entry for entry in feeding}
    selecting = {entry.parameter.name for entry in declared or () if entry.parameter.select is not None}
    sources = {source.name: source for source in endpoint.children("args")}
    known = [_is_known(source, read, by_name, selecting) for source in sources.values()]
    if read is None or by_name is None or not all(known) or not endpoint.is_sound_at("args"):
        return None
    found = (_feed(endpoint, read, each, sources.get(each.name), by_name) for each in read.arguments)
    bindings = tuple(binding for binding in found if binding is not None)
    _check_idle(read, by_name, {binding.parameter for binding in bindings})
    return bindings


def _is_known(
    source: Part, read: ReadSignature | None, by_name: Mapping[str, Declared] | None, selecting: set[str]
) -> bool:
    """Whether an entry of `args` speaks of an argument and a parameter that are there."""
    known = True
    if read is not None and read.argument(source.name) is None:
        hint = _hint(source.name, read)
        source.complain(f"{read.name} has no argument {quote(source.name)}{hint}", key=True)
        known = False
    if isinstance(source.value, str) and source.value in selecting:
        source.complain(f"{quote(source.value)} selects from the answer: it feeds no argument")
        known = False
    elif by_name is not None and isinstance(source.value, str) and source.value not in by_name:
        hint = did_you_mean(source.value, by_name)
        source.complain(f"the endpoint has no parameter {quote(source.value)}{hint}")
        known = False
    return known


def _feed(
    endpoint: Part,
    read: ReadSignature,
    argument: Argument,
    source: Part | None,
    by_name: Mapping[str, Declared],
) -> Binding | None:
    if source is not None and isinstance(source.value, dict):
        return _constant(source, read, argument, source.value["const"])
    entry = by_name.get(str(source.value) if source is not None else argument.name)
    if entry is not None:
        _check_feed(read, argument, entry, source or entry.use)
        return Binding(argument.name, parameter=entry.parameter.name)
    if argument.required:
        message = f"nothing feeds the argument {quote(argument.name)} of {read.name}"
        endpoint.complain(f"{message}: add a parameter of that name, or an entry under args", "read")
    return None


def _check_feed(read: ReadSignature, argument: Argument, entry: Declared, place: Part) -> None:
    parameter = entry.parameter
    if parameter.type != argument.type and (argument.type, parameter.type) != ("number", "integer"):
        message = f"{quote(parameter.name)} gives {typed([parameter.type])}, but {read.name} takes "
        place.complain(f"{message}{typed([argument.type])} as {quote(argument.name)}{_cure(argument)}")
        return
    if argument.required and not parameter.required and "default" not in parameter.schema:
        needs = f"{read.name} always needs {quote(argument.name)}"
        message = (
            f"{quote(parameter.name)} can be left out, but {needs}: make it required, or give it a default"
        )
        place.complain(message)
    check_demands(entry, argument, read)


def _cure(argument: Argument) -> str:
    return ": add decode: symbol" if argument.type == "symbol" else ""


def _constant(source: Part, read: ReadSignature, argument: Argument, value: PlainJson) -> Binding:
    kind = "string" if argument.type == "symbol" else argument.type
    schema = {"type": kind, "allOf": [thaw_object(argument.schema)]}
    for error in jsonschema_rs.Draft202012Validator(schema, offline=True).iter_errors(value):
        source.complain(f"{quote(argument.name)} of {read.name} {explain(error)}", "const")
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        source.complain(f"{quote(argument.name)} must be a plain integer: write {value:.0f}", "const")
    return Binding(argument.name, const=value)


def _check_idle(read: ReadSignature, by_name: Mapping[str, Declared], fed: set[str | None]) -> None:
    for name, entry in by_name.items():
        if name not in fed:
            entry.use.complain(f"{quote(name)} feeds no argument of {read.name}{_hint(name, read)}")


def _hint(name: str, read: ReadSignature) -> str:
    names = [argument.name for argument in read.arguments]
    if not names:
        return ": it takes none"
    return did_you_mean(name, names) or f": it takes {', '.join(names)}"
