"""Rates, requests at a time, pages of other origins: what stands before the application, over real HTTP."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from support import CHECKOUT, serving, serving_app, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.admission import AdmittingApp, RateControl, RequestLimit
from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.response import Response
from fullon_cache_api.integrations.fastapi.mount import mount_cache
from fullon_cache_api.limits import RateLimit

HEALTH = ("/health", "/health/live", "/health/ready")
CORS = """
cors:
  origins: [https://desk.example, "http://localhost:3000"]
  headers: [X-Desk]
  max_age: 60
"""


def refusal(scope: Scope, error: Exception) -> Response:
    return Response.sized(503, (), str(error).encode())


@pytest.fixture
def limited(redis_server: EmbeddedServer) -> Iterator[httpx.Client]:
    settings = settings_for(redis_server.url, API_RATE="0.01", API_RATE_BURST="3")
    with serving(FullonCacheGateway(settings=settings)) as client:
        yield client


def test_without_limits_there_is_nothing_before_the_application(redis_server: EmbeddedServer) -> None:
    app = FullonCacheGateway(settings=settings_for(redis_server.url)).get_app()
    assert type(app) is GatewayApp


def test_each_answer_says_what_is_left_and_what_is_beyond_is_429(limited: httpx.Client) -> None:
    answers = [limited.get("/api/tickers") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"client";q=3;w=300'}
    left = [re.fullmatch(r'"client";r=(\d);t=(\d+)', answer.headers["ratelimit"]) for answer in answers]
    assert [match and match[1] for match in left] == ["2", "1", "0", "0", "0"]
    assert left[0] and 95 <= int(left[0][2]) <= 100
    assert 1 <= int(answers[3].headers["retry-after"]) <= 100
    problem = answers[3].json()
    assert problem["type"] == "/problems/rate-limited"
    assert problem["instance"] == "/api/tickers"
    assert answers[3].headers["cache-control"] == "no-store"
    assert answers[3].headers["x-content-type-options"] == "nosniff"


def test_health_is_neither_limited_nor_counted(limited: httpx.Client) -> None:
    for _ in range(4):
        answers = [limited.get(path) for path in HEALTH]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert not any("ratelimit" in answer.headers for answer in answers)
    assert limited.get("/api/tickers").headers["ratelimit"].startswith('"client";r=2;')


def test_problems_and_unknown_paths_count_too(limited: httpx.Client) -> None:
    assert [limited.get("/nothing").status_code for _ in range(4)] == [404, 404, 404, 429]


def test_a_batch_counts_as_one_request_whatever_it_asks_for(limited: httpx.Client) -> None:
    fifty = [("get", f"/tickers/binance/C{number}-USDT") for number in range(50)]
    answers = [limited.get("/api/batch", params=fifty) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].json()["count"] == 50
    assert answers[0].headers["ratelimit"].startswith('"client";r=2;')


def test_large_answers_say_what_is_left_too(limited: httpx.Client, writer: "redis.Redis") -> None:
    tick = '{"bid": 1.5, "ask": 2.5, "last": 2.0, "volume": 1.0, "time": "2024-01-01T12:00:00+00:00"}'
    writer.hset("tickers:binance", mapping={f"A{n}/B": tick for n in range(3_000)})
    answer = limited.get("/api/tickers/binance")
    assert "content-length" not in answer.headers
    assert answer.json()["count"] == 3_000
    assert answer.headers["ratelimit"].startswith('"client";r=2;')


def test_beyond_the_requests_at_a_time_the_answer_is_503_but_for_health() -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    held: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/held":
            held.append("held")
            entered.set()
            await go.wait()
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    async def use() -> None:
        limit = RequestLimit(app, refusal, 2)
        transport = httpx.ASGITransport(limit)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            running = [asyncio.ensure_future(client.get("/held")) for _ in range(2)]
            while len(held) < 2:
                await asyncio.sleep(0)
            refused = await client.get("/held")
            assert (refused.status_code, refused.text) == (503, "too many requests")
            assert [(await client.get(path)).status_code for path in HEALTH] == [204, 204, 204]
            go.set()
            assert [(await one).status_code for one in running] == [204, 204]
            assert (await client.get("/other")).status_code == 204

    asyncio.run(use())


def test_a_request_that_fails_gives_its_place_back() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def use() -> None:
        limit = RequestLimit(app, refusal, 1)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(limit), base_url="http://x") as client:
            for _ in range(3):
                with pytest.raises(ZeroDivisionError):
                    await client.get("/")

    asyncio.run(use())


def test_the_gateway_sheds_requests_as_its_settings_say(redis_server: EmbeddedServer) -> None:
    settings = settings_for(redis_server.url, API_MAX_REQUESTS="1")
    app = FullonCacheGateway(settings=settings).get_app()
    assert isinstance(app, AdmittingApp)
    with serving_app(app) as client:
        assert [client.get("/api/tickers").status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.slow
def test_large_answers_at_a_time_are_bounded_and_each_place_is_given_back(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    tick = '{"bid": 1.5, "ask": 2.5, "last": 2.0, "volume": 1.0, "time": "2024-01-01T12:00:00+00:00"}'
    writer.hset("tickers:binance", mapping={f"A{n}/B": tick for n in range(60_000)})
    gateway = FullonCacheGateway(settings=settings_for(redis_server.url, API_MAX_STREAMS="2"))
    with serving(gateway) as client:
        for _ in range(3):
            with (
                client.stream("GET", "/api/tickers/binance") as first,
                client.stream("GET", "/api/tickers/binance") as second,
            ):
                assert (first.status_code, second.status_code) == (200, 200)
                refused = client.get("/api/tickers/binance")
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
                assert refused.json()["type"] == "/problems/overloaded"
                # What is made as a whole takes as much memory.
                assert client.get("/api/tickers/binance?fields=symbol").status_code == 503
                assert client.get("/api/trades/status").status_code == 200
            # Both were left before their end; their places are free once the server has seen that.
            for _ in range(1_000):
                if client.head("/api/tickers/binance").status_code == 200:
                    break
            assert client.get("/api/tickers/binance").json()["count"] == 60_000


def gateway_with(text: str, folder: Path, redis_url: str, **variables: str) -> FullonCacheGateway:
    spec = folder / "endpoints.yaml"
    spec.write_text((CHECKOUT / "endpoints.yaml").read_text(encoding="utf-8") + text, encoding="utf-8")
    return FullonCacheGateway(spec=spec, settings=settings_for(redis_url, **variables))


def test_no_other_origin_is_allowed_unless_the_spec_says_so(client: httpx.Client) -> None:
    answer = client.get("/api/tickers", headers={"Origin": "https://desk.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = client.options(
        "/api/tickers",
        headers={"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"},
    )
    assert preflight.status_code == 204
    assert not [name for name in preflight.headers if name.startswith("access-control")]


def test_pages_of_the_named_origins_may_read_answers_and_refusals(
    redis_server: EmbeddedServer, writer: "redis.Redis", tmp_path: Path
) -> None:
    gateway = gateway_with(CORS, tmp_path, redis_server.url, API_RATE="0.01", API_RATE_BURST="4")
    with serving(gateway) as client:
        for origin in ("https://desk.example", "http://localhost:3000"):
            answer = client.get("/api/tickers", headers={"Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert "Origin" in answer.headers["vary"]
            assert "access-control-allow-credentials" not in answer.headers
            exposed = answer.headers["access-control-expose-headers"].split(", ")
            assert {"ETag", "Link", "Age", "X-Request-ID", "RateLimit", "Retry-After"} <= set(exposed)
        for origin in ("https://evil.example", "https://desk.example.evil.example", "null"):
            answer = client.get("/api/tickers", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
            assert "Origin" in answer.headers["vary"]
        refused = client.get("/api/tickers", headers={"Origin": "https://desk.example"})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (
            429,
            "https://desk.example",
        )
        # An answer without an Origin depends on it as well, for whoever keeps it.
        assert "Origin" in client.get("/health/live").headers["vary"]


def test_a_preflight_request_says_what_a_page_may_ask(redis_server: EmbeddedServer, tmp_path: Path) -> None:
    with serving(gateway_with(CORS, tmp_path, redis_server.url)) as client:

        def preflight(origin: str, method: str, headers: str) -> httpx.Response:
            asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
            return client.options("/api/tickers", headers={"Origin": origin, **asked})

        allowed = preflight("https://desk.example", "GET", "x-desk, if-none-match, authorization, x-api-key")
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
        assert allowed.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
        assert allowed.headers["access-control-max-age"] == "60"
        assert allowed.headers["x-content-type-options"] == "nosniff"
        for refused in (
            preflight("https://evil.example", "GET", "x-desk"),
            preflight("https://desk.example", "DELETE", "x-desk"),
            preflight("https://desk.example", "GET", "x-other"),
        ):
            assert refused.status_code == 400
        assert "access-control-allow-origin" not in preflight("https://evil.example", "GET", "x").headers
        plain = client.options("/api/tickers", headers={"Origin": "https://desk.example"})
        assert (plain.status_code, plain.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_all_origins_are_a_star_and_credentials_name_the_origin(
    redis_server: EmbeddedServer, tmp_path: Path
) -> None:
    every = "\ncors: {origins: ['*']}\n"
    with serving(gateway_with(every, tmp_path, redis_server.url)) as client:
        answer = client.get("/api/tickers", headers={"Origin": "https://any.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    named = "\ncors: {origins: ['https://desk.example'], credentials: true}\n"
    with serving(gateway_with(named, tmp_path, redis_server.url)) as client:
        answer = client.get("/api/tickers", headers={"Origin": "https://desk.example"})
        assert answer.headers["access-control-allow-origin"] == "https://desk.example"
        assert answer.headers["access-control-allow-credentials"] == "true"


def test_what_is_shared_is_preferred_and_what_is_not_there_is_counted_alone() -> None:
    answers: list[tuple[float, float] | None] = [(0.0, 4.0), None, (7.2, 5.0)]

    async def share(name: str) -> tuple[float, float] | None:
        return answers.pop(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def use() -> None:
        control = RateControl(app, refusal, RateLimit(1.0, 5), share, lambda headers: None)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(control), base_url="http://x") as client:
            found = [await client.get("/") for _ in range(3)]
        assert [one.status_code for one in found] == [200, 200, 503]
        assert [one.headers["ratelimit"] for one in found] == [
            '"client";r=1;t=4',
            '"client";r=3;t=2',
            '"client";r=0;t=5',
        ]

    asyncio.run(use())


def test_no_answer_is_larger_than_it_may_be(redis_server: EmbeddedServer, writer: "redis.Redis") -> None:
    tick = '{"bid": 1.5, "ask": 2.5, "last": 2.0, "volume": 1.0, "time": "2024-01-01T12:00:00+00:00"}'
    writer.hset("tickers:binance", mapping={f"A{n}/B": tick for n in range(3_000)})
    writer.hset("tickers:kraken", mapping={f"A{n}/B": tick for n in range(300)})
    settings = settings_for(redis_server.url, API_MAX_ANSWER="20000", API_COMPRESSION="off")
    with serving(FullonCacheGateway(settings=settings)) as client:
        large = client.get("/api/tickers/kraken")
        assert (large.status_code, large.json()["type"]) == (413, "/problems/answer-too-large")
        assert client.head("/api/tickers/kraken").status_code == 413
        assert client.get("/api/tickers/kraken?limit=20").json()["count"] == 20
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/api/tickers/binance")
        # Other requests go on.
        assert client.get("/api/tickers/kraken/A1-B").status_code == 200


@pytest.mark.parametrize("most", [100, 1_000, 5_000])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_large_answer_whose_first_part_is_larger_than_it_may_be_is_413(
    redis_server: EmbeddedServer, writer: "redis.Redis", most: int, method: str
) -> None:
    writer.hset("tickers:binance", mapping={f"A{n}/B": '{"bid": 1.5}' for n in range(3_000)})
    settings = settings_for(redis_server.url, API_MAX_ANSWER=str(most), API_COMPRESSION="off")
    with serving(FullonCacheGateway(settings=settings)) as client:
        for _ in range(2):
            answer = client.request(method, "/api/tickers/binance")
            assert answer.headers["x-content-type-options"] == "nosniff"
            if method == "GET":
                assert (answer.status_code, answer.json()["type"]) == (413, "/problems/answer-too-large")
        assert client.get("/health/live").status_code == 200


def test_health_checks_are_answered_whatever_an_answer_may_have(redis_server: EmbeddedServer) -> None:
    with serving(FullonCacheGateway(settings=settings_for(redis_server.url, API_MAX_ANSWER="1"))) as client:
        assert client.get("/health").json()["status"] == "ok"
        assert client.get("/health/ready").status_code == 200
        assert client.get("/api/tickers/x/BTC-USDT").status_code == 413


def test_below_a_public_mount_rates_hold_as_well(redis_server: EmbeddedServer) -> None:
    host = FastAPI()
    settings = settings_for(redis_server.url, API_RATE="0.01", API_RATE_BURST="2")
    mount_cache(host, "/cache", public=True, settings=settings)
    with serving_app(host) as client:
        assert [client.get("/cache/tickers").status_code for _ in range(3)] == [200, 200, 429]
        assert client.get("/cache/health/ready").status_code == 200
