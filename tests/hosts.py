"""What the applications that take the gateway in have in common, for the tests of them."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import redis
from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.security import APIKeyHeader, APIKeyQuery
from pydantic import BaseModel

KEY = {"X-API-Key": "open sesame"}

_header = APIKeyHeader(name="X-API-Key", auto_error=False)
_query = APIKeyQuery(name="api_key", auto_error=False)


def require_key(key: Annotated[str | None, Depends(_header)]) -> None:
    """What a host asks of its callers: the right key in a header."""
    if key != KEY["X-API-Key"]:
        raise HTTPException(401, "an API key, please", headers={"WWW-Authenticate": "ApiKey"})


def require_query_key(
    key: Annotated[str | None, Depends(_query)], tenant: Annotated[str, Query(alias="for")] = ""
) -> None:
    """The same in the query string, where another parameter is the host's too."""
    if key != "1":
        raise HTTPException(401)


class Ticker(BaseModel):
    """A model of the host's own, with the name of one of the gateway's schemas."""

    mine: int


def get_orm_routers() -> list[APIRouter]:
    """Stand in for the routers of fullon_orm_api."""
    router = APIRouter()

    @router.get("/users/{user_id}")
    def get_user(user_id: int) -> Ticker:
        return Ticker(mine=user_id)

    return [router]


def get_ohlcv_routers() -> list[APIRouter]:
    """Stand in for the routers of fullon_ohlcv_api."""
    router = APIRouter()

    @router.get("/candles/{symbol}")
    def get_candles(symbol: str) -> list[float]:
        return [1.0]

    return [router]


def store_ticker(writer: "redis.Redis", exchange: str, symbol: str, last: float) -> None:
    """Put a ticker into the cache, as the ticker daemon does."""
    tick = {"symbol": symbol, "exchange": exchange, "last": last, "bid": 1.0, "ask": 2.0, "volume": 3.0}
    writer.hset(f"tickers:{exchange}", symbol, json.dumps({**tick, "time": 1704110400.0}))


def dangling(document: dict[str, Any]) -> set[str]:
    """Return the references of a document that lead nowhere."""

    def found(reference: str) -> bool:
        value: Any = document
        for token in reference.removeprefix("#/").split("/"):
            if token not in value:
                return False
            value = value[token]
        return True

    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    return {reference for reference in references if not found(reference)}


def example_paths(document: dict[str, Any], prefix: str) -> Iterator[str]:
    """Yield the path of each operation below a prefix, with its parameters' examples; a batch asks two."""
    shared = document.get("components", {}).get("parameters", {})
    for path, item in document["paths"].items():
        if path.startswith(prefix + "/"):
            for one in item["get"].get("parameters", ()):
                parameter = shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example")))
            yield f"{path}?get=/tickers&get=/accounts" if path.endswith("/batch") else path
