"""What a process of the gateway's own may do, and a library in somebody else's may not."""

import gc


def settle() -> None:
    """Keep what is loaded out of every garbage collection to come."""
    gc.collect()
    gc.freeze()
