"""What happens to Redis itself: it is restarted, loads, is busy, full, emptied, or has no master."""

import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import redis
from caches import port_of
from failures.stage import PATHS, UNAVAILABLE, WELL, Failure, Stage, is_refused, wait

from fullon_cache_api.demo import EmbeddedServer

REFUSES = "503, at once"
GOES_ON = "200: reads go on"
EMPTY = "200 and 404: what it holds is the truth"


async def not_started(stage: Stage) -> AsyncIterator[None]:
    stage.server.kill()
    yield
    stage.server.restart()
    stage.fill()


async def killed(stage: Stage) -> AsyncIterator[None]:
    stage.server.kill()
    yield
    stage.server.restart()
    stage.fill()


def empty(stage: Stage) -> None:
    """What the gateway has to answer where nothing is cached."""
    none = (404, "/problems/not-cached")
    stage.truth = {
        PATHS[0]: none,
        PATHS[1]: (200, {"exchange": "binance", "count": 0, "tickers": []}),
        PATHS[2]: (200, {"count": 0, "tickers": []}),
        PATHS[3]: none,
        PATHS[4]: (200, {"symbol": "BTC-USDT", "timeframe": "1m", "count": 0, "bars": []}),
        PATHS[5]: (200, {"exchange": "binance", "symbol": "BTC-USDT", "blocked": False, "bot_id": None}),
    }


async def restarted_empty(stage: Stage) -> AsyncIterator[None]:
    stage.server.kill()
    yield
    stage.server.restart()
    empty(stage)


async def flushed(stage: Stage) -> AsyncIterator[None]:
    stage.desk().flushall()
    full = stage.truth
    empty(stage)
    yield
    stage.fill()
    stage.truth = full


async def loading(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()
    desk.mset({f"filler:{number}": "x" * 1_000 for number in range(300)})
    desk.config_set("rdbcompression", "no")
    desk.config_set("key-load-delay", 20_000)
    reload = threading.Thread(target=stage.desk().execute_command, args=("DEBUG", "RELOAD"))
    reload.start()
    wait(lambda: bool(desk.info("persistence")["loading"]))
    yield
    desk.config_set("key-load-delay", 0)
    reload.join(20)


async def busy(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()

    def run() -> None:
        with suppress(redis.ResponseError):
            stage.desk().eval("while true do end", 0)

    script = threading.Thread(target=run)
    script.start()
    wait(lambda: is_refused(desk, "ping"))
    yield
    desk.script_kill()
    script.join(5)


async def full(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()
    desk.config_set("maxmemory-policy", "noeviction")
    desk.config_set("maxmemory", 1)
    with suppress(redis.OutOfMemoryError):
        desk.set("more", "x")
        raise AssertionError("there is room")
    yield
    desk.config_set("maxmemory", 0)


async def no_clients(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()
    stage.proxy.cut()
    others = [stage.desk() for _ in range(2)]
    for other in others:
        other.ping()
    desk.config_set("maxclients", 1)
    yield
    desk.config_set("maxclients", 100)


def with_master(stage: Stage) -> None:
    """Give the server a master, which holds the same."""
    master = stage.stack.enter_context(EmbeddedServer(port=0))
    stage.fill(stage.desk(master.url))
    stage.masters.append(master)
    desk = stage.desk()
    desk.config_set("repl-diskless-sync-delay", 0)
    desk.execute_command("REPLICAOF", "127.0.0.1", port_of(master))
    wait(lambda: desk.info("replication")["master_link_status"] == "up")


async def read_only_replica(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()
    with suppress(redis.ReadOnlyError):
        desk.set("more", "x")
        raise AssertionError("it can be written to")
    yield


async def masterless(stage: Stage) -> AsyncIterator[None]:
    stage.masters[0].kill()
    yield


async def masterless_and_silent(stage: Stage) -> AsyncIterator[None]:
    desk = stage.desk()
    desk.config_set("replica-serve-stale-data", "no")
    stage.masters[0].kill()
    wait(lambda: is_refused(desk, "get", "x"))
    yield
    desk.config_set("replica-serve-stale-data", "yes")


FAILURES = (
    Failure("Down when the gateway starts", (UNAVAILABLE,), REFUSES, 1, 1, not_started, starts_well=False),
    Failure("Killed, and back with its data", (UNAVAILABLE,), REFUSES, 1, 1, killed),
    Failure(
        "Killed, and back without its data", (UNAVAILABLE,), f"{REFUSES}; then 404", 1, 1, restarted_empty
    ),
    Failure("FLUSHALL", (WELL,), EMPTY, 1, 1, flushed),
    Failure(
        "Loading its data",
        (UNAVAILABLE,),
        REFUSES,
        1,
        1,
        loading,
        args=("--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024"),
    ),
    Failure("Busy with a script (BUSY)", (UNAVAILABLE,), REFUSES, 1, 1, busy, args=("--lua-time-limit", "1")),
    Failure("Out of memory (noeviction)", (WELL,), GOES_ON, 1, 1, full),
    Failure("As many clients as it takes (maxclients)", (UNAVAILABLE,), REFUSES, 1, 1, no_clients),
    Failure(
        "A replica, which takes no writes", (WELL,), GOES_ON, 1, 1, read_only_replica, before=with_master
    ),
    Failure("A replica that has lost its master", (WELL,), GOES_ON, 1, 1, masterless, before=with_master),
    Failure(
        "The same with `replica-serve-stale-data no` (MASTERDOWN)",
        (UNAVAILABLE,),
        REFUSES,
        1,
        1,
        masterless_and_silent,
        before=with_master,
    ),
)
