"""`acl` and `check --redis`: the Redis user that a spec needs, and the one that there is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from programs import PROGRAMS, program

from fullon_cache_api.acl import key_pattern
from fullon_cache_api.demo import EmbeddedServer

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SPEC = """\
info: {title: Small, version: 1.0.0, description: Tickers of an exchange.}
parameters:
  exchange: {in: path, description: Exchange., schema: {type: string}, example: kraken}
endpoints:
  /spot/{exchange}:
    operationId: listSpot
    summary: Spot tickers
    parameters: [exchange]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
"""
RULES = "resetchannels -@all +hscan +ping %R~tickers:*"
WORD = "s3cret-w0rd"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=PROGRAMS)
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(port=0, binary=program(request.param)) as started:
        yield started


def url_for(server: EmbeddedServer, rules: str) -> str:
    """The server's address for a user with these rules."""
    with redis.Redis.from_url(server.url) as writer:
        writer.execute_command("ACL", "SETUSER", "user", "reset", "on", f">{WORD}", *rules.split())
    return server.url_as("user", WORD)


def test_acl_prints_a_command_and_a_line_of_an_acl_file_and_no_password(cli: Cli, spec: Path) -> None:
    result = cli("acl", "--user", "reader", "--spec", spec, REDIS_URL=f"redis://me:{WORD}@127.0.0.1:1/0")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"ACL SETUSER reader reset on >PASSWORD {RULES}\nuser reader on >PASSWORD {RULES}\n"
    )


def test_acl_lets_the_user_select_the_database_of_the_settings(cli: Cli, spec: Path) -> None:
    result = cli("acl", "--spec", spec, REDIS_DB="3")
    assert "-@all +hscan +ping +select %R~tickers:*\n" in result.stdout


def test_a_key_of_an_optional_exchange_has_to_be_looked_for(cli: Cli, spec: Path) -> None:
    path_only = "exchange: {in: path, "
    text = SPEC.replace(path_only, "exchange: {in: query, ").replace("/spot/{exchange}:", "/spot:")
    spec.write_text(text.replace("exchange_tickers.json", "tickers.json"), encoding="utf-8")
    assert "+hscan +ping +scan %R~tickers:*\n" in cli("acl", "--spec", spec).stdout


def test_acl_of_a_coherent_endpoint_allows_tracking(cli: Cli, spec: Path) -> None:
    spec.write_text(SPEC + "    coherent: true\n", encoding="utf-8")
    assert cli("acl", "--spec", spec).stdout.splitlines()[1] == (
        "user fullon-cache-api on >PASSWORD resetchannels -@all +client|id +client|tracking +hscan +ping"
        " +pttl +subscribe %R~tickers:* &__redis__:invalidate"
    )


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a'b", 'a"b', "x" * 65, "ü"])
def test_a_name_that_is_no_single_plain_word_is_refused(cli: Cli, name: str) -> None:
    result = cli("acl", "--user", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "1 to 64 letters, digits, and _ . -" in result.stderr


@pytest.mark.parametrize("glob", list("*?[]\\^-"))
def test_what_a_glob_would_take_for_a_wildcard_stands_for_itself(server: EmbeddedServer, glob: str) -> None:
    """In `[a-c^]` the last three mean something only behind a `[`, which is escaped."""
    url = url_for(server, f"+get %R~{key_pattern(f'a{glob}b:{{name}}')}")
    with redis.Redis.from_url(url) as reader:
        assert reader.get(f"a{glob}b:any") is None
        for other in ("aXb:any", "ab:any", f"a{glob}b", f"a{glob}{glob}b:any"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.get(other)


def test_the_printed_line_is_one_that_a_server_starts_with(cli: Cli, tmp_path: Path) -> None:
    line = cli("acl", "--user", "reader").stdout.splitlines()[1]
    users = tmp_path / "users.acl"
    users.write_text(f"user default off\n{line.replace('PASSWORD', WORD)}\n", encoding="utf-8")
    with (
        EmbeddedServer(port=0, args=["--aclfile", str(users)]) as server,
        redis.Redis.from_url(server.url_as("reader", WORD)) as reader,
    ):
        assert reader.hget("accounts", "1") is None
        with pytest.raises(redis.exceptions.NoPermissionError):
            reader.hset("accounts", "1", "{}")


def test_check_warns_of_a_user_who_could_write(cli: Cli, spec: Path, server: EmbeddedServer) -> None:
    result = cli("check", spec, "--redis", REDIS_URL=server.url)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{spec}: 1 endpoint, ")
    assert result.stderr.startswith(f"warning: {server.url}: this user could write, by ACL LOAD, ")


@pytest.mark.parametrize(
    ("rules", "writes"),
    [
        ("+@all %R~*", "ACL LOAD, ACL SETUSER, "),
        ("+@read +acl|whoami +acl|dryrun +command +hset ~tickers:*", "HSET; "),
        ("+@read +acl|whoami +acl|dryrun +command +lpop +del ~*", "DEL, LPOP; "),
        ("+@read +acl +command %R~*", "ACL LOAD, ACL SETUSER; "),
        ("+acl|whoami +acl|dryrun +command +flushall", "FLUSHALL; "),
        ("+acl|whoami +acl|dryrun +command +config|set", "CONFIG SET; "),
        ("+acl|whoami +acl|dryrun +command (+set ~tickers:*)", "SET; "),
    ],
)
def test_check_names_by_what_a_user_could_write(
    cli: Cli, spec: Path, server: EmbeddedServer, rules: str, writes: str
) -> None:
    result = cli("check", spec, "--redis", REDIS_URL=url_with(server, rules))
    assert result.exit_code == 0
    assert f"this user could write, by {writes}" in result.stderr
    assert "`fullon-cache-api acl` prints one that cannot\n" in result.stderr
    assert WORD not in result.output


def url_with(server: EmbeddedServer, rules: str) -> str:
    """As `url_for`, where a selector in parentheses is one word."""
    head, bracket, selector = rules.partition("(")
    with redis.Redis.from_url(server.url) as writer:
        words = [*head.split(), *([bracket + selector] if bracket else [])]
        writer.execute_command("ACL", "SETUSER", "user", "reset", "on", f">{WORD}", *words)
    return server.url_as("user", WORD)


@pytest.mark.parametrize(
    "rules",
    [
        "+@read +acl|whoami +acl|dryrun +command ~*",
        "+@all -@write -@dangerous +acl|whoami +acl|dryrun ~*",
        "+hset +acl|whoami +acl|dryrun +command ~other:*",
    ],
)
def test_check_says_of_a_user_who_may_ask_that_it_cannot_write(
    cli: Cli, spec: Path, server: EmbeddedServer, rules: str
) -> None:
    result = cli("check", spec, "--redis", REDIS_URL=url_for(server, rules))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(
        "/0: this user cannot write what the spec reads (one key of each pattern)\n"
    )


@pytest.mark.parametrize("rules", [RULES, "+@read +acl|whoami +command +hset ~*"])
def test_check_says_of_a_user_who_may_not_ask_as_that_of_acl_that_it_is_restricted(
    cli: Cli, spec: Path, server: EmbeddedServer, rules: str
) -> None:
    result = cli("check", spec, "--redis", REDIS_URL=url_for(server, rules))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("/0: this user is restricted; it may not ask whether it could write\n")


def test_check_changes_nothing(cli: Cli, spec: Path, server: EmbeddedServer) -> None:
    with redis.Redis.from_url(server.url) as writer:
        writer.hset("tickers:x", "a", "b")
        writer.config_resetstat()
        cli("check", spec, "--redis", REDIS_URL=server.url)
        sent = {name.removeprefix("cmdstat_") for name in writer.info("commandstats")}
        assert writer.hgetall("tickers:x") == {b"a": b"b"}
        writer.delete("tickers:x")
    assert sent == {"acl|whoami", "acl|dryrun", "command", "config|resetstat"}


def test_a_redis_that_is_not_there_is_status_3(cli: Cli, spec: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"redis://me:{WORD}@127.0.0.1:{port}/0"
    result = cli("check", spec, "--redis", REDIS_URL=url)
    assert result.exit_code == 3
    assert result.stderr == f"redis://127.0.0.1:{port}/0: Redis cannot be read: no connection\n"


def test_a_redis_that_hangs_is_status_3(cli: Cli, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullon_cache_api.cache.rights.ASKED_WITHIN", 0.2)
    with EmbeddedServer(port=0) as hung:
        url = hung.url
        hung.pause()
        result = cli("check", spec, "--redis", REDIS_URL=url)
    assert (result.exit_code, result.stderr) == (3, f"{url}: Redis cannot be read: no answer\n")


def test_a_wrong_password_is_status_3_and_is_not_repeated(
    cli: Cli, spec: Path, server: EmbeddedServer
) -> None:
    result = cli("check", spec, "--redis", REDIS_URL=server.url_as("nobody", WORD))
    assert result.exit_code == 3
    assert result.stderr.endswith(": Redis cannot be read: denied\n")
    assert WORD not in result.output


def test_a_bad_spec_is_reported_before_redis_is_asked(cli: Cli, bad_spec: Path) -> None:
    result = cli("check", bad_spec, "--redis", REDIS_URL="redis://127.0.0.1:1/0")
    assert result.exit_code == 2


def test_check_without_redis_asks_none(cli: Cli, spec: Path) -> None:
    result = cli("check", spec, REDIS_URL="redis://127.0.0.1:1/0")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_redis_that_has_no_dryrun_cannot_tell(cli: Cli, spec: Path) -> None:
    """As Redis 6 does, which knows ACL WHOAMI and not ACL DRYRUN."""
    with EmbeddedServer(port=0, args=["--rename-command", "ACL", ""]) as server:
        result = cli("check", spec, "--redis", REDIS_URL=server.url)
    assert result.exit_code == 0
    assert "whether this user could write, only Redis 7 or newer tells" in result.stderr
