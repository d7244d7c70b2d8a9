"""GET /batch: several endpoints in one request, each with its own status."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import redis
from asgi import answer, http_scope, shipped_schema
from endpoints.proxy import RecordingProxy
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from starlette.types import Scope
from support import back, serving, settings_for

from fullon_cache_api.cache import CacheClient, RedisTarget
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.answers import Source
from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.batch import make_batch
from fullon_cache_api.http.handler import Handler, Respond
from fullon_cache_api.http.response import Response
from fullon_cache_api.http.route import RouteTree

TICKER = "/tickers/binance/BTC-USDT"
PRICE = "/tickers/binance/BTC-USDT/price"


@pytest.fixture(autouse=True)
def cached(writer: "redis.Redis") -> None:
    """A ticker, a position, bars, and something corrupt."""
    writer.hset("tickers:binance", mapping={"BTC/USDT": json.dumps({"last": 1.5}), "BAD/USDT": "{"})
    writer.hset("account_positions", "1", json.dumps({"BTC/USDT": {"volume": 2, "price": 1}}))
    writer.rpush("ohlcv:BTC/USDT:1m", *(json.dumps([number, 1, 1, 1, 1, 1]) for number in range(9)))


def batch(client: httpx.Client, *gets: str, **headers: str) -> httpx.Response:
    return client.get("/api/batch", params=[("get", get) for get in gets], headers=headers)


def entries(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    body = response.json()
    assert shipped_schema("batch.json").is_valid(body)
    assert body["count"] == len(body["answers"])
    answers: list[dict[str, Any]] = body["answers"]
    return answers


def mistakes(response: httpx.Response) -> list[tuple[str, str]]:
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/bad-parameters"
    return [(mistake["name"], mistake["message"]) for mistake in response.json()["errors"]]


def test_each_get_has_the_status_and_the_bytes_of_its_own_endpoint_in_the_order_asked(
    client: httpx.Client,
) -> None:
    gets = [TICKER, "/tickers/binance/NO-SUCH", "/accounts/1/positions", "/ohlcv/BTC-USDT/1m?count=2"]
    response = batch(client, *gets, TICKER)
    answers = entries(response)
    assert [(one["get"], one["status"]) for one in answers] == [
        (TICKER, 200),
        ("/tickers/binance/NO-SUCH", 404),
        ("/accounts/1/positions", 200),
        ("/ohlcv/BTC-USDT/1m?count=2", 200),
        (TICKER, 200),
    ]
    for get in (TICKER, "/accounts/1/positions", "/ohlcv/BTC-USDT/1m?count=2"):
        assert b'"status":200,"body":' + client.get(f"/api{get}").content + b"}" in response.content
    assert [bar[0] for bar in answers[3]["body"]["bars"]] == [7, 8]


def test_the_problem_of_an_entry_is_that_of_its_endpoint_with_the_id_of_the_request(
    client: httpx.Client,
) -> None:
    gets = ["/tickers/binance/NO-SUCH", "/tickers/binance/BAD-USDT", "/ohlcv/BTC-USDT/1m?count=0&x=1"]
    own = {"X-Request-ID": "mine-1"}
    answers = entries(batch(client, *gets, **own))
    assert [one["status"] for one in answers] == [404, 502, 400]
    for one in answers:
        assert one["body"] == client.get(f"/api{one['get']}", headers=own).json()


def test_entries_without_an_id_of_the_request_get_a_new_one_together(client: httpx.Client) -> None:
    answers = entries(batch(client, "/tickers/binance/A-B", "/tickers/binance/C-D"))
    first, second = (one["body"]["request_id"] for one in answers)
    assert first == second
    assert len(first) == 32


def test_a_get_is_decoded_once_and_then_is_a_raw_path_and_query(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("tickers:binance", mapping={"A/B-C": json.dumps({"last": 7})})
    tickers = "get=/tickers/binance/A%252FB-C&get=/tickers/binance/A/B-C"
    bars_encoded = "get=%2Fohlcv%2FBTC%252DUSDT%2F1m%3Fcount%3D1"
    found, nothing, bars = entries(client.get(f"/api/batch?{tickers}&{bars_encoded}"))
    assert (found["get"], found["status"]) == ("/tickers/binance/A%2FB-C", 200)
    assert found["body"]["ticker"]["last"] == 7
    assert (nothing["status"], nothing["body"]["type"]) == (404, "/problems/no-such-endpoint")
    assert (bars["get"], bars["body"]["count"]) == ("/ohlcv/BTC%2DUSDT/1m?count=1", 1)


OUTSIDE = [
    *("/batch", "/batch?get=/tickers", "/%62atch", "/health", "/openapi.json", "/docs", "/", "/api/tickers"),
    *("/../health", "/tickers/../../health", "/tickers/./binance", "/tickers/..", "/%2e%2e/health", "/."),
    *("/tickers/", "/tickers//BTC-USDT", "/problems/not-cached", "/nothing", "/api/batch"),
]
NO_PATHS = [
    *("", "tickers", "http://evil.example/", "//evil.example/tickers", "//", "https:/tickers", "\\tickers"),
    *("/tickers#x", "/tickers/binance/BTC USDT", "/tickers\r\nX-Evil: 1", "/tickers/é", "/tickers\0", "?x=1"),
    *("/tickers\x7f", "*", "unix:/run/redis.sock", "/tickers?x=a#b"),
]


@pytest.mark.parametrize("get", OUTSIDE)
def test_nothing_but_the_specs_endpoints_can_be_asked(client: httpx.Client, get: str) -> None:
    (one,) = entries(batch(client, get))
    assert (one["get"], one["status"], one["body"]["type"]) == (get, 404, "/problems/no-such-endpoint")


@pytest.mark.parametrize("get", NO_PATHS)
def test_what_is_no_path_below_the_prefix_is_the_entrys_mistake(client: httpx.Client, get: str) -> None:
    (one,) = entries(batch(client, get))
    assert (one["get"], one["status"], one["body"]["type"]) == (get, 400, "/problems/bad-parameters")
    assert one["body"]["errors"][0]["name"] == "get"
    assert one["body"]["instance"].startswith("/api/" if get.startswith("/") else "/api/batch")


def test_fifty_can_be_asked_and_no_more(client: httpx.Client) -> None:
    assert len(entries(batch(client, *[TICKER] * 50))) == 50
    assert mistakes(batch(client, *[TICKER] * 51)) == [("get", "is given more than 50 times")]
    assert len(entries(client.get("/api/batch?&" + f"get={TICKER}&&" * 50))) == 50
    assert mistakes(client.get("/api/batch?" + "&" * 60_000)) == [("get", "is missing")]


@pytest.mark.parametrize("query", ["", "?", "?&&"])
def test_a_batch_of_nothing_is_a_mistake(client: httpx.Client, query: str) -> None:
    assert mistakes(client.get(f"/api/batch{query}")) == [("get", "is missing")]


def test_other_parameters_and_what_cannot_be_decoded_are_mistakes_of_the_whole(client: httpx.Client) -> None:
    url = f"/api/batch?get={TICKER}&gte=/tickers&get=%zz&get=%ff&%ff=1"
    assert mistakes(client.get(url)) == [
        ("gte", 'is not a parameter of this endpoint; did you mean "get"?'),
        ("get", "has a name or a value that has a % that is not followed by two hexadecimal digits"),
        ("get", "has a name or a value that is not UTF-8"),
    ]


def test_a_batch_may_be_kept_for_as_long_as_the_shortest_of_its_answers(client: httpx.Client) -> None:
    def lifetime(*gets: str) -> str:
        return batch(client, *gets).headers["cache-control"]

    def own(get: str) -> str:
        return client.get(f"/api{get}").headers["cache-control"]

    assert (own(TICKER), own("/ohlcv/BTC-USDT/1m"), own("/accounts/1/positions")) == (
        "no-cache",
        "max-age=5",
        "no-store",
    )
    assert lifetime("/ohlcv/BTC-USDT/1m") == "max-age=5"
    assert lifetime("/ohlcv/BTC-USDT/1m", TICKER) == "no-cache"
    assert lifetime("/ohlcv/BTC-USDT/1m", "/trades/status") == "max-age=1"
    assert lifetime("/ohlcv/BTC-USDT/1m", "/accounts/1/positions", TICKER) == "no-store"
    assert lifetime(TICKER, "/tickers/binance/NO-SUCH") == "no-store"
    assert lifetime(TICKER, "/nowhere") == "no-store"


def test_a_known_batch_is_304_until_one_of_its_answers_changes(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    first = batch(client, TICKER, PRICE)
    known = {"If-None-Match": first.headers["etag"]}
    again = batch(client, TICKER, PRICE, **known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    writer.hset("tickers:binance", "BTC/USDT", json.dumps({"last": 2.5}))
    assert batch(client, TICKER, PRICE, **known).status_code == 200


def test_conditions_of_the_request_are_not_those_of_its_entries(client: httpx.Client) -> None:
    tag = client.get(f"/api{TICKER}").headers["etag"]
    (one,) = entries(batch(client, TICKER, **{"If-None-Match": tag}))
    assert one["status"] == 200
    assert batch(client, TICKER, **{"If-None-Match": "*"}).status_code == 304


def test_head_and_options_and_other_methods_are_those_of_an_endpoint(client: httpx.Client) -> None:
    url = f"/api/batch?get={TICKER}"
    get, head, options = client.get(url), client.head(url), client.options(url)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", get.headers["etag"])
    assert int(head.headers["content-length"]) == len(get.content)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert client.post(url).status_code == 405


def test_reads_that_take_one_round_trip_take_one_together(redis_server: EmbeddedServer) -> None:
    gets = [f"/tickers/binance/S{number}-USDT" for number in range(20)]
    gets += [f"/accounts/{number}/positions" for number in range(10)]
    gets += [f"/ohlcv/S{number}-USDT/1m?count=3" for number in range(10)]
    gets += [f"/exchanges/binance/orders/{number}" for number in range(10)]
    with RecordingProxy(redis_server.url) as proxy:
        with serving(FullonCacheGateway(settings=settings_for(proxy.url))) as client:
            client.get("/health")
            took = []
            for _ in range(5):
                proxy.reset()
                assert len(entries(batch(client, *gets))) == 50
                took.append((proxy.round_trips, len(proxy.commands)))
        # What is of one hash is one HMGET, each of the bars has two spellings.
        # A busy machine may make two trips.
        assert min(took) == (1, 1 + 1 + 2 * 10 + 1)


def test_equal_gets_are_read_once(redis_server: EmbeddedServer) -> None:
    with RecordingProxy(redis_server.url) as proxy:
        with serving(FullonCacheGateway(settings=settings_for(proxy.url))) as client:
            client.get("/health")
            proxy.reset()
            assert len({json.dumps(one) for one in entries(batch(client, *["/tickers/binance"] * 50))}) == 1
        assert proxy.commands == [("HSCAN", "tickers:binance", "0", "COUNT", "1200")]


def test_an_answer_that_makes_the_whole_too_large_is_a_problem_of_its_own(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("tickers:big", mapping={f"S{n}/USDT": json.dumps({"bid": n}) for n in range(3_000)})
    size = len(client.get("/api/tickers/big").content)
    times = 4_000_000 // size + 1
    answers = entries(batch(client, TICKER, *["/tickers/big"] * times))
    assert [one["status"] for one in answers] == [200, *[413] * times]
    assert answers[1]["body"]["type"] == "/problems/batch-too-large"
    response = batch(client, *["/tickers/big"] * (times - 1))
    assert {one["status"] for one in entries(response)} == {200}
    assert len(response.content) < 4_100_000


def test_what_reads_all_that_there_is_is_read_a_few_at_a_time(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    exchanges = [f"x{number}" for number in range(30)]
    for exchange in exchanges:
        writer.hset(f"tickers:{exchange}", "BTC/USDT", json.dumps({"last": 1}))
    with RecordingProxy(redis_server.url) as proxy:
        with serving(FullonCacheGateway(settings=settings_for(proxy.url))) as client:
            client.get("/health")
            proxy.reset()
            answers = entries(batch(client, *(f"/tickers/{exchange}" for exchange in exchanges)))
        assert [one["body"]["count"] for one in answers] == [1] * 30
        assert len(proxy.commands) == 30
        assert proxy.round_trips >= 30 // 4


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A Redis for one test to kill or pause."""
    with EmbeddedServer(port=0) as server:
        yield server


def test_an_outage_is_the_problem_of_the_whole(own_server: EmbeddedServer) -> None:
    with serving(FullonCacheGateway(settings=settings_for(own_server.url))) as client:
        assert batch(client, TICKER).status_code == 200
        own_server.kill()
        for gets in ([TICKER], [TICKER, PRICE, "/tickers"], [TICKER, "/nowhere", "/ohlcv/BTC-USDT/1m?x=1"]):
            response = batch(client, *gets)
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert response.json()["type"] == "/problems/cache-unavailable"
            assert response.json()["instance"] == "/api/batch"
        assert [one["status"] for one in entries(batch(client, "/nowhere", "/tickers?x=1"))] == [404, 400]
        own_server.restart()
        back(client)
        assert entries(batch(client, TICKER))[0]["status"] == 404


def test_a_redis_that_hangs_ends_the_whole_at_one_deadline(own_server: EmbeddedServer) -> None:
    settings = settings_for(own_server.url, API_DEADLINE="0.3")
    with serving(FullonCacheGateway(settings=settings)) as client:
        assert batch(client, TICKER).status_code == 200
        own_server.pause()
        try:
            started = time.monotonic()
            response = batch(client, TICKER, *(f"/tickers/x{number}" for number in range(40)))
            assert (response.status_code, response.json()["type"]) == (504, "/problems/cache-timeout")
            assert time.monotonic() - started < 1.5
        finally:
            own_server.resume()


@examples(60)
@given(st.lists(st.text(max_size=20) | st.sampled_from([*OUTSIDE, *NO_PATHS, TICKER, PRICE]), min_size=1))
def test_any_gets_have_an_answer_each_or_are_too_many(client: httpx.Client, gets: list[str]) -> None:
    url = "/api/batch?" + "&".join(f"get={quote(get, safe='')}" for get in gets)
    response = client.get(url)
    if len(gets) > 50:
        assert response.status_code == 400
    else:
        answers = entries(response)
        assert [one["get"] for one in answers] == gets
        assert {one["status"] for one in answers if one["get"] in (TICKER, PRICE)} <= {200}
        assert {one["status"] for one in answers} <= {200, 400, 404}


@pytest.mark.anyio
async def test_an_unforeseen_error_is_its_entrys_problem_and_says_nothing_of_itself(
    gateway: FullonCacheGateway,
) -> None:
    def handler(segments: Sequence[bytes], query_string: bytes) -> Respond:
        async def respond(scope: Scope) -> Response:
            if segments[-1] == b"well":
                return Response.sized(200, (), b'{"well":1}')
            raise RuntimeError("secret")

        return respond

    tree: RouteTree[Handler] = RouteTree()
    source = Source.of(CacheClient(RedisTarget().connection), 2.0)
    tree.add("/a/{b}", handler)
    endpoint = replace(gateway.spec.endpoints[0], path="/a/{b}")
    tree.add("/batch", make_batch(tree.find, "", [endpoint], source, gateway.get_app().problem))
    app = GatewayApp(tree, {}, lambda *_: None, gateway.close)
    answered = await answer(app, http_scope("/batch?get=/a/well&get=/a/ill"))
    well, ill = answered.json()["answers"]
    assert (well["status"], well["body"]) == (200, {"well": 1})
    assert (ill["status"], ill["body"]["type"], ill["body"]["instance"]) == (
        500,
        "/problems/internal-error",
        "/a/ill",
    )
    assert b"secret" not in answered.body
