"""Secrets in the addresses of Redis: no error, answer, log line or text of the program ever shows them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import RedisTarget
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.settings import Settings, SettingsError

if TYPE_CHECKING:
    from tests.cli.conftest import Cli, Launch

MARK = "s3cr3t"
"""Stands in every secret, so that it is found in whatever is made of it."""

secrets = st.builds(lambda before, after: before + MARK + after, st.text(max_size=8), st.text(max_size=8))
hosts = st.sampled_from(
    ["h.example", "127.0.0.1", "[::1]", "", "h.example:x", "h.example:99999", "[::1", "a b"]
)
tails = st.sampled_from(
    ["", "/0", "/x", "?db=1", "?db=x", "?ssl_certfile=", "?other=1", "#", "#x", " ", "/%zz"]
)
schemes = st.sampled_from(["redis", "rediss", "unix", "http", "redis+sentinel", "redis+cluster", "", "REDIS"])


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """Addresses of Redis with secrets in them, in every way that is right, and in many that are wrong."""
    encode = draw(st.sampled_from([lambda text: quote(text, safe=""), quote, lambda text: text]))
    user, password = draw(st.one_of(st.just(""), secrets)), draw(secrets)
    place = draw(st.one_of(hosts, st.builds(lambda name: f"/run/{name}.sock", st.just("redis"))))
    query = draw(st.sampled_from(["", "?password={0}", "?username={0}", "?{0}", "?{0}={0}"]))
    sign = draw(st.sampled_from(["://", ":", "//"]))
    written = encode(password)
    url = f"{draw(schemes)}{sign}{encode(user)}:{written}@{place}{draw(tails)}"
    return url + query.replace("{0}", written)


@examples(400)
@given(addresses(), st.sampled_from(["REDIS_URL", "RATE_REDIS_URL"]))
def test_neither_the_settings_nor_what_is_wrong_with_them_shows_a_secret(url: str, variable: str) -> None:
    try:
        settings = Settings.load({"API_RATE": "1", variable: url}, None)
    except SettingsError as error:
        assert MARK not in f"{error} {error!r} {error.reason} {error.variable}"
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
    else:
        for target in (settings.redis, settings.rate_redis):
            if target is not None:
                # Of several servers, it is what they have in common.
                server = target if isinstance(target, RedisTarget) else target.server
                assert MARK not in f"{target} {target!r}".replace(f"username={server.username!r}", "")
                assert server.password is None or server.password not in str(target)


@pytest.mark.parametrize("variable", ["REDIS_URL", "RATE_REDIS_URL"])
@pytest.mark.parametrize(
    "url",
    [
        f"redis://u:{MARK}@h.example:99999",
        f"redis://u:{MARK}?x@h.example",
        f"redis://u:{MARK}#@h.example",
        f"unix://u:{MARK}@",
        f"http://u:{MARK}@h.example",
        f"redis://u:{MARK}%zz@h.example",
    ],
)
def test_a_command_that_refuses_an_address_does_not_repeat_it(cli: Cli, variable: str, url: str) -> None:
    done = cli("serve", "--port", "0", **{variable: url, "API_RATE": "1"})
    assert done.exit_code == 2
    assert done.output.startswith(f"{variable}: ")
    assert MARK not in done.output


def reach(url: str, http: httpx.Client) -> str:
    """All that a client is told by a gateway whose Redis does not let it in."""
    targets = (
        "/api/tickers",
        "/api/accounts/1/positions",
        "/api/batch?get=/tickers",
        "/health",
        "/health/ready",
    )
    answers = [http.get(url + target, headers={"X-Request-ID": "a"}) for target in targets]
    assert {answer.status_code for answer in answers} <= {503, 504}
    return "".join(f"{answer.headers} {answer.text}" for answer in answers)


@pytest.mark.slow
@pytest.mark.parametrize("log_format", ["development", "json"])
@pytest.mark.parametrize("kind", ["password", "username", "nobody", "socket", "tls"])
def test_no_answer_and_no_log_line_shows_a_secret_or_where_redis_is(
    launch: Launch, http: httpx.Client, kind: str, log_format: str
) -> None:
    with EmbeddedServer(port=0) as server, redis.Redis.from_url(server.url) as admin:
        port = server.url.rpartition(":")[2].partition("/")[0]
        admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">other")
        url = {
            "password": f"redis://:{MARK}@127.0.0.1:{port}/0",
            "username": f"redis://u{MARK}:p%40{MARK}@127.0.0.1:{port}/0",
            "nobody": f"redis://u{MARK}:{MARK}@redis-{MARK}.invalid/0",
            "socket": f"unix://u{MARK}:{MARK}@/nowhere/{MARK}.sock?db=0",
            "tls": f"rediss://:{MARK}@127.0.0.1:{port}/0",
        }[kind]
        rate = {"API_RATE": "1000", "RATE_REDIS_URL": f"redis://v:{MARK}@127.0.0.1:{port}/1"}
        running = launch(
            "serve",
            "--port",
            "0",
            "--access-log",
            REDIS_URL=url,
            LOG_LEVEL="TRACE",
            LOG_FORMAT=log_format,
            **rate,
        )
        found = running.wait(
            lambda: [part for part in running.err.split() if "http://127" in part], "address"
        )
        address = found[0].strip('",').removeprefix("url=")
        said = reach(address, http)
        assert running.stop(signal.SIGTERM) == 0
    assert MARK not in said
    assert "127.0.0.1" not in said
    assert port not in said
    # The log says once where Redis is; by name, as configured, and without its credentials.
    logged = "\n".join(line for line in running.err.splitlines() if "serving" not in line)
    assert MARK not in logged
    (serving,) = (line for line in running.err.splitlines() if "serving" in line)
    if kind not in ("nobody", "socket"):
        assert MARK not in serving
    assert f":{MARK}" not in serving
    assert f"u{MARK}" not in serving
