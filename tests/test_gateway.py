"""The gateway as an object: what it takes, and what several of them share."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import redis
from loguru import logger
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway, create_app
from fullon_cache_api.loading import find_spec
from fullon_cache_api.settings import Settings, SettingsError

if TYPE_CHECKING:
    from loguru import Message


def test_title_and_prefix_win_over_the_spec_and_the_settings(redis_server: EmbeddedServer) -> None:
    gateway = FullonCacheGateway(title="Mine", prefix="/mine", settings=settings_for(redis_server.url))
    document = gateway.openapi()
    assert document["info"]["title"] == "Mine"  # type: ignore[call-overload, index]
    assert "/mine/tickers" in document["paths"]  # type: ignore[operator]


def test_two_gateways_over_two_databases_share_nothing(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    writer.set("TRADE:STATUS:binance", "2024-01-01T12:00:00+00:00")
    other = redis_server.url.replace("db=0", "db=1")
    with (
        serving(FullonCacheGateway(settings=settings_for(redis_server.url))) as first,
        serving(FullonCacheGateway(settings=settings_for(other))) as second,
    ):
        assert first.get("/api/trades/status").json()["count"] == 1
        assert second.get("/api/trades/status").json()["count"] == 0


def test_a_spec_path_that_would_hide_a_system_endpoint_names_the_prefix(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "schemas", tmp_path / "schemas")
    text = (CHECKOUT / "endpoints.yaml").read_text(encoding="utf-8")
    (tmp_path / "endpoints.yaml").write_text(text.replace("  /accounts:\n", "  /health:\n"))
    with pytest.raises(SettingsError, match=r"^API_PREFIX: the spec's /health would hide"):
        FullonCacheGateway(prefix="", spec=tmp_path / "endpoints.yaml", settings=Settings.load({}, None))


@pytest.mark.anyio
async def test_the_application_opens_its_connections_by_itself_and_again_after_close(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    writer.set("TRADE:STATUS:binance", "2024-01-01T12:00:00+00:00")
    gateway = FullonCacheGateway(settings=settings_for(redis_server.url))
    transport = httpx.ASGITransport(gateway.get_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        for _ in range(2):
            answer = await client.get("/api/trades/status/binance")
            assert answer.json() == {"exchange": "binance", "last_trade_at": "2024-01-01T12:00:00Z"}
            await gateway.close()


def test_the_spec_is_the_named_file_else_the_one_here_else_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_spec(Settings.load({"ENDPOINTS_FILE": "other.yaml"}, None)) == Path("other.yaml")
    assert find_spec(Settings.load({}, None)) == CHECKOUT / "endpoints.yaml"
    (tmp_path / "endpoints.yaml").touch()
    assert find_spec(Settings.load({}, None)) == Path("endpoints.yaml")


def test_create_app_serves_what_the_settings_say(redis_server: EmbeddedServer) -> None:
    assert create_app(settings_for(redis_server.url)).__class__.__name__ == "GatewayApp"


@pytest.fixture
def records() -> Iterator[list[tuple[str, dict[str, object]]]]:
    """Text and fields of every record that is logged."""
    found: list[tuple[str, dict[str, object]]] = []

    def keep(message: "Message") -> None:
        found.append((message.record["message"], dict(message.record["extra"].get("fields", {}))))

    sink = logger.add(keep)
    yield found
    logger.remove(sink)


def test_a_health_check_without_redis_says_when_to_come_again_and_is_logged(
    records: list[tuple[str, dict[str, object]]],
) -> None:
    with EmbeddedServer() as server:
        server.kill()
        with serving(FullonCacheGateway(settings=settings_for(server.url))) as client:
            answers = [client.get(path) for path in ("/health", "/health/ready")]
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(503, "1")] * 2
    assert [text for text, _ in records].count("health check failed") == 2


def test_what_an_answer_leaves_out_is_named_in_the_log(
    client: httpx.Client, writer: "redis.Redis", records: list[tuple[str, dict[str, object]]]
) -> None:
    writer.hset("tickers:binance", mapping={"A/B": "{", "C/D": "{"})
    writer.hset("tickers:kraken", "E/F", "{")
    assert client.get("/api/tickers").json() == {"count": 0, "tickers": [], "skipped": 3}
    (fields,) = [fields for text, fields in records if text == "elements left out"]
    assert (fields["count"], fields["key"], fields["field"]) == (3, "tickers:binance", "A/B")
    assert fields["others"] == "tickers:binance C/D; tickers:kraken E/F"


def test_a_batch_of_the_specs_own_wins(redis_server: EmbeddedServer, tmp_path: Path) -> None:
    text = (CHECKOUT / "endpoints.yaml").read_text()
    assert "\n  /bots:\n" in text
    spec = tmp_path / "endpoints.yaml"
    spec.write_text(text.replace("\n  /bots:\n", "\n  /batch:\n"))
    with serving(FullonCacheGateway(spec=spec, settings=settings_for(redis_server.url))) as client:
        assert list(client.get("/api/batch").json()) == ["count", "bots"]
        assert client.get("/openapi.json").json()["paths"]["/api/batch"]["get"]["operationId"] == "listBots"
