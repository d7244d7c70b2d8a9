"""What a lane needs of a connection: public methods of redis-py's, and one of our own."""

from typing import Protocol

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    RedisError,
    ResponseError,
)

from .reply import Reply


class Unusable(RedisError):
    """Redis can be reached, or might be, and is not to be read all the same; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Connection(Protocol):
    """One connection to Redis; only its owner uses it."""

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""

    async def connect(self) -> None:
        """Open it: address, credentials, database."""

    async def disconnect(self, nowait: bool = ...) -> None:
        """Close it."""

    async def can_read(self) -> bool:
        """Whether there is something to read: a reply, or that the other side has closed."""

    def has_unread(self) -> bool:
        """Whether anything has reached this machine that was not read; asks the kernel."""

    async def send_packed_command(self, command: list[bytes], check_health: bool = ...) -> None:
        """Write packed commands."""

    async def read_response(self) -> Reply:
        """Return the next reply; raises a reply that is an error."""


async def read_reply(connection: Connection) -> Reply:
    """Return the next reply, an error that answers one command too; raises when the connection is lost."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def is_hopeless(error: BaseException) -> bool:
    """Whether Redis would refuse the same commands again: it is loading, or wants other credentials."""
    return isinstance(error, (BusyLoadingError, AuthenticationError, AuthorizationError))


def short_reason(error: BaseException) -> str:
    """Return in a word or two why Redis cannot be read."""
    if isinstance(error, Unusable):
        return error.reason
    if isinstance(error, BusyLoadingError):
        return "loading"
    if isinstance(error, (AuthenticationError, AuthorizationError)):
        return "denied"
    if isinstance(error, ResponseError):
        return "refused by the server"
    # On a unix socket redis-py raises ConnectionError from what went wrong in the handshake.
    return short_reason(error.__cause__) if isinstance(error.__cause__, RedisError) else "no connection"
