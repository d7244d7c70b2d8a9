"""The module of a client: the shipped one, and those of other specs."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, get_type_hints

import pytest
from client.scripted import Answer, scripted
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT

from fullon_cache_api.client import endpoints
from fullon_cache_api.clientgen import client_module
from fullon_cache_api.clientgen.source import docstring, laid_out, literal, sentence
from fullon_cache_api.loading import load
from fullon_cache_api.spec import Endpoint, Parameter, Spec
from fullon_cache_api.spec.json import freeze_object

SHIPPED = load(CHECKOUT / "endpoints.yaml")
TEXTS = st.text(max_size=300) | st.text('\\"\n x', max_size=30)


def changed(endpoint: Endpoint, **members: Any) -> Spec:
    return replace(SHIPPED, endpoints=(replace(endpoint, **members),))


def endpoint_of(operation_id: str) -> Endpoint:
    (found,) = [endpoint for endpoint in SHIPPED.endpoints if endpoint.operation_id == operation_id]
    return found


def query(name: str, **members: Any) -> Parameter:
    return replace(Parameter(name, "query", "", False, freeze_object({"type": "string"})), **members)


@pytest.fixture
def module() -> Iterator[Any]:
    """Makes a module of a text."""
    name = "client_of_a_test"

    def make(text: str) -> ModuleType:
        made = sys.modules[name] = ModuleType(name)
        exec(compile(text, name, "exec"), made.__dict__)
        return made

    yield make
    sys.modules.pop(name, None)


def test_the_shipped_client_is_that_of_the_shipped_spec() -> None:
    shipped = Path(str(endpoints.__file__)).read_text(encoding="utf-8")
    assert shipped == client_module(SHIPPED), "make client writes it"


def test_each_method_says_what_the_spec_says() -> None:
    assert endpoints.CacheClient.list_bars.__doc__ == (
        "Latest bars of a symbol.\n"
        "\n"
        "        The newest `count` bars, oldest first, each as `[ts, open, high, low, close, volume]`.\n"
        "\n"
        "        GET /ohlcv/{symbol}/{timeframe}\n"
        "\n"
        "        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; "
        "without one\n"
        "            each `-` stands for a `/` and, where no such symbol is cached, for itself.\n"
        "        `timeframe`: Length of a bar: a number and a unit (s, m, h, d, w, M, y).\n"
        "        `count`: How many of the newest bars to answer with. Left out: 100.\n"
        "        "
    )


def test_path_parameters_stand_in_the_order_of_the_path_and_odd_names_are_mended(module: Any) -> None:
    ticker = endpoint_of("getTicker")
    exchange, symbol, _ = ticker.parameters
    parameters = (
        query("exchange", required=True, deprecated=True),
        query("from", description="Where from"),
        query("self"),
        symbol,
        exchange,
    )
    made = module(
        client_module(changed(ticker, operation_id="import", parameters=parameters, deprecated=True))
    )
    with scripted() as server, made.CacheClient(server.url) as client:
        server.answers = [Answer()]
        client.import_("binance", "A/B", exchange2="kraken", from_="x", self2=None)
    assert server.targets == ["/api/tickers/binance/A%2FB?exchange=kraken&from=x"]
    text = made.CacheClient.import_.__doc__
    assert "Deprecated: move away from this endpoint." in text
    assert "`exchange2`: Deprecated.\n" in text
    assert "`from_`: Where from.\n" in text


def test_method_names_never_hide_those_that_a_client_has(module: Any) -> None:
    bots = endpoint_of("listBots")
    spec = replace(
        SHIPPED,
        endpoints=tuple(
            replace(bots, operation_id=name, path=f"/{name}")
            for name in ("close", "getBots", "getBOTS", "str", "class")
        ),
    )
    made = module(client_module(spec))
    for client in (made.CacheClient, made.AsyncCacheClient):
        names = [name for name in vars(client) if not name.startswith("_")]
        assert names == ["close2", "get_bots", "get_bots2", "str2", "class_"]


def test_members_that_no_class_can_name_are_typed_too(module: Any) -> None:
    schema = {
        "title": "Odd",
        "type": "object",
        "properties": {
            "in": {"type": "string"},
            "x-y": {"$ref": "bar.json"},
            "__z": {"type": "integer"},
            'a"\\b\n': True,
        },
        "required": ["in", "x-y"],
    }
    schemas = {"odd.json": freeze_object(schema), "bar.json": SHIPPED.schemas["bar.json"]}
    spec = replace(
        SHIPPED,
        endpoints=(replace(endpoint_of("listBots"), response="odd.json"),),
        schemas=MappingProxyType(schemas),
    )
    made = module(client_module(spec))
    assert get_type_hints(made.Odd) == {"in": str, "x-y": list[float], "__z": int, 'a"\\b\n': Any}
    assert made.Odd.__required_keys__ == {"in", "x-y"}


@examples(60)
@given(text=TEXTS)
def test_any_text_can_be_a_docstring_and_a_literal(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    lines = docstring(4, text, text)
    if not text.strip():
        assert lines == []
        return
    tree = ast.parse("\n".join(["class C:", *lines]))
    assert isinstance(tree.body[0], ast.ClassDef)
    said = ast.get_docstring(tree.body[0])
    assert said is not None
    assert said.split() == f"{text}\n\n{text}".split()


@examples(20)
@given(summary=st.text(min_size=1), description=TEXTS, title=TEXTS)
def test_any_text_of_a_spec_gives_a_module(summary: str, description: str, title: str) -> None:
    ticker = endpoint_of("getTicker")
    parameters = tuple(replace(parameter, description=description) for parameter in ticker.parameters)
    spec = changed(ticker, summary=summary, description=description, parameters=parameters)
    spec = replace(spec, info=replace(spec.info, title=title))
    ast.parse(client_module(spec))


def test_what_does_not_fit_a_line_is_broken_as_ruff_breaks_it() -> None:
    assert laid_out(4, "longer(", ["a", "b"], ")") == ["    longer(a, b)"]
    first, second, third = "a" * 50, "b" * 48, "c" * 52
    assert laid_out(4, "longer(", [first, second], ")") == [
        "    longer(",
        f"        {first}, {second}",
        "    )",
    ]
    assert laid_out(4, "longer(", [first, third], ")") == [
        "    longer(",
        f"        {first},",
        f"        {third},",
        "    )",
    ]


def test_sentences_end() -> None:
    ended = [sentence(text) for text in ("A b", "A b.", "A?", " ", "A b \n")]
    assert ended == ["A b.", "A b.", "A?", "", "A b."]
