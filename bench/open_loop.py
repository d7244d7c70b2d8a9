"""Requests at a constant rate, whether or not earlier ones have been answered.

A closed loop sends less while a server stalls, and so hardly sees the stall. Here the time of a request
counts from when it was due.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Latencies:
    """What requests at a constant rate took, in ms."""

    requests: int
    p50: float
    p99: float
    worst: float


def constant_rate(url: str, paths: list[str], rate: float, seconds: float) -> Latencies:
    """Send `rate` requests a second for some seconds and return what they took."""
    return asyncio.run(_constant_rate(url, paths, rate, seconds))


async def _constant_rate(url: str, paths: list[str], rate: float, seconds: float) -> Latencies:
    address = urlsplit(url)
    assert address.hostname and address.port
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(address.hostname, address.port))
    took: list[float] = []

    async def one(path: str, due: float) -> None:
        reader, writer = await free.get()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        took.append((time.perf_counter() - due) * 1000)
        free.put_nowait((reader, writer))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(paths[number % len(paths)], due))
    while not free.empty():
        _, writer = free.get_nowait()
        writer.close()
        await writer.wait_closed()
    parts = statistics.quantiles(took, n=100)
    return Latencies(len(took), round(parts[49], 3), round(parts[98], 3), round(max(took), 3))


def median(rounds: Sequence[Latencies]) -> Latencies:
    """Return the medians of some rounds, of all of their requests."""
    return Latencies(
        sum(one.requests for one in rounds),
        statistics.median(one.p50 for one in rounds),
        statistics.median(one.p99 for one in rounds),
        statistics.median(one.worst for one in rounds),
    )
