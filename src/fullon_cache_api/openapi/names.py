"""Names of components: what OpenAPI allows, and no name twice."""

import re
from collections.abc import Container
from itertools import count

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9._-]")


def component_name(wanted: str, taken: Container[str]) -> str:
    """Return the wanted name, or the nearest one that OpenAPI allows and that is not taken."""
    name = _NOT_ALLOWED.sub("_", wanted)
    if name not in taken:
        return name
    return next(numbered for number in count(2) if (numbered := f"{name}{number}") not in taken)
