"""Addresses of Redis: each means one thing or is refused, and none is ever repeated."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import RedisTarget, TargetError
from fullon_cache_api.cache.dial import TcpConnection, TlsConnection, UnixConnection

GOOD = [
    ("redis://", RedisTarget()),
    ("REDIS://Cache.Example", RedisTarget(host="cache.example")),
    ("redis://cache:6380", RedisTarget(host="cache", port=6380)),
    ("redis://cache/", RedisTarget(host="cache")),
    ("redis://cache/7", RedisTarget(host="cache", db=7)),
    ("redis://cache?db=7", RedisTarget(host="cache", db=7)),
    ("redis://cache/2147483647", RedisTarget(host="cache", db=2**31 - 1)),
    ("redis://127.0.0.1:1/0", RedisTarget(host="127.0.0.1", port=1)),
    ("redis://[::1]", RedisTarget(host="::1")),
    ("redis://[::1]:6380/2", RedisTarget(host="::1", port=6380, db=2)),
    ("redis://[fe80::1%25eth0]:6380", RedisTarget(host="fe80::1%eth0", port=6380)),
    ("redis://u@cache", RedisTarget(host="cache", username="u")),
    ("redis://:p@cache", RedisTarget(host="cache", password="p")),
    ("redis://u:p@cache", RedisTarget(host="cache", username="u", password="p")),
    ("redis://u:@cache", RedisTarget(host="cache", username="u")),
    ("redis://u%40x:p%2F%3a%25%23@cache", RedisTarget(host="cache", username="u@x", password="p/:%#")),
    ("redis://:p@x@cache", RedisTarget(host="cache", password="p@x")),
    ("redis://:p+q@cache", RedisTarget(host="cache", password="p+q")),
    ("redis://:%C3%BC@cache", RedisTarget(host="cache", password="ü")),
    ("rediss://cache", RedisTarget(host="cache", tls=True)),
    ("rediss://cache?ssl_cert_reqs=none", RedisTarget(host="cache", tls=True, tls_verify=False)),
    ("rediss://cache?ssl_cert_reqs=Required", RedisTarget(host="cache", tls=True)),
    ("rediss://c?ssl_check_hostname=False", RedisTarget(host="c", tls=True, tls_check_hostname=False)),
    ("rediss://c?ssl_ca_certs=/ca+1.pem", RedisTarget(host="c", tls=True, tls_ca_file="/ca+1.pem")),
    (
        "rediss://c/1?ssl_certfile=%2Fown.pem&ssl_keyfile=/own.key",
        RedisTarget(host="c", db=1, tls=True, tls_cert_file="/own.pem", tls_key_file="/own.key"),
    ),
    ("unix:///run/redis.sock", RedisTarget(path="/run/redis.sock")),
    ("unix:///run/redis.sock?db=3", RedisTarget(path="/run/redis.sock", db=3)),
    ("unix://u:p@/run/a%20b.sock", RedisTarget(path="/run/a b.sock", username="u", password="p")),
]

HOST = "the host cannot be read"
PORT = "the port is not a number from 1 to 65535"
DATABASE = "the database is not a number from 0 to 2147483647"
SCHEME = "it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://"
BAD = [
    ("", SCHEME),
    ("secret", SCHEME),
    ("//secret", SCHEME),
    ("http://secret", SCHEME),
    ("redis:secret", SCHEME),
    ("redis:/secret", SCHEME),
    ("redis+tls://secret", SCHEME),
    ("redis://secret host", "it holds a space or a control character"),
    ("redis://se\ncret", "it holds a space or a control character"),
    ("redis://secret\n", "it holds a space or a control character"),
    ("redis://u:\ud800secret@h", "it holds a space or a control character"),
    ("redis://u:12#secret@h", "it holds a #, which is %23 in a password or a path"),
    ("redis://[secret", HOST),
    ("redis://secret]", HOST),
    ("redis://[secret]", HOST),
    ("redis://secret\u2100h", HOST),
    ("redis://h:secret", PORT),
    ("redis://u:secret/x@h", PORT),
    ("redis://h:0", PORT),
    ("redis://h:65536", PORT),
    ("redis://h:-1", PORT),
    ("redis://h/secret", DATABASE),
    ("redis://h/-1", DATABASE),
    ("redis://h/1.0", DATABASE),
    ("redis://h/1/2", DATABASE),
    ("redis://h/\N{ARABIC-INDIC DIGIT ONE}", DATABASE),
    ("redis://h/2147483648", DATABASE),
    (f"redis://h/{'1' * 5000}", DATABASE),
    ("redis://h?db=secret", DATABASE),
    ("redis://h/1?db=1", "the database is given twice"),
    ("redis://h?db=1&db=1", "the option db is given twice"),
    ("redis://h?db=", "the option db is empty"),
    ("redis://h?db", "the option db is empty"),
    ("redis://:100%secret@h", "it holds a % without two hexadecimal digits; a % itself is %25"),
    ("redis://:secret%@h", "it holds a % without two hexadecimal digits; a % itself is %25"),
    ("redis://:%FFsecret@h", "what its %-escapes stand for is not UTF-8"),
    ("unix:///secret%00", "it holds %00"),
    ("redis://h?ssl_cert_reqs=none", "options that begin with ssl_ need rediss://"),
    ("unix:///s?ssl_ca_certs=secret", "options that begin with ssl_ need rediss://"),
    ("rediss://h?ssl_keyfile=secret", "ssl_keyfile needs ssl_certfile"),
    ("rediss://h?ssl_ca_certs=", "the option ssl_ca_certs is empty"),
    ("rediss://h?ssl_cert_reqs=secret", "the option ssl_cert_reqs is neither required nor none"),
    ("rediss://h?ssl_check_hostname=secret", "the option ssl_check_hostname is neither true nor false"),
    ("unix://", "unix:// needs the path of a socket, and no host: unix:///run/redis.sock"),
    ("unix://secret/redis.sock", "unix:// needs the path of a socket, and no host: unix:///run/redis.sock"),
    ("unix://:1/redis.sock", "unix:// needs the path of a socket, and no host: unix:///run/redis.sock"),
]
OPTIONS = "db, ssl_ca_certs, ssl_cert_reqs, ssl_certfile, ssl_check_hostname, ssl_keyfile"


@pytest.mark.parametrize(("url", "target"), GOOD)
def test_an_address_means_what_it_says(url: str, target: RedisTarget) -> None:
    assert RedisTarget.from_url(url) == target


@pytest.mark.parametrize(("url", "text"), BAD, ids=[url[:40] for url, _ in BAD])
def test_an_address_that_would_have_to_be_guessed_is_refused_without_repeating_it(
    url: str, text: str
) -> None:
    with pytest.raises(TargetError) as caught:
        RedisTarget.from_url(url)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "url", ["redis://h?secret=1", "redis://u:pa?secret@h/0", "redis://h?password=secret"]
)
def test_an_unknown_option_may_be_the_rest_of_a_password_and_is_not_repeated(url: str) -> None:
    with pytest.raises(TargetError) as caught:
        RedisTarget.from_url(url.replace("pa?", "1?"))
    assert str(caught.value) == f"an option is not known; known are {OPTIONS}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@cache:6380/2", "redis://cache:6380/2"),
        ("rediss://:secret@cache", "rediss://cache:6379/0"),
        ("redis://:secret@[::1]:6380", "redis://[::1]:6380/0"),
        ("redis://:secret@[fe80::1%25eth0]", "redis://[fe80::1%eth0]:6379/0"),
        ("unix://:secret@/run/redis.sock?db=4", "unix:///run/redis.sock?db=4"),
    ],
)
def test_a_target_shows_its_address_and_never_its_password(url: str, shown: str) -> None:
    target = RedisTarget.from_url(url)
    assert str(target) == shown
    assert f"{target}" == shown
    assert "secret" not in repr(target)
    assert target.password == "secret"


def test_a_target_without_anything_said_is_the_local_redis() -> None:
    assert str(RedisTarget()) == "redis://localhost:6379/0"
    assert RedisTarget().mode == "standalone"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("redis://u:p@127.0.0.1", "rediss://localhost:6379/0"),
        ("redis://127.0.0.1", "redis://127.0.0.2"),
        ("redis://127.0.0.1", "redis://[::1]"),
        ("redis://127.0.0.1", "redis://0.0.0.0"),
        ("redis://127.0.0.1", "redis://[::]"),
        ("redis://127.0.0.1", "redis://[::ffff:127.0.0.1]"),
        ("redis://192.0.2.1", "redis://[::ffff:192.0.2.1]"),
        ("redis://cache.invalid", "redis://CACHE.invalid."),
        ("unix:///run/redis.sock", "unix:///run/../run/./redis.sock"),
    ],
)
def test_two_addresses_of_one_database_are_known_to_be_the_same(one: str, other: str) -> None:
    assert RedisTarget.from_url(one).is_same(RedisTarget.from_url(other))
    assert RedisTarget.from_url(other).is_same(RedisTarget.from_url(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("redis://192.0.2.1", "redis://192.0.2.2"),
        ("redis://192.0.2.1", "redis://127.0.0.1"),
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6380"),
        ("redis://127.0.0.1/0", "redis://127.0.0.1/1"),
        ("redis://cache.invalid", "redis://desk.invalid"),
        ("redis://[fe80::1]", "redis://[fe80::2]"),
        ("unix:///run/redis.sock", "unix:///run/other.sock"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1"),
        ("unix:///run/redis.sock", "redis://localhost"),
    ],
)
def test_other_servers_and_other_databases_are_not_taken_for_the_same(one: str, other: str) -> None:
    assert not RedisTarget.from_url(one).is_same(RedisTarget.from_url(other))
    assert not RedisTarget.from_url(other).is_same(RedisTarget.from_url(one))


SECRET = "s3cr3t"
PIECES = st.sampled_from(
    [
        *("redis://", "rediss://", "unix://", "host", "::1", "1", "6380", "ü", "\u2100", "\0", " ", "\n"),
        *(":", "@", "/", "?", "#", "%", "%41", "%ff", "[", "]", "&", "="),
        *("db=", "ssl_", "ssl_certfile=", "ssl_keyfile=", "ssl_cert_reqs=none"),
    ]
)
STARTS = st.sampled_from(
    ["", "redis://", f"redis://u:{SECRET}@", f"rediss://:{SECRET}@h", f"unix://:{SECRET}@/"]
)


@examples(60)
@given(STARTS, st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=10).map("".join)))
def test_any_text_is_an_address_or_an_error_and_neither_shows_its_password(start: str, rest: str) -> None:
    try:
        target = RedisTarget.from_url(start + rest)
    except TargetError as error:
        assert SECRET not in str(error)
        assert str(error).isascii()
        assert str(error).isprintable()
        return
    assert (SECRET in start) == (SECRET in (target.password or ""))
    assert SECRET not in f"{target} {target!r}"
    assert 1 <= target.port <= 65535
    kind = UnixConnection if target.path is not None else TlsConnection if target.tls else TcpConnection
    assert type(target.connection()) is kind


NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


@examples(100)
@given(NAME, NAME, st.integers(1, 65535), st.integers(0, 2**31 - 1))
def test_whatever_user_and_password_are_they_come_back_from_an_address_that_quotes_them(
    username: str, password: str, port: int, db: int
) -> None:
    url = f"redis://{quote(username, safe='')}:{quote(password, safe='')}@cache:{port}/{db}"
    expected = RedisTarget(host="cache", port=port, db=db, username=username, password=password)
    assert RedisTarget.from_url(url) == expected
