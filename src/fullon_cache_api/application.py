"""Makes an application that the environment configures, for servers that import one."""

import sys
from collections.abc import Callable

from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.process import settle
from fullon_cache_api.settings import Settings, SettingsError, start_logging
from fullon_cache_api.spec import SpecError


def load_app(make: Callable[[Settings], GatewayApp]) -> GatewayApp:
    """Return the application; a bad setting or spec ends the process with status 2."""
    try:
        settings = Settings.load()
        start_logging(settings)
        app = make(settings)
    except (SettingsError, SpecError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    settle()
    return app
