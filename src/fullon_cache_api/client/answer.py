"""What an answer of the gateway says."""

import json
from typing import Any, Literal, TypeAlias

import httpx

from fullon_cache_api.client.errors import (
    PROBLEMS,
    ClientError,
    ParameterMistake,
    ProblemError,
    UnexpectedAnswer,
)
from fullon_cache_api.client.retry import retry_after

JsonObject: TypeAlias = dict[str, Any]

_PROBLEM_TYPE = "application/problem+json"


def json_object(body: bytes) -> JsonObject | None:
    """Return the JSON object that a body holds, its integers exact; None where it holds something else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_answer(target: str, response: httpx.Response) -> JsonObject:
    """Return what a 200 says; raises ProblemError or UnexpectedAnswer."""
    if response.status_code != httpx.codes.OK:
        raise error_of(target, response)
    value = json_object(response.content)
    if value is None:
        raise _unexpected(target, response, "its body is no JSON object")
    return value


def error_of(target: str, response: httpx.Response) -> ClientError:
    """Return the error for an answer that is not a 200."""
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() != _PROBLEM_TYPE:
        return _unexpected(target, response, "which is no answer of the gateway")
    members = json_object(response.content)
    if members is None:
        return _unexpected(target, response, "its body is no JSON object")
    reason, request_id = response.reason_phrase, response.headers.get("x-request-id", "")
    return problem_of(members, response.status_code, reason, request_id, retry_after(response))


def _unexpected(target: str, response: httpx.Response, reason: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(target, response.status_code, reason, response.content)


def problem_of(
    members: JsonObject, status: int, reason: str = "", request_id: str = "", wait: float | None = None
) -> ProblemError:
    """Read problem details; members of a wrong type count as absent (RFC 9457, section 3.1)."""
    kind = _text(members, "type") or "about:blank"
    return PROBLEMS.get(kind, ProblemError)(
        type=kind,
        title=_text(members, "title") or reason,
        status=status,
        detail=_text(members, "detail"),
        instance=_text(members, "instance"),
        request_id=_text(members, "request_id") or request_id,
        errors=tuple(_mistake(error) for error in _list(members, "errors") if isinstance(error, dict)),
        key=_text(members, "key") or None,
        exchanges=tuple(name for name in _list(members, "exchanges") if isinstance(name, str)),
        scopes=tuple(name for name in _list(members, "scopes") if isinstance(name, str)),
        retry_after=wait,
    )


def _mistake(error: JsonObject) -> ParameterMistake:
    location: Literal["path", "query"] = "path" if error.get("in") == "path" else "query"
    return ParameterMistake(location, _text(error, "name"), _text(error, "message"))


def _text(members: JsonObject, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def _list(members: JsonObject, name: str) -> list[object]:
    value = members.get(name)
    return value if isinstance(value, list) else []
