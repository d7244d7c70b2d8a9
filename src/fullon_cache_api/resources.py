"""Where the files that come with the package are: in the wheel beside the code, in a checkout at its top."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def resource(name: str) -> Path:
    """Return the path of `endpoints.yaml` or `schemas`, as they came with this package."""
    packaged = _PACKAGE / name
    return packaged if packaged.exists() else _CHECKOUT / name
