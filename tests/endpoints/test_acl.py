"""The user that `acl` prints can do what the endpoints need, and nothing else: on Redis and on Valkey."""

import asyncio
import dataclasses
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
import redis
from endpoints.records import DemoGateway
from programs import PROGRAMS, program
from redis.exceptions import NoPermissionError, ResponseError
from support import serving, settings_for

from fullon_cache_api.acl import acl_rules, setuser_command
from fullon_cache_api.cache import CacheClient, CacheUnavailable, CoherentClient
from fullon_cache_api.cache.tracking import prefixes_of
from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.model import Endpoint

USER = "gateway"
ALWAYS_ALLOWED = {"auth", "hello", "quit", "reset"}
"""What Redis lets everybody send: it belongs to the connection."""


class Restricted(NamedTuple):
    """The demo's data, a gateway of an all-powerful user, and one whose user is that of `acl`."""

    demo: DemoGateway
    client: httpx.Client
    reader: "redis.Redis"

    @property
    def spec(self) -> Spec:
        """The shipped spec."""
        return self.demo.gateway.spec

    def allow(self, rules: tuple[str, ...]) -> None:
        """Give the user these rights and no others, as what `acl` prints does."""
        grant(self.demo.writer, rules)

    def paths(self, spec: Spec) -> list[str]:
        """Every endpoint, asked with and without its query, and the health of Redis."""
        asked = (self.demo.path(each, query=query) for each in spec.endpoints for query in (False, True))
        return ["/health/ready", *dict.fromkeys(asked)]

    def broken(self, spec: Spec) -> str | None:
        """The first path of a spec that is not answered for want of a right."""
        return next((path for path in self.paths(spec) if self.client.get(path).status_code == 503), None)


def grant(writer: "redis.Redis", rules: tuple[str, ...]) -> None:
    """Send what `acl` prints."""
    assert writer.execute_command(*setuser_command(USER, rules).split(" ")) in (b"OK", True)


@pytest.fixture(scope="module", params=PROGRAMS)
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(binary=program(request.param)) as started:
        yield started


@pytest.fixture(scope="module")
def restricted(server: EmbeddedServer) -> Iterator[Restricted]:
    with Demo(server, candles=20, clock=lambda: time.time() + 3_600) as data:
        data.fill()
        gateway = FullonCacheGateway(settings=settings_for(server.url))
        with redis.Redis.from_url(server.url) as writer, serving(gateway) as client:
            process_id = writer.hget("process:components", "ticker_service").decode()
            demo = DemoGateway(server, gateway, client, writer, process_id)
            grant(writer, acl_rules(gateway.spec))
            url = server.url_as(USER, "PASSWORD")
            reading = FullonCacheGateway(settings=settings_for(url))
            with serving(reading) as reading_client, redis.Redis.from_url(url, protocol=2) as reader:
                yield Restricted(demo, reading_client, reader)


@pytest.fixture
def spec(restricted: Restricted) -> Spec:
    """The shipped spec, for whose reads the user has the rights."""
    restricted.allow(acl_rules(restricted.spec))
    return restricted.spec


def grants(rules: tuple[str, ...]) -> list[str]:
    return [rule for rule in rules if rule[0] in "+%&"]


def without(rules: tuple[str, ...], rule: str) -> tuple[str, ...]:
    return tuple(each for each in rules if each != rule)


def test_every_endpoint_answers_the_user_what_it_answers_one_who_may_do_anything(
    restricted: Restricted, spec: Spec
) -> None:
    for path in restricted.paths(spec):
        answer, expected = restricted.client.get(path), restricted.demo.client.get(path)
        assert (answer.status_code, answer.content) == (200, expected.content), path
    assert restricted.client.get("/health").json()["status"] == "ok"
    batch = "/api/batch?get=/tickers/binance/BTC-USDT/price&get=/accounts/1/balances"
    assert restricted.client.get(batch).content == restricted.demo.client.get(batch).content


def test_without_any_one_rule_an_endpoint_is_not_answered(restricted: Restricted, spec: Spec) -> None:
    rules = acl_rules(spec)
    assert len(grants(rules)) == 25
    for rule in grants(rules):
        restricted.allow(without(rules, rule))
        assert restricted.broken(spec) is not None, rule


def test_the_rights_for_each_endpoint_alone_are_enough_and_the_least(restricted: Restricted) -> None:
    for endpoint in restricted.spec.endpoints:
        spec = only(restricted.spec, endpoint)
        rules = acl_rules(spec)
        restricted.allow(rules)
        assert restricted.broken(spec) is None, (endpoint.path, rules)
        for rule in grants(rules):
            restricted.allow(without(rules, rule))
            assert restricted.broken(spec) is not None, (endpoint.path, rule)


def only(spec: Spec, *endpoints: Endpoint) -> Spec:
    return dataclasses.replace(spec, endpoints=endpoints)


def commands(writer: "redis.Redis") -> Iterator[tuple[list[str], set[str]]]:
    """Every command of the server with as few arguments as it takes, and its flags."""
    connection = writer.connection_pool.get_connection()
    try:
        connection.send_command("COMMAND")
        listed = connection.read_response()
    finally:
        writer.connection_pool.release(connection)
    for command in listed:
        for name, arity, flags, *_ in command[9] or [command]:
            words = name.decode().split("|")
            yield words + ["accounts"] * (abs(arity) - len(words)), {flag.decode() for flag in flags}


def test_the_server_refuses_the_user_every_command_that_writes(restricted: Restricted, spec: Spec) -> None:
    writing = [words for words, flags in commands(restricted.demo.writer) if "write" in flags]
    assert len(writing) > 80
    assert {"set", "del", "hset", "rpush", "lpop", "expire", "flushall"} <= {words[0] for words in writing}
    before = restricted.demo.writer.dbsize()
    for words in writing:
        with pytest.raises(NoPermissionError):
            restricted.reader.execute_command(*words)
    assert restricted.demo.writer.dbsize() == before


def test_the_server_lets_the_user_do_nothing_else_than_the_rules_say(
    restricted: Restricted, spec: Spec
) -> None:
    allowed = set()
    for words, _ in commands(restricted.demo.writer):
        try:
            answer = restricted.demo.writer.execute_command("ACL", "DRYRUN", USER, *words)
        except ResponseError:
            continue
        if answer in (b"OK", True):
            allowed.add(words[0])
    assert allowed - ALWAYS_ALLOWED == {
        "get", "hget", "hgetall", "hlen", "hmget", "hscan", "llen", "lrange", "ping", "scan",
    }  # fmt: skip


def test_the_user_could_not_write_a_key_even_if_it_were_given_a_command_that_does(
    restricted: Restricted, spec: Spec
) -> None:
    restricted.allow((*acl_rules(spec), "+hset", "+set", "+del", "+lpop"))
    writes = (("HSET", "accounts", "1", "{}"), ("SET", "TRADE:STATUS:x", "1"), ("LPOP", "trades:x:y"))
    for words in (*writes, ("DEL", "accounts")):
        with pytest.raises(NoPermissionError):
            restricted.reader.execute_command(*words)


def test_the_user_cannot_read_other_keys(restricted: Restricted, spec: Spec) -> None:
    for key in ("accounts2", "xaccounts", "process:actives:tick", "ticker_time:binance:BTC/USDT", "tickers"):
        with pytest.raises(NoPermissionError):
            restricted.reader.get(key)


def test_a_user_who_could_do_anything_before_can_do_no_more_than_the_rules_say(
    restricted: Restricted, spec: Spec
) -> None:
    writer = restricted.demo.writer
    writer.execute_command("ACL", "SETUSER", USER, "on", "nopass", "+@all", "~*", "&*")
    grant(writer, acl_rules(spec))
    listed = next(line for line in writer.execute_command("ACL", "LIST") if f"user {USER} " in str(line))
    assert not {"nopass", "~*", "&*", "+@all", "allkeys", "allchannels"} & set(str(listed).split())


def test_a_database_other_than_0_has_to_be_selected_and_0_has_not(restricted: Restricted) -> None:
    spec = restricted.spec
    assert "+select" not in acl_rules(spec)
    rules = acl_rules(spec, db=1)
    url = restricted.demo.server.url_as(USER, "PASSWORD").replace("db=0", "db=1")
    restricted.allow(rules)
    with serving(FullonCacheGateway(settings=settings_for(url))) as client:
        assert client.get("/api/tickers").json() == {"count": 0, "tickers": []}
    restricted.allow(without(rules, "+select"))
    with serving(FullonCacheGateway(settings=settings_for(url))) as client:
        assert client.get("/api/tickers").status_code == 503


def coherent(spec: Spec) -> Spec:
    """One coherent endpoint of the shipped spec."""
    (endpoint,) = (each for each in spec.endpoints if each.path == "/tickers/{exchange}/{symbol}")
    return only(spec, dataclasses.replace(endpoint, coherent=True))


def test_coherent_endpoints_need_what_tracking_sends_and_others_do_not(restricted: Restricted) -> None:
    spec = coherent(restricted.spec)
    assert acl_rules(spec) == (
        "resetchannels", "-@all",
        "+client|id", "+client|tracking", "+hmget", "+ping", "+pttl", "+subscribe",
        "%R~tickers:*", "&__redis__:invalidate",
    )  # fmt: skip
    (plain,) = spec.endpoints
    assert acl_rules(only(spec, dataclasses.replace(plain, coherent=False))) == (
        "resetchannels", "-@all", "+hmget", "+ping", "%R~tickers:*",
    )  # fmt: skip


def test_without_any_one_rule_of_tracking_redis_is_not_followed(restricted: Restricted) -> None:
    spec = coherent(restricted.spec)
    rules = acl_rules(spec)
    restricted.allow(rules)
    assert asyncio.run(refusal(restricted, spec)) is None
    for rule in grants(rules):
        restricted.allow(without(rules, rule))
        assert asyncio.run(refusal(restricted, spec)) == "denied", rule


async def refusal(restricted: Restricted, spec: Spec) -> str | None:
    """Why a coherent read or its tracking fails; None where it lives after two PINGs."""
    target = settings_for(restricted.demo.server.url_as(USER, "PASSWORD")).redis
    prefixes = prefixes_of(spec.endpoints[0].read.keys)
    reasons: list[str | None] = []
    client = CacheClient(target.connection)
    following = CoherentClient(client, target.connection, prefixes, reasons.append)
    writer = restricted.demo.writer
    writer.config_resetstat()
    try:
        async with asyncio.timeout(10):
            while not reasons:
                deadline = asyncio.get_running_loop().time() + 5
                await following.execute((("HMGET", "tickers:binance", "BTC/USDT"),), deadline)
                pings = writer.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"]
                if following.is_live and pings >= 2:
                    return None
                await asyncio.sleep(0.005)
        return reasons[0]
    except CacheUnavailable as error:
        return error.reason
    finally:
        await following.close()
        await client.close()
