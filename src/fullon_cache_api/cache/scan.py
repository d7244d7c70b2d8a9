"""SCAN over all masters of a cluster, while slots may be moving between them."""

import asyncio
from dataclasses import dataclass, field

import msgspec

from .commands import Command
from .cursor import START
from .errors import CacheUnavailable, CursorLost
from .node import NODES
from .nodes import Nodes
from .reply import Reply
from .slots import SlotMap, newest, slot_map
from .target import Address

PASSES = 2
"""How often all masters are scanned. A key that is there all the time, and goes to another one meanwhile,
is on the one that it leaves for all of the first pass, or on the other one for all of the second."""


@dataclass(slots=True)
class Scan:
    """How far a scan has come: each master of the pass that is not done with, and its cursor.

    None of them stands for a pass that has not begun. It is the cursor that is given to who scans.
    """

    number: int = 1
    cursors: dict[Address, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: bytes) -> "Scan":
        """Return the scan that a cursor stands for."""
        return cls() if cursor == START else msgspec.msgpack.decode(cursor, type=_Form).scan()

    def cursor(self) -> bytes:
        """Return the cursor that stands for the scan."""
        if not self.cursors and self.number > PASSES:
            return START
        return msgspec.msgpack.encode(_Form(self.number, [(*node, at) for node, at in self.cursors.items()]))


class _Form(msgspec.Struct):
    number: int
    cursors: list[tuple[str, int, bytes]]

    def scan(self) -> Scan:
        return Scan(self.number, {Address(host, port): at for host, port, at in self.cursors})


async def scan(nodes: Nodes, command: Command, deadline: float, *, page: bool) -> Reply:
    """Return one page of all masters at once, as SCAN does; keys are on it several times, or again later.

    Where a master has been replaced, whose cursor no other one knows, all begins anew.
    """
    word = command[1]
    state = Scan.of(word if isinstance(word, bytes) else str(word).encode())
    try:
        return await _step(nodes, state, command, deadline, page)
    except CursorLost:
        raise
    except CacheUnavailable:
        slots = await nodes.refreshed(deadline)
        if not state.cursors or state.cursors.keys() <= slots.masters:
            raise
        return [Scan().cursor(), []]


async def _step(nodes: Nodes, state: Scan, command: Command, deadline: float, page: bool) -> Reply:
    begins = not state.cursors
    if begins:
        state.cursors = dict.fromkeys((await nodes.map(deadline)).masters, START)
    asked = set(state.cursors)
    found = await asyncio.gather(
        *(_page(nodes, node, at, command, deadline, page, begins) for node, at in state.cursors.items())
    )
    keys: list[Reply] = []
    for node, (cursor, some, _) in zip(list(state.cursors), found, strict=True):
        keys += some
        if cursor == START:
            del state.cursors[node]
        else:
            state.cursors[node] = cursor
    if begins:
        # A master that is about to get its first slot is not on a map that is older.
        known = newest(slots for _, _, slots in found)
        for node in () if known is None else known.masters - asked:
            state.cursors[node] = START
    if not state.cursors:
        state.number += 1
    return [state.cursor(), keys]


async def _page(
    nodes: Nodes,
    node: Address,
    cursor: bytes,
    command: Command,
    deadline: float,
    page: bool,
    asks_nodes: bool,
) -> tuple[bytes, list[Reply], SlotMap | None]:
    question: Command = ("SCAN", cursor, *command[2:])
    sent = (question, NODES) if asks_nodes else (question,)
    reply, *told = await nodes.client(node).execute(sent, deadline, page=page)
    match reply:
        case [bytes(next_cursor), list(keys)]:
            return next_cursor, keys, slot_map(told[0], node) if told else None
    raise CacheUnavailable("unexpected reply")
