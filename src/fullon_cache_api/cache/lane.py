"""One connection on which reads that arrive together share a round trip."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    RedisError,
    ResponseError,
)

from .commands import Command
from .errors import CacheError, CacheTimeout, CacheUnavailable

Reply: TypeAlias = "bytes | int | list[Reply] | ResponseError | None"

MAX_BATCH = 1_000
"""Commands in one round trip: a longer queue is sent in turns, so that its first answers come early."""


class Connection(Protocol):
    """What a lane needs of redis-py's connection: its public methods, nothing else."""

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""

    async def connect(self) -> None:
        """Open it: address, credentials, database."""

    async def disconnect(self, nowait: bool = ...) -> None:
        """Close it."""

    def pack_commands(self, commands: list[Command]) -> list[bytes]:
        """Return commands as RESP."""

    async def send_packed_command(self, command: list[bytes], check_health: bool = ...) -> None:
        """Write packed commands."""

    async def read_response(self) -> Reply:
        """Return the next reply; raises a reply that is an error."""


@dataclass(slots=True, eq=False)
class Call:
    """Commands that one request waits for; `deadline` is a time of the event loop's clock."""

    commands: tuple[Command, ...]
    deadline: float
    future: "asyncio.Future[list[Reply]]"
    resent: bool = False

    def fail(self, error: CacheError) -> None:
        """End the wait with an error, unless the request has gone."""
        if not self.future.done():
            self.future.set_exception(error)


@dataclass(slots=True, eq=False)
class Lane:
    """Sends what waits as one batch and, while that is under way, gathers the next.

    A batch that a lost connection cut is sent once more: the closed list of commands only reads. A call ends
    no later than at its deadline.
    """

    make_connection: Callable[[], Connection]
    waiting: list[Call] = field(default_factory=list)
    connection: Connection | None = None
    task: "asyncio.Task[None] | None" = None

    def submit(self, call: Call) -> None:
        """Queue a call; it is sent with whatever else has been queued by the time that the lane is free."""
        self.waiting.append(call)
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Fail what waits and close the connection."""
        task = self.task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._fail_waiting(CacheUnavailable("closed"))
        await self._disconnect()

    async def _run(self) -> None:
        try:
            while self.waiting:
                connection = await self._connected()
                if connection is not None:
                    await self._serve(connection, self._next_batch())
        finally:
            self.task = None

    def _next_batch(self) -> list[Call]:
        size = 0
        for count, call in enumerate(self.waiting, 1):
            size += len(call.commands)
            if size >= MAX_BATCH:
                batch, self.waiting = self.waiting[:count], self.waiting[count:]
                return batch
        batch, self.waiting = self.waiting, []
        return batch

    async def _connected(self) -> Connection | None:
        """Return the open connection; where it cannot be opened, fail all who came to wait for it."""
        if self.connection is not None and self.connection.is_connected:
            return self.connection
        self.connection = connection = self.make_connection()
        try:
            async with asyncio.timeout_at(max(call.deadline for call in self.waiting)):
                await connection.connect()
        except (RedisError, OSError) as error:
            await self._disconnect()
            self._fail_waiting(CacheUnavailable(_reason(error)))
            return None
        except TimeoutError:
            await self._disconnect()
            self._fail_waiting(CacheTimeout())
            return None
        return connection

    async def _serve(self, connection: Connection, batch: list[Call]) -> None:
        answered = 0
        try:
            async with asyncio.timeout_at(min(call.deadline for call in batch)):
                packed = connection.pack_commands([command for call in batch for command in call.commands])
                await connection.send_packed_command(packed, check_health=False)
                for call in batch:
                    replies = [await _reply(connection) for _ in call.commands]
                    answered += 1
                    if not call.future.done():
                        call.future.set_result(replies)
        except TimeoutError:
            await self._disconnect()
            self._requeue_in_time(batch[answered:])
        except (RedisError, OSError) as error:
            await self._disconnect()
            self._resend(batch[answered:], error)
        except BaseException:
            # Whatever cut the exchange left replies on the wire: no later call may read them as its own.
            for call in batch[answered:]:
                call.fail(CacheUnavailable("closed"))
            await self._disconnect()
            raise

    def _requeue_in_time(self, calls: list[Call]) -> None:
        now = asyncio.get_running_loop().time()
        for call in calls:
            if call.deadline <= now:
                call.fail(CacheTimeout())
        self.waiting[:0] = [call for call in calls if call.deadline > now]

    def _resend(self, calls: list[Call], error: Exception) -> None:
        again: list[Call] = []
        for call in calls:
            if call.resent or isinstance(error, (BusyLoadingError, AuthenticationError, AuthorizationError)):
                call.fail(CacheUnavailable(_reason(error)))
            elif not call.future.done():
                call.resent = True
                again.append(call)
        self.waiting[:0] = again

    def _fail_waiting(self, error: CacheError) -> None:
        calls, self.waiting = self.waiting, []
        for call in calls:
            call.fail(error)

    async def _disconnect(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)


async def _reply(connection: Connection) -> Reply:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _reason(error: Exception) -> str:
    if isinstance(error, BusyLoadingError):
        return "loading"
    if isinstance(error, (AuthenticationError, AuthorizationError)):
        return "denied"
    if isinstance(error, ResponseError):
        return "refused by the server"
    return "no connection"
