"""Key sets: which of their keys verify anything."""

import json
import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from auth.signing import ec_key, jwk, key_set, rsa_key
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.auth.jwks import keys_left, parse_key_set, read_key_set
from fullon_cache_api.auth.principal import AuthError
from fullon_cache_api.spec.security import Algorithm

RSA, EC = rsa_key(), ec_key()
NO_KEY = "has no key that verifies RS256"


def reason(raw: bytes, algorithm: Algorithm = "RS256") -> str:
    with pytest.raises(AuthError) as caught:
        parse_key_set(raw, algorithm, "there")
    assert caught.value.place == "there"
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.reason


def numbers(key: Any) -> Any:
    return key.public_numbers()


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256")])
def test_keys_are_found_by_their_ids(key: Any, algorithm: Algorithm) -> None:
    others = jwk(rsa_key("b") if key is RSA else ec_key("b"), kid="b")
    found = parse_key_set(key_set(jwk(key, kid="a"), others), algorithm, "")
    assert found.keys() == {"a", "b"}
    assert numbers(found["a"]) == numbers(key.public_key())
    assert numbers(found["b"]) != numbers(key.public_key())


def test_an_empty_set_is_one_that_no_token_is_verified_by() -> None:
    assert parse_key_set(b'{"keys": []}', "RS256", "") == {}


def test_the_only_key_needs_no_id() -> None:
    assert parse_key_set(key_set(jwk(RSA)), "RS256", "").keys() == {None}
    assert parse_key_set(key_set(jwk(RSA, kid="a")), "RS256", "").keys() == {"a", None}
    assert parse_key_set(key_set(jwk(RSA, kid="a"), jwk(EC, kid="b")), "RS256", "").keys() == {"a", None}


def test_of_two_keys_with_one_id_the_first_counts_and_none_is_the_only_one() -> None:
    found = parse_key_set(key_set(jwk(RSA, kid="a"), jwk(rsa_key("b"), kid="a")), "RS256", "")
    assert found.keys() == {"a"}
    assert numbers(found["a"]) == numbers(RSA.public_key())


@pytest.mark.parametrize(
    "member",
    [
        jwk(RSA, use="enc"),
        jwk(RSA, alg="RS512"),
        jwk(RSA, alg="HS256"),
        jwk(RSA, key_ops=["encrypt"]),
        jwk(RSA, key_ops="verify"),
        jwk(RSA, key_ops=[]),
        jwk(RSA, kty="oct", k="c2VjcmV0"),
        jwk(RSA, kty=None),
        jwk(RSA, n="?"),
        jwk(RSA, n=5),
        jwk(RSA, e=""),
        {"kty": "RSA"},
        {"kty": "RSA", "kid": "a", "n": [], "e": {}},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "RS256"},
        jwk(rsa_key("weak", 1024)),
        jwk(EC),
        {},
        7,
        None,
        [jwk(RSA)],
    ],
)
def test_what_is_not_for_these_signatures_is_left_out(member: Any) -> None:
    assert reason(key_set(member)) == NO_KEY
    found = parse_key_set(key_set(member, jwk(RSA, kid="good")), "RS256", "")
    assert found.keys() == {"good", None}


@pytest.mark.parametrize("members", [{"use": "sig"}, {"alg": "RS256"}, {"key_ops": ["sign", "verify"]}])
def test_what_says_that_it_is_for_these_signatures_is_taken(members: dict[str, object]) -> None:
    assert parse_key_set(key_set(jwk(RSA, **members)), "RS256", "").keys() == {None}


def test_a_key_of_another_curve_is_left_out() -> None:
    assert reason(key_set(jwk(ec_key("c", "P-384"))), "ES256") == "has no key that verifies ES256"
    wrong = {**jwk(ec_key("c", "P-384")), "crv": "P-256"}
    assert reason(key_set(wrong), "ES256") == "has no key that verifies ES256"


def test_a_private_key_verifies_like_its_public_part() -> None:
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA))
    assert "d" in private
    private.pop("key_ops")
    found = parse_key_set(key_set(private), "RS256", "")[None]
    assert not hasattr(found, "private_numbers")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no key set of 100 keys at most"),
        (b"{}", "is no key set of 100 keys at most"),
        (b'{"keys": {}}', "is no key set of 100 keys at most"),
        (json.dumps({"keys": [1] * 101}).encode(), "is no key set of 100 keys at most"),
        (json.dumps({"keys": [1] * 100}).encode(), NO_KEY),
        (b'{"keys": [1]}'.ljust(256 * 1024), NO_KEY),
        (b'{"keys": [1]}'.ljust(256 * 1024 + 1), "is larger than 262144 bytes"),
    ],
)
def test_what_is_no_key_set_is_refused(raw: bytes, why: str) -> None:
    assert reason(raw) == why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("RSA"),
    lambda some: st.lists(some, max_size=3)
    | st.dictionaries(st.sampled_from(["keys", "kty", "n", "e", "crv", "x", "y", "kid", "use"]), some),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
@examples(200)
def test_whatever_a_set_holds_it_is_used_or_refused(value: object) -> None:
    for body in (value, {"keys": [value]}):
        if not (isinstance(body, dict) and body.get("keys") == []):
            with pytest.raises(AuthError):
                parse_key_set(json.dumps(body).encode(), "RS256", "")


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    with pytest.raises(AuthError) as caught:
        read_key_set(file, "RS256")
    assert str(caught.value) == f"{file}: cannot be read: No such file or directory"
    file.write_bytes(key_set(jwk(RSA, kid="a")))
    assert read_key_set(file, "RS256").keys() == {"a", None}
    file.write_bytes(b"x")
    with pytest.raises(AuthError) as caught:
        read_key_set(file, "RS256")
    assert str(caught.value) == f"{file}: is not JSON"
    file.write_bytes(key_set(jwk(RSA)).ljust(256 * 1024 + 1))
    with pytest.raises(AuthError, match="is larger than 262144 bytes"):
        read_key_set(file, "RS256")


def test_a_pipe_is_not_waited_for_but_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "keys.json"
    os.mkfifo(pipe)
    with pytest.raises(AuthError, match="is no regular file"):
        read_key_set(pipe, "RS256")


@pytest.mark.parametrize(
    ("members", "ends"),
    [
        ([jwk(EC)], True),
        ([{"kty": "RSA", "use": "enc"}, {"kty": "oct"}], True),
        ([1], False),
        ([{"kty": "EC"}, {"kty": 1}], False),
        ([{}], False),
    ],
)
def test_a_set_that_has_other_keys_alone_leaves_none_and_what_is_no_set_says_nothing(
    members: list[Any], ends: bool
) -> None:
    with pytest.raises(AuthError, match="has no key that verifies RS256") as caught:
        parse_key_set(json.dumps({"keys": members}).encode(), "RS256", "")
    assert keys_left(caught.value) == ({} if ends else None)
