"""What each read gives is what its declaration says, over the demo's data and over next to nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import pytest
import redis
from endpoints.layout import ago
from endpoints.records import DemoGateway
from support import CHECKOUT, settings_for

from fullon_cache_api.cache import CacheClient, Reader
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.loading import load
from fullon_cache_api.reads import READS
from fullon_cache_api.reads.answer import Answer, Derived
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.spec.json import thaw
from fullon_cache_api.spec.model import Endpoint

SPEC = load(CHECKOUT / "endpoints.yaml")
every = pytest.mark.parametrize("endpoint", SPEC.endpoints, ids=lambda endpoint: endpoint.path)


def arguments(endpoint: Endpoint, process_id: str) -> Sequence[Any]:
    """The examples of the parameters, as the arguments of the read."""
    examples = {parameter.name: parameter.example for parameter in endpoint.parameters}
    examples["process_id"] = process_id
    bound = {binding.argument: examples.get(binding.parameter) for binding in endpoint.bindings}
    values = [bound.get(argument.name) for argument in endpoint.read.arguments]
    kinds = [argument.type for argument in endpoint.read.arguments]
    return [
        Symbol.parse(value) if kind == "symbol" and isinstance(value, str) else value
        for kind, value in zip(kinds, values, strict=True)
    ]


def answer(url: str, endpoint: Endpoint, process_id: str) -> Answer | None:
    """Do the read of an endpoint by itself."""

    async def once() -> Answer | None:
        client = CacheClient(settings_for(url).redis.connection)
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        try:
            found = await READS[endpoint.read.name].function(reader, *arguments(endpoint, process_id))
            return found.answer() if isinstance(found, Derived) else found
        finally:
            await client.close()

    return asyncio.run(once())


def assert_declared(endpoint: Endpoint, found: Answer | None) -> None:
    if found is None:
        assert endpoint.read.absent
        return
    jsonschema_rs.Draft202012Validator(thaw(endpoint.read.answer)).validate(found.body)
    if endpoint.read.elements is not None:
        listed = found.body[endpoint.read.elements]
        assert isinstance(listed, list) and len(listed) == len(found.sources)


@every
def test_an_answer_over_the_demos_data_is_as_declared(demo: DemoGateway, endpoint: Endpoint) -> None:
    found = answer(demo.server.url, endpoint, demo.process_id)
    assert found is not None
    assert_declared(endpoint, found)


@every
def test_an_answer_over_nothing_is_as_declared(
    redis_server: EmbeddedServer, writer: "redis.Redis", endpoint: Endpoint
) -> None:
    assert_declared(endpoint, answer(redis_server.url, endpoint, "x"))


@every
def test_an_answer_over_empty_objects_is_as_declared(
    redis_server: EmbeddedServer, writer: "redis.Redis", endpoint: Endpoint
) -> None:
    for key, field in (
        ("tickers:binance", "BTC/USDT"),
        ("accounts", "1"),
        ("order_status:binance", "ORD-1001"),
        ("bot_status", "1"),
    ):
        writer.hset(key, field, "{}")
    writer.hset("account_positions", "1", '{"BTC/USDT": {}}')
    writer.hset("block_exchange", "binance:BTC/USDT", "7")
    writer.hset("opening_position", "binance:BTC/USDT", "7:")
    for key in ("trades:binance:BTCUSDT", "user_trades:1:binance", "new_orders:L1"):
        writer.rpush(key, "{}")
    writer.rpush("ohlcv:BTC/USDT:1m", "[0, 0, 0, 0, 0, 0]")
    writer.set("TRADE:STATUS:binance", "2024-01-01")
    writer.set("process:data:x", "{}")
    writer.hset("process:active:tick", "x", ago())
    writer.hset("process:components", "ticker_service", "x")
    assert_declared(endpoint, answer(redis_server.url, endpoint, "x"))
