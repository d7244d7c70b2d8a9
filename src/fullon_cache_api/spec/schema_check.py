"""What can be wrong within one response schema file."""

import re
from functools import cache

import jsonschema_rs

from .document import Document
from .json import Json, PlainObject, Pointer
from .schemas import OF_A_FILE, subschemas
from .structure import mistakes
from .suggest import did_you_mean
from .wording import quote

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SYSTEM_TITLES = frozenset({"Batch", "Health", "Liveness", "Problem", "Readiness"})
"""Titles of the schemas that every gateway has, whatever its spec says."""

UNUSABLE_PATTERN = "the pattern cannot be used: it is too large, or names a class that is not known"

_TITLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# JSON Schema 2020-12, and what OpenAPI 3.1 adds in its base vocabulary.
_KEYWORDS = frozenset(
    {
        "$comment", "$defs", "$ref", "additionalProperties", "allOf", "anyOf", "const", "contains",
        "contentEncoding", "contentMediaType", "contentSchema", "default", "dependentRequired",
        "dependentSchemas", "deprecated", "description", "discriminator", "else", "enum", "example",
        "examples", "exclusiveMaximum", "exclusiveMinimum", "externalDocs", "format", "if", "items",
        "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems",
        "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern",
        "patternProperties", "prefixItems", "properties", "propertyNames", "readOnly", "required",
        "then", "title", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
        "writeOnly", "xml",
    }
)  # fmt: skip
_INSTEAD = {
    "$anchor": "refer to the place, as in #/$defs/name",
    "$dynamicAnchor": "refer to the place, as in #/$defs/name",
    "$dynamicRef": "write $ref",
    "$id": "files are known by their names",
    "$recursiveRef": "write $ref",
    "$schema": "it belongs at the top of the file",
    "$vocabulary": "leave it out",
    "definitions": "write $defs",
    "nullable": 'put "null" among the types',
}


def check_schema(document: Document) -> None:
    """Report what is wrong with a response schema, its references left aside."""
    schema = document.value
    if not isinstance(schema, dict):
        document.complain((), f"a response schema must be an object, not {quote(schema)}")
        return
    for mistake in mistakes(_meta_validator(), {}, schema):
        document.mark(mistake.unusable)
        document.complain(mistake.pointer, mistake.message, key=mistake.key)
    _check_dialect(document, schema.get("$schema", DIALECT))
    _check_title(document, schema.get("title"))
    for pointer, inner in subschemas(schema):
        if isinstance(inner, dict):
            _check_keywords(document, pointer, inner)
            _check_patterns(document, pointer, inner)


def is_usable_pattern(pattern: str) -> bool:
    """Whether a regular expression can be compiled."""
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        return False
    return True


@cache
def _meta_validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator({"$ref": DIALECT}, validate_formats=True, offline=True)


def _check_dialect(document: Document, dialect: Json) -> None:
    if dialect != DIALECT and ("$schema",) not in document.mistaken:
        document.complain(("$schema",), f'"$schema" must be {DIALECT}, not {quote(dialect)}')


def _check_title(document: Document, title: Json) -> None:
    if ("title",) in document.mistaken:
        return
    if not (isinstance(title, str) and _TITLE.fullmatch(title)):
        message = '"title" must name the schema, in letters and digits, as in TickerList'
        document.complain(("title",), message)
    elif title in SYSTEM_TITLES:
        message = f"{quote(title)} is the title of a schema that every gateway has: choose another one"
        document.complain(("title",), message)


def _check_keywords(document: Document, pointer: Pointer, schema: PlainObject) -> None:
    for keyword in schema:
        if keyword in OF_A_FILE and not pointer:
            continue
        if keyword in _INSTEAD:
            message = f"{quote(keyword)} is not supported here: {_INSTEAD[keyword]}"
        elif keyword not in _KEYWORDS and not keyword.startswith("x-"):
            message = f"unknown keyword {quote(keyword)}{did_you_mean(keyword, _KEYWORDS)}"
        else:
            continue
        document.complain((*pointer, keyword), message, key=True)


def _check_patterns(document: Document, pointer: Pointer, schema: PlainObject) -> None:
    by_pattern = schema.get("patternProperties")
    places: list[tuple[Pointer, Json]] = [((*pointer, "pattern"), schema.get("pattern"))]
    places += [((*pointer, "patternProperties", name), name) for name in _names(by_pattern)]
    for place, pattern in places:
        if isinstance(pattern, str) and place not in document.mistaken and not is_usable_pattern(pattern):
            document.complain(place, UNUSABLE_PATTERN, key=place[-1] == pattern)


def _names(value: Json) -> list[str]:
    return list(value) if isinstance(value, dict) else []
