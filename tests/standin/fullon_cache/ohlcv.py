import json

from .base import BaseCache


class OHLCVCache(BaseCache):
    async def get_latest_ohlcv_bars(self, symbol: str, timeframe: str, count: int) -> list[list[float]]:
        try:
            return [json.loads(raw) for raw in await self.lrange(f"ohlcv:{symbol}:{timeframe}", -count, -1)]
        except ValueError:
            return []
