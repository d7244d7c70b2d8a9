"""What a process of the gateway's own may do, and a library in somebody else's may not."""

import gc
import sys

SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread that makes a large answer lets the event loop go on.

Python's own are ten times as many, and small requests would wait for that long several times.
"""


def settle() -> None:
    """Keep what is loaded out of every garbage collection to come; let no thread hold the event loop up."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.collect()
    gc.freeze()
