"""The closed list of commands: what is not a read is refused before anything is sent."""

import asyncio
from typing import NoReturn

import pytest
import redis
from caches import opened
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import CacheClient, CommandRefused
from fullon_cache_api.cache.commands import READ_COMMANDS, Command
from fullon_cache_api.demo import EmbeddedServer

REDIS_READS = {"GET", "HGET", "HGETALL", "HLEN", "HMGET", "HSCAN", "LLEN", "LRANGE", "PTTL", "SCAN"}
ARGUMENTS = st.lists(st.text(max_size=5) | st.integers(), max_size=3)


def flags(server: EmbeddedServer) -> dict[str, set[str]]:
    """Every command of a server, with the flags that it gives it."""
    with redis.Redis.from_url(server.url, decode_responses=True) as connection:
        listed = connection.command()
    return {str(name).upper(): set(command["flags"]) for name, command in listed.items()}


def no_connection() -> NoReturn:
    raise AssertionError("something was to be sent")


def refused(*commands: Command) -> str:
    """What is refused of some commands, by a client that could not send any."""

    async def main() -> None:
        client = CacheClient(no_connection)
        await client.execute(commands, asyncio.get_running_loop().time() + 1)

    with pytest.raises(CommandRefused) as caught:
        asyncio.run(main())
    return caught.value.command


def test_the_list_holds_what_the_reads_need_and_nothing_else() -> None:
    assert REDIS_READS | {"PING"} == READ_COMMANDS


def test_the_server_agrees_that_every_command_on_the_list_only_reads(redis_server: EmbeddedServer) -> None:
    server_flags = flags(redis_server)
    assert {name for name in READ_COMMANDS if "readonly" in server_flags[name]} == REDIS_READS
    # PING is neither a read nor a write to Redis: it names no key.
    assert not server_flags["PING"] & {"write", "admin", "dangerous", "blocking", "pubsub", "movablekeys"}


def test_every_command_of_the_server_that_is_not_a_read_is_refused(redis_server: EmbeddedServer) -> None:
    server_flags = flags(redis_server)
    others = [name for name in server_flags if "readonly" not in server_flags[name] and name != "PING"]
    assert len(others) > 100
    assert {"SET", "DEL", "FLUSHALL", "EVAL", "CONFIG", "LPOP", "BLPOP", "SUBSCRIBE"} <= set(others)
    for name in others:
        assert refused((name, "key")) == name


@examples(100)
@given(st.text(max_size=10).filter(lambda name: name not in READ_COMMANDS), ARGUMENTS)
def test_any_word_that_is_not_on_the_list_is_refused(name: str, arguments: list[str | int]) -> None:
    assert refused((name, *arguments)) == name


@pytest.mark.parametrize(
    "name", ["get", "Get", " GET", "GET ", "GET\r\nSET", "SCAN 0", "", "GETDEL", b"GET", 0]
)
def test_only_the_exact_spelling_is_on_the_list(name: str | bytes | int) -> None:
    assert refused((name, "key:1")) == str(name)


def test_one_write_among_reads_holds_all_of_them_back() -> None:
    assert refused(("GET", "a"), ("HGETALL", "b"), ("SET", "c", "d"), ("DEL", "e")) == "SET"


def test_the_refusal_names_the_command_and_no_argument() -> None:
    async def main() -> None:
        client = CacheClient(no_connection)
        await client.execute((("SET", "secret key", "secret value"),), asyncio.get_running_loop().time() + 1)

    with pytest.raises(CommandRefused, match=r"^SET is not a read command$"):
        asyncio.run(main())


@pytest.mark.anyio
async def test_commands_hidden_in_an_argument_are_an_argument(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    writer.set("a\r\n*1\r\n$8\r\nFLUSHALL\r\n", "still here")
    async with opened(redis_server.url) as client:
        deadline = asyncio.get_running_loop().time() + 2
        command: Command = ("GET", "a\r\n*1\r\n$8\r\nFLUSHALL\r\n")
        assert await client.execute((command,), deadline) == [b"still here"]
    assert writer.dbsize() == 1
