"""Reads `endpoints.yaml` into a checked, frozen Spec, or says everything that is wrong with it."""

import json
from pathlib import Path

from .build import build
from .document import parse_yaml, read_text
from .errors import SpecError
from .json import PlainObject
from .model import Spec
from .schemas import SPEC_SCHEMA, SchemaFolder
from .signature import Catalogue
from .structure import mistakes


def load_spec(path: Path, catalogue: Catalogue, shipped_schemas: Path) -> Spec:
    """Read a spec file; response schemas are looked up in `schemas/` beside it, then in `shipped_schemas`.

    Raises SpecError with every problem that was found, each with file, line and column.
    """
    file = str(path)
    text, problems = read_text(path, file)
    if problems:
        raise SpecError(problems)
    document = parse_yaml(text, file)
    problems = list(document.problems)
    if not document.values:
        raise SpecError(problems or [document.problem((), "the file is empty")])
    found = list(mistakes(_structure(shipped_schemas), document.value))
    problems += [document.problem(mistake.pointer, mistake.message, key=mistake.key) for mistake in found]
    if not isinstance(document.value, dict):
        raise SpecError(problems)
    folder = SchemaFolder((path.parent / "schemas", shipped_schemas))
    spec, more = build(document, {mistake.pointer for mistake in found}, catalogue, folder)
    problems += more
    if problems or spec is None:
        raise SpecError(problems)
    return spec


def _structure(folder: Path) -> PlainObject:
    schema: PlainObject = json.loads((folder / SPEC_SCHEMA).read_text(encoding="utf-8"))
    return schema
