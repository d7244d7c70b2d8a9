"""What a client says of who it is: an API key, or a token that may be another one at each request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

API_KEY_HEADER = "X-API-Key"

Token: TypeAlias = str | Callable[[], str]
"""A token, or what gives one for each request: tokens expire."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key, a token, both or none; neither is ever part of a text."""

    api_key: str | None = field(default=None, repr=False)
    token: Token | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise ValueError for what no header can carry; its text does not repeat it."""
        for name, value in (("api_key", self.api_key), ("token", self.token)):
            if isinstance(value, str):
                _check(name, value)

    def headers(self) -> Mapping[str, str]:
        """Return the headers that say it."""
        found: dict[str, str] = {}
        if self.api_key is not None:
            found[API_KEY_HEADER] = self.api_key
        if self.token is not None:
            token = self.token if isinstance(self.token, str) else self.token()
            _check("token", token)
            found["Authorization"] = f"Bearer {token}"
        return found


def _check(name: str, value: str) -> None:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(f"the {name} cannot be sent: it must be visible ASCII")
