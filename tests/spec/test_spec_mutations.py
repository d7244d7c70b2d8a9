"""Whatever is done to a spec: it loads and can be served, or SpecError says why not."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT

from fullon_cache_api import openapi
from fullon_cache_api.http.contract import Contract
from fullon_cache_api.http.parameters import compile_parameters
from fullon_cache_api.spec import Spec, SpecError
from fullon_cache_api.spec.json import PlainJson, Pointer

Load: TypeAlias = Callable[[Path], Spec]

SPECS = CHECKOUT / "tests" / "specs"
SHIPPED = (CHECKOUT / "endpoints.yaml").read_text()
EVERYTHING = (SPECS / "good" / "everything" / "endpoints.yaml").read_text()
REFERENCES_SPEC = (SPECS / "good" / "references" / "endpoints.yaml").read_text()
REFERENCES = {path.name: path.read_text() for path in (SPECS / "good" / "references" / "schemas").iterdir()}
SHIPPED_SCHEMAS = sorted(path.name for path in (CHECKOUT / "schemas").glob("*.json"))
WITHIN = 1.0
"""Seconds of computing that a load may take, however odd the file is."""

ODD_TEXTS = st.sampled_from(
    """off 1_0 0x1F 1e3 1:30 017 ~ null true 5 -1 1.5 100.0 1.0e+999 .nan [] {} [[]] {a: b} *a &a !!int <<: == "
    ' { } [ ] , : - ? # | > @ ` % -- --- ... é \x00 \t \x85 \u2028 \U0001f600 \\ "\\ud800" "\\u0000" path query
    symbol exchange string integer boolean /x /{x} /. ticker.json bots.json TickCache.get_ticker parameters
    BotCache.get_bots TradesCache.get_trades {const: 1} {$ref: x} (a+)+$ \\p{X} a{1000000}""".split(" ")
)
LINES = st.one_of(ODD_TEXTS, st.text(max_size=12), st.sampled_from(SHIPPED.splitlines()))
ODD_SCALARS: list[PlainJson] = [
    None, True, 0, -1, 2**63, 10**390, 0.5, 100.0, 1e308, "", "x", "off", "é\u2028", "..", "http://x/y", "#"
]  # fmt: skip
ODD_NAMES = st.sampled_from(["x", "", "é", "a b", "a\nb", "x-odd", "not", "if", "$id", "$anchor", "const", "items"])
ODD_VALUES: st.SearchStrategy[PlainJson] = st.recursive(
    st.sampled_from(ODD_SCALARS) | st.text(max_size=5) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_NAMES, inner, max_size=3),
    max_leaves=6,
)
PATTERNS: list[PlainJson] = ["^[a-z]+$", "[", "(a+)+$", "\\p{X}", "(a{999}){999}", "(?<!x)y", "(?i)x", "\\1", 5]
TYPES: list[PlainJson] = ["string", "integer", "number", "boolean", "object", "array", "null", "text", ["string", "null"]]
FORMATS: list[PlainJson] = ["date-time", "regex", "uri", "email", "no-such-format", 5]
VALUES: list[PlainJson] = [None, True, 0, 5, 100.0, 1e308, 10**390, "", "x", [], {}, [5, "5"]]
SCHEMAS: list[PlainJson] = [
    True, False, {}, {"type": "string"}, {"type": "object"}, {"$ref": "#"}, {"$ref": "#/$defs/anything"},
    {"pattern": "\\p{X}"}, {"properties": {"x": False}}, {"items": {"$ref": "bot.json"}}, 5,
]  # fmt: skip
SCHEMA_MEMBERS: list[tuple[str, list[PlainJson]]] = [
    ("$ref", ["#", "own_bot.json", "own_parts.json#/$defs/anything", "own_parts.json#/$defs/counts/prefixItems/0",
              "own_parts.json#/$defs/counts/prefixItems/00", "own_parts.json#/$defs/counts/prefixItems/-1",
              "#/$defs", "#/$defs/default", "ticker.json", "x.json", "#/allOf/0", "#/properties/%", "#/~2", 5]),
    ("$defs", [{}, {"anything": {"$ref": "#/$defs/anything"}}, {"x/y~z %": True}]),
    ("$id", ["x.json", "https://example.org/", "#a", 5]), ("$schema", ["http://json-schema.org/draft-04/schema#", "x"]),
    ("$anchor", ["x"]), ("$dynamicRef", ["#x"]), ("title", ["Own", "Problem", "Ticker", "", 5]),
    ("type", TYPES), ("pattern", PATTERNS), ("format", FORMATS), ("const", VALUES), ("examples", [[5], ["x", {}], [], 5]),
    ("enum", [[1, 1.0], [1, True], [], ["x"], 5]), ("default", VALUES), ("required", [["x"], ["count", "count"], []]),
    ("minimum", [0, 1e308, 10**390, "x"]), ("multipleOf", [0, 0.1, 1e-308, 10**390]), ("minLength", [1.0, -1, 2**70]),
    ("maxItems", [0, 2**70]), ("uniqueItems", [True, 1]), ("patternProperties", [{"[": {}}, {"\\p{X}": {}}, {"": True}]),
    ("dependentSchemas", [{"x": {"$ref": "#/$defs/x"}}]), ("dependentRequired", [{"x": ["y"]}]),
    ("properties", [{"x": True}, {"$ref": {"type": "string"}}, {"default": {"$ref": "x.json"}}, {"": {}}, []]),
    ("prefixItems", [[True, {"type": "string"}], []]), ("allOf", [[True], [{"$ref": "own_bot.json"}] * 3, []]),
    ("anyOf", [[{"type": "null"}, {"$ref": "own_parts.json"}], [False]]), ("contentSchema", SCHEMAS),
    *((name, SCHEMAS) for name in ("items", "additionalProperties", "not", "if", "then", "contains", "propertyNames",
                                   "unevaluatedProperties", "unevaluatedItems")),
]  # fmt: skip
SPEC_MEMBERS: list[tuple[str, list[PlainJson]]] = [
    ("in", ["path", "query", "header"]), ("name", ["symbol", "exchange", "x", "a b", ""]), ("required", [True, False]),
    ("schema", [{"type": "string"}, {"type": "integer"}, {"type": "integer", "default": 5}, {"type": "boolean"}, {}]),
    ("type", TYPES), ("pattern", PATTERNS), ("format", FORMATS), ("default", VALUES), ("const", VALUES),
    ("example", VALUES), ("examples", [VALUES, ["x"], []]), ("enum", [["x", "y"], [1, 1.0], [5, "5"]]),
    ("minimum", [0, 10**390, 1e308]), ("multipleOf", [0, 1e-308, 10**390]), ("maxLength", [0, 2**70]), ("decode", ["symbol", "x"]),
    ("read", ["TickCache.get_ticker", "BotCache.get_bots", "TradesCache.get_trades", "OrdersCache.get_order_status",
              "AccountCache.get_position", "TickCache.get_ticker_health", "get_ticker"]),
    ("args", [{}, {"symbol": {"const": "BTC/USDT"}, "exchange": "exchange"}, {"count": {"const": 5.0}}, {"x": "symbol"}]),
    ("response", ["ticker.json", "bots.json", "problem.json", "endpoints.schema.json", "x.json", "../ticker.json"]),
    ("parameters", [[], ["exchange"], ["exchange", "exchange"], [{"name": "x", "in": "query", "schema": {"type": "number"}}]]),
    ("empty", [200, 404, 200.0, 500]), ("max_age", [0, 0.5, 10**390, 86400, -1]), ("tags", [[], ["Prices"], ["x"]]),
    ("operationId", ["getTicker", "x", "X"]), ("summary", ["x", ""]), ("deprecated", [True, 1]),
    ("/tickers/{exchange}/{symbol}", [{}]), ("/{x}/{x}", [{}]), ("/tickers/{a}/{b}", [{}]), ("/../x", [{}]),
    ("title", ["x", ""]), ("url", ["x y", "http://[", "x:"]), ("email", ["x", "x@y", "@"]), ("license", [{"name": "x"}]),
]  # fmt: skip


def check(path: Path, load: Load) -> None:
    """Load a spec; what loads must give routes, contracts and a document, what does not must say why."""
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


@st.composite
def mangled(draw: st.DrawFn, text: str) -> str:
    """The text with lines deleted, repeated, swapped, replaced and put in, and characters changed."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        here = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "repeat", "swap", "insert", "indent", "value", "characters"])):
            case "delete" if len(lines) > 1:
                del lines[here]
            case "repeat":
                lines.insert(draw(st.integers(0, len(lines))), lines[here])
            case "swap":
                there = draw(st.integers(0, len(lines) - 1))
                lines[here], lines[there] = lines[there], lines[here]
            case "indent":
                lines[here] = draw(st.sampled_from([" ", "  ", "\t", "- "])) + lines[here]
            case "value":
                lines[here] = f"{lines[here].partition(':')[0]}: {draw(ODD_TEXTS)}"
            case "characters" if lines[here]:
                start = draw(st.integers(0, len(lines[here]) - 1))
                end = start + draw(st.integers(0, 8))
                lines[here] = lines[here][:start] + draw(ODD_TEXTS) + lines[here][end:]
            case _:
                lines.insert(here, draw(LINES))
    return "\n".join(lines)


@st.composite
def rearranged(draw: st.DrawFn, value: PlainJson, members: list[tuple[str, list[PlainJson]]]) -> PlainJson:
    """The value with things deleted, replaced, renamed and added: odd ones, or members that nearly fit."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        places = list(walk(value))
        if not places:
            return value
        parent, token = draw(st.sampled_from(places))
        match draw(st.sampled_from(["fitting", "fitting", "fitting", "delete", "copy", "rename", "odd"])):
            case "fitting" if isinstance(parent, dict):
                name, values = draw(st.sampled_from(members))
                parent[name] = copy.deepcopy(draw(st.sampled_from(values)))
            case "delete":
                del parent[token]
            case "copy":
                other, its_token = draw(st.sampled_from(places))
                parent[token] = copy.deepcopy(other[its_token])
            case "rename" if isinstance(parent, dict):
                parent[draw(ODD_NAMES)] = parent.pop(token)
            case _:
                parent[token] = draw(ODD_VALUES)
    return value


@st.composite
def mangled_schema(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from(sorted(REFERENCES)))
    return name, draw(mangled(REFERENCES[name]))


@st.composite
def rearranged_schema(draw: st.DrawFn) -> tuple[str, PlainJson]:
    name = draw(st.sampled_from(sorted(REFERENCES)))
    return name, draw(rearranged(json.loads(REFERENCES[name]), SCHEMA_MEMBERS))


@st.composite
def rearranged_shipped_schema(draw: st.DrawFn) -> tuple[str, PlainJson]:
    name = draw(st.sampled_from(SHIPPED_SCHEMAS))
    value = json.loads((CHECKOUT / "schemas" / name).read_text())
    return name, draw(rearranged(value, SCHEMA_MEMBERS))


def walk(value: PlainJson) -> Iterator[tuple[dict | list, str | int]]:
    """Yield every place in a value: the object or array, and the key or index."""
    tokens = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for token, child in list(tokens):
        yield value, token
        yield from walk(child)


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    (tmp_path / "schemas").mkdir()
    return tmp_path / "endpoints.yaml"


def write(path: Path, value: PlainJson) -> None:
    """Write a value as JSON, which YAML is too."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")


@given(text=mangled(EVERYTHING))
@examples(150)
def test_a_mangled_spec_loads_or_is_refused(text: str, spec_file: Path, load: Load) -> None:
    spec_file.write_text(text, encoding="utf-8")
    check(spec_file, load)


@given(text=mangled(SHIPPED))
@examples(15)
def test_the_shipped_spec_mangled_loads_or_is_refused(text: str, spec_file: Path, load: Load) -> None:
    spec_file.write_text(text, encoding="utf-8")
    check(spec_file, load)


@given(value=rearranged(yaml.safe_load(EVERYTHING), SPEC_MEMBERS))
@examples(150)
def test_a_rearranged_spec_loads_or_is_refused(value: PlainJson, spec_file: Path, load: Load) -> None:
    write(spec_file, value)
    check(spec_file, load)


@given(value=rearranged(yaml.safe_load(SHIPPED), SPEC_MEMBERS))
@examples(15)
def test_the_shipped_spec_rearranged_loads_or_is_refused(
    value: PlainJson, spec_file: Path, load: Load
) -> None:
    write(spec_file, value)
    check(spec_file, load)


@given(mangle=mangled_schema())
@examples(150)
def test_a_mangled_response_schema_is_used_or_is_refused(
    mangle: tuple[str, str], spec_file: Path, load: Load
) -> None:
    name, text = mangle
    write_references(spec_file)
    (spec_file.parent / "schemas" / name).write_text(text, encoding="utf-8")
    check(spec_file, load)


@given(change=rearranged_schema())
@examples(250)
def test_a_rearranged_response_schema_is_used_or_is_refused(
    change: tuple[str, PlainJson], spec_file: Path, load: Load
) -> None:
    name, value = change
    write_references(spec_file)
    write(spec_file.parent / "schemas" / name, value)
    check(spec_file, load)


@given(change=rearranged_shipped_schema())
@examples(15)
def test_a_shipped_response_schema_rearranged_is_used_or_is_refused(
    change: tuple[str, PlainJson], tmp_path_factory: pytest.TempPathFactory, load: Load
) -> None:
    name, value = change
    folder = tmp_path_factory.mktemp("spec")
    (folder / "schemas").mkdir()
    (folder / "endpoints.yaml").write_text(SHIPPED)
    write(folder / "schemas" / name, value)
    check(folder / "endpoints.yaml", load)


def write_references(spec_file: Path) -> None:
    """Write the spec whose schemas refer to each other in every way there is."""
    spec_file.write_text(REFERENCES_SPEC)
    for name, text in REFERENCES.items():
        (spec_file.parent / "schemas" / name).write_text(text)
