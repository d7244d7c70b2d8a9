"""How a path spells a symbol, and what it finds in the cache."""

import json

import httpx
import pytest
import redis
from endpoints.layout import POSITION, put_positions, put_tick
from endpoints.problems import problem

SPELLINGS = [
    # the path, what of the cache it finds, how the answer shows that
    ("BTC-USDT", "BTC/USDT", "BTC-USDT"),
    ("BTC%2FUSDT", "BTC/USDT", "BTC-USDT"),
    ("BTC%2fUSDT", "BTC/USDT", "BTC-USDT"),
    ("%42TC%2DUSDT", "BTC/USDT", "BTC-USDT"),
    ("BTC-PERP", "BTC-PERP", "BTC-PERP"),
    ("BTC-USD", "BTC-USD", "BTC-USD"),
    ("BTCUSDT", "BTCUSDT", "BTCUSDT"),
    ("BTC-USDT:USDT", "BTC/USDT:USDT", "BTC-USDT:USDT"),
    ("BTC%2FUSDT:USDT", "BTC/USDT:USDT", "BTC-USDT:USDT"),
    ("BTC-USDT%3AUSDT", "BTC/USDT:USDT", "BTC-USDT:USDT"),
    ("BTC%2FUSDT-PERP", "BTC/USDT-PERP", "BTC-USDT-PERP"),
    ("BTC%2FUSDT:USDT-240329", "BTC/USDT:USDT-240329", "BTC-USDT:USDT-240329"),
    ("A-B-C", "A/B/C", "A-B-C"),
    ("A-B-C", "A-B-C", "A-B-C"),
    ("btc-usdt", "btc/usdt", "btc-usdt"),
    ("%C2%B5BTC-USDT", "\u00b5BTC/USDT", "\u00b5BTC-USDT"),
    ("BTC+X-USDT", "BTC+X/USDT", "BTC+X-USDT"),
    ("*", "*", "*"),
]
NOT_FOUND = [
    ("BTC-USDT", "BTCUSDT"),
    ("BTCUSDT", "BTC/USDT"),
    ("BTC%2FUSDT", "BTC-USDT"),
    ("BTC%2FUSDT-PERP", "BTC/USDT/PERP"),
    ("BTC-USDT:USDT-240329", "BTC/USDT:USDT-240329"),
    ("btc-usdt", "BTC/USDT"),
    ("BTC-USDT", "BTC/USDT:USDT"),
    ("BTC-USD", "BTC/USDT"),
    ("*", "BTC/USDT"),
    ("BTC-*", "BTC/USDT"),
    ("?", "B"),
    ("%5BB%5D", "B"),
]


@pytest.mark.parametrize(("path", "cached", "answered"), SPELLINGS)
def test_a_symbol_is_found_wherever_paths_name_one(
    client: httpx.Client, writer: "redis.Redis", path: str, cached: str, answered: str
) -> None:
    put_tick(writer, "binance", cached)
    put_positions(writer, 1, {cached: POSITION})
    writer.hset("block_exchange", f"binance:{cached}", "7")
    writer.hset("opening_position", f"binance:{cached}", "7:2024-01-01T12:00:00+00:00")
    writer.rpush(f"ohlcv:{cached}:1m", "[1, 2, 3, 4, 5, 6]")
    writer.rpush(f"trades:binance:{cached.replace('/', '')}", json.dumps({"symbol": cached}))
    answers = [
        client.get(f"/api{template.replace('SYMBOL', path)}")
        for template in (
            "/tickers/binance/SYMBOL",
            "/tickers/binance/SYMBOL/price",
            "/symbols/SYMBOL/ticker",
            "/accounts/1/positions/SYMBOL",
            "/bots/binance/SYMBOL/blocked",
            "/bots/binance/SYMBOL/opening",
            "/ohlcv/SYMBOL/1m",
            "/trades/binance/SYMBOL",
            "/symbols/SYMBOL/tickers",
        )
    ]
    assert [response.status_code for response in answers] == [200] * 9
    bodies = [response.json() for response in answers]
    assert [body["symbol"] for body in bodies[:8]] == [answered] * 8
    assert (bodies[4]["bot_id"], bodies[5]["bot_id"]) == ("7", "7")
    assert [bodies[6]["count"], bodies[7]["count"], bodies[8]["count"]] == [1, 1, 1]
    assert bodies[8]["tickers"][0]["symbol"] == answered


@pytest.mark.parametrize(("path", "cached"), NOT_FOUND)
def test_a_symbol_is_not_found_under_another_one(
    client: httpx.Client, writer: "redis.Redis", path: str, cached: str
) -> None:
    put_tick(writer, "binance", cached)
    put_positions(writer, 1, {cached: POSITION})
    writer.hset("block_exchange", f"binance:{cached}", "7")
    writer.rpush(f"ohlcv:{cached}:1m", "[1, 2, 3, 4, 5, 6]")
    path = path.replace("?", "%3F")
    problem(client.get(f"/api/tickers/binance/{path}"), "not-cached")
    problem(client.get(f"/api/symbols/{path}/ticker"), "not-cached")
    problem(client.get(f"/api/accounts/1/positions/{path}"), "not-cached")
    assert client.get(f"/api/symbols/{path}/tickers").json()["count"] == 0
    assert client.get(f"/api/bots/binance/{path}/blocked").json()["blocked"] is False
    assert client.get(f"/api/ohlcv/{path}/1m").json()["count"] == 0


def test_the_slash_wins_over_the_dash_where_both_are_cached(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "binance", "BTC/USDT", last=1.0)
    put_tick(writer, "binance", "BTC-USDT", last=2.0)
    put_positions(writer, 1, {"BTC-USDT": {"cost": 2}, "BTC/USDT": {"cost": 1}})
    writer.hset("block_exchange", mapping={"binance:BTC-USDT": "2", "binance:BTC/USDT": "1"})
    assert client.get("/api/tickers/binance/BTC-USDT/price").json()["price"] == 1.0
    assert client.get("/api/symbols/BTC-USDT/ticker").json()["ticker"]["last"] == 1.0
    assert client.get("/api/accounts/1/positions/BTC-USDT").json()["cost"] == 1
    assert client.get("/api/bots/binance/BTC-USDT/blocked").json()["bot_id"] == "1"


@pytest.mark.parametrize("symbol", ["%00", "BTC%0AUSDT", "BTC%20USDT", "%FF", "BTC%2", "%", "x" * 65, "%7F"])
def test_a_text_that_is_no_symbol_is_refused(client: httpx.Client, symbol: str) -> None:
    for template in (
        "/tickers/binance/SYMBOL",
        "/tickers/binance/SYMBOL/price",
        "/symbols/SYMBOL/ticker",
        "/symbols/SYMBOL/tickers",
        "/accounts/1/positions/SYMBOL",
        "/bots/binance/SYMBOL/blocked",
        "/bots/binance/SYMBOL/opening",
        "/ohlcv/SYMBOL/1m",
        "/trades/binance/SYMBOL",
    ):
        request = client.build_request("GET", "/api/x")
        raw = f"/api{template.replace('SYMBOL', symbol)}".encode()
        request.url = request.url.copy_with(raw_path=raw)
        response = client.send(request)
        assert response.status_code == 400, (template, response.text)
        errors = response.json()["errors"]
        assert {(error["in"], error["name"]) for error in errors} == {("path", "symbol")}


@pytest.mark.parametrize("exchange", ["a%3Ab", "a%2Fb", "a%20b", "*", "%00", "x" * 65, "a%0A", "b%C3%B6rse"])
def test_a_text_that_is_no_exchange_is_refused(client: httpx.Client, exchange: str) -> None:
    for template in (
        "/tickers/EXCHANGE",
        "/tickers/EXCHANGE/BTC-USDT",
        "/tickers/EXCHANGE/BTC-USDT/price",
        "/exchanges/EXCHANGE/orders",
        "/exchanges/EXCHANGE/orders/1",
        "/bots/EXCHANGE/BTC-USDT/blocked",
        "/bots/EXCHANGE/BTC-USDT/opening",
        "/trades/EXCHANGE/BTC-USDT",
        "/trades/users/42/EXCHANGE",
        "/trades/status/EXCHANGE",
        "/orders/1/status?exchange=EXCHANGE",
        "/orders/42/orders?exchange=EXCHANGE",
    ):
        body = problem(client.get(f"/api{template.replace('EXCHANGE', exchange)}"), "bad-parameters")
        assert {error["name"] for error in body["errors"]} == {"exchange"}
