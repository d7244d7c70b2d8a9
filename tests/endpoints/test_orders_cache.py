"""Orders, from the hashes `order_status:{exchange}`, and the queues `new_orders:{local_oid}`."""

import json

import httpx
import pytest
import redis
from endpoints.layout import ORDER, put_order
from endpoints.problems import NOT_CACHED, problem

SHOWN = {**ORDER, "symbol": "BTC-USDT", "timestamp": "2024-01-01T12:00:00Z"}


def test_an_order_shows_every_member_of_the_cache(client: httpx.Client, writer: "redis.Redis") -> None:
    put_order(writer, "binance", "28457193", further={"a": [1, None]})
    response = client.get("/api/exchanges/binance/orders/28457193")
    assert response.status_code == 200
    assert response.json() == {**SHOWN, "further": {"a": [1, None]}}


def test_an_orders_id_and_exchange_are_its_place_in_the_cache(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("order_status:binance", "A-1", '{"order_id": 17, "exchange": 3, "symbol": null}')
    assert client.get("/api/exchanges/binance/orders/A-1").json() == {
        "order_id": "A-1",
        "exchange": "binance",
        "symbol": None,
    }


def test_integers_of_an_order_are_exact(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("order_status:binance", "1", '{"ex_order_id": 123456789012345678901234567890, "volume": NaN}')
    assert client.get("/api/exchanges/binance/orders/1").text == (
        '{"ex_order_id":123456789012345678901234567890,"volume":null,"order_id":"1","exchange":"binance"}'
    )


@pytest.mark.parametrize(
    "path",
    [
        "/api/exchanges/binance/orders/2",
        "/api/exchanges/kraken/orders/1",
        "/api/orders/2/status",
        "/api/orders/1/status?exchange=kraken",
    ],
)
def test_an_order_that_is_not_cached_is_not_found(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    put_order(writer, "binance", "1")
    assert problem(client.get(path), "not-cached") == NOT_CACHED


@pytest.mark.parametrize("query", ["", "?exchange=binance"])
def test_the_status_of_an_order_is_found_with_and_without_its_exchange(
    client: httpx.Client, writer: "redis.Redis", query: str
) -> None:
    put_order(writer, "binance", "28457193")
    put_order(writer, "kraken", "2")
    assert client.get(f"/api/orders/28457193/status{query}").json() == {
        "order_id": "28457193",
        "exchange": "binance",
        "status": "open",
        "order": SHOWN,
    }


def test_an_order_without_a_status_has_a_null_one(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("order_status:binance", "1", "{}")
    assert client.get("/api/orders/1/status").json() == {
        "order_id": "1",
        "exchange": "binance",
        "status": None,
        "order": {"order_id": "1", "exchange": "binance"},
    }


def test_an_id_that_several_exchanges_know_is_a_conflict_that_names_them(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    for exchange in ("kraken", "binance", "bitfinex"):
        put_order(writer, exchange, "1")
    put_order(writer, "bybit", "2")
    assert problem(client.get("/api/orders/1/status"), "ambiguous-order") == {
        "detail": "The order id is cached on binance, bitfinex, kraken: say which with ?exchange=.",
        "exchanges": ["binance", "bitfinex", "kraken"],
    }
    assert client.get("/api/orders/1/status?exchange=kraken").json()["exchange"] == "kraken"


def test_an_exchange_that_cannot_be_read_hides_no_order_of_another(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.set("order_status:kraken", "S3CRET")
    put_order(writer, "binance", "1")
    assert client.get("/api/orders/1/status").json()["exchange"] == "binance"
    body = problem(client.get("/api/orders/2/status"), "corrupt-cache")
    assert body["key"] == "order_status:kraken"


def put_some(writer: "redis.Redis") -> None:
    put_order(writer, "binance", "1", status="open", symbol="BTC/USDT", uid=42)
    put_order(writer, "binance", "2", status="canceled", symbol="BTC/USDT", uid="42")
    put_order(writer, "binance", "3", status="open", symbol="BTC-PERP", uid=7)
    put_order(writer, "binance", "4", status=None, symbol=None, uid=None)
    put_order(writer, "kraken", "5", status="open", symbol="BTC/USDT:USDT", uid=42)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["1", "2", "3", "4"]),
        ("?status=open", ["1", "3"]),
        ("?status=closed", []),
        ("?symbol=BTC-USDT", ["1", "2"]),
        ("?symbol=BTC%2FUSDT", ["1", "2"]),
        ("?symbol=BTC/USDT", ["1", "2"]),
        ("?symbol=BTC-PERP", ["3"]),
        ("?symbol=BTC%2FPERP", []),
        ("?symbol=BTC-USDT&status=canceled", ["2"]),
    ],
)
def test_orders_of_an_exchange_are_filtered(
    client: httpx.Client, writer: "redis.Redis", query: str, ids: list[str]
) -> None:
    put_some(writer)
    body = client.get(f"/api/exchanges/binance/orders{query}").json()
    assert [order["order_id"] for order in body["orders"]] == ids
    assert (body["exchange"], body["count"]) == ("binance", len(ids))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["1", "2", "5"]),
        ("?exchange=binance", ["1", "2"]),
        ("?exchange=kraken", ["5"]),
        ("?exchange=bybit", []),
        ("?status=open", ["1", "5"]),
        ("?symbol=BTC-USDT:USDT", ["5"]),
        ("?exchange=binance&status=canceled&symbol=BTC-USDT", ["2"]),
    ],
)
def test_orders_of_a_user_are_filtered_and_nobody_elses(
    client: httpx.Client, writer: "redis.Redis", query: str, ids: list[str]
) -> None:
    put_some(writer)
    body = client.get(f"/api/orders/42/orders{query}").json()
    assert [order["order_id"] for order in body["orders"]] == ids
    assert (body["user_id"], body["count"]) == (42, len(ids))


def test_orders_are_listed_in_full(client: httpx.Client, writer: "redis.Redis") -> None:
    put_order(writer, "binance", "28457193")
    assert client.get("/api/exchanges/binance/orders").json() == {
        "exchange": "binance",
        "count": 1,
        "orders": [SHOWN],
    }
    assert client.get("/api/orders/42/orders").json() == {"user_id": 42, "count": 1, "orders": [SHOWN]}


def test_no_orders_are_an_empty_list(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/exchanges/binance/orders").json() == {
        "exchange": "binance",
        "count": 0,
        "orders": [],
    }
    assert client.get("/api/orders/42/orders").json() == {"user_id": 42, "count": 0, "orders": []}
    assert client.get("/api/orders/queue/size").json() == {"size": 0, "queues": []}


def test_a_corrupt_order_of_somebody_else_is_not_counted_as_left_out(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_order(writer, "binance", "1", uid=7, timestamp="yesterday")
    put_order(writer, "binance", "2", uid=42)
    body = client.get("/api/orders/42/orders").json()
    assert (body["count"], "skipped" in body) == (1, False)
    assert client.get("/api/orders/7/orders").json() == {"user_id": 7, "count": 0, "orders": [], "skipped": 1}


@pytest.mark.parametrize(
    "query", ["status=", "status=a%20b", "symbol=", "symbol=%00", "status=open&status=open"]
)
def test_filters_that_are_none_are_refused(client: httpx.Client, query: str) -> None:
    name = query.partition("=")[0]
    for path in ("/api/exchanges/binance/orders", "/api/orders/42/orders"):
        body = problem(client.get(f"{path}?{query}"), "bad-parameters")
        assert {(error["in"], error["name"]) for error in body["errors"]} == {("query", name)}


def test_the_queues_of_new_orders_have_sizes(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.rpush("new_orders:L1", "28457193", "28457194")
    writer.rpush("new_orders:L:2", *map(str, range(1_000)))
    state = {"processing_rate": None, "last_processed": None}
    assert client.get("/api/orders/queue/size").json() == {
        "size": 1_002,
        "queues": [
            {"queue_name": "L1", "size": 2, "health_status": "healthy", **state},
            {"queue_name": "L:2", "size": 1_000, "health_status": "backlog", **state},
        ],
    }
    assert writer.llen("new_orders:L1") == 2


def test_a_queue_of_another_type_is_left_out(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.rpush("new_orders:L1", "28457193")
    writer.set("new_orders:L2", "S3CRET")
    body = client.get("/api/orders/queue/size").json()
    assert (body["size"], len(body["queues"]), body["skipped"]) == (1, 1, 1)


def test_canceled_orders_are_read_until_their_hash_expires(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_order(writer, "binance", "1", status="canceled")
    writer.expire("order_status:binance", 3_600)
    assert client.get("/api/orders/1/status").json()["status"] == "canceled"
    assert 0 < writer.ttl("order_status:binance") <= 3_600


def test_an_order_of_any_id_that_exchanges_give_is_found(client: httpx.Client, writer: "redis.Redis") -> None:
    for order_id in ("28457193", "O-1_2.3:4", "x" * 128):
        writer.hset("order_status:binance", order_id, json.dumps({}))
        assert client.get(f"/api/exchanges/binance/orders/{order_id}").json()["order_id"] == order_id
