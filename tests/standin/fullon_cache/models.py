"""The fullon_orm models in which fullon_cache gives what it reads."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

TICK_NUMBERS = ("price", "bid", "ask", "last", "change", "percentage")
ORDER_FIELDS = (
    *("order_id", "ex_order_id", "bot_id", "uid", "ex_id", "cat_ex_id", "exchange", "symbol"),
    *("order_type", "side", "volume", "final_volume", "price", "plimit", "tick", "futures"),
    *("leverage", "status", "command", "reason", "timestamp"),
)
ORDER_TEXTS = ("exchange", "symbol", "order_type", "side", "status", "command", "reason")


class ProcessType(StrEnum):
    TICK = "tick"
    OHLCV = "ohlcv"
    BOT = "bot"
    ACCOUNT = "account"
    ORDER = "order"
    BOT_STATUS_SERVICE = "bot_status_service"
    CRAWLER = "crawler"
    USER_TRADES_SERVICE = "user_trades_service"


@dataclass
class Symbol:
    symbol: str


class Model:
    """A bag of the model's fields."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def to_dict(self) -> dict[str, Any]:
        return dict(self.fields)


class Tick(Model):
    @classmethod
    def from_dict(cls, cached: dict[str, Any], exchange: str, symbol: str) -> Self:
        numbers = {name: cached.get(name) for name in TICK_NUMBERS}
        given = {name: cached.get(name) or 0.0 for name in ("volume", "time")}
        return cls(**numbers, **given, exchange=exchange, symbol=symbol)


@dataclass
class Position:
    symbol: str
    cost: float = 0.0
    volume: float = 0.0
    fee: float = 0.0
    count: float = 0.0
    price: float = 0.0
    timestamp: float | None = None
    ex_id: str = ""

    def __post_init__(self) -> None:
        if self.timestamp is None:
            self.timestamp = datetime.now(UTC).timestamp()

    @classmethod
    def from_dict(cls, cached: dict[str, Any], symbol: str, ex_id: str) -> Self:
        names = ("cost", "volume", "fee", "count", "price", "timestamp")
        held = {name: cached[name] for name in names if cached.get(name) is not None}
        return cls(symbol=symbol, ex_id=ex_id, **held)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Order(Model):
    @classmethod
    def from_dict(cls, cached: dict[str, Any]) -> Self:
        fields = {name: cached.get(name) for name in ORDER_FIELDS}
        fields |= {name: fields[name] or "" for name in ORDER_TEXTS}
        order_id = str(cached.get("order_id"))
        fields["order_id"] = int(order_id) if order_id.isdigit() else None
        fields["ex_order_id"] = order_id
        time = fields["timestamp"]
        fields["timestamp"] = datetime.fromisoformat(time) if time else datetime.now(UTC)
        return cls(**fields)
