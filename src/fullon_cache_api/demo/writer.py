"""The demo's writer: what the Fullon daemons do, towards a server of its own."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fullon_cache_api.demo.scene import Scene
from fullon_cache_api.demo.server import EmbeddedServer

_TIMEOUT_SECONDS = 2.0
# Goes with a restart of the server, and by its TTL when the machine slept for an hour.
_ALWAYS_CACHED = "order_status:binance"


class Demo:
    """Lively sample data in an embedded server, in fullon_cache's layout.

    It takes a started `EmbeddedServer` and no address: it can write to no Redis but one of its own. The same
    `seed` and the same times of `clock` (epoch seconds) give the same data. Each symbol and timeframe starts
    with `candles` candles: 500 of them make `fill` take about a second, 20 a tenth.
    """

    def __init__(
        self,
        server: EmbeddedServer,
        *,
        seed: int = 1,
        candles: int = 500,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = redis.Redis.from_url(
            server.socket_url, socket_timeout=_TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._seed = seed
        self._candles = candles
        self._clock = clock
        self._scene: Scene | None = None

    def fill(self) -> None:
        """Empty the server and write the first state, at once for all readers.

        Raises redis.RedisError, as `tick` does, when the server cannot be reached.
        """
        now = self._clock()
        scene = Scene(self._seed, self._candles, now)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.flushall()
            scene.open(pipe, now)
            pipe.execute()
        self._scene = scene

    def tick(self) -> None:
        """Write what moved since the last time; the first state where the server lost it, as by a restart."""
        # Asked first, so that an outage costs one failed command and no work.
        filled = self._redis.exists(_ALWAYS_CACHED)
        if self._scene is None or not filled:
            self.fill()
            return
        with self._redis.pipeline(transaction=False) as pipe:
            self._scene.step(pipe, self._clock())
            pipe.execute()

    async def run(self, period: float = 0.5) -> None:
        """Tick every `period` seconds until cancelled; goes on by itself when the server was away."""
        while True:
            try:
                # In a thread: the event loop belongs to the gateway's requests.
                await asyncio.to_thread(self.tick)
            except redis.RedisError:
                # What reached the server is unknown: the next tick that reaches it starts afresh.
                self._scene = None
            await asyncio.sleep(period)

    def close(self) -> None:
        """Close the connection to the server."""
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
