"""Queues that the daemons feed and empty: how long they are, and whether that is as it should be."""

from datetime import UTC, datetime, timedelta

from .answer import Body
from .values import show_time

BACKLOG = 1_000
STALE_AFTER = timedelta(minutes=5)


def health_status(size: int, last_processed: datetime | None, now: datetime) -> str:
    """Return `stale` where something waits and the last trade is old, else `backlog` or `healthy`."""
    if size and last_processed is not None and now - last_processed > STALE_AFTER:
        return "stale"
    return "backlog" if size >= BACKLOG else "healthy"


def order_queue(local_oid: str, size: int) -> Body:
    """Return the state of one queue of new orders; the cache holds neither its rate nor its last element."""
    return _queue(local_oid, size, None)


def trade_queue(exchange: str, symbol: str, size: int, last_trade: datetime | None) -> Body:
    """Return the state of one queue of trades; `symbol` is as in the key, without its slash."""
    state = _queue(f"{exchange}:{symbol}", size, last_trade)
    return {"queue_name": state["queue_name"], "exchange": exchange, "symbol": symbol, **state}


def _queue(name: str, size: int, last_processed: datetime | None) -> Body:
    return {
        "queue_name": name,
        "size": size,
        "processing_rate": None,
        "health_status": health_status(size, last_processed, datetime.now(UTC)),
        "last_processed": show_time(last_processed),
    }
