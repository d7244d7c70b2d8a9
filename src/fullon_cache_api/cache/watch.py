"""Which server is read where Sentinels decide it: they are asked again and again, all of them."""

import asyncio
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias
from weakref import WeakSet

from .connection import Unusable
from .deployment import SentinelTarget
from .replica import is_fit
from .sentinel import Sentinel, View, agreed
from .target import Address, RedisTarget

EVERY = 0.3
"""Seconds between the end of a round of questions and the next one."""

TRUSTED = 2.0
"""Seconds after which a server that the Sentinels were not heard to confirm is not read any more."""

AVOIDED = 3.0
"""Seconds for which a replica that lags behind is not chosen again, or one that cannot be reached: twice as
many with each time that it is found so again."""

MOST_AVOIDED = 30.0
"""Seconds for which it is avoided at most."""

_NO_QUORUM = "no quorum of Sentinels"

ReportServer: TypeAlias = Callable[[str, str], None]
"""Is told the role and the address of the server that is read from now on."""


class Severable(Protocol):
    """A connection that is cut as soon as its server is no longer the one to read."""

    async def disconnect(self, nowait: bool = ...) -> None:
        """Close it."""


@dataclass(frozen=True, slots=True)
class Server:
    """The server that is read, and its `master`; `version` is another one with each change of either."""

    version: int
    target: RedisTarget
    master: Address

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.target.host, self.target.port)

    @property
    def is_replica(self) -> bool:
        """Whether it is not the master itself."""
        return self.address != self.master


class _Avoided(NamedTuple):
    """Until when a server is not chosen, and for how long that has been."""

    until: float
    seconds: float


class Watch:
    """Asks the Sentinels from its first use on until it is closed; it belongs to the running event loop."""

    def __init__(self, target: SentinelTarget, report: ReportServer = lambda role, address: None) -> None:
        self._target = target
        self._report = report
        self._server: Server | None = None
        self._version = 0
        self._epoch = -1
        self._agreed = -math.inf
        self.reason = _NO_QUORUM
        """Why no server can be named, where none can."""
        self._avoided: dict[Address, _Avoided] = {}
        self._connections: WeakSet[Severable] = WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._round: asyncio.Future[None] | None = None

    @property
    def version(self) -> int:
        """The version of the server that was read last."""
        return self._version

    async def server(self) -> Server:
        """Return the server that is to be read now; raises Unusable where that cannot be said.

        Where the last answers are too old, that is after the next two rounds of questions.
        """
        self._start()
        for _ in range(2):
            if (server := self._trusted()) is not None:
                return server
            if self._round is not None:
                await asyncio.shield(self._round)
        if (server := self._trusted()) is not None:
            return server
        raise Unusable(self.reason)

    def holds(self, version: int) -> bool:
        """Whether the server of that version is still the one to read, as far as can be known."""
        return version == self._version and self._trusted() is not None

    def add(self, connection: Severable) -> None:
        """Cut a connection with the next change."""
        self._connections.add(connection)

    def avoid(self, server: Server) -> None:
        """Read from another server than a replica that is not fit, if there is one."""
        if server.is_replica and server.version == self._version:
            self._avoid(server.address)
            self._agreed = -math.inf

    async def close(self) -> None:
        """Ask no more; the next use begins again."""
        task, self._task, self._loop = self._task, None, None
        self._agreed = -math.inf
        if task is not None and task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            await asyncio.wait([task])

    def _trusted(self) -> Server | None:
        return self._server if _now() - self._agreed <= TRUSTED else None

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is self._loop and self._task is not None and not self._task.done():
            return
        if self._task is not None and not self._task.done() and not self._task.get_loop().is_closed():
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)
        self._loop, self._round = loop, loop.create_future()
        self._connections = WeakSet()
        self._agreed = -math.inf
        self._task = loop.create_task(self._run())

    async def _run(self) -> None:
        sentinels = [Sentinel(target, self._target.service) for target in self._target.sentinels]
        loop = asyncio.get_running_loop()
        try:
            while True:
                asked = loop.time()
                views = await asyncio.gather(*(sentinel.view() for sentinel in sentinels))
                before = self._version
                await self._take_in(asked, views)
                if self._version != before:
                    await self._cut()
                done, self._round = self._round, loop.create_future()
                if done is not None:
                    done.set_result(None)
                await asyncio.sleep(EVERY)
        finally:
            await asyncio.gather(*(sentinel.close() for sentinel in sentinels))

    async def _take_in(self, asked: float, views: Iterable[View | None]) -> None:
        view = agreed(list(views), self._epoch)
        if view is None or view.master is None:
            self.reason = _NO_QUORUM if view is None else "unknown to the Sentinels"
            return
        address = await self._chosen(view, view.master)
        self._epoch, self._agreed = view.epoch, asked
        target = self._target_of(address)
        if self._server is None or (self._server.target, self._server.master) != (target, view.master):
            self._version += 1
            self._server = server = Server(self._version, target, view.master)
            self._report("replica" if server.is_replica else "master", f"{address.host}:{address.port}")

    async def _chosen(self, view: View, master: Address) -> Address:
        """Return the replica that is read already, else any that is fit, else the master.

        None is read before it has said itself that it is fit: what is read now goes on meanwhile.
        """
        if not self._target.replicas:
            return master
        now = _now()
        avoided = {address for address, each in self._avoided.items() if each.until > now}
        well = [replica for replica in view.replicas if replica not in avoided]
        read = self._server
        if read is not None and read.master == master and read.address in well:
            return read.address
        tried = await asyncio.gather(*(is_fit(self._target_of(replica), master) for replica in well))
        found = [replica for replica, fit in zip(well, tried, strict=True) if fit]
        for unfit in set(well).difference(found):
            self._avoid(unfit)
        return random.choice(found) if found else master

    def _target_of(self, address: Address) -> RedisTarget:
        return replace(self._target.server, host=address.host, port=address.port)

    def _avoid(self, address: Address) -> None:
        self._avoided[address] = _avoided(self._avoided.get(address), _now())

    async def _cut(self) -> None:
        """Close the connections to the server that was read before: what they still bring may be old."""
        connections, self._connections = list(self._connections), WeakSet()
        for connection in connections:
            await connection.disconnect(nowait=True)


def _avoided(before: _Avoided | None, now: float) -> _Avoided:
    """Return for how long a server is avoided from now on; one that has been well since is as any other."""
    again = before is not None and now - before.until < before.seconds
    seconds = min(2 * before.seconds, MOST_AVOIDED) if before is not None and again else AVOIDED
    return _Avoided(now + seconds, seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()
