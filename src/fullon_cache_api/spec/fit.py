"""Whether what a read answers fits a response schema: nothing asked for that the read never gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .json import Json, JsonObject, Pointer
from .schemas import dereference
from .suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Misfit:
    """A place in a response schema file that the read's answer cannot satisfy."""

    file: str
    pointer: Pointer
    message: str


@dataclass(frozen=True, slots=True)
class Fitting:
    """One comparison of a response schema with the answer of the read that is named in the messages."""

    read: str
    schemas: Mapping[str, JsonObject]

    def misfits(self, file: str, answer: JsonObject) -> Iterator[Misfit]:
        """Yield everything that a schema file wants and the answer does not have."""
        yield from self._compare(self.schemas[file], file, (), answer)

    def _compare(self, schema: Json, file: str, pointer: Pointer, answer: Json) -> Iterator[Misfit]:
        if not isinstance(schema, Mapping) or not isinstance(answer, Mapping):
            return
        if "$ref" in schema:
            schema, target = dereference(schema, file, self.schemas)
            pointer = () if target != file else pointer
            file = target
        wanted, given = _types(schema), _types(answer)
        if wanted and given and not wanted & given:
            names = " or ".join(sorted(wanted))
            got = " or ".join(sorted(given))
            yield Misfit(file, pointer, f"{self.read} gives {got} here, never {names}")
            return
        yield from self._compare_members(schema, file, pointer, answer)
        yield from self._compare(schema.get("items"), file, (*pointer, "items"), answer.get("items"))

    def _compare_members(
        self, schema: JsonObject, file: str, pointer: Pointer, answer: JsonObject
    ) -> Iterator[Misfit]:
        given = answer.get("properties", {})
        wanted = schema.get("properties", {})
        required = schema.get("required", ())
        closed = answer.get("additionalProperties") is False
        if not (isinstance(given, Mapping) and isinstance(wanted, Mapping)):
            return
        for name, member in wanted.items():
            place = (*pointer, "properties", name)
            if name in given:
                yield from self._compare(member, file, place, given[name])
            elif closed:
                yield Misfit(file, place, f'{self.read} gives no "{name}"{did_you_mean(name, given)}')
        always = answer.get("required", ())
        for name in required if isinstance(required, (list, tuple)) else ():
            if closed and name in given and isinstance(always, (list, tuple)) and name not in always:
                message = f'{self.read} does not always give "{name}": it cannot be required'
                yield Misfit(file, (*pointer, "required"), message)


def _types(schema: JsonObject) -> frozenset[str]:
    declared = schema.get("type", ())
    names = (declared,) if isinstance(declared, str) else declared
    if not isinstance(names, (list, tuple)):
        return frozenset()
    types = {name for name in names if isinstance(name, str)}
    return frozenset(types | ({"integer"} if "number" in types else set()))
