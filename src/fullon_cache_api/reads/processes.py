"""Reads of the daemons' processes: `process:data:{id}`, `process:active:{type}`, `process:components`."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from fullon_cache_api.cache.reader import Reader, pairs
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Blame, Body, Elements, readable
from .arguments import NAME, SEGMENT
from .read import read
from .shape import (
    BOOLEAN,
    INTEGER,
    RECORD,
    STRING,
    TEXT,
    array,
    closed,
    collection,
    mapping,
    opened,
    overview,
)
from .values import (
    NEVER,
    parse_moment,
    parse_object,
    parse_text,
    parse_time,
    record,
    show_time,
    text,
    time_text,
)

DATA = "process:data:"
ACTIVE = "process:active:"
COMPONENTS = "process:components"
TYPES = (
    "tick",
    "ohlcv",
    "bot",
    "account",
    "order",
    "bot_status_service",
    "crawler",
    "user_trades_service",
)
HEARTBEAT_WITHIN = timedelta(minutes=5)
HEALTH_WITHIN = timedelta(minutes=60)

PROCESS = opened(
    process_id=STRING,
    process_type=TEXT,
    component=TEXT,
    status=TEXT,
    message=TEXT,
    params=RECORD,
    created_at=TEXT,
    updated_at=TEXT,
    heartbeat=TEXT,
    heartbeat_stale=BOOLEAN,
)
ACTIVITY = closed(type=TEXT, component=TEXT, params=RECORD, message=TEXT, timestamp=TEXT)
PROCESS_TYPE = Argument("process_type", "string", "Only this type.", required=False, schema=SEGMENT)
COMPONENT_FILTER = Argument("component", "string", "Only this component.", required=False, schema=NAME)
COMPONENT = Argument("component", "string", "Component, as the process named itself.", schema=NAME)
PROCESS_ID = Argument("process_id", "string", "Process id: type:component:start.", schema=NAME)
SINCE_MINUTES = Argument(
    "since_minutes",
    "integer",
    "Only processes updated within these minutes.",
    schema=MappingProxyType({"minimum": 1, "maximum": 1_000_000}),
)
SINCE_SECONDS = Argument(
    "since_seconds",
    "integer",
    "Only processes updated within these seconds.",
    schema=MappingProxyType({"minimum": 1, "maximum": 100_000_000}),
)


def process(process_id: str, fresh_since: datetime, raw: bytes) -> Body:
    """Return a cached Process; without a heartbeat since `fresh_since` it is marked as stale."""
    cached = parse_object(raw)
    heartbeat = parse_time(cached.get("heartbeat"))
    return {
        **cached,
        "process_id": process_id,
        **{name: text(cached, name) for name in ("process_type", "component", "status", "message")},
        "params": record(cached, "params"),
        "created_at": time_text(cached.get("created_at")),
        "updated_at": time_text(cached.get("updated_at")),
        "heartbeat": show_time(heartbeat),
        "heartbeat_stale": heartbeat is None or heartbeat < fresh_since,
    }


@read(
    "ProcessCache.get_process",
    (PROCESS_ID,),
    commands=("GET",),
    keys=("process:data:{process_id}",),
    answer=PROCESS,
    absent=True,
)
async def get_process(reader: Reader, process_id: str) -> Answer | None:
    """One process, for as long as the cache remembers it."""
    return await _remembered(reader, process_id)


@read(
    "ProcessCache.get_component_status",
    (COMPONENT,),
    commands=("HGET", "GET"),
    keys=(COMPONENTS, "process:data:{process_id}"),
    answer=PROCESS,
    absent=True,
)
async def get_component_status(reader: Reader, component: str) -> Answer | None:
    """The newest process of a component."""
    raw = await reader.hget(COMPONENTS, component)
    if raw is None:
        return None
    with Blame(COMPONENTS, component):
        process_id = parse_text(raw)
    return await _remembered(reader, process_id)


@read(
    "ProcessCache.get_active_processes",
    (PROCESS_TYPE, COMPONENT_FILTER, SINCE_MINUTES),
    commands=("HGETALL", "GET"),
    keys=("process:active:{process_type}", "process:data:{process_id}"),
    answer=collection("processes", PROCESS),
    elements="processes",
)
async def get_active_processes(
    reader: Reader, process_type: str | None, component: str | None, since_minutes: int
) -> Answer:
    """The processes that were updated lately, newest first."""
    active = await _active(reader, process_type, timedelta(minutes=since_minutes), component)
    return active.answer("processes", ACTIVE + (process_type or "*"))


@read(
    "ProcessCache.get_system_health",
    commands=("HGETALL", "GET"),
    keys=("process:active:{process_type}", "process:data:{process_id}"),
    answer=overview(
        healthy=BOOLEAN,
        total_processes=INTEGER,
        by_type=mapping(INTEGER),
        by_status=mapping(INTEGER),
        stale_processes=INTEGER,
        error_processes=INTEGER,
        processes=array(PROCESS),
    ),
    elements="processes",
)
async def get_system_health(reader: Reader) -> Answer:
    """Whether every process of the last 60 minutes is readable, has a heartbeat and no error."""
    active = await _active(reader, None, HEALTH_WITHIN)
    stale = sum(item["heartbeat_stale"] is True for item in active.items)
    by_status = _count(active, "status")
    errors = by_status.get("error", 0)
    body: Body = {
        "healthy": not stale and not errors and not active.skipped,
        "total_processes": len(active.items),
        "by_type": _count(active, "process_type"),
        "by_status": by_status,
        "stale_processes": stale,
        "error_processes": errors,
        "processes": active.items,
    }
    return Answer.overview(body, ACTIVE + "*", active.skipped, active.sources)


@read(
    "ProcessCache.get_metrics",
    commands=("HLEN", "SCAN"),
    keys=("process:active:{process_type}", COMPONENTS, "process:data:{process_id}"),
    counted=("process:data:{process_id}",),
    answer=overview(
        total_processes=INTEGER,
        active_processes=INTEGER,
        components=INTEGER,
        active_by_type=mapping(INTEGER),
    ),
)
async def get_metrics(reader: Reader) -> Answer:
    """How many processes the cache remembers, how many are active, and of which types."""
    commands = [("HLEN", key) for key in (*(ACTIVE + name for name in TYPES), COMPONENTS)]
    *replies, components = await reader.batch(commands)
    types: Elements[Body] = Elements()
    lengths = zip(TYPES, map(types.usable, replies), strict=True)
    active = {name: length for name, length in lengths if isinstance(length, int)}
    total = 0
    async for page in reader.scan(DATA + "*"):
        total += len(page)
    body: Body = {
        "total_processes": total,
        "active_processes": sum(active.values()),
        "components": readable(components),
        "active_by_type": active,
    }
    return Answer.overview(body, ACTIVE + "*", types.skipped)


@read(
    "ProcessCache.get_top",
    (SINCE_SECONDS, PROCESS_TYPE),
    commands=("HGETALL", "GET"),
    keys=("process:active:{process_type}", "process:data:{process_id}"),
    answer=collection("processes", ACTIVITY),
    elements="processes",
)
async def get_top(reader: Reader, since_seconds: int, process_type: str | None) -> Answer:
    """What the processes updated lately are doing, newest first."""
    active = await _active(reader, process_type, timedelta(seconds=since_seconds))
    active.items = [activity(item) for item in active.items]
    return active.answer("processes", ACTIVE + (process_type or "*"))


def activity(item: Body) -> Body:
    """Return what a process is doing."""
    return {
        "type": item["process_type"],
        "component": item["component"],
        "params": item["params"],
        "message": item["message"],
        "timestamp": item["updated_at"] or item["created_at"],
    }


async def _remembered(reader: Reader, process_id: str) -> Answer | None:
    key = DATA + process_id
    raw = await reader.get(key)
    if raw is None:
        return None
    with Blame(key):
        return Answer(process(process_id, datetime.now(UTC) - HEARTBEAT_WITHIN, raw), key)


async def _active(
    reader: Reader, process_type: str | None, within: timedelta, component: str | None = None
) -> Elements[Body]:
    """Return the processes updated within a time, newest first: two round trips, however many they are."""
    fresh_since = datetime.now(UTC) - within
    processes: Elements[Body] = Elements()
    ids = await _active_ids(reader, processes, process_type, fresh_since)
    replies = await reader.batch(("GET", DATA + process_id) for process_id in ids)
    for process_id, reply in zip(ids, replies, strict=True):
        raw = processes.usable(reply)
        if isinstance(raw, bytes):
            processes.add(DATA + process_id, None, _process_of, component, process_id, fresh_since, raw)
    processes.newest_first(lambda item: parse_time(item["updated_at"]) or NEVER)
    return processes


async def _active_ids(
    reader: Reader, elements: Elements[Body], process_type: str | None, fresh_since: datetime
) -> list[str]:
    keys = [ACTIVE + name for name in ((process_type,) if process_type else TYPES)]
    replies = await reader.batch(("HGETALL", key) for key in keys)
    ids: list[str] = []
    for key, reply in zip(keys, replies, strict=True):
        found = readable(reply) if process_type else elements.usable(reply)
        for process_id, raw in elements.fields(key, pairs(found or [])):
            updated = elements.attempt(key, process_id, parse_moment, raw)
            if updated is not None and updated >= fresh_since:
                ids.append(process_id)
    return ids


def _process_of(component: str | None, process_id: str, fresh_since: datetime, raw: bytes) -> Body | None:
    body = process(process_id, fresh_since, raw)
    return body if component is None or body["component"] == component else None


def _count(processes: Elements[Body], name: str) -> dict[str, int]:
    counts = Counter(str(item[name] or "unknown") for item in processes.items)
    return dict(sorted(counts.items()))
