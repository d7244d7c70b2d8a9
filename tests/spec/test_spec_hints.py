"""How misspelt names are answered: the name that was meant, or nothing."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT

from fullon_cache_api.reads import CATALOGUE
from fullon_cache_api.spec.schemas import subschemas
from fullon_cache_api.spec.suggest import did_you_mean, nearest
from fullon_cache_api.spec.wording import listed, quote, shorten, typed

KEYS = sorted(
    {
        name
        for _, schema in subschemas(json.loads((CHECKOUT / "schemas" / "endpoints.schema.json").read_text()))
        if isinstance(schema, dict)
        for name in schema.get("properties", {})
    }
    # Nobody looks for them where "parameters" and "schema" can stand.
    - {"param", "scheme"}
)
READS = sorted(CATALOGUE.reads)


@st.composite
def misspelt(draw: st.DrawFn, names: list[str]) -> tuple[str, str]:
    """A name of some length, and the same with a letter dropped, doubled or swapped, or all in capitals."""
    name = draw(st.sampled_from([name for name in names if len(name) > 4]))
    index = draw(st.integers(1, len(name) - 2))
    spelling = draw(
        st.sampled_from(
            [
                name[:index] + name[index + 1 :],
                name[:index] + name[index] + name[index:],
                name[:index] + name[index + 1] + name[index] + name[index + 2 :],
                name.upper(),
            ]
        )
    )
    assume(spelling not in names)
    return name, spelling


@given(pair=misspelt(READS) | misspelt(KEYS))
@examples(100)
def test_a_slip_of_the_pen_is_understood(pair: tuple[str, str]) -> None:
    name, spelling = pair
    found = nearest(spelling, READS if name in READS else KEYS)
    # get_order or get_orders: between one and many, a slip leaves it open.
    assert found is not None and found.rstrip("s") == name.rstrip("s")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("maxAge", "max_age"), ("max-age", "max_age"), ("operationID", "operationId"),
        ("params", "parameters"), ("reads", "read"), ("tag", "tags"), ("path", None), ("x", None), ("", None),
    ],
)  # fmt: skip
def test_other_spellings_of_a_key_are_understood(name: str, meant: str | None) -> None:
    assert nearest(name, KEYS) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("get_any_ticker", "TickCache.get_any_ticker"),
        ("TickerCache.get_ticker", "TickCache.get_ticker"),
        ("ProcessCache.get_component", "ProcessCache.get_component_status"),
        ("OhlcvCache.get_latest_ohlcv_bars", "OHLCVCache.get_latest_ohlcv_bars"),
        ("Redis.keys", None),
    ],
)
def test_other_spellings_of_a_read_are_understood(name: str, meant: str | None) -> None:
    assert nearest(name, READS) == meant


def test_a_hint_is_a_question_in_quotes_on_one_line() -> None:
    assert did_you_mean("tikcer", ["ticker", "trade"]) == '; did you mean "ticker"?'
    assert did_you_mean("ticker", (name for name in ["tick\ner"])) == '; did you mean "tick\\ner"?'
    assert did_you_mean("zebra", ["ticker"]) == ""
    assert did_you_mean("ticker", []) == ""


def test_a_name_without_end_costs_no_time() -> None:
    assert nearest("ticker" * 100_000, ["ticker" * 40]) is not None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"), (True, "true"), (5, "5"), (1.5, "1.5"), ("é", '"é"'), ('a"b', '"a\\"b"'),
        ("a\nb", '"a\\nb"'), ("\u2028", '"\\u2028"'), ({}, "an object"), ([1], "an array"),
        ("x" * 72, '"' + "x" * 71 + "…"),
    ],
)  # fmt: skip
def test_a_value_is_shown_on_one_line(value: object, shown: str) -> None:
    assert quote(value) == shown


def test_lists_are_shown_as_people_write_them() -> None:
    assert listed(["a"]) == '"a"'
    assert listed(["a", 1, None]) == '"a", 1 or null'
    assert typed(["integer", "string", "null"]) == "an integer, a string or null"
    assert listed([]) == "nothing"
    assert listed(range(9)) == "0, 1, 2, 3, 4, 5, 6, 7 or 8"
    assert listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7 or 2 others"
    assert listed(range(1000)) == "0, 1, 2, 3, 4, 5, 6, 7 or 992 others"
    assert shorten("x" * 100) == "x" * 72 + "…"
