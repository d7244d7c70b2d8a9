"""The gateway inside a FastAPI application: as routers of its own, or mounted as a whole."""

try:
    import fastapi  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError('this needs FastAPI: pip install "fullon-cache-api[fastapi]"') from error

from .mount import mount_cache
from .routers import get_all_routers

__all__ = ["get_all_routers", "mount_cache"]
