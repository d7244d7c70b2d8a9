"""What a type checker says of those who use the client."""

import subprocess
import sys
from pathlib import Path

import pytest

DESK = """\
import asyncio

from fullon_cache_api.client import AsyncCacheClient, BadParameters, CacheClient, NotCached
from fullon_cache_api.client.endpoints import Bar, Order, Ticker


def spread(client: CacheClient, symbol: str) -> float | None:
    try:
        ticker: Ticker = client.get_ticker(exchange="binance", symbol=symbol)
    except NotCached as error:
        print(error.status, error.request_id)
        return None
    except BadParameters as error:
        raise SystemExit(", ".join(mistake.name for mistake in error.errors)) from error
    bid, ask = ticker["ticker"]["bid"], ticker["ticker"]["ask"]
    return None if bid is None or ask is None else ask - bid


def open_orders(client: CacheClient) -> list[Order]:
    answer = client.list_user_orders(1, status="open", exchange=None)
    print(answer.get("skipped", 0) + answer["count"])
    return answer["orders"]


async def closes(url: str) -> list[float]:
    async with AsyncCacheClient(url, headers={"X-API-Key": "k"}, timeout=2, retries=0, etags=0) as client:
        bars: list[Bar] = (await client.list_bars("BTC/USDT", "1m", count=3))["bars"]
        await client.list_processes(type="tick", since_minutes=1)
    return [bar[4] for bar in bars]


with CacheClient("http://127.0.0.1:8000/api") as desk:
    print(spread(desk, "BTC/USDT"), open_orders(desk), asyncio.run(closes("http://127.0.0.1:8000/api")))
"""

MISTAKES = """\
from fullon_cache_api.client import CacheClient

client = CacheClient("http://127.0.0.1:8000/api")
client.get_ticker("binance")
client.get_ticker("binance", "BTC/USDT")["price"]
client.get_ticker("binance", "BTC/USDT")["ticker"]["bid"] + 1
client.list_bars("BTC/USDT", "1m", 3)
client.list_processes(type="tock")
client.list_account_positions("1")
client.get_tickers()
"""


def mypy(folder: Path, text: str) -> tuple[int, list[str]]:
    """Check a user's script as strictly as can be; the exit status and the errors, as line and code."""
    script = folder / "desk.py"
    script.write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(folder / "cache"),
    ]
    result = subprocess.run([*command, str(script)], capture_output=True, text=True, check=False, cwd=folder)
    assert result.stderr == ""
    lines = [line.split(":", 2)[1:] for line in result.stdout.splitlines() if ": error:" in line]
    return result.returncode, [f"{line} {text[text.rindex('[') :]}" for line, text in lines]


@pytest.mark.slow
def test_a_user_s_script_is_strictly_typed_and_its_mistakes_are_found(tmp_path: Path) -> None:
    assert mypy(tmp_path, DESK) == (0, [])
    assert mypy(tmp_path, MISTAKES) == (
        1,
        [
            "4 [call-arg]",
            "5 [typeddict-item]",
            "6 [operator]",
            "7 [call-arg]",
            "8 [arg-type]",
            "9 [arg-type]",
            "10 [attr-defined]",
        ],
    )
