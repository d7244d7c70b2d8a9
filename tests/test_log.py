"""Records: one line each, whatever is in them, in six formats, with or without fullon_log."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from profiles import examples

from fullon_cache_api.log import FORMATS, Format, LogSettings, configure, get_component_logger

log = get_component_logger("fullon.api.cache.test")

FULLON_LOG = '''
"""A stand-in with the documented surface of the private package."""

from loguru import logger

CONFIGURED = []


def get_component_logger(name):
    return logger.bind(component=name)


def configure_logger(**options):
    CONFIGURED.append(options)
    logger.remove()
    logger.add(options["file_path"], level=options["level"], format="{message} {extra}")
'''


@pytest.fixture(autouse=True)
def fresh_loggers() -> Iterator[None]:
    """Whatever a test configures is gone after it."""
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "asyncio")
    before = {
        name: (log_ := logging.getLogger(name), log_.handlers, log_.propagate, log_.level) for name in names
    }
    yield
    for standard, handlers, propagate, level in before.values():
        standard.handlers, standard.propagate = handlers, propagate
        standard.setLevel(level)
    logger.remove()
    logger.configure(extra={}, patcher=lambda record: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "api.log"


def start(file: Path, form: Format = "json", *, level: str = "DEBUG", access: bool = False) -> None:
    configure(LogSettings(level=level, format=form, console=False, file=file, access=access))


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split("\n")[:-1]


def objects(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines(file)]


def raised() -> ValueError:
    try:
        raise ValueError("the secret is 42")
    except ValueError as error:
        return error


TIME = r"\d{4}-\d\d-\d\d"


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        (
            "beautiful",
            TIME
            + r" \d\d:\d\d:\d\d\.\d{3} \| WARNING  \| fullon\.api\.cache\.test \| corrupt element key=a n=1",
        ),
        ("minimal", r"WARNING  corrupt element key=a n=1"),
        (
            "development",
            r"\d\d:\d\d:\d\d\.\d{3} WARNING  fullon\.api\.cache\.test \S*test_log:test_\w+:\d+ "
            r"corrupt element key=a n=1",
        ),
        (
            "detailed",
            TIME + r"T\d\d:\d\d:\d\d\.\d{6}[+-]\d{4} \| WARNING  \| \d+:\d+ \| fullon\.api\.cache\.test \| "
            r"\S*test_log:test_\w+:\d+ \| corrupt element key=a n=1",
        ),
        (
            "trading",
            TIME + r"T\d\d:\d\d:\d\d\.\d{6}Z WARNING  fullon\.api\.cache\.test corrupt element key=a n=1",
        ),
        (
            "json",
            r'\{"time": "' + TIME + r'T\d\d:\d\d:\d\d\.\d{6}Z", "level": "WARNING", '
            r'"component": "fullon\.api\.cache\.test", "message": "corrupt element", '
            r'"fields": \{"key": "a", "n": 1\}\}',
        ),
    ],
)
def test_a_record_looks_as_its_format_says(form: Format, pattern: str, file: Path) -> None:
    start(file, form)
    log.warning("corrupt element", key="a", n=1)
    [line] = lines(file)
    assert re.fullmatch(pattern, line), line


def test_every_level_is_logged_under_its_name_and_those_below_the_wanted_one_are_not(file: Path) -> None:
    start(file, level="INFO")
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert [(entry["level"], entry["message"]) for entry in objects(file)] == [
        ("INFO", "b"),
        ("WARNING", "c"),
        ("ERROR", "d"),
    ]


def test_json_keeps_scalars_and_writes_everything_else_as_text(file: Path) -> None:
    start(file)
    log.info(
        "values",
        a=None,
        b=True,
        c=2**70,
        d=1.5,
        e=float("nan"),
        f=[1],
        g="é\n",
        h=Path("x"),
        i="y" * 501,
        text="t",
    )
    assert objects(file)[0]["fields"] == {
        "a": None,
        "b": True,
        "c": 2**70,
        "d": 1.5,
        "e": "nan",
        "f": "[1]",
        "g": "é\n",
        "h": "x",
        "i": "y" * 500 + "…",
        "text": "t",
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("BTC/USDT", "BTC/USDT"),
        ("", '""'),
        ("a b", '"a b"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("k=v", '"k=v"'),
        ("line\nline", '"line\\nline"'),
        ("\x1b[31m\x7f\u2028\u202e", '"\\x1b[31m\\x7f\\u2028\\u202e"'),
        ("<red>{x}</red>", "<red>{x}</red>"),
        (None, "null"),
        (True, "true"),
        (-1.5, "-1.5"),
        (b"\n", "\"b'\\\\n'\""),
    ],
)
def test_text_formats_quote_and_escape_what_could_be_mistaken(value: object, shown: str, file: Path) -> None:
    start(file, "minimal")
    log.info("text", key=value)
    assert lines(file) == [f"INFO     text key={shown}"]


def test_braces_and_markup_in_a_text_stay_as_they_are(file: Path) -> None:
    start(file, "minimal")
    log.info("/tickers/{exchange} <red>", path="{symbol}")
    assert lines(file) == ["INFO     /tickers/{exchange} <red> path={symbol}"]


@examples(100)
@given(
    text=st.text(),
    key=st.one_of(st.text(), st.binary(), st.floats(), st.integers()),
    form=st.sampled_from(FORMATS),
)
def test_any_text_and_value_make_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str, key: object, form: Format
) -> None:
    file = tmp_path_factory.mktemp("log") / "api.log"
    start(file, form)
    log.error(text, key=key)
    written = file.read_text(encoding="utf-8")
    assert len(written.splitlines()) == 1
    assert written[:-1].isprintable()


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "development"])
def test_an_exception_is_named_with_its_place_and_without_its_text(form: Format, file: Path) -> None:
    start(file, form)
    log.error("internal error", exception=raised())
    [line] = lines(file)
    assert re.search(r"ValueError at test_log\.py:\d+ in raised", line)
    assert "secret" not in line


def test_an_exception_that_was_never_raised_is_named_only(file: Path) -> None:
    start(file)
    log.error("internal error", exception=ValueError("secret"))
    assert objects(file)[0]["fields"] == {"exception": "ValueError"}


def test_the_development_format_adds_the_traceback(file: Path) -> None:
    start(file, "development")
    log.error("internal error", exception=raised())
    first, *more = lines(file)
    assert "internal error" in first
    assert more[0] == "    Traceback (most recent call last):"
    assert more[-1] == "    ValueError: the secret is 42"


def test_the_console_is_standard_error_without_colours_where_it_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(LogSettings(format="minimal"))
    log.info("text")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "INFO     text\n")


def test_uvicorns_warnings_are_routed_and_its_chatter_is_for_debugging(file: Path) -> None:
    start(file)
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.info("Started server process [%d]", 7)
    uvicorn.warning("Invalid HTTP request received.")
    uvicorn.error("Exception in ASGI application\n", exc_info=raised())
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    entries = [(entry["level"], entry["component"], entry["message"]) for entry in objects(file)]
    assert entries == [
        ("DEBUG", "fullon.api.cache.uvicorn", "Started server process [7]"),
        ("WARNING", "fullon.api.cache.uvicorn", "Invalid HTTP request received."),
        ("ERROR", "fullon.api.cache.uvicorn", "Exception in ASGI application"),
        ("ERROR", "fullon.api.cache.asyncio", "Task exception was never retrieved"),
    ]
    fields = objects(file)[2]["fields"]
    assert isinstance(fields, dict)
    assert re.fullmatch(r"ValueError at test_log\.py:\d+ in raised", fields["exception"])


def test_requests_are_logged_only_when_asked_for(file: Path) -> None:
    access = logging.getLogger("uvicorn.access")
    start(file)
    assert not access.hasHandlers()
    start(file, access=True)
    access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:5", "GET", "/api/tickers", "1.1", 200)
    assert [(entry["level"], entry["message"]) for entry in objects(file)] == [
        ("INFO", '127.0.0.1:5 - "GET /api/tickers HTTP/1.1" 200')
    ]


@pytest.fixture
def fullon_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "fullon_log.py").write_text(FULLON_LOG, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    del sys.modules["fullon_log"]


@pytest.mark.usefixtures("fullon_log")
def test_fullon_log_is_used_and_configured_where_it_is_installed(file: Path) -> None:
    start(file, "trading", level="INFO")
    fullon = get_component_logger("fullon.api.cache.test")
    fullon.debug("left out", n=0)
    fullon.info("{plain}")
    fullon.warning("{text}", key="a\nb", n=1)
    fullon.error("internal error", exception=raised())
    from fullon_log import CONFIGURED  # type: ignore[import-not-found]

    configured: list[dict[str, object]] = CONFIGURED
    assert configured == [
        {
            "file_path": str(file),
            "console": False,
            "level": "INFO",
            "format": "trading",
            "rotation": "10 MB",
            "retention": "7 days",
        }
    ]
    first, second, third = lines(file)
    assert first == "{plain} {'component': 'fullon.api.cache.test'}"
    assert second == "{text} {'component': 'fullon.api.cache.test', 'key': 'a\\\\nb', 'n': 1}"
    assert re.search(r"ValueError at test_log\.py:\d+ in raised", third)
