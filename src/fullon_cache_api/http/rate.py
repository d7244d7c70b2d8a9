"""How many requests each client has made: a token bucket for each, in one number (GCRA)."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from fullon_cache_api.limits import RateLimit

from .client_identity import is_authenticated

KNOWN = 10_000
"""Addresses that have a bucket of their own; those that come when all are in use share the next."""

SHARED = 1_024
"""Buckets for all addresses beyond: memory does not grow with them, and whoever has a bucket keeps it."""


class Taken(NamedTuple):
    """What came of taking a token: how many whole ones are left, and the seconds until all are there again.

    `wait` are the seconds until there is one, 0 where one was taken.
    """

    wait: float
    left: int
    full_in: float

    @property
    def allowed(self) -> bool:
        """Whether a token was taken."""
        return self.wait <= 0


def taken(limit: RateLimit, wait: float, full_in: float) -> Taken:
    """Return what is left in a bucket that is full again in so many seconds."""
    # A bit more than nothing, so that what was added and taken away again comes to a whole number.
    left = math.floor((limit.window - full_in) * limit.rate + 1e-6)
    return Taken(wait, max(0, left), full_in)


@dataclass(slots=True)
class Buckets:
    """The buckets of one process; a full one is like a new one, and is forgotten.

    `full_at` has for each the time (seconds of any clock) at which it is full again, longest unused first.
    """

    limit: RateLimit
    full_at: dict[str, float] = field(default_factory=dict)

    def name(self, who: str, now: float) -> str:
        """Return the bucket of an identity: its own, or one that it shares where too many are in use."""
        if who in self.full_at:
            return who
        self._forget(now)
        if is_authenticated(who):
            return who
        # Python's hash of a text is keyed: nobody can choose whose bucket to share.
        return who if len(self.full_at) < KNOWN else f"shared {hash(who) % SHARED}"

    def take(self, name: str, now: float) -> Taken:
        """Take a token out of a bucket, if there is one."""
        limit = self.limit
        full_at = max(self.full_at.pop(name, now), now)
        after = full_at + 1 / limit.rate
        wait = after - now - limit.window
        # Rounding must not refuse the last token of a full bucket.
        if wait > 1e-9:
            self.full_at[name] = full_at
            return taken(limit, wait, full_at - now)
        self.full_at[name] = after
        return taken(limit, 0.0, after - now)

    def _forget(self, now: float) -> None:
        """Drop some of what is full again: more than come, so that in time all of it goes."""
        for _ in range(2):
            oldest = next(iter(self.full_at), None)
            if oldest is None or self.full_at[oldest] > now:
                return
            del self.full_at[oldest]
