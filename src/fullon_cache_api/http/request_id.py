"""The id by which a request is found in the log."""

import re
import uuid

from starlette.types import Scope

from .response import header

REQUEST_ID = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id(scope: Scope) -> str:
    """Return the id that a request came with, where it is well-formed, or a new one."""
    given = header(scope, REQUEST_ID) or b""
    return given.decode() if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
