"""The read-only client of a Redis Cluster: each command goes to the node that has its key."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from redis.exceptions import AskError, MovedError

from .breaker import ReportBreaker
from .commands import Command, refuse_writes
from .cursor import anew, at, named
from .deployment import ClusterTarget
from .errors import CacheTimeout, CacheUnavailable, CursorLost
from .node import ASKING, Redirect
from .nodes import Nodes
from .reply import Reply
from .scan import scan
from .slots import SlotMap, slot_of
from .target import Address

LONGEST_PAUSE = 0.05
"""Seconds between two attempts to find the node that answers, at most."""

MOST_LOSSES = 3
"""Nodes that a command may lose: one that is moving to a node which is down is led there again and again."""


@dataclass(slots=True, eq=False)
class _Errand:
    """One command: where it stands among those of the request, and the node that is asked next.

    `losses` is how many nodes were lost, or refused, while it was to be answered.
    """

    index: int
    command: Command
    slot: int
    node: Address
    asking: bool = False
    losses: int = 0


class ClusterClient:
    """Reads a cluster as CacheClient reads one server: batches, deadlines and errors of a node are its own.

    What a node does not answer because another one has the key by now is asked there, until the deadline.
    """

    def __init__(self, target: ClusterTarget, report: ReportBreaker = lambda reason: None) -> None:
        self._target = target
        self._report = report
        self._loop: asyncio.AbstractEventLoop | None = None
        self._nodes = Nodes(target, report)

    @property
    def is_open(self) -> bool:
        """Whether a node that has slots is known to be dead, and only a probe asks it."""
        return self._nodes.are_any_open

    async def execute(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> list[Reply]:
        """Return one reply per command, as CacheClient does."""
        refuse_writes(commands)
        nodes = self._own_nodes()
        slots = await nodes.map(deadline)
        if commands and commands[0][0] == "SCAN" and len(commands) == 1:
            return [await scan(nodes, commands[0], deadline, page=page)]
        wanted = [slot_of(command) for command in commands]
        if any(slots.owners[slot] is None for slot in wanted):
            slots = await nodes.refreshed(deadline)
        errands = [
            _Errand(index, command, slot, _owner(slots, slot))
            for index, (command, slot) in enumerate(zip(commands, wanted, strict=True))
        ]
        replies: list[Reply] = [None] * len(commands)
        attempts = 0
        while errands:
            sent = (self._send(nodes, *group, replies, deadline, page) for group in _by_node(errands))
            errands = [each for again in await asyncio.gather(*sent) for each in again]
            if errands:
                attempts += 1
                await _pause(attempts, deadline)
        return replies

    async def ping(self, deadline: float) -> float:
        """Return how many milliseconds the slowest of the nodes that have a slot takes to answer PING."""
        started = time.perf_counter()
        nodes = self._own_nodes()
        slots = await nodes.map(deadline)
        try:
            await _ping(nodes, slots, deadline)
        except CacheUnavailable:
            again = await nodes.refreshed(deadline)
            if again.owners == slots.owners:
                raise
            await _ping(nodes, again, deadline)
        return (time.perf_counter() - started) * 1000

    async def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        nodes, loop = self._nodes, self._loop
        self._loop = None
        if loop is asyncio.get_running_loop():
            await nodes.close()

    def _own_nodes(self) -> Nodes:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._nodes = loop, Nodes(self._target, self._report)
        return self._nodes

    async def _send(
        self,
        nodes: Nodes,
        node: Address,
        errands: list[_Errand],
        replies: list[Reply],
        deadline: float,
        page: bool,
    ) -> list[_Errand]:
        """Ask one node, and return what has to be asked again."""
        name = b"%s:%d" % (node.host.encode(), node.port)
        sent = [_sendable(name, errand.command) for errand in errands]
        questions = [
            each for errand, (one, _) in zip(errands, sent, strict=True) for each in _question(errand, one)
        ]
        try:
            found = await nodes.client(node).execute(tuple(questions), deadline, page=page)
        except CacheTimeout:
            nodes.refresh()
            raise
        except CursorLost:
            raise
        except CacheUnavailable:
            if not _lead_elsewhere(errands, await nodes.refreshed(deadline), node):
                raise
            return errands
        answers = [answer for question, answer in zip(questions, found, strict=True) if question != ASKING]
        again: list[_Errand] = []
        for errand, answer, (_, is_own) in zip(errands, answers, sent, strict=True):
            if isinstance(answer, Redirect):
                _follow(errand, answer, nodes)
                again.append(errand)
            elif not is_own:
                raise CursorLost
            else:
                replies[errand.index] = named(name, errand.command, answer)
        return again


def _owner(slots: SlotMap, slot: int) -> Address:
    owner = slots.owners[slot]
    if owner is None:
        raise CacheUnavailable("no node has the slot of the key")
    return owner


def _by_node(errands: Iterable[_Errand]) -> Iterable[tuple[Address, list[_Errand]]]:
    groups: dict[Address, list[_Errand]] = {}
    for errand in errands:
        groups.setdefault(errand.node, []).append(errand)
    return groups.items()


def _sendable(name: bytes, command: Command) -> tuple[Command, bool]:
    """Return the command as a node takes it, and whether its cursor is that node's, if it has one.

    Where it is not, the node may still be the one that says who has the key.
    """
    try:
        return at(name, command), True
    except CursorLost:
        return anew(command), False


def _question(errand: _Errand, command: Command) -> tuple[Command, ...]:
    # ASKING holds for the command after it: those of one request stand together on a connection.
    return (ASKING, command) if errand.asking else (command,)


def _follow(errand: _Errand, redirect: Redirect, nodes: Nodes) -> None:
    """Lead a command to where a node says that it belongs; TRYAGAIN says that it is not yet anywhere."""
    if isinstance(redirect, AskError):
        # A node that knows no name for another one means itself with it, at another port.
        errand.node = Address(redirect.host or errand.node.host, redirect.port)
        errand.asking = not isinstance(redirect, MovedError)
        if not errand.asking:
            nodes.has_moved(errand.slot, errand.node)


def _lead_elsewhere(errands: list[_Errand], slots: SlotMap, lost: Address) -> bool:
    """Lead commands of a node that is lost to the owners of their slots; False where that is no other one."""
    for errand in errands:
        errand.node, errand.asking = _owner(slots, errand.slot), False
        errand.losses += 1
    return all(errand.node != lost and errand.losses <= MOST_LOSSES for errand in errands)


async def _pause(attempts: int, deadline: float) -> None:
    """Wait before another attempt, but for the first one: nodes may not agree for a moment."""
    if asyncio.get_running_loop().time() >= deadline:
        raise CacheTimeout
    if attempts > 1:
        await asyncio.sleep(min(LONGEST_PAUSE, 0.002 * 2**attempts))


async def _ping(nodes: Nodes, slots: SlotMap, deadline: float) -> None:
    if not slots.is_whole:
        raise CacheUnavailable("some slots have no node")
    owners = {owner for owner in slots.owners if owner is not None}
    await asyncio.gather(*(nodes.client(owner).ping(deadline) for owner in owners))
