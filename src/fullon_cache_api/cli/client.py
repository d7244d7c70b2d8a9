"""`client`: a typed Python client of a spec, as a module."""

from pathlib import Path

import click

from fullon_cache_api.cli.options import load_settings, spec_option, variables


@click.command("client")
@spec_option
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def client_command(spec: Path | None, output: Path | None) -> None:
    """Write a typed Python client, blocking and async.

    The module needs fullon-cache-api[client]; for endpoints.yaml as it comes with the package that has it
    already, as fullon_cache_api.client.
    """
    from fullon_cache_api.clientgen import client_module
    from fullon_cache_api.loading import find_spec, load

    text = client_module(load(find_spec(load_settings(variables(spec=spec)))))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
