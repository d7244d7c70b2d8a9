"""`openapi`: the document that the gateway also serves, as a file."""

from pathlib import Path

import click

from fullon_cache_api.cli.options import load_settings, prefix_option, spec_option, variables


@click.command("openapi")
@spec_option
@prefix_option
@click.option("--format", "form", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
def openapi_command(spec: Path | None, prefix: str | None, form: str, output: Path | None) -> None:
    """Write the OpenAPI document."""
    from fullon_cache_api.gateway import FullonCacheGateway
    from fullon_cache_api.openapi import to_json, to_yaml

    settings = load_settings(variables(spec=spec, prefix=prefix))
    document = FullonCacheGateway(settings=settings).openapi()
    body = to_json(document) if form == "json" else to_yaml(document)
    if output is None:
        click.echo(body, nl=False)
        return
    try:
        output.write_bytes(body)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
