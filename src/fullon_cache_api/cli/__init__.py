"""The command line: `fullon-cache-api`, or `python -m fullon_cache_api.cli`.

Modules that are slow to import are imported by the commands that need them.
"""

import click

from fullon_cache_api.cli.acl import acl_command
from fullon_cache_api.cli.client import client_command
from fullon_cache_api.cli.demo import demo_command
from fullon_cache_api.cli.failures import Group
from fullon_cache_api.cli.keys import keys_group
from fullon_cache_api.cli.openapi import openapi_command
from fullon_cache_api.cli.serve import run_command, serve_command
from fullon_cache_api.cli.spec import check_command, reads_command, routes_command

__all__ = ["main"]


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    package_name="fullon-cache-api", prog_name="fullon-cache-api", message="%(prog)s %(version)s"
)
def main() -> None:
    """Serve Fullon's Redis cache over HTTP, read-only, as endpoints.yaml says."""


for command in (
    serve_command,
    run_command,
    demo_command,
    check_command,
    routes_command,
    reads_command,
    openapi_command,
    client_command,
    acl_command,
    keys_group,
):
    main.add_command(command)
