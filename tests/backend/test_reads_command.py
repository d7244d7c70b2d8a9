"""`fullon-cache-api reads --backend fullon_cache`: what the installed version offers."""

import json

import pytest
from click.testing import CliRunner, Result
from support import CHECKOUT

from fullon_cache_api.cli import main


def run(*args: str, **variables: str) -> Result:
    env = {"ENDPOINTS_FILE": str(CHECKOUT / "endpoints.yaml"), "LOG_CONSOLE": "false", **variables}
    return CliRunner().invoke(main, [*args], env=env)


def test_the_table_says_who_does_each_read_and_which_endpoints_that_touches(fresh_standin: None) -> None:
    result = run("reads", "--backend", "fullon_cache", REDIS_URL="unix:///nowhere.sock")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "fullon_cache 0.5.11"
    assert (
        "TickCache.get_price missing exchange (string), symbol (symbol) /tickers/{exchange}/{symbol}/price "
        "this version has no TickCache.get_price"
    ) in lines
    assert (
        "TickCache.get_spread new exchange_name (string), symbol (symbol) none not in the catalogue" in lines
    )
    assert (
        "TickCache.get_ticker known exchange (string), symbol (symbol) /tickers/{exchange}/{symbol}" in lines
    )
    assert "1 read drifted, 1 of them with endpoints: what drifted stays native." in lines
    assert (
        "TradesCache.get_trades: it deletes what it returns; TradesCache.peek_trades leaves it there" in lines
    )


def test_programs_get_the_same_as_json(fresh_standin: None) -> None:
    result = run("reads", "--backend", "fullon_cache", "--json")
    document = json.loads(result.stdout)
    assert document["version"] == "0.5.11"
    by_name = {read["name"]: read for read in document["reads"]}
    assert by_name["TickCache.get_price"] == {
        "name": "TickCache.get_price",
        "state": "missing",
        "note": "this version has no TickCache.get_price",
        "arguments": {"exchange": "string", "symbol": "symbol"},
        "endpoints": ["/tickers/{exchange}/{symbol}/price"],
    }
    assert by_name["TickCache.set_ticker"]["arguments"] == {}


@pytest.mark.parametrize("args", [("reads", "--backend", "fullon_cache"), ("check",), ("routes",)])
def test_without_the_package_the_command_ends_with_status_2_and_one_line(
    no_fullon_cache: None, args: tuple[str, ...]
) -> None:
    result = run(*args, CACHE_BACKEND="fullon_cache", REDIS_HOST="127.0.0.1")
    assert result.exit_code == 2
    assert result.stderr == (
        'CACHE_BACKEND: fullon_cache is not installed: pip install "fullon-cache-api[fullon]"\n'
    )
