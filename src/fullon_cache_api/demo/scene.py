"""The state of the demo's market and desk, and the Redis commands that its daemons would send."""

import json
from collections import deque
from itertools import count
from random import Random

from redis.client import Pipeline

from fullon_cache_api.demo import desk, market
from fullon_cache_api.demo.desk import ACCOUNTS, Account, Order, Position
from fullon_cache_api.demo.market import LISTINGS, TIMEFRAMES, Candle, iso, rounded

KEPT_ORDER = "ORD-1001"
"""The order of user 1 on binance that stays open as long as the demo runs."""

_MOST_CANDLES = 10_000
_MOST_TRADES = 200
_MOST_FINISHED_ORDERS = 40
_FIRST_TRADES = 20
_FIRST_ORDERS = 6
_FIRST_ROUNDS = 30
_ORDER_WORTH = (200.0, 2_000.0)
_POSITION_WORTH = 40_000.0
_CANCELED_TTL = 3_600
_PROCESS_TTL = 86_400
_SILENT_SECONDS = 900.0

_FIXED_PAIRS = ("binance:BTC/USDT", "binance:ETH/USDT")
_BOTS_OF_PAIRS = {
    f"{account.exchange}:{base}/{account.quote}": str(account.bot_id)
    for account in ACCOUNTS
    for base in ("BTC", "ETH", "SOL", "XRP")
}
# Candles are of no exchange: a symbol's come from the first one that lists it. Some writers omit the slash.
_SERIES = {symbol: (exchange, symbol) for exchange in reversed(LISTINGS) for symbol in LISTINGS[exchange]} | {
    "BTCUSD": ("kraken", "BTC/USD")
}


class Scene:
    """What the demo's daemons know. The same seed and the same times give the same commands.

    `open` and each `step` queue commands on a pipeline, in fullon_cache's layout, and move the state on.
    """

    def __init__(self, seed: int, candles: int, now: float) -> None:
        """Set the scene as it stands at `now` (epoch seconds), with a past of `candles` in each timeframe."""
        self._rng = Random(seed)
        self._depth = candles
        self._born = now
        self._steps = 0
        self._order_numbers = count(int(KEPT_ORDER.removeprefix("ORD-")))
        self._trade_numbers = count(500_001)
        self._prices = {exchange: dict(homes) for exchange, homes in LISTINGS.items()}
        self._candles: dict[tuple[str, str], Candle] = {}
        self._orders: dict[str, dict[str, Order]] = {account.exchange: {} for account in ACCOUNTS}
        self._queues: dict[str, deque[str]] = {account.exchange: deque() for account in ACCOUNTS}
        self._positions: dict[int, dict[str, Position]] = {}
        for account in ACCOUNTS:
            prices = self._prices[account.exchange]
            self._positions[account.ex_id] = {
                symbol: desk.position(rounded(_POSITION_WORTH / prices[symbol]), prices[symbol], now - 3_600)
                for symbol in _traded(account)[:2]
            }
        self._positions[3]["XRP/USD"] = desk.NO_POSITION
        self._blocks = {_FIXED_PAIRS[0]: "1", "kraken:SOL/USD": "2"}
        self._openings = {_FIXED_PAIRS[1]: f"1:{iso(now)}", "bitfinex:SOL/USD": f"3:{iso(now)}"}

    def open(self, pipe: Pipeline, now: float) -> None:
        """Write everything for the first time, to an empty server."""
        self._move_prices(pipe, now)
        for name, (exchange, symbol) in _SERIES.items():
            for timeframe in TIMEFRAMES:
                price = self._prices[exchange][symbol]
                series = market.candles(self._rng, price, timeframe, now, self._depth)
                self._candles[name, timeframe] = series[-1]
                pipe.rpush(f"ohlcv:{name}:{timeframe}", *map(json.dumps, series))
        for exchange, homes in LISTINGS.items():
            for symbol in homes:
                for age in range(_FIRST_TRADES, 0, -1):
                    self._push_trade(pipe, exchange, symbol, now - age)
        for account in ACCOUNTS:
            for number in range(_FIRST_ORDERS):
                self._place_order(pipe, account, now - 3_600 + number)
                if number < _FIRST_ORDERS / 2:
                    self._accept_order(pipe, account)
            for age in range(_FIRST_ROUNDS, 0, -1):
                self._work_orders(pipe, account, _FIRST_ROUNDS - age, now - age)
        for pair, bot in self._blocks.items():
            pipe.hset("block_exchange", pair, bot)
        for pair, opening in self._openings.items():
            pipe.hset("opening_position", pair, opening)
        self._report(pipe, now)

    def step(self, pipe: Pipeline, now: float) -> None:
        """Let a moment pass: prices, candles, trades, orders, bots and processes move."""
        self._steps += 1
        self._move_prices(pipe, now)
        self._move_candles(pipe, now)
        for exchange, homes in LISTINGS.items():
            # The first symbol trades all the time, the others now and then.
            for symbol in (next(iter(homes)), self._rng.choice(list(homes))):
                self._push_trade(pipe, exchange, symbol, now)
        for account in ACCOUNTS:
            self._work_orders(pipe, account, self._steps, now)
        self._toggle(pipe, now)
        self._report(pipe, now)

    def _move_prices(self, pipe: Pipeline, now: float) -> None:
        for exchange, prices in self._prices.items():
            for symbol, price in prices.items():
                prices[symbol] = market.walk(self._rng, price, LISTINGS[exchange][symbol])
                tick = json.dumps(market.tick(self._rng, exchange, symbol, prices[symbol], now))
                pipe.hset(f"tickers:{exchange}", symbol, tick)
                pipe.set(f"ticker_time:{exchange}:{symbol}", str(now))
                pipe.publish(f"ticker_updates:{exchange}:{symbol}", tick)

    def _move_candles(self, pipe: Pipeline, now: float) -> None:
        for (name, timeframe), candle in self._candles.items():
            exchange, symbol = _SERIES[name]
            price = self._prices[exchange][symbol]
            volume = rounded(self._rng.uniform(50, 500) / price)
            moved = market.candle_after(candle, price, volume, timeframe, now)
            key = f"ohlcv:{name}:{timeframe}"
            if moved[0] == candle[0]:
                pipe.lset(key, -1, json.dumps(moved))
            else:
                pipe.rpush(key, json.dumps(moved))
                pipe.ltrim(key, -_MOST_CANDLES, -1)
            self._candles[name, timeframe] = moved

    def _push_trade(self, pipe: Pipeline, exchange: str, symbol: str, now: float) -> None:
        price = self._prices[exchange][symbol]
        trade = market.trade(self._rng, symbol, price, next(self._trade_numbers), now)
        _push(pipe, f"trades:{exchange}:{symbol.replace('/', '')}", trade)
        pipe.set(f"TRADE:STATUS:{exchange}", iso(now))

    def _work_orders(self, pipe: Pipeline, account: Account, turn: int, now: float) -> None:
        """Do the next thing in an order's life: one is placed, one is accepted, one is finished, in turns."""
        match turn % 3:
            case 0:
                self._place_order(pipe, account, now)
            case 1:
                self._accept_order(pipe, account)
            case _:
                self._finish_order(pipe, account, now)

    def _place_order(self, pipe: Pipeline, account: Account, now: float) -> None:
        number = next(self._order_numbers)
        symbol = self._rng.choice(_traded(account)) if self._orders[account.exchange] else _traded(account)[0]
        price = self._prices[account.exchange][symbol]
        held = self._positions[account.ex_id].get(symbol, desk.NO_POSITION)
        # The more it has, the likelier it sells: positions stay near their size.
        selling = self._rng.uniform(0, 2 * _POSITION_WORTH) < held["volume"] * price
        volume = rounded(self._rng.uniform(*_ORDER_WORTH) / price)
        limit = rounded(price * (1.001 if selling else 0.999))
        order = desk.order(account, number, symbol, "sell" if selling else "buy", limit, volume, now)
        self._queues[account.exchange].append(order["order_id"])
        self._save_order(pipe, order)
        pipe.rpush(f"new_orders:L{account.ex_id}", order["order_id"])

    def _accept_order(self, pipe: Pipeline, account: Account) -> None:
        order_id = self._queues[account.exchange].popleft()
        pipe.lpop(f"new_orders:L{account.ex_id}")
        self._save_order(pipe, {**self._orders[account.exchange][order_id], "status": "open"})

    def _finish_order(self, pipe: Pipeline, account: Account, now: float) -> None:
        orders = self._orders[account.exchange]
        waiting = [o for o in orders.values() if o["status"] == "open" and o["order_id"] != KEPT_ORDER]
        number = next(self._trade_numbers)
        order = self._rng.choice(waiting)
        if number % 5 == 0:
            self._save_order(pipe, {**order, "status": "canceled", "final_volume": 0.0})
            # As fullon_cache does: the whole hash goes in an hour, unless another cancellation puts it off.
            pipe.expire(f"order_status:{account.exchange}", _CANCELED_TTL)
        else:
            self._save_order(pipe, {**order, "status": "closed", "final_volume": order["volume"]})
            _push(pipe, f"user_trades:{account.uid}:{account.exchange}", desk.fill(order, number, now))
            pipe.set(f"USER_TRADE:STATUS:{account.uid}:{account.exchange}", iso(now))
            positions = self._positions[account.ex_id]
            held = positions.get(order["symbol"], desk.NO_POSITION)
            positions[order["symbol"]] = desk.position_after(held, order, now)
        finished = [o["order_id"] for o in orders.values() if o["status"] in ("closed", "canceled")]
        for order_id in finished[:-_MOST_FINISHED_ORDERS]:
            del orders[order_id]
            pipe.hdel(f"order_status:{account.exchange}", order_id)

    def _save_order(self, pipe: Pipeline, order: Order) -> None:
        self._orders[order["exchange"]][order["order_id"]] = order
        pipe.hset(f"order_status:{order['exchange']}", order["order_id"], json.dumps(order))

    def _toggle(self, pipe: Pipeline, now: float) -> None:
        """Block or unblock one pair, or let a bot start or end opening a position in one, in turns."""
        pair, bot = self._rng.choice([item for item in _BOTS_OF_PAIRS.items() if item[0] not in _FIXED_PAIRS])
        key, held, value = (
            ("block_exchange", self._blocks, bot)
            if self._steps % 2
            else ("opening_position", self._openings, f"{bot}:{iso(now)}")
        )
        if held.pop(pair, None) is None:
            held[pair] = value
            pipe.hset(key, pair, value)
        else:
            pipe.hdel(key, pair)

    def _report(self, pipe: Pipeline, now: float) -> None:
        for account in ACCOUNTS:
            positions = self._positions[account.ex_id]
            waiting = [o for o in self._orders[account.exchange].values() if o["status"] in ("new", "open")]
            prices = self._prices[account.exchange]
            profit = sum(p["volume"] * prices[s] - p["cost"] for s, p in positions.items())
            trades = sum(p["count"] for p in positions.values())
            feeds = desk.feeds(account, _traded(account), rounded(profit), trades, now)
            entry = {**positions, "timestamp": iso(now)}
            pipe.hset(
                "accounts", str(account.ex_id), json.dumps(desk.balances(account, waiting, positions, now))
            )
            pipe.hset("account_positions", str(account.ex_id), json.dumps(entry))
            pipe.hset("bot_status", str(account.bot_id), json.dumps(feeds))
        for process_type, component in desk.PROCESSES:
            beat = self._born - _SILENT_SECONDS if component == desk.STALE_COMPONENT else now
            process = desk.process(process_type, component, self._born - 3_600, beat, now)
            process_id = str(process["process_id"])
            pipe.set(f"process:data:{process_id}", json.dumps(process), ex=_PROCESS_TTL)
            pipe.hset(f"process:active:{process_type}", process_id, iso(now))
            pipe.hset("process:components", component, process_id)


def _traded(account: Account) -> list[str]:
    return [f"{base}/{account.quote}" for base in ("BTC", "ETH", "SOL")]


def _push(pipe: Pipeline, key: str, trade: market.Json) -> None:
    pipe.rpush(key, json.dumps(trade))
    pipe.ltrim(key, -_MOST_TRADES, -1)
