"""A small spec, built by hand, that has one endpoint of each kind."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from fullon_cache_api.spec import Argument, Binding, Endpoint, Info, Parameter, ReadSignature, Spec, Tag
from fullon_cache_api.spec.json import JsonObject, freeze_object

DIALECT = "https://json-schema.org/draft/2020-12/schema"

INFO: JsonObject = {
    "title": "Spot prices",
    "version": "2.1.0",
    "description": "Prices, over HTTP.",
    "license": {"name": "MIT", "identifier": "MIT"},
    "contact": {"name": "Desk", "url": "https://example.org/desk"},
}

SCHEMAS: dict[str, JsonObject] = {
    "blocked.json": {
        "$schema": DIALECT,
        "title": "Blocked",
        "type": "object",
        "properties": {"blocked": {"type": "boolean"}},
    },
    "order.json": {
        "$schema": DIALECT,
        "$id": "https://example.org/order.json",
        "title": "Order",
        "type": "object",
        "properties": {"side": {"$ref": "#/$defs/side"}, "at": {"$ref": "ticker.json#/properties/cached_at"}},
        "$defs": {"side": {"enum": ["buy", "sell"]}},
        "examples": [{"side": "buy", "at": None}],
    },
    "ticker.json": {
        "$schema": DIALECT,
        "title": "Ticker",
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "last": {"type": ["number", "null"]},
            "cached_at": {"type": ["string", "null"], "format": "date-time"},
        },
        "required": ["symbol", "last", "cached_at"],
        "additionalProperties": False,
        "examples": [
            {"symbol": "BTC-USDT", "last": 45025.5, "cached_at": "2024-01-01T12:00:00Z"},
            {"symbol": "ETH-USD", "last": None, "cached_at": None},
        ],
    },
    "tickers.json": {
        "$schema": DIALECT,
        "title": "TickerList",
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "tickers": {"type": "array", "items": {"$ref": "ticker.json"}},
        },
        "examples": [{"count": 0, "tickers": []}],
    },
}

EXCHANGE = Parameter("exchange", "path", "Name of the exchange.", True, {"type": "string"}, "binance")
SYMBOL = Parameter("symbol", "path", "Market symbol.", True, {"type": "string"}, "BTC-USDT", decode="symbol")
ORDER_ID = Parameter("order_id", "path", "Id of the order.", True, {"type": "string"}, "28457193")
ONLY_EXCHANGE = Parameter("exchange", "query", "Only this exchange.", False, {"type": "string"}, "kraken")
LIMIT = Parameter("limit", "query", "", False, {"type": "integer", "default": 100})


def endpoint(path: str, operation_id: str, response: str, **members: Any) -> Endpoint:
    """An endpoint whose read gives one thing, which is always there, unless `read` says otherwise."""
    base = Endpoint(
        path=path,
        operation_id=operation_id,
        tags=("Prices",),
        summary=f"Summary of {operation_id}",
        description=f"Description of {operation_id}.",
        parameters=(),
        read=read(),
        bindings=(),
        response=response,
        empty=404,
        max_age=1.0,
    )
    return replace(base, **members)


def read(*arguments: Argument, **members: Any) -> ReadSignature:
    base = ReadSignature("Cache.read", "Reads.", arguments, ("GET",), ("key",), {"type": "object"})
    return replace(base, **members)


ENDPOINTS = (
    endpoint("/tickers", "listTickers", "tickers.json", read=read(elements="tickers"), empty=200),
    endpoint(
        "/tickers/{exchange}/{symbol}",
        "getTicker",
        "ticker.json",
        parameters=(EXCHANGE, SYMBOL),
        read=read(absent=True),
    ),
    endpoint(
        "/newest/{exchange}",
        "listNewest",
        "tickers.json",
        parameters=(EXCHANGE, LIMIT),
        read=read(elements="tickers"),
        empty=404,
    ),
    endpoint(
        "/orders/{order_id}/status",
        "getOrderStatus",
        "order.json",
        parameters=(ORDER_ID, ONLY_EXCHANGE),
        read=read(absent=True, ambiguous=True),
    ),
    endpoint(
        "/blocked/{exchange}/{symbol}",
        "getBlocked",
        "blocked.json",
        parameters=(EXCHANGE, SYMBOL, ONLY_EXCHANGE),
        tags=(),
        description="",
        deprecated=True,
    ),
)


def spec_of(*endpoints: Endpoint, **members: Any) -> Spec:
    base = Spec(
        info=Info("Spot prices", "2.1.0", "Prices, over HTTP.", freeze_object(INFO)),
        tags=(Tag("Prices", "What things cost."), Tag("Orders", "")),
        endpoints=endpoints,
        schemas=MappingProxyType({file: freeze_object(schema) for file, schema in SCHEMAS.items()}),
    )
    return replace(base, **members)


@pytest.fixture
def spec() -> Spec:
    """The spec with one endpoint of each kind."""
    return spec_of(*ENDPOINTS)


@pytest.fixture
def make_spec() -> Callable[..., Spec]:
    """Makes the same spec with other endpoints, tags or schemas."""

    def make(*endpoints: Endpoint, **members: Any) -> Spec:
        return spec_of(*(endpoints or ENDPOINTS), **members)

    return make


@pytest.fixture
def make_endpoint() -> Callable[..., Endpoint]:
    """Makes an endpoint without parameters that answers with a ticker, but for what is given."""

    def make(path: str = "/one", operation_id: str = "getOne", **members: Any) -> Endpoint:
        return endpoint(path, operation_id, "ticker.json", **members)

    return make


@pytest.fixture
def make_fed_endpoint() -> Callable[[JsonObject, JsonObject], Endpoint]:
    """Makes an endpoint whose parameter has one schema, and feeds an argument that demands another."""

    def make(schema: JsonObject, demands: JsonObject) -> Endpoint:
        parameter = Parameter("name", "query", "A name.", False, freeze_object(schema))
        argument = Argument("key", "string", "A key.", schema=freeze_object(demands))
        return endpoint(
            "/one",
            "getOne",
            "ticker.json",
            parameters=(parameter,),
            read=read(argument),
            bindings=(Binding("key", parameter="name"), Binding("constant", const="x")),
        )

    return make
