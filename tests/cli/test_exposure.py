"""Where a server may listen: beyond this machine only where it is said who may read."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from guarded import write_guarded

from fullon_cache_api.cli.exposure import is_loopback, own_hosts
from fullon_cache_api.loading import load as load_spec
from fullon_cache_api.resources import resource
from fullon_cache_api.settings import Settings

if TYPE_CHECKING:
    from tests.cli.conftest import Cli, Environment, Launch

REFUSED = (
    "AUTH: this would let everybody who reaches this machine read all of it: let the spec ask for API keys "
    "or tokens (`securitySchemes`, `security`), listen on 127.0.0.1, or say AUTH=none if it is meant\n"
)
WARNING = "everybody who reaches this server may read all of it"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "no-such-host.invalid"])
def test_what_only_this_machine_reaches_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"])
def test_all_else_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("command", ["serve", "run", "demo"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_nothing_is_served_to_everybody_by_forgetting(cli: Cli, command: str, host: str) -> None:
    url = {} if command == "demo" else {"REDIS_URL": "redis://127.0.0.1:1/0"}
    result = cli(command, "--host", host, "--port", "0", **url)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", REFUSED)
    result = cli(command, "--port", "0", API_HOST=host, **url)
    assert (result.exit_code, result.stderr) == (2, REFUSED)


def test_an_endpoint_that_was_forgotten_is_named(cli: Cli, tmp_path: Path) -> None:
    keys = "\nsecuritySchemes: {apiKey: {type: apiKey, in: header, name: X-API-Key}}\n"
    desk = write_guarded(tmp_path, keys)
    guarded = "    scopes: [market:read]\n"
    text = desk.spec.read_text().replace(guarded, "    security: [apiKey]\n")
    # What says whose an answer is, or who may have it, would be a mistake of the spec by itself.
    desk.spec.write_text(re.sub(r"^    (scopes|owner): .*\n", "", text, flags=re.MULTILINE))
    files = {"ENDPOINTS_FILE": str(desk.spec), "API_KEYS_FILE": str(desk.keys_file)}
    result = cli("serve", "--host", "0.0.0.0", "--port", "0", REDIS_URL="redis://127.0.0.1:1/0", **files)
    assert (result.exit_code, result.stderr) == (
        2,
        "AUTH: everybody could read /accounts, and nobody has said so: say `security: []` if it is meant\n",
    )


@pytest.mark.slow
def test_it_is_served_to_everybody_where_that_is_said(
    launch: Launch, http: httpx.Client, redis_url: str
) -> None:
    running = launch("serve", "--host", "0.0.0.0", "--port", "0", REDIS_URL=redis_url, AUTH="none")
    assert http.get(f"{running.url()}/api/tickers").status_code == 200
    assert running.stop(signal.SIGTERM) == 0
    assert WARNING not in running.err


@pytest.mark.slow
def test_it_is_served_to_everybody_who_has_a_key(
    launch: Launch, http: httpx.Client, redis_url: str, tmp_path: Path
) -> None:
    keys = "\nsecuritySchemes: {apiKey: {type: apiKey, in: header, name: X-API-Key}}\nsecurity: [apiKey]\n"
    (tmp_path / "desk").mkdir()
    desk = write_guarded(tmp_path / "desk", keys)
    files = {"ENDPOINTS_FILE": str(desk.spec), "API_KEYS_FILE": str(desk.keys_file)}
    for workers in ("1", "2"):
        running = launch(
            "serve", "--host", "0.0.0.0", "--port", "0", "--workers", workers, REDIS_URL=redis_url, **files
        )
        url = running.url()
        for _ in range(5):
            assert http.get(f"{url}/api/tickers").status_code == 401
            assert http.get(f"{url}/api/tickers", headers=desk.keys["market"]).status_code == 200
        assert running.stop(signal.SIGTERM) == 0
        assert WARNING not in running.err


def test_an_application_for_any_server_says_in_the_log_that_it_asks_nobody(environment: Environment) -> None:
    code = "import fullon_cache_api.main"
    given = {"REDIS_URL": "redis://127.0.0.1:1/0", "LOG_FORMAT": "json"}

    def log(**variables: str) -> str:
        env = environment(**given, **variables)
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        return done.stderr

    assert log().count(WARNING) == 1
    assert log(AUTH="none") == ""


def test_on_this_machine_alone_requests_name_it_and_else_whatever_they_like(tmp_path: Path) -> None:
    spec = load_spec(resource("endpoints.yaml"))
    here = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
    assert own_hosts(Settings.load({}, None), spec) == here
    assert own_hosts(Settings.load({"API_HOST": "Desk.local"}, None), spec) == here | {b"desk.local"}
    assert own_hosts(Settings.load({"API_HOST": "::1"}, None), spec) == here
    assert own_hosts(Settings.load({"AUTH": "none"}, None), spec) is None
    assert own_hosts(Settings.load({}, None), load_spec(write_guarded(tmp_path).spec)) is None
