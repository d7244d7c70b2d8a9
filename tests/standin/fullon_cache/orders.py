import json
from typing import Any

from .base import BaseCache
from .models import Order


class OrdersCache(BaseCache):
    async def get_order(self, exchange: str, order_id: str) -> Order | None:
        return await self.get_order_status(exchange, order_id)

    async def get_order_status(self, ex_id: str, oid: str) -> Order | None:
        try:
            raw = await self.hget(f"order_status:{ex_id}", oid)
            return Order.from_dict(json.loads(raw)) if raw else None
        except Exception:
            return None

    async def get_orders(self, ex_id: str) -> list[Order]:
        orders = []
        for raw in (await self.hgetall(f"order_status:{ex_id}")).values():
            try:
                orders.append(Order.from_dict(json.loads(raw)))
            except (ValueError, AttributeError):
                continue
        return orders

    async def get_full_accounts(self, ex_id: str) -> dict[str, Any] | None:
        try:
            raw = await self.hget("accounts", ex_id)
            return json.loads(raw) if raw else None
        except Exception:
            return None

    async def pop_open_order(self, oid: str) -> str | None:
        raise NotImplementedError
