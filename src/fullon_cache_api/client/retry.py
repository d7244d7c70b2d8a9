"""When a request is sent again: after a 503 or a 429, which say that the gateway does not answer now."""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

DEFAULT_PAUSE = 1.0
"""Seconds to wait after one that does not say how long."""


_PASSING = (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is sent again, and for how long (seconds since its first attempt)."""

    times: int
    within: float

    def pause(self, response: httpx.Response, done: int, elapsed: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None where this answer is the last.

        `done` is how often the request was sent again already, `elapsed` the time since it was first sent.
        """
        if response.status_code not in _PASSING or done >= self.times:
            return None
        seconds = retry_after(response)
        pause = DEFAULT_PAUSE if seconds is None else seconds
        return pause if elapsed + pause <= self.within else None


def retry_after(response: httpx.Response) -> float | None:
    """Return Retry-After in seconds, whether it gives those or a date (RFC 9110, section 10.2.3).

    A date is compared with the answer's own, so that a wrong clock here changes nothing.
    """
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    then = _timestamp(text)
    if then is None:
        return None
    now = _timestamp(response.headers.get("date", ""))
    return max(0.0, then - (time.time() if now is None else now))


def _timestamp(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
