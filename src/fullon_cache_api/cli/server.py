"""Serves a gateway with uvicorn: in this process, in several workers, or in one that reloads."""

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import uvicorn
from uvicorn.supervisors import ChangeReload

import fullon_cache_api
from fullon_cache_api.cli.exposure import own_hosts, refuse_exposure
from fullon_cache_api.cli.graceful import GracefulServer, ServerConfig
from fullon_cache_api.cli.options import load_settings
from fullon_cache_api.cli.workers import Workers
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.loading import find_spec
from fullon_cache_api.log import get_component_logger
from fullon_cache_api.settings import Settings, start_logging

_APP = "fullon_cache_api.cli.worker:app"
_BACKLOG = 2048
_GRACE_SECONDS = 5
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class Service:
    """A checked gateway and the socket that it is about to serve on.

    `variables` won over the environment; the workers get them through theirs.
    """

    settings: Settings
    gateway: FullonCacheGateway
    listener: socket.socket
    variables: Mapping[str, str]
    reload: bool

    @property
    def url(self) -> str:
        """The address of the start page as a browser on this machine reaches it, without a `/` at its end."""
        host = _EVERYWHERE.get(self.settings.host, self.settings.host)
        port: int = self.listener.getsockname()[1]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM; `ready` is called once requests are answered or wait to be."""
        os.environ.update(self.variables)
        if self.reload:
            config = self._config(_APP)
            ready()
            ChangeReload(config, target=uvicorn.Server(config).run, sockets=[self.listener]).run()
        elif self.settings.workers > 1:
            ready()
            Workers(self._config(_APP), sockets=[self.listener]).run()
        else:
            GracefulServer(self._config(self.gateway.get_app()), ready).run(sockets=[self.listener])

    def _config(self, app: Callable[..., Any] | str) -> ServerConfig:
        access_log = self.settings.access_log
        return ServerConfig(
            app,
            self.settings.limits,
            self.settings.shutdown_delay,
            own_hosts(self.settings, self.gateway.spec),
            host=self.settings.host,
            port=self.settings.port,
            workers=self.settings.workers,
            reload=self.reload,
            reload_dirs=self._watched() if self.reload else None,
            reload_includes=["*.py", "*.yaml", "*.json"] if self.reload else None,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=access_log,
            # Whom a trusted proxy asks for (FORWARDED_ALLOW_IPS) is of interest to these two only.
            proxy_headers=access_log or self.settings.limits.rate is not None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )

    def _watched(self) -> list[str]:
        code = Path(fullon_cache_api.__file__).parent
        return [str(code), str(find_spec(self.settings).resolve().parent)]


def prepare(variables: Mapping[str, str], *, reload: bool = False) -> Service:
    """Check everything that a service needs, start logging and take the port.

    Raises SettingsError and SpecError, and ClickException when the port cannot be had.
    """
    settings = load_settings(variables)
    start_logging(settings)
    gateway = FullonCacheGateway(settings=settings)
    refuse_exposure(settings, gateway.spec)
    listener = _listen(settings.host, settings.port)
    return Service(settings, gateway, listener, variables, reload)


def serve(variables: Mapping[str, str], *, reload: bool) -> None:
    """Serve the configured Redis until SIGINT or SIGTERM."""
    with stopping():
        service = prepare(variables, reload=reload)

        def ready() -> None:
            get_component_logger("fullon.api.cache.server").info(
                "serving",
                url=service.url,
                prefix=service.settings.prefix,
                endpoints=len(service.gateway.spec.endpoints),
                redis=service.settings.redis,
            )

        service.run(ready)


@contextmanager
def stopping() -> Iterator[None]:
    """Let SIGTERM unwind the block as SIGINT does, and end it there: both are orders, not failures."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _listen(host: str, port: int) -> socket.socket:
    try:
        # IPv4 first: that is what http://localhost means to the most programs.
        family, _, _, _, address = min(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise click.ClickException(f"cannot listen on {host} port {port}: {reason}") from None
