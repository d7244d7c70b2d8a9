"""Which node of a cluster has which keys, as CLUSTER NODES tells it."""

from collections.abc import Iterable
from dataclasses import dataclass

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from .commands import Command
from .errors import CommandRefused
from .reply import Reply
from .target import Address

_GONE = {"fail", "noaddr", "handshake"}
"""Flags of nodes that cannot be asked."""


@dataclass(slots=True)
class SlotMap:
    """The owner of each slot, None where there is none, and all masters, also those without a slot.

    `epoch` is the highest number of a change that the map knows of.
    """

    epoch: int
    owners: list[Address | None]
    masters: frozenset[Address]

    @property
    def is_whole(self) -> bool:
        """Whether each slot has an owner."""
        return None not in self.owners


def slot_map(reply: Reply, asked: Address) -> SlotMap | None:
    """Return what CLUSTER NODES says; None where it makes no sense.

    A node that has not met another one does not know its own address: it is the one that was asked.
    """
    if not isinstance(reply, bytes):
        return None
    epoch = -1
    owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    masters: set[Address] = set()
    try:
        for line in reply.decode().splitlines():
            _, place, flagged, _, _, _, own_epoch, _, *held = line.split(" ")
            flags = set(flagged.split(","))
            if "master" not in flags or (not held and flags & _GONE):
                continue
            host, _, port = place.partition(",")[0].partition("@")[0].rpartition(":")
            node = Address(host or asked.host, int(port))
            masters.add(node)
            epoch = max(epoch, int(own_epoch))
            for slots in held:
                # [slot->-node] is one that is moving, and stands among the others as well where it is served.
                if not slots.startswith("["):
                    first, _, last = slots.partition("-")
                    for slot in range(int(first), int(last or first) + 1):
                        owners[slot] = node
    except (ValueError, IndexError, UnicodeDecodeError):
        return None
    return SlotMap(epoch, owners, frozenset(masters)) if masters else None


def newest(maps: Iterable[SlotMap | None]) -> SlotMap | None:
    """Return the map that knows of the last change."""
    return max((each for each in maps if each is not None), key=lambda each: each.epoch, default=None)


def slot_of(command: Command) -> int:
    """Return the slot of the key that a command reads; any will do where it reads none (PING)."""
    if len(command) < 2:
        return 0
    key = command[1]
    try:
        raw = key if isinstance(key, bytes) else str(key).encode() if isinstance(key, str | int) else None
    except UnicodeEncodeError:
        raw = None
    if raw is None:
        raise CommandRefused(str(command[0]), "holds what is neither text nor an integer")
    return key_slot(raw)
