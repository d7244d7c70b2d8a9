"""Reads which origins may read the answers, and checks what their list cannot say."""

from .document import Part
from .model import Cors

_ALL = "*"


def check_cors(root: Part) -> Cors | None:
    """Return what the spec says of CORS, after reporting what no browser would accept of it."""
    cors = root.get("cors")
    if cors is None:
        return None
    origins = _texts(cors, "origins")
    credentials = cors.flag("credentials")
    for origin in cors.children("origins"):
        if origin.value == _ALL and len(origins) > 1:
            origin.complain('"*" are all origins: it stands alone')
    if _ALL in origins and credentials:
        # Fetch standard, section 3.3.5: browsers refuse the two together.
        cors.complain('"credentials" are for origins that are named, not for "*"', "credentials")
    max_age = cors.number("max_age")
    return Cors(origins, credentials, _texts(cors, "headers"), 600 if max_age is None else int(max_age))


def _texts(part: Part, name: str) -> tuple[str, ...]:
    return tuple(child.value for child in part.children(name) if isinstance(child.value, str))
