"""The two parsers: what they read is what the file says, and every place is where it stands."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.spec.document import Document
from fullon_cache_api.spec.json import PlainJson, Pointer
from fullon_cache_api.spec.parse_json import parse_json
from fullon_cache_api.spec.parse_yaml import parse_yaml

LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(LETTERS, max_size=6)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(LETTERS, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
INDENTS = st.sampled_from([None, 0, 1, 3])


def parts(value: PlainJson, pointer: Pointer = ()) -> Iterator[tuple[Pointer, PlainJson]]:
    yield pointer, value
    tokens = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for token, child in tokens:
        yield from parts(child, (*pointer, token))


def text_at(text: str, place: tuple[int, int]) -> str:
    line, column = place
    return "\n".join(text.split("\n")[line - 1 :])[column - 1 :]


def assert_places(document: Document, text: str, value: PlainJson) -> None:
    assert (document.value, document.problems) == (value, [])
    for pointer, part in parts(value):
        start = part if not isinstance(part, dict | list) else [] if isinstance(part, list) else {}
        shown = json.dumps(start, ensure_ascii=False)
        assert text_at(text, document.place(pointer)).startswith(shown if part == start else shown[0])
        if pointer and isinstance(pointer[-1], str):
            name = json.dumps(pointer[-1], ensure_ascii=False)
            assert text_at(text, document.place(pointer, key=True)).startswith(name)


@given(value=TREES, indent=INDENTS)
@examples(60)
def test_json_is_read_with_every_value_and_key_at_its_place(value: PlainJson, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert_places(parse_json(text, "x.json"), text, value)


@given(value=TREES, indent=INDENTS)
@examples(60)
def test_json_read_as_yaml_says_the_same_at_the_same_places(value: PlainJson, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert_places(parse_yaml(text, "x.yaml"), text, value)


@given(value=st.recursive(SCALARS | st.floats(), lambda inner: st.lists(inner, max_size=3)))
@examples(60)
def test_json_numbers_are_exact_or_refused(value: PlainJson) -> None:
    text = json.dumps(value)
    document = parse_json(text, "x.json")
    if re.search("NaN|Infinity", text):
        assert document.problems and not document.readable
    else:
        assert (document.value, document.problems) == (value, [])


@pytest.mark.parametrize("parse", [parse_yaml, parse_json])
def test_what_does_not_stand_in_a_file_is_at_the_nearest_that_it_would_stand_in(
    parse: type[Document],
) -> None:
    document = parse('{"a": 1,\n "b": {"c": [2]}}', "x")
    assert document.place(("b", "c", 5, "d", "e")) == (2, 13)
    assert document.place(("b", "d")) == (2, 7)
    assert document.place(("d",)) == (1, 1)


@pytest.mark.parametrize("parse", [parse_yaml, parse_json])
def test_an_integer_of_more_than_400_digits_is_refused(parse: type[Document]) -> None:
    document = parse(f"[{'9' * 400}]", "x")
    assert (document.value, document.problems) == ([10**400 - 1], [])
    assert [problem.column for problem in parse(f"[{'9' * 401}]", "x").problems] == [2]


def yaml_1_2(text: str) -> PlainJson:
    """Read a plain scalar by the core schema of YAML 1.2 (section 10.3.2)."""
    if re.fullmatch("null|Null|NULL|~|", text):
        return None
    if re.fullmatch("true|True|TRUE|false|False|FALSE", text):
        return text.lower() == "true"
    if re.fullmatch("[-+]?[0-9]+", text):
        return int(text)
    if re.fullmatch("0o[0-7]+|0x[0-9a-fA-F]+", text):
        return int(text, 0)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    if re.fullmatch(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", text):
        return float(text.replace(".", ""))
    return text


@given(text=st.from_regex(r"[0-9+.:_eExo~=<yYnNaAfFtTrRuUlLsSiI-]{1,8}", fullmatch=True))
@examples(200)
def test_a_scalar_that_is_accepted_means_the_same_in_yaml_1_1_and_1_2(text: str) -> None:
    document = parse_yaml(f"- {text}", "x.yaml")
    if (
        not document.problems
        and isinstance(document.value, list)
        and not isinstance(document.value[0], dict | list)
    ):
        expected = yaml_1_2(text)
        (old,) = yaml.safe_load(f"- {text}")
        assert (document.value, type(document.value[0])) == ([expected], type(expected))
        assert (old, type(old)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("False", False),
        ("0", 0), ("-7", -7), ("+7", 7), ("2024", 2024), ("12345678901234567890123", 12345678901234567890123),
        ("1.5", 1.5), ("-0.5", -0.5), (".5", 0.5), ("5.", 5.0), ("1.5e+3", 1500.0),
        ("offline", "offline"), ("nothing", "nothing"), ("1.2.3", "1.2.3"), ("1m", "1m"), ("a:b", "a:b"),
        ("BTC-USDT", "BTC-USDT"), ("==", "=="), ("1:3 0", "1:3 0"), ("12e03x", "12e03x"), ("-", [None]),
        ("'off'", "off"), ('"1_0"', "1_0"), (">-\n  off", "off"), ("|\n  1:30\n", "1:30\n"),
    ],
)  # fmt: skip
def test_what_is_clear_is_accepted(text: str, value: PlainJson) -> None:
    document = parse_yaml(f"- {text}", "x.yaml")
    assert (document.value, document.problems) == ([value], [])


@pytest.mark.parametrize("depth", [64, 65])
@pytest.mark.parametrize("parse", [parse_yaml, parse_json])
def test_what_is_nested_more_than_64_deep_is_refused(parse: type[Document], depth: int) -> None:
    document = parse("[" * depth + "]" * depth, "x")
    expected = [] if depth == 64 else ["x:1:65: this is nested more than 64 deep"]
    assert [str(problem) for problem in document.problems] == expected
