"""`check`, `routes` and `reads`: what the spec says and what it could say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullon_cache_api.cli.options import load_settings, prefix_option, spec_option, variables

if TYPE_CHECKING:
    from fullon_cache_api.spec import Spec


@click.command("check")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def check_command(file: Path | None) -> None:
    """Check a spec; every mistake is a line on standard error, and the exit status is 2."""
    from fullon_cache_api.gateway import find_spec, load

    path = file or find_spec(load_settings({}))
    spec = load(path)
    endpoints, schemas = len(spec.endpoints), len(spec.schemas)
    click.echo(f"{path}: {_count(endpoints, 'endpoint')}, {_count(schemas, 'schema')}: fine")


@click.command("routes")
@spec_option
@prefix_option
def routes_command(spec: Path | None, prefix: str | None) -> None:
    """Show every endpoint: its path, operationId, read and response schema."""
    from fullon_cache_api.cli.table import table
    from fullon_cache_api.gateway import find_spec, load

    settings = load_settings(variables(spec=spec, prefix=prefix))
    rows = [
        ("GET", settings.prefix + endpoint.path, endpoint.operation_id, endpoint.read.name, endpoint.response)
        for endpoint in load(find_spec(settings)).endpoints
    ]
    click.echo(table(("METHOD", "PATH", "OPERATION", "READ", "RESPONSE"), rows))


@click.command("reads")
@spec_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def reads_command(spec: Path | None, as_json: bool) -> None:
    """Show every read that an endpoint can name, and the endpoints that do."""
    from fullon_cache_api.cli.catalogue import catalogue_json, catalogue_text
    from fullon_cache_api.gateway import find_spec, load
    from fullon_cache_api.reads import CATALOGUE

    used = _paths_by_read(load(find_spec(load_settings(variables(spec=spec)))))
    click.echo(catalogue_json(CATALOGUE, used) if as_json else catalogue_text(CATALOGUE, used))


def _paths_by_read(spec: Spec) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for endpoint in spec.endpoints:
        paths.setdefault(endpoint.read.name, []).append(endpoint.path)
    return paths


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
