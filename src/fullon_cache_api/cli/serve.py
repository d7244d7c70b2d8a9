"""`serve` and `run`: the gateway over a Redis that is already there."""

from pathlib import Path

import click

from fullon_cache_api.cli.demo import SEED, run_demo
from fullon_cache_api.cli.options import (
    address_options,
    load_settings,
    prefix_option,
    server_options,
    spec_option,
    variables,
)


@click.command("serve")
@address_options
@spec_option
@prefix_option
@server_options
def serve_command(
    host: str | None,
    port: int | None,
    spec: Path | None,
    prefix: str | None,
    workers: int | None,
    reload: bool,
    access_log: bool | None,
) -> None:
    """Serve the Redis that REDIS_URL or REDIS_HOST names."""
    from fullon_cache_api.cli.server import serve

    given = variables(host=host, port=port, spec=spec, prefix=prefix, workers=workers, access_log=access_log)
    serve(given, reload=reload)


@click.command("run")
@address_options
@spec_option
@prefix_option
@server_options
def run_command(
    host: str | None,
    port: int | None,
    spec: Path | None,
    prefix: str | None,
    workers: int | None,
    reload: bool,
    access_log: bool | None,
) -> None:
    """Serve where REDIS_URL or REDIS_HOST is set, else the demo."""
    from fullon_cache_api.cli.server import serve

    given = variables(host=host, port=port, spec=spec, prefix=prefix, workers=workers, access_log=access_log)
    if load_settings(given).redis_configured:
        serve(given, reload=reload)
    else:
        run_demo(given, seed=SEED, reload=reload)
