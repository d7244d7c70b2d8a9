"""Whether what a read answers fits a response schema: nothing asked for that the read never gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .json import ARRAY, EMPTY, OBJECT, Json, JsonObject, Pointer
from .schemas import follow, reference
from .suggest import did_you_mean
from .wording import quote, typed


@dataclass(frozen=True, slots=True)
class Misfit:
    """A place in a response schema file that an answer cannot satisfy; `key` where it is the key's place."""

    file: str
    pointer: Pointer
    message: str
    key: bool = False


@dataclass(frozen=True, slots=True)
class Fitting:
    """One comparison of a response schema with the answer of the read that is named in the messages."""

    read: str
    schemas: Mapping[str, JsonObject]

    def misfits(self, file: str, answer: JsonObject) -> Iterator[Misfit]:
        """Yield everything that a schema file wants and the answer does not have."""
        return self._compare(self.schemas[file], file, (), answer)

    def _compare(self, schema: Json, file: str, pointer: Pointer, answer: Json) -> Iterator[Misfit]:
        if not isinstance(schema, OBJECT) or not isinstance(answer, OBJECT):
            return
        ref = reference(schema)
        if ref is not None:
            inner, its_file, place = follow(ref, file, self.schemas)
            yield from self._compare(inner, its_file, place, answer)
        wanted, given = _types(schema), _types(answer)
        if wanted and given and not _numeric(wanted) & _numeric(given):
            message = f"{self.read} gives {typed(given)} here, never {typed(wanted)}"
            yield Misfit(file, (*pointer, "type"), message)
            return
        yield from self._compare_members(schema, file, pointer, answer)
        yield from self._compare_required(schema, file, pointer, answer)
        yield from self._compare_elements(schema, file, pointer, answer)
        yield from self._compare_choices(schema, file, pointer, answer)

    def _compare_members(
        self, schema: JsonObject, file: str, pointer: Pointer, answer: JsonObject
    ) -> Iterator[Misfit]:
        given, others = _object(answer.get("properties")), answer.get("additionalProperties")
        for name, member in _object(schema.get("properties")).items():
            place = (*pointer, "properties", name)
            if name not in given and others is False:
                yield Misfit(file, place, self._missing(name, given), key=True)
            else:
                yield from self._compare(member, file, place, given.get(name, others))
        more = "additionalProperties"
        yield from self._compare(schema.get(more), file, (*pointer, more), others)

    def _missing(self, name: str, given: JsonObject) -> str:
        return f"{self.read} gives no {quote(name)}{did_you_mean(name, given)}"

    def _compare_required(
        self, schema: JsonObject, file: str, pointer: Pointer, answer: JsonObject
    ) -> Iterator[Misfit]:
        given, always = _object(answer.get("properties")), _array(answer.get("required"))
        named = _object(schema.get("properties"))
        closed = answer.get("additionalProperties") is False
        for index, name in enumerate(_array(schema.get("required"))):
            place = (*pointer, "required", index)
            if closed and name not in given and name not in named:
                yield Misfit(file, place, self._missing(str(name), given))
            elif name in given and name not in always:
                message = f"{self.read} does not always give {quote(name)}: it cannot be required"
                yield Misfit(file, place, message)

    def _compare_elements(
        self, schema: JsonObject, file: str, pointer: Pointer, answer: JsonObject
    ) -> Iterator[Misfit]:
        elements = answer.get("items")
        yield from self._compare(schema.get("items"), file, (*pointer, "items"), elements)
        for index, element in enumerate(_array(schema.get("prefixItems"))):
            yield from self._compare(element, file, (*pointer, "prefixItems", index), elements)

    def _compare_choices(
        self, schema: JsonObject, file: str, pointer: Pointer, answer: JsonObject
    ) -> Iterator[Misfit]:
        for index, part in enumerate(_array(schema.get("allOf"))):
            yield from self._compare(part, file, (*pointer, "allOf", index), answer)
        for keyword in ("anyOf", "oneOf"):
            options = [
                list(self._compare(option, file, (*pointer, keyword, index), answer))
                for index, option in enumerate(_array(schema.get(keyword)))
            ]
            # One that fits is enough; where none does, the one that comes nearest is what was meant.
            yield from min(options, key=len, default=[])


def _types(schema: JsonObject) -> list[str]:
    declared = schema.get("type", ())
    names = (declared,) if isinstance(declared, str) else _array(declared)
    return [name for name in names if isinstance(name, str)]


def _numeric(types: list[str]) -> set[str]:
    """Return types with integers among the numbers, as JSON Schema has them."""
    return {*types, "integer"} if "number" in types else {*types}


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, OBJECT) else EMPTY


def _array(value: Json) -> list[Json]:
    return list(value) if isinstance(value, ARRAY) else []
