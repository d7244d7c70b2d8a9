"""The OpenAPI 3.1 document that a spec amounts to, and the files it is exported as."""

from .document import document
from .export import to_json, to_yaml

__all__ = ["document", "to_json", "to_yaml"]
