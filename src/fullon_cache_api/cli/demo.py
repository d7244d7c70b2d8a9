"""`demo`: the gateway over a Redis of its own, with lively sample data."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from fullon_cache_api.cli.options import address_options, prefix_option, spec_option, variables

if TYPE_CHECKING:
    from fullon_cache_api.cli.server import Service
    from fullon_cache_api.demo import Demo
    from fullon_cache_api.spec import Endpoint, Spec

SEED = 1

_WORTH_A_LOOK = (
    "/tickers/{exchange}/{symbol}",
    "/accounts/{user_id}/positions",
    "/ohlcv/{symbol}/{timeframe}",
)


@click.command("demo")
@address_options
@spec_option
@prefix_option
@click.option(
    "--seed", type=int, default=SEED, show_default=True, help="The same seed, the same sample data."
)
def demo_command(
    host: str | None, port: int | None, spec: Path | None, prefix: str | None, seed: int
) -> None:
    """Serve sample data from a private Redis, until Ctrl-C; no other Redis is touched."""
    run_demo(variables(host=host, port=port, spec=spec, prefix=prefix), seed=seed, reload=False)


def run_demo(given: Mapping[str, str], *, seed: int, reload: bool) -> None:
    """Start a Redis, fill it, keep it moving and serve it; on SIGINT or SIGTERM all of it goes."""
    from fullon_cache_api.cli.server import prepare, stopping
    from fullon_cache_api.demo import Demo, EmbeddedServer

    with stopping(), EmbeddedServer() as server, Demo(server, seed=seed) as demo:
        # One process: the sample data is small, and each worker would be one more to stop.
        own = {"API_WORKERS": "1", "REDIS_URL": server.url}
        service = prepare({**given, **own}, reload=reload)
        demo.fill()
        with _moving(demo):
            service.run(lambda: click.echo(_welcome(service)))


@contextmanager
def _moving(demo: Demo) -> Iterator[None]:
    """Keep the data moving from a thread: neither the requests' event loop nor a reload disturbs it."""
    import asyncio

    loop = asyncio.new_event_loop()
    task = loop.create_task(demo.run())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_default_executor())

    thread = threading.Thread(target=run, name="demo")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def _welcome(service: Service) -> str:
    url = service.url
    samples = (f"  curl {url}{service.settings.prefix}{path}" for path in _sample_paths(service.gateway.spec))
    return "\n".join(
        (
            "Sample data in a Redis of its own; Ctrl-C stops both.",
            "",
            f"  Start page   {url}/",
            f"  Swagger UI   {url}/docs",
            f"  ReDoc        {url}/redoc",
            f"  OpenAPI      {url}/openapi.json",
            "",
            *samples,
        )
    )


def _sample_paths(spec: Spec) -> Iterator[str]:
    known = [endpoint for endpoint in spec.endpoints if endpoint.path in _WORTH_A_LOOK]
    for endpoint in known or spec.endpoints[:3]:
        yield _with_examples(endpoint)


def _with_examples(endpoint: Endpoint) -> str:
    path = endpoint.path
    for parameter in endpoint.parameters:
        if parameter.location == "path" and parameter.example is not None:
            path = path.replace(f"{{{parameter.name}}}", quote(str(parameter.example), safe=""))
    return path
