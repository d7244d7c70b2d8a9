"""JSON Schemas as Python types: objects become TypedDicts, in an order in which each can be defined."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fullon_cache_api.spec.json import Json, JsonObject, Pointer
from fullon_cache_api.spec.schemas import dereference, follow, reference

from .declarations import Alias, Field, TypedObject
from .names import class_name, free_name
from .source import literal

Types: TypeAlias = tuple[str, ...]
"""The alternatives of a union; none where no value is possible."""

ANY: Types = ("Any",)
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_KEYWORDS = frozenset(
    ("$defs", "additionalProperties", "allOf", "anyOf", "items", "oneOf", "prefixItems", "properties")
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schema stands."""

    file: str
    pointer: Pointer = ()

    def within(self, *tokens: str | int) -> "_Place":
        return _Place(self.file, (*self.pointer, *tokens))

    @property
    def words(self) -> list[str]:
        """What of the pointer can be part of a name."""
        return [str(token) for token in self.pointer if token not in _KEYWORDS]


class TypeBook:
    """The types of a spec's schemas; `declarations` come after those that they refer to.

    References form no circle: the loader refuses those.
    """

    def __init__(self, schemas: Mapping[str, JsonObject], taken: Iterable[str]) -> None:
        self.declarations: list[TypedObject | Alias] = []
        self._schemas = schemas
        self._taken = set(taken)
        self._titles = {file: self._free(str(schema["title"])) for file, schema in schemas.items()}
        self._known: dict[_Place, Types] = {}
        self._declared: dict[_Place, str] = {}
        self._listings: dict[tuple[str, ...], str] = {}

    def of_file(self, file: str) -> str:
        """Return the type of a whole file."""
        return expression(self._of_place(self._schemas[file], _Place(file)))

    def of_parameter(self, schema: JsonObject, name: str) -> str:
        """Return the type of a parameter; a list of values gets a name, the same for the same list."""
        values = _literals(schema)
        if not values:
            return _SCALARS[str(schema["type"])]
        if values not in self._listings:
            alias = Alias(self._free(class_name(name)), "", f"Literal[{', '.join(values)}]", values)
            self.declarations.append(alias)
            self._listings[values] = alias.name
        return self._listings[values]

    def _of_place(self, schema: Json, place: _Place) -> Types:
        """Return the type of a schema that others may refer to; that of a whole file has its title."""
        if place not in self._known:
            types = self._of(schema, place)
            if not place.pointer and place not in self._declared:
                name, description = self._titles[place.file], self._description(schema, place.file)
                self.declarations.append(Alias(name, description, expression(types)))
                types = (name,)
            self._known[place] = types
        return self._known[place]

    def _of(self, schema: Json, place: _Place) -> Types:
        """Return the first type that a schema's keywords tell, of those that narrow most to its `type`."""
        if not isinstance(schema, Mapping):
            return ANY if schema else ()
        for tell in (self._referred, self._listed, self._united, self._typed):
            types = tell(schema, place)
            if types is not None and types != ANY:
                return types
        return ANY

    def _referred(self, schema: JsonObject, place: _Place) -> Types | None:
        ref = reference(schema)
        if ref is None or "properties" in schema:
            return None
        target, file, pointer = follow(ref, place.file, self._schemas)
        return self._of_place(target, _Place(file, pointer))

    def _listed(self, schema: JsonObject, place: _Place) -> Types | None:
        """Return the type of `const` and `enum`."""
        values = _literals(schema)
        if values is None:
            return None
        types = (f"Literal[{', '.join(values)}]",) if values else ()
        return (*types, "None") if None in _values(schema) else types

    def _united(self, schema: JsonObject, place: _Place) -> Types | None:
        """Return the type of `anyOf` and `oneOf`, and of an `allOf` that has one typed part."""
        for keyword in ("anyOf", "oneOf"):
            parts = _parts(schema, keyword)
            if parts:
                return union(self._of(part, place.within(keyword, i)) for i, part in enumerate(parts))
        if self._is_composed(schema, place.file):
            return None
        parts = _parts(schema, "allOf")
        typed = (self._of(part, place.within("allOf", i)) for i, part in enumerate(parts))
        return next((types for types in typed if types != ANY), None)

    def _typed(self, schema: JsonObject, place: _Place) -> Types | None:
        """Return the type of a schema by its `type`; one that has properties is taken for an object."""
        names = schema.get("type", "object" if self._is_composed(schema, place.file) else ())
        listed = (names,) if isinstance(names, str) else _parts(schema, "type")
        return union(self._of_type(str(name), schema, place) for name in listed) or None

    def _of_type(self, name: str, schema: JsonObject, place: _Place) -> Types:
        if name == "array":
            return (f"list[{expression(self._elements(schema, place))}]",)
        if name != "object":
            return (_SCALARS[name],)
        if self._is_composed(schema, place.file):
            return (self._declare(schema, place),)
        return (f"dict[str, {expression(self._further(schema, place))}]",)

    def _elements(self, schema: JsonObject, place: _Place) -> Types:
        leading = _parts(schema, "prefixItems")
        types = [self._of(part, place.within("prefixItems", index)) for index, part in enumerate(leading)]
        return union([*types, self._of(schema.get("items", True), place.within("items"))])

    def _further(self, schema: JsonObject, place: _Place) -> Types:
        return self._of(schema.get("additionalProperties", True), place.within("additionalProperties"))

    def _is_composed(self, schema: JsonObject, file: str) -> bool:
        """Whether an object has members of its own, or those of several schemas together."""
        parts = _parts(schema, "allOf")
        return "properties" in schema or sum(self._has_members(part, file) for part in parts) > 1

    def _has_members(self, schema: Json, file: str) -> bool:
        target, file = dereference(schema, file, self._schemas)
        parts = _parts(target, "allOf")
        return "properties" in target or any(self._has_members(part, file) for part in parts)

    def _members(self, schema: Json, place: _Place) -> Iterator[tuple[str, Json, _Place, bool]]:
        """Yield an object's members with their schemas: those of what it builds upon, then its own."""
        if not isinstance(schema, Mapping):
            return
        ref = reference(schema)
        if ref is not None:
            target, file, pointer = follow(ref, place.file, self._schemas)
            yield from self._members(target, _Place(file, pointer))
        for index, part in enumerate(_parts(schema, "allOf")):
            yield from self._members(part, place.within("allOf", index))
        required = _parts(schema, "required")
        properties = schema.get("properties")
        for name, member in properties.items() if isinstance(properties, Mapping) else ():
            yield name, member, place.within("properties", name), name in required

    def _declare(self, schema: JsonObject, place: _Place) -> str:
        if place not in self._declared:
            name = self._titles[place.file]
            if place.pointer:
                name = self._free(class_name(name, *place.words))
            self._declared[place] = name
            fields = self._fields(schema, place)
            further = self._further(schema, place)
            others = "" if further in (ANY, ()) else expression(further)
            self.declarations.append(TypedObject(name, str(schema.get("description", "")), fields, others))
        return self._declared[place]

    def _fields(self, schema: JsonObject, place: _Place) -> tuple[Field, ...]:
        fields: dict[str, Field] = {}
        for name, member, its_place, required in self._members(schema, place):
            types = self._of(member, its_place)
            # No value is possible: the member is never there.
            if types:
                needed = required or (name in fields and fields[name].required)
                text = self._description(member, its_place.file)
                fields[name] = Field(name, expression(types), needed, text)
        return tuple(fields.values())

    def _description(self, schema: Json, file: str) -> str:
        own = schema.get("description") if isinstance(schema, Mapping) else None
        if own is None:
            own = dereference(schema, file, self._schemas)[0].get("description", "")
        return str(own)

    def _free(self, wanted: str) -> str:
        name = free_name(wanted, self._taken)
        self._taken.add(name)
        return name


def expression(types: Types) -> str:
    """Return a union as Python writes it, None at its end."""
    ordered = sorted(types, key=lambda written: written == "None")
    return " | ".join(ordered) or "Any"


def union(parts: Iterable[Types]) -> Types:
    """Return the alternatives of all parts, each once."""
    types = tuple(dict.fromkeys(written for part in parts for written in part))
    return ANY if ANY[0] in types else types


def _parts(schema: JsonObject, keyword: str) -> tuple[Json, ...]:
    parts = schema.get(keyword)
    return tuple(parts) if isinstance(parts, (list, tuple)) else ()


def _values(schema: JsonObject) -> tuple[Json, ...]:
    return (schema["const"],) if "const" in schema else _parts(schema, "enum")


def _literals(schema: JsonObject) -> tuple[str, ...] | None:
    """Return the values that `const` or `enum` lists, but for None; None where one can be no literal."""
    values = _values(schema)
    if not values or not all(value is None or isinstance(value, (str, int)) for value in values):
        return None
    return tuple(
        literal(value) if isinstance(value, str) else repr(value) for value in values if value is not None
    )
