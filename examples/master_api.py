"""A master API in FastAPI: the cache between two sibling modules, one document for all, an API key for all.

REDIS_URL=redis://127.0.0.1:6379/0 MASTER_API_KEY=secret python examples/master_api.py
curl -H 'X-API-Key: secret' http://127.0.0.1:8000/api/v1/cache/tickers/binance/BTC-USDT
"""

import os
import secrets
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader

from fullon_cache_api import Settings
from fullon_cache_api import get_all_routers as get_cache_routers

API_KEY = os.environ.get("MASTER_API_KEY", "secret")


def require_key(key: Annotated[str, Depends(APIKeyHeader(name="X-API-Key"))]) -> None:
    """Let in who knows the key."""
    if not secrets.compare_digest(key.encode(), API_KEY.encode()):
        raise HTTPException(401, "not the API key")


def get_orm_routers() -> list[APIRouter]:
    """Stand in for fullon_orm_api."""
    router = APIRouter()

    @router.get("/users/{user_id}")
    def get_user(user_id: int) -> dict[str, int]:
        return {"user_id": user_id}

    return [router]


def get_ohlcv_routers() -> list[APIRouter]:
    """Stand in for fullon_ohlcv_api."""
    router = APIRouter()

    @router.get("/timeframes")
    def list_timeframes() -> list[str]:
        return ["1m", "1h", "1d"]

    return [router]


settings = Settings.load()
app = FastAPI(title="Fullon Master API", version="1.0.0", dependencies=[Depends(require_key)])
for router in get_orm_routers():
    app.include_router(router, prefix="/api/v1/db", tags=["Database"])
for router in get_cache_routers(settings=settings):
    app.include_router(router, prefix="/api/v1/cache", tags=["Cache"])
for router in get_ohlcv_routers():
    app.include_router(router, prefix="/api/v1/market", tags=["Market Data"])

if __name__ == "__main__":
    uvicorn.run(app, host=settings.host, port=settings.port)
