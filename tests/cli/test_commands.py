"""Commands that serve nothing: check, routes, reads, openapi, and how all of them fail."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import Result

from fullon_cache_api.reads import CATALOGUE
from fullon_cache_api.resources import resource

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SMALL_SPEC = """\
info: {title: Small, version: 1.0.0, description: One ticker.}
parameters:
  exchange: {in: path, description: Exchange., schema: {type: string}, example: kraken}
  symbol: {in: path, description: Symbol., schema: {type: string}, example: BTC-USD, decode: symbol}
endpoints:
  /spot/{exchange}/{symbol}:
    operationId: getSpot
    summary: Spot ticker
    parameters: [exchange, symbol]
    read: TickCache.get_ticker
    response: ticker.json
    empty: 404
    max_age: 1
"""


@pytest.fixture
def small_spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL_SPEC, encoding="utf-8")
    return path


def succeeded(result: Result) -> str:
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_version_is_the_package_s(cli: Cli) -> None:
    assert succeeded(cli("--version")) == f"fullon-cache-api {version('fullon-cache-api')}\n"


def test_check_says_that_the_shipped_spec_is_fine(cli: Cli) -> None:
    path = resource("endpoints.yaml")
    text = succeeded(cli("check", path))
    assert text.startswith(f"{path}: ")
    assert text.endswith(" schemas: fine\n")


def test_check_counts_what_is_in_the_spec(cli: Cli, small_spec: Path) -> None:
    assert succeeded(cli("check", small_spec)).startswith(f"{small_spec}: 1 endpoint, ")


def test_check_without_a_file_checks_what_would_be_served(cli: Cli, small_spec: Path, tmp_path: Path) -> None:
    assert succeeded(cli("check", ENDPOINTS_FILE=str(small_spec))).startswith(f"{small_spec}: ")
    (tmp_path / "endpoints.yaml").write_text(SMALL_SPEC, encoding="utf-8")
    assert succeeded(cli("check")).startswith("endpoints.yaml: ")


def test_check_of_a_bad_spec_exits_with_2_and_gives_each_mistake_a_line(cli: Cli, bad_spec: Path) -> None:
    result = cli("check", bad_spec)
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert [line.rpartition(": ")[0].split(": ")[0] for line in lines] == [
        f"{bad_spec}:2:1",
        f"{bad_spec}:3:12",
    ]


def test_check_of_a_file_that_is_not_there_exits_with_2(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    result = cli("check", path)
    assert (result.exit_code, result.stderr) == (
        2,
        f"{path}:1:1: cannot be read: No such file or directory\n",
    )


def test_routes_shows_each_endpoint_under_the_prefix_in_aligned_columns(cli: Cli, small_spec: Path) -> None:
    assert succeeded(cli("routes", "--spec", small_spec, "--prefix", "/v1")) == (
        "METHOD  PATH                          OPERATION  READ                  RESPONSE\n"
        "GET     /v1/spot/{exchange}/{symbol}  getSpot    TickCache.get_ticker  ticker.json\n"
    )


@pytest.mark.parametrize("prefix", ["", "/"])
def test_an_empty_prefix_is_none_even_where_the_environment_has_one(
    cli: Cli, small_spec: Path, prefix: str
) -> None:
    text = succeeded(cli("routes", "--spec", small_spec, "--prefix", prefix, API_PREFIX="/other"))
    assert "GET     /spot/{exchange}/{symbol}  getSpot" in text


def test_reads_shows_every_read_and_where_it_is_used(cli: Cli, small_spec: Path) -> None:
    blocks = succeeded(cli("reads", "--spec", small_spec)).rstrip("\n").split("\n\n")
    shown = {block.split("\n")[0]: block.split("\n")[1:] for block in blocks}
    assert [*shown] == [*CATALOGUE.reads, "Not offered"]
    assert shown["TickCache.get_ticker"][-1] == "  endpoint   /spot/{exchange}/{symbol}"
    assert "  key        tickers:{exchange}" in shown["TickCache.get_ticker"]
    assert shown["TickCache.get_price"][-1] == "  endpoint   none"
    assert (
        "  argument   exchange (string, default null): Only this exchange."
        in shown["TickCache.get_all_tickers"]
    )
    assert any(line.startswith("  TradesCache.get_trades: ") for line in shown["Not offered"])


def test_reads_gives_programs_the_same_as_json(cli: Cli, small_spec: Path) -> None:
    document = json.loads(succeeded(cli("reads", "--spec", small_spec, "--json")))
    assert [read["name"] for read in document["reads"]] == [*CATALOGUE.reads]
    assert document["refused"] == dict(CATALOGUE.refused)
    [ticker] = [read for read in document["reads"] if read["name"] == "TickCache.get_ticker"]
    signature = CATALOGUE.reads["TickCache.get_ticker"]
    assert ticker["summary"] == signature.summary
    assert ticker["commands"] == [*signature.commands]
    assert ticker["keys"] == ["tickers:{exchange}"]
    assert ticker["endpoints"] == ["/spot/{exchange}/{symbol}"]
    assert ticker["arguments"][0] == {
        "name": "exchange",
        "type": "string",
        "description": "Exchange name, as the daemons write it.",
        "required": True,
        "default": None,
    }


def test_openapi_writes_json_to_standard_output(cli: Cli, small_spec: Path) -> None:
    document = json.loads(succeeded(cli("openapi", "--spec", small_spec, "--prefix", "/v1")))
    assert document["info"]["title"] == "Small"
    assert "/v1/spot/{exchange}/{symbol}" in document["paths"]


def test_openapi_writes_the_same_document_to_files_in_both_formats(cli: Cli, tmp_path: Path) -> None:
    assert succeeded(cli("openapi", "--format", "json", "-o", tmp_path / "o.json")) == ""
    assert succeeded(cli("openapi", "--format", "yaml", "-o", tmp_path / "o.yaml")) == ""
    as_json = (tmp_path / "o.json").read_text(encoding="utf-8")
    as_yaml = (tmp_path / "o.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(as_yaml) == json.loads(as_json)
    assert as_json == succeeded(cli("openapi"))


def test_openapi_exits_with_1_where_the_file_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "none" / "o.json"
    result = cli("openapi", "-o", path)
    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: {path} cannot be written: No such file or directory\n",
    )


@pytest.mark.parametrize("command", ["serve", "run", "demo", "check", "routes", "reads", "openapi", "acl"])
def test_an_unusable_setting_ends_every_command_with_2_and_one_line(cli: Cli, command: str) -> None:
    result = cli(command, API_DEADLINE="soon")
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "API_DEADLINE: must be a number from 0.05 to 60\n",
    )


@pytest.mark.parametrize(
    "command",
    [
        ["routes"],
        ["reads"],
        ["openapi"],
        ["acl"],
        ["run"],
        ["demo"],
        ["serve"],
        ["serve", "--workers", "2"],
        ["serve", "--reload"],
    ],
)
def test_a_bad_spec_ends_a_command_with_2_and_a_line_for_each_mistake(
    cli: Cli, command: list[str], bad_spec: Path
) -> None:
    result = cli(*command, "--spec", bad_spec)
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.startswith(f"{bad_spec}:") for line in result.stderr.splitlines()] == [True, True]


@pytest.mark.parametrize("command", [["serve"], ["serve", "--workers", "2"], ["serve", "--reload"], ["demo"]])
def test_a_port_in_use_is_one_line_and_status_1(cli: Cli, command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cli(*command, "--port", str(port))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_a_host_that_does_not_exist_is_one_line_and_status_1(cli: Cli) -> None:
    result = cli("serve", "--host", "no-such-host.invalid", "--port", "0")
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"Error: cannot listen on no-such-host\.invalid port 0: .+\n", result.stderr)


def test_a_log_file_that_cannot_be_opened_ends_a_command_that_logs_with_2(cli: Cli, tmp_path: Path) -> None:
    result = cli("serve", LOG_FILE_PATH=str(tmp_path))
    assert (result.exit_code, result.stderr) == (2, "LOG_FILE_PATH: cannot be opened: Is a directory\n")


def test_a_redis_that_does_not_start_ends_the_demo_with_1_and_its_words(cli: Cli, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho no memory\nexit 3\n", encoding="utf-8")
    program.chmod(0o700)
    result = cli("demo", PATH=str(tmp_path))
    assert (result.exit_code, result.stderr) == (1, f"{program} ended with status 3\n  no memory\n")


def test_a_mistake_of_this_program_is_not_dressed_up(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("fullon_cache_api.loading.load", fail)
    assert isinstance(cli("check").exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("command", "slow"),
    [
        (["serve", "--help"], {"asyncio", "jsonschema_rs", "loguru", "redis", "uvicorn", "yaml"}),
        (["check"], {"asyncio", "hiredis", "loguru", "redis", "ssl", "starlette", "uvicorn"}),
    ],
)
def test_a_command_imports_nothing_that_is_slow_and_not_for_it(
    tmp_path: Path, command: list[str], slow: set[str]
) -> None:
    code = (
        "import sys\n"
        "from fullon_cache_api.cli import main\n"
        f"main({command}, standalone_mode=False)\n"
        f"print({slow} & {{*sys.modules}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "set()"
