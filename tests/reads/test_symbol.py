"""Market symbols: how a request spells them, how Redis may hold them, how answers show them."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.reads.symbol import Symbol, show_symbol


@pytest.mark.parametrize(
    ("text", "spellings", "shown"),
    [
        ("BTC-USDT", ("BTC/USDT", "BTC-USDT"), "BTC-USDT"),
        ("BTC/USDT", ("BTC/USDT",), "BTC-USDT"),
        ("BTCUSDT", ("BTCUSDT",), "BTCUSDT"),
        ("BTC-USDT:USDT", ("BTC/USDT:USDT", "BTC-USDT:USDT"), "BTC-USDT:USDT"),
        ("BTC/USDT:USDT-240329", ("BTC/USDT:USDT-240329",), "BTC-USDT:USDT-240329"),
        ("A-B-C", ("A/B/C", "A-B-C"), "A-B-C"),
        ("-", ("/", "-"), "-"),
    ],
)
def test_a_text_has_the_spellings_that_it_may_be_cached_under(
    text: str, spellings: tuple[str, ...], shown: str
) -> None:
    symbol = Symbol.parse(text)
    assert (symbol.spellings, symbol.shown) == (spellings, shown)


@examples(100)
@given(st.text("AB/-:", min_size=1, max_size=8))
def test_a_symbol_with_a_slash_and_no_dash_is_found_as_it_is_shown(cached: str) -> None:
    if "-" not in cached:
        assert cached in Symbol.parse(show_symbol(cached)).spellings


def test_the_first_spelling_with_something_cached_is_taken_and_no_further_one_is_looked_at() -> None:
    symbol = Symbol.parse("BTC-USDT")
    assert symbol.first([b"a", b"b"]) == ("BTC/USDT", b"a")
    assert symbol.first([None, b"b"]) == ("BTC-USDT", b"b")
    assert symbol.first([b"", None]) == ("BTC/USDT", b"")
    assert symbol.first([None, None]) is None

    def found() -> Iterator[int]:
        yield 1
        raise AssertionError("looked further than it had to")

    assert symbol.first(found()) == ("BTC/USDT", 1)
