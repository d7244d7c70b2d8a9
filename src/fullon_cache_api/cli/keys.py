"""`keys`: gives API keys out, shows what is known of them, and takes them back."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

import click

from fullon_cache_api.cli.options import load_settings, variables

_DURATION = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_SECONDS = {"h": 3_600, "d": 86_400, "w": 604_800}
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_SCOPE = re.compile(r"[!#-\[\]-~]{1,100}")
_CLAIM = re.compile(r"([^=\s]{1,100})=([^\x00-\x1f\x7f]{1,200})")

_file_option = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of the keys; default: API_KEYS_FILE.",
)


@click.group("keys")
def keys_group() -> None:
    """Give API keys out, list them, and take them back."""


def _expires(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter("a number and h, d or w, as 90d")
    return int(match[1]) * _SECONDS[match[2]]


def _name(context: click.Context, parameter: click.Parameter, text: str) -> str:
    if not _NAME.fullmatch(text):
        raise click.BadParameter("1 to 100 characters on one line")
    return text


def _scopes(context: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        if not _SCOPE.fullmatch(text):
            raise click.BadParameter(f"{text!r} is no scope, as market:read")
    return texts


def _claims(
    context: click.Context, parameter: click.Parameter, texts: Sequence[str]
) -> dict[str, frozenset[str]]:
    claims: dict[str, frozenset[str]] = {}
    for text in texts:
        match = _CLAIM.fullmatch(text)
        if match is None:
            raise click.BadParameter(f"{text!r} is not name=value")
        claims[match[1]] = claims.get(match[1], frozenset()) | {match[2]}
    return claims


@keys_group.command("new")
@click.argument("name", callback=_name)
@click.option("--scope", "scopes", multiple=True, callback=_scopes, help="What it may do; can be repeated.")
@click.option(
    "--claim",
    "claims",
    multiple=True,
    callback=_claims,
    help="Whose answers it may read, as sub=7, where an endpoint has an owner; can be repeated.",
)
@click.option("--expires", "lifetime", callback=_expires, help="When it ends: 12h, 90d, 52w; default: never.")
@_file_option
def new_command(
    name: str,
    scopes: Sequence[str],
    claims: dict[str, frozenset[str]],
    lifetime: float | None,
    file: Path | None,
) -> None:
    """Make a key for NAME, and print it: it is never shown again."""
    from fullon_cache_api.auth.api_key import make_key
    from fullon_cache_api.auth.key_file import alone, read_keys, write_keys

    path = _path(file)
    now = time.time()
    made = make_key(name, scopes, claims, now, None if lifetime is None else now + lifetime)
    with alone(path):
        known = read_keys(path) if path.exists() else ()
        write_keys(path, (*known, made.key))
    click.echo(made.text)
    click.echo(f"key {made.key.id} for {name} is in {path}; it is not shown again", err=True)


@keys_group.command("list")
@_file_option
def list_command(file: Path | None) -> None:
    """Show the keys that were given out: all but their secrets."""
    from fullon_cache_api.auth.key_file import read_keys, time_text
    from fullon_cache_api.cli.table import table

    now = time.time()
    rows = [
        (
            key.id,
            key.name,
            " ".join(sorted(key.principal.scopes)),
            " ".join(
                f"{name}={value}"
                for name, values in sorted(key.principal.claims.items())
                for value in sorted(values)
            ),
            time_text(key.created),
            "never" if key.expires is None else time_text(key.expires),
            "expired" if key.expires is not None and key.expires <= now else "valid",
        )
        for key in read_keys(_path(file))
    ]
    click.echo(table(("ID", "NAME", "SCOPES", "CLAIMS", "CREATED", "EXPIRES", "STATE"), rows))


@keys_group.command("revoke")
@click.argument("identity", metavar="ID")
@_file_option
def revoke_command(identity: str, file: Path | None) -> None:
    """Take the key of an ID back: a running gateway refuses it within seconds."""
    from fullon_cache_api.auth.key_file import alone, read_keys, write_keys

    path = _path(file)
    with alone(path):
        known = read_keys(path)
        kept = [key for key in known if key.id != identity]
        if len(kept) == len(known):
            raise click.ClickException("there is no key of this id: see `keys list`")
        write_keys(path, kept)
    click.echo(f"key {identity} is revoked")


def _path(file: Path | None) -> Path:
    return load_settings(variables()).api_keys_file if file is None else file
