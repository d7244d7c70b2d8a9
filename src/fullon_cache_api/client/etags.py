"""Answers that are remembered by their entity tags, to be asked for again only where they have changed."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import httpx

MAX_BODY = 1 << 20
"""Bytes: larger answers are not remembered."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A body and its entity tag."""

    tag: str
    body: bytes


class EntityTags:
    """The answers that were used last, `limit` of them at most; threads may share it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: OrderedDict[str, Tagged] = OrderedDict()
        self._lock = Lock()

    def get(self, target: str) -> Tagged | None:
        """Return what is remembered of a target."""
        with self._lock:
            found = self._answers.get(target)
            if found is not None:
                self._answers.move_to_end(target)
            return found

    def remember(self, target: str, response: httpx.Response) -> None:
        """Keep a 200, unless it has no tag, is large, or must not be stored (RFC 9111, section 5.2.2.5)."""
        tag = response.headers.get("etag")
        if not self._limit or tag is None or len(response.content) > MAX_BODY or _no_store(response):
            return
        with self._lock:
            self._answers[target] = Tagged(tag, response.content)
            self._answers.move_to_end(target)
            if len(self._answers) > self._limit:
                self._answers.popitem(last=False)


def _no_store(response: httpx.Response) -> bool:
    directives = response.headers.get("cache-control", "").lower().split(",")
    return any(directive.strip() == "no-store" for directive in directives)
