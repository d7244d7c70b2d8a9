"""The sample desk: positions, balances and fills add up."""

from fullon_cache_api.demo.desk import (
    ACCOUNTS,
    NO_POSITION,
    PROCESSES,
    STALE_COMPONENT,
    Position,
    balances,
    feeds,
    fill,
    order,
    position,
    position_after,
    process,
)

NOW = 1_795_386_006.0
BINANCE = ACCOUNTS[0]
WRITTEN = "2026-11-22T22:20:06+00:00"
HELD: Position = {
    "cost": 200.0,
    "volume": 2.0,
    "fee": 0.2,
    "count": 1,
    "price": 100.0,
    "timestamp": NOW - 60,
}


def test_a_new_order_repeats_its_id_as_text() -> None:
    assert order(BINANCE, 1001, "BTC/USDT", "buy", 97_000.0, 0.5, NOW) == {
        "order_id": "ORD-1001",
        "ex_order_id": "ORD-1001",
        "bot_id": 1,
        "uid": 1,
        "ex_id": 1,
        "cat_ex_id": 1,
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "order_type": "limit",
        "side": "buy",
        "volume": 0.5,
        "final_volume": None,
        "price": 97_000.0,
        "plimit": 97_000.0,
        "tick": None,
        "futures": False,
        "leverage": None,
        "status": "new",
        "command": "spread",
        "reason": "signal",
        "timestamp": WRITTEN,
    }


def test_a_fill_names_its_order_and_takes_a_fee() -> None:
    assert fill(order(BINANCE, 1001, "BTC/USDT", "buy", 97_000.0, 0.5, NOW), 9, NOW) == {
        "trade_id": 9,
        "ex_trade_id": "T9",
        "ex_order_id": "ORD-1001",
        "uid": 1,
        "ex_id": 1,
        "symbol": "BTC/USDT",
        "side": "buy",
        "volume": 0.5,
        "price": 97_000.0,
        "cost": 48_500.0,
        "fee": 48.5,
        "time": WRITTEN,
    }


def test_the_first_purchase_opens_a_position() -> None:
    bought = order(BINANCE, 1, "BTC/USDT", "buy", 100.0, 2.0, NOW - 60)
    assert position_after(NO_POSITION, bought, NOW - 60) == HELD
    assert position(2.0, 100.0, NOW - 60) == HELD


def test_a_purchase_moves_the_average_price() -> None:
    assert position_after(HELD, order(BINANCE, 1, "BTC/USDT", "buy", 130.0, 1.0, NOW), NOW) == {
        "cost": 330.0,
        "volume": 3.0,
        "fee": 0.33,
        "count": 2,
        "price": 110.0,
        "timestamp": NOW,
    }


def test_a_sale_leaves_the_average_price_and_never_sells_more_than_there_is() -> None:
    assert position_after(HELD, order(BINANCE, 1, "BTC/USDT", "sell", 150.0, 5.0, NOW), NOW) == {
        "cost": 0.0,
        "volume": 0.0,
        "fee": 0.95,
        "count": 2,
        "price": 100.0,
        "timestamp": NOW,
    }


def test_waiting_orders_tie_up_what_they_would_spend() -> None:
    waiting = [
        order(BINANCE, 1, "BTC/USDT", "buy", 100.0, 10.0, NOW),
        order(BINANCE, 2, "BTC/USDT", "sell", 120.0, 0.5, NOW),
        order(BINANCE, 3, "ETH/USDT", "sell", 120.0, 0.5, NOW),
    ]
    assert balances(BINANCE, waiting, {"BTC/USDT": HELD}, NOW) == {
        "USDT": {"free": 249_000.0, "used": 1_000.0, "total": 250_000.0},
        "BTC": {"free": 1.5, "used": 0.5, "total": 2.0},
        "date": WRITTEN,
    }


def test_a_bot_has_a_feed_that_trades_and_one_that_waits() -> None:
    assert feeds(BINANCE, ["BTC/USDT", "ETH/USDT"], 12.5, 3, NOW) == {
        "feed_1": {
            "status": "running",
            "exchange": "binance",
            "symbols": ["BTC/USDT", "ETH/USDT"],
            "performance": {"profit": 12.5, "trades": 3},
            "timestamp": WRITTEN,
        },
        "feed_2": {
            "status": "waiting",
            "exchange": "binance",
            "symbols": ["BTC/USDT"],
            "performance": {"profit": 0.0, "trades": 0},
            "timestamp": WRITTEN,
        },
    }


def test_a_process_says_when_it_was_born_and_when_its_heart_beat() -> None:
    assert process("tick", "ticker_service", NOW - 90.0, NOW, NOW) == {
        "process_id": "tick:ticker_service:1795385916.0",
        "process_type": "tick",
        "component": "ticker_service",
        "params": {"exchanges": ["binance", "bitfinex", "kraken"]},
        "status": "running",
        "message": "ticker_service at work for 90 s",
        "created_at": "2026-11-22T22:18:36+00:00",
        "updated_at": WRITTEN,
        "heartbeat": WRITTEN,
    }


def test_every_process_type_is_there_and_each_component_once() -> None:
    assert {process_type for process_type, _ in PROCESSES} == {
        "tick",
        "ohlcv",
        "bot",
        "account",
        "order",
        "bot_status_service",
        "crawler",
        "user_trades_service",
    }
    components = [component for _, component in PROCESSES]
    assert len(components) == len(set(components))
    assert STALE_COMPONENT in components
