"""Answers of coherent endpoints that are given again as they are, while nothing that was read has changed."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fullon_cache_api.cache.client import ReadClient
from fullon_cache_api.cache.coherent import CoherentClient
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.copies import LIFETIME, KeyCopies
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.reads.pages import Stream

from .forms import Form
from .kept import Finished
from .shared import aged

ObtainBy: TypeAlias = Callable[[Form, float, ReadClient], Awaitable[Finished | Stream]]
"""Reads an answer through a client and makes it in a form, before a deadline."""


class Unchanged:
    """Obtains the answer to one path and query: the last one, while its replies are kept and coherent.

    Only what comes of one key is given again, and only where it depends on what was read alone: not on the
    time, and with nothing left out, which is reported each time. What is asked for once is not kept.

    Whatever comes of a copy has the age that a copy may have: that Redis has told of all changes by now is
    all but certain, and an answer is never older than it says. What is no answer is never taken from a copy.
    """

    __slots__ = ("_client", "_held", "_is_known", "_obtain")

    def __init__(self, client: CoherentClient, obtain: ObtainBy) -> None:
        self._client = client
        self._obtain = obtain
        self._held: KeyCopies | None = None
        self._is_known = False

    async def __call__(self, form: Form, deadline: float) -> Finished | Stream:
        """Return the answer in a form; raises what the read raises."""
        name, held = (self, form), self._held
        if held is not None:
            unchanged = self._client.still(held, name)
            if isinstance(unchanged, Finished):
                return unchanged
        noting = _Noting(self._client)
        made: Finished | Stream | None = None
        try:
            made = await self._obtain(form, deadline, noting)
        except Exception:
            if not noting.is_copy:
                raise
        if made is None or isinstance(made, Stream):
            # What has gone wrong, "not found" too, and what is sent while it is read can say no age.
            return await self.anew(form, deadline) if made is None or noting.is_copy else made
        if self._is_known and made.is_derived and not made.skipped and noting.held is not None:
            self._held = noting.held
            copy = _copied(made)
            self._client.keep_made(noting.held, name, copy, copy.response.size)
        self._is_known = True
        return _copied(made) if noting.is_copy else made

    async def anew(self, form: Form, deadline: float) -> Finished | Stream:
        """Return the answer as it is in Redis now; raises what the read raises."""
        return await self._obtain(form, deadline, self._client.uncopied)


def _copied(made: Finished) -> Finished:
    return made._replace(response=aged(made.response, LIFETIME), is_copy=True)


class _Noting:
    """The client of one request: `held` is where its replies are kept, if all of them are in one place.

    One copy among them makes all that comes of them one.
    """

    def __init__(self, client: CoherentClient) -> None:
        self._client = client
        self._reads = 0
        self.is_copy = False
        self.held: KeyCopies | None = None

    @property
    def is_open(self) -> bool:
        """Whether Redis is known to be dead, and only a probe asks it: the circuit is open."""
        return self._client.is_open

    async def execute(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> list[Reply]:
        """Return what the client does."""
        self._reads += 1
        read = await self._client.read(commands, deadline, page=page)
        self.is_copy = self.is_copy or read.is_copy
        self.held = read.held if self._reads == 1 else None
        return read.replies

    def ping(self, deadline: float) -> Awaitable[float]:
        """Return how many milliseconds Redis takes to answer PING."""
        return self._client.ping(deadline)

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()
