"""What a request says of who asks, and whether he may."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.auth.api_key import KeyRing, NewKey, make_key
from fullon_cache_api.auth.principal import BadToken, Forbidden, Principal, Unauthenticated
from fullon_cache_api.auth.requirement import Requirement
from fullon_cache_api.spec.security import ApiKeyScheme, BearerScheme, Owner, SecurityScheme

KEY_SCHEME = ApiKeyScheme("apiKey", "X-Api-Key")
TOKEN_SCHEME = BearerScheme("token", "HS256", "i", "a", None)
KEY_CHALLENGE = 'ApiKey realm="fullon-cache-api", header="X-Api-Key"'
TOKEN_CHALLENGE = 'Bearer realm="fullon-cache-api"'
BAD_TOKEN = f'{TOKEN_CHALLENGE}, error="invalid_token"'

DESK: NewKey = make_key("desk", ["market:read"], {"sub": frozenset({"7"})}, 0.0, 100.0)
KEY = DESK.text.encode()
HOLDER = Principal("5", frozenset({"market:read"}), {}, is_bearer=True)


@dataclass
class Rings:
    value: KeyRing = field(default_factory=lambda: KeyRing({DESK.key.id.encode(): DESK.key}))


class Verifier:
    """Believes the token `good`, has verified `known`."""

    def remembered(self, token: bytes) -> Principal | None:
        return HOLDER if token == b"known" else None

    def holder(self, token: bytes) -> Principal | None:
        return HOLDER if token in (b"known", b"awaited") else None

    async def verify(self, token: bytes) -> Principal:
        if token == b"good":
            return HOLDER
        raise BadToken("it is bad", expired=token == b"old")


def requirement(
    *schemes: SecurityScheme,
    scopes: tuple[str, ...] = (),
    owner: Owner | None = None,
    clock: Callable[[], float] = lambda: 1.0,
) -> Requirement:
    return Requirement(schemes or (KEY_SCHEME,), scopes, owner, Rings(), Verifier(), clock)


def refused(of: Requirement, *headers: tuple[bytes, bytes]) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        of.look(headers)
    assert str(caught.value) == caught.value.reason
    return caught.value


BOTH = requirement(KEY_SCHEME, TOKEN_SCHEME)


def test_a_key_is_found_in_its_header_among_others() -> None:
    headers = [(b"host", b"x"), (b"x-api-key", KEY), (b"accept", b"*/*")]
    assert requirement().look(headers) is DESK.key.principal
    assert BOTH.look(headers) is DESK.key.principal


def test_blanks_around_a_key_are_no_part_of_it() -> None:
    for value in (KEY + b" ", b" " + KEY, b"\t" + KEY + b" \t"):
        assert BOTH.look([(b"x-api-key", value)]) is DESK.key.principal
        assert BOTH.name_of([(b"x-api-key", value)]) == f"key {DESK.key.id}"


def test_a_request_that_says_nothing_is_told_how_it_could() -> None:
    error = refused(BOTH, (b"host", b"x"))
    assert (error.reason, error.given, error.expired) == ("nothing says who asks", False, False)
    assert error.challenges == (KEY_CHALLENGE, TOKEN_CHALLENGE)
    assert refused(requirement(TOKEN_SCHEME)).challenges == (TOKEN_CHALLENGE,)
    assert refused(requirement()).challenges == (KEY_CHALLENGE,)


@pytest.mark.parametrize(
    "value",
    [b"", b"x", KEY[:-1], KEY[:9] + b" " + KEY[9:], b"Bearer " + KEY, KEY + b", " + KEY],
    ids=["empty", "short", "cut", "with a space", "with a scheme", "twice"],
)
def test_what_is_no_key_is_refused(value: bytes) -> None:
    error = refused(BOTH, (b"x-api-key", value))
    assert (error.reason, error.given, error.expired) == ("no such key", True, False)
    assert error.challenges == (KEY_CHALLENGE, BAD_TOKEN)
    assert refused(requirement(), (b"x-api-key", value)).challenges == (KEY_CHALLENGE,)


def test_a_key_that_has_expired_is_no_key() -> None:
    assert requirement(clock=lambda: 99.0).look([(b"x-api-key", KEY)]) is DESK.key.principal
    assert refused(requirement(clock=lambda: 100.0), (b"x-api-key", KEY)).reason == "no such key"


def test_two_keys_are_one_too_many_though_they_are_the_same() -> None:
    error = refused(BOTH, (b"x-api-key", KEY), (b"x-api-key", KEY))
    assert (error.reason, error.given) == ("two keys are given", True)


def test_a_key_elsewhere_is_none() -> None:
    for name in (b"x-apikey", b"X-Api-Key", b"authorization", b"api-key", b"cookie"):
        assert not refused(requirement(), (name, KEY)).given


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_a_token_is_given_to_be_verified_or_is_known(scheme: bytes) -> None:
    assert BOTH.look([(b"authorization", scheme + b" good")]) == b"good"
    assert BOTH.look([(b"authorization", scheme + b"  known ")]) is HOLDER
    # What pads a token is no part of it: nobody is two because he pads it.
    assert BOTH.look([(b"authorization", scheme + b" a.b-c_d~e+f/g==")]) == b"a.b-c_d~e+f/g"


@pytest.mark.parametrize(
    "value", [b"Bearer", b"Bearer ", b"Bearer a b", b"Bearer a,b", b"Bearer =", b"Bearer \xff", b"Bearer a\n"]
)
def test_a_bearer_without_a_token_is_refused(value: bytes) -> None:
    error = refused(BOTH, (b"authorization", value))
    assert (error.reason, error.given) == ("the token is none", True)
    assert error.challenges == (KEY_CHALLENGE, BAD_TOKEN)


@pytest.mark.parametrize("value", [b"Basic dTpw", b"", b"good", b"Digest a", b" Bearer good"])
def test_what_is_said_to_others_says_nothing_here(value: bytes) -> None:
    assert not refused(BOTH, (b"authorization", value)).given
    assert BOTH.look([(b"authorization", value), (b"x-api-key", KEY)]) is DESK.key.principal


def test_two_tokens_are_one_too_many() -> None:
    bearer = (b"authorization", b"Bearer known")
    assert refused(BOTH, bearer, bearer).reason == "two tokens are given"
    assert BOTH.look([bearer, (b"authorization", b"Basic x")]) is HOLDER


def test_a_token_is_nothing_where_only_keys_are_asked_for_and_the_reverse() -> None:
    assert not refused(requirement(), (b"authorization", b"Bearer known")).given
    assert not refused(requirement(TOKEN_SCHEME), (b"x-api-key", KEY)).given


def test_of_a_key_and_a_token_that_decides_which_is_named_first() -> None:
    good = [(b"authorization", b"Bearer known"), (b"x-api-key", KEY)]
    assert BOTH.look(good) is DESK.key.principal
    assert requirement(TOKEN_SCHEME, KEY_SCHEME).look(good) is HOLDER
    bad_key = (b"x-api-key", b"x")
    assert refused(BOTH, good[0], bad_key).reason == "no such key"
    assert requirement(TOKEN_SCHEME, KEY_SCHEME).look([bad_key, good[0]]) is HOLDER
    bad_token = (b"authorization", b"Bearer")
    assert refused(requirement(TOKEN_SCHEME, KEY_SCHEME), bad_token, good[1]).reason == "the token is none"
    assert requirement(TOKEN_SCHEME, KEY_SCHEME).look([good[1]]) is DESK.key.principal


@pytest.mark.anyio
async def test_a_token_is_verified() -> None:
    assert await BOTH.verify(b"good") is HOLDER
    for token in (b"bad", b"old"):
        with pytest.raises(Unauthenticated) as caught:
            await BOTH.verify(token)
        assert caught.value.reason == "it is bad"
        assert caught.value.given
        assert caught.value.expired is (token == b"old")
        assert caught.value.challenges == (KEY_CHALLENGE, BAD_TOKEN)
        assert caught.value.__suppress_context__


def who(*scopes: str, is_bearer: bool = False, **claims: set[str]) -> Principal:
    held = {name: frozenset(values) for name, values in claims.items()}
    return Principal("5", frozenset(scopes), held, is_bearer)


def forbidden(of: Requirement, who: Principal, owner: str | None = None) -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        of.admit(who, owner)
    return caught.value


def test_all_scopes_are_needed_and_the_missing_ones_named() -> None:
    of = requirement(scopes=("a", "b"))
    of.admit(who("a", "b", "c"), None)
    assert forbidden(of, who("b")).missing == ("a",)
    error = forbidden(of, who("c"))
    assert (error.missing, error.challenges, str(error)) == (("a", "b"), (), "lacks a b")


def test_where_no_scope_is_needed_everybody_known_is_let_in() -> None:
    requirement().admit(who(), None)


def test_who_came_with_a_token_is_told_which_scopes_another_one_needs() -> None:
    error = forbidden(requirement(scopes=("a", "b")), who("a", is_bearer=True))
    expected = f'{TOKEN_CHALLENGE}, error="insufficient_scope", scope="a b"'
    assert (error.missing, error.challenges) == (("b",), (expected,))


OWNED = requirement(owner=Owner("user_id", "sub", "all"), scopes=("a",))


@pytest.mark.parametrize(
    ("holder", "owner"),
    [
        (who("a", sub={"7"}), "7"),
        (who("a", sub={"6", "7"}), "7"),
        (who("a", "all"), "7"),
        (who("a", "all"), None),
    ],
)
def test_an_owner_is_let_in_and_who_may_ask_for_everybodys(holder: Principal, owner: str | None) -> None:
    OWNED.admit(holder, owner)


@pytest.mark.parametrize(
    ("holder", "owner"),
    [
        (who("a", sub={"7"}), "8"),
        (who("a", sub={"7"}), "07"),
        (who("a", sub={"7"}), ""),
        (who("a", sub={"7"}), None),
        (who("a", sub={"None"}), None),
        (who("a", sub=set()), "7"),
        (who("a"), "7"),
        (who("a", user_id={"7"}), "7"),
    ],
)
def test_somebody_elses_answer_is_forbidden(holder: Principal, owner: str | None) -> None:
    error = forbidden(OWNED, holder, owner)
    assert (error.missing, error.challenges, str(error)) == ((), (), "is not the owner")


def test_ownership_is_no_scope_and_a_scope_no_ownership() -> None:
    assert forbidden(OWNED, who("all", sub={"7"}), "7").missing == ("a",)
    error = forbidden(requirement(owner=Owner("user_id", "sub")), who(is_bearer=True), "7")
    assert error.challenges == (f'{TOKEN_CHALLENGE}, error="insufficient_scope"',)


def test_where_nobody_may_ask_for_everybodys_no_scope_helps() -> None:
    of = requirement(owner=Owner("user_id", "sub"))
    of.admit(who(sub={"7"}), "7")
    assert forbidden(of, who("all", "None", ""), "7").missing == ()


@given(
    st.lists(st.tuples(st.sampled_from([b"x-api-key", b"authorization", b"cookie"]), st.binary(max_size=60)))
)
@examples(300)
def test_garbage_lets_nobody_in(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        found = BOTH.look(headers)
    except Unauthenticated:
        return
    # A text that has the form of a token is left to who verifies it.
    assert isinstance(found, bytes)


def test_a_name_is_that_of_a_key_or_of_a_verified_token_and_of_nobody_else() -> None:
    assert BOTH.name_of([(b"x-api-key", KEY)]) == f"key {DESK.key.id}"
    assert BOTH.name_of([(b"authorization", b"Bearer known")]) == "token 5"
    assert BOTH.name_of([(b"authorization", b"Bearer awaited")]) == "token 5"
    assert BOTH.name_of([(b"authorization", b"Bearer good")]) is None
    assert BOTH.name_of([(b"x-api-key", KEY[:-1])]) is None
    assert BOTH.name_of([]) is None
    junk, bad = (b"x-api-key", b"junk"), (b"authorization", b"Bearer bad")
    assert BOTH.name_of([junk, (b"authorization", b"bearer known")]) == "token 5"
    assert BOTH.name_of([bad, (b"x-api-key", KEY)]) == f"key {DESK.key.id}"
    assert BOTH.name_of([junk, bad, (b"authorization", b"Basic x"), (b"authorization", b"Bearer")]) is None


def test_of_a_key_and_a_token_the_one_whose_scheme_comes_first_decides() -> None:
    good_key, bad_key = (b"x-api-key", KEY), (b"x-api-key", b"junk")
    good_token, bad_token = (b"authorization", b"Bearer known"), (b"authorization", b"Bearer")
    assert BOTH.look([good_key, bad_token]) == DESK.key.principal
    refused(BOTH, bad_key, good_token)
    token_first = requirement(TOKEN_SCHEME, KEY_SCHEME)
    assert token_first.look([bad_key, good_token]) == HOLDER
    refused(token_first, good_key, bad_token)
