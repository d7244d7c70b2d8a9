"""Every operation of the spec through both clients, over the demo's data."""

from typing import Any

import msgspec
import pytest
from client.calling import Calling
from client.demo_cache import DemoCache
from support import CHECKOUT

from fullon_cache_api.client import AsyncCacheClient, CacheClient, endpoints
from fullon_cache_api.clientgen.names import snake_case
from fullon_cache_api.loading import load
from fullon_cache_api.spec import Endpoint, Parameter
from fullon_cache_api.spec.json import thaw

SPEC = load(CHECKOUT / "endpoints.yaml")

every = pytest.mark.parametrize("endpoint", SPEC.endpoints, ids=lambda endpoint: endpoint.operation_id)


def values(endpoint: Endpoint, process_id: str, location: str) -> dict[str, Any]:
    """The examples of an endpoint's parameters, but for `fields`: for all of them the demo has data."""

    def value(parameter: Parameter) -> object:
        return process_id if parameter.name == "process_id" else parameter.example

    return {p.name: value(p) for p in endpoint.parameters if p.location == location and p.select != "fields"}


@every
def test_every_operation_answers_what_the_gateway_sends_in_the_type_that_it_names(
    make: Calling, demo: DemoCache, endpoint: Endpoint
) -> None:
    path, query = (values(endpoint, demo.process_id, location) for location in ("path", "query"))
    name = snake_case(endpoint.operation_id)
    answer = make(demo.url)(name, **path, **query)
    assert answer == demo.http.get(f"/api{endpoint.path.format(**path)}", params=query).json()
    title = SPEC.schemas[endpoint.response]["title"]
    assert CacheClient.__dict__[name].__annotations__["return"].__name__ == title
    msgspec.convert(answer, getattr(endpoints, str(title)))


@pytest.mark.parametrize("client", [CacheClient, AsyncCacheClient])
def test_each_operation_is_a_method_and_there_are_no_others(client: type) -> None:
    methods = {name for name in vars(client) if not name.startswith("_")}
    assert methods == {snake_case(endpoint.operation_id) for endpoint in SPEC.endpoints}
    assert len(methods) == 38


@every
def test_the_examples_of_a_schema_have_the_type_that_is_made_of_it(endpoint: Endpoint) -> None:
    schema = SPEC.schemas[endpoint.response]
    type_ = getattr(endpoints, str(schema["title"]))
    examples = schema["examples"]
    assert isinstance(examples, tuple)
    for example in examples:
        msgspec.convert(thaw(example), type_)
    assert type_.__required_keys__ == set(schema["required"])  # type: ignore[arg-type]


def test_path_parameters_can_be_given_by_position(make: Calling, demo: DemoCache) -> None:
    call = make(demo.url)
    assert call("get_ticker", "binance", "BTC/USDT")["symbol"] == "BTC-USDT"
    assert call("list_bars", "BTC-USDT", "1m", count=3)["count"] == 3


def test_query_parameters_are_given_by_name_only(demo: DemoCache) -> None:
    with CacheClient(demo.url) as client, pytest.raises(TypeError):
        client.list_bars("BTC-USDT", "1m", 3)  # type: ignore[misc]


def test_what_is_left_out_is_left_to_the_gateway(make: Calling, demo: DemoCache) -> None:
    call = make(demo.url)
    assert call("get_ticker_health")["stale_after_seconds"] == 60
    assert call("get_ticker_health", stale_after=None)["stale_after_seconds"] == 60
    assert call("get_ticker_health", stale_after=7)["stale_after_seconds"] == 7


def test_fields_and_parts_of_collections_are_selected_by_name(make: Calling, demo: DemoCache) -> None:
    call = make(demo.url)
    ticker = call("get_ticker", "binance", "BTC/USDT", fields="symbol,ticker.last")
    assert {*ticker} == {"symbol", "ticker"} and {*ticker["ticker"]} == {"last"}
    whole = call("list_exchange_tickers", "binance", fields="symbol")["tickers"]
    parts = [call("list_exchange_tickers", "binance", fields="symbol", limit=1, offset=n) for n in (0, 1)]
    assert [part["tickers"] for part in parts] == [whole[:1], whole[1:2]]
