"""Commands that serve: real processes on free ports, over private servers."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import redis

from fullon_cache_api.resources import resource

if TYPE_CHECKING:
    from tests.cli.conftest import Environment, Launch

pytestmark = pytest.mark.slow

STOPS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("stop", STOPS)
def test_serve_serves_until_a_signal_and_exits_with_0(
    launch: Launch, http: httpx.Client, redis_url: str, stop: signal.Signals
) -> None:
    running = launch("serve", "--port", "0", REDIS_URL=redis_url)
    fields = running.serving()
    assert fields["redis"] == redis_url
    assert fields["prefix"] == "/api"
    answer = http.get(f"{fields['url']}/health/ready")
    assert answer.status_code == 200
    assert "date" in answer.headers
    assert "server" not in answer.headers
    assert http.get(f"{fields['url']}/api/tickers").json() == {"count": 0, "tickers": []}
    assert running.stop(stop) == 0
    assert running.out == ""
    assert len(running.err.splitlines()) == 1


def test_requests_are_logged_when_asked_for(launch: Launch, http: httpx.Client, redis_url: str) -> None:
    running = launch("serve", "--port", "0", "--access-log", REDIS_URL=redis_url)
    http.get(f"{running.url()}/health/live")
    assert running.stop(signal.SIGTERM) == 0
    assert "GET /health/live HTTP/1.1" in running.err


def test_workers_are_given_the_options_and_stop_with_their_parent(
    launch: Launch, http: httpx.Client, redis_url: str
) -> None:
    running = launch("serve", "--port", "0", "--workers", "2", "--prefix", "/v1", REDIS_URL=redis_url)
    assert http.get(f"{running.url()}/v1/tickers").json() == {"count": 0, "tickers": []}
    assert len(running.children()) >= 2
    assert running.stop(signal.SIGINT) == 0


def test_a_changed_spec_is_served_after_a_reload(
    launch: Launch, http: httpx.Client, redis_url: str, tmp_path: Path
) -> None:
    spec = tmp_path / "spec" / "endpoints.yaml"
    spec.parent.mkdir()
    text = resource("endpoints.yaml").read_text(encoding="utf-8")
    spec.write_text(text, encoding="utf-8")
    running = launch("serve", "--port", "0", "--reload", "--spec", spec, REDIS_URL=redis_url)
    url = f"{running.url()}/openapi.json"
    assert http.get(url).json()["info"]["title"] == "Fullon Cache API"
    spec.write_text(text.replace("title: Fullon Cache API", "title: Changed", 1), encoding="utf-8")

    def changed() -> bool:
        # While the old process goes and the new one comes, connections are cut.
        with suppress(httpx.TransportError):
            return bool(http.get(url).json()["info"]["title"] == "Changed")
        return False

    running.wait(changed, "reload")
    assert running.stop(signal.SIGTERM) == 0


def test_an_address_of_ipv6_is_written_in_brackets(
    launch: Launch, http: httpx.Client, redis_url: str
) -> None:
    url = launch("serve", "--host", "::1", "--port", "0", REDIS_URL=redis_url).url()
    assert url.startswith("http://[::1]:")
    assert http.get(f"{url}/health/live").status_code == 200


def test_run_serves_a_redis_that_is_named(launch: Launch, redis_url: str) -> None:
    host, _, port = redis_url.removeprefix("redis://").removesuffix("/0").partition(":")
    running = launch("run", "--port", "0", REDIS_HOST=host, REDIS_PORT=port)
    assert running.serving()["redis"] == redis_url
    assert running.stop(signal.SIGTERM) == 0
    assert running.out == ""


def test_run_is_the_demo_where_no_redis_is_named(launch: Launch, http: httpx.Client) -> None:
    running = launch("run", "--port", "0", "--reload")
    url = running.demo_url()
    running.wait(lambda: http.get(f"{url}/api/tickers").json()["count"], "ticker")
    assert running.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("stop", STOPS)
def test_the_demo_answers_what_it_prints_moves_and_leaves_nothing_behind(
    launch: Launch, http: httpx.Client, stop: signal.Signals
) -> None:
    running = launch("demo", "--port", "0", "--seed", "7")
    url = running.demo_url()
    commands = re.findall(r"^  curl (\S+)$", running.out, re.MULTILINE)
    assert commands == [
        f"{url}/api/tickers/binance/BTC-USDT",
        f"{url}/api/accounts/1/positions",
        f"{url}/api/ohlcv/BTC-USDT/1m",
    ]
    for command in commands:
        assert http.get(command).status_code == 200
    for page in re.findall(r"^  \w[\w ]+? +(http\S+)$", running.out, re.MULTILINE):
        assert http.get(page).status_code == 200
    first = http.get(commands[0]).json()
    running.wait(lambda: http.get(commands[0]).json() != first, "moving ticker")
    assert running.children()
    assert running.stop(stop) == 0
    assert running.err == ""


def test_the_demo_touches_no_redis_that_the_environment_names(
    launch: Launch, http: httpx.Client, redis_url: str
) -> None:
    running = launch("demo", "--port", "0", REDIS_URL=redis_url, API_WORKERS="2")
    assert http.get(f"{running.demo_url()}/api/tickers").json()["count"] > 0
    assert running.stop(signal.SIGTERM) == 0
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_the_demo_of_another_spec_prints_paths_that_it_has(launch: Launch, tmp_path: Path) -> None:
    spec = tmp_path / "small.yaml"
    spec.write_text(
        "info: {title: Small, version: 1.0.0, description: Bots.}\n"
        "endpoints:\n"
        "  /robots:\n"
        "    operationId: listRobots\n"
        "    summary: Robots\n"
        "    read: BotCache.get_bots\n"
        "    response: bots.json\n"
        "    empty: 200\n"
        "    max_age: 1\n",
        encoding="utf-8",
    )
    running = launch("demo", "--port", "0", "--spec", spec, "--prefix", "")
    url = running.demo_url()
    assert re.findall(r"^  curl (\S+)$", running.out, re.MULTILINE) == [f"{url}/robots"]


def test_the_application_for_uvicorn_is_there_to_be_imported(
    tmp_path: Path, environment: Environment
) -> None:
    done = imported(tmp_path, environment(AUTH="none"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("API_PORT", "x", "API_PORT: must be a whole number from 0 to 65535"),
        ("ENDPOINTS_FILE", "none.yaml", "none.yaml:1:1: cannot be read: No such file or directory"),
    ],
)
def test_the_application_for_uvicorn_ends_the_process_with_2_where_it_cannot_be_made(
    tmp_path: Path, environment: Environment, variable: str, value: str, message: str
) -> None:
    done = imported(tmp_path, environment(**{variable: value}))
    assert (done.returncode, done.stderr) == (2, f"{message}\n")


def imported(folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from fullon_cache_api.main import app; assert callable(app)"],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environ,
        check=False,
    )
