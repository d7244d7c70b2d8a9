"""`check`, `routes` and `reads`: what the spec says and what it could say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullon_cache_api.cli.acl import report_rights
from fullon_cache_api.cli.options import load_settings, prefix_option, spec_option, variables

if TYPE_CHECKING:
    from fullon_cache_api.settings import Settings
    from fullon_cache_api.spec import Spec


@click.command("check")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--redis", "asks_redis", is_flag=True, help="Ask Redis, too, whether its user could write.")
def check_command(file: Path | None, asks_redis: bool) -> None:
    """Check a spec; every mistake is a line on standard error, and the exit status is 2.

    With --redis, a user who could write is a warning; a Redis that cannot be asked is exit status 3.
    """
    from fullon_cache_api.loading import backend, find_spec, load

    settings = load_settings({})
    path = file or find_spec(settings)
    spec = load(path, backend(settings)[0])
    endpoints, schemas = len(spec.endpoints), len(spec.schemas)
    click.echo(f"{path}: {_count(endpoints, 'endpoint')}, {_count(schemas, 'schema')}: fine")
    if asks_redis:
        report_rights(settings.redis, spec)


@click.command("routes")
@spec_option
@prefix_option
def routes_command(spec: Path | None, prefix: str | None) -> None:
    """Show every endpoint: its path, operationId, read and response schema."""
    from fullon_cache_api.cli.table import table
    from fullon_cache_api.loading import backend, find_spec, load

    settings = load_settings(variables(spec=spec, prefix=prefix))
    catalogue = backend(settings)[0]
    rows = [
        ("GET", settings.prefix + endpoint.path, endpoint.operation_id, endpoint.read.name, endpoint.response)
        for endpoint in load(find_spec(settings), catalogue).endpoints
    ]
    click.echo(table(("METHOD", "PATH", "OPERATION", "READ", "RESPONSE"), rows))


@click.command("reads")
@spec_option
@click.option(
    "--backend",
    type=click.Choice(["native", "fullon_cache"]),
    default="native",
    show_default=True,
    help="This project's reads, or what the installed fullon_cache makes of them.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def reads_command(spec: Path | None, backend: str, as_json: bool) -> None:
    """Show every read that an endpoint can name, and the endpoints that do."""
    settings = load_settings(variables(spec=spec))
    click.echo((_native if backend == "native" else _installed)(settings, as_json))


def _native(settings: Settings, as_json: bool) -> str:
    from fullon_cache_api.cli.catalogue import catalogue_json, catalogue_text
    from fullon_cache_api.loading import backend, find_spec, load

    catalogue = backend(settings)[0]
    used = _paths_by_read(load(find_spec(settings), catalogue))
    return (catalogue_json if as_json else catalogue_text)(catalogue, used)


def _installed(settings: Settings, as_json: bool) -> str:
    from fullon_cache_api.cli.offers import offers_json, offers_text
    from fullon_cache_api.integrations.fullon_cache import extended_catalogue, load_package, survey
    from fullon_cache_api.loading import find_spec, load

    package = load_package()
    offers = survey(package)
    used = _paths_by_read(load(find_spec(settings), extended_catalogue(package, offers)))
    return (offers_json if as_json else offers_text)(package.version, offers, used)


def _paths_by_read(spec: Spec) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for endpoint in spec.endpoints:
        paths.setdefault(endpoint.read.name, []).append(endpoint.path)
    return paths


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
