"""Puts the module of a client together."""

import ast
from collections.abc import Callable, Sequence

from fullon_cache_api.spec.model import Spec

from .operations import Method, async_method, constant, methods_of, sync_method
from .source import docstring, literal
from .type_book import TypeBook

_TYPING = ("Any", "Literal", "NotRequired", "TypeAlias", "TypedDict")
_CLIENTS = ("AsyncCacheClient", "CacheClient")
_BUILTINS = ("bool", "dict", "float", "int", "list", "str")
_TAKEN = frozenset((*_TYPING, *_CLIENTS, *_BUILTINS, "AsyncClient", "Operation", "SyncClient"))


def client_module(spec: Spec) -> str:
    """Return the text of a module that holds a client of a spec, blocking and async, and its types."""
    book = TypeBook(spec.schemas, _TAKEN)
    methods = methods_of(spec.endpoints, book)
    clients = [
        *_client("CacheClient(SyncClient)", _about(spec, "blocking"), methods, sync_method),
        *_client("AsyncCacheClient(AsyncClient)", _about(spec, "for an event loop"), methods, async_method),
    ]
    types = [line for declaration in book.declarations for line in ("", "", *declaration.lines())]
    constants = ["", "", *(line for method in methods for line in constant(method))]
    body = [*types, *constants, *clients]
    names = sorted((*_CLIENTS, *(declaration.name for declaration in book.declarations)))
    return "\n".join([*_head(spec, body, names), *body, ""])


def _about(spec: Spec, kind: str) -> str:
    return f"{spec.info.title}, {kind}."


def _head(spec: Spec, body: Sequence[str], names: Sequence[str]) -> list[str]:
    used = {node.id for node in ast.walk(ast.parse("\n".join(body))) if isinstance(node, ast.Name)}
    title = f"{spec.info.title} {spec.info.version}: written by `fullon-cache-api client`, not by hand."
    return [
        *docstring(0, title),
        "",
        f"from typing import {', '.join(name for name in _TYPING if name in used)}",
        "",
        "from fullon_cache_api.client.operation import Operation",
        "from fullon_cache_api.client.transport import AsyncClient, SyncClient",
        "",
        "__all__ = [",
        *(f"    {literal(name)}," for name in names),
        "]",
    ]


def _client(
    bases: str, about: str, methods: Sequence[Method], write: Callable[[Method], list[str]]
) -> list[str]:
    written = [line for method in methods for line in ("", *write(method))]
    return ["", "", f"class {bases}:", *docstring(4, about), *written]
