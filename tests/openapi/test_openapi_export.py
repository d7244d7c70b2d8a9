"""The document as JSON and as YAML."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fullon_cache_api import openapi
from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.json import PlainObject

# UTF-8 has no bytes for a lone surrogate.
texts = st.text(st.characters(codec="utf-8"), max_size=30)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=6,
)
documents = st.dictionaries(texts, values, max_size=4)

MISREAD = ["yes", "off", "y", "N", "null", "~", "", "1", "1.5", "1e5", "-.5E+3", "+.5", "08", "0o17", "0x1F"]
MISREAD += [
    "1_000",
    "1:30",
    "2024-01-01",
    "2024-01-01T12:00:00Z",
    ".inf",
    ".nan",
    "=",
    "<<",
    "true",
    "True",
    ".",
    "e5",
]


def test_json_is_indented_and_ends_with_a_newline() -> None:
    assert openapi.to_json({"b": [1, 2.5, None], "a": {"Börse": True}}).decode() == (
        '{\n  "b": [\n    1,\n    2.5,\n    null\n  ],\n  "a": {\n    "Börse": true\n  }\n}\n'
    )


def test_yaml_keeps_the_order_of_keys_and_ends_with_a_newline() -> None:
    assert openapi.to_yaml({"b": [1, 2.5, None], "a": {"Börse": True}}).decode() == (
        "b:\n- 1\n- 2.5\n- null\na:\n  Börse: true\n"
    )


@settings(deadline=None)
@given(documents)
def test_both_files_end_with_a_newline_and_load_back_equal(document: PlainObject) -> None:
    as_json, as_yaml = openapi.to_json(document), openapi.to_yaml(document)
    assert json.loads(as_json) == document
    assert yaml.load(as_yaml, Loader=yaml.CSafeLoader) == document
    assert as_json.endswith(b"\n")
    assert as_yaml.endswith(b"\n")


@pytest.mark.parametrize("text", MISREAD)
def test_yaml_quotes_text_that_a_reader_of_yaml_could_take_for_something_else(text: str) -> None:
    assert openapi.to_yaml({"value": text, text: 1}).decode() == f"value: '{text}'\n'{text}': 1\n"


@pytest.mark.parametrize("text", ["binance", "BTC-USDT", "1.0.0", "e5f", "no-store", "0f8c2b7e5d1a4c39"])
def test_yaml_leaves_other_text_as_it_is(text: str) -> None:
    assert openapi.to_yaml({"value": text}).decode() == f"value: {text}\n"


def test_yaml_writes_lines_as_lines() -> None:
    exported = openapi.to_yaml({"description": "Prices.\n\nBy exchange.", "summary": "a\n"}).decode()
    assert exported == "description: |-\n  Prices.\n\n  By exchange.\nsummary: |\n  a\n"


def test_yaml_escapes_what_breaks_a_line_in_yaml_1_1_only() -> None:
    assert openapi.to_yaml({"a": "\x85\u2028\u2029"}).decode() == 'a: "\\N\\L\\P"\n'


def test_yaml_writes_a_value_that_stands_twice_twice() -> None:
    shared: PlainObject = {"type": "string"}
    assert openapi.to_yaml({"a": shared, "b": shared}).decode() == "a:\n  type: string\nb:\n  type: string\n"


def test_both_files_of_a_spec_are_the_same_document(spec: Spec) -> None:
    document = openapi.document(spec, prefix="/api")
    assert json.loads(openapi.to_json(document)) == document
    assert yaml.load(openapi.to_yaml(document), Loader=yaml.CSafeLoader) == document
