"""Which keys a request reaches, whatever stands in its parameters and however little a spec refuses."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import redis
import yaml
from endpoints.layout import (
    POSITION,
    put_account,
    put_order,
    put_positions,
    put_process,
    put_tick,
    put_trades,
)
from endpoints.proxy import RecordingProxy
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

Address = tuple[str, ...]
SCANS = {"tickers:*", "order_status:*", "new_orders:*", "trades:*", "TRADE:STATUS:*", "process:data:*"}


@dataclass(frozen=True, slots=True)
class Loose:
    """A gateway whose spec lets any text through, and what it says to Redis."""

    client: httpx.Client
    proxy: RecordingProxy

    def addresses(self, template: str, values: dict[str, str]) -> set[Address]:
        """Ask an endpoint; return the keys, and the fields in hashes, that it read."""
        path = template
        for name, value in values.items():
            # A dot alone would be a step in the path.
            path = path.replace(f"{{{name}}}", quote(value, safe="").replace(".", "%2E"))
        self.proxy.reset()
        response = self.client.get(path)
        assert response.status_code in (200, 400, 404), response.text
        found: set[Address] = set()
        for name, key, *rest in self.proxy.commands:
            if name == "SCAN":
                assert rest[1] in SCANS
            elif name in ("HGET", "HMGET"):
                found |= {(key, field) for field in rest}
            else:
                found.add((key,))
        assert not (found and response.status_code == 400)
        return found


@pytest.fixture(scope="module")
def loose(redis_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loose]:
    """The shipped spec without any pattern, length or choice: only the reads' own demands are left."""
    spec = yaml.safe_load((CHECKOUT / "endpoints.yaml").read_text())
    for parameter in spec["parameters"].values():
        if parameter["schema"]["type"] == "string":
            parameter["schema"] = {"type": "string"}
    file: Path = tmp_path_factory.mktemp("loose") / "endpoints.yaml"
    file.write_text(yaml.safe_dump(spec))
    with RecordingProxy(redis_server.url) as proxy:
        gateway = FullonCacheGateway(settings=settings_for(proxy.url, ENDPOINTS_FILE=str(file)))
        with serving(gateway) as client:
            yield Loose(client, proxy)


def spellings(symbol: str) -> set[str]:
    """The symbols that a decoded path segment means."""
    if "/" in symbol or "-" not in symbol:
        return {symbol}
    return {symbol.replace("-", "/"), symbol}


def meant(template: str, values: dict[str, str]) -> set[tuple[str, ...]]:
    """What a request means: its values, with every spelling of its symbol."""
    others = [value for name, value in values.items() if name != "symbol"]
    symbols = spellings(values["symbol"]) if "symbol" in values else {""}
    if template.startswith("/api/trades/{exchange}/"):
        # The keys have no slash; the trades in them say whose they are.
        symbols = {symbol.replace("/", "") for symbol in symbols}
    return {(*others, symbol) for symbol in symbols}


TEMPLATES = {
    "/api/tickers/{exchange}": ["exchange"],
    "/api/tickers/{exchange}/{symbol}": ["exchange", "symbol"],
    "/api/accounts/{user_id}/positions": ["user_id"],
    "/api/orders/{order_id}/status?exchange={exchange}": ["order_id", "exchange"],
    "/api/orders/42/orders?exchange={exchange}": ["exchange"],
    "/api/exchanges/{exchange}/orders": ["exchange"],
    "/api/exchanges/{exchange}/orders/{order_id}": ["exchange", "order_id"],
    "/api/bots/{bot_id}/status": ["bot_id"],
    "/api/bots/{exchange}/{symbol}/blocked": ["exchange", "symbol"],
    "/api/bots/{exchange}/{symbol}/opening": ["exchange", "symbol"],
    "/api/trades/{exchange}/{symbol}": ["exchange", "symbol"],
    "/api/trades/users/{user_id}/{exchange}": ["user_id", "exchange"],
    "/api/trades/status/{exchange}": ["exchange"],
    "/api/ohlcv/{symbol}/{timeframe}": ["symbol", "timeframe"],
    "/api/processes?type={type}": ["type"],
    "/api/processes/{process_id}": ["process_id"],
    "/api/processes/components/{component}": ["component"],
}
TEXTS = st.text("ab:/-*?[]\\{}%+&=#.~\u00e9\u20ac\U0001f600 \t\n\x00\x7f", min_size=1, max_size=5)
NUMBERS = st.integers(0, 300).map(str)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str], dict[str, str]]:
    """An endpoint, and two sets of values for its parameters."""
    template = draw(st.sampled_from(sorted(TEMPLATES)))
    names = TEMPLATES[template]
    values = [{name: draw(NUMBERS if name == "user_id" else TEXTS) for name in names} for _ in range(2)]
    return template, values[0], values[1]


@examples(120)
@given(requests())
def test_distinct_parameters_never_reach_the_same_key_by_accident(
    loose: Loose, request: tuple[str, dict[str, str], dict[str, str]]
) -> None:
    """Two requests read the same place where, and only where, they mean the same thing."""
    template, first, second = request
    reached = [loose.addresses(template, values) for values in (first, second)]
    if all(reached):
        same = bool(meant(template, first) & meant(template, second))
        assert bool(reached[0] & reached[1]) == same


@pytest.mark.parametrize(
    ("template", "first", "second"),
    [
        ("/api/tickers/{exchange}/{symbol}", ("a:b", "c"), ("a", "b:c")),
        ("/api/bots/{exchange}/{symbol}/blocked", ("a:b", "c"), ("a", "b:c")),
        ("/api/bots/{exchange}/{symbol}/opening", ("a:b", "c"), ("a", "b:c")),
        ("/api/trades/{exchange}/{symbol}", ("a:b", "c"), ("a", "b:c")),
        ("/api/ohlcv/{symbol}/{timeframe}", ("a", "b:1m"), ("a:b", "1m")),
        ("/api/trades/users/{user_id}/{exchange}", ("4", "2:a"), ("42", "a")),
    ],
)
def test_a_colon_makes_no_second_segment_of_a_key(
    loose: Loose, template: str, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    """The same text, cut in another place, would be the same key; the first of each pair is refused."""
    names = TEMPLATES[template]
    reached = [loose.addresses(template, dict(zip(names, values, strict=True))) for values in (first, second)]
    assert (reached[0], bool(reached[1])) == (set(), True)


@pytest.mark.parametrize(
    "glob", ["*", "?*", "b*", "[b]inance", "binanc?", "\\binance", "BTC*", "*-*", "1*", "t*"]
)
def test_a_glob_finds_nothing_but_what_is_named_so(loose: Loose, writer: "redis.Redis", glob: str) -> None:
    put_tick(writer, "binance", "BTC/USDT")
    put_account(writer, 1, USDT={"free": 1})
    put_positions(writer, 1, {"BTC/USDT": POSITION})
    put_order(writer, "binance", "1")
    put_trades(writer, "trades:binance:BTCUSDT", {})
    put_trades(writer, "user_trades:42:binance", {})
    put_process(writer)
    writer.hset("bot_status", "b1", "{}")
    writer.hset("block_exchange", "binance:BTC/USDT", "7")
    writer.hset("opening_position", "binance:BTC/USDT", "7:")
    writer.set("TRADE:STATUS:binance", "2024-01-01T12:00:00+00:00")
    writer.rpush("ohlcv:BTC/USDT:1m", "[1, 2, 3, 4, 5, 6]")
    written = quote(glob, safe="")
    for path in (
        f"/tickers/{written}/BTC-USDT",
        f"/tickers/binance/{written}",
        f"/tickers/binance/{written}/price",
        f"/symbols/{written}/ticker",
        f"/accounts/1/balances/{written}",
        f"/accounts/1/positions/{written}",
        f"/orders/{written}/status",
        f"/orders/1/status?exchange={written}",
        f"/exchanges/{written}/orders/1",
        f"/exchanges/binance/orders/{written}",
        f"/bots/{written}/status",
        f"/trades/status/{written}",
        f"/processes/{written}",
        f"/processes/components/{written}",
    ):
        assert loose.client.get(f"/api{path}").status_code == 404, path
    for path in (f"/accounts/{written}/balances", f"/orders/{written}/orders", f"/trades/users/{written}/b"):
        assert loose.client.get(f"/api{path}").status_code == 400, path
    for path in (
        f"/tickers/{written}",
        f"/symbols/{written}/tickers",
        f"/orders/42/orders?exchange={written}",
        f"/orders/42/orders?status={written}",
        f"/orders/42/orders?symbol={written}",
        f"/exchanges/{written}/orders",
        f"/exchanges/binance/orders?status={written}",
        f"/exchanges/binance/orders?symbol={written}",
        f"/trades/{written}/BTC-USDT",
        f"/trades/binance/{written}",
        f"/trades/users/42/{written}",
        f"/ohlcv/{written}/1m",
        f"/ohlcv/BTC-USDT/{written}",
        f"/processes?type={written}",
        f"/processes?component={written}",
        f"/processes/top?type={written}",
    ):
        assert _count(loose.client.get(f"/api{path}")) == 0, path
    for path in (f"/bots/{written}/BTC-USDT", f"/bots/binance/{written}"):
        assert loose.client.get(f"/api{path}/blocked").json()["blocked"] is False
        assert loose.client.get(f"/api{path}/opening").json()["opening"] is False


def _count(response: httpx.Response) -> int:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = json.loads(response.text)
    return int(body["count"])
