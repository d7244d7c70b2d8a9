"""What the environment and `.env` say, as one frozen object; whatever cannot be used is refused by name."""

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from fullon_cache_api.cache.deployment import Deployment, parse_url
from fullon_cache_api.cache.target import RedisTarget, TargetError
from fullon_cache_api.environment import own_environment
from fullon_cache_api.limits import Limits, RateLimit
from fullon_cache_api.log import FORMATS, LEVELS, LogSettings, configure

_DOTENV = Path(".env")
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_WHOLE = re.compile(r"[0-9]{1,10}")
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")
_SIZE = re.compile(r"[1-9][0-9]{0,3} ?(B|KB|MB|GB)")
_DURATION = re.compile(r"[1-9][0-9]{0,3} ?(minutes?|hours?|days?|weeks?|months?)")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_BOOLEANS = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)

Backend: TypeAlias = Literal["native", "fullon_cache", "auto"]
"""What does the reads: this project, the installed fullon_cache, or that only where this project cannot."""

Auth: TypeAlias = Literal["spec", "none"]
"""Who has to say who asks: whom the spec names; `none` says that a spec which names nobody is meant so."""

_AUTHS: dict[str, Auth] = {"spec": "spec", "none": "none"}
_BACKENDS: dict[str, Backend] = {"native": "native", "fullon_cache": "fullon_cache", "auto": "auto"}

T = TypeVar("T")


class SettingsError(ValueError):
    """A variable's value cannot be used; neither the text nor `reason` ever repeats the value."""

    def __init__(self, variable: str, reason: str) -> None:
        self.variable = variable
        self.reason = reason
        super().__init__(f"{variable}: {reason}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment: `default` as one would write it, `others` its further names."""

    name: str
    default: str
    meaning: str
    others: tuple[str, ...] = ()


SETTINGS: tuple[Variable, ...] = (
    Variable("API_HOST", "127.0.0.1", "Address to listen on."),
    Variable("API_PORT", "8000", "Port to listen on; 0 picks a free one."),
    Variable("API_PREFIX", "/api", "What stands before the paths of the endpoints; `/` or empty: nothing."),
    Variable("API_WORKERS", "1", "How many processes serve."),
    Variable("API_DEADLINE", "2.0", "Seconds after which a request is given up with 504, 0.05 to 60."),
    Variable("API_ACCESS_LOG", "false", "Whether each request is logged."),
    Variable("API_COMPRESSION", "true", "Whether large answers are compressed for clients that accept it."),
    Variable("API_MAX_CONNECTIONS", "1000", "Connections at a time; beyond them only `/health` is answered."),
    Variable("API_MAX_REQUESTS", "0", "Requests at a time, beyond which the answer is 503; 0: no limit."),
    Variable("API_MAX_STREAMS", "100", "Large answers that are made at a time; beyond them 503."),
    Variable(
        "API_MAX_ANSWER",
        "0",
        "Bytes of an answer; one of more is 413, or cut where it has begun; 0: no limit.",
    ),
    Variable("API_MAX_TARGET", "16384", "Bytes of a path with its query; beyond them 414."),
    Variable("API_MAX_HEADERS", "32768", "Bytes of all header fields of a request; beyond them 431."),
    Variable(
        "API_CLIENT_TIMEOUT",
        "10",
        "Seconds in which a client has to send a request, or to take in some of its answer, 1 to 600.",
    ),
    Variable("API_RATE", "0", "Requests per second that one client may make; beyond them 429; 0: no limit."),
    Variable("API_RATE_BURST", "0", "How many of them at once; 0: those of one second."),
    Variable(
        "RATE_REDIS_URL",
        "",
        "A Redis of its own, where all processes count requests together; never the one that is served.",
    ),
    Variable(
        "SHUTDOWN_DELAY",
        "0",
        "Seconds of serving on after SIGTERM, while `/health/ready` is 503 already, 0 to 600.",
    ),
    Variable(
        "AUTH",
        "spec",
        "Who has to say who asks: whom the `spec` names, or `none`: that nobody has to is meant, also beyond "
        "this machine.",
    ),
    Variable(
        "API_KEYS_FILE", "keys.json", "The API keys that were given out, for a spec that asks for them."
    ),
    Variable("JWT_SECRET", "", "The secret of tokens that are signed by HS256, of 32 bytes at least."),
    Variable("ENDPOINTS_FILE", "", "The spec; else `./endpoints.yaml`, else the one inside the package."),
    Variable(
        "REDIS_URL",
        "",
        "`redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `redis+cluster://`; the five below do "
        "not count then.",
    ),
    Variable("REDIS_HOST", "localhost", "Host of Redis.", ("CACHE_HOST",)),
    Variable("REDIS_PORT", "6379", "Port of Redis.", ("CACHE_PORT",)),
    Variable("REDIS_DB", "0", "Number of the Redis database.", ("CACHE_DB",)),
    Variable("REDIS_USERNAME", "", "User of Redis' ACL.", ("CACHE_USERNAME", "CACHE_USER")),
    Variable("REDIS_PASSWORD", "", "Password of that user, or of Redis.", ("CACHE_PASSWORD",)),
    Variable(
        "CACHE_BACKEND",
        "native",
        "What does the reads: `native`, `fullon_cache` (the installed package), or `auto`: that package "
        "only for what native cannot read.",
    ),
    Variable(
        "SHARED_READS",
        "true",
        "Whether one read answers all who ask for the same within the endpoint's `max_age`.",
    ),
    Variable("LOG_LEVEL", "INFO", "TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR or CRITICAL."),
    Variable("LOG_FORMAT", "beautiful", "beautiful, minimal, development, detailed, trading or json."),
    Variable("LOG_CONSOLE", "true", "Whether to log to standard error."),
    Variable("LOG_COLORS", "true", "Whether a terminal gets colours."),
    Variable("LOG_FILE_PATH", "", "A file to log to as well."),
    Variable("LOG_ROTATION", "10 MB", "Size or age at which that file is put aside: `10 MB`, `1 day`."),
    Variable("LOG_RETENTION", "7 days", "Age at which files put aside are deleted."),
)
"""Every variable, in the order in which README's table shows them."""

_VARIABLES = {variable.name: variable for variable in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. `prefix` is "" or starts with `/`; `deadline` is in seconds.

    `endpoints_file` is None where the spec has to be looked for; `redis_configured` says whether anybody
    named a Redis, or `redis` is only the default.
    """

    host: str
    port: int
    prefix: str
    workers: int
    deadline: float
    access_log: bool
    endpoints_file: Path | None
    redis: Deployment
    redis_configured: bool
    log: LogSettings
    cache_backend: Backend = "native"
    shared_reads: bool = True
    compression: bool = True
    limits: Limits = field(default_factory=Limits)
    rate_redis: RedisTarget | None = None
    shutdown_delay: float = 0.0
    auth: Auth = "spec"
    api_keys_file: Path = Path("keys.json")
    jwt_secret: str = field(default="", repr=False)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = _DOTENV) -> "Settings":
        """Read the environment (`os.environ`, when None) over the file `dotenv`; empty means not set.

        Raises SettingsError for the first value that cannot be used.
        """
        values = _Values(own_environment() if environ is None else environ, _from_file(dotenv))
        access_log = values.boolean("API_ACCESS_LOG")
        return cls(
            host=values.host("API_HOST"),
            port=values.whole("API_PORT", 0, 65535),
            prefix=values.prefix("API_PREFIX"),
            workers=values.whole("API_WORKERS", 1, 256),
            deadline=values.decimal("API_DEADLINE", 0.05, 60),
            access_log=access_log,
            endpoints_file=values.path("ENDPOINTS_FILE"),
            redis=_redis(values),
            redis_configured=values.given("REDIS_URL") or values.given("REDIS_HOST"),
            log=_log(values, access_log),
            cache_backend=values.choice("CACHE_BACKEND", _BACKENDS),
            shared_reads=values.boolean("SHARED_READS"),
            compression=values.boolean("API_COMPRESSION"),
            limits=_limits(values),
            rate_redis=_rate_redis(values),
            shutdown_delay=values.decimal("SHUTDOWN_DELAY", 0, 600),
            auth=values.choice("AUTH", _AUTHS),
            api_keys_file=Path(values.text("API_KEYS_FILE")),
            jwt_secret=values.text("JWT_SECRET"),
        )


def start_logging(settings: Settings) -> None:
    """Log as the settings say from now on; SettingsError when LOG_FILE_PATH cannot be opened."""
    try:
        configure(settings.log)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError("LOG_FILE_PATH", f"cannot be opened: {reason}") from None


def _limits(values: "_Values") -> Limits:
    rate = values.decimal("API_RATE", 0, 1_000_000)
    burst = values.whole("API_RATE_BURST", 0, 1_000_000)
    if burst and not rate:
        raise SettingsError("API_RATE_BURST", "needs API_RATE")
    return Limits(
        connections=values.whole("API_MAX_CONNECTIONS", 1, 1_000_000),
        requests=values.whole("API_MAX_REQUESTS", 0, 1_000_000) or None,
        streams=values.whole("API_MAX_STREAMS", 1, 1_000_000),
        answer=values.whole("API_MAX_ANSWER", 0, 2**31 - 1) or None,
        target=values.whole("API_MAX_TARGET", 256, 65_536),
        headers=values.whole("API_MAX_HEADERS", 1_024, 131_072),
        client_timeout=values.decimal("API_CLIENT_TIMEOUT", 1, 600),
        rate=RateLimit(rate, burst or math.ceil(rate)) if rate else None,
    )


def _rate_redis(values: "_Values") -> RedisTarget | None:
    if not values.given("RATE_REDIS_URL"):
        return None
    if not values.decimal("API_RATE", 0, 1_000_000):
        raise SettingsError("RATE_REDIS_URL", "needs API_RATE")
    try:
        counts = RedisTarget.from_url(values.text("RATE_REDIS_URL"))
    except TargetError as error:
        raise SettingsError("RATE_REDIS_URL", str(error)) from None
    served = _redis(values)
    # Which servers Sentinels or a cluster have is seen when they are asked, and looked at then.
    if isinstance(served, RedisTarget) and counts.is_same(served):
        raise SettingsError("RATE_REDIS_URL", "is the Redis that is served, which nothing may write to")
    return counts


def _redis(values: "_Values") -> Deployment:
    if not values.given("REDIS_URL"):
        return RedisTarget(
            host=values.host("REDIS_HOST"),
            port=values.whole("REDIS_PORT", 1, 65535),
            db=values.whole("REDIS_DB", 0, 2**31 - 1),
            username=values.text("REDIS_USERNAME") or None,
            password=values.text("REDIS_PASSWORD") or None,
        )
    try:
        return parse_url(values.text("REDIS_URL"))
    except TargetError as error:
        raise SettingsError("REDIS_URL", str(error)) from None


def _log(values: "_Values", access: bool) -> LogSettings:
    return LogSettings(
        level=values.choice("LOG_LEVEL", {level.lower(): level for level in LEVELS}),
        format=values.choice("LOG_FORMAT", {name: name for name in FORMATS}),
        console=values.boolean("LOG_CONSOLE"),
        colors=values.boolean("LOG_COLORS"),
        file=values.path("LOG_FILE_PATH"),
        rotation=values.rotation("LOG_ROTATION"),
        retention=values.duration("LOG_RETENTION"),
        access=access,
    )


def _from_file(dotenv: Path | None) -> dict[str, str | None]:
    if dotenv is None:
        return {}
    try:
        # A folder of that name is somebody's virtual environment.
        if not dotenv.exists() or dotenv.is_dir():
            return {}
        text = dotenv.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(dotenv.name, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(dotenv.name, "is not UTF-8") from None
    # Most deployments have no such file, and what reads it is slow to import.
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    for binding in parse_stream(StringIO(text)):
        if binding.error:
            written = binding.original.string
            line = binding.original.line + written[: -len(written.lstrip())].count("\n")
            raise SettingsError(dotenv.name, f"line {line} is no NAME=value")
    return dotenv_values(stream=StringIO(text))


class _Values:
    """The texts of all variables, and what they mean; every refusal names the variable that was written."""

    def __init__(self, environ: Mapping[str, str], file: Mapping[str, str | None]) -> None:
        self._sources = (environ, file)

    def given(self, name: str) -> bool:
        """Whether the variable has a value of its own, under any of its names."""
        return self._find(name)[1] != ""

    def text(self, name: str) -> str:
        return self._read(name)[1]

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return Path(text) if text else None

    def whole(self, name: str, low: int, high: int) -> int:
        used, text = self._read(name)
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise SettingsError(used, f"must be a whole number from {low} to {high}")
        return int(text)

    def decimal(self, name: str, low: float, high: float) -> float:
        used, text = self._read(name)
        if not _DECIMAL.fullmatch(text) or not low <= float(text) <= high:
            raise SettingsError(used, f"must be a number from {low:g} to {high:g}")
        return float(text)

    def boolean(self, name: str) -> bool:
        return self.choice(name, _BOOLEANS)

    def choice(self, name: str, choices: Mapping[str, T]) -> T:
        used, text = self._read(name)
        try:
            return choices[text.lower()]
        except KeyError:
            raise SettingsError(used, f"must be one of {', '.join(choices)}") from None

    def host(self, name: str) -> str:
        used, text = self._read(name)
        if not _HOST.fullmatch(text) and not _is_address(text):
            raise SettingsError(used, "must be a host name or an IP address, and nothing else")
        return text

    def prefix(self, name: str) -> str:
        # Written and empty means no prefix here, where for other variables it means the default.
        text = "/" if self._sources[0].get(name) == "" else self.text(name)
        if text == "/":
            return ""
        if not _PREFIX.fullmatch(text) or {".", ".."} & set(text.split("/")):
            raise SettingsError(
                name, "must start with /, not end with it, and hold only letters, digits and - . _ ~ between"
            )
        return text

    def rotation(self, name: str) -> str:
        used, text = self._read(name)
        if not any(form.fullmatch(text) for form in (_SIZE, _DURATION, _TIME_OF_DAY)):
            raise SettingsError(
                used, 'must be a size, an age or a time of day, such as "10 MB", "1 day", "00:00"'
            )
        return text

    def duration(self, name: str) -> str:
        used, text = self._read(name)
        if not _DURATION.fullmatch(text):
            raise SettingsError(used, 'must be an age, such as "7 days"')
        return text

    def _find(self, name: str) -> tuple[str, str]:
        """The name under which the variable is written, and its value; the environment before the file."""
        names = (name, *_VARIABLES[name].others)
        for source in self._sources:
            for written in names:
                if text := source.get(written):
                    return written, text
        return name, ""

    def _read(self, name: str) -> tuple[str, str]:
        used, text = self._find(name)
        if "\0" in text or not _is_utf8(text):
            raise SettingsError(used, "is not text")
        return used, text or _VARIABLES[name].default


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
