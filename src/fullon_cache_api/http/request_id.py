"""The ids by which a request is found in the log."""

import re
import uuid
from typing import NamedTuple

from starlette.types import Scope

from .response import REQUEST_ID, WELL_FORMED_ID, header

_TRACEPARENT = b"traceparent"
_VERSION_0 = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_LATER = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
"""A later version may have more members, and begins as version 0 does (Trace Context, section 4.3)."""

_LONGEST_TRACEPARENT = 512


class Traced(NamedTuple):
    """The ids of a request: its own, and that of the trace which it belongs to, if it says so."""

    request_id: str
    trace_id: str | None = None


def request_id(scope: Scope) -> str:
    """Return the id that a request came with, where it is well-formed, or a new one."""
    given = header(scope, REQUEST_ID) or b""
    return given.decode() if WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex


def trace_id(scope: Scope) -> str | None:
    """Return the trace id of a well-formed `traceparent` (W3C Trace Context), None where there is none."""
    given = [value for name, value in scope["headers"] if name == _TRACEPARENT]
    if len(given) != 1 or len(given[0]) > _LONGEST_TRACEPARENT:
        return None
    value = given[0].strip(b" \t")
    found = (_VERSION_0 if value.startswith(b"00") else _LATER).fullmatch(value)
    if found is None or not found[1].strip(b"0") or not found[2].strip(b"0"):
        return None
    trace: bytes = found[1]
    return trace.decode()
