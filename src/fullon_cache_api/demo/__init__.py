"""The embedded server and its lively sample data."""

from fullon_cache_api.demo.server import EmbeddedServer, EmbeddedServerError
from fullon_cache_api.demo.writer import Demo

__all__ = ["Demo", "EmbeddedServer", "EmbeddedServerError"]
