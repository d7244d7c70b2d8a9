"""Measures the gateway against a bare uvicorn: the same requests, in turns, on the same machine.

Only the ratios within one run mean something: the machine is shared, and so both servers are loaded in turn
and the median of the rounds counts.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import redis

from fullon_cache_api.demo import EmbeddedServer

HERE = Path(__file__).parent
RESULTS = HERE / "results"
CONNECTIONS = (1, 16, 64, 256)
TICKERS = 300
STARTS_WITHIN = 30.0
MOVES_EVERY = 0.5
BARE, GATEWAY = "bare uvicorn", "gateway"
COMPOSITIONS = {
    "Mount": "hosts:starlette_mount",
    "mount, public": "hosts:fastapi_mount",
    "mount, guarded": "hosts:fastapi_guarded",
    "routers, guarded": "hosts:fastapi_routers",
}
COMPOSITION_CONNECTIONS = (1, 64)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: requests per second, latencies (ms), the server's CPU time per request (µs), failures."""

    rate: float
    p50: float
    p99: float
    cpu: float
    errors: int


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one server at one number of connections; `ratio` is to the first server's rate."""

    server: str
    connections: int
    rate: float
    spread: float
    p50: float
    p99: float
    cpu: float
    errors: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Server:
    """A running uvicorn with one worker."""

    name: str
    url: str
    pid: int


def fill(url: str, moved: float = 0.0) -> None:
    """Put 300 tickers into the cache, as the ticker daemon writes them, their prices moved so far."""
    ticks: dict[str, str] = {}
    for number in range(TICKERS):
        price = 45000.5 + number / 8 + moved
        symbol = f"SYM{number:03d}/USDT"
        tick = {
            "symbol": symbol,
            "exchange": "binance",
            "price": price,
            "volume": 1234.5,
            "time": 1767268800.25 + number,
            "bid": price - 0.125,
            "ask": price + 0.125,
            "last": price,
            "change": 12.5,
            "percentage": 0.28,
        }
        ticks[symbol] = json.dumps(tick)
    with redis.Redis.from_url(url) as connection:
        connection.hset("tickers:binance", mapping=ticks)


@contextmanager
def moving(url: str) -> Iterator[None]:
    """Write all tickers anew twice a second: an answer that is kept must not look faster than it is."""
    over = threading.Event()

    def move() -> None:
        moved = 0.0
        while not over.wait(MOVES_EVERY):
            moved += 0.25
            fill(url, moved)

    thread = threading.Thread(target=move)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def serving(name: str, app: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run an application under uvicorn on a free port, as `serve` would; end it by its id."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    options = ["--port", str(port), "--no-access-log", "--log-level", "warning", "--no-server-header"]
    if app.startswith("hosts:"):
        options.append("--factory")
    command = [sys.executable, "-m", "uvicorn", app, "--app-dir", str(HERE), *options]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    server = Server(name, f"http://127.0.0.1:{port}", process.pid)
    try:
        _wait_for(server.url + "/api/tickers/binance/SYM000-USDT", process)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{url} does not answer") from None
            time.sleep(0.05)


def load(wrk: str, server: Server, connections: int, seconds: int) -> Round:
    """Load a server with wrk for some seconds and return what wrk saw."""
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "tickers.lua")]
    before = cpu_seconds(server.pid)
    done = subprocess.run([wrk, *options, server.url], capture_output=True, text=True, check=True)
    used = cpu_seconds(server.pid) - before
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, microseconds, p50, p99, errors = map(int, line.split()[1:])
    return Round(requests / microseconds * 1e6, p50 / 1000, p99 / 1000, used / requests * 1e6, errors)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used (utime and stime of /proc/PID/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """Return a process' resident memory (VmRSS of /proc/PID/status)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def row(server: str, connections: int, rounds: list[Round], first_rate: float) -> Row:
    """Return the medians of some rounds; `spread` is the range of the rates, relative to their median."""
    rates = [one.rate for one in rounds]
    rate = statistics.median(rates)
    return Row(
        server=server,
        connections=connections,
        rate=round(rate),
        spread=round((max(rates) - min(rates)) / rate, 3),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        cpu=round(statistics.median(one.cpu for one in rounds), 1),
        errors=sum(one.errors for one in rounds),
        ratio=round(rate / first_rate, 3),
    )


def measure(
    wrk: str, servers: list[Server], numbers: tuple[int, ...], rounds: int, seconds: int
) -> list[Row]:
    """Load all servers in turn, several rounds at each number of connections."""
    rows: list[Row] = []
    for connections in numbers:
        seen: dict[str, list[Round]] = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                seen[server.name].append(load(wrk, server, connections, seconds))
        first = statistics.median(one.rate for one in seen[servers[0].name])
        rows += [row(name, connections, found, first) for name, found in seen.items()]
    return rows


def table(rows: list[Row]) -> str:
    """Return the rows as text."""
    names = ("conn", "req/s", "spread", "p50 ms", "p99 ms", "CPU µs", "errors", "ratio")
    head = f"{'server':<18}" + "".join(f"{name:>9}" for name in names)
    lines = (
        f"{one.server:<18}{one.connections:>9}{one.rate:>9.0f}{one.spread:>9.0%}{one.p50:>9.2f}{one.p99:>9.2f}"
        f"{one.cpu:>9.1f}{one.errors:>9}{one.ratio:>9.3f}"
        for one in rows
    )
    return "\n".join((head, *lines))


def main() -> None:
    """Run the benchmark, print its table and write `bench/results/bench.json`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each server in each round")
    parser.add_argument("--quick", action="store_true", help="one round of a second: does it run at all?")
    options = parser.parse_args()
    rounds, seconds = (1, 1) if options.quick else (options.rounds, options.seconds)
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is not on PATH: it makes the load (Debian: apt-get install wrk)")
    with EmbeddedServer() as cache:
        fill(cache.url)
        settings = {"REDIS_URL": cache.url, "ENDPOINTS_FILE": str(HERE.parent / "endpoints.yaml")}
        with ExitStack() as running:
            running.enter_context(moving(cache.url))

            def start(name: str, app: str) -> Server:
                server = running.enter_context(serving(name, app, settings))
                load(wrk, server, 64, 1)
                return server

            bare, gateway = start(BARE, "bare:app"), start(GATEWAY, "fullon_cache_api.main:app")
            rows = measure(wrk, [bare, gateway], CONNECTIONS, rounds, seconds)
            memory = {server.name: round(resident_megabytes(server.pid), 1) for server in (bare, gateway)}
            hosts = [start(name, app) for name, app in COMPOSITIONS.items()]
            composed = measure(wrk, [gateway, *hosts], COMPOSITION_CONNECTIONS, rounds, seconds)
    print(table(rows))
    sizes = ", ".join(f"{name} {size}" for name, size in memory.items())
    print(f"resident memory after the run, MB: {sizes}")
    print(f"\ninside other applications; ratios to the gateway alone\n{table(composed)}")
    RESULTS.mkdir(exist_ok=True)
    shape = {"rounds": rounds, "seconds": seconds}
    report: dict[str, object] = {**shape, "rows": [asdict(one) for one in rows], "memory_mb": memory}
    report["compositions"] = [asdict(one) for one in composed]
    (RESULTS / "bench.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
