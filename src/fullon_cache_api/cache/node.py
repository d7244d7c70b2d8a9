"""One node of a cluster, as the cluster's client reads it."""

from redis.exceptions import AskError, MovedError, TryAgainError

from .client import CacheClient
from .commands import Command, refuse_writes

ASKING: Command = ("ASKING",)
"""Lets a node that a slot is moving to answer the next command of the connection."""

NODES: Command = ("CLUSTER", "NODES")

_TOPOLOGY = {ASKING, NODES}

Redirect = MovedError | AskError | TryAgainError


class NodeClient(CacheClient):
    """Reads one node, and gives on what it says of others."""

    passed = (MovedError, AskError, TryAgainError)

    @staticmethod
    def refuse(commands: tuple[Command, ...]) -> None:
        """Raise CommandRefused for what neither reads keys nor asks for the nodes."""
        refuse_writes(tuple(command for command in commands if command not in _TOPOLOGY))
