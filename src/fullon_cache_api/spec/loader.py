"""Reads `endpoints.yaml` into a checked, frozen Spec, or says everything that is wrong with it."""

import json
from pathlib import Path

import jsonschema_rs

from .build import build
from .document import Document, Part, read_document
from .errors import SpecError
from .json import PlainObject
from .model import Spec
from .parse_yaml import parse_yaml
from .schema_folder import SPEC_SCHEMA, SchemaFolder
from .signature import Catalogue
from .structure import mistakes
from .wording import quote


def load_spec(path: Path, catalogue: Catalogue, shipped_schemas: Path) -> Spec:
    """Read a spec file; response schemas are looked up in `schemas/` beside it, then in `shipped_schemas`.

    Raises SpecError with every problem that was found, each with file, line and column.
    """
    document = read_document(path, parse_yaml)
    if not document.readable:
        raise SpecError(document.problems)
    _check_structure(document, shipped_schemas / SPEC_SCHEMA)
    folder = SchemaFolder(path.parent / "schemas", shipped_schemas)
    spec = build(Part(document, document.value), catalogue, folder)
    problems = [problem for checked in (document, *folder.documents) for problem in checked.problems]
    if problems or spec is None:
        raise SpecError(problems)
    return spec


def _check_structure(document: Document, schema_file: Path) -> None:
    if not isinstance(document.value, dict):
        found = "an empty file" if document.value is None else quote(document.value)
        document.complain((), f"a spec must be an object with info and endpoints, not {found}")
        return
    schema: PlainObject = json.loads(schema_file.read_text(encoding="utf-8"))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    for mistake in mistakes(validator, schema, document.value):
        document.mark(mistake.unusable, key=mistake.key)
        document.complain(mistake.pointer, mistake.message, key=mistake.key)
