"""What the package exports is imported when it is first used."""

import pytest

from fullon_cache_api import cache


@pytest.mark.parametrize("name", cache.__all__)
def test_each_public_name_is_found_at_its_first_use_and_kept(name: str) -> None:
    vars(cache).pop(name, None)
    found = getattr(cache, name)
    assert vars(cache)[name] is found
    # What Deployment stands for has no name of its own.
    assert getattr(found, "__name__", "Deployment") == name


def test_a_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(
        AttributeError, match=r"^module 'fullon_cache_api\.cache' has no attribute 'nonsense'$"
    ):
        cache.nonsense  # noqa: B018
