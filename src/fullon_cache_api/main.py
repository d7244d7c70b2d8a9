"""`app`, for `uvicorn fullon_cache_api.main:app`; a bad setting or spec ends the process with status 2."""

import sys

from fullon_cache_api.gateway import create_app
from fullon_cache_api.process import settle
from fullon_cache_api.settings import Settings, SettingsError, start_logging
from fullon_cache_api.spec import SpecError

try:
    _settings = Settings.load()
    start_logging(_settings)
    app = create_app(_settings)
    settle()
except (SettingsError, SpecError) as error:
    print(error, file=sys.stderr)
    raise SystemExit(2) from None
