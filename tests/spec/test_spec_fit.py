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
