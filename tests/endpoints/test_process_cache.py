"""Processes, from `process:data:{id}`, `process:active:{type}` and `process:components`."""

from datetime import UTC, datetime

import httpx
import pytest
import redis
from endpoints.layout import PROCESS_ID, ago, put_process, shown
from endpoints.problems import NOT_CACHED, problem

OHLCV_ID = "ohlcv:binance_ohlcv:1704106800.5"
BOT_ID = "bot:bot_7:1704106800.5"


def process(process_id: str, when: str, **members: object) -> dict[str, object]:
    """What an answer shows of a process that `put_process` wrote."""
    process_type, component, _ = process_id.split(":")
    return {
        "process_id": process_id,
        "process_type": process_type,
        "component": component,
        "params": {"exchange": "binance"},
        "status": "running",
        "message": "at work",
        "created_at": "2024-01-01T12:00:00Z",
        "updated_at": shown(when),
        "heartbeat": shown(when),
        "heartbeat_stale": False,
        **members,
    }


@pytest.mark.parametrize("path", [PROCESS_ID, "components/binance_ticker"])
def test_a_process_is_found_by_its_id_and_by_its_component(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    when = put_process(writer, host="h1")
    assert client.get(f"/api/processes/{path}").json() == process(PROCESS_ID, when, host="h1")


def test_a_process_shows_null_for_what_the_cache_lacks(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.set("process:data:x", "{}")
    assert client.get("/api/processes/x").json() == {
        "process_id": "x",
        "process_type": None,
        "component": None,
        "params": None,
        "status": None,
        "message": None,
        "created_at": None,
        "updated_at": None,
        "heartbeat": None,
        "heartbeat_stale": True,
    }


@pytest.mark.parametrize(
    ("age", "stale"), [({"seconds": 290}, False), ({"seconds": 310}, True), ({"seconds": -60}, False)]
)
def test_the_heartbeat_of_one_process_is_stale_after_five_minutes(
    client: httpx.Client, writer: "redis.Redis", age: dict[str, float], stale: bool
) -> None:
    put_process(writer, heartbeat=ago(**age))
    for path in (PROCESS_ID, "components/binance_ticker"):
        assert client.get(f"/api/processes/{path}").json()["heartbeat_stale"] is stale


def test_a_component_has_its_newest_process(client: httpx.Client, writer: "redis.Redis") -> None:
    put_process(writer, "tick:binance_ticker:1.5")
    put_process(writer, "tick:binance_ticker:2.5")
    body = client.get("/api/processes/components/binance_ticker").json()
    assert body["process_id"] == "tick:binance_ticker:2.5"


def test_what_is_stopped_or_forgotten_is_not_found(client: httpx.Client, writer: "redis.Redis") -> None:
    put_process(writer)
    writer.hset("process:components", "forgotten", "tick:forgotten:1.5")
    assert problem(client.get("/api/processes/tick:none:1.5"), "not-cached") == NOT_CACHED
    assert problem(client.get("/api/processes/components/none"), "not-cached") == NOT_CACHED
    assert problem(client.get("/api/processes/components/forgotten"), "not-cached") == NOT_CACHED


def test_active_processes_are_listed_newest_first(client: httpx.Client, writer: "redis.Redis") -> None:
    times = {
        PROCESS_ID: put_process(writer, PROCESS_ID, ago(seconds=100)),
        OHLCV_ID: put_process(writer, OHLCV_ID, ago(seconds=20)),
        BOT_ID: put_process(writer, BOT_ID, ago(seconds=60)),
    }
    assert client.get("/api/processes").json() == {
        "count": 3,
        "processes": [process(name, times[name]) for name in (OHLCV_ID, BOT_ID, PROCESS_ID)],
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [PROCESS_ID, OHLCV_ID]),
        ("?since_minutes=1", [PROCESS_ID]),
        ("?since_minutes=10", [PROCESS_ID, OHLCV_ID, BOT_ID]),
        ("?type=ohlcv", [OHLCV_ID]),
        ("?type=crawler", []),
        ("?component=binance_ohlcv", [OHLCV_ID]),
        ("?component=bot_7&since_minutes=10", [BOT_ID]),
        ("?component=BOT_7&since_minutes=10", []),
        ("?type=tick&component=binance_ohlcv", []),
    ],
)
def test_active_processes_are_filtered(
    client: httpx.Client, writer: "redis.Redis", query: str, ids: list[str]
) -> None:
    put_process(writer, PROCESS_ID)
    put_process(writer, OHLCV_ID, ago(minutes=3))
    put_process(writer, BOT_ID, ago(minutes=8))
    body = client.get(f"/api/processes{query}").json()
    assert [item["process_id"] for item in body["processes"]] == ids
    assert body["count"] == len(ids)


def test_a_listed_heartbeat_is_stale_when_it_is_older_than_the_time_asked_for(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_process(writer, PROCESS_ID, heartbeat=ago(minutes=8))
    put_process(writer, OHLCV_ID, ago(seconds=5), heartbeat=None)
    flags = [
        [item["heartbeat_stale"] for item in client.get(f"/api/processes{query}").json()["processes"]]
        for query in ("", "?since_minutes=10")
    ]
    assert flags == [[True, True], [False, True]]


def test_an_active_process_that_the_cache_forgot_is_not_listed(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_process(writer)
    writer.delete(f"process:data:{PROCESS_ID}")
    assert client.get("/api/processes").json() == {"count": 0, "processes": []}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("type=ticker", "type"),
        ("type=*", "type"),
        ("component=", "component"),
        ("since_minutes=0", "since_minutes"),
        ("since_minutes=1441", "since_minutes"),
    ],
)
def test_filters_that_are_none_are_refused(client: httpx.Client, query: str, name: str) -> None:
    body = problem(client.get(f"/api/processes?{query}"), "bad-parameters")
    assert {(error["in"], error["name"]) for error in body["errors"]} == {("query", name)}


def test_the_system_is_healthy_while_every_process_is(client: httpx.Client, writer: "redis.Redis") -> None:
    newest, oldest = (
        put_process(writer, BOT_ID, ago(minutes=1)),
        put_process(writer, OHLCV_ID, ago(minutes=59)),
    )
    put_process(writer, PROCESS_ID, ago(minutes=61), status="error")
    assert client.get("/api/processes/status").json() == {
        "healthy": True,
        "total_processes": 2,
        "by_type": {"bot": 1, "ohlcv": 1},
        "by_status": {"running": 2},
        "stale_processes": 0,
        "error_processes": 0,
        "processes": [process(BOT_ID, newest), process(OHLCV_ID, oldest)],
    }


@pytest.mark.parametrize(
    ("members", "stale", "errors", "by_status"),
    [
        ({"status": "error"}, 0, 1, {"error": 1, "running": 1}),
        ({"heartbeat": "2024-01-01T12:00:00+00:00"}, 1, 0, {"running": 2}),
        ({"heartbeat": None, "status": None}, 1, 0, {"running": 1, "unknown": 1}),
    ],
)
def test_the_system_is_not_healthy_with_an_error_or_a_silent_process(
    client: httpx.Client,
    writer: "redis.Redis",
    members: dict[str, object],
    stale: int,
    errors: int,
    by_status: dict[str, int],
) -> None:
    put_process(writer, OHLCV_ID)
    put_process(writer, PROCESS_ID, **members)
    body = client.get("/api/processes/status").json()
    del body["processes"]
    assert body == {
        "healthy": False,
        "total_processes": 2,
        "by_type": {"ohlcv": 1, "tick": 1},
        "by_status": by_status,
        "stale_processes": stale,
        "error_processes": errors,
    }


def test_health_counts_only_what_it_shows(client: httpx.Client, writer: "redis.Redis") -> None:
    put_process(writer, OHLCV_ID)
    put_process(writer, PROCESS_ID, status=5)
    body = client.get("/api/processes/status").json()
    assert (body["total_processes"], len(body["processes"]), body["skipped"]) == (1, 1, 1)
    assert (body["by_type"], body["by_status"]) == ({"ohlcv": 1}, {"running": 1})


def test_a_system_without_processes_has_all_zeros(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/processes").json() == {"count": 0, "processes": []}
    assert client.get("/api/processes/top").json() == {"count": 0, "processes": []}
    assert client.get("/api/processes/status").json() == {
        "healthy": True,
        "total_processes": 0,
        "by_type": {},
        "by_status": {},
        "stale_processes": 0,
        "error_processes": 0,
        "processes": [],
    }


TYPES = {
    "tick": 0,
    "ohlcv": 0,
    "bot": 0,
    "account": 0,
    "order": 0,
    "bot_status_service": 0,
    "crawler": 0,
    "user_trades_service": 0,
}


def test_metrics_count_what_is_remembered_and_what_is_active(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_process(writer, PROCESS_ID, ago(days=1))
    put_process(writer, "tick:binance_ticker:2.5")
    put_process(writer, BOT_ID)
    writer.set("process:data:crawler:stopped:1.5", "{}")
    assert client.get("/api/processes/metrics").json() == {
        "total_processes": 4,
        "active_processes": 3,
        "components": 2,
        "active_by_type": {**TYPES, "tick": 2, "bot": 1},
    }


def test_metrics_leave_out_a_type_that_cannot_be_counted(client: httpx.Client, writer: "redis.Redis") -> None:
    put_process(writer, BOT_ID)
    writer.set("process:active:tick", "S3CRET")
    counted = {name: number for name, number in TYPES.items() if name != "tick"}
    assert client.get("/api/processes/metrics").json() == {
        "total_processes": 1,
        "active_processes": 1,
        "components": 1,
        "active_by_type": {**counted, "bot": 1},
        "skipped": 1,
    }
    writer.delete("process:components")
    writer.set("process:components", "S3CRET")
    assert problem(client.get("/api/processes/metrics"), "corrupt-cache")["key"] == "process:components"


def test_top_says_what_each_process_last_did(client: httpx.Client, writer: "redis.Redis") -> None:
    newest = put_process(writer, PROCESS_ID)
    put_process(writer, OHLCV_ID, ago(hours=2), updated_at=None, message=None, params=None)
    put_process(writer, BOT_ID, ago(hours=25))
    assert client.get("/api/processes/top").json() == {
        "count": 2,
        "processes": [
            {
                "type": "tick",
                "component": "binance_ticker",
                "params": {"exchange": "binance"},
                "message": "at work",
                "timestamp": shown(newest),
            },
            {
                "type": "ohlcv",
                "component": "binance_ohlcv",
                "params": None,
                "message": None,
                "timestamp": "2024-01-01T12:00:00Z",
            },
        ],
    }


@pytest.mark.parametrize(
    ("query", "components"),
    [
        ("?type=ohlcv", ["binance_ohlcv"]),
        ("?type=crawler", []),
        ("?since_seconds=60", ["binance_ticker"]),
        ("?since_seconds=604800", ["binance_ticker", "binance_ohlcv", "bot_7"]),
    ],
)
def test_top_is_filtered(
    client: httpx.Client, writer: "redis.Redis", query: str, components: list[str]
) -> None:
    put_process(writer, PROCESS_ID)
    put_process(writer, OHLCV_ID, ago(hours=2))
    put_process(writer, BOT_ID, ago(hours=25))
    body = client.get(f"/api/processes/top{query}").json()
    assert [item["component"] for item in body["processes"]] == components


@pytest.mark.parametrize("query", ["since_seconds=0", "since_seconds=604801", "type=top"])
def test_top_refuses_filters_that_are_none(client: httpx.Client, query: str) -> None:
    body = problem(client.get(f"/api/processes/top?{query}"), "bad-parameters")
    assert {(error["in"], error["name"]) for error in body["errors"]} == {("query", query.partition("=")[0])}


def test_the_one_type_that_was_asked_for_must_be_readable(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_process(writer, BOT_ID)
    writer.set("process:active:tick", "S3CRET")
    assert problem(client.get("/api/processes?type=tick"), "corrupt-cache")["key"] == "process:active:tick"
    body = client.get("/api/processes").json()
    assert (body["count"], body["skipped"]) == (1, 1)


def test_processes_that_cannot_be_read_are_not_healthy(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("process:active:tick", "tick:g:7", datetime.now(UTC).isoformat())
    writer.set("process:data:tick:g:7", "x{broken")
    health = client.get("/api/processes/status").json()
    assert (health["healthy"], health["total_processes"], health["skipped"]) == (False, 0, 1)
