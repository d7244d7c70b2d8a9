"""One connection on which reads that arrive together share a round trip."""

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, count

from redis.exceptions import RedisError

from .batch import MAX_BATCH, first_batch, pack
from .bounded import ReplyTooLarge
from .breaker import Breaker
from .call import Call
from .connection import Connection, is_hopeless, read_reply, short_reason
from .errors import CacheTimeout, CacheUnavailable
from .reply import Reply

_CONNECTIONS = count(1)
"""Names of connections, which cursors are of."""

TOGETHER = 0.01
"""Seconds: calls whose deadlines lie this near to each other end together, at one alarm."""

JUST_NOW = 0.1
"""Seconds that a call may have waited when a connection fails, and still wait for another one."""

STALLED = 0.05
"""Seconds without a reply after which, a deadline having passed, another connection is tried."""

SOON = 0.2
"""Seconds after which a lost connection is not followed by a second try: 503 comes within a second."""


@dataclass(slots=True, eq=False)
class Lane:
    """Sends what waits as one batch and, while that is under way, gathers the next.

    A batch that a lost connection cut is sent once more: the closed list of commands only reads. A call ends
    no later than at its deadline, whatever the connection does: the lane's one alarm goes off at the earliest
    deadline. It stands for many batches, for a timer of its own for each would cost as much as the batch.
    The exchange goes on without the calls that have ended. Where no reply comes it is begun anew for the
    others, but once only: a Redis that is slow already is not given the same work again and again.
    `most` is how many commands go out in one batch. The breaker is told what speaks for a dead Redis. Where
    no connection can be had, one of the `others` that has one takes what waits.
    """

    make_connection: Callable[[], Connection]
    breaker: Breaker
    most: int = MAX_BATCH
    waiting: list[Call] = field(default_factory=list)
    connection: Connection | None = None
    name: bytes = b""
    busy: bool = False
    task: "asyncio.Task[None] | None" = None
    alarm: asyncio.TimerHandle | None = None
    alarm_at: float = math.inf
    started: float = -math.inf
    heard: float = -math.inf
    flying: list[Call] = field(default_factory=list)
    overdue: bool = False
    others: "Sequence[Lane]" = ()

    def submit(self, call: Call) -> None:
        """Queue a call; it is sent with whatever else has been queued by the time that the lane is free."""
        self.waiting.append(call)
        if not self.busy:
            self.busy = True
            # Who comes before the task runs shares its batch and needs no other lane.
            self.started = math.inf
            self.task = asyncio.get_running_loop().create_task(self._run())
        if call.deadline < self.alarm_at:
            self._set_alarm(call.deadline)

    async def is_connected(self) -> bool:
        """Whether there is a connection that is not known to be lost."""
        if self.connection is None or not self.connection.is_connected:
            return False
        return self.busy or not await self.connection.can_read()

    async def renew(self) -> None:
        """Let what comes next have a new connection, unless one is in use."""
        if not self.busy:
            await self._disconnect()

    async def close(self) -> None:
        """Fail what waits and close the connection."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
        self._stop()
        self._set_alarm(math.inf)
        # TLS says goodbye and waits for an answer, at most as long as connecting may take.
        await self._disconnect(nowait=False)

    async def _run(self) -> None:
        self.started = asyncio.get_running_loop().time()
        try:
            while self.waiting:
                connection = await self._connected()
                if connection is not None and self.waiting:
                    await self._serve(connection, self._next_batch())
        finally:
            self._stop()

    def _stop(self) -> None:
        """Be free for a new task; calls wait here only where the last one was ended from outside."""
        self.busy = False
        self._fail_waiting("closed", self.waiting)

    def _next_batch(self) -> list[Call]:
        batch = first_batch(self.waiting, self.most)
        self.waiting = self.waiting[len(batch) :]
        return batch

    async def _connected(self) -> Connection | None:
        """Return an open connection; where there can be none, fail those who wait for it.

        Who came just now, while it was being tried, waits for another try: Redis may be back since. Nobody
        is to wait for two that take long.
        """
        connection = self.connection
        if connection is not None and connection.is_connected:
            # What nobody asked for would be taken for the answer to the next command.
            if not await connection.can_read():
                return connection
            await self._disconnect()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(max(call.deadline for call in self.waiting)):
                self.connection, self.name = self.make_connection(), b"%d" % next(_CONNECTIONS)
                await self.connection.connect()
                return self.connection
        except TimeoutError:
            self.waiting = _in_time(self.waiting)
        except Exception as error:
            recent = max(began, asyncio.get_running_loop().time() - JUST_NOW)
            self.breaker.suspect()
            if not await self._hand_over():
                self._fail_waiting(
                    short_reason(error), [call for call in self.waiting if call.asked < recent]
                )
        await self._disconnect()
        return None

    async def _hand_over(self) -> bool:
        """Let another lane have what waits, if one has a connection: Redis may take no more of them."""
        for lane in self.others:
            if lane is not self and await lane.is_connected():
                calls, self.waiting = self.waiting, []
                for call in calls:
                    lane.submit(call)
                return True
        return False

    async def _serve(self, connection: Connection, batch: list[Call]) -> None:
        loop = asyncio.get_running_loop()
        self.started = self.heard = loop.time()
        self.flying = batch = _in_time(batch)
        try:
            parts = pack(batch, self.name)
            packed = list(chain.from_iterable(part.packed for part in parts))
            await connection.send_packed_command(packed, check_health=False)
            for part in parts:
                replies: list[Reply] = []
                for _ in part.packed:
                    # Where one cannot be read, it counts how many have been.
                    replies.append(await read_reply(connection))  # noqa: PERF401
                self.heard = loop.time()
                part.give(replies)
            self.flying = []
            self.breaker.missed = 0
        except ReplyTooLarge:
            self.flying = []
            part.refuse(len(replies))
            # Nobody else has to suffer for it, however often that happens: each time there is one less.
            self._requeue([call for call in batch if not call.future.done()])
            await self._disconnect()
        except Exception as error:
            # Not only RedisError and OSError: uvloop raises RuntimeError for a connection that has gone.
            self.flying = []
            self._requeue(self._once_more(batch, error))
            await self._disconnect()
        except BaseException:
            # Whatever cut the exchange left replies on the wire: no later call may read them as its own.
            self.flying = []
            if self._was_overdue():
                self._requeue(_resent(batch))
                await self._disconnect()
                return
            for call in batch:
                call.fail(CacheUnavailable("closed"))
            await self._disconnect()
            raise

    def _requeue(self, calls: list[Call]) -> None:
        """Let calls wait again, before those that came later."""
        self.waiting[:0] = calls
        earliest = min((call.deadline for call in calls), default=math.inf)
        if earliest < self.alarm_at:
            self._set_alarm(earliest)

    def _once_more(self, calls: list[Call], error: Exception) -> list[Call]:
        """Return the calls that may be sent again after an error, and fail the others.

        One that took long to come is not followed by another try, which could take as long.
        """
        took = asyncio.get_running_loop().time() - self.started
        hopeless = is_hopeless(error) or took > SOON
        unreachable = False
        for call in calls:
            if call.resent or hopeless:
                call.fail(CacheUnavailable(short_reason(error)))
                unreachable = not is_hopeless(error)
        if unreachable:
            self.breaker.suspect()
        return _resent(calls)

    def _was_overdue(self) -> bool:
        """Whether the alarm cut the exchange, and not somebody who wants the lane to end."""
        overdue, self.overdue = self.overdue, False
        return overdue and self.task is not None and self.task.uncancel() == 0

    def _set_alarm(self, when: float) -> None:
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        self.alarm_at = when
        if when < math.inf:
            self.alarm = asyncio.get_running_loop().call_at(when, self._on_alarm)

    def _on_alarm(self) -> None:
        waited, self.waiting = self.waiting, _in_time(self.waiting)
        sent = [call for call in self.flying if not call.future.done()]
        if self.flying:
            self.flying = _in_time(sent)
            if not self.flying or (len(self.flying) < len(sent) and self._has_stalled()):
                self._give_up()
        if len(self.waiting) + len(self.flying) < len(waited) + len(sent):
            # A batch of which some has come is a slow one.
            if self.heard > self.started:
                self.breaker.missed = 0
            self.breaker.miss()
        self._set_alarm(min((call.deadline for call in self.waiting + self.flying), default=math.inf))

    def _has_stalled(self) -> bool:
        """Whether the connection may be dead, and who waits for it can still be given another one."""
        silent = asyncio.get_running_loop().time() - self.heard
        return silent > STALLED and not any(call.resent for call in self.flying)

    def _give_up(self) -> None:
        """Cut the exchange: nobody waits for what is still to come, or nothing comes."""
        if self.task is not None and not self.overdue:
            self.overdue = True
            self.task.cancel()

    def _fail_waiting(self, reason: str, calls: list[Call]) -> None:
        gone = set(calls)
        self.waiting = [call for call in self.waiting if call not in gone]
        for call in calls:
            call.fail(CacheUnavailable(reason))

    async def _disconnect(self, *, nowait: bool = True) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            # A connection that is lost already may say so once more.
            with suppress(RedisError, OSError, RuntimeError):
                await connection.disconnect(nowait=nowait)


def _in_time(calls: list[Call]) -> list[Call]:
    """Fail the calls whose deadline has come, and return the others."""
    end = asyncio.get_running_loop().time() + TOGETHER
    for call in calls:
        if call.deadline <= end:
            call.fail(CacheTimeout())
    return [call for call in calls if call.deadline > end]


def _resent(calls: list[Call]) -> list[Call]:
    """Return those of the calls that still wait, to be sent for the second and last time."""
    again = [call for call in calls if not call.future.done()]
    for call in again:
        call.resent = True
    return again
