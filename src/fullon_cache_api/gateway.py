"""FullonCacheGateway: puts spec, reads, cache and HTTP together, and owns what they need while they run."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from fullon_cache_api import openapi
from fullon_cache_api.cache import CacheClient, CorruptValue
from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.handler import Handler, Source, make_handler
from fullon_cache_api.http.problems import ProblemText
from fullon_cache_api.http.route import RouteConflict, RouteTree
from fullon_cache_api.http.system import system_routes
from fullon_cache_api.log import get_component_logger
from fullon_cache_api.reads import CATALOGUE, READS
from fullon_cache_api.resources import resource
from fullon_cache_api.settings import Settings, SettingsError
from fullon_cache_api.spec import Spec, load_spec
from fullon_cache_api.spec.json import PlainObject

_LOG = get_component_logger("fullon.api.cache.http")
_SPEC_FILE = "endpoints.yaml"


class FullonCacheGateway:
    """One gateway over one spec and one Redis; several of them share nothing.

    `title` and `prefix` win over the spec's and the settings'; `spec` may be a loaded one or a file. Raises
    SpecError where the file cannot be used, SettingsError where a path of the spec would hide a system
    endpoint. No connection is opened before the first request.
    """

    def __init__(
        self,
        *,
        title: str | None = None,
        prefix: str | None = None,
        spec: Spec | Path | str | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings.load()
        self.prefix = self.settings.prefix if prefix is None else prefix.rstrip("/")
        loaded = spec if isinstance(spec, Spec) else load(Path(spec) if spec else find_spec(self.settings))
        self.spec = loaded if title is None else _retitled(loaded, title)
        self._client = CacheClient(self.settings.redis.connection)
        self._app = self._make_app()

    def get_app(self) -> GatewayApp:
        """Return the ASGI application."""
        return self._app

    def openapi(self, server: str = "/") -> PlainObject:
        """Return the OpenAPI document; `server` is the path under which a host mounted the gateway."""
        return openapi.document(self.spec, prefix=self.prefix, server=server)

    async def close(self) -> None:
        """Close the connections to Redis; a later request opens new ones."""
        await self._client.close()

    def _make_app(self) -> GatewayApp:
        source = Source(self._client, self.settings.deadline)
        tree: RouteTree[Handler] = RouteTree()
        for endpoint in self.spec.endpoints:
            handler = make_handler(self.spec, endpoint, READS[endpoint.read.name], source, _report_skipped)
            tree.add(self.prefix + endpoint.path, handler)
        mode = self.settings.redis.mode
        for path, handler in system_routes(self.spec, self.prefix, source, mode, self._documents()).items():
            try:
                tree.add(path, handler)
            except RouteConflict as error:
                reason = f"the spec's {error.path} would hide the system endpoint of that path"
                raise SettingsError("API_PREFIX", reason) from None
        return GatewayApp(tree, _report_problem, closed=self.close)

    def _documents(self) -> Callable[[str], tuple[bytes, bytes]]:
        @lru_cache(4)
        def documents(root: str) -> tuple[bytes, bytes]:
            document = self.openapi(root or "/")
            return openapi.to_json(document), openapi.to_yaml(document)

        return documents


def create_app(settings: Settings | None = None) -> GatewayApp:
    """Return the ASGI application of a gateway that the environment configures."""
    return FullonCacheGateway(settings=settings).get_app()


def find_spec(settings: Settings) -> Path:
    """Return ENDPOINTS_FILE, else `./endpoints.yaml`, else the file that comes with the package."""
    if settings.endpoints_file is not None:
        return settings.endpoints_file
    here = Path(_SPEC_FILE)
    return here if here.is_file() else resource(_SPEC_FILE)


def load(path: Path) -> Spec:
    """Read a spec file against this package's reads; raises SpecError with every mistake."""
    return load_spec(path, CATALOGUE, resource("schemas"))


def _retitled(spec: Spec, title: str) -> Spec:
    members = {**spec.info.members, "title": title}
    return dataclasses.replace(spec, info=dataclasses.replace(spec.info, title=title, members=members))


def _report_problem(text: ProblemText, method: str, path: str, request_id: str, error: Exception) -> None:
    status = text.kind.status
    fields = {"status": status, "method": method, "path": path, "request_id": request_id}
    if status == 500:
        _LOG.error(text.kind.name, **fields, error=error)
    elif status > 500:
        _LOG.warning(text.kind.name, **fields, reason=str(error))
    else:
        _LOG.info(text.kind.name, **fields)


def _report_skipped(operation_id: str, skipped: Sequence[CorruptValue]) -> None:
    first = skipped[0]
    _LOG.warning(
        "elements left out", operation=operation_id, count=len(skipped), key=first.key, reason=first.reason
    )
