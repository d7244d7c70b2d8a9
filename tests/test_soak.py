"""What the soak holds answers to: a check that can fail."""

import asyncio
import importlib
import importlib.util
import random
import sys
from types import ModuleType

import pytest
from support import CHECKOUT

from fullon_cache_api.demo import EmbeddedServer


@pytest.fixture(scope="module")
def truth() -> ModuleType:
    """`soak/truth.py`, which is no part of any package."""
    spec = importlib.util.spec_from_file_location("soak_truth", CHECKOUT / "soak" / "truth.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def writer(truth: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`soak/writer.py`."""
    monkeypatch.setitem(sys.modules, "truth", truth)
    monkeypatch.syspath_prepend(CHECKOUT / "soak")
    monkeypatch.delitem(sys.modules, "writer", raising=False)
    return importlib.import_module("writer")


@pytest.fixture
def clock(truth: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the only element."""
    now = [0.0]
    monkeypatch.setattr(truth.time, "monotonic", lambda: now[0])
    return now


def test_a_value_tells_its_round_and_its_thing(truth: ModuleType) -> None:
    for thing in (0, 1, 1_700, 4_095):
        assert truth.split(truth.value(123_456, thing)) == (123_456, thing)


def test_an_answer_is_of_no_round_before_the_last_acknowledged_nor_after_the_last_begun(
    truth: ModuleType, clock: list[float]
) -> None:
    writes = truth.Truth()
    assert writes.bounds(0.0, 0.0) == (0, 0)
    for begun, acknowledged in ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)):
        clock[0] = begun
        number = writes.begin()
        clock[0] = acknowledged
        writes.acknowledge(number)
    assert writes.bounds(2.5, 2.6) == (1, 1)
    assert writes.bounds(2.5, 3.5) == (1, 2)
    assert writes.bounds(4.0, 5.5) == (2, 3)
    assert writes.bounds(9.0, 9.0) == (3, 3)


def test_what_is_lost_may_lack_until_a_round_that_began_later_is_acknowledged(
    truth: ModuleType, clock: list[float]
) -> None:
    writes = truth.Truth()
    clock[0] = 1.0
    before = writes.begin()
    clock[0] = 2.0
    writes.lose()
    clock[0] = 3.0
    writes.lost()
    clock[0] = 4.0
    writes.acknowledge(before)
    assert writes.may_lack(9.0, 9.0)
    after = writes.begin()
    clock[0] = 5.0
    writes.acknowledge(after)
    assert not writes.may_lack(5.1, 9.0)
    assert writes.may_lack(4.9, 9.0)
    assert not writes.may_lack(0.0, 1.9)


def test_a_writer_that_is_stopped_ends_with_its_round_acknowledged_at_whatever_moment(
    writer: ModuleType, truth: ModuleType, redis_server: EmbeddedServer
) -> None:
    chance = random.Random(7)

    async def stopped_after(seconds: float) -> None:
        writes = truth.Truth()
        one = writer.Writer(redis_server.socket_url, writes)
        task = asyncio.create_task(one.run())
        await asyncio.sleep(seconds)
        one.stop()
        async with asyncio.timeout(10):
            await task
        await one.close()
        assert writes.bounds(float("inf"), float("inf")) == (1, 1)

    for _ in range(40):
        asyncio.run(stopped_after(chance.random() * 0.05))
