"""Any bytes in the place of any record: every endpoint answers as documented, with nobody else's values."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
import redis
from documented import Document
from endpoints.layout import ORDER, POSITION, PROCESS_ID, TICK, TRADE, ago
from hypothesis import example, given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.gateway import FullonCacheGateway

MARK = 31337.625
"""A number that only records have which nobody asks for."""

HASHES = (
    ("tickers:binance", "BTC/USDT"),
    ("accounts", "1"),
    ("account_positions", "1"),
    ("order_status:binance", "1"),
    ("bot_status", "7"),
    ("block_exchange", "binance:BTC/USDT"),
    ("opening_position", "binance:BTC/USDT"),
    ("process:active:tick", PROCESS_ID),
)
LISTS = ("trades:binance:BTCUSDT", "user_trades:42:binance", "ohlcv:BTC/USDT:1m")
TEXTS = ("TRADE:STATUS:binance", f"process:data:{PROCESS_ID}")

SINGLE = (
    "/api/tickers/binance/BTC-USDT",
    "/api/tickers/binance/BTC-USDT/price",
    "/api/accounts/1/balances",
    "/api/accounts/1/balances/USDT",
    "/api/accounts/1/positions",
    "/api/accounts/1/positions/BTC-USDT",
    "/api/orders/1/status?exchange=binance",
    "/api/exchanges/binance/orders/1",
    "/api/bots/7/status",
    "/api/bots/binance/BTC-USDT/blocked",
    "/api/bots/binance/BTC-USDT/opening",
    "/api/trades/binance/BTC-USDT",
    "/api/trades/users/42/binance",
    "/api/trades/status/binance",
    "/api/ohlcv/BTC-USDT/1m",
    f"/api/processes/{PROCESS_ID}",
    "/api/processes/components/binance_ticker",
)
"""Endpoints that answer from the one record that they name."""

MANY = (
    "/api/tickers",
    "/api/tickers/binance",
    "/api/tickers/health",
    "/api/symbols/BTC-USDT/ticker",
    "/api/symbols/BTC-USDT/tickers",
    "/api/accounts",
    "/api/accounts/summary",
    "/api/positions",
    "/api/orders/1/status",
    "/api/orders/42/orders",
    "/api/orders/queue/size",
    "/api/exchanges/binance/orders",
    "/api/bots",
    "/api/bots/blocks",
    "/api/bots/coordination/status",
    "/api/trades/queue/status",
    "/api/trades/performance/metrics",
    "/api/trades/status",
    "/api/processes",
    "/api/processes/status",
    "/api/processes/metrics",
    "/api/processes/top",
)
GOOD: tuple[dict[str, Any], ...] = (
    TICK,
    ORDER,
    TRADE,
    {"USDT": {"free": 1.0, "used": 0.0, "total": 1.0}, "date": "2024-01-01T12:00:00"},
    {"BTC/USDT": POSITION},
    {"process_id": PROCESS_ID, "updated_at": ago(), "heartbeat": ago()},
)
SPECIAL: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\n",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"null",
    b"NaN",
    b"-0",
    b"1e400",
    b"9" * 4_000,
    b"9" * 100_000,
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"last": NaN, "bid": Infinity, "ask": -Infinity, "volume": 1e400, "time": NaN}',
    b'{"last": -0, "bid": -0.0, "time": 1e308, "volume": ' + b"9" * 400 + b"}",
    b'{"last": 1, "last": "x", "last": 2, "time": 0}',
    b'{"last": 1, "\\ud800": 1, "time": "\\udfff"}',
    b'{"last": 1, "\\u0000": 2, "symbol": "\\u0000"}',
    b'{"free": 1, "USDT": {"free": {"free": [[]]}}}',
    b'{"": {"": ""}, "timestamp": -1e300}',
    b'{"timestamp": 253402300800, "date": "9999-12-31T23:59:59-14:00"}',
    b'{"params": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}",
    b"[1, 2, 3, 4, 5, 6]",
    b"[1, 1e400, 3, 4, 5, NaN]",
    b"7:2024-01-01T12:00:00\n",
    b"::::",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """A good record, of which one member is anything, or some bytes are others."""
    record = dict(draw(st.sampled_from(GOOD)))
    record[draw(st.sampled_from(sorted(record)))] = draw(JSON)
    raw = json.dumps(record).encode()
    if draw(st.booleans()):
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(max_size=3)) + raw[place + draw(st.integers(0, 5)) :]
    return raw


STORED = st.one_of(st.binary(max_size=40), JSON.map(lambda value: json.dumps(value).encode()), changed())


@pytest.fixture(scope="module")
def document(gateway: FullonCacheGateway) -> Document:
    return Document(msgspec.json.decode(msgspec.json.encode(gateway.openapi())))


@pytest.fixture
def others(writer: "redis.Redis") -> Iterator["redis.Redis"]:
    """Records beside those that are asked for, under names that are good, odd, or no text at all."""
    marked = json.dumps({**TICK, **dict.fromkeys(("last", "bid", "ask", "price", "volume"), MARK)})
    for key, _ in HASHES:
        for field in (
            "2",
            "ETH/USDT",
            "kraken:BTC/USDT",
            "",
            "\n",
            "a\r\nb",
            "007",
            "1 ",
            b"\xff",
            "*",
            "%s" * 50,
        ):
            writer.hset(key, field, marked)
    for key in (
        "tickers:kraken",
        "tickers:",
        "tickers:a\nb",
        b"tickers:\xff",
        "order_status:\n",
        "tickers:*",
    ):
        writer.hset(key, "ETH/USDT", marked)
    writer.rpush("trades:kraken:BTCUSDT", marked)
    writer.rpush("new_orders:\n", marked)
    writer.set("TRADE:STATUS:\n", marked)
    yield writer


def store(writer: "redis.Redis", raw: bytes) -> None:
    """Put the same bytes in the place of every record."""
    pipeline = writer.pipeline(transaction=False)
    for key, field in HASHES:
        pipeline.hset(key, field, raw)
    for key in LISTS:
        pipeline.delete(key)
        pipeline.rpush(key, raw, raw)
    for key in TEXTS:
        pipeline.set(key, raw)
    pipeline.hset("process:components", "binance_ticker", PROCESS_ID)
    pipeline.execute()


def assert_answered_as_documented(client: httpx.Client, document: Document) -> None:
    for path in (*SINGLE, *MANY):
        response = client.get(path)
        assert response.status_code in (200, 404, 502), (path, response.text[:300])
        template = document.path_of(path.partition("?")[0].encode())
        assert template is not None
        documented = document.resolve(document.operation(template)["responses"][str(response.status_code)])
        schema = documented["content"][response.headers["content-type"]]["schema"]
        assert document.is_valid(schema, msgspec.json.decode(response.content)), (path, response.text[:300])
        if path in SINGLE:
            assert str(MARK) not in response.text, path


@pytest.mark.slow
@pytest.mark.parametrize("raw", SPECIAL, ids=range(len(SPECIAL)))
def test_special_bytes_are_answered_as_documented(
    client: httpx.Client, others: "redis.Redis", document: Document, raw: bytes
) -> None:
    store(others, raw)
    assert_answered_as_documented(client, document)


@pytest.mark.slow
@examples(60)
@given(STORED)
@example(b"\xed\xa0\x80")
def test_any_bytes_are_answered_as_documented(
    client: httpx.Client, others: "redis.Redis", document: Document, raw: bytes
) -> None:
    store(others, raw)
    assert_answered_as_documented(client, document)


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "stream", "hash"])
def test_a_key_of_any_other_type_is_answered_as_documented(
    client: httpx.Client, writer: "redis.Redis", document: Document, kind: str
) -> None:
    keys = [*(key for key, _ in HASHES), *LISTS, *TEXTS, "process:components", "new_orders:x"]
    make: dict[str, Any] = {
        "string": lambda key: writer.set(key, "x"),
        "list": lambda key: writer.rpush(key, "x"),
        "set": lambda key: writer.sadd(key, "x"),
        "zset": lambda key: writer.zadd(key, {"x": 1}),
        "stream": lambda key: writer.xadd(key, {"x": "y"}),
        "hash": lambda key: writer.hset(key, "x", "y"),
    }
    for key in keys:
        make[kind](key)
    assert_answered_as_documented(client, document)
