import json
from typing import Any

from .base import BaseCache


class BotCache(BaseCache):
    async def is_blocked(self, ex_id: str, symbol: str) -> str:
        return await self.hget("block_exchange", f"{ex_id}:{symbol}") or ""

    async def get_blocks(self) -> list[dict[str, str]]:
        pairs = [(*field.split(":", 1), bot) for field, bot in (await self.hgetall("block_exchange")).items()]
        return [{"ex_id": exchange, "symbol": symbol, "bot": bot} for exchange, symbol, bot in pairs]

    async def is_opening_position(self, ex_id: str, symbol: str) -> bool:
        return await self.hget("opening_position", f"{ex_id}:{symbol}") is not None

    async def get_bots(self) -> dict[str, Any]:
        bots = {}
        for bot_id, raw in (await self.hgetall("bot_status")).items():
            try:
                bots[bot_id] = json.loads(raw)
            except ValueError:
                continue
        return bots

    async def block_exchange(self, ex_id: str, symbol: str, bot_id: str) -> bool:
        raise NotImplementedError
