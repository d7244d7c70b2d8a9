"""Soaks the gateway: mixed requests, each answer checked, while something goes wrong every few seconds.

It passes when no answer was untrue, every failure is explained by a fault, the process is still the same, and
neither its memory nor its file descriptors have grown. `--seed` gives the same requests and faults again.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio as redis
import report
from faults import RECOVERY, STANDSTILL, Stage, Window, deck
from gateway import running, user_options, write_spec
from load import Load
from machine import Machine
from proxy import Proxy
from served import Served
from tally import Tally
from truth import Truth
from watch import Growth, Process, growth
from writer import Writer

from fullon_cache_api.demo import EmbeddedServer

RESULTS = Path(__file__).parent / "results"
CALM = 2.0
"""Seconds between a fault's last possible failure and the next fault, in which everything has to be well."""

SETTLES_WITHIN = 20.0

MAY_OPEN = 3
"""Descriptors: connections to Redis that the gateway need not have had when they were counted first."""

KEPT_WAITING = 0.5
"""Seconds of each second in which the gateway is given no processor, though it would run."""


async def soak(minutes: float, seed: int) -> bool:
    """Soak a gateway of this checkout for so many minutes; returns whether it passed."""
    RESULTS.mkdir(exist_ok=True)
    truth = Truth()
    with tempfile.TemporaryDirectory() as folder:
        spec = write_spec(Path(folder))
        with EmbeddedServer(port=0, args=user_options(spec)) as server:
            async with Proxy(_port(server.url)) as proxy, _written(server.socket_url, truth):
                admin = redis.Redis.from_url(server.socket_url)
                with running(proxy.port, spec, RESULTS / "gateway.log") as gateway:
                    stage = Stage(server, proxy, truth, admin, random.Random(f"{seed}-faults"))
                    passed = await _soaked(gateway, stage, minutes * 60, seed)
                    passed &= gateway.is_alive
                await admin.aclose()
    return passed


async def _soaked(gateway: Served, stage: Stage, seconds: float, seed: int) -> bool:
    process = Process(gateway)
    tally = Tally(time.monotonic(), stage.windows)
    load = Load(gateway.port, stage.truth, tally, seed)
    await load.warm()
    before = await _settled(process, None)
    tally = load.tally = Tally(time.monotonic(), stage.windows)
    process.samples.clear()
    watching = asyncio.create_task(_watch(process, stage))
    faulty = asyncio.create_task(_faults(stage, seconds - CALM - RECOVERY))
    await load.run(seconds)
    await faulty
    watching.cancel()
    tally.settle()
    found = growth(process.samples)
    after = await _settled(process, before + MAY_OPEN)
    print(report.table(tally, process.samples))
    print(report.summary(tally, found, (before, after)))
    report.plot(RESULTS / "soak.svg", tally, process.samples)
    return _verdict(gateway, tally, found, (before, after))


def _verdict(gateway: Served, tally: Tally, found: Growth, descriptors: tuple[int, int]) -> bool:
    before, after = descriptors
    complaints = [f"{tally.mistaken} mistakes, the first of them:", *tally.mistakes] if tally.mistaken else []
    if not gateway.is_alive:
        complaints.append(f"the gateway ended with status {gateway.process.poll()}")
    if not found.is_nil:
        complaints.append("memory has grown")
    if after > before + MAY_OPEN:
        complaints.append("file descriptors are left open")
    if signs := gateway.signs_of_trouble():
        complaints += [f"{len(signs)} lines of its log should not be there, the first of them:", signs[0]]
    print("\n".join(complaints) or "passed")
    return not complaints


async def _faults(stage: Stage, seconds: float) -> None:
    """Make faults for so many seconds, each after the one before has healed."""
    until = time.monotonic() + seconds
    faults = deck(stage.chance)
    while True:
        await asyncio.sleep(CALM + stage.chance.random())
        if time.monotonic() + RECOVERY > until:
            return
        await stage.make(next(faults))
        await asyncio.sleep(RECOVERY)


async def _watch(process: Process, stage: Stage) -> None:
    machine = Machine()
    while True:
        began, waited = time.monotonic(), process.served.kept_waiting
        process.sample()
        # The proxy remembers what was sent, for tests.
        stage.proxy.received.clear()
        await asyncio.sleep(1)
        if machine.stood_still() or process.served.kept_waiting - waited > KEPT_WAITING:
            # A shared machine may give somebody else the processor for longer than a request may take.
            stage.windows.append(Window(STANDSTILL, began, time.monotonic()))
            machine.begin()


async def _settled(process: Process, most: int | None) -> int:
    """Return how many descriptors stay open, no more than `most` of them if that can be waited for."""
    until = time.monotonic() + SETTLES_WITHIN
    last = -1
    while (now := process.sample().descriptors) != last or (most is not None and now > most):
        if time.monotonic() > until:
            break
        last = now
        await asyncio.sleep(1)
    return now


@asynccontextmanager
async def _written(url: str, truth: Truth) -> AsyncIterator[None]:
    writer = Writer(url, truth)
    await writer.write()
    task = asyncio.create_task(writer.run())
    yield
    writer.stop()
    await task
    await writer.close()


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def main() -> None:
    """Soak, and say by the exit status whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.minutes:g} minutes", flush=True)
    if not asyncio.run(soak(options.minutes, options.seed)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
