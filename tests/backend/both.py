"""The same request to both backends."""

from dataclasses import dataclass

import httpx
import redis
from support import CHECKOUT

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.loading import load
from fullon_cache_api.spec.model import Endpoint

SPEC = load(CHECKOUT / "endpoints.yaml")
READ_THROUGH = (
    "/tickers",
    "/tickers/binance/BTC-USDT",
    "/symbols/BTC-USDT/ticker",
    "/accounts",
    "/accounts/1/balances",
    "/accounts/1/balances/USDT",
    "/accounts/1/positions",
    "/accounts/1/positions/BTC-USDT",
    "/positions",
    "/orders/1/status",
    "/orders/1/status?exchange=binance",
    "/exchanges/binance/orders",
    "/exchanges/binance/orders/1",
    "/bots",
    "/bots/binance/BTC-USDT/blocked",
    "/bots/binance/BTC-USDT/opening",
    "/bots/blocks",
    "/trades/status",
    "/trades/status/binance",
    "/ohlcv/BTC-USDT/1m",
    "/processes",
    "/processes/status",
    "/processes/metrics",
    "/processes/top",
)
"""Paths that an installed fullon_cache answers by reading Redis, whatever it holds."""


@dataclass(frozen=True, slots=True)
class Both:
    """One Redis behind two gateways."""

    server: EmbeddedServer
    writer: "redis.Redis"
    native: httpx.Client
    installed: httpx.Client

    def get(self, path: str) -> tuple[httpx.Response, httpx.Response]:
        """Both answers, the native one first."""
        return self.native.get(f"/api{path}"), self.installed.get(f"/api{path}")


def path_of(endpoint: Endpoint, both: Both, *, query: bool) -> str:
    """The path of an endpoint with the examples of its parameters."""
    path = endpoint.path
    process_id = both.writer.hget("process:components", "ticker_service") or b"tick:none:1.0"
    for parameter in endpoint.parameters:
        value = process_id.decode() if parameter.name == "process_id" else str(parameter.example)
        path = path.replace(f"{{{parameter.name}}}", value)
    query_parameters = [p for p in endpoint.parameters if p.location == "query" and p.example is not None]
    given = [f"{p.name}={p.example}" for p in query_parameters]
    return f"{path}?{'&'.join(given)}" if query and given else path
