"""Where the keys of tokens come from: a secret, a file, or an address that is asked now and then."""

import asyncio
import time
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Protocol, TypeAlias
from urllib.error import HTTPError

from fullon_cache_api.spec.security import Algorithm

from .jwks import MAX_BYTES, KeySet, PublicKey, keys_left, parse_key_set, read_key_set
from .principal import AuthenticationUnavailable, AuthError
from .watched_file import Report, WatchedFile

FETCH_EVERY = 600.0
"""Seconds after which an address is asked again, so that a key that was taken back there ends here, too."""

FETCH_AGAIN = 30.0
"""Seconds between two fetches at the least, however many ids tokens name, and after one that failed."""

FETCH_FIRST_AGAIN = 2.0
"""The same where no fetch has succeeded yet, and no token can be verified."""

FETCH_TIMEOUT = 5.0
WAIT = 2.0
"""Seconds that a request waits for a fetch at most."""

_CHUNK = 64 * 1024

Key: TypeAlias = PublicKey | bytes
Fetch: TypeAlias = Callable[[str], bytes]


class KeySource(Protocol):
    """What has the keys; `version` is another object whenever they have changed.

    It is None where there are none yet, or none that may be used: `renew` is to be waited for.
    """

    @property
    def version(self) -> object:
        """What stands for the keys as they are."""

    def find(self, identity: str | None) -> Key | None:
        """Return the key of an id; that of None is the only one, where there is but one."""

    async def renew(self) -> None:
        """Look for keys that are not known yet; raises AuthenticationUnavailable where there are none."""


class Secret:
    """The one key of HS256, whatever id a token names."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @property
    def version(self) -> object:
        """The secret stays as it is."""
        return self

    def find(self, identity: str | None) -> Key | None:
        """Return the secret."""
        return self._secret

    async def renew(self) -> None:
        """Do nothing: there is no other."""


class KeySetFile:
    """The key set of a file, as it is now; raises AuthError where it cannot be used at first."""

    def __init__(self, path: Path, algorithm: Algorithm, report: Report) -> None:
        self._file: WatchedFile[KeySet] = WatchedFile(
            path, lambda path: read_key_set(path, algorithm), report, instead=keys_left
        )

    @property
    def version(self) -> object:
        """The keys of the file."""
        return self._file.value

    def find(self, identity: str | None) -> Key | None:
        """Return the key of an id."""
        return self._file.value.get(identity)

    async def renew(self) -> None:
        """Do nothing: the file is looked at anyway."""


class KeySetAddress:
    """The key set of an address: fetched when first needed, then every `FETCH_EVERY` seconds, in a thread.

    The last good set stays where a fetch fails, and while one is under way, unless that comes late because
    nobody has asked for so long. Those who wait for a fetch wait for the same one.
    """

    def __init__(
        self,
        address: str,
        algorithm: Algorithm,
        report: Report,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._algorithm = algorithm
        self._report = report
        self._fetch = fetch or fetch_bytes
        self._clock = clock
        self._keys: KeySet | None = None
        self._began: float | None = None
        self._ended = 0.0
        self._is_awaited = False
        self._under_way: asyncio.Task[None] | None = None
        self._reason: str | None = None

    @property
    def version(self) -> object:
        """The last good set, None where it has to be waited for; another fetch begins where that is old."""
        if self._keys is not None and self._may_begin(self._pause):
            self._begin()
        return None if self._is_awaited else self._keys

    def find(self, identity: str | None) -> Key | None:
        """Return the key of an id."""
        return None if self._keys is None or self._is_awaited else self._keys.get(identity)

    async def renew(self) -> None:
        """Fetch the keys, unless that was done a moment ago."""
        if self._may_begin(FETCH_FIRST_AGAIN if self._keys is None else FETCH_AGAIN):
            self._begin()
        task = self._under_way
        if task is not None and not task.done():
            # Who goes away, or has waited enough, leaves the fetch to the others.
            await asyncio.wait([task], timeout=WAIT)
            self._is_awaited = False
        if self._keys is None:
            raise AuthenticationUnavailable(self._reason or "no keys have come yet")

    def _may_begin(self, pause: float) -> bool:
        task = self._under_way
        if task is not None and task.get_loop() is not asyncio.get_running_loop():
            # Of an event loop that is gone nothing comes any more.
            self._under_way = task = None
            self._is_awaited = False
        if task is not None and not task.done():
            return False
        return self._began is None or self._clock() - self._began >= pause

    @property
    def _pause(self) -> float:
        """Seconds from the last fetch to the next one: fewer where that failed, or was lost with its loop."""
        has_come = self._began is not None and self._ended >= self._began
        return FETCH_EVERY if has_come and self._reason is None else FETCH_AGAIN

    def _begin(self) -> None:
        now = self._clock()
        # Where it is late, nobody having come, a key can have been taken back that the last set still has.
        self._is_awaited = now - self._ended >= self._pause + FETCH_TIMEOUT
        self._began = now
        self._under_way = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        try:
            raw = await asyncio.to_thread(self._fetch, self._address)
            keys = parse_key_set(raw, self._algorithm, self._address)
        except AuthError as error:
            self._failed(error.reason)
            left = keys_left(error)
            if self._keys is not None and left is not None:
                self._keys = left
        except Exception as error:
            # Whatever it fails by, the last good keys stay.
            self._failed(f"cannot be fetched: {_why(error)}")
        else:
            if self._reason is not None:
                self._report(self._address, None)
            self._reason = None
            # What was verified by the same keys stays verified.
            if not _are_equal(keys, self._keys):
                self._keys = keys
        self._ended = self._clock()
        self._is_awaited = False

    def _failed(self, reason: str) -> None:
        if reason != self._reason:
            self._report(self._address, reason)
        self._reason = reason


def fetch_bytes(address: str) -> bytes:
    """Return what an address answers, up to a byte more than a key set may have; follows no redirect.

    Raises TimeoutError where it takes too long, and whatever urllib does.
    """
    deadline = time.monotonic() + FETCH_TIMEOUT
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if address.startswith("http://"):
        # That is this machine, which no proxy has to see.
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    body = b""
    with urllib.request.build_opener(*handlers).open(request, timeout=FETCH_TIMEOUT) as answer:
        while len(body) <= MAX_BYTES and (chunk := answer.read1(_CHUNK)):
            body += chunk
            if time.monotonic() > deadline:
                raise TimeoutError
    return body


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect an error: the address was checked, where it leads was not."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def _why(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the answer is {error.code}"
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or type(reason).__name__)


def _are_equal(keys: KeySet, others: KeySet | None) -> bool:
    if others is None or keys.keys() != others.keys():
        return False
    return all(key.public_numbers() == others[name].public_numbers() for name, key in keys.items())
