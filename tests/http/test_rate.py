"""Token buckets: how many requests a client may make, whatever it sends, and however many there are."""

from collections.abc import Sequence

import pytest
from asgi import http_scope
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.http.client_identity import identity, is_authenticated
from fullon_cache_api.http.rate import KNOWN, SHARED, Buckets, Taken
from fullon_cache_api.limits import RateLimit


def test_a_burst_is_allowed_and_then_as_many_as_the_rate() -> None:
    buckets = Buckets(RateLimit(2.0, 3))
    assert [buckets.take("a", 0.0) for _ in range(4)] == [
        Taken(0.0, 2, 0.5),
        Taken(0.0, 1, 1.0),
        Taken(0.0, 0, 1.5),
        Taken(0.5, 0, 1.5),
    ]
    assert buckets.take("a", 0.5) == Taken(0.0, 0, 1.5)
    assert not buckets.take("a", 0.9).allowed
    assert buckets.take("b", 0.9).left == 2
    assert buckets.take("a", 10.0).left == 2


@examples(200)
@given(
    st.integers(1, 50),
    st.integers(1, 20),
    st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60),
)
def test_no_client_ever_gets_more_than_its_burst_and_what_the_rate_adds(
    rate: int, burst: int, pauses: Sequence[float]
) -> None:
    buckets = Buckets(RateLimit(rate, burst))
    now, allowed = 0.0, list[float]()
    for pause in pauses:
        now += pause
        result = buckets.take("a", now)
        assert 0 <= result.left <= burst
        if result.allowed:
            allowed.append(now)
        else:
            assert buckets.take("a", now + result.wait - 1e-6).allowed is False
            assert result.wait <= 1 / rate + 1e-6
    for first, start in enumerate(allowed):
        for last in range(first, len(allowed)):
            assert last - first + 1 <= burst + (allowed[last] - start) * rate + 1e-3


def test_who_waits_as_long_as_he_was_told_is_let_in() -> None:
    buckets = Buckets(RateLimit(3.0, 1))
    now = 0.0
    for _ in range(1_000):
        assert buckets.take("a", now).allowed
        now += buckets.take("a", now).wait + 1e-6


def test_buckets_that_are_full_again_are_forgotten() -> None:
    buckets = Buckets(RateLimit(1.0, 1))
    for n in range(20_000):
        name = buckets.name(f"address {n}", float(n))
        assert name == f"address {n}"
        buckets.take(name, float(n))
    assert len(buckets.full_at) <= 3


def test_many_addresses_neither_grow_memory_nor_push_anybody_out() -> None:
    buckets = Buckets(RateLimit(1.0, 10))
    honest = buckets.name("address honest", 0.0)
    for _ in range(10):
        buckets.take(honest, 0.0)
    for n in range(3 * KNOWN):
        buckets.take(buckets.name(f"address {n}", 0.0), 0.0)
    assert len(buckets.full_at) <= KNOWN + SHARED
    # The bucket of one's own is still there, and empty; coming with a new address is no way around it.
    assert buckets.name("address honest", 0.0) == honest
    assert not buckets.take(honest, 0.0).allowed
    shared = {buckets.name(f"address late {n}", 0.0) for n in range(5_000)}
    assert all(name.startswith("shared ") for name in shared)
    assert len(shared) <= SHARED
    # Who has been authenticated has a bucket of his own in any case.
    assert buckets.name("key desk", 0.0) == "key desk"
    # Once they are full again, newcomers have buckets of their own: after a few that make room.
    for n in range(SHARED):
        buckets.take(buckets.name(f"address soon {n}", 100.0), 100.0)
    assert buckets.name("address late", 100.0) == "address late"


@pytest.mark.parametrize(
    ("client", "who"),
    [
        (("192.0.2.7", 5), "address 192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 5), "address 2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::", 5), "address 2001:db8:1:2::/64"),
        (("::ffff:192.0.2.7", 5), "address 192.0.2.7"),
        (("fe80::1%eth0", 5), "address fe80::/64"),
        (("x" * 1_000, 0), "address " + "x" * 64),
        (None, "address unknown"),
    ],
)
def test_a_client_is_its_address_or_its_network(client: object, who: str) -> None:
    assert identity(http_scope(client=client), lambda headers: None) == who


def test_who_was_authenticated_is_that_and_cannot_be_made_up() -> None:
    assert identity(http_scope(), lambda headers: "key desk") == "key desk"
    pretended = identity(http_scope(client=("key desk", 1)), lambda headers: None)
    assert pretended == "address key desk"
    assert (is_authenticated("key desk"), is_authenticated(pretended)) == (True, False)


def test_buckets_of_the_authenticated_are_forgotten_when_they_are_full_again() -> None:
    buckets = Buckets(RateLimit(1.0, 1))
    for second in range(100):
        buckets.take(buckets.name(f"key {second}", float(second)), float(second))
    assert len(buckets.full_at) <= 2
