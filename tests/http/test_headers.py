"""What every answer carries: nosniff, no-store where it is about accounts, ids; and never a server's name."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
import redis
from asgi import http_scope
from bounded import answer_of, bounded
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from profiles import examples
from support import settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.request_id import trace_id

if TYPE_CHECKING:
    from loguru import Message

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"

ACCOUNT_DATA = (
    "/api/accounts",
    "/api/accounts/summary",
    "/api/accounts/1/balances",
    "/api/accounts/1/balances/USDT",
    "/api/accounts/1/positions",
    "/api/accounts/1/positions/BTC-USDT",
    "/api/positions",
    "/api/orders/1/status?exchange=binance",
    "/api/orders/1/orders",
    "/api/exchanges/binance/orders",
    "/api/exchanges/binance/orders/1",
    "/api/trades/users/1/binance",
    "/api/bots",
    "/api/bots/1/status",
    "/api/bots/binance/BTC-USDT/blocked",
    "/api/batch?get=/accounts",
)
OTHERS = (
    "/api/tickers",
    "/api/tickers/binance/NO-PE",
    "/api/tickers?nonsense=1",
    "/nothing",
    "/",
    "/health",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/openapi.yaml",
    "/docs",
    "/redoc",
    "/problems/not-cached",
)


@pytest.fixture(scope="module")
def served(redis_server: EmbeddedServer) -> Iterator[httpx.Client]:
    """A client of what `serve` serves, with its own server."""
    gateway = FullonCacheGateway(settings=settings_for(redis_server.url))
    with bounded(gateway.get_app()) as running, httpx.Client(base_url=running.url) as client:
        yield client


@pytest.mark.parametrize("target", [*ACCOUNT_DATA, *OTHERS])
def test_every_answer_forbids_guessing_its_type_and_names_no_server(
    served: httpx.Client, writer: "redis.Redis", target: str
) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = served.request(method, target, headers={"Accept": "text/html, */*"})
        assert answer.headers["x-content-type-options"] == "nosniff", method
        assert "server" not in answer.headers
        assert "x-powered-by" not in answer.headers


@pytest.mark.parametrize("target", ACCOUNT_DATA)
def test_what_is_about_accounts_is_never_stored(
    served: httpx.Client, writer: "redis.Redis", target: str
) -> None:
    writer.hset("account_positions", "1", json.dumps({"BTC/USDT": {"cost": 1, "volume": 1, "fee": 0}}))
    assert served.get(target).headers["cache-control"] == "no-store"
    assert served.head(target).headers["cache-control"] == "no-store"


def test_what_is_not_modified_is_not_stored_either(served: httpx.Client, writer: "redis.Redis") -> None:
    first = served.get("/api/accounts")
    again = served.get("/api/accounts", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-store")


def test_a_well_formed_id_goes_with_every_answer_and_another_with_none(
    served: httpx.Client, writer: "redis.Redis"
) -> None:
    for target, status in (("/api/tickers", 200), ("/health/live", 200), ("/nothing", 404)):
        answer = served.get(target, headers={"X-Request-ID": "desk-7.a_B"})
        assert (answer.status_code, answer.headers["x-request-id"]) == (status, "desk-7.a_B")
    for given_id in ("a b", "x" * 65, "<script>", ""):
        assert "x-request-id" not in served.get("/api/tickers", headers={"X-Request-ID": given_id}).headers
        made = served.get("/nothing", headers={"X-Request-ID": given_id})
        assert made.headers["x-request-id"] == made.json()["request_id"] != given_id
    assert "x-request-id" not in served.get("/api/tickers").headers
    several = [("X-Request-ID", "one"), ("X-Request-ID", "two")]
    assert "x-request-id" not in served.get("/api/tickers", headers=several).headers
    assert served.get("/nothing", headers=several).headers["x-request-id"] not in ("one", "two")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (f"00-{TRACE}-{SPAN}-01", TRACE),
        (f"00-{TRACE}-{SPAN}-00", TRACE),
        (f"  00-{TRACE}-{SPAN}-01\t", TRACE),
        (f"cc-{TRACE}-{SPAN}-01", TRACE),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", TRACE),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"cc-{TRACE}-{SPAN}-01.more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE[1:]}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-1", None),
        (f"cc-{TRACE}-{SPAN}-01-" + "x" * 500, None),
        ("", None),
    ],
)
def test_a_traceparent_is_taken_where_it_is_well_formed(value: str, found: str | None) -> None:
    assert trace_id(http_scope(headers=[("traceparent", value)])) == found


def test_of_two_traceparents_none_is_taken() -> None:
    value = f"00-{TRACE}-{SPAN}-01"
    assert trace_id(http_scope(headers=[("traceparent", value), ("traceparent", value)])) is None


@examples(200)
@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_whatever_a_traceparent_says_what_is_taken_is_an_id(value: str) -> None:
    found = trace_id(http_scope(headers=[("traceparent", value)]))
    assert found is None or (len(found) == 32 and set(found) <= set("0123456789abcdef"))


def test_the_log_of_a_failed_request_names_its_trace(served: httpx.Client) -> None:
    fields: list[dict[str, object]] = []

    def keep(message: "Message") -> None:
        fields.append(dict(message.record["extra"].get("fields", {})))

    sink = logger.add(keep)
    try:
        ids = {"X-Request-ID": "a-1", "traceparent": f"00-{TRACE}-{SPAN}-01"}
        answer = served.get("/nothing", headers=ids)
        served.get("/nothing", headers={"X-Request-ID": "a-2", "traceparent": "nonsense"})
    finally:
        logger.remove(sink)
    # Trace Context has no field for answers.
    assert "traceparent" not in answer.headers
    found = {entry.get("request_id"): entry.get("trace_id") for entry in fields}
    assert found == {"a-1": TRACE, "a-2": None}


def test_what_the_server_itself_answers_carries_the_same(redis_server: EmbeddedServer) -> None:
    gateway = FullonCacheGateway(settings=settings_for(redis_server.url))
    with bounded(gateway.get_app()) as running:
        client = running.connect()
        client.sendall(b"nonsense\r\n\r\n")
        status, headers, body = answer_of(client)
    assert status == 400
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert headers["x-request-id"] == json.loads(body)["request_id"]
