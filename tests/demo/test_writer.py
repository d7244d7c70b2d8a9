"""The demo's writer: what stands in the cache is what the layout says, and it moves."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator

import pytest
import redis

from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.demo import scene as scene_module
from fullon_cache_api.demo import writer as writer_module

EXCHANGE = "(binance|kraken|bitfinex)"
LAYOUT = {
    rf"tickers:{EXCHANGE}": "hash",
    rf"ticker_time:{EXCHANGE}:[A-Z]+[/-][A-Z:]+": "string",
    "accounts": "hash",
    "account_positions": "hash",
    rf"order_status:{EXCHANGE}": "hash",
    "new_orders:L[123]": "list",
    "block_exchange": "hash",
    "opening_position": "hash",
    "bot_status": "hash",
    rf"trades:{EXCHANGE}:[A-Z:-]+": "list",
    rf"user_trades:[12]:{EXCHANGE}": "list",
    rf"TRADE:STATUS:{EXCHANGE}": "string",
    rf"USER_TRADE:STATUS:[12]:{EXCHANGE}": "string",
    r"ohlcv:(BTCUSD|[A-Z]+[/-][A-Z:]+):(1m|5m|1h|1d)": "list",
    r"process:data:[a-z_]+:[a-z0-9_]+:\d+\.\d+": "string",
    "process:active:[a-z_]+": "hash",
    "process:components": "hash",
}
TICK_FIELDS = ["symbol", "exchange", "price", "volume", "time", "bid", "ask", "last", "change", "percentage"]
ORDER_FIELDS = [
    *("order_id", "ex_order_id", "bot_id", "uid", "ex_id", "cat_ex_id", "exchange", "symbol", "order_type"),
    *("side", "volume", "final_volume", "price", "plimit", "tick", "futures", "leverage", "status"),
    *("command", "reason", "timestamp"),
]
TRADE_FIELDS = [
    *("trade_id", "ex_trade_id", "ex_order_id", "uid", "ex_id", "symbol"),
    *("side", "volume", "price", "cost", "fee", "time"),
]
PROCESS_FIELDS = [
    *("process_id", "process_type", "component", "params", "status"),
    *("message", "created_at", "updated_at", "heartbeat"),
]


class Clock:
    """A clock that goes on by `step` seconds each time it is read."""

    def __init__(self, now: float = 1_795_386_006.5, step: float = 0.5) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Cache:
    """What a server holds, as text."""

    def __init__(self, server: EmbeddedServer, timeout: float = 10) -> None:
        self.redis = redis.Redis.from_url(server.url, decode_responses=True, socket_timeout=timeout)

    def names(self, pattern: str = "*") -> list[str]:
        return sorted(str(key) for key in self.redis.keys(pattern))

    def kind(self, key: str) -> str:
        return str(self.redis.type(key))

    def text(self, key: str) -> str:
        return str(self.redis.get(key))

    def fields(self, key: str) -> dict[str, str]:
        return {str(field): str(value) for field, value in self.redis.hgetall(key).items()}

    def elements(self, key: str) -> list[str]:
        return [str(element) for element in self.redis.lrange(key, 0, -1)]

    def dump(self) -> dict[str, object]:
        readers = {"hash": self.fields, "list": self.elements, "string": self.text}
        return {key: readers[self.kind(key)](key) for key in self.names()}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as started:
        yield started


@pytest.fixture(scope="module")
def cache(server: EmbeddedServer) -> Cache:
    return Cache(server)


@pytest.fixture
def demo(server: EmbeddedServer) -> Iterator[Demo]:
    with Demo(server, candles=20, clock=Clock()) as filled:
        filled.fill()
        yield filled


@pytest.mark.parametrize("ticks", [0, 20])
def test_every_key_has_a_name_and_a_type_of_the_layout(demo: Demo, cache: Cache, ticks: int) -> None:
    for _ in range(ticks):
        demo.tick()
    found = set()
    for key in cache.names():
        (name,) = (name for name in LAYOUT if re.fullmatch(name, key))
        assert cache.kind(key) == LAYOUT[name], key
        found.add(name)
    assert found == set(LAYOUT)


def test_tickers_stand_under_their_symbols_with_their_time(demo: Demo, cache: Cache) -> None:
    for exchange in ("binance", "kraken", "bitfinex"):
        ticks = cache.fields(f"tickers:{exchange}")
        assert len(ticks) == 12
        for symbol, text in ticks.items():
            tick = json.loads(text)
            assert list(tick) == TICK_FIELDS
            assert (tick["exchange"], tick["symbol"]) == (exchange, symbol)
            assert float(cache.text(f"ticker_time:{exchange}:{symbol}")) == tick["time"] == 1_795_386_007.0


def test_each_tick_moves_the_prices_and_publishes_them(demo: Demo, cache: Cache) -> None:
    before = json.loads(cache.fields("tickers:binance")["BTC/USDT"])
    with cache.redis.pubsub() as listener:  # type: ignore[no-untyped-call]
        listener.subscribe("ticker_updates:binance:BTC/USDT")
        listener.get_message(timeout=5)
        demo.tick()
        message = listener.get_message(timeout=5)
    text = cache.fields("tickers:binance")["BTC/USDT"]
    assert message is not None and message["data"] == text
    after = json.loads(text)
    assert after["time"] == before["time"] + 0.5
    assert after["price"] != before["price"]


def test_candles_end_at_the_price_and_a_new_minute_adds_one(server: EmbeddedServer, cache: Cache) -> None:
    with Demo(server, candles=20, clock=Clock(step=60)) as demo:
        demo.fill()
        before = [json.loads(text) for text in cache.elements("ohlcv:BTC/USDT:1m")]
        demo.tick()
    after = [json.loads(text) for text in cache.elements("ohlcv:BTC/USDT:1m")]
    assert (len(before), len(after)) == (20, 21)
    assert after[:20] == before
    assert after[-1][0] == before[-1][0] + 60
    assert after[-1][4] == json.loads(cache.fields("tickers:binance")["BTC/USDT"])["price"]
    assert len(cache.elements("ohlcv:BTC/USDT:1d")) == 20
    assert len(cache.elements("ohlcv:BTCUSD:1h")) == len(cache.elements("ohlcv:BTC-PERP:5m")) == 20


def test_orders_have_their_fields_and_the_hash_of_canceled_ones_will_expire(demo: Demo, cache: Cache) -> None:
    statuses = set()
    for exchange in ("binance", "kraken", "bitfinex"):
        for order_id, text in cache.fields(f"order_status:{exchange}").items():
            order = json.loads(text)
            assert list(order) == ORDER_FIELDS
            assert (order["order_id"], order["exchange"]) == (order_id, exchange)
            statuses.add(order["status"])
        assert 3_590 < cache.redis.ttl(f"order_status:{exchange}") <= 3_600
    assert statuses == {"new", "open", "closed", "canceled"}


def test_one_order_stays_open_while_others_come_and_go(demo: Demo, cache: Cache) -> None:
    kept = cache.fields("order_status:binance")["ORD-1001"]
    before = cache.fields("order_status:binance")
    for _ in range(12):
        demo.tick()
    after = cache.fields("order_status:binance")
    assert json.loads(kept)["status"] == "open"
    assert (json.loads(kept)["symbol"], json.loads(kept)["uid"]) == ("BTC/USDT", 1)
    assert after["ORD-1001"] == kept
    assert len(set(after) - set(before)) == 4


def test_the_queue_holds_the_new_orders_first_in_first_out(demo: Demo, cache: Cache) -> None:
    for _ in range(7):
        demo.tick()
    orders = [json.loads(text) for text in cache.fields("order_status:binance").values()]
    new = sorted(order["order_id"] for order in orders if order["status"] == "new")
    assert len(new) >= 2
    assert cache.elements("new_orders:L1") == new


def test_trades_are_pushed_oldest_first_and_their_status_is_the_newest(demo: Demo, cache: Cache) -> None:
    for key in ("trades:binance:BTCUSDT", "user_trades:1:binance"):
        demo.tick()
        trades = [json.loads(text) for text in cache.elements(key)]
        assert trades
        assert all(list(trade) == TRADE_FIELDS for trade in trades)
        assert trades == sorted(trades, key=lambda trade: trade["trade_id"])
    assert cache.text("TRADE:STATUS:binance") == "2026-11-22T22:20:08+00:00"
    assert cache.text("USER_TRADE:STATUS:1:binance") == "2026-11-22T22:20:08+00:00"


def test_user_trades_are_the_fills_of_closed_orders(demo: Demo, cache: Cache) -> None:
    orders = {key: json.loads(text) for key, text in cache.fields("order_status:kraken").items()}
    trades = [json.loads(text) for text in cache.elements("user_trades:1:kraken")]
    closed = {order_id for order_id, order in orders.items() if order["status"] == "closed"}
    assert {trade["ex_order_id"] for trade in trades} == closed


def test_lists_and_hashes_stay_bounded(
    server: EmbeddedServer, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_module, "_MOST_TRADES", 22)
    monkeypatch.setattr(scene_module, "_MOST_CANDLES", 25)
    monkeypatch.setattr(scene_module, "_MOST_FINISHED_ORDERS", 12)
    with Demo(server, candles=20, clock=Clock(step=60)) as demo:
        for _ in range(60):
            demo.tick()
    sizes = {key: len(cache.elements(key)) for key in cache.names() if cache.kind(key) == "list"}
    assert max(size for key, size in sizes.items() if "trades:" in key) == 22
    assert max(size for key, size in sizes.items() if key.startswith("ohlcv:")) == 25
    assert max(size for key, size in sizes.items() if key.startswith("new_orders:")) <= 4
    assert len(cache.fields("order_status:binance")) <= 12 + 6


def test_accounts_hold_their_currencies_and_positions(demo: Demo, cache: Cache) -> None:
    accounts = {key: json.loads(text) for key, text in cache.fields("accounts").items()}
    held = {key: json.loads(text) for key, text in cache.fields("account_positions").items()}
    assert set(accounts) == set(held) == {"1", "2", "3"}
    assert set(accounts["1"]) == {"USDT", "BTC", "ETH", "SOL", "date"}
    assert set(accounts["1"]["USDT"]) == {"free", "used", "total"}
    assert accounts["1"]["USDT"]["total"] == 250_000.0
    assert accounts["1"]["date"] == held["1"].pop("timestamp") == "2026-11-22T22:20:07+00:00"
    assert set(held["1"]["BTC/USDT"]) == {"cost", "volume", "fee", "count", "price", "timestamp"}
    assert held["1"]["BTC/USDT"]["volume"] == accounts["1"]["BTC"]["total"] > 0
    assert held["3"]["XRP/USD"]["timestamp"] is None


def test_a_known_pair_is_blocked_and_another_is_being_opened_all_the_time(demo: Demo, cache: Cache) -> None:
    seen = set()
    for _ in range(24):
        demo.tick()
        assert cache.fields("block_exchange")["binance:BTC/USDT"] == "1"
        assert cache.fields("opening_position")["binance:ETH/USDT"] == "1:2026-11-22T22:20:07+00:00"
        seen.add((*cache.fields("block_exchange"), "|", *cache.fields("opening_position")))
    assert len(seen) > 12


def test_each_bot_has_feeds(demo: Demo, cache: Cache) -> None:
    bots = {key: json.loads(text) for key, text in cache.fields("bot_status").items()}
    assert set(bots) == {"1", "2", "3"}
    for feed in bots["1"].values():
        assert {"status", "symbols", "performance", "timestamp"} <= set(feed)


def test_processes_of_all_types_are_registered_and_one_has_no_heartbeat(demo: Demo, cache: Cache) -> None:
    demo.tick()
    silent = []
    components = cache.fields("process:components")
    assert len(components) == 10
    assert len(cache.names("process:active:*")) == 8
    for component, process_id in components.items():
        process = json.loads(cache.text(f"process:data:{process_id}"))
        assert list(process) == PROCESS_FIELDS
        assert (process["component"], process["process_id"]) == (component, process_id)
        assert 86_390 < cache.redis.ttl(f"process:data:{process_id}") <= 86_400
        active = cache.fields(f"process:active:{process['process_type']}")[process_id]
        assert active == process["updated_at"] == "2026-11-22T22:20:07.500000+00:00"
        if process["heartbeat"] != process["updated_at"]:
            silent.append((component, process["heartbeat"]))
    assert silent == [("news_crawler", "2026-11-22T22:05:07+00:00")]


def test_the_same_seed_and_clock_give_the_same_cache(server: EmbeddedServer, cache: Cache) -> None:
    dumps = []
    for seed in (7, 7, 8):
        with Demo(server, seed=seed, candles=2, clock=Clock()) as demo:
            demo.fill()
            for _ in range(5):
                demo.tick()
            dumps.append(cache.dump())
    assert dumps[0] == dumps[1]
    assert dumps[0] != dumps[2]


def test_a_demo_on_a_port_writes_through_the_socket_that_only_its_server_has() -> None:
    with EmbeddedServer(port=0) as server, Demo(server, candles=1) as demo:
        demo.fill()
        clients = Cache(server).redis.client_list()
    assert [one["addr"] for one in clients if one["cmd"] == "exec"] == ["redis.sock:0"]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_run_fills_and_moves_and_fills_again_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "_TIMEOUT_SECONDS", 0.2)

    async def scenario(server: EmbeddedServer, demo: Demo, cache: Cache) -> None:
        def price() -> str | None:
            try:
                return cache.fields("tickers:binance").get("BTC/USDT")
            except redis.RedisError:
                return None

        async def moves() -> None:
            await until(lambda: price() is not None)
            before = price()
            await until(lambda: price() not in (None, before))

        running = asyncio.create_task(demo.run(period=0.01))
        await moves()
        server.kill()
        assert price() is None
        server.restart()
        await moves()
        server.pause()
        await asyncio.to_thread(price)
        server.resume()
        await moves()
        assert "ORD-1001" in cache.fields("order_status:binance")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with EmbeddedServer() as server, Demo(server, candles=2) as demo:
        asyncio.run(scenario(server, demo, Cache(server, timeout=0.3)))
