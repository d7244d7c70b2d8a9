import json
from typing import Any

from .base import BaseCache
from .models import Position


class AccountCache(BaseCache):
    async def get_position(self, symbol: str, ex_id: str) -> Position:
        raw = await self.hget("account_positions", ex_id)
        try:
            return Position.from_dict(json.loads(raw or "{}")[symbol], symbol, ex_id)
        except Exception:
            return Position(symbol=symbol)

    async def get_all_positions(self) -> list[Position]:
        positions = []
        for ex_id, raw in (await self.hgetall("account_positions")).items():
            try:
                held = json.loads(raw)
                positions += [
                    Position.from_dict(cached, symbol, ex_id)
                    for symbol, cached in held.items()
                    if symbol != "timestamp"
                ]
            except (ValueError, AttributeError):
                continue
        return positions

    async def get_positions(self, ex_id: str) -> list[Position]:
        return await self.get_all_positions()

    async def get_full_account(self, exchange: str, currency: str) -> dict[str, Any]:
        try:
            return json.loads(await self.hget("accounts", exchange) or "{}").get(currency, {})
        except Exception:
            return {}

    async def get_all_accounts(self) -> dict[str, Any]:
        accounts = {}
        for ex_id, raw in (await self.hgetall("accounts")).items():
            try:
                accounts[ex_id] = json.loads(raw)
            except ValueError:
                continue
        return accounts
