"""A spec, once loaded, cannot be changed by anybody who gets hold of any part of it."""

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
from support import CHECKOUT

from fullon_cache_api.spec import Endpoint, Parameter, Spec

EVERYTHING = CHECKOUT / "tests" / "specs" / "good" / "everything" / "endpoints.yaml"
SPECS = [pytest.param(CHECKOUT / "endpoints.yaml", id="shipped"), pytest.param(EVERYTHING, id="everything")]


def reachable(value: object) -> Iterator[object]:
    """Yield a value and all that can be reached from it."""
    yield value
    if isinstance(value, MappingProxyType):
        for name, member in value.items():
            yield from (name, *reachable(member))
    elif isinstance(value, tuple):
        for element in value:
            yield from reachable(element)
    elif is_dataclass(value):
        for field in fields(value):
            yield from reachable(getattr(value, field.name))


@pytest.mark.parametrize("path", SPECS)
def test_all_that_is_reachable_from_a_spec_is_immutable(path: Path, load: Callable[[Path], Spec]) -> None:
    for value in reachable(load(path)):
        if is_dataclass(value):
            assert value.__dataclass_params__.frozen
            assert not hasattr(value, "__dict__")
        else:
            assert value is None or isinstance(value, MappingProxyType | tuple | str | int | float)


def test_no_field_of_an_endpoint_can_be_set(load: Callable[[Path], Spec]) -> None:
    endpoint: Endpoint = load(EVERYTHING).endpoints[0]
    for field in fields(endpoint):
        with pytest.raises(FrozenInstanceError):
            setattr(endpoint, field.name, None)


def test_loading_twice_gives_equal_specs(load: Callable[[Path], Spec]) -> None:
    assert load(EVERYTHING) == load(EVERYTHING)


def test_the_info_keeps_every_member_of_the_info_object(load: Callable[[Path], Spec]) -> None:
    info = load(EVERYTHING).info
    assert (info.title, info.version, info.description) == ("Prices", "1.2.3", "Prices, over HTTP.\n")
    assert info.members == {
        "title": "Prices",
        "version": "1.2.3",
        "summary": "Prices of the desk.",
        "description": "Prices, over HTTP.\n",
        "termsOfService": "https://example.org/terms",
        "contact": {"name": "Desk", "url": "https://example.org/desk", "email": "desk@example.org"},
        "license": {"name": "MIT", "identifier": "MIT"},
    }


def test_a_shared_parameter_keeps_every_member_of_its_parameter_object(load: Callable[[Path], Spec]) -> None:
    exchange, market = load(EVERYTHING).endpoints[0].parameters
    assert (exchange.name, exchange.location, exchange.required) == ("exchange", "path", True)
    assert (exchange.description, exchange.example) == ("Name of the exchange.", "binance")
    assert exchange.schema == {"type": "string", "pattern": "^[a-z]{1,16}$", "examples": ("kraken",)}
    assert (exchange.decode, exchange.type, exchange.deprecated) == (None, "string", False)
    assert (market.name, market.decode, market.type, market.deprecated) == (
        "symbol",
        "symbol",
        "symbol",
        True,
    )


@pytest.mark.parametrize("name", ["string", "integer", "number", "boolean"])
def test_a_parameter_gives_values_of_its_schemas_type(name: str) -> None:
    parameter = Parameter("x", "query", "", False, MappingProxyType({"type": name}))
    assert parameter.type == name
