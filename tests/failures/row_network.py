"""What happens on the way to Redis: no connections, slow ones, halves of them, names, certificates."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

from caches import port_of
from certificates import Authority
from failures.stage import TIMEOUT, UNAVAILABLE, WELL, Failure, Stage
from proxy import Proxy

NAME = "redis.test"


async def refused(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.refuse()
    yield
    await stage.proxy.accept()


async def dropped(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.half_open()
    await stage.proxy.drop()
    yield
    await stage.proxy.accept()


async def hung(stage: Stage) -> AsyncIterator[None]:
    stage.server.pause()
    yield
    stage.server.resume()


async def slow(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.delay = 0.1
    yield
    stage.proxy.delay = 0


async def too_slow(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.delay = 2.0
    yield
    stage.proxy.delay = 0


async def flapping(stage: Stage) -> AsyncIterator[None]:
    async def flap() -> None:
        while True:
            stage.proxy.refuse()
            await asyncio.sleep(0.15)
            await stage.proxy.accept()
            await asyncio.sleep(0.3)

    task = asyncio.create_task(flap())
    yield
    task.cancel()
    await asyncio.wait([task])
    await stage.proxy.accept()


async def half_closed(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.half_close()
    yield


async def half_open(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.half_open()
    yield


async def reset_once(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.cut_after(20, reset=True)
    yield


async def reset_always(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.cut_after(*[3] * 10_000, reset=True)
    yield
    stage.proxy.forget_plans()


async def killed_clients(stage: Stage) -> AsyncIterator[None]:
    stage.desk().client_kill_filter(_type="normal", skipme=True)
    yield


def with_tls(stage: Stage) -> None:
    """Let the server speak TLS as well, and lead the proxy there."""
    authority, desk = Authority(stage.folder), stage.desk()
    certificate = authority.issue("server")
    authority.sign("server", "expired", days=-1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desk.config_set("tls-auth-clients", "no")
    desk.config_set("tls-ca-cert-file", str(authority.ca))
    desk.execute_command(
        "CONFIG",
        "SET",
        "tls-cert-file",
        str(certificate),
        "tls-key-file",
        str(authority.key("server")),
        "tls-port",
        port,
    )
    stage.proxy.server_port = port
    stage.fill()


async def expired(stage: Stage) -> AsyncIterator[None]:
    stage.desk().config_set("tls-cert-file", str(stage.folder / "expired.pem"))
    stage.proxy.cut()
    yield
    stage.desk().config_set("tls-cert-file", str(stage.folder / "server.pem"))


def with_name(stage: Stage) -> None:
    """Let a name lead to the test's address, or to none: there is no name server for tests."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return real(host, *args, **options)
        if stage.address is None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(stage.address, *args, **options)

    stage.stack.enter_context(patch.object(socket, "getaddrinfo", getaddrinfo))
    stage.fill()


async def renamed(stage: Stage) -> AsyncIterator[None]:
    stage.proxy.refuse()
    yield
    await stage.aside.enter_async_context(Proxy(port_of(stage.server), "127.0.0.2", stage.proxy.port))
    stage.address = "127.0.0.2"


async def nameless(stage: Stage) -> AsyncIterator[None]:
    stage.address = None
    stage.proxy.cut()
    yield
    stage.address = "127.0.0.1"


def by_name(stage: Stage) -> str:
    return f"redis://{NAME}:{stage.proxy.port}/0"


def over_tls(stage: Stage) -> str:
    return f"rediss://127.0.0.1:{stage.proxy.port}/0?ssl_ca_certs={stage.folder}/ca.pem"


AT_ONCE = "503, at once"
FIRST_TIMEOUT = "504 for the first ones, then 503 at once"
GOES_ON = "200"
ONCE_MORE = "200: the read is sent once more"

FAILURES = (
    Failure("Down: connections are refused", (UNAVAILABLE,), AT_ONCE, 1, 1, refused),
    Failure("Down: packets are dropped", (UNAVAILABLE, TIMEOUT), FIRST_TIMEOUT, 1.5, 2, dropped, lasts=3),
    Failure(
        "Hung: connections are taken, nothing is answered",
        (UNAVAILABLE, TIMEOUT),
        FIRST_TIMEOUT,
        1.5,
        2,
        hung,
        lasts=3,
    ),
    Failure("Slow, within the deadline", (WELL,), GOES_ON, 1.5, 1, slow),
    Failure("Slow, beyond the deadline", (UNAVAILABLE, TIMEOUT), FIRST_TIMEOUT, 1.5, 3, too_slow, lasts=3),
    Failure(
        "Flapping: refused and there again every half second",
        (WELL, UNAVAILABLE),
        "200 or 503",
        1,
        1,
        flapping,
        lasts=3,
    ),
    Failure("Half-closed: Redis has closed its end", (WELL,), ONCE_MORE, 1, 1, half_closed),
    Failure(
        "Half-open: Redis' end has forgotten the connection",
        (WELL, TIMEOUT),
        "504 for those under way, then 200",
        1.5,
        1,
        half_open,
    ),
    Failure("RST in the middle of a reply", (WELL,), ONCE_MORE, 1, 1, reset_once),
    Failure("RST in the middle of every reply", (UNAVAILABLE,), AT_ONCE, 1, 1, reset_always),
    Failure("CLIENT KILL", (WELL,), ONCE_MORE, 1, 1, killed_clients),
    Failure(
        "The name leads nowhere (DNS)",
        (UNAVAILABLE,),
        AT_ONCE,
        1.5,
        1,
        nameless,
        url=by_name,
        before=with_name,
        loop="asyncio",
    ),
    Failure(
        "Failover by name: Redis has gone, and is at another address (DNS)",
        (UNAVAILABLE,),
        AT_ONCE,
        1.5,
        1,
        renamed,
        url=by_name,
        before=with_name,
        loop="asyncio",
    ),
    Failure(
        "TLS: the certificate has expired",
        (UNAVAILABLE,),
        "503, at once",
        3,
        3,
        expired,
        url=over_tls,
        at_times=(TIMEOUT,),
        lasts=3,
        before=with_tls,
        # uvloop says that a connection which is still ending when its loop ends was left open.
        loop="asyncio",
    ),
)
