"""The sample market: prices wander near home, candles hold together."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullon_cache_api.demo.market import (
    LISTINGS,
    TIMEFRAMES,
    candle_after,
    candles,
    iso,
    rounded,
    tick,
    trade,
    walk,
)

NOW = 1_795_386_006.25
prices = st.floats(min_value=0.01, max_value=200_000).map(rounded)
timeframes = st.sampled_from(sorted(TIMEFRAMES))


def test_three_exchanges_list_twelve_symbols_each_with_a_perpetual_and_a_dash() -> None:
    assert {exchange: len(symbols) for exchange, symbols in LISTINGS.items()} == {
        "binance": 12,
        "kraken": 12,
        "bitfinex": 12,
    }
    assert "BTC/USDT:USDT" in LISTINGS["binance"]
    assert "BTC-PERP" in LISTINGS["bitfinex"]


def test_times_are_written_in_utc_with_offset() -> None:
    assert iso(NOW) == "2026-11-22T22:20:06.250000+00:00"


@pytest.mark.parametrize(
    ("value", "expected"), [(97_012.3456, 97012.3), (0.0350512345, 0.0350512), (0.0, 0.0)]
)
def test_prices_have_six_significant_digits(value: float, expected: float) -> None:
    assert rounded(value) == expected


@given(st.integers(), prices)
def test_a_price_stays_within_a_tenth_of_its_home(seed: int, home: float) -> None:
    rng, price = Random(seed), home
    for _ in range(300):
        price = walk(rng, price, home)
    assert 0.9 * home < price < 1.1 * home


def test_a_tick_has_the_cached_fields_around_its_price() -> None:
    made = tick(Random(1), "binance", "BTC/USDT", 97_970.0, NOW)
    bid, ask = made.pop("bid"), made.pop("ask")
    volume = made.pop("volume")
    assert made == {
        "symbol": "BTC/USDT",
        "exchange": "binance",
        "price": 97_970.0,
        "time": NOW,
        "last": 97_970.0,
        "change": 970.0,
        "percentage": 1.0,
    }
    assert isinstance(bid, float) and isinstance(ask, float) and isinstance(volume, float)
    assert 97_940 < bid < 97_970 < ask < 98_000
    assert volume > 0


def test_a_public_trade_belongs_to_nobody() -> None:
    made = trade(Random(1), "ETH/BTC", 0.035, 7, NOW)
    volume, side = made.pop("volume"), made.pop("side")
    assert isinstance(volume, float)
    assert side in ("buy", "sell")
    assert made == {
        "trade_id": 7,
        "ex_trade_id": "T7",
        "ex_order_id": None,
        "uid": None,
        "ex_id": None,
        "symbol": "ETH/BTC",
        "price": 0.035,
        "cost": rounded(volume * 0.035),
        "fee": 0.0,
        "time": "2026-11-22T22:20:06.250000+00:00",
    }


@given(st.integers(), prices, timeframes, st.integers(1, 30))
def test_candles_follow_each_other_up_to_the_price(
    seed: int, price: float, timeframe: str, count: int
) -> None:
    series = candles(Random(seed), price, timeframe, NOW, count)
    assert len(series) == count
    assert series[-1][4] == price
    assert 0 <= NOW - series[-1][0] < TIMEFRAMES[timeframe]
    for earlier, later in pairwise(series):
        assert later[0] - earlier[0] == TIMEFRAMES[timeframe]
        assert later[1] == earlier[4]
    for _, opened, high, low, close, volume in series:
        assert 0 < low <= min(opened, close) <= max(opened, close) <= high
        assert volume > 0


@given(prices)
def test_a_candle_under_way_takes_the_price_in(price: float) -> None:
    started, opened, high, low, close, volume = candle_after(
        (1_795_386_000, 100.0, 101.0, 99.0, 100.5, 2.0), price, 0.5, "1m", NOW
    )
    assert (started, opened, close, volume) == (1_795_386_000, 100.0, price, 2.5)
    assert (high, low) == (max(101.0, price), min(99.0, price))


def test_a_candle_whose_time_is_over_is_followed_by_a_new_one() -> None:
    over = (1_795_385_940, 100.0, 101.0, 99.0, 100.5, 2.0)
    assert candle_after(over, 100.7, 0.5, "1m", NOW) == (1_795_386_000, 100.7, 100.7, 100.7, 100.7, 0.5)
