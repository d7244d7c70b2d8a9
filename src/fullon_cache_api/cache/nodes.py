"""The nodes of a cluster: a client for each, and the map of their slots."""

import asyncio
import math
import random
from collections.abc import Iterable
from dataclasses import replace

from .breaker import ReportBreaker
from .deployment import ClusterTarget
from .errors import CacheError, CacheUnavailable
from .node import NODES, NodeClient
from .slots import SlotMap, newest, slot_map
from .target import Address

ASKED = 5
"""Nodes that are asked for the map at a time."""

ANSWER_WITHIN = 0.9
"""Seconds for a node's answer to that, and for connecting to it."""

GRACE = 0.05
"""Seconds that others have for it after the first one: it may not know of the last change."""

ASKED_EVERY = 0.2
"""Seconds between two maps."""


class Nodes:
    """Knows the owner of each slot; it belongs to the running event loop, for which it is made."""

    def __init__(self, target: ClusterTarget, report: ReportBreaker = lambda reason: None) -> None:
        self._target = target
        self._report = report
        self._clients: dict[Address, NodeClient] = {}
        self._map: SlotMap | None = None
        self._asked = -math.inf
        self._asking: asyncio.Task[None] | None = None
        self._ends: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def are_any_open(self) -> bool:
        """Whether a node that is read is known to be dead."""
        return any(client.is_open for client in self._clients.values())

    async def map(self, deadline: float) -> SlotMap:
        """Return the map; raises CacheUnavailable or CacheTimeout where no node tells one."""
        return self._map if self._map is not None else await self.refreshed(deadline)

    def client(self, node: Address) -> NodeClient:
        """Return the client of a node; raises CacheUnavailable once all of them are closed."""
        if self._is_closed:
            raise CacheUnavailable("closed")
        if (client := self._clients.get(node)) is None:
            target = replace(self._target.server, host=node.host, port=node.port)
            client = self._clients[node] = NodeClient(target.connection, report=self._report)
        return client

    def has_moved(self, slot: int, node: Address) -> None:
        """Take in what a node says of a slot, and have the others asked as well."""
        if self._map is not None:
            self._map.owners[slot] = node
        self.refresh()

    def refresh(self) -> None:
        """Ask for the map soon; nobody waits for it."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._ask_soon())

    async def refreshed(self, deadline: float) -> SlotMap:
        """Return a map that is not older than ASKED_EVERY."""
        loop = asyncio.get_running_loop()
        if self._map is None or loop.time() - self._asked >= ASKED_EVERY:
            self.refresh()
            if self._asking is not None:
                await asyncio.wait([self._asking], timeout=max(0.0, deadline - loop.time()))
        if self._map is None:
            raise CacheUnavailable("no node of the cluster answers")
        return self._map

    async def close(self) -> None:
        """Close the connections to all nodes, for good."""
        self._is_closed = True
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        clients, self._clients = self._clients, {}
        await asyncio.gather(*(client.close() for client in clients.values()), *self._ends)

    async def _ask_soon(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._asked + ASKED_EVERY - loop.time()))
        known = [] if self._map is None else sorted(self._map.masters)
        found = await self._ask(random.sample(known, min(ASKED, len(known))))
        if found is None:
            seeds = [Address(seed.host, seed.port) for seed in self._target.seeds]
            found = await self._ask(random.sample(seeds, min(ASKED, len(seeds))))
        self._asked = loop.time()
        if found is not None:
            self._map = found
            self._forget(set(self._clients) - found.masters)

    async def _ask(self, nodes: Iterable[Address]) -> SlotMap | None:
        loop = asyncio.get_running_loop()
        waiting = {loop.create_task(self._ask_node(node)) for node in nodes}
        answers: list[SlotMap] = []
        end = loop.time() + ANSWER_WITHIN
        try:
            while waiting and loop.time() < end:
                done, waiting = await asyncio.wait(
                    waiting, timeout=end - loop.time(), return_when=asyncio.FIRST_COMPLETED
                )
                told = [answer for task in done if (answer := task.result()) is not None]
                if told and not answers:
                    end = min(end, loop.time() + GRACE)
                answers += told
        finally:
            for task in waiting:
                task.cancel()
        return newest(answers)

    async def _ask_node(self, node: Address) -> SlotMap | None:
        deadline = asyncio.get_running_loop().time() + ANSWER_WITHIN
        try:
            (reply,) = await self.client(node).execute((NODES,), deadline)
        except CacheError:
            return None
        return slot_map(reply, node)

    def _forget(self, nodes: Iterable[Address]) -> None:
        """Close the clients of nodes that own nothing any more; who waits for them asks the owner then."""
        for node in nodes:
            client = self._clients.pop(node)
            if client.is_open:
                self._report(None)
            task = asyncio.get_running_loop().create_task(client.close())
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)
