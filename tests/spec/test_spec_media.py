"""What an endpoint offers beside JSON, and whether a gateway answers batches, as the spec has it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from support import CHECKOUT

from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.batch import offers_batch
from fullon_cache_api.spec.json import freeze_object
from fullon_cache_api.spec.media import media_types

JSON = ("application/json",)
ALL = ("application/json", "application/x-ndjson", "text/csv")


@pytest.fixture
def shipped(load: Callable[[Path], Spec]) -> Spec:
    return load(CHECKOUT / "endpoints.yaml")


@pytest.mark.parametrize(
    ("operation", "offered"),
    [
        ("listTickers", ALL),
        ("listExchangeTickers", ALL),
        ("listBars", ALL),
        ("listUserTrades", ALL),
        ("getTicker", JSON),
        ("getAccount", JSON),
        ("getTickerHealth", JSON),
        ("getProcessMetrics", JSON),
    ],
)
def test_what_is_little_but_a_list_is_offered_as_its_elements_too(
    shipped: Spec, operation: str, offered: tuple[str, ...]
) -> None:
    (endpoint,) = (each for each in shipped.endpoints if each.operation_id == operation)
    assert media_types(endpoint, shipped.schemas) == offered


def test_a_list_whose_elements_the_response_leaves_out_is_json_alone(shipped: Spec) -> None:
    (endpoint,) = (each for each in shipped.endpoints if each.operation_id == "listTickers")
    count = freeze_object({"type": "object", "properties": {"count": {"type": "integer"}}})
    assert media_types(dataclasses.replace(endpoint, response="count.json"), {"count.json": count}) == JSON


def test_a_batch_of_the_specs_own_wins(shipped: Spec) -> None:
    assert offers_batch(shipped)
    first, *others = shipped.endpoints
    own = dataclasses.replace(first, path="/batch")
    assert not offers_batch(dataclasses.replace(shipped, endpoints=(own, *others)))
