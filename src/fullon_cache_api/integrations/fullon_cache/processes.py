"""ProcessCache by its own methods."""

from datetime import UTC, datetime, timedelta

from fullon_cache_api.reads.answer import Answer, Blame, Body, Elements
from fullon_cache_api.reads.processes import (
    ACTIVE,
    COMPONENTS,
    DATA,
    HEALTH_WITHIN,
    HEARTBEAT_WITHIN,
    TYPES,
    process,
)
from fullon_cache_api.reads.values import NEVER, Value, as_object, parse_time, record, text, time_text

from .adapter import adapter
from .call import Calls
from .plain import encoded, plain_list, plain_object

_COUNTS = ("total_processes", "active_processes", "components")
_HEALTH = ("healthy", "total_processes", "by_type", "by_status", "stale_processes", "error_processes")


@adapter("ProcessCache.get_process", get_process=("process_id",))
async def get_process(calls: Calls, process_id: str) -> Answer | None:
    """One process, for as long as the cache remembers it."""
    found = await calls("get_process", process_id=process_id)
    if not found:
        return None
    key = DATA + process_id
    with Blame(key):
        return Answer(process(process_id, _ago(HEARTBEAT_WITHIN), encoded(found)), key)


@adapter("ProcessCache.get_component_status", get_component_status=("component",))
async def get_component_status(calls: Calls, component: str) -> Answer | None:
    """The newest process of a component."""
    found = await calls("get_component_status", component=component)
    if not found:
        return None
    with Blame(COMPONENTS, component):
        fields = plain_object(found)
        process_id = str(fields.get("process_id"))
        body = process(process_id, _ago(HEARTBEAT_WITHIN), encoded(fields))
    return Answer(body, DATA + process_id)


@adapter(
    "ProcessCache.get_active_processes",
    get_active_processes=("process_type", "component", "since_minutes"),
)
async def get_active_processes(
    calls: Calls, process_type: str | None, component: str | None, since_minutes: int
) -> Answer:
    """The processes that were updated lately, newest first."""
    source = ACTIVE + (process_type or "*")
    active = await _active(calls, source, timedelta(minutes=since_minutes), process_type, component)
    return active.answer("processes", source)


@adapter("ProcessCache.get_system_health", get_system_health=(), get_active_processes=("since_minutes",))
async def get_system_health(calls: Calls) -> Answer:
    """Its figures, with the list of the processes, which it does not give, from a second call."""
    found = await calls("get_system_health")
    source = ACTIVE + "*"
    with Blame(source):
        health = plain_object(found)
        body: Body = {name: health.get(name) for name in _HEALTH}
    active = await _active(calls, source, HEALTH_WITHIN)
    return Answer.overview({**body, "processes": active.items}, source, active.skipped, active.sources)


@adapter("ProcessCache.get_metrics", get_metrics=())
async def get_metrics(calls: Calls) -> Answer:
    """How many processes there are; those of each type under `active_{type}`."""
    found = await calls("get_metrics")
    with Blame(ACTIVE + "*"):
        metrics = plain_object(found)
        by_type: dict[str, Value] = {name: metrics.get(f"active_{name}", 0) for name in TYPES}
        body: Body = {name: metrics.get(name) for name in _COUNTS}
        body["active_by_type"] = record(metrics, "active_by_type") or by_type
    return Answer(body, ACTIVE + "*")


@adapter("ProcessCache.get_top", get_top=("deltatime", "comp"))
async def get_top(calls: Calls, since_seconds: int, process_type: str | None) -> Answer:
    """What the processes updated lately are doing, newest first."""
    wanted = {} if process_type is None else {"comp": process_type}
    found = await calls("get_top", deltatime=since_seconds, **wanted)
    source = ACTIVE + (process_type or "*")
    activities: Elements[Body] = Elements()
    with Blame(source):
        given = plain_list(found)
    for fields in given:
        activities.add(source, None, activity, fields)
    activities.newest_first(lambda item: parse_time(item["timestamp"]) or NEVER)
    return activities.answer("processes", source)


def activity(given: Value) -> Body:
    """Return what a process is doing; fullon_cache calls its component the key."""
    fields = as_object(given)
    return {
        "type": text(fields, "type"),
        "component": text(fields, "key"),
        "params": record(fields, "params"),
        "message": text(fields, "message"),
        "timestamp": time_text(fields.get("timestamp")),
    }


async def _active(
    calls: Calls,
    source: str,
    within: timedelta,
    process_type: str | None = None,
    component: str | None = None,
) -> Elements[Body]:
    processes: Elements[Body] = Elements()
    wanted: dict[str, object] = {"since_minutes": within // timedelta(minutes=1)}
    if process_type is not None:
        try:
            wanted["process_type"] = calls.declared("get_active_processes", "process_type", process_type)
        except ValueError:
            # A type that fullon_cache does not know: none of its processes can be of it.
            return processes
    if component is not None:
        wanted["component"] = component
    found = await calls("get_active_processes", **wanted)
    with Blame(source):
        given = [as_object(each) for each in plain_list(found)]
    fresh_since = _ago(within)
    for fields in given:
        # It marks the stale ones in their own fields, by the same rule as here.
        fields.pop("_heartbeat_stale", None)
        process_id = str(fields.get("process_id"))
        processes.add(DATA + process_id, None, process, process_id, fresh_since, encoded(fields))
    processes.newest_first(lambda item: parse_time(item["updated_at"]) or NEVER)
    return processes


def _ago(time: timedelta) -> datetime:
    return datetime.now(UTC) - time
