"""Errors carry what they are about as fields, and say it in one sentence."""

from collections.abc import Callable

import pytest

from fullon_cache_api.cache.errors import (
    CacheError,
    CacheTimeout,
    CacheUnavailable,
    CommandRefused,
    CorruptValue,
    CursorLost,
)


@pytest.mark.parametrize(
    ("make", "fields", "text"),
    [
        (lambda: CacheUnavailable("denied"), {"reason": "denied"}, "Redis cannot be read: denied"),
        (
            CursorLost,
            {"reason": "the connection was lost"},
            "Redis cannot be read: the connection was lost",
        ),
        (CacheTimeout, {}, "Redis did not answer in time"),
        (
            lambda: CorruptValue("bots", "it is no JSON", "7"),
            {"key": "bots", "field": "7", "reason": "it is no JSON", "source": "bots 7"},
            "bots 7: it is no JSON",
        ),
        (
            lambda: CorruptValue("bots", "it is no JSON"),
            {"key": "bots", "field": None, "source": "bots"},
            "bots: it is no JSON",
        ),
        (
            lambda: CommandRefused("SET"),
            {"command": "SET", "reason": "is not a read command"},
            "SET is not a read command",
        ),
        (lambda: CommandRefused("GET", "is odd"), {"command": "GET", "reason": "is odd"}, "GET is odd"),
    ],
)
def test_an_error_says_what_it_is_about(
    make: Callable[[], CacheError], fields: dict[str, object], text: str
) -> None:
    error = make()
    assert {name: getattr(error, name) for name in fields} == fields
    assert str(error) == text
