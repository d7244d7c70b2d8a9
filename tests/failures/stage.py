"""A gateway before a Redis that fails: what is answered meanwhile, how fast, and when all is well."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import redis
from caches import port_of
from proxy import Proxy
from support import serving_app, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

DEADLINE = 0.5
COMES_BACK = 10.0
TICKER = "/api/tickers/binance/BTC-USDT"
PATHS = (
    TICKER,
    "/api/tickers/binance",
    "/api/tickers",
    "/api/tickers/binance/NOPE-USDT",
    "/api/ohlcv/BTC-USDT/1m?count=2",
    "/api/bots/binance/BTC-USDT/blocked",
)
WELL, UNAVAILABLE, TIMEOUT = 200, 503, 504

Said: TypeAlias = tuple[int, Any]
"""Status and body of an answer, of a problem its type."""


@dataclass(slots=True)
class Stage:
    """What a failure is made with; `truth` is what Redis holds, as the gateway has to answer it.

    `stack` and `aside` are left at the end. `address` is what the name of a host that is one leads to.
    """

    server: EmbeddedServer
    proxy: Proxy
    folder: Path
    truth: dict[str, Said] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)
    aside: AsyncExitStack = field(default_factory=AsyncExitStack)
    address: str | None = "127.0.0.1"
    masters: list[EmbeddedServer] = field(default_factory=list)

    def desk(self, url: str | None = None) -> "redis.Redis":
        """A connection of one's own, past the proxy."""
        return self.stack.enter_context(redis.Redis.from_url(url or self.server.socket_url))

    def fill(self, desk: "redis.Redis | None" = None) -> None:
        """Put what the truth is made of into Redis."""
        desk = desk or self.desk()
        desk.hset("tickers:binance", mapping={"BTC/USDT": '{"bid": 1.5}', "ETH/USDT": '{"bid": 2.5}'})
        desk.rpush("ohlcv:BTC/USDT:1m", "[60, 1, 2, 0, 1, 10]", "[120, 1, 2, 0, 1, 11]")
        desk.hset("block_exchange", "binance:BTC/USDT", "7")


Make: TypeAlias = Callable[[Stage], AsyncIterator[None]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A kind of failure: how it is made and ended, what is answered meanwhile, and how soon at most.

    `make` makes it, and ends it behind its `yield`. `statuses` are those that are seen while it lasts, all of
    them, and no others but those `at_times`; `within` (seconds) is for the slowest answer, `back` for when
    all is well after its end. `before` prepares what the gateway finds when it starts; what `starts_well` is
    made to fail only after that.
    """

    name: str
    statuses: tuple[int, ...]
    answer: str
    within: float
    back: float
    make: Make
    args: Sequence[str] = ()
    url: Callable[[Stage], str] = lambda stage: f"redis://127.0.0.1:{stage.proxy.port}/0"
    lasts: float = 1.2
    starts_well: bool = True
    loop: str = "auto"
    at_times: tuple[int, ...] = ()
    before: Callable[[Stage], None] = lambda stage: stage.fill()


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds: of the slowest answer and of the middle one while it failed, and until all was well."""

    slowest: float
    middle: float
    back: float


def wait(condition: Callable[[], bool]) -> None:
    """Wait for a state of Redis."""
    end = time.monotonic() + COMES_BACK
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def is_refused(desk: "redis.Redis", *command: str) -> bool:
    """Whether Redis answers a command by an error."""
    try:
        desk.execute_command(*command)
    except redis.RedisError:
        return True
    return False


async def measure(failure: Failure) -> Measured:
    """Make a failure and end it; raises AssertionError for any answer that should not be."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(port=0, args=failure.args) as server:
        async with AsyncExitStack() as stack:
            proxy = await stack.enter_async_context(Proxy(port_of(server)))
            stage = Stage(server, proxy, Path(folder))
            stack.enter_context(stage.stack)
            await stack.enter_async_context(stage.aside)
            failure.before(stage)
            making = failure.make(stage)
            if not failure.starts_well:
                await anext(making)
            settings = settings_for(failure.url(stage), API_DEADLINE=str(DEADLINE))
            app = FullonCacheGateway(settings=settings).get_app()
            base = stack.enter_context(serving_app(app, loop=failure.loop)).base_url
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=base, timeout=20, verify=False)
            )
            if failure.starts_well:
                await _until_well(client, time.monotonic())
                stage.truth = await _truth(client)
                await anext(making)
            answers = await _ask(client, stage, failure)
            assert await anext(making, None) is None
            ended = time.monotonic()
            if not failure.starts_well:
                await _until_well(client, ended)
                stage.truth = await _truth(client)
            back = await _until_true(client, stage, ended)
            # TLS waits for the other side's goodbye, and the gateway's event loop ends with the stack.
            proxy.cut()
            await asyncio.sleep(0.1)
            return Measured(max(answers), statistics.median(answers), back)


async def _truth(client: httpx.AsyncClient) -> dict[str, Said]:
    truth = {path: await _said(client, path) for path in PATHS}
    assert [truth[path][0] for path in PATHS] == [200, 200, 200, 404, 200, 200], truth
    assert truth[TICKER][1]["ticker"]["bid"] == 1.5
    assert truth[PATHS[2]][1]["count"] == 2
    assert [bar[5] for bar in truth[PATHS[4]][1]["bars"]] == [10, 11]
    assert truth[PATHS[5]][1]["blocked"] is True
    return truth


async def _said(client: httpx.AsyncClient, path: str) -> Said:
    response = await client.get(path)
    body = response.json()
    return response.status_code, body if response.status_code == 200 else body["type"]


async def _ask(client: httpx.AsyncClient, stage: Stage, failure: Failure) -> list[float]:
    """Ask all endpoints again and again; return how many seconds each answer took."""
    seen: set[int] = set()
    taken: list[float] = []

    async def ask(path: str) -> None:
        started = time.monotonic()
        said = await _said(client, path)
        taken.append(time.monotonic() - started)
        seen.add(_check(said, path, stage.truth))

    end = time.monotonic() + failure.lasts
    while time.monotonic() < end:
        await asyncio.gather(*map(ask, PATHS))
        await asyncio.sleep(0.02)
    assert set(failure.statuses) <= seen <= {*failure.statuses, *failure.at_times}, f"{failure.name}: {seen}"
    return taken


def _check(said: Said, path: str, truth: Mapping[str, Said]) -> int:
    """Return what kind of answer it is; anything but the truth or an outage is a mistake."""
    status, body = said
    if status == UNAVAILABLE:
        assert body == "/problems/cache-unavailable"
        return UNAVAILABLE
    if status == TIMEOUT:
        assert body == "/problems/cache-timeout"
        return TIMEOUT
    assert said == truth.get(path), (path, said)
    return WELL


async def _until_well(client: httpx.AsyncClient, since: float) -> None:
    while (await client.get(TICKER)).status_code != 200:
        assert time.monotonic() - since < COMES_BACK
        await asyncio.sleep(0.005)


async def _until_true(client: httpx.AsyncClient, stage: Stage, since: float) -> float:
    """Return when the first answer was the truth; from then on all of them are."""
    while await _said(client, TICKER) != stage.truth[TICKER]:
        assert time.monotonic() - since < COMES_BACK
        await asyncio.sleep(0.005)
    back = time.monotonic() - since
    for _ in range(3):
        for said, path in zip(
            await asyncio.gather(*(_said(client, path) for path in PATHS)), PATHS, strict=True
        ):
            assert said == stage.truth[path], (path, said)
    return back
