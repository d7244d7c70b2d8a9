"""The endpoints that every gateway has: health, start page, documentation, problem types."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from asgi import Answered, answer, http_scope, shipped_schema
from caches import port_of
from support import back, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.system import VERSION
from fullon_cache_api.spec.problems import PROBLEMS

A_SECOND = 1.0
# What a busy machine may add to it in a test.
SLACK = 0.3


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A Redis for one test to kill or pause."""
    with EmbeddedServer(port=0) as server:
        yield server


def health(client: httpx.Client) -> tuple[int, dict[str, Any]]:
    """Ask for the health, and see that the answer comes in time and is as its schema says."""
    started = time.monotonic()
    response = client.get("/health")
    assert time.monotonic() - started < A_SECOND + SLACK
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert shipped_schema("health.json").is_valid(body)
    assert body["version"] == VERSION
    return response.status_code, {"status": body["status"], **body["redis"]}


def ready(client: httpx.Client) -> tuple[int, Any]:
    response = client.get("/health/ready")
    return response.status_code, response.json()


ALIVE = (200, {"status": "alive"})
DOWN = {"status": "unavailable", "latency_ms": None, "mode": "standalone", "circuit": "closed"}


def until_open(client: httpx.Client) -> None:
    """Wait until the health says that Redis is known to be dead."""
    end = time.monotonic() + 2
    while health(client) != (503, {**DOWN, "circuit": "open"}):
        assert time.monotonic() < end


def test_a_gateway_whose_redis_answers_is_healthy_ready_and_alive(client: httpx.Client) -> None:
    status, body = health(client)
    assert (status, body["status"], body["mode"]) == (200, "ok", "standalone")
    assert body["circuit"] == "closed"
    assert 0 < body["latency_ms"] < 1000
    assert ready(client) == (200, {"status": "ready"})
    live = client.get("/health/live")
    assert (live.status_code, live.json()) == ALIVE


def test_the_uptime_grows(client: httpx.Client) -> None:
    first, second = (client.get("/health").json()["uptime_seconds"] for _ in range(2))
    assert 0 <= first < second


def test_a_dead_or_hung_redis_is_unavailable_within_a_second_and_well_again_when_it_is_back(
    own_server: EmbeddedServer,
) -> None:
    with serving(FullonCacheGateway(settings=settings_for(own_server.url))) as client:
        assert health(client)[0] == 200
        own_server.kill()
        assert health(client)[0] == 503
        assert ready(client) == (503, {"status": "unavailable"})
        until_open(client)
        assert client.get("/health/live").status_code == 200
        own_server.restart()
        back(client)
        assert health(client)[0] == 200
        own_server.pause()
        assert health(client) == (503, DOWN)
        own_server.resume()
        assert health(client)[0] == 200
        assert ready(client) == (200, {"status": "ready"})


def test_health_answers_within_a_second_while_requests_of_a_longer_deadline_hang(
    own_server: EmbeddedServer,
) -> None:
    settings = settings_for(own_server.url, API_DEADLINE="30")

    async def main() -> None:
        gateway = FullonCacheGateway(settings=settings)
        app = gateway.get_app()
        assert (await answer(app, http_scope("/health"))).status == 200
        own_server.pause()
        hanging = [asyncio.create_task(answer(app, http_scope("/api/tickers"))) for _ in range(6)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(A_SECOND + SLACK):
            assert (await answer(app, http_scope("/health"))).status == 503
        assert not any(task.done() for task in hanging)
        own_server.resume()
        assert {answered.status for answered in await asyncio.gather(*hanging)} == {200}
        await gateway.close()

    asyncio.run(main())


def test_health_waits_no_longer_than_any_other_request_may(own_server: EmbeddedServer) -> None:
    own_server.pause()
    with serving(FullonCacheGateway(settings=settings_for(own_server.url, API_DEADLINE="0.1"))) as client:
        started = time.monotonic()
        assert health(client)[0] == 503
        assert time.monotonic() - started < 0.1 + SLACK
    own_server.resume()


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_takes_no_parameters(client: httpx.Client, path: str) -> None:
    response = client.get(path, params={"stale_after": "5"})
    assert response.status_code == 400
    message = "is not a parameter of this endpoint"
    assert response.json()["errors"] == [{"in": "query", "name": "stale_after", "message": message}]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json, text/html", "text/html; charset=utf-8"),
    ],
)
def test_the_start_page_is_json_for_programs_and_a_page_for_browsers(
    client: httpx.Client, accept: str | None, kind: str
) -> None:
    request = client.build_request("GET", "/")
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    response = client.send(request)
    assert (response.status_code, response.headers["content-type"]) == (200, kind)
    assert response.headers["vary"] == "Accept, Accept-Encoding"


def test_the_start_page_lists_every_endpoint_and_its_links_work(
    client: httpx.Client, gateway: FullonCacheGateway
) -> None:
    body = client.get("/").json()
    assert body["name"] == "Fullon Cache API"
    paths = [entry["path"] for entry in body["endpoints"]]
    assert paths == [f"/api{endpoint.path}" for endpoint in gateway.spec.endpoints]
    assert set(body["links"]) == {"docs", "redoc", "openapi", "openapi_yaml", "health"}
    for link in body["links"].values():
        assert client.get(link).status_code == 200, link


def test_the_document_is_the_gateways_own_in_json_and_yaml(
    client: httpx.Client, gateway: FullonCacheGateway
) -> None:
    as_json, as_yaml = client.get("/openapi.json"), client.get("/openapi.yaml")
    assert as_json.headers["content-type"] == "application/json"
    assert as_yaml.headers["content-type"] == "application/yaml"
    assert as_json.json() == json.loads(json.dumps(gateway.openapi()))
    assert yaml.safe_load(as_yaml.text) == as_json.json()


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/redoc", "/openapi.json", "/openapi.yaml", "/problems/not-cached"]
)
def test_what_does_not_change_is_sent_once(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    head = client.head(path, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (
        200,
        b"",
        str(len(first.content)),
    )


@pytest.mark.parametrize("kind", PROBLEMS, ids=lambda kind: kind.name)
def test_the_type_of_each_problem_leads_to_what_it_means(client: httpx.Client, kind: Any) -> None:
    response = client.get(kind.type)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    expected = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "description": kind.description,
    }
    assert response.json() == expected


NAMES_OF_NOTHING = [
    *("/problems/", "/problems/nothing", "/problems/%ff", "/problems/%zz", "/docs/"),
    *("/docs/assets/", "/docs/assets/x.js", "/docs/assets/%ff"),
    *("/docs/assets/%2e%2e%2fpages.py", "/docs/assets/..%2Fassets.py"),
]


@pytest.mark.parametrize("path", NAMES_OF_NOTHING)
def test_a_name_that_is_not_there_is_no_endpoint(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/no-such-endpoint"


def test_an_encoded_name_is_the_name(client: httpx.Client) -> None:
    assert client.get("/problems/not%2Dcached").json() == client.get("/problems/not-cached").json()
    assert client.get("/docs/assets/docs%2Ecss").content == client.get("/docs/assets/docs.css").content


def test_an_asset_may_be_kept_for_ever(client: httpx.Client) -> None:
    response = client.get("/docs/assets/docs.css?v=0123456789abcdef")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/problems/not-cached"])
def test_system_endpoints_are_only_read(client: httpx.Client, path: str) -> None:
    refused = client.post(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    options = client.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.anyio
async def test_a_gateway_without_a_redis_serves_its_documentation() -> None:
    gateway = FullonCacheGateway(settings=settings_for("unix:///nowhere/redis.sock"))
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/health/live"):
        answered: Answered = await answer(gateway.get_app(), http_scope(path))
        assert answered.status == 200
    unavailable = await answer(gateway.get_app(), http_scope("/api/tickers"))
    assert (unavailable.status, unavailable.header("retry-after")) == (503, "1")
    assert unavailable.json()["detail"] == "Redis cannot be read now: no connection."
    await gateway.close()


@pytest.mark.anyio
async def test_the_path_of_a_mount_is_percent_encoded_wherever_it_is_shown(
    gateway: FullonCacheGateway,
) -> None:
    async def get(path: str, **headers: str) -> Answered:
        scope = http_scope(f"/x%20%25{path}", headers=headers.items(), root_path="/x %")
        return await answer(gateway.get_app(), scope)

    start = (await get("/")).json()
    assert start["links"]["docs"] == "/x%20%25/docs"
    assert start["endpoints"][0]["path"] == "/x%20%25/api/tickers"
    assert (await get("/openapi.json")).json()["servers"] == [{"url": "/x%20%25"}]
    page = (await get("/", accept="text/html")).body.decode()
    assert 'href="/x%20%25/docs"' in page
    assert 'href="/x%20%25/api/tickers"' in page


@pytest.mark.anyio
async def test_a_wrong_password_is_unavailable_and_never_shown() -> None:
    with EmbeddedServer(port=0, args=["--requirepass", "secret"]) as server:
        gateway = FullonCacheGateway(settings=settings_for(f"redis://:wr0ng@127.0.0.1:{port_of(server)}"))
        answered = await answer(gateway.get_app(), http_scope("/api/tickers"))
        assert (answered.status, answered.json()["detail"]) == (503, "Redis cannot be read now: denied.")
        assert b"wr0ng" not in answered.body
        assert (await answer(gateway.get_app(), http_scope("/health"))).status == 503
        await gateway.close()
