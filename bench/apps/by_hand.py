"""What one would write instead of the gateway, with the same three paths.

`fastapi_redis` is FastAPI, pydantic and one pool of redis-py, as a good engineer would write it;
`fastapi_fullon` reads as fullon_cache does: a client for each call, PING first, errors swallowed;
`starlette_redis` checks nothing.
"""

import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeAlias

from fastapi import FastAPI, HTTPException
from fastapi import Path as PathParameter
from pydantic import BaseModel
from redis.asyncio import ConnectionPool, Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

URL = os.environ["REDIS_URL"]
CONNECTIONS = 300
"""As many as clients come at once: a smaller pool refuses some of them."""

Ask: TypeAlias = Callable[[Callable[["Redis"], Awaitable[object]]], Awaitable[object]]


class Market(BaseModel):
    """The numbers of a ticker."""

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    volume: float | None = None
    price: float | None = None
    change: float | None = None
    percentage: float | None = None


class Ticker(BaseModel):
    """A ticker."""

    exchange: str
    symbol: str
    ticker: Market
    cached_at: datetime | None
    cache_hit: bool


class Tickers(BaseModel):
    """The tickers of an exchange."""

    exchange: str
    count: int
    tickers: list[Ticker]


class Bars(BaseModel):
    """The candles of a symbol."""

    symbol: str
    timeframe: str
    count: int
    bars: list[tuple[float, float, float, float, float, float]]


def _ticker(exchange: str, raw: bytes) -> Ticker:
    tick = json.loads(raw)
    return Ticker(
        exchange=exchange,
        symbol=tick["symbol"].replace("/", "-"),
        ticker=Market.model_validate(tick),
        cached_at=datetime.fromtimestamp(tick["time"], UTC),
        cache_hit=True,
    )


def _fastapi(ask: Ask) -> FastAPI:
    app = FastAPI()
    name = PathParameter(pattern="^[A-Za-z0-9_.-]{1,64}$")

    @app.get("/api/tickers/{exchange}/{symbol}")
    async def ticker(exchange: str = name, symbol: str = PathParameter(max_length=64)) -> Ticker:
        spelt = symbol.replace("-", "/")
        raw = await ask(lambda redis: redis.hget(f"tickers:{exchange}", spelt))
        if not isinstance(raw, bytes):
            raise HTTPException(404)
        return _ticker(exchange, raw)

    @app.get("/api/tickers/{exchange}")
    async def tickers(exchange: str = name) -> Tickers:
        held = await ask(lambda redis: redis.hgetall(f"tickers:{exchange}"))
        found = [_ticker(exchange, raw) for raw in held.values()] if isinstance(held, dict) else []
        return Tickers(exchange=exchange, count=len(found), tickers=found)

    @app.get("/api/ohlcv/{symbol}/{timeframe}")
    async def bars(symbol: str, timeframe: str, count: int = 100) -> Bars:
        key = f"ohlcv:{symbol.replace('-', '/')}:{timeframe}"
        held = await ask(lambda redis: redis.lrange(key, -count, -1))
        found = [json.loads(raw) for raw in held] if isinstance(held, list) else []
        return Bars(symbol=symbol, timeframe=timeframe, count=len(found), bars=found)

    return app


def _pool() -> "Redis":
    return Redis(connection_pool=ConnectionPool.from_url(URL, max_connections=CONNECTIONS))


def fastapi_redis() -> FastAPI:
    """FastAPI, pydantic and a pool of redis-py."""
    redis = _pool()
    return _fastapi(lambda read: read(redis))


def fastapi_fullon() -> FastAPI:
    """FastAPI, pydantic, and a client for each call."""

    async def ask(read: Callable[["Redis"], Awaitable[object]]) -> object:
        async with Redis.from_url(URL) as redis:
            with suppress(Exception):
                await redis.ping()
                return await read(redis)
        return None

    return _fastapi(ask)


def starlette_redis() -> Starlette:
    """Starlette and a pool of redis-py; nothing is checked."""
    redis = _pool()

    async def ticker(request: Request) -> JSONResponse:
        exchange, symbol = request.path_params["exchange"], request.path_params["symbol"]
        raw = await redis.hget(f"tickers:{exchange}", symbol.replace("-", "/"))
        if raw is None:
            return JSONResponse({"detail": "not found"}, 404)
        tick = json.loads(raw)
        return JSONResponse({"exchange": exchange, "symbol": symbol, "ticker": tick, "cache_hit": True})

    return Starlette(routes=[Route("/api/tickers/{exchange}/{symbol}", ticker)])
