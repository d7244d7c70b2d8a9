"""FullonCacheGateway: puts spec, reads, cache and HTTP together, and owns what they need while they run."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.routing import BaseRoute

from fullon_cache_api import openapi
from fullon_cache_api.auth.authenticator import Authenticator
from fullon_cache_api.auth.principal import AuthError, Forbidden, Unauthenticated
from fullon_cache_api.cache import CacheError, CorruptValue, ReadClient, coherent_client, open_client
from fullon_cache_api.cache.opening import servers
from fullon_cache_api.cache.target import RedisTarget
from fullon_cache_api.cache.tracking import prefixes_of
from fullon_cache_api.http.admission import admitting, make_admissions
from fullon_cache_api.http.answers import Source
from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.batch import make_batch
from fullon_cache_api.http.embedding import EndpointRoute
from fullon_cache_api.http.guard import guarded
from fullon_cache_api.http.handler import Handler, make_handler
from fullon_cache_api.http.problems import ProblemText
from fullon_cache_api.http.request_id import Traced
from fullon_cache_api.http.route import RouteConflict, RouteTree
from fullon_cache_api.http.shared import SharedAnswers
from fullon_cache_api.http.streaming import OpenStreams
from fullon_cache_api.http.system import system_routes
from fullon_cache_api.loading import backend, find_spec, load
from fullon_cache_api.log import get_component_logger
from fullon_cache_api.rate_redis import SharedCount
from fullon_cache_api.reads import READS
from fullon_cache_api.reads.read import Read
from fullon_cache_api.settings import Settings, SettingsError
from fullon_cache_api.spec import Endpoint, Spec
from fullon_cache_api.spec.batch import BATCH_PATH, offers_batch
from fullon_cache_api.spec.json import PlainObject, freeze_object

_LOG = get_component_logger("fullon.api.cache.http")
_AUTH_LOG = get_component_logger("fullon.api.cache.auth")
_NAMED = 5
"""How many of the elements that an answer leaves out are named in the log beside the first."""


class FullonCacheGateway:
    """One gateway over one spec and one Redis; several of them share nothing.

    `title` and `prefix` win over the spec's and the settings'; `spec` may be a loaded one or a file. Raises
    SpecError where the file cannot be used, SettingsError where a path of the spec would hide a system
    endpoint, or what its security needs cannot be used. Whatever serves the gateway or takes it in, the
    security of its spec holds. No connection is opened before the first request; `async with` closes them.
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
        catalogue, self._reads = backend(self.settings)
        file = Path(spec) if isinstance(spec, Path | str) and spec else None
        loaded = spec if isinstance(spec, Spec) else load(file or find_spec(self.settings), catalogue)
        self.spec = loaded if title is None else _retitled(loaded, title)
        self._client = open_client(self.settings.redis, _report_server, _report_breaker)
        self._coherent = self._coherent_client()
        self._shared_count = self._counted_together()
        self._auth = self._authenticator()
        self._app = self._make_app()

    def get_app(self) -> GatewayApp:
        """Return the application, always the same one: a Starlette application to serve or to mount."""
        return self._app

    def routes(self) -> list[BaseRoute]:
        """Return the endpoints of the spec as Starlette routes, named by operationId.

        `url_path_for` works on each, and another Starlette application can take them among its own. The
        system endpoints are the application's alone.
        """
        return [route for route in self._app.routes if isinstance(route, EndpointRoute)]

    def openapi(self, server: str = "/") -> PlainObject:
        """Return the OpenAPI document; `server` is the path under which a host mounted the gateway."""
        return openapi.document(self.spec, prefix=self.prefix, server=server)

    async def close(self) -> None:
        """Close the connections to Redis; a later request opens new ones."""
        if self._shared_count is not None:
            await self._shared_count.close()
        await self._coherent.close()
        await self._client.close()

    async def __aenter__(self) -> Self:
        """Return the gateway."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    def _make_app(self) -> GatewayApp:
        shared = SharedAnswers() if self.settings.shared_reads else None
        source = Source.of(
            self._client,
            self.settings.deadline,
            shared,
            compresses=self.settings.compression,
            streams=OpenStreams(self.settings.limits.streams),
        )
        coherent = dataclasses.replace(source, client=self._coherent)
        tree: RouteTree[Handler] = RouteTree()
        for endpoint in self.spec.endpoints:
            read = self._read(endpoint.read.name)
            of = coherent if self._is_coherent(endpoint) else source
            handler = make_handler(self.spec, endpoint, read, of, _report_skipped, _report_cut)
            requirement = self._auth.requirement(endpoint)
            tree.add(self.prefix + endpoint.path, guarded(handler, requirement, endpoint))
        mode = self.settings.redis.mode
        documents = self._documents()
        system = system_routes(self.spec, self.prefix, source, mode, documents, _report_unhealthy)
        for path, handler in system.items():
            try:
                tree.add(path, handler)
            except RouteConflict as error:
                reason = f"the spec's {error.path} would hide the system endpoint of that path"
                raise SettingsError("API_PREFIX", reason) from None
        names = {endpoint.operation_id: self.prefix + endpoint.path for endpoint in self.spec.endpoints}
        limits, counter = self.settings.limits, self._shared_count
        admissions = make_admissions(self.spec.cors, limits, counter, self._auth.name_of)
        app = admitting(admissions, tree, names, _report_problem, self.close)
        if offers_batch(self.spec):
            asked = (tree.find, self.prefix, self.spec.endpoints)
            batch = make_batch(*asked, source, app.problem, self._auth.headers)
            tree.add(self.prefix + BATCH_PATH, guarded(batch, self._auth.default_requirement()))
        return app

    def _authenticator(self) -> Authenticator:
        settings, schemes = self.settings, self.spec.security_schemes
        if schemes and settings.auth == "none":
            reason = "the spec asks who asks, and none says that nobody has to say it: leave out one of both"
            raise SettingsError("AUTH", reason)
        try:
            return Authenticator(self.spec, settings.api_keys_file, settings.jwt_secret, _report_auth)
        except AuthError as error:
            raise SettingsError(error.place, error.reason) from None

    def _read(self, name: str) -> Read:
        read = self._reads.get(name)
        if read is None:
            raise SettingsError("CACHE_BACKEND", f"{self.settings.cache_backend} has no read {name}")
        return read

    def _is_coherent(self, endpoint: Endpoint) -> bool:
        """Whether copies can answer an endpoint: fullon_cache reads by itself, whatever the spec asks for."""
        name = endpoint.read.name
        return endpoint.coherent and self._reads.get(name) is READS.get(name)

    def _coherent_client(self) -> ReadClient:
        endpoints = filter(self._is_coherent, self.spec.endpoints)
        prefixes = prefixes_of(key for endpoint in endpoints for key in endpoint.read.keys)
        return coherent_client(self._client, self.settings.redis, prefixes, _report_tracking)

    def _counted_together(self) -> SharedCount | None:
        target, rate = self.settings.rate_redis, self.settings.limits.rate
        if target is None or rate is None:
            return None
        served = self.settings.redis
        if isinstance(served, RedisTarget):
            # The settings have looked at it.
            return SharedCount(target, rate, _report_shared_count)
        return SharedCount(target, rate, _report_shared_count, partial(servers, served))

    def _documents(self) -> Callable[[str], tuple[bytes, bytes]]:
        @lru_cache(4)
        def documents(root: str) -> tuple[bytes, bytes]:
            document = self.openapi(root or "/")
            return openapi.to_json(document), openapi.to_yaml(document)

        return documents


def create_app(settings: Settings | None = None) -> GatewayApp:
    """Return the ASGI application of a gateway that the environment configures.

    Where nobody has to say who asks, the log has a warning: on which addresses a server will listen, an
    application cannot know.
    """
    gateway = FullonCacheGateway(settings=settings)
    if not gateway.spec.authenticates and gateway.settings.auth != "none":
        _AUTH_LOG.warning("everybody who reaches this server may read all of it", meant_if="AUTH=none")
    return gateway.get_app()


def _retitled(spec: Spec, title: str) -> Spec:
    members = freeze_object({**spec.info.members, "title": title})
    return dataclasses.replace(spec, info=dataclasses.replace(spec.info, title=title, members=members))


def _report_problem(text: ProblemText, method: str, path: str, ids: Traced, error: Exception) -> None:
    status = text.kind.status
    fields = {"status": status, "method": method, "path": path, "request_id": ids.request_id}
    if ids.trace_id is not None:
        fields["trace_id"] = ids.trace_id
    if status == 500:
        _LOG.error(text.kind.name, **fields, error=error)
    elif status > 500:
        _LOG.warning(text.kind.name, **fields, reason=str(error))
    elif isinstance(error, Unauthenticated | Forbidden):
        _LOG.info(text.kind.name, **fields, reason=str(error))
    else:
        _LOG.info(text.kind.name, **fields)


def _report_auth(place: str, reason: str | None) -> None:
    if reason is None:
        _AUTH_LOG.info("authentication follows a file or address again", place=place)
    else:
        _AUTH_LOG.error("authentication goes on with what it had", place=place, reason=reason)


def _report_unhealthy(error: CacheError) -> None:
    _LOG.warning("health check failed", reason=str(error))


def _report_breaker(reason: str | None) -> None:
    if reason is None:
        _LOG.info("Redis answers again")
    else:
        _LOG.error("Redis is dead: until it answers a probe, requests are answered without it", reason=reason)


def _report_server(role: str, address: str) -> None:
    _LOG.info("Redis is read from", role=role, address=address)


def _report_tracking(reason: str | None) -> None:
    if reason is None:
        _LOG.info("coherent endpoints are answered from copies again")
    else:
        _LOG.warning("coherent endpoints are read from Redis each time: it tells of no change", reason=reason)


def _report_shared_count(reason: str | None) -> None:
    if reason is None:
        _LOG.info("requests are counted by all processes together again")
    else:
        _LOG.warning("each process counts requests for itself: their Redis cannot be used", reason=reason)


def _report_skipped(operation_id: str, skipped: Sequence[CorruptValue]) -> None:
    first, *others = skipped
    fields: dict[str, object] = {"operation": operation_id, "count": len(skipped), "key": first.key}
    if first.field is not None:
        fields["field"] = first.field
    fields["reason"] = first.reason
    if others:
        fields["others"] = "; ".join(error.source for error in others[:_NAMED])
    _LOG.warning("elements left out", **fields)


def _report_cut(operation_id: str, error: Exception) -> None:
    if isinstance(error, CacheError):
        _LOG.warning("answer cut", operation=operation_id, reason=str(error))
    else:
        _LOG.error("answer cut", operation=operation_id, error=error)
