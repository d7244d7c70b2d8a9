"""What README says is what happens."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from readme_code import TEXT, block, with_added_endpoint
from readme_tables import with_tables
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.cli import main
from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.loading import load

CURLS = re.findall(r"^\$ curl (.+)\n(.+)$", TEXT, re.MULTILINE)


def shape(value: object) -> object:
    """Return what stays the same of an answer while prices move: member names and types."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(element) for element in value]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)


@pytest.fixture(scope="module")
def demo() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server, Demo(server, candles=20) as data:
        data.fill()
        yield server


@pytest.fixture(scope="module")
def demo_client(demo: EmbeddedServer) -> Iterator[httpx.Client]:
    with serving(FullonCacheGateway(settings=settings_for(demo.url))) as client:
        yield client


@pytest.fixture
def own_spec(tmp_path: Path) -> Path:
    """A copy of the spec with the endpoint and the schema that README adds."""
    return with_added_endpoint(tmp_path)


def test_the_tables_are_those_of_the_spec_and_the_settings() -> None:
    assert with_tables(TEXT) == TEXT, "run `make docs`"


def test_the_tour_has_curl_lines() -> None:
    assert len(CURLS) >= 7


@pytest.mark.parametrize(("command", "output"), CURLS)
def test_each_curl_line_answers_in_the_shape_that_is_shown(
    command: str, output: str, demo_client: httpx.Client
) -> None:
    (url,) = shlex.split(command)
    answer = demo_client.get(url.removeprefix("http://127.0.0.1:8000")).json()
    shown = json.loads(output)
    assert shape(answer) == shape(shown)
    for name in ("type", "title", "status", "detail", "instance", "errors", "symbol", "exchange", "blocked"):
        assert answer.get(name) == shown.get(name)


def test_the_added_endpoint_answers_with_only_the_fields_that_its_schema_names(
    own_spec: Path, demo: EmbeddedServer
) -> None:
    gateway = FullonCacheGateway(settings=settings_for(demo.url), spec=own_spec)
    with serving(gateway) as client:
        answer = client.get("/api/spot/binance/BTC-USDT").json()
        document = client.get("/openapi.json").json()
    assert answer.keys() == {"symbol", "ticker"}
    assert answer["ticker"].keys() == {"bid", "ask"}
    assert document["paths"]["/api/spot/{exchange}/{symbol}"]["get"]["operationId"] == "getSpot"


def test_the_added_endpoint_is_among_the_routes(own_spec: Path) -> None:
    result = CliRunner().invoke(main, ["routes", "--spec", str(own_spec)])
    assert "/api/spot/{exchange}/{symbol}" in result.output


def test_the_client_does_what_is_shown(demo_client: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    code = block("python", "with CacheClient(").replace(
        "http://127.0.0.1:8000", str(demo_client.base_url).rstrip("/")
    )
    exec(compile(code, "README.md", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"[0-9.]+ \S+Z", first)
    assert second.startswith("404 The cache does not hold what the path names. ")


def test_the_redis_user_is_the_one_that_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (shown,) = re.findall(r"^\$ fullon-cache-api acl --user gateway\n(.+\n.+\n)```$", TEXT, re.MULTILINE)
    result = CliRunner().invoke(main, ["acl", "--user", "gateway"])
    assert (result.exit_code, result.output) == (0, shown)


def test_the_keys_are_made_and_asked_for_as_shown(
    demo: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = block("yaml", "security: [apiKey]")
    text = (CHECKOUT / "endpoints.yaml").read_text()
    commented = "".join(f"# {line}\n" for line in asked.splitlines())
    assert text.count(commented) == 1
    (tmp_path / "endpoints.yaml").write_text(text.replace(commented, asked))
    monkeypatch.chdir(tmp_path)
    (command, shown) = re.search(
        r"^\$ fullon-cache-api (keys new .+)\n(fca_.+\n.+)$", TEXT, re.MULTILINE
    ).groups()  # type: ignore[union-attr]
    result = CliRunner().invoke(main, command.split())
    assert re.fullmatch("fca_[0-9a-f]{12}_[0-9a-f]{64}\n", result.stdout)
    said = "fca_X_…\n" + re.sub("[0-9a-f]{12}", "X", result.stderr.strip())
    assert said == re.sub("[0-9a-f]{12}", "X", shown)
    settings = settings_for(demo.url, ENDPOINTS_FILE="endpoints.yaml")
    with serving(FullonCacheGateway(settings=settings)) as client:
        path = "/api/tickers/binance/BTC-USDT"
        assert client.get(path).status_code == 401
        key = {"X-API-Key": result.stdout.strip()}
        assert client.get(path, headers=key).status_code == 200
        assert client.get("/api/bots", headers=key).json()["scopes"] == ["ops:read"]
    (more,) = re.findall(r"`(keys new desk [^`]+)`", TEXT)
    assert CliRunner().invoke(main, more.split()).exit_code == 0


def test_the_tokens_are_asked_for_as_shown(tmp_path: Path) -> None:
    text = (CHECKOUT / "endpoints.yaml").read_text()
    (tmp_path / "endpoints.yaml").write_text(text + "\n" + block("yaml", "bearerFormat: JWT"))
    assert load(tmp_path / "endpoints.yaml").authenticates


def test_a_misspelt_read_is_reported_as_shown(own_spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, _, tail = own_spec.read_text().rpartition("TickCache.get_ticker")
    own_spec.write_text(f"{head}TickCache.get_tikcer{tail}")
    monkeypatch.chdir(own_spec.parent)
    result = CliRunner().invoke(main, ["check"])
    (shown,) = re.findall(r"^\$ fullon-cache-api check\n(.+)$", TEXT, re.MULTILINE)
    assert result.exit_code == 2
    assert result.output.strip() == shown
