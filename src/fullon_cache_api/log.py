"""One line per record, through fullon_log where it is installed, else through loguru with the same variables.

A text is a constant phrase; whatever varies goes into fields: `log.warning("corrupt element", key=key)`.
"""

import importlib
import json
import logging
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    from loguru import Logger as LoguruLogger
    from loguru import Record

Format: TypeAlias = Literal["beautiful", "minimal", "development", "detailed", "trading", "json"]
Plain: TypeAlias = bool | int | float | str | None

LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")

_LONGEST = 500
_PLACE = "{name}:{function}:{line}"
_LAYOUTS: dict[Format, str] = {
    "beautiful": "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> | <level>{level: <8}</level> | "
    "<cyan>{extra[component]}</cyan> | <level>{message}</level>{extra[tail]}",
    "minimal": "<level>{level: <8}</level> {message}{extra[tail]}",
    "development": "<green>{time:HH:mm:ss.SSS}</green> <level>{level: <8}</level> "
    f"<cyan>{{extra[component]}}</cyan> {_PLACE} <level>{{message}}</level>{{extra[tail]}}{{extra[trace]}}",
    "detailed": "{time:YYYY-MM-DDTHH:mm:ss.SSSSSSZZ} | <level>{level: <8}</level> | {process}:{thread} | "
    f"<cyan>{{extra[component]}}</cyan> | {_PLACE} | {{message}}{{extra[tail]}}",
    "trading": "{time:YYYY-MM-DDTHH:mm:ss.SSSSSS!UTC}Z <level>{level: <8}</level> "
    "{extra[component]} {message}{extra[tail]}",
    "json": "{extra[tail]}",
}
FORMATS: tuple[Format, ...] = tuple(_LAYOUTS)


class Logger(Protocol):
    """What a component logs through; an exception given as a field is named with its place, not its text."""

    def debug(self, text: str, /, **fields: object) -> None:
        """Log what helps while developing."""

    def info(self, text: str, /, **fields: object) -> None:
        """Log what happens in good order."""

    def warning(self, text: str, /, **fields: object) -> None:
        """Log what is wrong with one request or one value."""

    def error(self, text: str, /, **fields: object) -> None:
        """Log what is wrong with the gateway or its surroundings."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the LOG_* variables say, and whether each request is logged (`access`)."""

    level: str = "INFO"
    format: Format = "beautiful"
    console: bool = True
    colors: bool = True
    file: Path | None = None
    rotation: str = "10 MB"
    retention: str = "7 days"
    access: bool = False


class _FullonLog(Protocol):
    """The part of the private package fullon_log that is used."""

    def get_component_logger(self, name: str) -> Logger: ...

    def configure_logger(self, **options: object) -> object: ...


def get_component_logger(name: str) -> Logger:
    """Return the logger of a component, named `fullon.api.cache.<component>`."""
    fullon_log = _fullon_log()
    if fullon_log is None:
        return _Component(name)
    return _FullonComponent(fullon_log.get_component_logger(name))


def configure(settings: LogSettings) -> None:
    """Send all records where the settings say, those of uvicorn and asyncio too.

    Raises OSError when the file cannot be opened. For a process of one's own: a host that mounts the gateway
    has its own logging.
    """
    fullon_log = _fullon_log()
    if fullon_log is None:
        _configure_loguru(settings)
    else:
        fullon_log.configure_logger(
            file_path=str(settings.file) if settings.file else None,
            console=settings.console,
            level=settings.level,
            format=settings.format,
            rotation=settings.rotation,
            retention=settings.retention,
        )
    _route_standard_loggers(settings)


def _fullon_log() -> _FullonLog | None:
    try:
        return cast(_FullonLog, importlib.import_module("fullon_log"))
    except ImportError:
        return None


def _loguru() -> "LoguruLogger":
    # It takes longer to import than a spec takes to check, and who checks one logs nothing.
    from loguru import logger

    return logger


class _Component:
    """A component's logger over loguru."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger: LoguruLogger = _loguru().opt(depth=1).bind(component=name)

    def debug(self, text: str, /, **fields: object) -> None:
        self._logger.bind(fields=fields).debug(text)

    def info(self, text: str, /, **fields: object) -> None:
        self._logger.bind(fields=fields).info(text)

    def warning(self, text: str, /, **fields: object) -> None:
        self._logger.bind(fields=fields).warning(text)

    def error(self, text: str, /, **fields: object) -> None:
        self._logger.bind(fields=fields).error(text)


class _FullonComponent:
    """A component's logger over fullon_log, whose own formatting escapes nothing."""

    __slots__ = ("_logger",)

    def __init__(self, raw: Logger) -> None:
        self._logger = raw

    def debug(self, text: str, /, **fields: object) -> None:
        self._logger.debug(_template(text, fields), **_escaped(fields))

    def info(self, text: str, /, **fields: object) -> None:
        self._logger.info(_template(text, fields), **_escaped(fields))

    def warning(self, text: str, /, **fields: object) -> None:
        self._logger.warning(_template(text, fields), **_escaped(fields))

    def error(self, text: str, /, **fields: object) -> None:
        self._logger.error(_template(text, fields), **_escaped(fields))


def _template(text: str, fields: dict[str, object]) -> str:
    # loguru, which fullon_log wraps, formats a text that comes with fields.
    text = _one_line(_cut(text))
    return text.replace("{", "{{").replace("}", "}}") if fields else text


def _escaped(fields: dict[str, object]) -> dict[str, Plain]:
    plain = {name: _plain(value) for name, value in fields.items()}
    return {name: _one_line(value) if isinstance(value, str) else value for name, value in plain.items()}


def _configure_loguru(settings: LogSettings) -> None:
    logger = _loguru()
    logger.remove()
    layout = _LAYOUTS[settings.format]
    render: Callable[[Record], None] = _render_json if settings.format == "json" else _render_text
    logger.configure(extra={"component": "", "fields": {}}, patcher=render)
    if settings.console:
        colorize = None if settings.colors and settings.format != "json" else False
        logger.add(
            sys.stderr,
            level=settings.level,
            format=layout,
            colorize=colorize,
            backtrace=False,
            diagnose=False,
        )
    if settings.file is not None:
        logger.add(
            settings.file,
            level=settings.level,
            format=layout,
            colorize=False,
            backtrace=False,
            diagnose=False,
            rotation=settings.rotation,
            retention=settings.retention,
            encoding="utf-8",
        )


def _render_text(record: "Record") -> None:
    extra = record["extra"]
    fields: dict[str, object] = extra["fields"]
    record["message"] = _one_line(_cut(record["message"]))
    extra["tail"] = "".join(f" {name}={_quoted(_plain(value))}" for name, value in fields.items())
    extra["trace"] = "".join(_trace(value) for value in fields.values() if isinstance(value, BaseException))


def _render_json(record: "Record") -> None:
    extra = record["extra"]
    fields: dict[str, object] = extra["fields"]
    extra["tail"] = json.dumps(
        {
            "time": record["time"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record["level"].name,
            "component": extra["component"],
            "message": _cut(record["message"]),
            "fields": {name: _plain(value) for name, value in fields.items()},
        }
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _one_line(text: str) -> str:
    """The text with line breaks, control characters and the like as escapes."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, BaseException):
        return _named(value)
    return _cut(str(value))


def _named(error: BaseException) -> str:
    """The kind of an exception and where it was raised: its text might quote a secret or a cached value."""
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return kind
    last = frames[-1]
    return f"{kind} at {Path(last.filename).name}:{last.lineno} in {last.name}"


def _trace(error: BaseException) -> str:
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "".join(f"\n    {_one_line(line)}" for line in lines)


def _quoted(value: Plain) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if value and value.isprintable() and not any(char in value for char in ' "=\\'):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_one_line(escaped)}"'


class _ToComponent(logging.Handler):
    """Hands records of the standard library's loggers on to the components' loggers.

    What uvicorn says about itself while all is well (started, waiting, finished) is for debugging.
    An error that `is_logged` is not logged again.
    """

    def emit(self, record: logging.LogRecord) -> None:
        log = get_component_logger(f"fullon.api.cache.{record.name.partition('.')[0]}")
        text = record.getMessage().strip()
        error = record.exc_info[1] if record.exc_info else None
        if getattr(error, "is_logged", False):
            return
        fields = {} if error is None else {"exception": error}
        if record.levelno >= logging.ERROR:
            log.error(text, **fields)
        elif record.levelno >= logging.WARNING:
            log.warning(text, **fields)
        elif record.name == "uvicorn.access":
            log.info(text, **fields)
        else:
            log.debug(text, **fields)


def _route_standard_loggers(settings: LogSettings) -> None:
    handler = _ToComponent()
    for name in ("uvicorn", "asyncio"):
        routed = logging.getLogger(name)
        routed.handlers = [handler]
        routed.propagate = False
        routed.setLevel(max(_loguru().level(settings.level).no, logging.DEBUG))
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        below = logging.getLogger(name)
        below.handlers = []
        below.setLevel(logging.NOTSET)
        # uvicorn asks each connection's access logger for handlers, and writes nothing where it finds none.
        below.propagate = settings.access or name != "uvicorn.access"
