"""A failure is tried again only where the machine is to blame."""

import ctypes
import time

from machine import Machine


def test_a_machine_on_which_no_thread_goes_on_for_long_stood_still() -> None:
    machine = Machine()
    machine.begin()
    assert not machine.stood_still()
    # A call through PyDLL keeps the interpreter's lock.
    ctypes.PyDLL(None).usleep(500_000)
    end = time.monotonic() + 5
    while not machine.stood_still():
        assert time.monotonic() < end
    machine.begin()
    assert not machine.stood_still()
