from datetime import datetime
from typing import Any

from .base import BaseCache


class TradesCache(BaseCache):
    async def get_trade_status(self, key: str) -> datetime | None:
        try:
            raw = await self.get(f"TRADE:STATUS:{key}")
            return datetime.fromisoformat(raw) if raw else None
        except ValueError:
            return None

    async def get_all_trade_statuses(self, prefix: str = "TRADE:STATUS") -> dict[str, datetime]:
        statuses = {}
        async for key in self.scan_keys(f"{prefix}*"):
            time = await self.get_trade_status(key.removeprefix("TRADE:STATUS:"))
            if time is not None:
                statuses[key] = time
        return statuses

    async def get_trade_status_keys(self, prefix: str = "TRADE:STATUS") -> list[str]:
        return [key async for key in self.scan_keys(f"{prefix}*")]

    async def get_trades(self, symbol: str, exchange: str) -> list[Any]:
        raise NotImplementedError

    async def get_trades_list(self, symbol: str, exchange: str) -> list[Any]:
        raise NotImplementedError

    async def pop_user_trade(self, uid: str, exchange: str) -> dict[str, Any] | None:
        raise NotImplementedError

    async def pop_my_trade(self, uid: str, exchange: str, timeout: int = 0) -> dict[str, Any] | None:
        raise NotImplementedError
