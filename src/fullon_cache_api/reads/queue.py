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


def queue(name: str, size: int, last_processed: datetime | None = None) -> Body:
    """Return the state of a queue; the cache holds no rate, and of new orders no time either."""
    return {
        "queue_name": name,
        "size": size,
        "processing_rate": None,
        "health_status": health_status(size, last_processed, datetime.now(UTC)),
        "last_processed": show_time(last_processed),
    }
