import json

from .base import BaseCache
from .models import Symbol, Tick

FIVE = ("binance", "kraken", "coinbase", "bitfinex", "bybit")


class TickCache(BaseCache):
    async def get_ticker(self, symbol: str, exchange: str) -> Tick | None:
        try:
            raw = await self.hget(f"tickers:{exchange}", symbol)
            return Tick.from_dict(json.loads(raw), exchange, symbol) if raw else None
        except Exception:
            return None

    async def get_any_ticker(self, symbol: Symbol) -> Tick | None:
        for exchange in FIVE:
            tick = await self.get_ticker(symbol.symbol, exchange)
            if tick:
                return tick
        return None

    async def get_all_tickers(
        self, exchange_name: str | None = None, cat_ex_id: int | None = None
    ) -> list[Tick]:
        ticks = []
        for exchange in (exchange_name,) if exchange_name else FIVE:
            for symbol, raw in (await self.hgetall(f"tickers:{exchange}")).items():
                try:
                    ticks.append(Tick.from_dict(json.loads(raw), exchange, symbol))
                except (ValueError, AttributeError):
                    continue
        return ticks

    async def get_tickers(self, exchange: str = "") -> list[Tick]:
        return await self.get_all_tickers(exchange or None)

    async def get_next_ticker(self, symbol: str, exchange: str) -> tuple[float, str]:
        raise NotImplementedError

    async def get_spread(self, exchange_name: str, symbol: str) -> dict[str, object] | None:
        """The spread of a symbol on an exchange."""
        tick = await self.get_ticker(symbol, exchange_name)
        if tick is None:
            return None
        fields = tick.to_dict()
        return {"exchange": exchange_name, "spread": fields["ask"] - fields["bid"], "tick": tick}

    async def set_ticker(self, tick: Tick) -> bool:
        raise NotImplementedError
