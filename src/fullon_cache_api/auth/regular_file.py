"""Files with keys, read without waiting: a pipe in their place would hold up a worker that looks at it."""

import os
import stat
from pathlib import Path

from .principal import AuthError


def read_regular_file(path: Path, most: int) -> tuple[bytes, int]:
    """Return what is in a file, and its mode (`st_mode`).

    Raises AuthError where it cannot be read, is no regular file, or has more than `most` bytes.
    """
    try:
        # open(2): with O_NONBLOCK a FIFO that nobody writes to opens at once, too.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise AuthError(str(path), "is no regular file")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                raw = file.read(most + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise AuthError(str(path), f"cannot be read: {error.strerror or type(error).__name__}") from None
    if len(raw) > most:
        raise AuthError(str(path), f"is larger than {most} bytes")
    return raw, mode
