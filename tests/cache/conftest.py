"""Servers to read from: one for all tests, and one of their own for tests that harm it."""

from collections.abc import Iterator

import pytest
from caches import fill

from fullon_cache_api.demo import EmbeddedServer


@pytest.fixture(scope="session")
def tcp_server() -> Iterator[EmbeddedServer]:
    """A filled server on a port; tests must not kill, pause or change it."""
    with EmbeddedServer(port=0) as server:
        yield fill(server)


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A filled server on a port, for one test to kill, pause or change."""
    with EmbeddedServer(port=0) as server:
        yield fill(server)
