"""Checks parameters that select from the answer instead of feeding the read."""

from collections.abc import Iterator, Mapping, Sequence

from .document import Part
from .json import JsonObject, PlainObject, Pointer
from .members import selectable
from .model import Parameter
from .signature import ReadSignature
from .wording import quote, typed

_LEAST = {"limit": 1, "offset": 0}
_OF_FIELDS = frozenset({"type", "description"})


def selecting_mistakes(part: Part, schema: PlainObject) -> Iterator[tuple[Pointer, str]]:
    """Yield what is wrong within the Parameter Object of a parameter that selects, with its place there."""
    select = part.text("select")
    if part.text("in") == "path":
        yield ("in",), "a parameter that selects from the answer stands in the query"
    elif part.flag("required"):
        yield ("required",), "a parameter that selects from the answer can be left out: leave this out"
    if part.get("decode") is not None:
        yield ("decode",), f"{quote(select)} is no symbol: leave this out"
    wanted = "string" if select == "fields" else "integer"
    if schema["type"] != wanted:
        yield (
            ("schema", "type"),
            f"{quote(select)} is read from {typed([wanted])}, not from {quote(schema['type'])}",
        )
    elif select == "fields":
        for keyword in sorted(schema.keys() - _OF_FIELDS):
            yield ("schema", keyword), "the response schema says which fields there are: leave this out"
        if part.get("example") is not None:
            yield ("example",), "the response schema says which fields there are: leave this out"
    else:
        yield from _bounds(str(select), schema)


def _bounds(select: str, schema: PlainObject) -> Iterator[tuple[Pointer, str]]:
    least, minimum = _LEAST[select], schema.get("minimum")
    if not isinstance(minimum, (int, float)) or minimum < least:
        place = ("schema", "minimum") if "minimum" in schema else ("schema",)
        yield place, f"{quote(select)} needs a minimum of {least} or more"
    if "maximum" not in schema:
        yield ("schema",), f"{quote(select)} needs a maximum"


def check_selecting(
    uses: Sequence[tuple[Part, Parameter]],
    read: ReadSignature,
    response: str,
    schemas: Mapping[str, JsonObject],
) -> None:
    """Report parameters of an endpoint that select what its answer does not have, or what another selects."""
    owners: dict[str, str] = {}
    for use, parameter in uses:
        name, select = parameter.name, parameter.select
        if select is None:
            continue
        owner = owners.setdefault(select, name)
        if owner != name:
            use.complain(f"{quote(name)} selects the {select}, as {quote(owner)} does already")
        if select != "fields" and read.elements is None:
            message = f"{quote(name)} selects from a collection, but {read.name} answers one thing"
            use.complain(message)
            continue
        members = selectable(response, read.elements, schemas)
        if members is None:
            use.complain(f"{quote(name)} selects from {quote(read.elements)}, which {response} leaves out")
        elif select == "fields" and not (members.named or members.is_open):
            whose = response if read.elements is None else f"the elements of {response}"
            use.complain(f"{quote(name)} selects members, but {whose} have none")
