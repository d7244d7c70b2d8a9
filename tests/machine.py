"""Tells a machine that stood still from a gateway that is slow."""

import threading
import time

_BEAT = 0.02
_STANDSTILL = 0.2


class Machine:
    """Watches how late a thread wakes that only sleeps.

    A shared machine may give nobody the processor for a second or more. What a test measured meanwhile says
    nothing about the gateway.
    """

    def __init__(self) -> None:
        self._longest = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self) -> None:
        """Begin to watch for a new test."""
        self._longest = 0.0

    def stood_still(self) -> bool:
        """Whether the thread once woke too late by far since `begin`."""
        return self._longest > _STANDSTILL

    def _watch(self) -> None:
        while True:
            slept = time.monotonic()
            time.sleep(_BEAT)
            self._longest = max(self._longest, time.monotonic() - slept - _BEAT)
