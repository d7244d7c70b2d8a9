"""A believable market: three exchanges whose prices wander around sensible levels.

Pure functions over a seeded `random.Random`; the objects have the fields that fullon_cache's writers give.
Prices are in a symbol's quote currency, volumes in its base currency, times in epoch seconds or in ISO 8601.
"""

import math
from datetime import UTC, datetime
from random import Random

Json = dict[str, object]
Candle = tuple[int, float, float, float, float, float]

LISTINGS = {
    "binance": {
        "BTC/USDT": 97_000.0,
        "ETH/USDT": 3_400.0,
        "SOL/USDT": 190.0,
        "BNB/USDT": 650.0,
        "XRP/USDT": 2.2,
        "ADA/USDT": 0.9,
        "DOGE/USDT": 0.32,
        "AVAX/USDT": 38.0,
        "LINK/USDT": 22.0,
        "LTC/USDT": 105.0,
        "ETH/BTC": 0.03505,
        "BTC/USDT:USDT": 97_020.0,
    },
    "kraken": {
        "BTC/USD": 96_950.0,
        "ETH/USD": 3_398.0,
        "SOL/USD": 189.9,
        "XRP/USD": 2.199,
        "ADA/USD": 0.899,
        "DOT/USD": 7.4,
        "LTC/USD": 104.9,
        "LINK/USD": 21.98,
        "BTC/EUR": 91_800.0,
        "ETH/EUR": 3_217.0,
        "BTC/USDT": 96_990.0,
        "ETH/BTC": 0.03504,
    },
    "bitfinex": {
        "BTC/USD": 97_040.0,
        "ETH/USD": 3_402.0,
        "SOL/USD": 190.1,
        "XRP/USD": 2.201,
        "LTC/USD": 105.1,
        "UNI/USD": 13.6,
        "LEO/USD": 8.9,
        "BTC/USDT": 97_030.0,
        "ETH/USDT": 3_401.0,
        "ETH/BTC": 0.03506,
        "BTC-PERP": 97_060.0,
        "ETH-PERP": 3_404.0,
    },
}
"""Exchange → symbol → the price that the symbol starts from and keeps near to."""

TIMEFRAMES = {"1m": 60, "5m": 300, "1h": 3_600, "1d": 86_400}
"""Timeframe of a candle → its seconds."""

_STEP = 0.0004
_PULL = 0.001
_MINUTE_STEP = 0.0006
_DAILY_TURNOVER = 40_000_000.0


def iso(now: float) -> str:
    """Write an epoch time as ISO 8601 with offset, as the daemons do."""
    return datetime.fromtimestamp(now, UTC).isoformat()


def rounded(value: float) -> float:
    """Round to six significant digits, which suits the price of bitcoin and of dogecoin."""
    return float(f"{value:.6g}")


def walk(rng: Random, price: float, home: float) -> float:
    """Move a price by one step of a random walk that is drawn back to `home`, however long it goes on."""
    return rounded(price * math.exp(rng.gauss(0, _STEP) + _PULL * math.log(home / price)))


def tick(rng: Random, exchange: str, symbol: str, price: float, now: float) -> Json:
    """Give the Tick of a symbol; its change is the one since the starting price."""
    home = LISTINGS[exchange][symbol]
    spread = price * rng.uniform(0.00002, 0.0002)
    return {
        "symbol": symbol,
        "exchange": exchange,
        "price": price,
        "volume": rounded(_DAILY_TURNOVER / home * rng.uniform(0.98, 1.02)),
        "time": now,
        "bid": rounded(price - spread),
        "ask": rounded(price + spread),
        "last": price,
        "change": rounded(price - home),
        "percentage": round((price / home - 1) * 100, 4),
    }


def trade(rng: Random, symbol: str, price: float, number: int, now: float) -> Json:
    """Give a public Trade of the exchange, of nobody's order that Fullon knows."""
    volume = rounded(rng.uniform(20, 5_000) / price)
    return {
        "trade_id": number,
        "ex_trade_id": f"T{number}",
        "ex_order_id": None,
        "uid": None,
        "ex_id": None,
        "symbol": symbol,
        "side": rng.choice(("buy", "sell")),
        "volume": volume,
        "price": price,
        "cost": rounded(volume * price),
        "fee": 0.0,
        "time": iso(now),
    }


def candles(rng: Random, price: float, timeframe: str, now: float, count: int) -> list[Candle]:
    """Give the last `count` candles, oldest first; the last one is under way and stands at `price`."""
    seconds = TIMEFRAMES[timeframe]
    step = _MINUTE_STEP * math.sqrt(seconds / 60)
    turnover = _DAILY_TURNOVER * seconds / 86_400
    newest = int(now) // seconds * seconds
    series: list[Candle] = []
    close = price
    for age in range(count):
        opened = rounded(close * (1 + rng.gauss(0, step)))
        high = rounded(max(opened, close) * (1 + step * rng.random() / 2))
        low = rounded(min(opened, close) * (1 - step * rng.random() / 2))
        volume = rounded(turnover / close * (0.5 + rng.random()))
        series.append((newest - age * seconds, opened, high, low, close, volume))
        close = opened
    series.reverse()
    return series


def candle_after(candle: Candle, price: float, volume: float, timeframe: str, now: float) -> Candle:
    """Give the candle under way after a trade: `candle` moved on, or a new one when its time is over."""
    started = int(now) // TIMEFRAMES[timeframe] * TIMEFRAMES[timeframe]
    if started > candle[0]:
        return started, price, price, price, price, volume
    begun, opened, high, low, _, before = candle
    return begun, opened, max(high, price), min(low, price), price, rounded(before + volume)
