"""Percent-encoded text: decoded as it was encoded, or refused."""

from contextlib import suppress
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.http.text import BadText, decode, decode_query


@examples(200)
@given(st.text())
def test_whatever_text_was_quoted_comes_back(text: str) -> None:
    assert decode(quote(text, safe="").encode()) == text
    assert decode(quote(text).encode()) == text
    assert decode_query(quote_plus(text).encode()) == text
    assert decode(text.replace("%", "%25").encode()) == text


def test_a_plus_is_a_space_in_a_query_and_a_plus_in_a_path() -> None:
    assert decode(b"a+b%2Bc%20d") == "a+b+c d"
    assert decode_query(b"a+b%2Bc%20d") == "a b+c d"


def test_what_is_decoded_is_not_decoded_again() -> None:
    assert decode(b"%2541") == "%41"
    assert decode(b"%252F") == "%2F"


@pytest.mark.parametrize("raw", [b"%", b"a%", b"%4", b"%zz", b"%4g", b"%%41", b"%u0041", b"%-1", b"% 41"])
def test_a_percent_sign_that_begins_no_escape_is_refused(raw: bytes) -> None:
    for decoder in (decode, decode_query):
        with pytest.raises(BadText, match="has a % that is not followed by two hexadecimal digits"):
            decoder(raw)


@pytest.mark.parametrize("raw", [b"%ff", b"\xff", b"%C3", b"%ED%A0%80", b"%c0%af", b"%F5%80%80%80"])
def test_what_is_not_utf_8_is_refused(raw: bytes) -> None:
    for decoder in (decode, decode_query):
        with pytest.raises(BadText, match="is not UTF-8"):
            decoder(raw)


@examples(200)
@given(st.binary())
def test_any_bytes_are_text_or_are_refused(raw: bytes) -> None:
    for decoder in (decode, decode_query):
        with suppress(BadText):
            decoder(raw).encode()
