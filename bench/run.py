"""Compares the gateway with a bare uvicorn and with what one would use instead, on this machine, in turns.

Only the ratios within one run mean something: the machine is shared, and so all servers are loaded in turn,
and the medians of the rounds count. Prints tables, and writes `bench/results/bench.json` and plots beside it;
`--docs` writes `docs/benchmarks.md` as well.
"""

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import data
import report
import servers
import workloads
from load import Row, Wrk
from open_loop import Latencies, constant_rate, median
from servers import BARE, COHERENT, GATEWAY, HERE, KEYED, SHARING, UNSERVED, Server
from specs import prefix_of, write_coherent, write_keyed, write_spec

from fullon_cache_api.demo import EmbeddedServer

SMALL_RATE = 200.0
"""Small requests a second beside those who read the large collection."""

APP = "fullon_cache_api.main:app"
READERS = workloads.Workload("10,000 tickers", (("/api/tickers/bybit", ""),), connections=8)
COMPOSITIONS = {
    "Mount": "hosts:starlette_mount",
    "mount, public": "hosts:fastapi_mount",
    "mount, public, no telemetry": "hosts:fastapi_mount_untraced",
    "mount, guarded": "hosts:fastapi_guarded",
    "routers, guarded": "hosts:fastapi_routers",
}


@dataclass
class Bench:
    """One run: the cache, how it is loaded, and what came of it so far."""

    wrk: Wrk
    environment: Mapping[str, str]
    folder: Path
    cache: EmbeddedServer
    seconds: int
    sizes: tuple[int, ...]
    rows: list[Row] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)

    @contextmanager
    def started(self, *wanted: str) -> Iterator[list[Server]]:
        """Run the servers of those names, warmed up."""
        with ExitStack() as running:
            yield [running.enter_context(self._start(name)) for name in wanted]

    @contextmanager
    def _start(self, name: str) -> Iterator[Server]:
        app = {BARE: "bare:app", UNSERVED: APP, **BY_HAND, **COMPOSITIONS}.get(name)
        own: dict[str, str] = {}
        if name == SHARING:
            own["SHARED_READS"] = "true"
        elif name == COHERENT:
            own["ENDPOINTS_FILE"] = str(write_coherent(Path(tempfile.mkdtemp(dir=self.folder))))
        environment = {**self.environment, **own}
        started = servers.serve(name, environment) if app is None else servers.uvicorn(name, app, environment)
        with started as server:
            self.wrk.load(server, workloads.tickers(16))
            yield server

    def add(self, rows: list[Row]) -> None:
        """Keep rows, and show them."""
        if not self.rows:
            print(report.HEAD)
        self.rows += rows
        for row in rows:
            print(report.line(row))


BY_HAND = {
    "Starlette + redis-py": "by_hand:starlette_redis",
    "FastAPI + redis-py": "by_hand:fastapi_redis",
    "FastAPI, as fullon_cache reads": "by_hand:fastapi_fullon",
}


def tickers(bench: Bench) -> None:
    """One ticker of 300, at several numbers of connections; memory afterwards."""
    with bench.started(BARE, GATEWAY) as both:
        for connections in (1, 16, 64, 256):
            bench.add(bench.wrk.compare(workloads.tickers(connections), both))
        bench.notes["resident memory after the run, MB"] = {
            server.name: round(server.resident_megabytes, 1) for server in both
        }


def contenders(bench: Bench) -> None:
    """The same at 64 connections, against what one would use instead."""
    with bench.started(BARE, GATEWAY, SHARING, UNSERVED, *BY_HAND) as running, ExitStack() as more:
        load = workloads.tickers(64)
        pairs = [(server, load) for server in running]
        socket = bench.cache.socket_url.removeprefix("unix://").partition("?")[0]
        if shutil.which("nginx") and servers.NGINX_LUA.exists():
            pairs.append((more.enter_context(servers.nginx(socket, bench.folder)), load))
        else:
            print("(nginx with Lua is not installed: Debian's libnginx-mod-http-lua and lua-nginx-redis)")
        if shutil.which("webdis"):
            server = more.enter_context(servers.webdis(socket, bench.folder))
            paths = (
                f"/HGET/tickers:binance/{path.rpartition('/')[2].replace('-', '%2F')}"
                for path, _ in load.requests
            )
            pairs.append((server, workloads.Workload(load.name, tuple((path, "") for path in paths))))
        else:
            print("(Webdis is not installed: Debian's package webdis)")
        bench.add(bench.wrk.compare_each("against others, 64 conn.", pairs))


def authentication(bench: Bench) -> None:
    """The same, where each request has an API key that is looked at, or not."""
    spec, keys, key = write_keyed(Path(tempfile.mkdtemp(dir=bench.folder)))
    own = {"ENDPOINTS_FILE": str(spec), "API_KEYS_FILE": str(keys)}
    with (
        bench.started(GATEWAY) as (open_to_all,),
        servers.serve(KEYED, {**bench.environment, **own}) as keyed,
    ):
        for connections in (1, 64):
            load = replace(workloads.tickers(connections), key=key)
            bench.wrk.load(keyed, load)
            name = f"API keys, {connections} conn."
            bench.add(bench.wrk.compare_each(name, [(open_to_all, load), (keyed, load)]))


def other_requests(bench: Bench) -> None:
    """Hot tickers, collections, refusals, 304s, and a mixture."""
    with bench.started(BARE, GATEWAY, SHARING, COHERENT) as running:
        bench.add(bench.wrk.compare(workloads.hot(), running))
        one = replace(workloads.tickers(1), name="ticker, 1 conn., shared")
        bench.add(bench.wrk.compare(one, running))
    with bench.started(BARE, GATEWAY, SHARING, "FastAPI + redis-py") as running:
        both = running[:3]
        large, bars, positions = workloads.collections()
        bench.add(bench.wrk.compare(large, running))
        bench.add(bench.wrk.compare(bars, running))
        known = workloads.known(both[1].url)
        for workload in (positions, *workloads.refusals(), known, workloads.mixed()):
            bench.add(bench.wrk.compare(workload, both))


def beside_large(bench: Bench) -> None:
    """Small requests at a constant rate, in turns alone and beside eight readers of 10,000 tickers."""
    with bench.started(GATEWAY) as (gateway,):
        paths = [path for path, _ in workloads.tickers(1).requests]

        def small() -> Latencies:
            return constant_rate(gateway.url, paths, SMALL_RATE, bench.seconds)

        alone, beside, large = [small()], [], []
        before = gateway.peak_megabytes
        with ThreadPoolExecutor(1) as pool:
            for number in range(bench.wrk.rounds):
                if number:
                    alone.append(small())
                reading = pool.submit(bench.wrk.load, gateway, READERS)
                beside.append(small())
                large.append(reading.result())
        bench.notes["small requests at a constant rate"] = {
            "alone": median(alone),
            "beside 8 readers of 10,000 tickers": median(beside),
            "ratio of p99": round(statistics.median(map(_ratio, beside, alone)), 1),
            "more memory, MB": round(gateway.peak_megabytes - before, 1),
            "large answers": f"{statistics.median(one.rate for one in large):.1f}/s, "
            f"{sum(one.errors for one in large)} of them not in time",
        }


def _ratio(one: Latencies, other: Latencies) -> float:
    return one.p99 / other.p99


def sizes(bench: Bench) -> None:
    """The last endpoint of specs with more and more of them."""
    with ExitStack() as running:
        pairs = []
        for count in bench.sizes:
            spec = write_spec(bench.folder / str(count), count)
            environment = {**bench.environment, "ENDPOINTS_FILE": str(spec)}
            name = f"{count:,} endpoints"
            server = running.enter_context(servers.serve(name, environment))
            load = workloads.tickers(64, f"/api{prefix_of(count)}")
            bench.wrk.load(server, load)
            pairs.append((server, load))
        bench.add(bench.wrk.compare_each("endpoints in the spec", pairs))


def workers(bench: Bench) -> None:
    """One and two workers, and granian where it is installed."""
    with ExitStack() as running:
        found = [
            running.enter_context(servers.serve(f"{count} worker(s)", bench.environment, count))
            for count in (1, 2)
        ]
        if find_spec("granian"):
            found.append(running.enter_context(servers.granian("granian", APP, bench.environment)))
        for server in found:
            bench.wrk.load(server, workloads.tickers(64))
        pairs = [(server, workloads.tickers(64)) for server in found]
        bench.add(bench.wrk.compare_each("workers, 64 conn.", pairs))


def compositions(bench: Bench) -> None:
    """The gateway inside other applications."""
    with bench.started(UNSERVED, *COMPOSITIONS) as running:
        for connections in (1, 64):
            pairs = [(server, workloads.tickers(connections)) for server in running]
            bench.add(bench.wrk.compare_each(f"inside hosts, {connections} conn.", pairs))


PARTS: Mapping[str, Callable[[Bench], None]] = {
    "tickers": tickers,
    "contenders": contenders,
    "authentication": authentication,
    "other_requests": other_requests,
    "beside_large": beside_large,
    "sizes": sizes,
    "workers": workers,
    "compositions": compositions,
}


@contextmanager
def prepared(rounds: int, seconds: int, sizes: tuple[int, ...] = (10, 200, 1_000, 5_000)) -> Iterator[Bench]:
    """Fill a cache whose tickers move, and let everything be ready for the parts of a run."""
    with EmbeddedServer() as cache, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data.fill(cache.url)
        environment = {
            "REDIS_URL": cache.url,
            "LOG_LEVEL": "WARNING",
            # Where it is not said otherwise each request has a read of its own.
            "SHARED_READS": "false",
            "ENDPOINTS_FILE": str(HERE.parent / "endpoints.yaml"),
            "BODIES": str(folder / "bodies.json"),
        }
        with servers.serve(GATEWAY, environment | {"BODIES": ""}) as gateway:
            report.write_bodies(folder / "bodies.json", gateway.url)
        wrk = Wrk(rounds, seconds, lambda: servers.cpu_seconds(cache.pid))
        with data.moving(cache.url):
            yield Bench(wrk, environment, folder, cache, seconds, sizes)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each server in each round")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part of it; can be repeated")
    parser.add_argument("--quick", action="store_true", help="one round of a second: does it run at all?")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    rounds, seconds = (1, 1) if options.quick else (options.rounds, options.seconds)
    with prepared(rounds, seconds, (10, 200) if options.quick else (10, 200, 1_000, 5_000)) as bench:
        for part in options.only or PARTS:
            PARTS[part](bench)
        for name, value in bench.notes.items():
            print(f"{name}: {value}")
        report.write(bench.rows, bench.notes, {"rounds": rounds, "seconds": seconds}, docs=options.docs)


if __name__ == "__main__":
    main()
