"""Answers that the gateway gives though it cannot read Redis: the last good ones, marked."""

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

_STALE = "111"
"""The warn-code of an answer that could not be renewed (RFC 7234, section 5.5.3)."""


class StaleAnswer(dict[str, Any]):
    """An answer that is `age` seconds old, because Redis could not be read; else like any other."""

    def __init__(self, answer: Mapping[str, Any], age: int) -> None:
        super().__init__(answer)
        self.age = age


def stale_age(answer: object) -> int | None:
    """Return how old an answer is, in seconds, that is given because Redis cannot be read; else None.

    Of a batch it is asked for each answer.
    """
    return answer.age if isinstance(answer, StaleAnswer) else None


def marked(answer: T, response: httpx.Response) -> T | StaleAnswer:
    """Return an answer, as a StaleAnswer where the response says that it is one."""
    is_stale = response.headers.get("warning", "").startswith(_STALE)
    age = response.headers.get("age", "")
    if is_stale and age.isascii() and age.isdigit() and isinstance(answer, dict):
        return StaleAnswer(answer, int(age))
    return answer
