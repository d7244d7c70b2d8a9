"""What Sentinels say of a master and its replicas, and what is believed of it."""

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hiredis import pack_command
from redis.exceptions import RedisError

from .connection import Connection, Unusable, read_reply
from .reply import Reply
from .target import CONNECT_TIMEOUT, Address, RedisTarget

SENTINEL_COMMANDS = frozenset({"SENTINEL GET-MASTER-ADDR-BY-NAME", "SENTINEL MASTER", "SENTINEL REPLICAS"})
"""All that is sent to a Sentinel; none of it changes anything."""

ANSWERS_WITHIN = 0.4
"""Seconds that a Sentinel's answer is waited for; connecting may take longer, and goes on meanwhile."""


@dataclass(frozen=True, slots=True)
class View:
    """What one Sentinel says: the master and its replicas that are well, as of the failover number `epoch`.

    The master is None where the Sentinel knows none of that name.
    """

    master: Address | None
    epoch: int = -1
    replicas: tuple[Address, ...] = ()


class Sentinel:
    """One Sentinel, asked again and again on one connection."""

    def __init__(self, target: RedisTarget, service: str) -> None:
        self._target = target
        self._questions = [
            _packed("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service),
            _packed("SENTINEL", "MASTER", service),
            _packed("SENTINEL", "REPLICAS", service),
        ]
        self._connection: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None

    async def view(self) -> View | None:
        """Return what it says; None where it cannot be asked, or says what makes no sense."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                connection = await self._connected()
                await connection.send_packed_command(self._questions, check_health=False)
                return _view(*[await read_reply(connection) for _ in self._questions])
        except TimeoutError:
            if self._opening is None:
                await self.close()
            return None
        except Exception:
            # Not only RedisError and OSError: uvloop raises RuntimeError for a connection that has gone.
            await self.close()
            return None
        except BaseException:
            # Replies may be on the wire that nobody has read.
            await self.close()
            raise

    async def _connected(self) -> Connection:
        if self._connection is None:
            if self._opening is None:
                self._opening = asyncio.get_running_loop().create_task(self._opened())
            self._connection = await asyncio.shield(self._opening)
            self._opening = None
        return self._connection

    async def _opened(self) -> Connection:
        connection: Connection = self._target.connection()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await connection.connect()
        except TimeoutError:
            await _disconnect(connection)
            raise Unusable("no connection") from None
        except BaseException:
            await _disconnect(connection)
            raise
        return connection

    async def close(self) -> None:
        """Close the connection; the next question opens another one."""
        opening, self._opening = self._opening, None
        connection, self._connection = self._connection, None
        if opening is not None:
            opening.cancel()
            await asyncio.wait([opening])
            if not opening.cancelled() and opening.exception() is None:
                connection = opening.result()
        if connection is not None:
            await _disconnect(connection)


async def _disconnect(connection: Connection) -> None:
    with suppress(RedisError, OSError, RuntimeError):
        await connection.disconnect(nowait=True)


def agreed(views: Sequence[View | None], least_epoch: int) -> View | None:
    """Return what is to be believed of what the Sentinels say, None standing for one that says nothing.

    A failover needs more than half of the Sentinels: who hears less than that may be cut off with a master
    that has been replaced since, and believes nothing. Of several those speak last that know of the last
    failover, and of these most. Who has heard of one goes behind it only if all are heard and more than half
    of them name one master: then they have been set up anew.
    """
    heard = [view for view in views if view is not None]
    if 2 * len(heard) <= len(views):
        return None
    epoch = max(view.epoch for view in heard)
    newest = [view for view in heard if view.epoch == epoch]
    votes = [sum(_may_agree(view, other) for other in newest) for view in newest]
    first, *others = [view for view, count in zip(newest, votes, strict=True) if count == max(votes)]
    if not all(_may_agree(first, other) for other in others):
        return None
    are_set_up_anew = len(heard) == len(views) and 2 * max(votes) > len(views)
    return first if epoch >= least_epoch or are_set_up_anew else None


def _may_agree(view: View, other: View) -> bool:
    """Whether two views may be of the same master: a name may be that of any address."""
    one, two = view.master, other.master
    if one is None or two is None:
        return one is two
    return one.port == two.port and not _are_two(one.host, two.host)


def _view(address: Reply, master: Reply, replicas: Reply) -> View | None:
    if address is None:
        return View(None)
    match address, _fields(master).get(b"config-epoch", b""), replicas:
        case [bytes(host), bytes(port)], epoch, list() if port.isdigit() and epoch.isdigit():
            named = Address(host.decode(), int(port))
            found = (_well(_fields(replica), named) for replica in replicas)
            usable = tuple(sorted(replica for replica in found if replica is not None))
            return View(named, int(epoch), usable)
    return None


def _well(replica: dict[bytes, bytes], master: Address) -> Address | None:
    """Return the address of a replica that its Sentinel holds to be up and connected to that master.

    A Sentinel holds one to be well that is connected to any: to a master that has been replaced, too.
    """
    port = replica.get(b"port", b"")
    # Whatever else is to be said of it stands among the flags: s_down, o_down, disconnected.
    is_well = replica.get(b"flags") == b"slave" and replica.get(b"master-link-status") == b"ok"
    its_port = replica.get(b"master-port", b"%d" % master.port)
    its_host = replica.get(b"master-host", master.host.encode()).decode(errors="replace")
    if its_port != b"%d" % master.port or _are_two(its_host, master.host):
        return None
    return Address(replica[b"ip"].decode(), int(port)) if is_well and port.isdigit() else None


def _are_two(host: str, other: str) -> bool:
    """Whether two hosts are surely not the same: a name may be that of any address."""
    try:
        return ipaddress.ip_address(host) != ipaddress.ip_address(other)
    except ValueError:
        return False


def _fields(reply: Reply) -> dict[bytes, bytes]:
    flat = [each for each in reply if isinstance(each, bytes)] if isinstance(reply, list) else []
    return dict(zip(flat[::2], flat[1::2], strict=False))


def _packed(*command: str) -> bytes:
    packed: bytes = pack_command(command)  # type: ignore[arg-type]
    return packed
