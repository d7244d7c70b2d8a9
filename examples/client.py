"""The requests of the README's tour, with nothing but httpx.

API_URL=http://127.0.0.1:8000/api python examples/client.py
"""

import os
import sys

import httpx

API_URL = os.environ.get("API_URL", "http://127.0.0.1:8000/api")
REQUESTS = (
    "/tickers/binance/BTC-USDT",
    "/tickers/kraken/BTC-USD/price",
    "/accounts/1/balances/USDT",
    "/ohlcv/BTC-USDT/1m?count=2",
    "/bots/binance/BTC-USDT/blocked",
    "/tickers/binance/NOPE-USDT",
    "/ohlcv/BTC-USDT/1m?cuont=2",
)


def main() -> None:
    """Send each request and print what comes back; problems too say in JSON what they are."""
    with httpx.Client(timeout=5) as client:
        for path in REQUESTS:
            try:
                answer = client.get(API_URL + path)
            except httpx.TransportError as error:
                sys.exit(f"{API_URL} cannot be reached: {error}")
            print(f"{answer.status_code} {path}")
            print(f"    {answer.text}")


if __name__ == "__main__":
    main()
