"""One response schema file, with the schemas within it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .document import Document, read_document
from .json import Json, Pointer
from .parse_json import parse_json
from .schema_check import check_schema
from .schemas import pointer_text, reference, subschemas


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A file and every schema within it, by JSON Pointer (RFC 6901): its place and its value."""

    document: Document
    parts: Mapping[str, tuple[Pointer, Json]]

    def references(self) -> Iterator[tuple[Pointer, str]]:
        """Yield every `$ref` with its place."""
        for place, schema in self.parts.values():
            ref = reference(schema)
            if ref is not None:
                yield (*place, "$ref"), ref


def read_schema_file(path: Path) -> SchemaFile:
    """Read a file and check it by itself; what it refers to is left aside."""
    document = read_document(path, parse_json)
    if not document.readable:
        return SchemaFile(document, {})
    check_schema(document)
    parts = {pointer_text(place): (place, schema) for place, schema in subschemas(document.value)}
    return SchemaFile(document, parts)
