"""From how Redis is set up to the clients that read it, and to each of its servers."""

import asyncio
from dataclasses import replace

from .breaker import ReportBreaker
from .client import CacheClient, ReadClient
from .cluster_client import ClusterClient
from .coherent import CoherentClient
from .deployment import ClusterTarget, Deployment, SentinelTarget
from .errors import CacheUnavailable
from .nodes import Nodes
from .sentinel import Sentinel, agreed
from .sentinel_client import SentinelClient
from .target import RedisTarget
from .tracking import ReportTracking
from .watch import ReportServer

FOUND_WITHIN = 2.0
"""Seconds for finding out which servers there are."""


def open_client(
    target: Deployment,
    report: ReportServer = lambda role, address: None,
    report_breaker: ReportBreaker = lambda reason: None,
) -> ReadClient:
    """Return the client of a Redis, which opens its connections by itself.

    `report` is told which server is read, where Sentinels decide it, and `report_breaker` when one is not
    asked any more.
    """
    match target:
        case SentinelTarget():
            return SentinelClient(target, report, report_breaker)
        case ClusterTarget():
            return ClusterClient(target, report_breaker)
    return CacheClient(target.connection, report=report_breaker)


def coherent_client(
    client: ReadClient, target: Deployment, prefixes: tuple[str, ...], report: ReportTracking
) -> ReadClient:
    """Return the client that keeps copies of keys with some prefixes.

    It is the other client itself where Redis cannot tell of changes, and `report` is told why.
    """
    if isinstance(client, SentinelClient) and target.tracks:
        # Both are cut with each change of the server, and what was kept goes with the connection.
        return CoherentClient(client, client.connection, prefixes, report)
    if isinstance(target, RedisTarget):
        return CoherentClient(client, target.connection, prefixes, report)
    if prefixes:
        report("a cluster" if isinstance(target, ClusterTarget) else "replicas")
    return client


async def servers(target: Deployment) -> list[RedisTarget]:
    """Return the servers that may be read: the master and its replicas, the masters of a cluster.

    Raises CacheUnavailable where nobody says which there are.
    """
    match target:
        case SentinelTarget():
            sentinels = [Sentinel(each, target.service) for each in target.sentinels]
            view = agreed(await asyncio.gather(*(each.view() for each in sentinels)), -1)
            await asyncio.gather(*(each.close() for each in sentinels))
            if view is None or view.master is None:
                raise CacheUnavailable(
                    "no quorum of Sentinels" if view is None else "unknown to the Sentinels"
                )
            found = [view.master, *view.replicas]
        case ClusterTarget():
            nodes = Nodes(target)
            try:
                deadline = asyncio.get_running_loop().time() + FOUND_WITHIN
                found = sorted((await nodes.map(deadline)).masters)
            finally:
                await nodes.close()
        case _:
            return [target]
    return [replace(target.server, host=host, port=port) for host, port in found]
