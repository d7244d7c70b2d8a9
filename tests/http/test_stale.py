"""`stale_if_error`: while Redis cannot be read, the last good answer of exactly the same, marked."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from asgi import Answered, answer, http_scope, shipped_schema
from starlette.types import Scope
from support import CHECKOUT, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.forms import Form
from fullon_cache_api.http.handler import Respond
from fullon_cache_api.http.kept import Finished
from fullon_cache_api.http.problems import NotCached
from fullon_cache_api.http.response import Response
from fullon_cache_api.http.shared import Obtain
from fullon_cache_api.http.stale import Last, LastAnswers, StaleIfError
from fullon_cache_api.loading import load
from fullon_cache_api.reads.pages import Stream

WARNING = '111 - "Revalidation Failed"'
SPEC = """
info: {title: Prices, version: '1'}
parameters:
  exchange: {in: path, schema: {type: string}, example: binance}
  symbol: {in: path, schema: {type: string}, decode: symbol, example: BTC-USDT}
  fields: {in: query, schema: {type: string}, select: fields}
endpoints:
  /marked/{exchange}/{symbol}:
    operationId: getMarked
    summary: One ticker, also while Redis cannot be read
    parameters: [exchange, symbol, fields]
    read: TickCache.get_ticker
    response: ticker.json
    stale_if_error: 30
  /shared/{exchange}/{symbol}:
    operationId: getShared
    summary: The same, shared for a moment
    parameters: [exchange, symbol]
    read: TickCache.get_ticker
    response: ticker.json
    max_age: 0.05
    stale_if_error: 30
  /coherent/{exchange}/{symbol}:
    operationId: getCoherent
    summary: The same, from copies
    parameters: [exchange, symbol, fields]
    read: TickCache.get_ticker
    response: ticker.json
    coherent: true
    stale_if_error: 30
  /short/{exchange}/{symbol}:
    operationId: getShort
    summary: The same, not for long
    parameters: [exchange, symbol]
    read: TickCache.get_ticker
    response: ticker.json
    stale_if_error: 0.2
  /plain/{exchange}/{symbol}:
    operationId: getPlain
    summary: One ticker, or none
    parameters: [exchange, symbol]
    read: TickCache.get_ticker
    response: ticker.json
  /all/{exchange}:
    operationId: listAll
    summary: Tickers of an exchange
    parameters: [exchange]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    stale_if_error: 30
"""
TICKER = "/marked/binance/BTC-USDT"


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A Redis for one test to kill or pause."""
    with EmbeddedServer() as own:
        with redis.Redis.from_url(own.url) as desk:
            put(desk, 1.5)
        yield own


@pytest.fixture
async def own(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[FullonCacheGateway]:
    """A gateway over it, without a prefix."""
    (tmp_path / "endpoints.yaml").write_text(SPEC)
    (tmp_path / "schemas").symlink_to(CHECKOUT / "schemas")
    settings = settings_for(server.url, SHARED_READS="true", API_DEADLINE="0.3")
    async with FullonCacheGateway(spec=tmp_path / "endpoints.yaml", prefix="", settings=settings) as gateway:
        yield gateway


def put(desk: "redis.Redis", bid: float) -> None:
    for exchange in ("binance", "kraken"):
        desk.hset(f"tickers:{exchange}", "BTC/USDT", json.dumps({"bid": bid}))


async def get(gateway: FullonCacheGateway, target: str, method: str = "GET", **headers: str) -> Answered:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return await answer(gateway.get_app(), http_scope(target, method, headers=pairs))


def is_marked(answered: Answered, oldest: int = 30) -> bool:
    """Whether an answer says that it is a last good one; one that says a part of it is none."""
    marks = [answered.header(name) for name in ("warning", "age", "cache-status")]
    if marks == [None, None, None]:
        return False
    assert answered.status in (200, 304)
    assert marks[0] == WARNING
    assert 0 <= int(marks[1] or "") <= oldest
    assert (marks[2] or "").startswith("fullon-cache-api; fwd=stale; fwd-status=50")
    assert answered.header("cache-control") == "no-store"
    return True


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["marked", "shared", "coherent"])
async def test_while_redis_is_down_the_last_good_answer_is_given_and_marked(
    own: FullonCacheGateway, server: EmbeddedServer, path: str
) -> None:
    target = f"/{path}/binance/BTC-USDT"
    good = await get(own, target)
    assert (good.status, is_marked(good)) == (200, False)
    server.kill()
    await asyncio.sleep(0.06)
    stale = await get(own, target)
    assert (stale.status, stale.body, stale.header("etag")) == (200, good.body, good.header("etag"))
    assert is_marked(stale)
    assert stale.header("cache-status") == (
        "fullon-cache-api; fwd=stale; fwd-status=503; detail=cache-unavailable"
    )
    assert stale.header("content-type") == "application/json"


@pytest.mark.anyio
async def test_while_redis_hangs_it_is_given_at_the_deadline(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    good = await get(own, TICKER)
    server.pause()
    try:
        stale = await get(own, TICKER)
    finally:
        server.resume()
    assert (stale.status, stale.body, is_marked(stale)) == (200, good.body, True)
    assert stale.header("cache-status") == "fullon-cache-api; fwd=stale; fwd-status=504; detail=cache-timeout"


@pytest.mark.anyio
async def test_nothing_else_is_given_for_it(own: FullonCacheGateway, server: EmbeddedServer) -> None:
    """Another path, another selection, another form, and endpoints that do not ask for it stay 503."""
    for target in (TICKER, "/plain/binance/BTC-USDT", "/all/binance"):
        assert (await get(own, target)).status == 200
    server.kill()
    assert is_marked(await get(own, TICKER))
    for target in (
        "/marked/kraken/BTC-USDT",
        "/marked/binance/ETH-USDT",
        f"{TICKER}?fields=symbol",
        "/plain/binance/BTC-USDT",
        "/shared/binance/BTC-USDT",
    ):
        assert (await get(own, target)).status == 503, target
    assert is_marked(await get(own, "/all/binance"))
    for accept in ("text/csv", "application/x-ndjson"):
        assert (await get(own, "/all/binance", accept=accept)).status == 503


@pytest.mark.anyio
async def test_every_selection_and_form_has_a_last_answer_of_its_own(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    part = await get(own, f"{TICKER}?fields=symbol")
    table = await get(own, "/all/binance", accept="text/csv")
    server.kill()
    stale = await get(own, f"{TICKER}?fields=symbol")
    assert (stale.json(), is_marked(stale)) == ({"symbol": "BTC-USDT"}, True)
    assert (await get(own, TICKER)).status == 503
    again = await get(own, "/all/binance", accept="text/csv")
    assert (again.body, again.header("content-type"), is_marked(again)) == (
        table.body,
        "text/csv; charset=utf-8; header=present",
        True,
    )
    assert part.body == stale.body


@pytest.mark.anyio
async def test_it_is_given_up_to_its_age(own: FullonCacheGateway, server: EmbeddedServer) -> None:
    target = "/short/binance/BTC-USDT"
    began = time.monotonic()
    assert (await get(own, target)).status == 200
    server.kill()
    last = began
    while (answered := await get(own, target)).status == 200:
        assert is_marked(answered, oldest=1)
        last = time.monotonic()
    assert last - began < 0.5
    assert answered.status == 503
    assert time.monotonic() - began > 0.2


@pytest.mark.anyio
async def test_redis_comes_first_whenever_it_can_be_read(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    assert (await get(own, TICKER)).json()["ticker"]["bid"] == 1.5
    server.kill()
    assert is_marked(await get(own, TICKER))
    server.restart()
    with redis.Redis.from_url(server.url) as desk:
        put(desk, 2.5)
    async with asyncio.timeout(5):
        while is_marked(answered := await get(own, TICKER)):
            assert answered.json()["ticker"]["bid"] == 1.5
            await asyncio.sleep(0.01)
    assert answered.json()["ticker"]["bid"] == 2.5


@pytest.mark.anyio
async def test_an_answer_that_was_made_of_a_copy_is_a_last_good_one_a_second_older(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    target, part = "/coherent/binance/BTC-USDT", "/coherent/binance/BTC-USDT?fields=symbol"
    with redis.Redis.from_url(server.url) as desk:
        async with asyncio.timeout(5):
            while (await get(own, target)).header("age") != "1":
                await asyncio.sleep(0.01)
        for bid in range(20):
            put(desk, bid)
            # The read for one selection leaves the copy that the other one is made of.
            async with asyncio.timeout(5):
                while (await get(own, part)).header("age") != "1":
                    await asyncio.sleep(0.01)
            answered = await get(own, target)
            assert (answered.json()["ticker"]["bid"], answered.header("age")) == (bid, "1")
    read = time.monotonic()
    server.kill()
    async with asyncio.timeout(5):
        while not is_marked(answered := await get(own, target)):
            await asyncio.sleep(0.01)
    assert answered.json()["ticker"]["bid"] == 19
    assert 2 <= int(answered.header("age") or "") <= time.monotonic() - read + 3


@pytest.mark.anyio
async def test_what_is_not_cached_any_more_ends_it_in_every_selection(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    assert (await get(own, TICKER)).status == 200
    assert (await get(own, f"{TICKER}?fields=symbol")).status == 200
    with redis.Redis.from_url(server.url) as desk:
        desk.delete("tickers:binance")
    assert (await get(own, TICKER)).status == 404
    server.kill()
    assert (await get(own, TICKER)).status == 503
    assert (await get(own, f"{TICKER}?fields=symbol")).status == 503


@pytest.mark.anyio
async def test_a_value_that_has_become_corrupt_is_no_outage_and_ends_it(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    assert (await get(own, TICKER)).status == 200
    with redis.Redis.from_url(server.url) as desk:
        desk.hset("tickers:binance", "BTC/USDT", "{")
    assert (await get(own, TICKER)).status == 502
    server.kill()
    assert (await get(own, TICKER)).status == 503


@pytest.mark.anyio
async def test_a_large_answer_is_not_kept_and_ends_what_was(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    assert (await get(own, "/all/binance")).status == 200
    with redis.Redis.from_url(server.url) as desk:
        desk.hset("tickers:binance", mapping={f"S{number}/USDT": '{"bid": 1}' for number in range(3_000)})
    large = http_scope("/all/binance", "HEAD")
    assert (await answer(own.get_app(), large)).status == 200
    server.kill()
    assert (await get(own, "/all/binance")).status == 503


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("directive", "status"),
    [
        ("no-cache", 503),
        ("max-age=0", 503),
        ("stale-if-error=0", 503),
        ("stale-if-error=0, max-age=100", 503),
        ("stale-if-error=20", 200),
        ("Stale-If-Error=1000", 200),
        ("max-age=20", 200),
        ("foo", 200),
    ],
)
async def test_a_request_says_how_old_an_answer_it_takes(
    own: FullonCacheGateway, server: EmbeddedServer, directive: str, status: int
) -> None:
    assert (await get(own, TICKER)).status == 200
    server.kill()
    answered = await get(own, TICKER, cache_control=directive)
    assert (answered.status, is_marked(answered)) == (status, status == 200)


@pytest.mark.anyio
async def test_who_has_the_last_answer_gets_a_304_that_is_marked_and_head_its_headers(
    own: FullonCacheGateway, server: EmbeddedServer
) -> None:
    good = await get(own, TICKER)
    server.kill()
    known = await get(own, TICKER, if_none_match=good.header("etag") or "")
    assert (known.status, known.body, is_marked(known)) == (304, b"", True)
    head = await get(own, TICKER, "HEAD")
    assert (head.status, head.body, is_marked(head)) == (200, b"", True)


@pytest.mark.anyio
async def test_a_batch_marks_each_part_and_the_whole(own: FullonCacheGateway, server: EmbeddedServer) -> None:
    batch = f"/batch?get={TICKER}&get=/plain/binance/BTC-USDT"
    well = await get(own, batch)
    assert is_marked(well) is False
    assert [sorted(one) for one in well.json()["answers"]] == [["body", "get", "status"]] * 2
    server.kill()
    answered = await get(own, batch)
    stale, failed = answered.json()["answers"]
    assert shipped_schema("batch.json").is_valid(answered.json())
    assert (stale["status"], stale["body"]) == (200, well.json()["answers"][0]["body"])
    assert 1 <= stale["stale_age"] <= 30
    assert (failed["status"], "stale_age" in failed) == (503, False)
    assert answered.header("warning") == WARNING
    assert answered.header("cache-control") == "no-store"
    assert int(answered.header("age") or "") >= stale["stale_age"]
    assert (await get(own, batch, cache_control="no-cache")).status == 503


@pytest.mark.anyio
async def test_the_age_is_never_less_than_the_truth(own: FullonCacheGateway, server: EmbeddedServer) -> None:
    read = time.monotonic()
    await get(own, TICKER)
    server.kill()
    await asyncio.sleep(1.1)
    answered = await get(own, TICKER)
    assert 2 <= int(answered.header("age") or "") <= time.monotonic() - read + 1


def test_the_shipped_spec_gives_no_account_nor_anything_else_that_is_stale() -> None:
    endpoints = load(CHECKOUT / "endpoints.yaml").endpoints
    assert [endpoint.path for endpoint in endpoints if endpoint.stale_if_error is not None] == []


@pytest.mark.anyio
async def test_a_read_that_began_before_nothing_was_found_is_not_kept() -> None:
    """Two reads cross: what the first one brings is older than what the second has learned."""
    answers, form = LastAnswers(), Form("a/b", (), None, None)  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    outcomes: list[asyncio.Future[Finished | Stream]] = [loop.create_future() for _ in range(3)]
    waiting = iter(outcomes)

    def obtain(form: Form, deadline: float) -> "asyncio.Future[Finished | Stream]":
        return next(waiting)

    def respond_by(obtain: Obtain) -> Respond:
        async def respond(scope: Scope) -> Response:
            made = await obtain(form, 0)
            assert isinstance(made, Finished)
            return made.response

        return respond

    group = ("op", ("binance",))
    one = StaleIfError(group, None, respond_by, obtain, None, None, 30, 1, answers)  # type: ignore[arg-type]
    first = asyncio.create_task(one({}))
    await asyncio.sleep(0.001)
    second = asyncio.create_task(one({}))
    await asyncio.sleep(0.001)
    outcomes[1].set_exception(NotCached())
    with pytest.raises(NotCached):
        await second
    outcomes[0].set_result(last(10).finished)
    assert (await first).status == 200
    assert (answers.held, answers.reads) == ({}, {})
    outcomes[2].set_result(last(10).finished)
    await one({})
    assert list(answers.held) == [(group, None, form)]


def last(size: int) -> Last:
    return Last(0, Finished(Response(200, (), b"x" * size)), size + 1_000)


def test_last_answers_take_no_more_than_their_budget_and_the_oldest_go_first() -> None:
    form = Form("a/b", (), None, None)  # type: ignore[arg-type]
    answers = LastAnswers(budget=100_000)
    keys = [(("op", (number,)), None, form) for number in range(40)]
    for key in keys:
        answers.keep(key, last(4_000))
        assert answers.size <= 100_000
    assert list(answers.held) == keys[20:]
    assert set(answers.keys) == {key[0] for key in keys[20:]}
    for _ in range(1_000):
        answers.keep(keys[39], last(4_000))
    assert (len(answers.held), answers.size) == (20, 100_000)
    answers.keep(keys[39], last(20_000))
    assert keys[39] not in answers.held
    for key in keys:
        answers.forget(key[0])
    assert (answers.held, answers.keys, answers.size) == ({}, {}, 0)
