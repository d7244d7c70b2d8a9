"""What can go wrong between here and Redis.

CacheError
├── CacheUnavailable    Redis refuses, is down, is loading, or does not let us in: try again later
├── CacheTimeout        Redis' answer was not there before the request's deadline
├── CorruptValue        Redis answered, and what it holds is not what it should be
└── CommandRefused      a read asked for what may not or cannot be sent: a mistake in this project
"""


class CacheError(Exception):
    """Base of all errors of this package; carries no cached value and no secret."""


class CacheUnavailable(CacheError):
    """Redis cannot be read now; `reason` is a short word for logs: refused, loading, denied, closed…"""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Redis cannot be read: {reason}")


class CursorLost(CacheUnavailable):
    """A SCAN or HSCAN cannot go on: its cursor is of a server or a connection that is not asked any more."""

    def __init__(self) -> None:
        super().__init__("the connection was lost")


class CacheTimeout(CacheError):
    """The request's deadline passed before Redis answered."""

    def __init__(self) -> None:
        super().__init__("Redis did not answer in time")


class CorruptValue(CacheError):
    """The value at `key` (and, in a hash or list, at `field`) is unusable; `reason` says why, without it."""

    def __init__(self, key: str, reason: str, field: str | None = None) -> None:
        self.key = key
        self.field = field
        self.reason = reason
        super().__init__(f"{self.source}: {reason}")

    @property
    def source(self) -> str:
        """The key, and the field in it where there is one."""
        return self.key if self.field is None else f"{self.key} {self.field}"


class CommandRefused(CacheError):
    """A command is outside the closed list of read commands, or holds what is not text; it was not sent."""

    def __init__(self, command: str, reason: str = "is not a read command") -> None:
        self.command = command
        self.reason = reason
        super().__init__(f"{command} {reason}")
