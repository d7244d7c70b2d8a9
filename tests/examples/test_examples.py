"""Each example, run as a user runs it, over a Redis with the demo's data."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support import CHECKOUT, serving, settings_for

from fullon_cache_api import FullonCacheGateway
from fullon_cache_api.demo import Demo, EmbeddedServer

pytestmark = pytest.mark.slow

EXAMPLES = CHECKOUT / "examples"
ANSWERS_WITHIN = 30.0
ENDS_WITHIN = 20.0


@pytest.fixture(scope="module")
def cache() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server, Demo(server, seed=1) as demo:
        demo.fill()
        yield server


@pytest.fixture(scope="module")
def api_url(cache: EmbeddedServer) -> Iterator[str]:
    with serving(FullonCacheGateway(settings=settings_for(cache.url))) as client:
        yield f"{client.base_url}/api".replace("//api", "/api")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def environment(**variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "API_URL"}
    return {**inherited, "ENDPOINTS_FILE": str(CHECKOUT / "endpoints.yaml"), **variables}


@contextmanager
def running(name: str, cache: EmbeddedServer, log: Path) -> Iterator[httpx.Client]:
    """Run an example that serves until it answers; end it as Ctrl-C does, and see that it ends well."""
    port = free_port()
    variables = environment(REDIS_URL=cache.url, API_PORT=str(port))
    with log.open("wb") as output:
        command = [sys.executable, str(EXAMPLES / name)]
        process = subprocess.Popen(command, env=variables, stdout=output, stderr=output)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_it_answers(client, process, log)
            yield client
        process.send_signal(signal.SIGINT)
        assert process.wait(ENDS_WITHIN) == 0, log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def wait_until_it_answers(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + ANSWERS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"it does not answer: {log.read_text()}")


def run(name: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(EXAMPLES / name)]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=60, check=False
    )


def test_every_example_has_its_test() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in tests] == []


def test_standalone_serves_the_endpoints_under_its_prefix(cache: EmbeddedServer, tmp_path: Path) -> None:
    with running("standalone.py", cache, tmp_path / "log") as client:
        assert client.get("/cache/tickers/binance/BTC-USDT").json()["cache_hit"] is True
        assert client.get("/openapi.json").json()["info"]["title"] == "Master API - Cache Module"


def test_master_api_asks_for_its_key_and_documents_all_three_modules(
    cache: EmbeddedServer, tmp_path: Path
) -> None:
    with running("master_api.py", cache, tmp_path / "log") as client:
        path = "/api/v1/cache/tickers/binance/BTC-USDT"
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"X-API-Key": "wrong"}).status_code == 401
        client.headers["X-API-Key"] = "secret"
        assert client.get(path).json()["exchange"] == "binance"
        assert client.get("/api/v1/db/users/7").json() == {"user_id": 7}
        assert client.get("/api/v1/market/timeframes").json() == ["1m", "1h", "1d"]
        paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/db/users/{user_id}", "/api/v1/cache/tickers", "/api/v1/market/timeframes"} <= {*paths}


def test_starlette_host_mounts_the_gateway(cache: EmbeddedServer, tmp_path: Path) -> None:
    with running("starlette_host.py", cache, tmp_path / "log") as client:
        url = client.get("/").text.strip()
        assert url.endswith("/api/v1/cache/tickers")
        assert client.get(url).json()["count"] > 10


def test_client_takes_the_readmes_tour(api_url: str) -> None:
    done = run("client.py", API_URL=api_url)
    assert (done.returncode, done.stderr) == (0, "")
    statuses = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert statuses == ["200", "200", "200", "200", "200", "404", "400"]
    tour = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    asked = [line.split()[1] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert all(f"http://127.0.0.1:8000/api{path}" in tour for path in asked)


def test_client_says_when_nobody_answers() -> None:
    done = run("client.py", API_URL=f"http://127.0.0.1:{free_port()}/api")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_ohlcv_pandas_reads_bars_into_a_frame(api_url: str) -> None:
    done = run("ohlcv_pandas.py", API_URL=api_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:5] == ["open", "high", "low", "close", "volume"]


def test_ohlcv_pandas_says_that_it_needs_pandas(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise ModuleNotFoundError")
    done = run("ohlcv_pandas.py", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "this example needs pandas: pip install pandas\n")
