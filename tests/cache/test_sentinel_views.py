"""What is believed of what several Sentinels say."""

import pytest
from caches import port_of
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from proxy import Proxy
from resp import array, texts

from fullon_cache_api.cache.sentinel import Sentinel, View, agreed
from fullon_cache_api.cache.target import Address, RedisTarget
from fullon_cache_api.demo import EmbeddedServer

OLD, NEW = Address("10.0.0.1", 6379), Address("10.0.0.2", 6379)
BEFORE, AFTER, UNKNOWN = View(OLD, 4), View(NEW, 5), View(None)
WRONG = View(Address("10.0.0.3", 6379), 4)
NAMED = View(Address("redis-1", 6379), 4)


@pytest.mark.parametrize(
    ("views", "least_epoch", "believed"),
    [
        ([BEFORE], -1, BEFORE),
        ([None], -1, None),
        ([BEFORE, None, None], -1, None),
        ([BEFORE, BEFORE, None], -1, BEFORE),
        ([BEFORE, None], -1, None),
        ([BEFORE, AFTER, None], -1, AFTER),
        ([BEFORE, BEFORE, AFTER], 4, AFTER),
        ([BEFORE, BEFORE, None], 5, None),
        ([BEFORE, BEFORE, BEFORE], 5, BEFORE),
        ([AFTER, UNKNOWN, UNKNOWN], 5, AFTER),
        ([UNKNOWN, UNKNOWN, None], -1, UNKNOWN),
        ([UNKNOWN, UNKNOWN, None], 5, None),
        ([BEFORE, BEFORE, UNKNOWN], 5, BEFORE),
        ([BEFORE, UNKNOWN, UNKNOWN], 5, None),
        ([BEFORE, BEFORE, WRONG], 5, BEFORE),
        ([BEFORE, View(OLD, 3), View(OLD, 3)], 5, None),
        ([WRONG, BEFORE, BEFORE], -1, BEFORE),
        ([WRONG, None, BEFORE, BEFORE, None], 4, BEFORE),
        ([WRONG, BEFORE, None], -1, None),
        ([WRONG, WRONG, BEFORE, AFTER], 4, AFTER),
        ([WRONG, BEFORE, WRONG, BEFORE], -1, None),
        ([NAMED, BEFORE, None], -1, NAMED),
        ([WRONG, NAMED, BEFORE], -1, NAMED),
        ([View(Address("10.0.0.1", 6380), 4), BEFORE, BEFORE], -1, BEFORE),
    ],
)
def test_the_last_failover_that_more_than_half_may_know_of_is_believed(
    views: list[View | None], least_epoch: int, believed: View | None
) -> None:
    assert agreed(views, least_epoch) == believed


SAID = st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=7)


@examples(200)
@given(SAID, st.integers(-1, 6))
def test_who_has_heard_of_a_failover_never_believes_less_but_all_together(
    said: list[int | None], least: int
) -> None:
    views = [None if epoch is None else View(Address("h", epoch + 1), epoch) for epoch in said]
    view = agreed(views, least)
    heard = [epoch for epoch in said if epoch is not None]
    if view is None:
        few = len(heard) < len(said) or 2 * heard.count(max(heard)) <= len(said)
        assert 2 * len(heard) <= len(said) or (max(heard) < least and few)
    else:
        assert view.epoch == max(heard)
        assert 2 * len(heard) > len(said)
        assert view.epoch >= least or (len(heard) == len(said) < 2 * heard.count(view.epoch))


def replica(
    port: bytes = b"6380", flags: bytes = b"slave", link: bytes = b"ok", master: tuple[bytes, ...] = ()
) -> bytes:
    said = (b"ip", b"10.0.0.2", b"port", port, b"flags", flags, b"master-link-status", link)
    return texts(
        *said,
        *(word for pair in zip((b"master-host", b"master-port"), master, strict=False) for word in pair),
    )


ADDRESS = texts(b"10.0.0.1", b"6379")
MASTER = texts(b"name", b"main", b"config-epoch", b"7")
REPLICA, SECOND = Address("10.0.0.2", 6380), Address("10.0.0.2", 6381)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("replies", "view"),
    [
        ((ADDRESS, MASTER, array()), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica())), View(OLD, 7, (REPLICA,))),
        ((ADDRESS, MASTER, array(replica(b"6381"), replica())), View(OLD, 7, (REPLICA, SECOND))),
        ((ADDRESS, MASTER, array(replica(flags=b"slave,s_down"))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica(flags=b"slave,disconnected"))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica(link=b"err"))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica(master=(b"10.0.0.1", b"6379")))), View(OLD, 7, (REPLICA,))),
        ((ADDRESS, MASTER, array(replica(master=(b"a.name", b"6379")))), View(OLD, 7, (REPLICA,))),
        ((ADDRESS, MASTER, array(replica(master=(b"10.0.0.3", b"6379")))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica(master=(b"10.0.0.1", b"6378")))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica(master=(b"a.name", b"6378")))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(replica(port=b"?"))), View(OLD, 7)),
        ((ADDRESS, MASTER, array(b":1\r\n")), View(OLD, 7)),
        ((b"*-1\r\n", b"-ERR No such master\r\n", b"-ERR No such master\r\n"), UNKNOWN),
        ((ADDRESS, texts(b"name", b"main"), array()), None),
        ((ADDRESS, texts(b"config-epoch", b"x"), array()), None),
        ((ADDRESS, b":1\r\n", array()), None),
        ((ADDRESS, MASTER, b"-NOPERM no\r\n"), None),
        ((texts(b"10.0.0.1", b"x"), MASTER, array()), None),
        ((texts(b"10.0.0.1"), MASTER, array()), None),
        ((b"-ERR\r\n", MASTER, array()), None),
    ],
)  # fmt: skip
async def test_a_sentinel_says_which_servers_are_well_or_nothing(
    tcp_server: EmbeddedServer, replies: tuple[bytes, ...], view: View | None
) -> None:
    async with Proxy(port_of(tcp_server)) as proxy:
        proxy.respond = lambda _: b"".join(replies)
        sentinel = Sentinel(RedisTarget("127.0.0.1", proxy.port), "main")
        assert await sentinel.view() == view
        await sentinel.close()
