"""Bars as a pandas DataFrame: `read_bars` is what a notebook wants.

API_URL=http://127.0.0.1:8000/api python examples/ohlcv_pandas.py
"""

import os
import sys

import httpx

try:
    import pandas as pd
except ModuleNotFoundError:
    sys.exit("this example needs pandas: pip install pandas")

API_URL = os.environ.get("API_URL", "http://127.0.0.1:8000/api")
COLUMNS = ["time", "open", "high", "low", "close", "volume"]


def read_bars(symbol: str, timeframe: str, count: int = 100) -> pd.DataFrame:
    """Return the latest bars, oldest first, indexed by their time in UTC."""
    answer = httpx.get(f"{API_URL}/ohlcv/{symbol}/{timeframe}", params={"count": count}, timeout=5)
    answer.raise_for_status()
    bars = pd.DataFrame(answer.json()["bars"], columns=COLUMNS)
    bars["time"] = pd.to_datetime(bars["time"], unit="s", utc=True)
    return bars.set_index("time")


if __name__ == "__main__":
    frame = read_bars("BTC-USDT", "1m", count=60)
    print(frame.tail())
    print(frame["close"].describe())
