"""A believable trading desk: accounts, positions, orders, bots and the daemons' own processes.

Pure functions; the objects have the fields that fullon_cache's writers give them.
"""

from dataclasses import dataclass
from typing import TypedDict

from fullon_cache_api.demo.market import Json, iso, rounded

_FEE = 0.001


@dataclass(frozen=True, slots=True)
class Account:
    """An account at an exchange: `ex_id` is its key in the cache, `uid` its owner, `bot_id` its trader."""

    ex_id: int
    uid: int
    cat_ex_id: int
    exchange: str
    bot_id: int
    quote: str
    funds: float


ACCOUNTS = (
    Account(ex_id=1, uid=1, cat_ex_id=1, exchange="binance", bot_id=1, quote="USDT", funds=250_000.0),
    Account(ex_id=2, uid=1, cat_ex_id=2, exchange="kraken", bot_id=2, quote="USD", funds=120_000.0),
    Account(ex_id=3, uid=2, cat_ex_id=3, exchange="bitfinex", bot_id=3, quote="USD", funds=80_000.0),
)


class Position(TypedDict):
    """A symbol in an account's entry of `account_positions`; `timestamp` is in epoch seconds."""

    cost: float
    volume: float
    fee: float
    count: int
    price: float
    timestamp: float | None


NO_POSITION: Position = {
    "cost": 0.0,
    "volume": 0.0,
    "fee": 0.0,
    "count": 0,
    "price": 0.0,
    "timestamp": None,
}
"""The position of a symbol that was never traded."""


class Order(TypedDict):
    """An element of `order_status:{exchange}`."""

    order_id: str
    ex_order_id: str
    bot_id: int
    uid: int
    ex_id: int
    cat_ex_id: int
    exchange: str
    symbol: str
    order_type: str
    side: str
    volume: float
    final_volume: float | None
    price: float
    plimit: float | None
    tick: float | None
    futures: bool
    leverage: float | None
    status: str
    command: str | None
    reason: str | None
    timestamp: str


PROCESSES = (
    ("tick", "ticker_service"),
    ("ohlcv", "ohlcv_service"),
    ("bot", "bot_1"),
    ("bot", "bot_2"),
    ("bot", "bot_3"),
    ("account", "account_service"),
    ("order", "order_service"),
    ("bot_status_service", "bot_status_service"),
    ("crawler", "news_crawler"),
    ("user_trades_service", "user_trades_service"),
)
"""Type and component of each process; together they have all the types that fullon_cache knows."""

STALE_COMPONENT = "news_crawler"
"""The component whose heartbeat stopped before the demo began, though it still writes its status."""


def order(
    account: Account, number: int, symbol: str, side: str, price: float, volume: float, now: float
) -> Order:
    """Give a new limit Order."""
    return {
        "order_id": f"ORD-{number}",
        "ex_order_id": f"ORD-{number}",
        "bot_id": account.bot_id,
        "uid": account.uid,
        "ex_id": account.ex_id,
        "cat_ex_id": account.cat_ex_id,
        "exchange": account.exchange,
        "symbol": symbol,
        "order_type": "limit",
        "side": side,
        "volume": volume,
        "final_volume": None,
        "price": price,
        "plimit": price,
        "tick": None,
        "futures": False,
        "leverage": None,
        "status": "new",
        "command": "spread",
        "reason": "signal",
        "timestamp": iso(now),
    }


def fill(order: Order, number: int, now: float) -> Json:
    """Give the Trade that fills an order."""
    cost = rounded(order["volume"] * order["price"])
    return {
        "trade_id": number,
        "ex_trade_id": f"T{number}",
        "ex_order_id": order["ex_order_id"],
        "uid": order["uid"],
        "ex_id": order["ex_id"],
        "symbol": order["symbol"],
        "side": order["side"],
        "volume": order["volume"],
        "price": order["price"],
        "cost": cost,
        "fee": rounded(cost * _FEE),
        "time": iso(now),
    }


def position(volume: float, price: float, now: float) -> Position:
    """Give the position that one purchase opens."""
    cost = rounded(volume * price)
    fee = rounded(cost * _FEE)
    return {"cost": cost, "volume": volume, "fee": fee, "count": 1, "price": price, "timestamp": now}


def position_after(held: Position, order: Order, now: float) -> Position:
    """Give the position after an order was filled: a purchase moves its average price, a sale does not."""
    cost = rounded(order["volume"] * order["price"])
    if order["side"] == "buy":
        volume = rounded(held["volume"] + order["volume"])
        price = rounded((held["cost"] + cost) / volume)
    else:
        volume = rounded(max(held["volume"] - order["volume"], 0.0))
        price = held["price"]
    return {
        "cost": rounded(volume * price),
        "volume": volume,
        "fee": rounded(held["fee"] + cost * _FEE),
        "count": held["count"] + 1,
        "price": price,
        "timestamp": now,
    }


def balances(account: Account, orders: list[Order], positions: dict[str, Position], now: float) -> Json:
    """Give an account's entry in `accounts`, with what its waiting `orders` tie up."""
    used = rounded(sum(o["volume"] * o["price"] for o in orders if o["side"] == "buy"))
    entry: Json = {account.quote: _balance(used, account.funds)}
    for symbol, held in positions.items():
        selling = sum(o["volume"] for o in orders if o["side"] == "sell" and o["symbol"] == symbol)
        entry[symbol.split("/")[0]] = _balance(rounded(min(selling, held["volume"])), held["volume"])
    return {**entry, "date": iso(now)}


def _balance(used: float, total: float) -> Json:
    return {"free": rounded(total - used), "used": used, "total": total}


def feeds(account: Account, symbols: list[str], profit: float, trades: int, now: float) -> Json:
    """Give a bot's entry in `bot_status`: one feed for the symbols that it trades, one that only watches."""
    return {
        "feed_1": {
            "status": "running",
            "exchange": account.exchange,
            "symbols": symbols,
            "performance": {"profit": profit, "trades": trades},
            "timestamp": iso(now),
        },
        "feed_2": {
            "status": "waiting",
            "exchange": account.exchange,
            "symbols": symbols[:1],
            "performance": {"profit": 0.0, "trades": 0},
            "timestamp": iso(now),
        },
    }


def process(process_type: str, component: str, born: float, beat: float, now: float) -> Json:
    """Give a Process that was registered at `born`, had its last heartbeat at `beat` and writes at `now`."""
    return {
        "process_id": f"{process_type}:{component}:{born}",
        "process_type": process_type,
        "component": component,
        "params": {"exchanges": sorted({account.exchange for account in ACCOUNTS})},
        "status": "running" if beat == now else "processing",
        "message": f"{component} at work for {now - born:.0f} s",
        "created_at": iso(born),
        "updated_at": iso(now),
        "heartbeat": iso(beat),
    }
