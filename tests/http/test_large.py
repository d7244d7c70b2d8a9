"""Collections of very many elements: sent while they are read and made, beside other requests."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis
from asgi import answer, http_scope
from caches import port_of
from loguru import logger
from proxy import Proxy
from starlette.types import ASGIApp, Message
from support import CHECKOUT, http_client, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.elements import PageReader
from fullon_cache_api.http.streaming import AnswerCut, Turns
from fullon_cache_api.reads.pages import LARGE, Page

PATH = "/api/tickers/binance"


def put_many(writer: "redis.Redis", exchange: str, count: int, note: str = "") -> None:
    ticks = {f"S{number}/USDT": json.dumps({"bid": number, "note": note}) for number in range(count)}
    names = list(ticks)
    for start in range(0, count, 10_000):
        some = {name: ticks[name] for name in names[start : start + 10_000]}
        writer.hset(f"tickers:{exchange}", mapping=some)


def bids(answered: httpx.Response) -> dict[str, float]:
    body = answered.json()
    assert body["count"] == len(body["tickers"])
    found = {ticker["symbol"]: ticker["ticker"]["bid"] for ticker in body["tickers"]}
    assert len(found) == body["count"]
    return found


@pytest.mark.parametrize("path", [PATH, "/api/tickers"])
def test_every_element_of_a_large_collection_is_there_but_those_left_out(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    put_many(writer, "binance", 10 * LARGE)
    writer.hset("tickers:binance", "S7/USDT", "{")
    writer.hset("tickers:binance", b"\xff", "{}")
    writer.set("tickers:kraken", "no hash")
    expected = {f"S{number}-USDT": number for number in range(10 * LARGE)}
    answered = client.get(path)
    assert answered.json()["skipped"] == (2 if path == PATH else 3)
    assert bids(answered) == {symbol: bid for symbol, bid in expected.items() if bid != 7}
    writer.hset("tickers:binance", "S7/USDT", json.dumps({"bid": 7}))
    writer.hset("tickers:binance", "S8/USDT", json.dumps({"bid": 8.5}))
    assert bids(client.get(path)) == {**expected, "S8-USDT": 8.5}


def test_all_exchanges_are_large_together(client: httpx.Client, writer: "redis.Redis") -> None:
    for exchange, count in (("binance", LARGE // 2), ("kraken", LARGE // 2), ("bybit", 3 * LARGE)):
        put_many(writer, exchange, count)
    answered = client.get("/api/tickers")
    body = answered.json()
    assert list(body) == ["tickers", "count"]
    assert body["count"] == len({(one["exchange"], one["symbol"]) for one in body["tickers"]}) == 4 * LARGE
    assert "etag" not in answered.headers


def test_what_is_large_is_sent_in_parts_and_what_is_not_as_a_whole(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_many(writer, "binance", LARGE)
    small = client.get(PATH)
    assert list(small.json()) == ["exchange", "count", "tickers"]
    assert [one["symbol"] for one in small.json()["tickers"]] == sorted(bids(small))
    assert {"etag", "content-length"} <= small.headers.keys()
    put_many(writer, "binance", 2 * LARGE)
    large = client.get(PATH)
    assert list(large.json()) == ["exchange", "tickers", "count"]
    assert large.headers["transfer-encoding"] == "chunked"
    assert not {"etag", "content-length"} & large.headers.keys()
    assert {name: large.headers[name] for name in ("content-type", "cache-control")} == {
        "content-type": "application/json",
        "cache-control": "no-cache",
    }
    for _ in range(2):
        head = client.head(PATH)
        assert (head.status_code, head.content, "etag" in head.headers) == (200, b"", False)


def test_many_bars_are_the_newest_in_their_order(client: httpx.Client, writer: "redis.Redis") -> None:
    bars = [json.dumps([number, 1, 2, 0.5, 1.5, 10]) for number in range(LARGE + 100)]
    bars[200] = "[1]"
    writer.rpush("ohlcv:BTC/USDT:1m", *bars)
    texts: list[str] = []
    sink = logger.add(lambda message: texts.append(str(message.record["extra"])))
    try:
        body = client.get(f"/api/ohlcv/BTC-USDT/1m?count={LARGE + 50}").json()
    finally:
        logger.remove(sink)
    assert list(body) == ["symbol", "timeframe", "bars", "count", "skipped"]
    assert [bar[0] for bar in body["bars"]] == [n for n in range(50, LARGE + 100) if n != 200]
    assert (body["count"], body["skipped"], body["symbol"]) == (LARGE + 49, 1, "BTC-USDT")
    assert len(texts) == 1 and "element -900" in texts[0]


def test_no_element_comes_twice_and_none_is_missing_while_others_come_and_go(
    client: httpx.Client, writer: "redis.Redis", redis_server: EmbeddedServer
) -> None:
    """The hash grows and shrinks by ten times its size meanwhile, so that Redis sorts it anew."""
    put_many(writer, "binance", 2_000)
    over = threading.Event()

    def write() -> None:
        with redis.Redis.from_url(redis_server.url) as own:
            while not over.is_set():
                names = [f"X{number}/USDT" for number in range(20_000)]
                for start in range(0, len(names), 500):
                    own.hset("tickers:binance", mapping=dict.fromkeys(names[start : start + 500], "{}"))
                for start in range(0, len(names), 500):
                    own.hdel("tickers:binance", *names[start : start + 500])

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(8):
            found = bids(client.get(PATH))
            assert all(found[f"S{number}-USDT"] == number for number in range(2_000))
    finally:
        over.set()
        writing.join()


def test_parts_of_a_large_collection_hold_each_element_once_and_leave_out_what_is_bad(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_many(writer, "binance", 2 * LARGE)
    writer.hset("tickers:binance", "S7/USDT", "{")
    found: list[str] = []
    skipped = 0
    target = f"{PATH}?limit=300&fields=symbol"
    while target:
        answer = client.get(target)
        body = answer.json()
        assert body["count"] == len(body["tickers"])
        found += [ticker["symbol"] for ticker in body["tickers"]]
        skipped += body.get("skipped", 0)
        following = answer.links.get("next")
        target = "" if following is None else f"{PATH}{following['url']}"
    assert found == sorted(f"S{number}-USDT" for number in range(2 * LARGE) if number != 7)
    assert skipped == 1


@pytest.mark.anyio
@pytest.mark.parametrize("query", ["", "?limit=1", "?limit=10000", "?fields=symbol,ticker.bid"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_the_event_loop_goes_on_while_a_large_answer_is_made(
    redis_server: EmbeddedServer, writer: "redis.Redis", query: str, accept: str
) -> None:
    put_many(writer, "binance", 10_000)
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)

    settings = settings_for(redis_server.url, API_DEADLINE="20")
    async with FullonCacheGateway(settings=settings) as gateway:
        beating = asyncio.create_task(beat())
        answered = await answer(gateway.get_app(), http_scope(PATH + query, headers=[("Accept", accept)]))
        beating.cancel()
    assert answered.status == 200
    assert longest < 0.25


@pytest.mark.anyio
async def test_whoever_needs_four_turns_of_the_event_loop_waits_for_one_slice_of_eight_large_answers() -> (
    None
):
    turns, made = Turns(), 0

    def write(elements: list[bytes]) -> bytes:
        nonlocal made
        made += 1
        return b"".join(elements)

    async def large() -> None:
        page = Page("key", lambda name, raw: name, [(b"S%d" % number, b"") for number in range(100_000)])
        reader = PageReader(page, lambda value: value, [], None)
        while not reader.is_over:
            await turns.slice(reader, 10, write)

    tasks = [asyncio.create_task(large()) for _ in range(8)]
    while made < 8:
        await asyncio.sleep(0)
    for _ in range(100):
        before = made
        for _ in range(4):
            await asyncio.sleep(0)
        assert made - before <= 1
    assert made > 50
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_small_requests_are_answered_while_a_large_answer_is_made(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_many(writer, "binance", 20_000)
    took: list[float] = []

    def read_all() -> None:
        with http_client(client.base_url) as own:
            started = time.monotonic()
            assert len(own.get(PATH).content) > 1_000_000
            took.append(time.monotonic() - started)

    reading = threading.Thread(target=read_all)
    reading.start()
    small = []
    while reading.is_alive():
        started = time.monotonic()
        assert client.get("/api/tickers/binance/S1-USDT").status_code == 200
        small.append(time.monotonic() - started)
    reading.join()
    assert max(small) < took[0] / 2


def test_an_answer_that_redis_leaves_alone_is_cut_and_never_closed(tmp_path: Path) -> None:
    with EmbeddedServer() as server:
        with redis.Redis.from_url(server.url) as own:
            put_many(own, "binance", 60_000, "x" * 100)
        with serving(FullonCacheGateway(settings=settings_for(server.url))) as client:
            received = b""
            with client.stream("GET", PATH, headers={"Accept-Encoding": "identity"}) as large:
                assert large.status_code == 200
                parts = large.iter_raw(1_000)
                received += next(parts)
                server.stop()
                with pytest.raises(httpx.RemoteProtocolError):
                    for part in parts:
                        received += part
            assert received.startswith(b'{"exchange":"binance","tickers":[{')
            with pytest.raises(json.JSONDecodeError):
                json.loads(received)
            assert b"]" not in received
            assert client.get(PATH).status_code == 503


class Connection:
    """A client at the ASGI interface, which takes what is sent when it wants to."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.goes_on = asyncio.Event()
        self.gone = asyncio.Event()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if len(self.sent) > 1:
            await self.goes_on.wait()

    async def until_it_waits(self) -> None:
        async with asyncio.timeout(10):
            while len(self.sent) < 2:
                await asyncio.sleep(0.001)


@dataclass
class Begun:
    """A request for 5,000 tickers behind a proxy that has got its first part."""

    proxy: Proxy
    connection: Connection
    task: "asyncio.Future[None]"
    app: ASGIApp
    server: EmbeddedServer


@pytest.fixture
async def begun() -> AsyncIterator[Begun]:
    with EmbeddedServer(port=0) as server:
        with redis.Redis.from_url(server.url) as own:
            put_many(own, "binance", 5_000)
        async with Proxy(port_of(server)) as proxy:
            settings = settings_for(f"redis://127.0.0.1:{proxy.port}", API_DEADLINE="0.3")
            async with FullonCacheGateway(settings=settings) as gateway:
                connection, app = Connection(), gateway.get_app()
                serve = app(http_scope(PATH), connection.receive, connection.send)
                task = asyncio.ensure_future(serve)
                await connection.until_it_waits()
                yield Begun(proxy, connection, task, app, server)
                task.cancel()
                await asyncio.wait([task])


@pytest.mark.anyio
async def test_nothing_is_read_ahead_of_a_client_that_reads_slowly(begun: Begun) -> None:
    proxy, connection, task = begun.proxy, begun.connection, begun.task
    await asyncio.sleep(0.5)
    # The first page twice: by the first it is known that there are more.
    assert proxy.received.count(b"HSCAN") == 2
    assert len(connection.body) < 100_000
    connection.goes_on.set()
    await task
    assert json.loads(connection.body)["count"] == 5_000
    assert [message["more_body"] for message in connection.sent[1:-1]] == [True] * (len(connection.sent) - 2)
    assert max(len(message["body"]) for message in connection.sent[1:]) < 100_000


@pytest.mark.anyio
@pytest.mark.parametrize("left", [5_000, 4_999, 0], ids=["all", "all but one", "nothing"])
async def test_an_answer_that_begins_anew_is_whole_where_all_is_there_and_is_cut_elsewhere(
    begun: Begun, left: int
) -> None:
    """Redis is started again behind the first page, and holds what it held, or has lost it."""
    connection, task = begun.connection, begun.task
    begun.server.restart()
    with redis.Redis.from_url(begun.server.url) as own:
        put_many(own, "binance", left)
        if left == 4_999:
            given = re.findall(rb"\"symbol\":\"(\w+)-USDT\"", connection.body)
            own.hset("tickers:binance", "S4999/USDT", json.dumps({"bid": 4_999, "note": ""}))
            own.hdel("tickers:binance", given[0].decode() + "/USDT")
    connection.goes_on.set()
    if left == 5_000:
        await task
        body = json.loads(connection.body)
        assert (body["count"], len({one["symbol"] for one in body["tickers"]})) == (5_000, 5_000)
        return
    with pytest.raises(AnswerCut):
        await task
    assert connection.sent[-1]["type"] == "http.response.cut"
    assert all(message["more_body"] for message in connection.sent[1:-1])
    with pytest.raises(json.JSONDecodeError):
        json.loads(connection.body)


@pytest.mark.anyio
async def test_a_page_that_does_not_come_in_time_cuts_the_answer_and_is_logged_once(begun: Begun) -> None:
    proxy, connection, task = begun.proxy, begun.connection, begun.task
    texts: list[str] = []
    sink = logger.add(lambda message: texts.append(message.record["message"]))
    try:
        proxy.hold()
        connection.goes_on.set()
        with pytest.raises(AnswerCut):
            await task
    finally:
        logger.remove(sink)
    assert texts == ["answer cut"]
    assert not connection.body.endswith(b"}") or b"]" not in connection.body
    assert all(message.get("more_body", True) for message in connection.sent[1:])
    proxy.release()
    assert (await answer(begun.app, http_scope("/api/tickers/binance/S1-USDT"))).status == 200


@pytest.mark.anyio
async def test_nothing_more_is_read_for_a_client_that_has_gone(begun: Begun) -> None:
    proxy, connection, task = begun.proxy, begun.connection, begun.task
    connection.gone.set()
    await asyncio.sleep(0.01)
    connection.goes_on.set()
    await task
    # The first page twice: by the first it is known that there are more.
    assert proxy.received.count(b"HSCAN") == 2
    assert connection.sent[-1]["more_body"]


SPEC = """
info: {title: Prices, version: '1'}
parameters:
  exchange: {in: path, schema: {type: string}, example: binance}
endpoints:
  /few/{exchange}:
    operationId: listFew
    summary: Tickers
    parameters: [exchange]
    read: TickCache.get_all_tickers
    response: few.json
  /tickers/{exchange}:
    operationId: listTickers
    summary: Tickers
    parameters: [exchange]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    empty: 404
"""


@pytest.mark.anyio
async def test_a_schema_that_speaks_of_the_list_as_a_whole_is_held_by_the_whole(
    redis_server: EmbeddedServer, writer: "redis.Redis", tmp_path: Path
) -> None:
    (tmp_path / "endpoints.yaml").write_text(SPEC)
    schema = json.loads((CHECKOUT / "schemas" / "exchange_tickers.json").read_text())
    schema["properties"]["tickers"] |= {"maxItems": 1_500}
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "few.json").write_text(json.dumps({**schema, "title": "Few"}))
    settings = settings_for(redis_server.url)
    async with FullonCacheGateway(spec=tmp_path / "endpoints.yaml", prefix="", settings=settings) as gateway:
        app = gateway.get_app()
        put_many(writer, "binance", 1_500)
        few = await answer(app, http_scope("/few/binance"))
        assert (few.status, few.json()["count"], few.header("etag") is None) == (200, 1_500, False)
        put_many(writer, "binance", 1_501)
        assert (await answer(app, http_scope("/few/binance"))).status == 502
        assert (await answer(app, http_scope("/tickers/kraken"))).status == 404


def put_others(writer: "redis.Redis", count: int) -> None:
    numbers = range(count)
    writer.hset("accounts", mapping={str(number): '{"USDT": {"free": 1}}' for number in numbers})
    orders = {str(n): json.dumps({"status": "open" if n % 2 else "closed"}) for n in numbers}
    writer.hset("order_status:binance", mapping=orders)
    for key in ("trades:binance:BTCUSDT", "user_trades:42:binance"):
        writer.rpush(key, *(json.dumps({"symbol": "BTC/USDT", "price": number}) for number in numbers))


def test_every_other_large_collection_says_what_it_does_when_it_is_not(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    listed = {
        "/accounts": ("accounts", "account_id", 1),
        "/exchanges/binance/orders": ("orders", "order_id", 1),
        "/exchanges/binance/orders?status=open": ("orders", "order_id", 2),
        "/trades/binance/BTC-USDT?limit=10000": ("trades", "price", 1),
        "/trades/users/42/binance?limit=10000": ("trades", "price", 1),
    }
    seen: dict[str, list[dict[str, object]]] = {path: [] for path in listed}
    for count in (LARGE, 4 * LARGE):
        writer.flushall()
        put_others(writer, count)
        for path, (name, key, part) in listed.items():
            answered = client.get(f"/api{path}")
            body = answered.json()
            assert body["count"] == len({str(one[key]) for one in body[name]}) == count // part
            assert ("etag" in answered.headers) is (count == LARGE)
            if name == "trades":
                assert [one["price"] for one in body[name]] == list(range(count))
                assert body["size"] == count
            first = min(body.pop(name), key=lambda one: str(one[key]))
            body.pop("count")
            body.pop("size", None)
            seen[path].append({**body, "first": first})
    assert all(small == large for small, large in seen.values())
    assert client.get("/api/trades/binance/BT-CUSDT?limit=10000").json()["count"] == 0


@pytest.mark.anyio
async def test_a_large_collection_of_which_nothing_was_asked_for_is_not_cached_where_the_spec_says_so(
    redis_server: EmbeddedServer, writer: "redis.Redis", tmp_path: Path
) -> None:
    put_others(writer, 3 * LARGE)
    text = (CHECKOUT / "endpoints.yaml").read_text()
    place = "response: exchange_orders.json"
    (tmp_path / "endpoints.yaml").write_text(text.replace(place, f"{place}\n    empty: 404"))
    settings = settings_for(redis_server.url)
    async with FullonCacheGateway(spec=tmp_path / "endpoints.yaml", settings=settings) as gateway:
        for status, code in (("lost", 404), ("open", 200)):
            target = f"/api/exchanges/binance/orders?status={status}"
            scope = http_scope(target, "HEAD")
            assert (await answer(gateway.get_app(), scope)).status == code


@pytest.mark.parametrize("media_type", [b"application/json", b"text/csv", b"application/x-ndjson"])
def test_to_a_client_of_http_1_0_a_large_answer_is_sent_whole_with_its_length(
    client: httpx.Client, writer: "redis.Redis", media_type: bytes
) -> None:
    put_many(writer, "binance", 3 * LARGE)
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as old:
        old.sendall(b"GET %s HTTP/1.0\r\nAccept: %s\r\n\r\n" % (PATH.encode(), media_type))
        head, _, body = b"".join(iter(lambda: old.recv(1 << 16), b"")).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"content-length: %d\r\n" % len(body) in head.lower() + b"\r\n"
    assert body.count(b"S2999-USDT") == 1
