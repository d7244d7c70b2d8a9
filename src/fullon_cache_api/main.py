"""`app`, for `uvicorn fullon_cache_api.main:app`; a bad setting or spec ends the process with status 2."""

from fullon_cache_api.application import load_app
from fullon_cache_api.gateway import create_app

app = load_app(create_app)
