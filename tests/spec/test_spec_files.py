"""The specs in `tests/specs`: what the good ones say, and what is said of the bad ones."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import CHECKOUT

from fullon_cache_api.spec import Binding, Endpoint, Spec, SpecError
from fullon_cache_api.spec.model import Tag

SPECS = CHECKOUT / "tests" / "specs"


def folders(kind: str) -> list[pytest.ParameterSet]:
    return [pytest.param(path, id=path.name) for path in sorted((SPECS / kind).iterdir())]


def described(spec: Spec) -> Iterator[str]:
    for endpoint in spec.endpoints:
        yield f"{endpoint.path} {endpoint.operation_id}: {call(endpoint)} as {endpoint.response}"
        coherent = "; coherent" if endpoint.coherent else ""
        tags = ", ".join(endpoint.tags)
        stale = "" if endpoint.stale_if_error is None else f"; stale_if_error {endpoint.stale_if_error}"
        yield f"  tags {tags}; empty {endpoint.empty}; max_age {endpoint.max_age}{coherent}{stale}"
        if endpoint.security is not None:
            yield f"  security {list(endpoint.security)}; scopes {list(endpoint.scopes)}; {endpoint.owner}"
        for parameter in endpoint.parameters:
            must = "required" if parameter.required else "optional"
            selects = f", selects {parameter.select}" if parameter.select else ""
            yield f"  {parameter.location} {parameter.name}: {must} {parameter.type}{selects}"
    for scheme in spec.security_schemes:
        yield str(scheme).replace(str(SPECS), "specs")
    yield f"schemas {', '.join(spec.schemas)}"
    if spec.cors is not None:
        cors = spec.cors
        credentials = "; with credentials" if cors.credentials else ""
        yield f"cors {', '.join(cors.origins)}{credentials}; {', '.join(cors.headers)}; {cors.max_age} s"


def call(endpoint: Endpoint) -> str:
    return f"{endpoint.read.name}({', '.join(map(fed, endpoint.bindings))})"


def fed(binding: Binding) -> str:
    return f"{binding.argument}={binding.parameter or repr(binding.const)}"


@pytest.mark.parametrize("folder", folders("good"))
def test_a_good_spec_says_what_it_is_meant_to_say(folder: Path, load: Callable[[Path], Spec]) -> None:
    expected = (folder / "expected.txt").read_text().splitlines()
    assert list(described(load(folder / "endpoints.yaml"))) == expected


def test_a_spec_keeps_what_it_says_for_people(load: Callable[[Path], Spec]) -> None:
    spec = load(SPECS / "good" / "everything" / "endpoints.yaml")
    assert (spec.info.title, spec.info.version) == ("Prices", "1.2.3")
    assert spec.info.description == "Prices, over HTTP.\n"
    assert spec.tags == (Tag("Prices", "Tickers and bars."), Tag("Orders", ""))
    assert [(each.summary, each.description, each.deprecated) for each in spec.endpoints[:2]] == [
        ("Latest ticker", "Bid, ask and last price.", True),
        ("Tickers of one exchange", "", False),
    ]
    assert [(each.description, each.example, each.deprecated) for each in spec.endpoints[0].parameters] == [
        ("Name of the exchange.", "binance", False),
        ("", None, True),
    ]
    smallest = load(SPECS / "good" / "smallest" / "endpoints.yaml")
    assert smallest.info.description == ""


def test_who_is_asked_where_an_endpoint_says_nothing_is_kept(load: Callable[[Path], Spec]) -> None:
    found = [load(SPECS / "good" / name / "endpoints.yaml").security for name in ("security", "smallest")]
    assert found == [("token", "apiKey"), None]


@pytest.mark.parametrize("folder", folders("bad"))
def test_a_bad_spec_is_refused_with_every_mistake_at_its_place(
    folder: Path, complaints: Callable[[Path], list[str]]
) -> None:
    expected = (folder / "expected.txt").read_text().splitlines()
    assert complaints(folder / "endpoints.yaml") == expected


def test_all_mistakes_of_all_files_come_at_once_and_in_their_order(load: Callable[[Path], Spec]) -> None:
    with pytest.raises(SpecError) as caught:
        load(SPECS / "bad" / "many-at-once" / "endpoints.yaml")
    places = [(problem.file, problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places)
    assert len({problem.message for problem in caught.value.problems}) >= 10
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]


def test_the_shipped_spec_has_no_mistake(complaints: Callable[[Path], list[str]]) -> None:
    assert complaints(CHECKOUT / "endpoints.yaml") == []
