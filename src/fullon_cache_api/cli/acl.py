"""`acl`: the Redis user that a spec needs; and what `check` says of the user that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullon_cache_api.cli.options import load_settings, spec_option, variables

if TYPE_CHECKING:
    from fullon_cache_api.cache import Deployment
    from fullon_cache_api.cache.rights import Rights
    from fullon_cache_api.spec import Spec

UNREACHABLE = 3
"""Exit status where Redis cannot be asked."""

_SHOWN = 3
_USER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def _user(context: click.Context, parameter: click.Parameter, name: str) -> str:
    if not _USER.fullmatch(name):
        raise click.BadParameter("1 to 64 letters, digits, and _ . -")
    return name


@click.command("acl")
@click.option("--user", default="fullon-cache-api", show_default=True, callback=_user, help="Its name.")
@spec_option
def acl_command(user: str, spec: Path | None) -> None:
    """Print the least Redis user that can serve a spec: as ACL SETUSER, and as a line of users.acl.

    Put a password in place of PASSWORD, and paste the first line into redis-cli. Redis 7 or newer.
    """
    from fullon_cache_api.acl import acl_rules, setuser_command, users_line
    from fullon_cache_api.loading import find_spec, load

    settings = load_settings(variables(spec=spec))
    redis = settings.redis
    spec_read = load(find_spec(settings))
    rules = acl_rules(spec_read, redis.db, redis.topology_commands, tracks=redis.tracks)
    click.echo(setuser_command(user, rules))
    click.echo(users_line(user, rules))


def report_rights(target: Deployment, spec: Spec) -> None:
    """Say whether the user of the settings could write what a spec reads, at each server that may be read.

    Exit with 3 where Redis is away, or one of its servers.
    """
    import asyncio

    from fullon_cache_api.acl import example_keys
    from fullon_cache_api.cache.errors import CacheUnavailable
    from fullon_cache_api.cache.opening import servers
    from fullon_cache_api.cache.rights import rights

    asked: object = target
    try:
        for server in asyncio.run(servers(target)):
            asked = server
            _report(str(server), asyncio.run(rights(server, example_keys(spec))))
    except CacheUnavailable as error:
        click.echo(f"{asked}: {error}", err=True)
        raise click.exceptions.Exit(UNREACHABLE) from None


def _report(target: str, found: Rights) -> None:
    if found.writes:
        click.echo(f"warning: {target}: {_could_write(found.writes)}", err=True)
    elif found.writes is not None:
        click.echo(f"{target}: this user cannot write what the spec reads (one key of each pattern)")
    elif found.restricted:
        click.echo(f"{target}: this user is restricted; it may not ask whether it could write")
    else:
        click.echo(f"warning: {target}: whether this user could write, only Redis 7 or newer tells", err=True)


def _could_write(commands: tuple[str, ...]) -> str:
    more = "" if len(commands) <= _SHOWN else f" and {len(commands) - _SHOWN} more commands"
    return (
        f"this user could write, by {', '.join(commands[:_SHOWN])}{more}; "
        "`fullon-cache-api acl` prints one that cannot"
    )
