"""The files that the documentation pages load: a closed list, read once."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from xxhash import xxh3_64_hexdigest

_SCRIPT = "text/javascript; charset=utf-8"
_STYLE = "text/css; charset=utf-8"

_OWN_FOLDER = Path(__file__).with_name("static")
_OWN = {
    "docs.css": _STYLE,
    "favicon.svg": "image/svg+xml",
    "landing.css": _STYLE,
    "redoc-init.js": _SCRIPT,
    "swagger-init.js": _SCRIPT,
}

_VIEWERS_PACKAGE = "fastapi_offline"
_VIEWERS = {
    "redoc.standalone.js": _SCRIPT,
    "swagger-ui-bundle.js": _SCRIPT,
    "swagger-ui.css": _STYLE,
}

# ReDoc asks another host for the picture beside its attribution line. The Content-Security-Policy refuses
# that with an error in the browser's console; given an empty picture, ReDoc leaves it out and says nothing.
_REDOC_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_NO_PICTURE = b"data:,"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served; `digest` names its content: 16 hexadecimal digits."""

    body: bytes
    content_type: str
    digest: str


def find_asset(name: str) -> Asset | None:
    """The asset of that name; None when the list has no such name, or its package is not installed.

    The name is only ever looked up, never made part of a path.
    """
    if name in _OWN:
        return _load(_OWN_FOLDER / name, _OWN[name])
    folder = _viewers_folder()
    if name not in _VIEWERS or folder is None:
        return None
    return _load(folder / name, _VIEWERS[name])


def asset_names() -> tuple[str, ...]:
    """Every name for which find_asset has an asset, in alphabetical order."""
    installed = _VIEWERS if _viewers_folder() else {}
    return tuple(sorted({**_OWN, **installed}))


def viewers_installed() -> bool:
    """Whether the files of Swagger UI and ReDoc (the `docs` extra) are there."""
    return _viewers_folder() is not None


def template(name: str) -> str:
    """The text of one of this project's own HTML templates, for str.format."""
    return _read_text(_OWN_FOLDER / f"{name}.html")


def _viewers_folder() -> Path | None:
    # find_spec on a top-level name locates the package without importing it, and FastAPI with it.
    spec = find_spec(_VIEWERS_PACKAGE)
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location, "static")
        if all((folder / name).is_file() for name in _VIEWERS):
            return folder
    return None


@cache
def _load(path: Path, content_type: str) -> Asset:
    body = path.read_bytes().replace(_REDOC_LOGO, _NO_PICTURE)
    return Asset(body, content_type, xxh3_64_hexdigest(body))


@cache
def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
