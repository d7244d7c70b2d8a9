"""Each listed difference between the backends, with literal data: the native answer, then fullon_cache's."""

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest
from backend.both import Both
from endpoints.layout import (
    NOON,
    ORDER,
    POSITION,
    ago,
    put_account,
    put_order,
    put_positions,
    put_process,
    put_tick,
)
from endpoints.problems import problem
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.integrations.fullon_cache.differences import DIFFERENCES, differences_table
from fullon_cache_api.reads import CATALOGUE

PAGE = CHECKOUT / "docs" / "fullon-cache-differences.md"
USDT = {"free": 1.0, "used": 0.0, "total": 1.0}


def is_now(text: str) -> bool:
    return abs(datetime.now(UTC) - datetime.fromisoformat(text)) < timedelta(seconds=30)


def statuses(both: Both, path: str) -> tuple[int, int]:
    native, installed = both.get(path)
    return native.status_code, installed.status_code


def member(both: Both, path: str, *names: str | int) -> tuple[object, object]:
    """A member of both answers."""
    found = []
    for response in both.get(path):
        value = response.json()
        for name in names:
            value = value[name]
        found.append(value)
    return found[0], found[1]


def test_every_difference_is_pinned_by_a_test_and_names_reads_that_there_are() -> None:
    pinned = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {difference.name for difference in DIFFERENCES} <= pinned
    assert {read for difference in DIFFERENCES for read in difference.reads} <= set(CATALOGUE.reads)


def test_the_page_shows_the_list() -> None:
    assert differences_table() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "field", "path"),
    [
        ("tickers:binance", "BTC/USDT", "/tickers/binance/BTC-USDT"),
        ("order_status:binance", "1", "/exchanges/binance/orders/1"),
        ("accounts", "1", "/accounts/1/balances/USDT"),
        ("account_positions", "1", "/accounts/1/positions/BTC-USDT"),
    ],
)
def test_what_cannot_be_read_is_missing(both: Both, key: str, field: str, path: str) -> None:
    both.writer.hset(key, field, "{corrupt")
    assert statuses(both, path) == (502, 404)
    native, installed = both.get("/tickers")
    if key.startswith("tickers"):
        assert (native.json()["skipped"], "skipped" in installed.json()) == (1, False)


def test_one_element_takes_a_collection_down(both: Both) -> None:
    both.writer.hset("block_exchange", mapping={"binance:BTC/USDT": "7", "nocolon": "1"})
    assert statuses(both, "/bots/blocks") == (200, 502)
    both.writer.rpush("ohlcv:BTC/USDT:1m", "[1, 2, 3, 4, 5, 6]", "{corrupt")
    native, installed = both.get("/ohlcv/BTC-USDT/1m")
    assert (native.json()["count"], native.json()["skipped"]) == (1, 1)
    assert "ohlcv:BTC/USDT:1m element -1" in problem(installed, "corrupt-cache")["detail"]


@pytest.mark.parametrize("path", ["/processes", "/processes/status", "/processes/top"])
def test_a_process_that_fullon_cache_fails_on_takes_the_others_down(both: Both, path: str) -> None:
    put_process(both.writer, "tick:a:1.5", ago(minutes=1))
    put_process(both.writer, "tick:b:1.5", ago(minutes=1).removesuffix("+00:00"))
    assert statuses(both, path) == (200, 502)
    put_process(both.writer, "tick:b:1.5", ago(minutes=1))
    assert statuses(both, path) == (200, 200)
    both.writer.set("process:data:tick:b:1.5", "{corrupt")
    assert statuses(both, path) == (200, 502)


def test_what_the_native_read_finds_and_fullon_cache_does_not_give_is_a_503(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get_bots(self: object) -> dict[str, object]:
        return {"7": {}}

    monkeypatch.setattr(sys.modules["fullon_cache"].BotCache, "get_bots", get_bots)
    both.writer.hset("bot_status", mapping={"7": "{}", "8": "{}"})
    assert statuses(both, "/bots") == (200, 503)


def test_all_tickers_are_those_of_five_exchanges(both: Both) -> None:
    for exchange in ("binance", "bybit", "okx"):
        put_tick(both.writer, exchange, "BTC/USDT")
    assert member(both, "/tickers", "count") == (3, 2)
    assert member(both, "/tickers/okx", "count") == (1, 1)


def test_any_ticker_is_that_of_the_first_of_five_exchanges(both: Both) -> None:
    put_tick(both.writer, "binance", "BTC/USDT", time=NOON)
    put_tick(both.writer, "kraken", "BTC/USDT", time=NOON + 60)
    assert member(both, "/symbols/BTC-USDT/ticker", "exchange") == ("kraken", "binance")
    put_tick(both.writer, "okx", "ETH/USDT")
    assert statuses(both, "/symbols/ETH-USDT/ticker") == (200, 404)


def test_a_tick_without_volume_or_time_gets_zero(both: Both) -> None:
    put_tick(both.writer, "binance", "BTC/USDT", time=None, volume=None)
    path = "/tickers/binance/BTC-USDT"
    assert member(both, path, "cached_at") == (None, "1970-01-01T00:00:00Z")
    assert member(both, path, "ticker", "volume") == (None, 0.0)


def test_a_tick_keeps_only_the_numbers_of_its_model(both: Both) -> None:
    put_tick(both.writer, "binance", "BTC/USDT", vwap=1.5, change=None)
    native, installed = member(both, "/tickers/binance/BTC-USDT", "ticker")
    assert isinstance(native, dict)
    assert isinstance(installed, dict)
    assert native["vwap"] == 1.5
    assert installed == {name: value for name, value in native.items() if name != "vwap"}


def test_a_price_has_no_time(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/tickers/binance/BTC-USDT/price"
    put_tick(both.writer, "binance", "BTC/USDT")
    assert member(both, path, "cached_at") == ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z")

    async def get_price(self: object, symbol: str, exchange: str) -> float:
        return 45025.0 if (symbol, exchange) == ("BTC/USDT", "binance") else 0.0

    monkeypatch.setattr(sys.modules["fullon_cache"].TickCache, "get_price", get_price, raising=False)
    settings = settings_for(both.server.url, CACHE_BACKEND="fullon_cache")
    with serving(FullonCacheGateway(settings=settings)) as newer:
        assert newer.get(f"/api{path}").json() == {
            "exchange": "binance",
            "symbol": "BTC-USDT",
            "price": 45025.0,
            "cached_at": None,
        }
        assert newer.get("/api/tickers/binance/ETH-USDT/price").status_code == 404


def test_a_balance_has_no_time(both: Both) -> None:
    put_account(both.writer, 1, USDT=USDT, EUR={}, date="2024-01-01T12:00:00+00:00")
    path = "/accounts/1/balances/USDT"
    assert member(both, path, "updated_at") == ("2024-01-01T12:00:00Z", None)
    assert member(both, path, "balance") == (USDT, USDT)
    assert statuses(both, "/accounts/1/balances/EUR") == (200, 404)
    assert statuses(both, "/accounts/1/balances/date") == (404, 404)


def test_the_positions_of_an_account_have_no_common_time(both: Both) -> None:
    put_positions(both.writer, 1, {"BTC/USDT": POSITION, "timestamp": "2024-01-01T12:00:00+00:00"})
    put_positions(both.writer, 11, {"ETH/USDT": POSITION, "timestamp": "2024-01-01T12:00:00+00:00"})
    path = "/accounts/1/positions"
    assert member(both, path, "updated_at") == ("2024-01-01T12:00:00Z", None)
    native, installed = member(both, path, "positions")
    assert native == installed
    assert isinstance(installed, list)
    assert [position["account_id"] for position in installed] == [1]


@pytest.mark.parametrize("given", [{}, {"timestamp": None}])
def test_a_position_without_a_time_gets_now(both: Both, given: dict[str, None]) -> None:
    held = {name: value for name, value in POSITION.items() if name != "timestamp"}
    put_positions(both.writer, 1, {"BTC/USDT": {**held, **given}})
    for path, place in (
        ("/accounts/1/positions/BTC-USDT", ("timestamp",)),
        ("/accounts/1/positions", ("positions", 0, "timestamp")),
        ("/positions", ("positions", 0, "timestamp")),
    ):
        native, installed = member(both, path, *place)
        assert native is None
        assert isinstance(installed, str)
        assert is_now(installed)


def test_a_position_without_a_number_gets_zero(both: Both) -> None:
    put_positions(both.writer, 1, {"BTC/USDT": {**POSITION, "fee": None, "liquidation": 1.0}})
    assert member(both, "/accounts/1/positions/BTC-USDT", "fee") == (None, 0.0)
    native, installed = both.get("/accounts/1/positions/BTC-USDT")
    assert ("liquidation" in native.json(), "liquidation" in installed.json()) == (True, False)


def test_a_position_of_nothing_counts_as_none(both: Both) -> None:
    nothing = {**dict.fromkeys(POSITION, 0), "timestamp": NOON}
    put_positions(both.writer, 1, {"BTC/USDT": nothing})
    assert statuses(both, "/accounts/1/positions/BTC-USDT") == (200, 404)
    assert statuses(both, "/accounts/1/positions/ETH-USDT") == (404, 404)


def test_an_orders_ids_are_respelt(both: Both) -> None:
    put_order(both.writer, "binance", "007", ex_order_id="X-7")
    for path, place in (
        ("/exchanges/binance/orders/007", ()),
        ("/orders/007/status", ("order",)),
        ("/exchanges/binance/orders", ("orders", 0)),
    ):
        assert member(both, path, *place, "order_id") == ("007", "007")
        assert member(both, path, *place, "ex_order_id") == ("X-7", "007")


def test_an_order_has_the_fields_of_its_model(both: Both) -> None:
    cached = {name: value for name, value in ORDER.items() if name != "leverage"}
    order = {**cached, "order_id": "1", "reason": None, "fills": 3}
    both.writer.hset("order_status:binance", "1", json.dumps(order))
    native, installed = (answer.json() for answer in both.get("/exchanges/binance/orders/1"))
    assert ("leverage" in native, native["reason"], native["fills"]) == (False, None, 3)
    assert (installed["leverage"], installed["reason"], "fills" in installed) == (None, "", False)


def test_an_order_without_a_time_gets_now(both: Both) -> None:
    put_order(both.writer, "binance", "1", timestamp=None)
    native, installed = member(both, "/exchanges/binance/orders/1", "timestamp")
    assert native is None
    assert isinstance(installed, str)
    assert is_now(installed)


def test_an_opening_has_neither_bot_nor_time(both: Both) -> None:
    both.writer.hset("opening_position", "binance:BTC/USDT", "7:2024-01-01T12:00:00+00:00")
    path = "/bots/binance/BTC-USDT/opening"
    assert member(both, path, "opening") == (True, True)
    assert member(both, path, "bot_id") == ("7", None)
    assert member(both, path, "since") == ("2024-01-01T12:00:00Z", None)


def test_the_processes_of_the_health_come_from_a_second_call(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_process(both.writer, updated=ago(minutes=1))
    native, installed = (answer.json() for answer in both.get("/processes/status"))
    assert native == installed
    cache = sys.modules["fullon_cache"].ProcessCache
    before = cache.get_system_health

    async def get_system_health(self: object) -> dict[str, object]:
        figures: dict[str, object] = await before(self)
        both.writer.flushall()
        return figures

    monkeypatch.setattr(cache, "get_system_health", get_system_health)
    settled = both.installed.get("/api/processes/status").json()
    assert (settled["total_processes"], settled["processes"]) == (1, [])
