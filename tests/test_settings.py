"""Settings: the environment over `.env`, every value checked, no secret ever shown."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullon_cache_api.cache.target import RedisTarget
from fullon_cache_api.limits import Limits, RateLimit
from fullon_cache_api.log import LogSettings
from fullon_cache_api.settings import SETTINGS, Settings, SettingsError, start_logging

NAMES = [name for variable in SETTINGS for name in (variable.name, *variable.others)]


def load(environ: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    return Settings.load(environ, dotenv)


def error(environ: Mapping[str, str], dotenv: Path | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ, dotenv)
    return str(caught.value)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load({}) == Settings(
        host="127.0.0.1",
        port=8000,
        prefix="/api",
        workers=1,
        deadline=2.0,
        access_log=False,
        endpoints_file=None,
        redis=RedisTarget(host="localhost", port=6379, db=0),
        redis_configured=False,
        log=LogSettings(
            level="INFO",
            format="beautiful",
            console=True,
            colors=True,
            file=None,
            rotation="10 MB",
            retention="7 days",
            access=False,
        ),
    )


def test_a_rate_has_a_burst_of_its_own() -> None:
    assert load({"API_RATE": "2", "API_RATE_BURST": "9"}).limits.rate == RateLimit(2.0, 9)


def test_the_redis_that_counts_is_not_the_one_that_is_served() -> None:
    rate = {"API_RATE": "1", "REDIS_URL": "redis://127.0.0.1:6390/2"}
    for url in ("redis://localhost:6390/2", "redis://u:p@[::1]:6390/2", "rediss://127.0.0.2:6390?db=2"):
        message = error({**rate, "RATE_REDIS_URL": url})
        assert message == "RATE_REDIS_URL: is the Redis that is served, which nothing may write to"
    for url in ("redis://127.0.0.1:6390/3", "redis://127.0.0.1:6391/2", "unix:///run/redis.sock?db=2"):
        assert load({**rate, "RATE_REDIS_URL": url}).rate_redis == RedisTarget.from_url(url)
    local = {
        "API_RATE": "1",
        "REDIS_URL": "unix:///run/./redis.sock",
        "RATE_REDIS_URL": "unix:///run/redis.sock",
    }
    assert error(local).startswith("RATE_REDIS_URL: is the Redis that is served")
    assert error({**rate, "RATE_REDIS_URL": "http://u:secret@x"}) == (
        "RATE_REDIS_URL: it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://"
    )


def test_the_table_of_settings_names_each_variable_once_with_the_default_that_holds() -> None:
    assert len(NAMES) == len(set(NAMES))
    written = {variable.name: variable.default for variable in SETTINGS if variable.default}
    assert replace(load(written), redis_configured=False) == load({})


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("API_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("API_HOST", "::1", "host", "::1"),
        ("API_HOST", "gateway.example", "host", "gateway.example"),
        ("API_PORT", "0", "port", 0),
        ("API_PORT", "65535", "port", 65535),
        ("API_PREFIX", "/", "prefix", ""),
        ("API_PREFIX", "", "prefix", ""),
        ("API_PREFIX", "/api/v1/cache", "prefix", "/api/v1/cache"),
        ("API_WORKERS", "4", "workers", 4),
        ("API_DEADLINE", "0.05", "deadline", 0.05),
        ("API_DEADLINE", "60", "deadline", 60.0),
        ("API_ACCESS_LOG", "Yes", "access_log", True),
        ("API_ACCESS_LOG", "0", "access_log", False),
        ("ENDPOINTS_FILE", "specs/mine.yaml", "endpoints_file", Path("specs/mine.yaml")),
        ("CACHE_BACKEND", "fullon_cache", "cache_backend", "fullon_cache"),
        ("CACHE_BACKEND", "Auto", "cache_backend", "auto"),
        ("SHUTDOWN_DELAY", "0.5", "shutdown_delay", 0.5),
        ("API_MAX_CONNECTIONS", "7", "limits", Limits(connections=7)),
        ("API_MAX_REQUESTS", "7", "limits", Limits(requests=7)),
        ("API_MAX_REQUESTS", "0", "limits", Limits(requests=None)),
        ("API_MAX_STREAMS", "7", "limits", Limits(streams=7)),
        ("API_MAX_ANSWER", "1000", "limits", Limits(answer=1_000)),
        ("API_MAX_TARGET", "1000", "limits", Limits(target=1_000)),
        ("API_MAX_HEADERS", "2000", "limits", Limits(headers=2_000)),
        ("API_CLIENT_TIMEOUT", "2.5", "limits", Limits(client_timeout=2.5)),
        ("API_RATE", "2.5", "limits", Limits(rate=RateLimit(2.5, 3))),
    ],
)
def test_a_usable_value_is_taken(variable: str, text: str, field: str, value: object) -> None:
    assert getattr(load({variable: text}), field) == value


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("LOG_LEVEL", "debug", "level", "DEBUG"),
        ("LOG_FORMAT", "JSON", "format", "json"),
        ("LOG_CONSOLE", "off", "console", False),
        ("LOG_COLORS", "no", "colors", False),
        ("LOG_FILE_PATH", "logs/api.log", "file", Path("logs/api.log")),
        ("LOG_ROTATION", "00:30", "rotation", "00:30"),
        ("LOG_ROTATION", "1 week", "rotation", "1 week"),
        ("LOG_RETENTION", "3 months", "retention", "3 months"),
        ("API_ACCESS_LOG", "true", "access", True),
    ],
)
def test_a_usable_log_value_is_taken(variable: str, text: str, field: str, value: object) -> None:
    assert getattr(load({variable: text}).log, field) == value


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("API_HOST", "127.0.0.1:8000", "API_HOST: must be a host name or an IP address, and nothing else"),
        ("API_HOST", "-", "API_HOST: must be a host name or an IP address, and nothing else"),
        ("API_HOST", "a..b", "API_HOST: must be a host name or an IP address, and nothing else"),
        ("API_PORT", "65536", "API_PORT: must be a whole number from 0 to 65535"),
        ("API_PORT", "-1", "API_PORT: must be a whole number from 0 to 65535"),
        ("API_PORT", "8_000", "API_PORT: must be a whole number from 0 to 65535"),
        ("API_PORT", "٨٠", "API_PORT: must be a whole number from 0 to 65535"),
        ("API_WORKERS", "0", "API_WORKERS: must be a whole number from 1 to 256"),
        ("API_DEADLINE", "0.04", "API_DEADLINE: must be a number from 0.05 to 60"),
        ("API_DEADLINE", "nan", "API_DEADLINE: must be a number from 0.05 to 60"),
        ("API_ACCESS_LOG", "perhaps", "API_ACCESS_LOG: must be one of true, yes, on, 1, false, no, off, 0"),
        ("ENDPOINTS_FILE", "a\0b", "ENDPOINTS_FILE: is not text"),
        ("ENDPOINTS_FILE", "\udcff", "ENDPOINTS_FILE: is not text"),
        (
            "REDIS_URL",
            "http://localhost",
            "REDIS_URL: it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://",
        ),
        ("CACHE_BACKEND", "redis", "CACHE_BACKEND: must be one of native, fullon_cache, auto"),
        ("SHUTDOWN_DELAY", "601", "SHUTDOWN_DELAY: must be a number from 0 to 600"),
        ("API_MAX_CONNECTIONS", "0", "API_MAX_CONNECTIONS: must be a whole number from 1 to 1000000"),
        ("API_MAX_REQUESTS", "-1", "API_MAX_REQUESTS: must be a whole number from 0 to 1000000"),
        ("API_MAX_STREAMS", "0", "API_MAX_STREAMS: must be a whole number from 1 to 1000000"),
        ("API_MAX_TARGET", "255", "API_MAX_TARGET: must be a whole number from 256 to 65536"),
        ("API_MAX_HEADERS", "1023", "API_MAX_HEADERS: must be a whole number from 1024 to 131072"),
        ("API_CLIENT_TIMEOUT", "0.9", "API_CLIENT_TIMEOUT: must be a number from 1 to 600"),
        ("API_RATE", "1000001", "API_RATE: must be a number from 0 to 1e+06"),
        ("API_RATE_BURST", "7", "API_RATE_BURST: needs API_RATE"),
        ("RATE_REDIS_URL", "redis://127.0.0.1:6380", "RATE_REDIS_URL: needs API_RATE"),
        (
            "REDIS_URL",
            f"redis://localhost/{'1' * 5000}",
            "REDIS_URL: the database is not a number from 0 to 2147483647",
        ),
        ("REDIS_HOST", "redis://h", "REDIS_HOST: must be a host name or an IP address, and nothing else"),
        ("CACHE_HOST", "a b", "CACHE_HOST: must be a host name or an IP address, and nothing else"),
        ("REDIS_PORT", "0", "REDIS_PORT: must be a whole number from 1 to 65535"),
        ("CACHE_DB", "x", "CACHE_DB: must be a whole number from 0 to 2147483647"),
        (
            "LOG_LEVEL",
            "LOUD",
            "LOG_LEVEL: must be one of trace, debug, info, success, warning, error, critical",
        ),
        (
            "LOG_FORMAT",
            "xml",
            "LOG_FORMAT: must be one of beautiful, minimal, development, detailed, trading, json",
        ),
        (
            "LOG_ROTATION",
            "0 days",
            'LOG_ROTATION: must be a size, an age or a time of day, such as "10 MB", "1 day", "00:00"',
        ),
        ("LOG_RETENTION", "10 MB", 'LOG_RETENTION: must be an age, such as "7 days"'),
    ],
)
def test_an_unusable_value_is_refused_in_one_line_that_names_the_variable(
    variable: str, text: str, message: str
) -> None:
    assert error({variable: text}) == message


@pytest.mark.parametrize(
    "text", ["api", "/api/", "//", "/a b", "/a//b", "/é", "/..", "/a/./b", "/a%2Fb", "/a\n"]
)
def test_a_prefix_that_is_no_plain_path_is_refused(text: str) -> None:
    assert error({"API_PREFIX": text}) == (
        "API_PREFIX: must start with /, not end with it, and hold only letters, digits and - . _ ~ between"
    )


def test_redis_is_put_together_from_its_parts_under_either_name() -> None:
    parts = {"HOST": "cache.example", "PORT": "6380", "DB": "3", "USERNAME": "reader", "PASSWORD": "p w"}
    wanted = RedisTarget(host="cache.example", port=6380, db=3, username="reader", password="p w")
    for family in ("REDIS", "CACHE"):
        settings = load({f"{family}_{part}": text for part, text in parts.items()})
        assert settings.redis == wanted
        assert settings.redis_configured
    assert load({"CACHE_USER": "reader"}).redis.username == "reader"


def test_the_redis_name_of_a_part_wins_over_its_cache_name() -> None:
    assert load({"REDIS_PORT": "1", "CACHE_PORT": "2"}).redis.port == 1


def test_a_redis_url_wins_over_all_parts_and_these_are_not_even_checked() -> None:
    settings = load({"REDIS_URL": "redis://u:p@one:1/2", "REDIS_HOST": "two", "REDIS_PORT": "x"})
    assert settings.redis == RedisTarget(host="one", port=1, db=2, username="u", password="p")
    assert settings.redis_configured


def test_only_an_address_makes_redis_configured() -> None:
    assert not load({"REDIS_PORT": "6380", "REDIS_PASSWORD": "secret", "REDIS_URL": ""}).redis_configured


def test_the_environment_wins_over_the_file_whichever_name_it_uses(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("REDIS_HOST=file\nREDIS_DB='5'\nAPI_PORT=9000 # a comment\nAPI_HOST=\nLOG_LEVEL\n")
    settings = load({"CACHE_HOST": "environment", "API_PORT": ""}, dotenv)
    assert (settings.redis.host, settings.redis.db) == ("environment", 5)
    assert (settings.host, settings.port, settings.log.level) == ("127.0.0.1", 9000, "INFO")


def test_a_prefix_that_is_empty_in_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("API_PREFIX=/file\n")
    assert load({"API_PREFIX": ""}, dotenv).prefix == ""
    assert load({}, dotenv).prefix == "/file"


def test_the_environment_and_the_file_of_the_process_are_what_is_read_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("API_PORT=9001\nAPI_PREFIX=/file\n")
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("API_PREFIX", "/environment")
    settings = Settings.load()
    assert (settings.port, settings.prefix) == (9001, "/environment")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('JWT_SECRET="abc', 1),
        ("API_PORT=9000\n\n\nAPI_HOST='::1' or so\n", 4),
        ("# here\n=x\n", 2),
        ("API_PORT=9000\r\n<<<<<<< HEAD\r\n", 2),
    ],
)
def test_a_line_of_the_file_that_says_nothing_is_refused_by_its_number(
    tmp_path: Path, text: str, line: int
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(text, newline="")
    with pytest.raises(SettingsError) as caught:
        load({}, dotenv)
    assert str(caught.value) == f".env: line {line} is no NAME=value"


def test_a_value_of_the_file_can_have_another_variable_in_it(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("NAME=cache\nREDIS_HOST=${NAME}.example.org\n")
    assert load({}, dotenv).redis.host == "cache.example.org"


def test_a_missing_file_or_a_folder_of_its_name_counts_as_an_empty_one(tmp_path: Path) -> None:
    assert load({}, tmp_path / ".env") == load({})
    assert load({}, tmp_path) == load({})


def test_a_file_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"API_HOST=\xff\n")
    assert error({}, dotenv) == ".env: is not UTF-8"


def test_a_file_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("API_PORT=1")

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root may read any file, so that the refusal cannot be had from the file's mode.
    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    with pytest.raises(SettingsError, match=r"\.env: cannot be read: Permission denied"):
        load({}, dotenv)


def test_a_log_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    settings = load({"LOG_FILE_PATH": str(tmp_path), "LOG_CONSOLE": "false"})
    with pytest.raises(SettingsError, match="LOG_FILE_PATH: cannot be opened: Is a directory"):
        start_logging(settings)


def test_the_representation_shows_no_password() -> None:
    for environ in ({"REDIS_URL": "redis://u:hidden@h"}, {"REDIS_PASSWORD": "hidden"}):
        settings = load(environ)
        assert settings.redis.password == "hidden"
        assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "redis://u:hidden@h:port",
        "redis://u:hidden@h:99999",
        "redis://u:hid#hidden@h/x",
        "redis://u:hid?hidden=1@h",
        "redis://h?hidden%0Ahidden=1",
        "redis://[hidden",
        "rediss://u:hidden@h?ssl_cert_reqs=hidden",
        "hidden",
    ],
)
def test_an_unusable_redis_url_is_refused_without_repeating_any_of_it(url: str) -> None:
    try:
        shown = repr(load({"REDIS_URL": url}))
    except SettingsError as refusal:
        shown = str(refusal)
        assert shown.startswith("REDIS_URL: ")
        assert shown.isprintable()
    assert "hidden" not in shown


SECRET = "s3cr3t"
PLAIN = st.one_of(
    st.text(max_size=30).filter(lambda text: SECRET not in text),
    st.sampled_from(
        ["1", "8000", "/api", "true", "json", "INFO", "10 MB", "7 days", "localhost", "redis://h/1"]
    ),
)
SECRETIVE = st.one_of(
    st.just(SECRET), st.text("0129.:/@?=&#% -_adehiost[]", max_size=30).map(f"redis://u:{SECRET}@".__add__)
)


@given(
    st.dictionaries(st.sampled_from(NAMES), PLAIN, max_size=6),
    st.dictionaries(st.sampled_from(["REDIS_URL", "REDIS_PASSWORD", "CACHE_PASSWORD"]), SECRETIVE),
)
def test_any_environment_gives_settings_or_one_line_that_names_a_variable_and_shows_no_secret(
    plain: dict[str, str], secretive: dict[str, str]
) -> None:
    environ = plain | secretive
    try:
        shown = repr(load(environ))
    except SettingsError as refusal:
        shown = str(refusal)
        assert refusal.variable in environ
        assert shown == f"{refusal.variable}: {refusal.reason}"
        assert shown.isprintable()
    assert SECRET not in shown
