"""What one request waits for: its commands, its deadline, and how its wait ends."""

import asyncio
from dataclasses import dataclass

from redis.exceptions import NoPermissionError, ResponseError

from .commands import Command
from .errors import CacheError, CacheUnavailable
from .reply import Reply, is_wrong_type


@dataclass(slots=True, eq=False)
class Call:
    """Commands that one request waits for; it `asked` at one time of the event loop's clock, and its
    `deadline` is another. Errors of the classes `passed` are replies like others to who asks; what is `alone`
    shares no command with others."""

    commands: tuple[Command, ...]
    asked: float
    deadline: float
    future: "asyncio.Future[list[Reply]]"
    resent: bool = False
    passed: tuple[type[ResponseError], ...] = ()
    alone: bool = False

    def answer(self, replies: list[Reply]) -> None:
        """End the wait with one reply per command, unless the request has gone.

        WRONGTYPE is a reply, about one key; any other error among the replies becomes CacheUnavailable.
        """
        for reply in replies:
            if isinstance(reply, ResponseError) and not (
                is_wrong_type(reply) or isinstance(reply, self.passed)
            ):
                return self.fail(CacheUnavailable(_reason(reply)))
        if not self.future.done():
            self.future.set_result(replies)

    def fail(self, error: CacheError) -> None:
        """End the wait with an error, unless the request has gone."""
        if not self.future.done():
            self.future.set_exception(error)


def _reason(reply: ResponseError) -> str:
    if isinstance(reply, NoPermissionError):
        return "denied"
    # redis-py keeps the code apart for the errors that it has a class for.
    code = reply.status_code or str(reply).split(" ", 1)[0]
    return f"error {code}" if code.isalpha() and code.isupper() else "error"
