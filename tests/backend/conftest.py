"""Gateways over the stand-in for fullon_cache, and over this project's own reads, both on the same Redis."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from backend.both import Both
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

STANDIN = str(CHECKOUT / "tests" / "standin")
VARIABLES = ("REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD")


def forget() -> None:
    """As in a process that has neither imported fullon_cache nor named a Redis for it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "fullon_cache"]:
        del sys.modules[name]
    for name in VARIABLES:
        os.environ.pop(name, None)


@pytest.fixture(scope="package")
def standin() -> Iterator[None]:
    """fullon_cache can be imported."""
    before = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    forget()
    sys.path.insert(0, STANDIN)
    yield
    sys.path.remove(STANDIN)
    forget()
    os.environ.update(before)


@contextmanager
def as_new() -> Iterator[None]:
    """As in a new process; afterwards all is as it was."""
    modules = {name: found for name, found in sys.modules.items() if name.partition(".")[0] == "fullon_cache"}
    variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    forget()
    yield
    forget()
    sys.modules.update(modules)
    os.environ.update(variables)


@pytest.fixture
def fresh_standin(standin: None) -> Iterator[None]:
    """fullon_cache can be imported, and has not been."""
    with as_new():
        yield


@pytest.fixture
def no_fullon_cache() -> Iterator[None]:
    """fullon_cache is not installed."""
    before = sys.path[:]
    with as_new():
        sys.path[:] = [folder for folder in before if folder != STANDIN]
        yield
    sys.path[:] = before


def _both(server: EmbeddedServer, writer: "redis.Redis") -> Iterator[Both]:
    native = FullonCacheGateway(settings=settings_for(server.url))
    installed = FullonCacheGateway(settings=settings_for(server.url, CACHE_BACKEND="fullon_cache"))
    with serving(native) as first, serving(installed) as second:
        yield Both(server, writer, first, second)


@pytest.fixture(scope="package")
def tcp_server(standin: None) -> Iterator[EmbeddedServer]:
    """A Redis that fullon_cache can reach; tests must leave it running."""
    with EmbeddedServer(port=0) as server:
        yield server


@pytest.fixture(scope="package")
def pair(tcp_server: EmbeddedServer) -> Iterator[Both]:
    with redis.Redis.from_url(tcp_server.url) as writer:
        yield from _both(tcp_server, writer)


@pytest.fixture
def both(pair: Both) -> Both:
    """Both gateways over an empty cache."""
    pair.writer.flushall()
    return pair


@pytest.fixture(scope="module")
def filled(pair: Both) -> Both:
    """Both gateways over the demo's data, an hour ahead of the clock, so that no age in an answer changes."""
    with Demo(pair.server, candles=20, clock=lambda: time.time() + 3_600) as demo:
        demo.fill()
    return pair
