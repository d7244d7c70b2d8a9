"""API keys: what is given out, what is stored, and what is believed."""

import hashlib
import hmac
import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.auth.api_key import ApiKey, KeyRing, make_key
from fullon_cache_api.auth.principal import Principal

SECRET = b"5" * 64
SALT = bytes(range(16))
HOLDER = Principal("0123456789ab", frozenset({"market:read"}), {"sub": frozenset({"7"})})
KEY = ApiKey(
    "0123456789ab", "desk", SALT, hashlib.sha256(SALT + SECRET).digest(), HOLDER, created=0.0, expires=100.0
)
TEXT = b"fca_0123456789ab_" + SECRET
RING = KeyRing({b"0123456789ab": KEY})


def test_a_key_is_a_prefix_an_id_and_256_random_bits() -> None:
    made = make_key("desk", ["market:read"], {"sub": frozenset({"7"})}, 12.5)
    match = re.fullmatch("fca_([0-9a-f]{12})_([0-9a-f]{64})", made.text)
    assert match is not None
    assert made.key.id == match[1]
    assert made.key.name == "desk"
    assert made.key.principal == Principal(match[1], frozenset({"market:read"}), {"sub": frozenset({"7"})})
    assert made.key.principal.is_bearer is False
    assert (made.key.created, made.key.expires) == (12.5, None)
    assert len(made.key.salt) == 16
    assert made.key.hash == hashlib.sha256(made.key.salt + match[2].encode()).digest()


def test_no_two_keys_share_an_id_a_salt_or_a_secret() -> None:
    made = [make_key("desk", [], {}, 0.0) for _ in range(50)]
    assert len({one.key.id for one in made}) == 50
    assert len({one.key.salt for one in made}) == 50
    assert len({one.text[-64:] for one in made}) == 50


def test_what_shows_a_new_key_does_not_show_its_text() -> None:
    made = make_key("desk", [], {}, 0.0, 9.0)
    assert made.key.expires == 9.0
    assert made.text[-64:] not in f"{made!r} {made} {made.key!r}"
    assert repr(made) == f"NewKey({made.key!r})"


def test_a_key_is_its_holders_until_it_expires() -> None:
    assert RING.find(TEXT, lambda: 0.0) is HOLDER
    assert RING.find(TEXT, lambda: 99.9) is HOLDER
    assert RING.find(TEXT, lambda: 100.0) is None
    assert RING.find(TEXT, lambda: 1e12) is None


def test_a_key_without_an_end_never_expires() -> None:
    made = make_key("desk", [], {}, 0.0)
    ring = KeyRing({made.key.id.encode(): made.key})
    assert ring.find(made.text.encode(), lambda: 1e12) is made.key.principal


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"fca",
        b"fca_0123456789ab",
        b"fca_0123456789ab_",
        TEXT[:-1],
        TEXT + b"5",
        TEXT + b"\n",
        b" " + TEXT,
        TEXT.upper(),
        TEXT.replace(b"fca", b"fcb"),
        TEXT.replace(b"_", b"-"),
        TEXT[:-1] + b"4",
        b"fca_0123456789ac_" + SECRET,
        b"fca__" + SECRET,
        b"fca_000000000000_" + b"0" * 64,
    ],
)
def test_what_is_not_exactly_a_key_is_nobodys(text: bytes) -> None:
    assert RING.find(text, lambda: 0.0) is None


@given(
    st.binary(max_size=200)
    | st.integers(0, len(TEXT) - 1).flatmap(
        lambda place: st.integers(0, 255).map(lambda byte: TEXT[:place] + bytes([byte]) + TEXT[place + 1 :])
    )
)
@examples(300)
def test_no_other_text_than_the_key_is_believed(text: bytes) -> None:
    assert RING.find(text, lambda: 0.0) is (HOLDER if text == TEXT else None)


def test_secrets_are_compared_in_constant_time_and_an_unknown_id_costs_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[int, int]] = []
    hashed: list[int] = []
    digest, sha256 = hmac.compare_digest, hashlib.sha256

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return digest(one, other)

    def hash_(data: bytes) -> object:
        hashed.append(len(data))
        return sha256(data)

    monkeypatch.setattr("fullon_cache_api.auth.api_key.hmac.compare_digest", compare)
    monkeypatch.setattr("fullon_cache_api.auth.api_key.hashlib.sha256", hash_)
    ring = KeyRing({b"0123456789ab": KEY})
    bad = (TEXT[:-1] + b"4", b"fca_ffffffffffff_" + SECRET)
    for text in (TEXT, *bad, *bad):
        ring.find(text, lambda: 0.0)
    assert compared == [(32, 32)] * 5
    assert hashed == [80] * 5


def test_a_key_that_was_found_is_known_until_it_expires_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_key("desk", [], {}, 0.0, 10.0)
    ring = KeyRing({made.key.id.encode(): made.key})
    text = made.text.encode()
    assert ring.find(text, lambda: 9.0) is made.key.principal

    def fail(one: bytes, other: bytes) -> bool:
        raise AssertionError

    monkeypatch.setattr("fullon_cache_api.auth.api_key.hmac.compare_digest", fail)
    assert ring.find(text, lambda: 9.0) is made.key.principal
    assert ring.find(text, lambda: 10.0) is None
    with pytest.raises(AssertionError):
        ring.find(text[:-1] + b"_", lambda: 9.0)


def test_a_ring_without_keys_believes_nothing() -> None:
    empty: Mapping[bytes, ApiKey] = {}
    assert KeyRing(empty).find(TEXT, lambda: 0.0) is None
