"""Load by wrk, in rounds that take turns, so that what else the machine does meets all servers alike."""

import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from servers import BARE, HERE, Server
from workloads import Workload


@dataclass(frozen=True, slots=True)
class Round:
    """One round: requests/s, latencies (ms), CPU time per request (µs) of server and Redis, failures."""

    rate: float
    p50: float
    p99: float
    p999: float
    cpu: float
    redis_cpu: float
    errors: int


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one server's rounds; `ratio` is the median of each round's ratio to the first server."""

    workload: str
    server: str
    rate: float
    spread: float
    ratio: float
    p50: float
    p99: float
    p999: float
    cpu: float
    redis_cpu: float
    errors: int


class Wrk:
    """wrk, for so many rounds of so many seconds."""

    def __init__(self, rounds: int, seconds: int, redis_cpu: Callable[[], float]) -> None:
        binary = shutil.which("wrk")
        if binary is None:
            raise SystemExit("wrk is not on PATH: it makes the load (Debian: apt-get install wrk)")
        self._binary = binary
        self.rounds = rounds
        self._seconds = seconds
        self._redis_cpu = redis_cpu

    def compare(self, workload: Workload, servers: Sequence[Server]) -> list[Row]:
        """Load the servers in turn with the same requests; the first one is the measure of the others."""
        return self.compare_each(workload.name, [(server, workload) for server in servers])

    def compare_each(self, name: str, pairs: Sequence[tuple[Server, Workload]]) -> list[Row]:
        """Do the same where each server has requests of its own."""
        for server, workload in pairs:
            _assert_answers(server, workload)
        seen: list[list[Round]] = [[] for _ in pairs]
        turns = list(zip(seen, pairs, strict=True))
        for _ in range(self.rounds):
            for found, (server, workload) in turns:
                found.append(self.load(server, workload))
            # There and back: where the machine becomes slower during a round, the next one makes up for it.
            turns.reverse()
        return [
            _row(name, server.name, found, seen[0]) for found, (server, _) in zip(seen, pairs, strict=True)
        ]

    def load(self, server: Server, workload: Workload) -> Round:
        """Load one server for one round."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(workload.lines())
            file.flush()
            options = ["-t1", f"-c{workload.connections}", f"-d{self._seconds}s", "-s", str(HERE / "wrk.lua")]
            before, redis_before = server.cpu_seconds, self._redis_cpu()
            key = [workload.key] if workload.key else []
            command = [self._binary, *options, server.url, "--", file.name, *key]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            used, redis_used = server.cpu_seconds - before, self._redis_cpu() - redis_before
        line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
        requests, microseconds, p50, p99, p999, broken, refused = map(int, line.split()[1:])
        # The bare server answers everything with 200.
        wrong = refused if workload.status < 400 or server.name == BARE else requests - refused
        return Round(
            rate=requests / microseconds * 1e6,
            p50=p50 / 1000,
            p99=p99 / 1000,
            p999=p999 / 1000,
            cpu=used / requests * 1e6,
            redis_cpu=redis_used / requests * 1e6,
            errors=broken + wrong,
        )


def _assert_answers(server: Server, workload: Workload) -> None:
    path, tag = workload.requests[0]
    request = Request(server.url + path, headers={"If-None-Match": tag} if tag else {})
    if workload.key:
        request.add_header("X-API-Key", workload.key)
    try:
        with urlopen(request, timeout=5) as answer:
            status = answer.status
    except HTTPError as error:
        status = error.code
    if status != (200 if server.name == BARE else workload.status):
        raise SystemExit(f"{server.name} answers {path} with {status} instead of {workload.status}")


def _row(workload: str, server: str, rounds: list[Round], first: list[Round]) -> Row:
    rates = [one.rate for one in rounds]
    rate = statistics.median(rates)
    return Row(
        workload=workload,
        server=server,
        rate=round(rate),
        spread=round((max(rates) - min(rates)) / rate, 3),
        ratio=round(statistics.median(one.rate / by.rate for one, by in zip(rounds, first, strict=True)), 3),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        p999=statistics.median(one.p999 for one in rounds),
        cpu=round(statistics.median(one.cpu for one in rounds), 1),
        redis_cpu=round(statistics.median(one.redis_cpu for one in rounds), 1),
        errors=sum(one.errors for one in rounds),
    )
