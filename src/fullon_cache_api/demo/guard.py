"""Child processes that never outlive this one, however it ends."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Each line that the guard reads is the process to end, an empty one means none; the end of the input means
# that nobody holds the pipe's other end any more: this process closed it, or is gone, kill -9 included.
_WATCH = """
while read -r line; do pid=$line; done
[ -n "$pid" ] && kill -KILL "$pid"
PATH=$PATH:/bin:/usr/bin rm -rf "$1"
"""

# The child tells the guard its own pid before it becomes the program: at no moment does it run unwatched.
_LAUNCH = 'echo $$; exec "$@" >>"$0" 2>&1'


class Guard:
    """Watches over one child at a time and over a folder: both go when this process does.

    A small shell waits for the end of a pipe. That holds on Linux and macOS and for any kind of death, where
    `prctl(PR_SET_PDEATHSIG)` is Linux only, needs a `preexec_fn`, and fires when the starting *thread* ends.
    A child made by a bare `os.fork` inherits the pipe and keeps the guard waiting for as long as it lives.
    """

    def __init__(self, folder: Path) -> None:
        """Take charge of `folder`, which is removed with everything in it."""
        reader, writer = os.pipe()
        self._pipe = os.fdopen(writer, "wb", buffering=0)
        with os.fdopen(reader, "rb", buffering=0) as watched:
            # Its own session: a Ctrl-C in the terminal reaches this process only, which ends its children.
            self._watcher = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, "guard", str(folder)],
                stdin=watched,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def launch(self, command: Sequence[str], *, cwd: Path, output: Path) -> subprocess.Popen[bytes]:
        """Start `command` in `cwd`, with its output appended to `output`."""
        return subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCH, str(output), *command],
            stdin=subprocess.DEVNULL,
            stdout=self._pipe,
            cwd=cwd,
            start_new_session=True,
        )

    def release(self) -> None:
        """Forget the child: it has ended, and its pid may soon be another process'."""
        self._pipe.write(b"\n")

    def close(self) -> None:
        """End what is still watched and remove the folder."""
        self._pipe.close()
        self._watcher.wait()
