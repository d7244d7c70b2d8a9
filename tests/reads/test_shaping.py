"""The pure functions that turn what Redis holds into what answers show."""

from datetime import UTC, datetime, timedelta

import pytest

from fullon_cache_api.reads import accounts, bots, ohlcv, orders, processes, ticks, trades
from fullon_cache_api.reads.queue import health_status, queue
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.reads.values import NEVER, BadValue

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
BTC_USDT = Symbol.parse("BTC-USDT")


@pytest.mark.parametrize(
    ("size", "age", "health"),
    [
        (0, None, "healthy"),
        (0, timedelta(hours=1), "healthy"),
        (1, None, "healthy"),
        (999, timedelta(minutes=5), "healthy"),
        (1_000, timedelta(minutes=5), "backlog"),
        (1_000, None, "backlog"),
        (1, timedelta(minutes=5, microseconds=1), "stale"),
        (5_000, timedelta(minutes=6), "stale"),
        (1, timedelta(minutes=-6), "healthy"),
    ],
)
def test_a_queue_is_stale_then_a_backlog_then_healthy(size: int, age: timedelta | None, health: str) -> None:
    assert health_status(size, None if age is None else NOON - age, NOON) == health


def test_a_queue_has_no_rate_and_may_have_no_time() -> None:
    assert queue("L1", 3) == {
        "queue_name": "L1",
        "size": 3,
        "processing_rate": None,
        "health_status": "healthy",
        "last_processed": None,
    }
    assert trades.trade_queue("binance", "BTCUSDT", 3, NOON) == {
        "exchange": "binance",
        "symbol": "BTCUSDT",
        "queue_name": "binance:BTCUSDT",
        "size": 3,
        "processing_rate": None,
        "health_status": "stale",
        "last_processed": "2024-01-01T12:00:00Z",
    }


def test_a_lag_is_to_the_millisecond_and_never_negative() -> None:
    def lag(last: datetime | None) -> object:
        return trades.flow("binance", 1, last, NOON)["lag_seconds"]

    assert lag(NOON - timedelta(seconds=1, microseconds=234_567)) == 1.235
    assert lag(NOON + timedelta(seconds=1)) == 0.0
    assert lag(None) is None


@pytest.mark.parametrize(
    ("spelling", "own", "kept"),
    [
        ("BTC/USDT", "BTC/USDT", True),
        ("BT/CUSDT", "BTC/USDT", False),
        ("BTCUSDT", "BTC/USDT", True),
        ("BTC/USDT", "BTCUSDT", True),
        ("BTC-USDT", "BTC/USDT", True),
        ("BTC/USDT", None, True),
        ("BTC/USDT", 5, True),
        (None, "ETH/USDT", True),
    ],
)
def test_a_trade_of_another_symbol_is_told_by_its_own(
    spelling: str | None, own: str | int | None, kept: bool
) -> None:
    raw = f'{{"symbol": {own}}}' if isinstance(own, int) else f'{{"symbol": "{own}"}}' if own else "{}"
    assert (trades.trade(spelling, raw.encode()) is not None) is kept


def test_an_exchange_without_times_has_no_newest_and_no_oldest() -> None:
    assert ticks.freshness("x", [NEVER, NEVER], NOON) == {
        "exchange": "x",
        "tickers": 2,
        "stale": 2,
        "newest": None,
        "oldest": None,
    }
    assert ticks.freshness("x", [], NOON)["tickers"] == 0


def test_a_ticker_on_the_line_is_fresh() -> None:
    times = [NOON, NOON - timedelta(microseconds=1)]
    assert ticks.freshness("x", times, NOON) == {
        "exchange": "x",
        "tickers": 2,
        "stale": 1,
        "newest": "2024-01-01T12:00:00Z",
        "oldest": "2024-01-01T11:59:59.999999Z",
    }


def test_currencies_are_added_up_over_accounts_and_a_missing_number_is_not_made_up() -> None:
    held = [
        {"USDT": {"free": 0.1, "used": 1}, "BTC": {"free": 1, "used": 0, "total": 1}},
        {"USDT": {"free": 0.2, "used": 2, "total": 5}},
    ]
    assert accounts.currency_totals(held) == {
        "BTC": {"free": 1, "used": 0, "total": 1},
        "USDT": {"free": 0.3, "used": 3, "total": None},
    }
    assert accounts.currency_totals([]) == {}


@pytest.mark.parametrize(
    ("cached", "status", "symbol", "user_id", "passes"),
    [
        ('{"uid": 42}', None, None, 42, True),
        ('{"uid": "42"}', None, None, 42, True),
        ('{"uid": 4}', None, None, 42, False),
        ('{"uid": null}', None, None, 42, False),
        ("{}", None, None, 42, False),
        ('{"uid": 0}', None, None, 0, True),
        ('{"status": "open"}', "open", None, None, True),
        ('{"status": "Open"}', "open", None, None, False),
        ('{"status": null}', "open", None, None, False),
        ('{"symbol": "BTC/USDT"}', None, BTC_USDT, None, True),
        ('{"symbol": "BTC-USDT"}', None, BTC_USDT, None, True),
        ('{"symbol": "BTC-USDT"}', None, Symbol.parse("BTC/USDT"), None, False),
        ('{"symbol": ["BTC/USDT"]}', None, BTC_USDT, None, False),
        ('{"timestamp": "bad", "status": "x"}', "open", None, None, False),
    ],
)
def test_an_order_passes_filters_by_what_is_cached(
    cached: str, status: str | None, symbol: Symbol | None, user_id: int | None, passes: bool
) -> None:
    found = orders.wanted(status, symbol, user_id)("binance", "1", cached.encode())
    assert (found is not None) is passes


@pytest.mark.parametrize(
    ("field", "exchange", "symbol"),
    [
        ("binance:BTC/USDT", "binance", "BTC/USDT"),
        ("binance:BTC/USDT:USDT", "binance", "BTC/USDT:USDT"),
        ("a::", "a", ":"),
    ],
)
def test_a_pair_is_split_at_the_first_colon(field: str, exchange: str, symbol: str) -> None:
    assert bots.pair(field) == (exchange, symbol)


@pytest.mark.parametrize("field", ["", ":", "binance", "binance:", ":BTC/USDT"])
def test_half_a_pair_is_none(field: str) -> None:
    with pytest.raises(BadValue, match=r"^it is not stored under"):
        bots.pair(field)


def test_a_process_of_which_nothing_is_known_is_counted_as_unknown() -> None:
    fresh_since = NOON - timedelta(minutes=5)
    beats = ['"2024-01-01T11:55:00+00:00"', '"2024-01-01T11:54:59.999999+00:00"', "null"]
    bodies = [processes.process("x", fresh_since, f'{{"heartbeat": {beat}}}'.encode()) for beat in beats]
    assert [body["heartbeat_stale"] for body in bodies] == [False, True, True]
    assert processes.activity(bodies[0]) == {
        "type": None,
        "component": None,
        "params": None,
        "message": None,
        "timestamp": None,
    }


def test_a_bar_keeps_its_integers_and_floats() -> None:
    assert [type(number) for number in ohlcv.bar(b"[1, 2.0, 3, 4e0, 5, 123456789012345678901]")] == [
        int,
        float,
        int,
        float,
        int,
        int,
    ]
