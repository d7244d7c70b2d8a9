"""`endpoints.schema.json`, by which editors complete and check a spec, agrees with all that it speaks of."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from support import CHECKOUT

from fullon_cache_api.openapi.system import system_schemas
from fullon_cache_api.reads import CATALOGUE
from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.json import PlainJson, PlainObject
from fullon_cache_api.spec.schema_check import SYSTEM_TITLES
from fullon_cache_api.spec.schema_folder import SYSTEM_FILES
from fullon_cache_api.spec.schemas import subschemas

SCHEMAS = CHECKOUT / "schemas"
SCHEMA: PlainObject = json.loads((SCHEMAS / "endpoints.schema.json").read_text())
PLACES = list(subschemas(SCHEMA))


def objects() -> Iterator[tuple[str, PlainObject]]:
    for pointer, schema in PLACES:
        if isinstance(schema, dict):
            yield "/".join(map(str, pointer)), schema


def test_it_is_a_schema_of_json_schema_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(SCHEMA)


def test_the_shipped_spec_names_it_and_passes_it() -> None:
    text = (CHECKOUT / "endpoints.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=schemas/endpoints.schema.json\n")
    validator = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True, offline=True)
    validator.validate(yaml.safe_load(text))


def test_it_completes_the_names_of_all_reads_and_of_no_other() -> None:
    read = SCHEMA["$defs"]["endpoint"]["properties"]["read"]
    assert sorted(read["examples"]) == sorted(CATALOGUE.reads)


def test_every_key_of_a_spec_is_described() -> None:
    definitions: dict[str, PlainJson] = SCHEMA["$defs"]
    for place, schema in objects():
        for name, member in schema.get("properties", {}).items():
            referred = definitions.get(str(member.get("$ref", "")).rpartition("/")[2], {})
            assert {**referred, **member}.get("description"), f"{place}/properties/{name}"


def test_every_object_of_a_spec_is_closed() -> None:
    for place, schema in objects():
        if "properties" in schema:
            assert schema["additionalProperties"] in (False, {"$ref": "#/$defs/sharedParameter"}), place


def test_every_pattern_is_put_into_words() -> None:
    for place, schema in objects():
        if "pattern" in schema:
            assert schema["patternErrorMessage"].startswith("must be "), place


def test_its_own_example_is_a_spec() -> None:
    validator = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True, offline=True)
    for example in SCHEMA["examples"]:
        validator.validate(example)


def test_a_response_schema_cannot_take_the_title_of_a_system_component() -> None:
    assert set(system_schemas()) == SYSTEM_TITLES


@pytest.mark.parametrize("name", sorted(SYSTEM_FILES))
def test_every_system_file_is_there(name: str) -> None:
    assert (SCHEMAS / name).is_file()


def test_every_other_shipped_schema_is_part_of_the_shipped_spec(load: Callable[[Path], Spec]) -> None:
    shipped = {path.name for path in SCHEMAS.glob("*.json")} - SYSTEM_FILES
    assert set(load(CHECKOUT / "endpoints.yaml").schemas) == shipped
