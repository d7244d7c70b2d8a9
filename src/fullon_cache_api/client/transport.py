"""The two ways to send a call and to wait: blocking, and on an event loop."""

import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import anyio
import httpx

from fullon_cache_api.client.answer import JsonObject
from fullon_cache_api.client.batch import batch_entries, batch_operation
from fullon_cache_api.client.credentials import Credentials, Token
from fullon_cache_api.client.errors import ProblemError
from fullon_cache_api.client.etags import EntityTags
from fullon_cache_api.client.exchange import Conversation, Pause, base_url
from fullon_cache_api.client.operation import Operation, Value
from fullon_cache_api.client.retry import Retries

T = TypeVar("T")

DEFAULT_TIMEOUT = 10.0
DEFAULT_RETRIES = 2
DEFAULT_RETRY_WITHIN = 30.0
DEFAULT_ETAGS = 128

_NO_QUERY: Mapping[str, Value | None] = MappingProxyType({})


class _Client:
    def __init__(
        self,
        address: str,
        headers: Mapping[str, str] | None,
        credentials: Credentials,
        retries: Retries,
        etags: int,
    ) -> None:
        self._conversation = Conversation(
            base_url(address), dict(headers or {}), credentials, retries, EntityTags(etags)
        )


class SyncClient(_Client):
    """Sends calls from a thread; several threads may share one.

    `base_url` is the gateway's address with its prefix, `http://127.0.0.1:8000/api`; `headers` go with every
    request. `api_key` is sent as X-API-Key, `token` as bearer token; a function gives one for each request.
    `timeout` (seconds) is that of each request. A 503 is sent again up to `retries` times, after
    what its Retry-After says, as long as that ends within `retry_within` seconds of the first attempt.
    Answers of up to `etags` requests are remembered, and only asked for again where they have changed.
    `http` is a client of your own to send with, whose timeout then holds; it stays open. Raises ValueError
    for an address, a key or a token that cannot be used; its calls raise ClientError.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        api_key: str | None = None,
        token: Token | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
        retry_within: float = DEFAULT_RETRY_WITHIN,
        etags: int = DEFAULT_ETAGS,
        http: httpx.Client | None = None,
    ) -> None:
        super().__init__(
            base_url, headers, Credentials(api_key, token), Retries(retries, retry_within), etags
        )
        self._owns_http = http is None
        self._http = http or httpx.Client(timeout=timeout)

    def close(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        if self._owns_http:
            self._http.close()

    def batch(self, gets: Iterable[str]) -> list[JsonObject | ProblemError]:
        """Ask up to 50 endpoints at once, each by its path below the prefix and its query, percent-encoded.

        Gives for each what it answers, or the ProblemError that its own method would raise, in their order.
        """
        operation = batch_operation(gets)
        return batch_entries(operation, self._call(operation))

    def __enter__(self) -> Self:
        """Give the client; it is closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    def _call(
        self,
        operation: Operation[T],
        path: Sequence[Value] = (),
        query: Mapping[str, Value | None] = _NO_QUERY,
    ) -> T:
        exchange = self._conversation.begin(operation, path, query)
        while True:
            try:
                response = self._http.get(exchange.url, headers=exchange.headers)
            except httpx.RequestError as error:
                raise exchange.failed(error) from error
            outcome = exchange.receive(response)
            if not isinstance(outcome, Pause):
                return outcome
            time.sleep(outcome.seconds)


class AsyncClient(_Client):
    """Sends calls from an event loop; `SyncClient` says what each argument means."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        api_key: str | None = None,
        token: Token | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
        retry_within: float = DEFAULT_RETRY_WITHIN,
        etags: int = DEFAULT_ETAGS,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(
            base_url, headers, Credentials(api_key, token), Retries(retries, retry_within), etags
        )
        self._owns_http = http is None
        self._http = http or httpx.AsyncClient(timeout=timeout)

    async def aclose(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        if self._owns_http:
            await self._http.aclose()

    async def batch(self, gets: Iterable[str]) -> list[JsonObject | ProblemError]:
        """Ask up to 50 endpoints at once, each by its path below the prefix and its query, percent-encoded.

        Gives for each what it answers, or the ProblemError that its own method would raise, in their order.
        """
        operation = batch_operation(gets)
        return batch_entries(operation, await self._call(operation))

    async def __aenter__(self) -> Self:
        """Give the client; it is closed at the end."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.aclose()

    async def _call(
        self,
        operation: Operation[T],
        path: Sequence[Value] = (),
        query: Mapping[str, Value | None] = _NO_QUERY,
    ) -> T:
        exchange = self._conversation.begin(operation, path, query)
        while True:
            try:
                response = await self._http.get(exchange.url, headers=exchange.headers)
            except httpx.RequestError as error:
                raise exchange.failed(error) from error
            outcome = exchange.receive(response)
            if not isinstance(outcome, Pause):
                return outcome
            await anyio.sleep(outcome.seconds)
