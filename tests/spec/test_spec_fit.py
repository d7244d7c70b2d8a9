"""Which types of a read's answer a response schema may name."""

from typing import Any

import pytest

from fullon_cache_api.spec.fit import Fitting
from fullon_cache_api.spec.json import freeze_object


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        ("integer", "number", True),
        ("number", "integer", True),
        (["integer", "null"], ["number", "string"], True),
        ("integer", "string", False),
        ("number", ["string", "null"], False),
    ],
)
def test_an_integer_is_a_number(given: Any, wanted: Any, fits: bool) -> None:
    fitting = Fitting("Some.read", {"own.json": freeze_object({"type": wanted})})
    found = list(fitting.misfits("own.json", freeze_object({"type": given})))
    assert [(misfit.file, misfit.pointer) for misfit in found] == ([] if fits else [("own.json", ("type",))])


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_one_choice_that_fits_is_enough_and_of_none_the_nearest_is_named(keyword: str) -> None:
    far = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    near = {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}
    fitting = {"properties": {"b": {"type": "integer"}}}
    answer = freeze_object({"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}})

    def found(*choices: Any) -> list[Any]:
        schemas = {"own.json": freeze_object({keyword: [*choices]})}
        return [misfit.pointer for misfit in Fitting("Some.read", schemas).misfits("own.json", answer)]

    assert found(far, near, fitting) == []
    assert found(far, near) == [(keyword, 1, "properties", "b", "type")]
