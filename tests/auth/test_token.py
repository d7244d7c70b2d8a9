"""Bearer tokens: which are believed, for how long, and what is kept of them."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from auth.clocks import Clock
from auth.signing import (
    AUDIENCE,
    ES256,
    HS256,
    ISSUER,
    RS256,
    SECRET,
    claims,
    ec_key,
    encoded,
    jwk,
    key_set,
    rsa_key,
    token,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.auth.jwks import KeySet, parse_key_set
from fullon_cache_api.auth.key_source import Key, KeySetAddress, Secret
from fullon_cache_api.auth.principal import BadToken, Principal
from fullon_cache_api.auth.token import Tokens
from fullon_cache_api.spec.security import BearerScheme

RSA, EC = rsa_key(), ec_key()


class Keys:
    """A key set that a test changes; `renewed` counts how often more keys were looked for."""

    def __init__(self, keys: KeySet, more: KeySet | None = None) -> None:
        self.keys = keys
        self.more = more
        self.renewed = 0

    @property
    def version(self) -> object:
        return self.keys

    def find(self, identity: str | None) -> Key | None:
        return self.keys.get(identity)

    async def renew(self) -> None:
        self.renewed += 1
        if self.more is not None:
            self.keys = self.more


def source(scheme: BearerScheme = RS256, **keys: Any) -> Keys:
    named = keys or {"a": RSA if scheme.algorithm == "RS256" else EC}
    return Keys(
        parse_key_set(key_set(*(jwk(key, kid=kid) for kid, key in named.items())), scheme.algorithm, "")
    )


def tokens(scheme: BearerScheme = RS256, **options: Any) -> Tokens:
    keys = Secret(SECRET.encode()) if scheme.algorithm == "HS256" else source(scheme)
    return Tokens(scheme, options.pop("source", keys), ["sub", "ex_id"], **options)


def verify(text: bytes, of: Tokens | None = None) -> Principal:
    return asyncio.run((of or tokens()).verify(text))


def refused(text: bytes, of: Tokens | None = None) -> BadToken:
    of = of or tokens()
    with pytest.raises(BadToken) as caught:
        verify(text, of)
    assert of.remembered(text) is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert str(caught.value) == caught.value.reason
    return caught.value


SIGNED = [(RS256, RSA), (ES256, EC), (HS256, SECRET)]


@pytest.mark.parametrize(("scheme", "key"), SIGNED, ids=["RS256", "ES256", "HS256"])
def test_a_token_of_each_algorithm_is_its_holders(scheme: BearerScheme, key: Any) -> None:
    who = verify(token(key, scheme.algorithm, ex_id=[3, "4"]), tokens(scheme))
    assert who == Principal(
        "7",
        frozenset({"market:read", "ops:read"}),
        {"sub": frozenset({"7"}), "ex_id": frozenset({"3", "4"})},
        is_bearer=True,
    )


def test_a_token_may_be_for_several_audiences() -> None:
    assert verify(token(RSA, aud=["other", AUDIENCE])).id == "7"


def test_the_only_key_verifies_tokens_that_name_none() -> None:
    assert verify(token(RSA, kid=None)).id == "7"
    two = tokens(source=source(a=RSA, b=rsa_key("b")))
    assert refused(token(RSA, kid=None), two).reason == "no such key"


def test_a_secret_verifies_whatever_key_a_token_names() -> None:
    assert verify(token(SECRET, "HS256", kid="x"), tokens(HS256)).id == "7"
    assert verify(token(SECRET, "HS256", kid=None), tokens(HS256)).id == "7"


@pytest.mark.parametrize(
    ("given_", "scopes"),
    [
        ("market:read  ops:read ", {"market:read", "ops:read"}),
        ("", set()),
        (None, set()),
        (["market:read", "ops:read"], {"market:read", "ops:read"}),
        ([], set()),
        ({"market:read": True}, set()),
        (True, set()),
        ([True, None, ["x"], "y"], {"y"}),
    ],
)
def test_scopes_are_a_text_or_a_list(given_: object, scopes: set[str]) -> None:
    assert verify(token(RSA, scope=given_)).scopes == scopes


def test_scopes_can_be_in_another_claim() -> None:
    who = verify(token(RSA, scp=["a"]), tokens(replace(RS256, scopes_claim="scp")))
    assert who.scopes == {"a"}


@pytest.mark.parametrize(
    ("given_", "held"),
    [
        ("5", {"5"}),
        (5, {"5"}),
        (0, {"0"}),
        (-1, {"-1"}),
        (["5", 6], {"5", "6"}),
        (None, set()),
        (True, set()),
        (5.0, set()),
        ([5.0, False, None, {"5": 5}, ["5"]], set()),
        ({"5": "5"}, set()),
        ("", {""}),
    ],
)
def test_a_claim_holds_texts_and_integers_and_nothing_that_looks_like_one(
    given_: object, held: set[str]
) -> None:
    assert verify(token(RSA, ex_id=given_)).claims == {"sub": frozenset({"7"}), "ex_id": frozenset(held)}


def test_what_utf_8_cannot_hold_is_no_claim() -> None:
    who = verify(token(RSA, sub="7\ud800", ex_id=["3", "\udfff"]))
    assert who.claims == {"sub": frozenset(), "ex_id": frozenset({"3"})}
    assert len(who.id) == 64


def test_who_has_no_sub_is_known_by_the_tokens_digest() -> None:
    who = verify(token(RSA, sub=None))
    assert len(who.id) == 64
    assert who.claims["sub"] == frozenset()


BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no token": lambda: b"x",
    "two parts": lambda: b".".join(token(RSA).split(b".")[:2]),
    "four parts": lambda: token(RSA) + b".x",
    "no signature": lambda: b".".join([*token(RSA).split(b".")[:2], b""]),
    "another's signature": lambda: token(rsa_key("b")),
    "another issuer": lambda: token(RSA, iss="https://id.example.com/"),
    "no issuer": lambda: token(RSA, iss=None),
    "issuers": lambda: signed_oddly({"iss": [ISSUER]}),
    "another audience": lambda: token(RSA, aud="other"),
    "no audience": lambda: token(RSA, aud=None),
    "no audience at all": lambda: token(RSA, aud=[]),
    "an odd audience": lambda: token(RSA, aud={AUDIENCE: 1}),
    "no end": lambda: token(RSA, exp=None),
    "an odd end": lambda: token(RSA, exp="soon"),
    "an infinite end": lambda: token(RSA, exp=float("inf")),
    "an end that is no number": lambda: token(RSA, exp=float("nan")),
    "a list of ends": lambda: token(RSA, exp=[1]),
    "not yet": lambda: token(RSA, nbf=int(time.time()) + 100),
    "made tomorrow": lambda: token(RSA, iat=int(time.time()) + 100),
    "a number as its own id": lambda: token(RSA, jti=5),
    "a number as sub": lambda: signed_oddly({"sub": 7}),
    "no algorithm": lambda: b".".join([encoded({"alg": "none", "kid": "a"}), encoded(claims()), b""]),
    "no algorithm, signed": lambda: swapped(token(RSA), {"alg": "none", "kid": "a"}),
    "another algorithm": lambda: token(RSA, "RS512"),
    "algorithm in small letters": lambda: swapped(token(RSA), {"alg": "rs256", "kid": "a"}),
    "algorithms": lambda: swapped(token(RSA), {"alg": ["RS256"], "kid": "a"}),
    "no alg": lambda: swapped(token(RSA), {"kid": "a"}),
    "a key of the token's own": lambda: token(rsa_key("b"), kid=None, header={"jwk": jwk(rsa_key("b"))}),
    "an address of the token's own": lambda: token(rsa_key("b"), header={"jku": "https://evil.example.org"}),
    "a critical extension": lambda: token(RSA, header={"crit": ["exp"], "exp": 1}),
    "an unencoded payload": lambda: swapped(token(RSA), {"alg": "RS256", "kid": "a", "b64": False}),
    "a key id that is no text": lambda: swapped(token(RSA), {"alg": "RS256", "kid": 7}),
    "key ids": lambda: swapped(token(RSA), {"alg": "RS256", "kid": ["a"]}),
    "a deep header": lambda: b".".join([encoded(b"[" * 3_000), encoded({}), encoded(b"x")]),
    "a list as header": lambda: b".".join([encoded([]), encoded({}), encoded(b"x")]),
    "bytes that are no text": lambda: b"\xff.\xff.\xff",
}  # fmt: skip


def swapped(text: bytes, header: object) -> bytes:
    """The token with another header."""
    return b".".join([encoded(header), *text.split(b".")[1:]])


def signed_oddly(members: dict[str, object]) -> bytes:
    """A token whose claims PyJWT would not sign."""
    import jwt

    payload = json.dumps({**claims(), **members}).encode()
    return jwt.api_jws.encode(payload, RSA, "RS256", {"kid": "a"}).encode()


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_whatever_is_wrong_with_a_token_it_is_refused(text: Callable[[], bytes]) -> None:
    error = refused(text())
    assert not error.expired
    assert len(error.reason) < 80


def test_no_public_key_is_a_secret() -> None:
    """The confusion of HS256 with RS256: the key that everybody has, taken for a secret."""
    import hashlib
    import hmac

    for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1):
        for encoding in (Encoding.PEM, Encoding.DER):
            public = RSA.public_key().public_bytes(encoding, form)
            body = b".".join([encoded({"alg": "HS256", "kid": "a"}), encoded(claims())])
            forged = body + b"." + encoded(hmac.digest(public, body, hashlib.sha256))
            assert refused(forged).reason == "the token is signed otherwise"
            assert refused(forged, tokens(HS256)).reason == "the token is not valid (InvalidSignatureError)"


def test_a_token_of_another_key_than_it_names_is_refused() -> None:
    two = tokens(source=source(a=RSA, b=rsa_key("b")))
    assert verify(token(rsa_key("b"), kid="b"), two).id == "7"
    assert (
        refused(token(rsa_key("b"), kid="a"), two).reason == "the token is not valid (InvalidSignatureError)"
    )


def test_an_expired_token_is_said_to_be_one() -> None:
    error = refused(token(RSA, exp=int(time.time()) - 31))
    assert (error.expired, error.reason) == (True, "the token has expired")


def test_clocks_may_differ_by_the_leeway() -> None:
    now = int(time.time())
    assert verify(token(RSA, exp=now - 25)).id == "7"
    assert verify(token(RSA, nbf=now + 25)).id == "7"
    strict = tokens(replace(RS256, leeway=0.0))
    assert refused(token(RSA, exp=now - 1), strict).expired
    assert not refused(token(RSA, nbf=now + 25), strict).expired


def test_a_token_of_more_than_8_KB_is_not_looked_at() -> None:
    text = token(RSA, more="x" * 5_000)
    assert verify(text).id == "7"
    assert refused(token(RSA, more="x" * 6_200)).reason == "the token is too long"
    assert refused(b"x" * 8_192).reason != "the token is too long"
    assert refused(b"x" * 8_193).reason == "the token is too long"


def test_a_token_that_was_verified_is_remembered_until_it_expires() -> None:
    exp = int(time.time()) + 600
    clock = Clock(time.time())
    of = tokens(clock=clock)
    text = token(RSA, exp=exp)
    assert of.remembered(text) is None
    who = verify(text, of)
    assert of.remembered(text) is who
    assert of.remembered(text + b"x") is None
    clock.now = exp + 29.9
    assert of.remembered(text) is who
    clock.now = exp + 30.0
    assert of.remembered(text) is None
    clock.now = exp
    assert of.remembered(text) is None


@pytest.mark.parametrize("exp", [10**400, 10**30, 1e300])
def test_a_token_that_never_ends_is_verified_again_after_a_day(exp: float) -> None:
    clock = Clock(float(int(time.time())))
    of = tokens(clock=clock)
    text = token(RSA, exp=exp)
    who = verify(text, of)
    clock.passes(86_429)
    assert of.remembered(text) is who
    clock.passes(1)
    assert of.remembered(text) is None


def test_a_token_is_forgotten_when_the_keys_change() -> None:
    keys = source(a=RSA)
    of = tokens(source=keys)
    text = token(RSA)
    verify(text, of)
    assert of.remembered(text) is not None
    keys.keys = source(b=rsa_key("b")).keys
    assert of.remembered(text) is None
    assert refused(text, of).reason == "no such key"
    verify(token(rsa_key("b"), kid="b"), of)
    assert of.remembered(token(RSA)) is None


def test_no_more_than_4096_tokens_are_remembered_and_those_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    from fullon_cache_api.auth import token as module

    assert module.REMEMBERED == 4_096
    monkeypatch.setattr(module, "REMEMBERED", 3)
    of = tokens(HS256)
    texts = [token(SECRET, "HS256", sub=str(number)) for number in range(4)]
    for text in texts[:3]:
        verify(text, of)
    assert of.remembered(texts[0]) is not None
    verify(texts[3], of)
    assert [of.remembered(text) is not None for text in texts] == [True, False, True, True]


def test_an_unknown_key_is_looked_for_once() -> None:
    keys = source(a=RSA)
    keys.more = source(a=RSA, b=rsa_key("b")).keys
    of = tokens(source=keys)
    assert verify(token(rsa_key("b"), kid="b"), of).id == "7"
    assert keys.renewed == 1
    assert refused(token(rsa_key("c"), kid="c"), of).reason == "no such key"
    assert keys.renewed == 2


def test_no_key_is_looked_for_where_a_token_is_signed_otherwise_or_its_key_is_known() -> None:
    keys = source(a=RSA)
    of = tokens(source=keys)
    refused(token(SECRET, "HS256", kid="b"), of)
    refused(token(rsa_key("b"), kid="a"), of)
    refused(b"x", of)
    assert keys.renewed == 0


TEXT = token(RSA)


@given(
    st.integers(0, len(TEXT) - 1),
    st.integers(0, 255),
    st.sampled_from(["replace", "insert", "delete", "cut"]),
)
@examples(400)
def test_no_token_but_the_one_that_was_signed_is_believed(place: int, byte: int, how: str) -> None:
    before, after = TEXT[:place], TEXT[place:]
    changed = {
        "replace": before + bytes([byte]) + after[1:],
        "insert": before + bytes([byte]) + after,
        "delete": before + after[1:],
        "cut": before,
    }[how]
    if changed == TEXT:
        assert verify(changed).id == "7"
        return
    try:
        who = verify(changed)
    except BadToken:
        return
    # Nothing but padding can be other than it was: the same token, written differently.
    assert who.id == "7"
    assert changed.replace(b"=", b"") == TEXT


@given(
    st.binary(max_size=100)
    | st.lists(st.binary(max_size=60), max_size=4).map(lambda parts: b".".join(map(encoded, parts)))
)
@examples(300)
def test_no_garbage_is_believed(text: bytes) -> None:
    refused(text)


def test_who_has_a_key_that_was_taken_back_is_not_let_in_after_a_silence() -> None:
    """Nobody asks for a quarter of an hour, in which the key goes: no token of it counts, known or not."""
    sets = [key_set(jwk(RSA, kid="a")), b'{"keys": []}']
    clock = Clock(1_000.0)

    async def test() -> None:
        keys = KeySetAddress("https://id.example.org/", "RS256", lambda *one: None, lambda _: sets[0], clock)
        of = tokens(source=keys)
        known, other = token(RSA, exp=int(time.time()) + 3_600), token(RSA, exp=int(time.time()) + 3_601)
        await of.verify(known)
        assert of.remembered(known) is not None
        del sets[0]
        clock.passes(900)
        assert of.remembered(known) is None
        # Whose requests are counted is known all the same.
        assert of.holder(known) is not None
        for each in (known, other):
            with pytest.raises(BadToken, match="no such key"):
                await of.verify(each)
        assert of.holder(known) is None

    asyncio.run(test())
