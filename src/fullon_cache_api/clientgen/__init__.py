"""The Python client that a spec amounts to, as the text of a module."""

from .module import client_module

__all__ = ["client_module"]
