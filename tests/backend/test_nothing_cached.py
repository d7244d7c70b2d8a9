"""Over an empty cache both backends say that there is nothing, in the same way."""

import pytest
from backend.both import SPEC, Both, path_of

from fullon_cache_api.spec.model import Endpoint


@pytest.mark.parametrize("endpoint", SPEC.endpoints, ids=lambda endpoint: endpoint.path)
def test_without_data_the_answers_are_equal(both: Both, endpoint: Endpoint) -> None:
    native, installed = both.get(path_of(endpoint, both, query=False))
    expected, answer = native.json(), installed.json()
    for body in (expected, answer):
        body.pop("request_id", None)
        body.pop("updated_at", None)
    assert (installed.status_code, answer) == (native.status_code, expected)
