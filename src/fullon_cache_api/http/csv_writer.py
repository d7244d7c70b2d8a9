"""A collection as CSV (RFC 4180): a header, and a row for each element."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fullon_cache_api.reads.values import Value
from fullon_cache_api.spec.element import element_schema
from fullon_cache_api.spec.json import EMPTY, Json, JsonObject
from fullon_cache_api.spec.schemas import dereference

REST = "_rest"
"""The last column where elements may have members of any name: those without a column, as a JSON object."""

MOST_COLUMNS = 256
"""Columns at most for members that the schema does not name; further ones are in the last column."""

_DEPTH = 8
"""Objects within objects that get columns of their own; deeper ones are JSON in one column."""

_QUOTED = re.compile(r'[",\r\n]|^\s|\s$|^$')

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class CsvWriter:
    """Writes a column for each member that the schema names, then for those that the first elements have.

    Members of objects within an element are `object.member`. Null and what is missing is empty, an empty
    text is `""`; lists are JSON. Texts stand as they are, also those that begin like a formula.
    """

    def __init__(self, columns: Sequence[str], is_open: bool) -> None:
        self._named = columns
        self._columns = list(columns)
        self._is_open = is_open
        self._rest: str | None = None

    def head(self, first: Sequence[bytes]) -> bytes:
        """Return the header; the first elements say which columns there are beyond the schema's."""
        columns = dict.fromkeys(self._columns)
        most = len(columns) + MOST_COLUMNS
        for element in first if self._is_open else ():
            for path in self._cells(element):
                if len(columns) < most:
                    columns.setdefault(path)
        self._columns = list(columns)
        if self._is_open:
            self._rest = REST
            while self._rest in columns:
                self._rest += "_"
        return _line(map(_text, self._columns if self._rest is None else (*self._columns, self._rest)))

    def part(self, elements: Sequence[bytes]) -> bytes:
        """Return a row for each element."""
        return b"".join([self._row(self._cells(element)) for element in elements])

    def tail(self, count: int, skipped: int) -> bytes:
        """Return nothing."""
        return b""

    def _cells(self, element: bytes) -> dict[str, Value]:
        match _decode(element):
            case dict(members):
                cells: dict[str, Value] = {}
                for path, value in _leaves(members, "", _DEPTH):
                    # {"a.b": 1} and {"a": {"b": 2}} have one path.
                    while path in cells:
                        path += "."
                    cells[path] = value
                return cells
            case list(items):
                others = map(str, range(len(self._named), len(items)))
                return dict(zip((*self._named, *others), items, strict=False))
            case value:
                return {"value": value}

    def _row(self, cells: dict[str, Value]) -> bytes:
        texts = [_text(cells.pop(name, None)) for name in self._columns]
        if self._rest is not None:
            texts.append(_text(cells or None))
        return _line(texts)


def csv_columns(
    name: str | None, response: str, schemas: Mapping[str, JsonObject]
) -> tuple[tuple[str, ...], bool]:
    """Return the columns that a response schema names, and whether there can be others."""
    found = element_schema(name, schemas[response], response, schemas)
    if found is None:
        return (), True
    schema, file = dereference(*found, schemas)
    if "prefixItems" in schema:
        titles = tuple(_titles(schema, file, schemas))
        return titles, schema.get("items") is not False and schema.get("maxItems") != len(titles)
    if "properties" not in schema:
        return (), True
    columns = tuple(_named(schema, file, schemas))
    return columns, _has_others(schema, file, schemas)


def columns_of(fields: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return those of some columns that selected fields have."""
    return [one for one in columns if any(one == field or one.startswith(field + ".") for field in fields)]


def _titles(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> Iterator[str]:
    places = schema["prefixItems"]
    for index, place in enumerate(places if isinstance(places, (list, tuple)) else ()):
        title = dereference(place, file, schemas)[0].get("title")
        yield title if isinstance(title, str) else str(index)


def _properties(schema: JsonObject) -> Mapping[str, Json]:
    properties = schema.get("properties", EMPTY)
    return properties if isinstance(properties, Mapping) else EMPTY


def _named(
    schema: JsonObject, file: str, schemas: Mapping[str, JsonObject], prefix: str = ""
) -> Iterator[str]:
    for name, member in _properties(schema).items():
        inner, inner_file = dereference(member, file, schemas)
        if "properties" in inner:
            yield from _named(inner, inner_file, schemas, f"{prefix}{name}.")
        elif inner.get("type") != "object":
            yield prefix + name


def _has_others(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> bool:
    if schema.get("additionalProperties") is not False:
        return True
    inner = (dereference(member, file, schemas) for member in _properties(schema).values())
    return any(
        _has_others(member, its_file, schemas)
        for member, its_file in inner
        if "properties" in member or member.get("type") == "object"
    )


def _leaves(members: Mapping[str, Value], prefix: str, depth: int) -> Iterator[tuple[str, Value]]:
    for name, value in members.items():
        if isinstance(value, dict) and value and depth:
            yield from _leaves(value, f"{prefix}{name}.", depth - 1)
        elif value is not None:
            yield prefix + name, value


def _text(value: Value) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _encode(value).decode()
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _line(texts: Iterator[str] | Sequence[str]) -> bytes:
    # Readers pass over a line with nothing on it.
    return ((",".join(texts) or '""') + "\r\n").encode()
