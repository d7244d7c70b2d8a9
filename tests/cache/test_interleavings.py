"""Whatever happens in whatever order: each caller gets its own values or an error, and nobody is kept."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
import uvloop
from caches import KEYS, ask, back, through_proxy, value
from hypothesis import example, given
from hypothesis import strategies as st
from profiles import examples
from proxy import Proxy
from redis.exceptions import ResponseError

from fullon_cache_api.cache import CacheClient, CacheError
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.demo import EmbeddedServer

SHORT, LONG = 0.03, 5.0
LATE = 2.0
NOBODY_WAITS_LONGER = LONG + LATE


@dataclass(frozen=True)
class Ask:
    """A caller comes and reads some keys, each with a field of the hash and the wrong type between them."""

    keys: tuple[int, ...]
    within: float


@dataclass(frozen=True)
class Leave:
    """One of the callers goes away."""

    which: int


@dataclass(frozen=True)
class Network:
    """Something happens to the connections."""

    what: str
    count: int = 0

    def happen(self, proxy: Proxy) -> None:
        match self.what:
            case "hold":
                proxy.hold()
            case "release":
                proxy.release()
            case "cut":
                proxy.cut(reset=self.count % 2 == 1)
            case "cut after":
                proxy.cut_after(self.count)
            case "half open":
                proxy.half_open()
            case "nonsense":
                proxy.answer(b"?nonsense\r\n" * (self.count + 1))


@dataclass(frozen=True)
class Turn:
    """Time passes: so many turns of the event loop, and with `wait` time for the network."""

    count: int
    wait: bool


@dataclass(frozen=True)
class Close:
    """The client is closed."""


Event: TypeAlias = Ask | Leave | Network | Turn | Close

KEY_NUMBERS = st.lists(st.integers(0, KEYS - 1), max_size=3).map(tuple)
EVENTS = st.lists(
    st.one_of(
        st.builds(Ask, KEY_NUMBERS, st.sampled_from([LONG, LONG, LONG, SHORT, -1.0])),
        st.builds(Ask, KEY_NUMBERS, st.just(LONG)),
        st.builds(Leave, st.integers(0, 30)),
        st.builds(
            Network,
            st.sampled_from(["hold", "release", "cut", "cut after", "half open", "nonsense"]),
            st.integers(0, 60),
        ),
        st.builds(Turn, st.integers(0, 4), st.booleans()),
        st.builds(Close),
    ),
    max_size=30,
)


def commands(keys: tuple[int, ...]) -> list[Command]:
    return [c for n in keys for c in (("GET", f"key:{n}"), ("LLEN", "hash"), ("HGET", "hash", f"field:{n}"))]


def is_own(replies: list[Reply], keys: tuple[int, ...]) -> bool:
    """Whether the replies are those to `commands(keys)`."""
    own = [v for n in keys for v in (f"value {n}".encode(), "WRONGTYPE", f"inner {n}".encode())]
    return own == [str(r).split()[0] if isinstance(r, ResponseError) else r for r in replies]


async def happen(event: Event, client: CacheClient, proxy: Proxy, callers: "list[Caller]") -> None:
    match event:
        case Ask(keys, within):
            task = asyncio.create_task(ask(client, *commands(keys), within=within))
            callers.append(Caller(keys, within, task))
        case Leave(which):
            for caller in callers[which : which + 1]:
                caller.task.cancel()
        case Network():
            event.happen(proxy)
        case Turn(count, wait):
            for _ in range(count):
                await asyncio.sleep(0.001 if wait else 0)
        case Close():
            await client.close()


@dataclass(frozen=True)
class Caller:
    keys: tuple[int, ...]
    within: float
    task: "asyncio.Task[list[Reply]]"

    async def was_served(self) -> bool:
        try:
            return is_own(await self.task, self.keys)
        except CacheError:
            return True
        except asyncio.CancelledError:
            return self.task.cancelled()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("lanes", [1, 2])
@examples(30)
@given(EVENTS)
@example([Network("hold"), Ask((1,), LONG), Ask((2, 3), SHORT), Ask((4,), LONG)])
@example([Network("hold"), Ask((1,), LONG), Turn(4, True), Ask((2,), LONG), Close(), Ask((3,), LONG)])
@example([Network("hold"), Ask((1,), LONG), Turn(4, True), Leave(0), Ask((2,), SHORT), Network("cut")])
def test_each_caller_gets_its_own_values_or_an_error_whatever_happens(
    tcp_server: EmbeddedServer,
    run: Callable[[Coroutine[Any, Any, None]], None],
    lanes: int,
    events: list[Event],
) -> None:
    async def main() -> None:
        callers: list[Caller] = []
        async with through_proxy(tcp_server, lanes) as (client, proxy):
            for event in events:
                await happen(event, client, proxy, callers)
            if hasty := [caller.task for caller in callers if caller.within < LONG]:
                # Their deadlines alone must end them, for the network may be holding everything.
                assert not (await asyncio.wait(hasty, timeout=SHORT + LATE))[1]
            proxy.release()
            proxy.cut()
            async with asyncio.timeout(NOBODY_WAITS_LONGER):
                assert all([await caller.was_served() for caller in callers])
                while proxy.has_plans:
                    with suppress(CacheError):
                        await value(client, 1)
                await back(client)
            assert await value(client, 1) == b"value 1"

    run(main())
