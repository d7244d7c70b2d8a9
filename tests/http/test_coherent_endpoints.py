"""Endpoints that are `coherent`: the same answers as without it, but fewer commands."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import redis
from loguru import logger
from redis.asyncio import Redis as AsyncRedis
from support import CHECKOUT, back, serving, serving_app, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

SPEC = """
info: {title: Prices, version: '1'}
parameters:
  exchange: {in: path, schema: {type: string}, example: binance}
  symbol: {in: path, schema: {type: string}, decode: symbol, example: BTC-USDT}
  fields: {in: query, select: fields, schema: {type: string}}
endpoints:
  /plain/{exchange}/{symbol}:
    operationId: getPlain
    summary: One ticker, read each time
    parameters: [exchange, symbol]
    read: TickCache.get_ticker
    response: ticker.json
    max_age: 1
  /tickers/{exchange}/{symbol}:
    operationId: getTicker
    summary: One ticker
    parameters: [exchange, symbol]
    read: TickCache.get_ticker
    response: ticker.json
    max_age: 1
    coherent: true
  /tickers/{exchange}:
    operationId: listTickers
    summary: All tickers of an exchange
    parameters: [exchange, fields]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    coherent: true
"""
TICKER = "/tickers/binance/BTC-USDT"


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spec") / "endpoints.yaml"
    file.write_text(SPEC)
    (file.parent / "schemas").symlink_to(CHECKOUT / "schemas")
    return file


@pytest.fixture
def own() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(port=0) as server:
        yield server


def gateway_over(server: EmbeddedServer, spec: Path, **variables: str) -> FullonCacheGateway:
    return FullonCacheGateway(spec=spec, prefix="", settings=settings_for(server.url, **variables))


def put(desk: "redis.Redis", bid: float, exchange: str = "binance") -> None:
    desk.hset(f"tickers:{exchange}", "BTC/USDT", json.dumps({"bid": bid}))


def sent(desk: "redis.Redis", command: str) -> int:
    statistics: dict[str, dict[str, int]] = desk.info("commandstats")
    return statistics.get(f"cmdstat_{command}", {}).get("calls", 0)


def wait_for_copies(client: httpx.Client, desk: "redis.Redis") -> None:
    """Ask until an answer needs no command."""
    for _ in range(1_000):
        before = sent(desk, "hmget")
        client.get(TICKER)
        if sent(desk, "hmget") == before:
            return
    raise AssertionError("no copy is ever used")


def test_a_hit_sends_nothing_and_each_change_is_answered_at_once(own: EmbeddedServer, spec: Path) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    with serving(gateway_over(own, spec)) as client:
        wait_for_copies(client, desk)
        for number in range(50):
            put(desk, number)
            answers = [client.get(TICKER) for _ in range(3)]
            assert [answer.json()["ticker"]["bid"] for answer in answers] == [number] * 3
            assert {answer.headers["cache-control"] for answer in answers} == {"max-age=1"}
            assert [answer.headers.get("age") for answer in answers] == [None, "1", "1"]
            assert len({answer.headers["etag"] for answer in answers}) == 1
            (listed,) = client.get("/tickers/binance").json()["tickers"]
            assert listed["ticker"]["bid"] == number
        desk.delete("tickers:binance")
        assert client.get(TICKER).status_code == 404
        assert client.get("/tickers/binance").json()["count"] == 0


def test_a_request_that_takes_nothing_as_old_as_a_copy_may_be_is_read_for(
    own: EmbeddedServer, spec: Path
) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    with serving(gateway_over(own, spec)) as client:
        wait_for_copies(client, desk)
        for wanted, reads in (("no-cache", 1), ("max-age=0", 1), ("max-age=1", 0), ("no-store", 0)):
            client.get(TICKER)
            before = sent(desk, "hmget")
            answers = [client.get(TICKER, headers={"cache-control": wanted}) for _ in range(20)]
            # A copy lasts for a second; then one is read again.
            assert sent(desk, "hmget") - before in (20 * reads, 20 * reads + 1)
            assert {answer.headers.get("age") for answer in answers} <= ({None} if reads else {None, "1"})


def test_each_form_and_selection_of_what_has_not_changed_is_its_own(own: EmbeddedServer, spec: Path) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    with serving(gateway_over(own, spec)) as client:
        wait_for_copies(client, desk)
        for bid in (2.5, 3.5):
            put(desk, bid)
            for _ in range(3):
                listed = client.get("/tickers/binance")
                assert listed.json()["tickers"][0]["ticker"]["bid"] == bid
                lines = client.get("/tickers/binance", headers={"accept": "application/x-ndjson"})
                assert [json.loads(line)["ticker"]["bid"] for line in lines.text.splitlines()] == [bid]
                table = client.get("/tickers/binance", headers={"accept": "text/csv"})
                assert table.text.splitlines()[1].startswith(f"binance,BTC-USDT,{bid}")
                assert client.get("/tickers/binance?fields=symbol").json()["tickers"] == [
                    {"symbol": "BTC-USDT"}
                ]
                known = client.get("/tickers/binance", headers={"if-none-match": listed.headers["etag"]})
                assert (known.status_code, known.content) == (304, b"")
                head = client.head("/tickers/binance")
                assert (head.headers["content-length"], head.content) == (str(len(listed.content)), b"")


def test_what_is_left_out_is_reported_with_each_answer(own: EmbeddedServer, spec: Path) -> None:
    texts: list[str] = []
    sink = logger.add(lambda message: texts.append(message.record["message"]))
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    desk.hset("tickers:binance", "ETH/USDT", "{")
    try:
        with serving(gateway_over(own, spec)) as client:
            wait_for_copies(client, desk)
            answers = [client.get("/tickers/binance").json() for _ in range(3)]
    finally:
        logger.remove(sink)
    assert [(answer["count"], answer["skipped"]) for answer in answers] == [(1, 1)] * 3
    assert texts.count("elements left out") == 3


def test_another_endpoint_over_the_same_read_is_read_each_time(own: EmbeddedServer, spec: Path) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    with serving(gateway_over(own, spec)) as client:
        wait_for_copies(client, desk)
        before = sent(desk, "hmget")
        for count in range(1, 4):
            client.get("/plain/binance/BTC-USDT")
            assert sent(desk, "hmget") == before + count


def test_a_corrupt_value_is_502_each_time_and_none_once_it_is_mended(own: EmbeddedServer, spec: Path) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    with serving(gateway_over(own, spec)) as client:
        wait_for_copies(client, desk)
        desk.hset("tickers:binance", "BTC/USDT", "{")
        assert [client.get(TICKER).status_code for _ in range(3)] == [502] * 3
        desk.delete("tickers:binance")
        desk.set("tickers:binance", "no hash")
        assert [client.get(TICKER).status_code for _ in range(3)] == [502] * 3
        desk.delete("tickers:binance")
        put(desk, 2.5)
        assert client.get(TICKER).json()["ticker"]["bid"] == 2.5


def test_an_outage_is_503_and_what_redis_holds_afterwards_is_answered(
    own: EmbeddedServer, spec: Path
) -> None:
    texts: list[str] = []
    sink = logger.add(lambda message: texts.append(message.record["message"]))
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    try:
        with serving(gateway_over(own, spec)) as client:
            wait_for_copies(client, desk)
            own.kill()
            assert [client.get(TICKER).status_code for _ in range(3)] == [503] * 3
            own.restart()
            back(client)
            assert client.get(TICKER).status_code == 404
            put(desk, 2.5)
            assert client.get(TICKER).json()["ticker"]["bid"] == 2.5
            wait_for_copies(client, desk)
            assert client.get(TICKER).json()["ticker"]["bid"] == 2.5
    finally:
        logger.remove(sink)
    warned = [text for text in texts if text.startswith("coherent")]
    assert warned == [
        "coherent endpoints are read from Redis each time: it tells of no change",
        "coherent endpoints are answered from copies again",
    ]


def test_the_tracking_connection_ends_with_the_gateway(own: EmbeddedServer, spec: Path) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    for _ in range(2):
        with serving(gateway_over(own, spec)) as client:
            wait_for_copies(client, desk)
            assert sum("P" in other["flags"] for other in desk.client_list()) == 1
        assert len(desk.client_list()) == 1


def test_where_no_endpoint_is_coherent_nothing_is_tracked(own: EmbeddedServer) -> None:
    desk = redis.Redis.from_url(own.url)
    put(desk, 1.5)
    with serving(FullonCacheGateway(prefix="", settings=settings_for(own.url))) as client:
        assert client.get(TICKER).status_code == 200
        assert sent(desk, "client|tracking") == 0


class Connection:
    """One HTTP connection, kept alive; no client between the test and the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.asked = 0

    async def bid(self, path: str) -> int:
        self.asked += 1
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        bid: int = json.loads(await self._reader.readexactly(length))["ticker"]["bid"]
        return bid

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(client: httpx.Client, count: int) -> AsyncIterator[list[Connection]]:
    streams = [
        await asyncio.open_connection(client.base_url.host, client.base_url.port) for _ in range(count)
    ]
    connections = [Connection(*pair) for pair in streams]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_no_answer_is_older_than_the_last_write_that_was_acknowledged_before_it_was_asked_for(
    own: EmbeddedServer, spec: Path, loop: str
) -> None:
    """Four writers that ask for what they have just written, eight who ask for anything, at full speed."""
    exchanges = [f"exchange{number}" for number in range(8)]
    acknowledged = dict.fromkeys(exchanges, 0)
    desk = redis.Redis.from_url(own.url)
    for exchange in exchanges:
        put(desk, 0, exchange)
    put(desk, 1.5)

    async def write(connection: Connection, own_exchanges: list[str], chance: random.Random) -> None:
        async with AsyncRedis.from_url(own.url) as writer:
            for number in range(1, 301):
                exchange = chance.choice(own_exchanges)
                await writer.hset(f"tickers:{exchange}", "BTC/USDT", json.dumps({"bid": number}))
                acknowledged[exchange] = number
                assert await connection.bid(f"/tickers/{exchange}/BTC-USDT") == number
                assert await connection.bid(f"/tickers/{exchange}/BTC-USDT") == number

    async def ask(connection: Connection, chance: random.Random, writing: "asyncio.Future[object]") -> None:
        while not writing.done():
            exchange = chance.choice(exchanges)
            least = acknowledged[exchange]
            assert await connection.bid(f"/tickers/{exchange}/BTC-USDT") >= least

    async def main(client: httpx.Client) -> int:
        async with connected(client, 12) as connections:
            writing = asyncio.gather(
                *(
                    write(connections[number], exchanges[2 * number : 2 * number + 2], random.Random(number))
                    for number in range(4)
                )
            )
            await asyncio.gather(
                writing,
                *(ask(each, random.Random(place), writing) for place, each in enumerate(connections[4:])),
            )
            return sum(connection.asked for connection in connections)

    with serving_app(gateway_over(own, spec).get_app(), loop=loop) as client:
        wait_for_copies(client, desk)
        reads = sent(desk, "hmget")
        asked = asyncio.run(main(client))
        # Copies were used, or this has shown nothing.
        assert sent(desk, "hmget") - reads < 0.9 * asked
