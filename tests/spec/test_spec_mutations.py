"""Whatever is done to a spec: it loads and can be served, or SpecError says why not."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from spec.mutations import OF_A_SCHEMA, OF_A_SPEC, mangled, rearranged
from support import CHECKOUT

from fullon_cache_api import openapi
from fullon_cache_api.http.contract import Contract
from fullon_cache_api.http.parameters import compile_parameters
from fullon_cache_api.spec import Spec, SpecError
from fullon_cache_api.spec.json import PlainJson

Load: TypeAlias = Callable[[Path], Spec]
Changed: TypeAlias = tuple[str, str]
"""The name of a response schema file, and its text."""

GOOD = CHECKOUT / "tests" / "specs" / "good"
EVERYTHING = (GOOD / "everything" / "endpoints.yaml").read_text()
SHIPPED = (CHECKOUT / "endpoints.yaml").read_text()
REFERENCES = (GOOD / "references" / "endpoints.yaml").read_text()
SCHEMAS = {path.name: path.read_text() for path in (GOOD / "references" / "schemas").glob("*.json")}
SHIPPED_SCHEMAS = {path.name: path.read_text() for path in (CHECKOUT / "schemas").glob("*.json")}
WITHIN = 1.0
"""Seconds of computing that a load may take, however odd the file is."""


def check(path: Path, load: Load) -> None:
    """Load a spec: what loads must be servable, what does not must say where and why."""
    started = time.process_time()
    try:
        spec = load(path)
    except SpecError as error:
        assert error.problems
        for problem in error.problems:
            assert Path(problem.file).parent in (path.parent, path.parent / "schemas", CHECKOUT / "schemas")
            assert problem.line >= 1 and problem.column >= 1
            assert problem.message and len(problem.message.splitlines()) == 1
        assert time.process_time() - started < WITHIN
    else:
        assert time.process_time() - started < WITHIN
        serve(spec)


def serve(spec: Spec) -> None:
    """Make all that a gateway makes of a spec before it serves."""
    assert spec.endpoints
    for endpoint in spec.endpoints:
        compile_parameters(endpoint)
        Contract(endpoint, spec.schemas)
    openapi.to_json(openapi.document(spec, prefix="/api"))


def as_json(value: PlainJson) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


@st.composite
def changed(draw: st.DrawFn, schemas: dict[str, str]) -> Changed:
    """One of some response schemas, mangled or rearranged."""
    name = draw(st.sampled_from(sorted(schemas)))
    other = rearranged(json.loads(schemas[name]), OF_A_SCHEMA).map(as_json)
    return name, draw(mangled(schemas[name]) | other | other)


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    (tmp_path / "schemas").mkdir()
    return tmp_path / "endpoints.yaml"


@given(text=mangled(EVERYTHING))
@examples(40)
def test_a_mangled_spec_loads_or_is_refused(text: str, spec_file: Path, load: Load) -> None:
    spec_file.write_text(text, encoding="utf-8")
    check(spec_file, load)


@given(value=rearranged(yaml.safe_load(EVERYTHING), OF_A_SPEC))
@examples(40)
def test_a_rearranged_spec_loads_or_is_refused(value: PlainJson, spec_file: Path, load: Load) -> None:
    spec_file.write_text(as_json(value), encoding="utf-8")
    check(spec_file, load)


@given(text=mangled(SHIPPED) | rearranged(yaml.safe_load(SHIPPED), OF_A_SPEC).map(as_json))
@examples(8)
def test_the_shipped_spec_however_changed_loads_or_is_refused(text: str, spec_file: Path, load: Load) -> None:
    spec_file.write_text(text, encoding="utf-8")
    check(spec_file, load)


@given(schema=changed(SCHEMAS))
@examples(70)
def test_a_response_schema_however_changed_is_used_or_is_refused(
    schema: Changed, spec_file: Path, load: Load
) -> None:
    spec_file.write_text(REFERENCES)
    for name, text in (*SCHEMAS.items(), schema):
        (spec_file.parent / "schemas" / name).write_text(text, encoding="utf-8")
    check(spec_file, load)


@given(schema=changed(SHIPPED_SCHEMAS))
@examples(8)
def test_a_shipped_response_schema_however_changed_is_used_or_is_refused(
    schema: Changed, spec_file: Path, load: Load
) -> None:
    name, text = schema
    spec_file.write_text(SHIPPED)
    own = spec_file.parent / "schemas" / name
    own.write_text(text, encoding="utf-8")
    check(spec_file, load)
    own.unlink()
