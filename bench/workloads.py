"""What is asked of the servers: requests, and the status that each has to be answered with."""

import random
from dataclasses import dataclass
from urllib.request import urlopen

from data import BARS, TICKERS

_REQUESTS = 4_096


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests that are sent in turn, each a path and perhaps an If-None-Match, over some connections.

    `key` is the API key of all of them, if any.
    """

    name: str
    requests: tuple[tuple[str, str], ...]
    connections: int = 64
    status: int = 200
    key: str = ""

    def lines(self) -> str:
        """Return the requests as wrk.lua reads them."""
        return "".join(f"{path}\t{tag}\n" if tag else f"{path}\n" for path, tag in self.requests)


def tickers(connections: int, prefix: str = "/api/tickers") -> Workload:
    """Return requests for one ticker of 300 each, in random order."""
    chance = random.Random(7)
    paths = (f"{prefix}/binance/SYM{chance.randrange(TICKERS):03d}-USDT" for _ in range(_REQUESTS))
    return Workload(f"ticker, {connections} conn.", tuple((path, "") for path in paths), connections)


def hot() -> Workload:
    """Return requests for one and the same ticker."""
    return _same("hot ticker", "/api/tickers/binance/SYM007-USDT")


def collections() -> tuple[Workload, ...]:
    """Return requests for larger answers."""
    return (
        _same("300 tickers", "/api/tickers/binance", 16),
        _same("1,000 bars", f"/api/ohlcv/BTC-USDT/1m?count={BARS}", 16),
        _same("positions", "/api/accounts/1/positions"),
    )


def refusals() -> tuple[Workload, ...]:
    """Return requests that are answered with a problem."""
    return (
        _same("404", "/api/tickers/binance/NONE-USDT", status=404),
        _same("400", "/api/tickers/bin%20ance/BTC-USDT", status=400),
    )


def known(url: str) -> Workload:
    """Return requests for tickers that do not move and that the client has already; asks for their tags."""
    paths = [f"/api/tickers/kraken/SYM{number:03d}-USDT" for number in range(TICKERS)]
    requests = []
    for path in paths:
        with urlopen(url + path) as answer:
            requests.append((path, answer.headers["ETag"]))
    return Workload("304", tuple(requests), status=304)


def mixed() -> Workload:
    """Return 80 % single tickers, 10 % an account's positions, 5 % 300 tickers, 5 % 100 bars."""
    chance = random.Random(7)
    others = ["/api/accounts/1/positions"] * 2 + ["/api/tickers/binance", "/api/ohlcv/BTC-USDT/1m?count=100"]
    paths = [
        path if chance.random() < 0.8 else chance.choice(others) for path, _ in tickers(64).requests[:2_000]
    ]
    return Workload("mixed", tuple((path, "") for path in paths))


def _same(name: str, path: str, connections: int = 64, status: int = 200) -> Workload:
    return Workload(name, ((path, ""),), connections, status)
