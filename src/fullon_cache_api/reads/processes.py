"""Reads of the daemons' processes: `process:data:{id}`, `process:active:{type}`, `process:components`."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType

from fullon_cache_api.cache.reader import Reader, WrongType
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Elements, corrupt, readable
from .arguments import NAME, SEGMENT
from .read import read
from .shape import ANY, BOOLEAN, INTEGER, STRING, TEXT, array, closed, collection, mapping, opened, overview
from .values import BadValue, parse_object, parse_text, parse_time, show_time, time_text

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
_NEVER = datetime.min.replace(tzinfo=UTC)

PROCESS = opened(
    process_id=STRING,
    process_type=ANY,
    component=ANY,
    status=ANY,
    message=ANY,
    params=ANY,
    created_at=TEXT,
    updated_at=TEXT,
    heartbeat=TEXT,
    heartbeat_stale=BOOLEAN,
)
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


def process(process_id: str, raw: bytes, fresh_since: datetime) -> Body:
    """Return a cached Process; without a heartbeat since `fresh_since` it is marked as stale."""
    cached = parse_object(raw)
    heartbeat = parse_time(cached.get("heartbeat"))
    return {
        **{name: cached.get(name) for name in ("process_type", "component", "status", "message", "params")},
        **cached,
        "process_id": process_id,
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
    key = DATA + process_id
    raw = await reader.get(key)
    if raw is None:
        return None
    try:
        return Answer(process(process_id, raw, datetime.now(UTC) - HEARTBEAT_WITHIN), key)
    except BadValue as error:
        raise corrupt(key, error) from None


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
    try:
        process_id = parse_text(raw)
    except BadValue as error:
        raise corrupt(COMPONENTS, error, component) from None
    return await get_process.function(reader, process_id)


@read(
    "ProcessCache.get_active_processes",
    (PROCESS_TYPE, COMPONENT_FILTER, SINCE_MINUTES),
    commands=("HGETALL", "GET"),
    keys=("process:active:{process_type}", "process:data:{process_id}"),
    answer=collection("processes", PROCESS),
    elements="processes",
)
async def get_active_processes(
    reader: Reader, process_type: str | None = None, component: str | None = None, since_minutes: int = 5
) -> Answer:
    """The processes that were updated lately, newest first."""
    elements = await _active(reader, process_type, timedelta(minutes=since_minutes), component)
    return elements.answer("processes", ACTIVE + (process_type or "*"), {})


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
    """Whether every process of the last 60 minutes has a heartbeat and no error."""
    elements = await _active(reader, None, HEALTH_WITHIN)
    stale = sum(bool(item["heartbeat_stale"]) for item in elements.items)
    by_status = _count(elements, "status")
    errors = by_status.get("error", 0)
    body: Body = {
        "healthy": not stale and not errors,
        "total_processes": len(elements.items),
        "by_type": _count(elements, "process_type"),
        "by_status": by_status,
        "stale_processes": stale,
        "error_processes": errors,
        "processes": elements.items,
    }
    if elements.skipped:
        body["skipped"] = len(elements.skipped)
    return Answer(body, ACTIVE + "*", elements.sources, elements.skipped)


@read(
    "ProcessCache.get_metrics",
    commands=("HLEN", "SCAN"),
    keys=("process:active:{process_type}", COMPONENTS, "process:data:{process_id}"),
    answer=overview(
        total_processes=INTEGER,
        active_processes=INTEGER,
        components=INTEGER,
        active_by_type=mapping(INTEGER),
    ),
)
async def get_metrics(reader: Reader) -> Answer:
    """How many processes the cache remembers, how many are active, and of which types."""
    keys = [ACTIVE + name for name in TYPES]
    *lengths, components = await reader.batch([*(("HLEN", key) for key in keys), ("HLEN", COMPONENTS)])
    skipped = [length.error() for length in lengths if isinstance(length, WrongType)]
    active = {name: length for name, length in zip(TYPES, lengths, strict=True) if isinstance(length, int)}
    total = 0
    async for page in reader.scan(DATA + "*"):
        total += len(page)
    body: Body = {
        "total_processes": total,
        "active_processes": sum(active.values()),
        "components": readable(components),
        "active_by_type": active,
    }
    if skipped:
        body["skipped"] = len(skipped)
    return Answer(body, ACTIVE + "*", skipped=skipped)


@read(
    "ProcessCache.get_top",
    (SINCE_SECONDS, PROCESS_TYPE),
    commands=("HGETALL", "GET"),
    keys=("process:active:{process_type}", "process:data:{process_id}"),
    answer=collection("processes", closed(type=ANY, component=ANY, params=ANY, message=ANY, timestamp=TEXT)),
    elements="processes",
)
async def get_top(reader: Reader, since_seconds: int, process_type: str | None = None) -> Answer:
    """What the processes updated lately are doing, newest first."""
    elements = await _active(reader, process_type, timedelta(seconds=since_seconds))
    elements.items = [activity(item) for item in elements.items]
    return elements.answer("processes", ACTIVE + (process_type or "*"), {})


def activity(item: Body) -> Body:
    """Return what a process is doing."""
    return {
        "type": item["process_type"],
        "component": item["component"],
        "params": item["params"],
        "message": item["message"],
        "timestamp": item["updated_at"] or item["created_at"],
    }


async def _active(
    reader: Reader, process_type: str | None, within: timedelta, component: str | None = None
) -> Elements:
    """Return the processes updated within a time, newest first: two round trips, however many they are."""
    fresh_since = datetime.now(UTC) - within
    elements = Elements()
    keys = [ACTIVE + name for name in ([process_type] if process_type else TYPES)]
    ids: list[str] = []
    for key, reply in zip(keys, await reader.batch(("HGETALL", key) for key in keys), strict=True):
        for process_id, raw in elements.fields(key, reply):
            updated = elements.attempt(key, process_id, partial(_moment, raw))
            if updated is not None and updated >= fresh_since:
                ids.append(process_id)
    replies = await reader.batch(("GET", DATA + process_id) for process_id in ids)
    for process_id, reply in zip(ids, replies, strict=True):
        if isinstance(reply, WrongType):
            elements.skipped.append(reply.error())
        elif isinstance(reply, bytes):
            elements.add(DATA + process_id, "", partial(_of, component, process_id, reply, fresh_since))
    newest_first = sorted(
        zip(elements.items, elements.sources, strict=True),
        key=lambda entry: parse_time(entry[0]["updated_at"]) or _NEVER,
        reverse=True,
    )
    elements.items = [item for item, _ in newest_first]
    elements.sources = [source for _, source in newest_first]
    return elements


def _of(component: str | None, process_id: str, raw: bytes, fresh_since: datetime) -> Body | None:
    body = process(process_id, raw, fresh_since)
    return body if component is None or body["component"] == component else None


def _count(elements: Elements, name: str) -> dict[str, int]:
    values = (item[name] for item in elements.items)
    return dict(sorted(Counter(value if isinstance(value, str) else "unknown" for value in values).items()))


def _moment(raw: bytes) -> datetime:
    moment = parse_time(parse_text(raw))
    if moment is None:
        raise BadValue("holds no time")
    return moment
