"""The installed fullon_cache as a source of reads: CACHE_BACKEND=fullon_cache, or auto."""

from .backend import extended_catalogue, open_backend
from .offer import Offer, survey
from .package import Package, load_package

__all__ = ["Offer", "Package", "extended_catalogue", "load_package", "open_backend", "survey"]
