"""Options that several commands have; each stands for a variable of the environment and wins over it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from fullon_cache_api.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=False, path_type=Path)
_PORT = click.IntRange(0, 65535)


def spec_option(command: Command) -> Command:
    """Add `--spec`."""
    return click.option("--spec", type=_FILE, help="The spec; default: ENDPOINTS_FILE, ./endpoints.yaml.")(
        command
    )


def prefix_option(command: Command) -> Command:
    """Add `--prefix`."""
    return click.option("--prefix", help='What stands before the endpoints\' paths; "" for nothing.')(command)


def address_options(command: Command) -> Command:
    """Add `--host` and `--port`."""
    command = click.option("--port", type=_PORT, help="Port to listen on; 0 picks a free one.")(command)
    return click.option("--host", help="Address to listen on.")(command)


def server_options(command: Command) -> Command:
    """Add `--workers`, `--reload` and `--access-log`."""
    for option in (
        click.option("--access-log/--no-access-log", default=None, help="Log each request, or do not."),
        click.option("--reload", is_flag=True, help="Start again whenever the code or the spec changes."),
        click.option("--workers", type=click.IntRange(1, 256), help="How many processes serve."),
    ):
        command = option(command)
    return command


def variables(
    *,
    host: str | None = None,
    port: int | None = None,
    spec: Path | None = None,
    prefix: str | None = None,
    workers: int | None = None,
    access_log: bool | None = None,
) -> dict[str, str]:
    """Return the variables that the given options stand for."""
    written = {
        "API_HOST": host,
        "API_PORT": port,
        "ENDPOINTS_FILE": spec,
        "API_PREFIX": prefix,
        "API_WORKERS": workers,
        "API_ACCESS_LOG": access_log,
    }
    return {name: str(value) for name, value in written.items() if value is not None}


def load_settings(given: Mapping[str, str]) -> "Settings":
    """Read the settings, with variables that win over the environment; raises SettingsError."""
    from fullon_cache_api.settings import Settings

    return Settings.load({**os.environ, **given})
