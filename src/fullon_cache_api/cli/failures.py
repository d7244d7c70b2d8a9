"""How a command ends that cannot do its work: words on standard error and an exit status, no traceback."""

from typing import Any

import click


class Group(click.Group):
    """Commands that exit with 2 where a setting or the spec is unusable, and with 1 where the machine is."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            status = _status(error)
            if status is None:
                raise
            click.echo(str(error), err=True)
            ctx.exit(status)


def _status(error: Exception) -> int | None:
    """The exit status for an error that a user can mend; None for all others."""
    from fullon_cache_api.auth.principal import AuthError
    from fullon_cache_api.demo import EmbeddedServerError
    from fullon_cache_api.settings import SettingsError
    from fullon_cache_api.spec import SpecError

    if isinstance(error, AuthError | SettingsError | SpecError):
        return 2
    return 1 if isinstance(error, EmbeddedServerError) else None
