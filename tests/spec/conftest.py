"""What the tests of the loader need: a way to load, and a way to see what it complains about."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import CHECKOUT

from fullon_cache_api.reads import CATALOGUE
from fullon_cache_api.spec import Spec, SpecError, load_spec

Load = Callable[[Path], Spec]
Complaints = Callable[[Path], list[str]]

BOTS = """\
info: {title: Prices, version: '1'}
endpoints:
  /bots:
    operationId: listBots
    summary: All bots
    read: BotCache.get_bots
    response: own.json
"""


@pytest.fixture(scope="session")
def load() -> Load:
    """Load a spec against the real reads and the shipped schemas."""
    return lambda path: load_spec(path, CATALOGUE, CHECKOUT / "schemas")


@pytest.fixture(scope="session")
def complaints(load: Load) -> Complaints:
    """Return all that the loader says against a spec, its files named as seen from the spec's folder."""

    def complain(path: Path) -> list[str]:
        try:
            load(path)
        except SpecError as error:
            return [str(problem).removeprefix(f"{path.parent}/") for problem in error.problems]
        return []

    return complain


@pytest.fixture
def bots(tmp_path: Path) -> Path:
    """A spec whose one endpoint answers with `schemas/own.json`, which is still to be written."""
    (tmp_path / "schemas").mkdir()
    path = tmp_path / "endpoints.yaml"
    path.write_text(BOTS)
    return path
