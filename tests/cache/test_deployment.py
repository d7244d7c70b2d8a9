"""Addresses of Sentinels and clusters: each means one thing or is refused, and no secret is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import ClusterTarget, RedisTarget, SentinelTarget, TargetError, parse_url

SECRET = "s3cr3t"


def sentinels(*places: tuple[str, int], **more: str) -> tuple[RedisTarget, ...]:
    return tuple(RedisTarget(host=host, port=port, **more) for host, port in places)  # type: ignore[arg-type]


GOOD = [
    ("redis://cache:6380/2", RedisTarget(host="cache", port=6380, db=2)),
    ("unix:///run/redis.sock", RedisTarget(path="/run/redis.sock")),
    ("redis+sentinel://a/main", SentinelTarget(sentinels(("a", 26379)), "main")),
    (
        "REDIS+SENTINEL://a:1,b,[::1]:3,[::2]/my%20master/7?replicas=true",
        SentinelTarget(
            sentinels(("a", 1), ("b", 26379), ("::1", 3), ("::2", 26379)),
            "my master",
            RedisTarget(db=7),
            replicas=True,
        ),
    ),
    (
        "redis+sentinel://u:p%40@a,b/main?sentinel_username=w&sentinel_password=q%26&replicas=False",
        SentinelTarget(
            sentinels(("a", 26379), ("b", 26379), username="w", password="q&"),
            "main",
            RedisTarget(username="u", password="p@"),
        ),
    ),
    (
        "redis+sentinel://:p@a/main?sentinel_password=q",
        SentinelTarget(sentinels(("a", 26379), password="q"), "main", RedisTarget(password="p")),
    ),
    (
        "rediss+sentinel://a/main?ssl_ca_certs=/ca&ssl_certfile=/c&ssl_keyfile=/k",
        SentinelTarget(
            (RedisTarget("a", 26379, tls=True, tls_ca_file="/ca", tls_cert_file="/c", tls_key_file="/k"),),
            "main",
            RedisTarget(tls=True, tls_ca_file="/ca", tls_cert_file="/c", tls_key_file="/k"),
        ),
    ),
    (
        "rediss+sentinel://a/main?ssl_ca_certs=/c=d",
        SentinelTarget(
            (RedisTarget("a", 26379, tls=True, tls_ca_file="/c=d"),),
            "main",
            RedisTarget(tls=True, tls_ca_file="/c=d"),
        ),
    ),
    ("redis+cluster://a", ClusterTarget(sentinels(("a", 6379)))),
    ("redis+cluster://a//", ClusterTarget(sentinels(("a", 6379)))),
    ("redis+cluster://a/0/", ClusterTarget(sentinels(("a", 6379)))),
    ("redis+cluster://a/0", ClusterTarget(sentinels(("a", 6379)))),
    (
        "redis+cluster://u:p@a:7000,[fe80::1%25eth0]:7001/",
        ClusterTarget(
            sentinels(("a", 7000), ("fe80::1%eth0", 7001), username="u", password="p"),
            RedisTarget(username="u", password="p"),
        ),
    ),
    (
        "rediss+cluster://a?ssl_cert_reqs=none",
        ClusterTarget(
            (RedisTarget("a", tls=True, tls_verify=False),), RedisTarget(tls=True, tls_verify=False)
        ),
    ),
]

TLS = "ssl_ca_certs, ssl_cert_reqs, ssl_certfile, ssl_check_hostname, ssl_keyfile"
MASTER = "the name of the master is missing: redis+sentinel://host:26379/mymaster"
PORT = "the port is not a number from 1 to 65535"
BAD = [
    ("redis+sentinel://a", MASTER),
    ("redis+sentinel://a/", MASTER),
    ("redis+sentinel://a//0", MASTER),
    ("redis+sentinel:///secret", "a host is missing"),
    ("redis+sentinel://a,,b/main", "a host is missing"),
    ("redis+sentinel://u:secret@/main", "a host is missing"),
    ("redis+sentinel://a,a:26379/main", "a host is given twice"),
    ("redis+sentinel://a:secret/main", PORT),
    ("redis+sentinel://u:secret/x@a/main", PORT),
    ("redis+sentinel://a:0/main", PORT),
    ("redis+sentinel://[secret/main", "the host cannot be read"),
    ("redis+sentinel://a b/main", "it holds a space or a control character"),
    ("redis+sentinel://a/main\n", "it holds a space or a control character"),
    ("redis+sentinel://a/secret 1", "it holds a space or a control character"),
    ("redis+sentinel://u:12#secret@a/main", "it holds a #, which is %23 in a password or a path"),
    ("redis+sentinel://a/main/secret", "the database is not a number from 0 to 2147483647"),
    ("redis+sentinel://a/main/1/2", "the database is not a number from 0 to 2147483647"),
    ("redis+sentinel://a/main?replicas=secret", "the option replicas is neither true nor false"),
    ("redis+sentinel://a/main?replicas=", "the option replicas is empty"),
    ("redis+sentinel://a/main?sentinel_username=secret", "sentinel_username needs sentinel_password"),
    ("redis+sentinel://a/main?ssl_ca_certs=secret", "options that begin with ssl_ need rediss://"),
    (
        "redis+sentinel://a/main?secret=1",
        f"an option is not known; known are replicas, sentinel_password, sentinel_username, {TLS}",
    ),
    ("redis+sentinel://:100%secret@a/main", "it holds a % without two hexadecimal digits; a % itself is %25"),
    ("redis+sentinel://a/100%secret", "it holds a % without two hexadecimal digits; a % itself is %25"),
    ("redis+cluster://", "a host is missing"),
    ("redis+cluster://a/1", "a cluster has no database but 0"),
    ("redis+cluster://a/X", "a cluster has no database but 0"),
    ("redis+cluster://a/secret", "a cluster has no database but 0"),
    ("redis+cluster://a?replicas=true", f"an option is not known; known are {TLS}"),
    ("redis+cluster://a?db=0", f"an option is not known; known are {TLS}"),
    (
        "unix+cluster://a",
        "it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://",
    ),
    (
        "redis+tls://secret",
        "it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://",
    ),
]


@pytest.mark.parametrize(("url", "target"), GOOD, ids=[url for url, _ in GOOD])
def test_an_address_means_what_it_says(url: str, target: object) -> None:
    assert parse_url(url) == target


@pytest.mark.parametrize(("url", "text"), BAD, ids=[ascii(url) for url, _ in BAD])
def test_an_address_that_would_have_to_be_guessed_is_refused_without_repeating_it(
    url: str, text: str
) -> None:
    with pytest.raises(TargetError) as caught:
        parse_url(url)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("url", "shown", "mode"),
    [
        (
            f"redis+sentinel://u:{SECRET}@a,[::1]:3/main/2?replicas=true&sentinel_password={SECRET}",
            "redis+sentinel://a:26379,[::1]:3/main/2?replicas=true",
            "sentinel",
        ),
        (f"rediss+sentinel://:{SECRET}@a/main", "rediss+sentinel://a:26379/main/0", "sentinel"),
        (f"rediss+cluster://:{SECRET}@a:7000,b", "rediss+cluster://a:7000,b:6379/", "cluster"),
        (f"redis://:{SECRET}@a", "redis://a:6379/0", "standalone"),
    ],
)
def test_a_target_shows_its_address_and_never_a_password(url: str, shown: str, mode: str) -> None:
    target = parse_url(url)
    assert (str(target), target.mode) == (shown, mode)
    assert SECRET not in repr(target)


PIECES = st.sampled_from(
    [
        *("host", "::1", "1", "6380", "ü", "\0", " ", "\n", ",", ":", "@", "/", "?", "#", "%", "%41", "%ff"),
        *("[", "]", "&", "=", "replicas=", "true", "sentinel_password=", "sentinel_username=", "ssl_"),
    ]
)
STARTS = st.sampled_from(
    [
        *(f"redis+sentinel://u:{SECRET}@", f"rediss+sentinel://a,b/m?sentinel_password={SECRET}"),
        *(f"redis+cluster://:{SECRET}@a", f"rediss+cluster://u:{SECRET}@"),
    ]
)


@examples(100)
@given(STARTS, st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=10).map("".join)))
def test_any_text_is_an_address_or_an_error_and_neither_shows_its_password(start: str, rest: str) -> None:
    try:
        target = parse_url(start + rest)
    except TargetError as error:
        assert SECRET not in str(error)
        assert str(error).isascii()
        assert str(error).isprintable()
        return
    assert SECRET not in f"{target} {target!r}"
    servers = target.sentinels if isinstance(target, SentinelTarget) else target.seeds  # type: ignore[union-attr]
    assert servers
    assert all(1 <= server.port <= 65535 for server in servers)
