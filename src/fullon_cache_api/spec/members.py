"""Which members an answer can have, by their names: what `fields` may select."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from .json import ARRAY, OBJECT, Json, JsonObject
from .model import Endpoint
from .schemas import follow, reference

MAX_FIELDS = 50
LONGEST_FIELD = 128
"""Characters of a field: with MAX_FIELDS they bound what a request can ask for."""


@dataclass(frozen=True, slots=True)
class Members:
    """The members that a value can have, each with its own; those of an array are its elements'.

    A value whose members `is_open` can have others too, with anything below them.
    """

    named: Mapping[str, "Members"]
    is_open: bool = False

    def has(self, names: Sequence[str]) -> bool:
        """Whether there can be a value at the names, one below the other; a name may hold several of them."""
        if self.is_open or not names:
            return True
        heads = (".".join(names[:end]) for end in range(1, len(names) + 1))
        return any(
            head in self.named and self.named[head].has(names[end:]) for end, head in enumerate(heads, 1)
        )

    def paths(self) -> Iterator[str]:
        """Yield the name of every member, below that of its owner: `ticker`, `ticker.last`."""
        for name, members in self.named.items():
            yield name
            yield from (f"{name}.{path}" for path in members.paths())

    def open_paths(self) -> Iterator[str]:
        """Yield the names below which any name can stand; an empty one is the whole."""
        if self.is_open:
            yield ""
        for name, members in self.named.items():
            yield from (f"{name}.{path}".rstrip(".") for path in members.open_paths())


ANY = Members({}, is_open=True)
NONE = Members({})


def field_members(endpoint: Endpoint, schemas: Mapping[str, JsonObject]) -> Members:
    """Return the members that the `fields` of an endpoint can name: none where it has no such parameter."""
    if endpoint.selecting("fields") is None:
        return NONE
    return selectable(endpoint.response, endpoint.read.elements, schemas) or NONE


def selectable(response: str, elements: str | None, schemas: Mapping[str, JsonObject]) -> Members | None:
    """Return the members of a response, or those of the elements of its list; None where it has no list."""
    whole = members_of(schemas[response], response, schemas)
    if elements is None:
        return whole
    return whole.named.get(elements, ANY if whole.is_open else None)


def members_of(schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> Members:
    """Return the members that a schema of `file` allows."""
    if not isinstance(schema, OBJECT):
        return NONE if schema is False else ANY
    found = [_own(schema, file, schemas)]
    if (ref := reference(schema)) is not None:
        target, its_file, _ = follow(ref, file, schemas)
        found.append(members_of(target, its_file, schemas))
    found += [members_of(part, file, schemas) for part in _parts(schema, "allOf")]
    for keyword in ("anyOf", "oneOf"):
        if options := _parts(schema, keyword):
            found.append(_either(members_of(option, file, schemas) for option in options))
    return reduce(_both, found)


def _own(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> Members:
    """Return what a schema's own keywords allow."""
    types = schema.get("type", _implied(schema))
    kinds = types if isinstance(types, ARRAY) else (types,)
    possible: list[Members] = []
    if "object" in kinds:
        properties = schema.get("properties")
        named = properties if isinstance(properties, OBJECT) else {}
        is_open = schema.get("additionalProperties") is not False or bool(schema.get("patternProperties"))
        members = {name: members_of(member, file, schemas) for name, member in named.items()}
        possible.append(Members(members, is_open))
    if "array" in kinds:
        elements = (*_parts(schema, "prefixItems"), schema.get("items", True))
        possible.append(_either(members_of(element, file, schemas) for element in elements))
    return _either(possible)


def _implied(schema: JsonObject) -> tuple[str, ...]:
    """Return the types that a schema without a `type` is meant for."""
    if "properties" in schema or "additionalProperties" in schema:
        return ("object",)
    if "items" in schema or "prefixItems" in schema:
        return ("array",)
    return ("object", "array")


def _either(options: Iterable[Members]) -> Members:
    return reduce(_one_or_other, options, NONE)


def _one_or_other(one: Members, other: Members) -> Members:
    named = dict(one.named)
    for name, members in other.named.items():
        named[name] = _one_or_other(named[name], members) if name in named else members
    return Members(named, one.is_open or other.is_open)


def _both(one: Members, other: Members) -> Members:
    named: dict[str, Members] = {}
    for name in {**one.named, **other.named}:
        if name in one.named and name in other.named:
            named[name] = _both(one.named[name], other.named[name])
        elif (other if name in one.named else one).is_open:
            named[name] = one.named.get(name) or other.named[name]
    return Members(named, one.is_open and other.is_open)


def _parts(schema: JsonObject, keyword: str) -> tuple[Json, ...]:
    value = schema.get(keyword)
    return tuple(value) if isinstance(value, ARRAY) else ()
