"""One call as both clients make it: everything but sending and waiting."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

import httpx

from fullon_cache_api.client.answer import json_object, read_answer
from fullon_cache_api.client.credentials import Credentials
from fullon_cache_api.client.errors import TransportError
from fullon_cache_api.client.etags import EntityTags
from fullon_cache_api.client.operation import Operation, Value
from fullon_cache_api.client.retry import Retries
from fullon_cache_api.client.stale import marked

T = TypeVar("T")

_ACCEPT = {"accept": "application/json, application/problem+json"}


@dataclass(frozen=True, slots=True)
class Pause:
    """The request is to be sent again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Conversation:
    """What all calls of one client share."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    credentials: Credentials
    retries: Retries
    tags: EntityTags

    def begin(
        self, operation: Operation[T], path: Sequence[Value], query: Mapping[str, Value | None]
    ) -> "Exchange[T]":
        """Return a call that has not been sent yet; raises ValueError for an empty path value."""
        return Exchange(self, operation.target(path, query))


class Exchange(Generic[T]):
    """One call: the request to send, and what each answer to it means."""

    def __init__(self, conversation: Conversation, target: str) -> None:
        self._shared = conversation
        self._target = target
        self._known = conversation.tags.get(target)
        self._started = time.monotonic()
        self._retried = 0

    @property
    def url(self) -> str:
        """Where the request goes."""
        return self._shared.base_url + self._target

    @property
    def headers(self) -> httpx.Headers:
        """The headers of the request."""
        headers = httpx.Headers(_ACCEPT)
        headers.update(self._shared.credentials.headers())
        headers.update(self._shared.headers)
        if self._known is not None:
            headers["if-none-match"] = self._known.tag
        return headers

    def receive(self, response: httpx.Response) -> T | Pause:
        """Return what the endpoint answers, or how long to wait before the request is sent again.

        Raises ProblemError or UnexpectedAnswer.
        """
        pause = self._shared.retries.pause(response, self._retried, time.monotonic() - self._started)
        if pause is not None:
            self._retried += 1
            return Pause(pause)
        if self._known is not None and response.status_code == httpx.codes.NOT_MODIFIED:
            return cast("T", marked(json_object(self._known.body), response))
        answer = read_answer(self._target, response)
        self._shared.tags.remember(self._target, response)
        return cast("T", marked(answer, response))

    def failed(self, error: httpx.RequestError) -> TransportError:
        """Return the error for a request to which no whole answer came."""
        return TransportError(self._target, str(error) or type(error).__name__)


def base_url(text: str) -> str:
    """Return a base URL without a slash at its end; raises ValueError where no request can go there."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ValueError(f"the base URL cannot be used: {error}") from None
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise ValueError("the base URL must be http(s)://host/prefix, without query and fragment")
    return text.rstrip("/")
