"""Several endpoints asked in one request."""

from collections.abc import Iterable
from urllib.parse import quote

import httpx

from fullon_cache_api.client.answer import JsonObject, problem_of
from fullon_cache_api.client.errors import ProblemError, UnexpectedAnswer
from fullon_cache_api.client.operation import Operation
from fullon_cache_api.client.stale import StaleAnswer


def batch_operation(gets: Iterable[str]) -> Operation[JsonObject]:
    """Return the request that asks for paths with their queries."""
    return Operation("/batch?" + "&".join(f"get={quote(get, safe='')}" for get in gets))


def batch_entries(operation: Operation[JsonObject], answer: JsonObject) -> list[JsonObject | ProblemError]:
    """Return what each of the endpoints answers, a problem as its error; raises UnexpectedAnswer."""
    try:
        return [_entry(entry["status"], entry["body"], entry.get("stale_age")) for entry in answer["answers"]]
    except (KeyError, TypeError):
        raise UnexpectedAnswer(operation.path, httpx.codes.OK, "its body is no batch", b"") from None


def _entry(status: int, body: object, age: object) -> JsonObject | ProblemError:
    if not isinstance(body, dict):
        raise TypeError
    if status != httpx.codes.OK:
        return problem_of(body, status)
    return StaleAnswer(body, age) if isinstance(age, int) else body
