"""The gateway as `fullon-cache-api serve` runs it: a process of its own, whose use of the machine is seen."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

SERVE = ("-m", "fullon_cache_api.cli", "serve")
STARTS_WITHIN = 60.0
STOPS_WITHIN = 20.0

_SIGNS = ("Traceback", "Exception in ASGI", "internal-error", "never retrieved", "never awaited", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Served:
    """A running gateway on 127.0.0.1; `log` is what it has written."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def is_alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.process.poll() is None

    @property
    def memory(self) -> float:
        """Its resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    @property
    def threads(self) -> int:
        """How many threads it has."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def kept_waiting(self) -> float:
        """Seconds for which it was ready to run and was given no processor (/proc/PID/schedstat)."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9

    def signs_of_trouble(self) -> list[str]:
        """Return the lines of its log that must not be there."""
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip() for line in lines if any(sign in line for sign in _SIGNS)]


@contextmanager
def served(
    log: Path,
    variables: Mapping[str, str],
    command: tuple[str, ...] = SERVE,
    python: Path | str = sys.executable,
) -> Iterator[Served]:
    """Serve on a free port with these variables besides; `{port}` in another command is that port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    own = {"API_HOST": "127.0.0.1", "API_PORT": str(port), "API_WORKERS": "1", "LOG_FORMAT": "json"}
    filled = [part.replace("{port}", str(port)) for part in command]
    with log.open("wb") as output:
        environment = {**os.environ, **own, **variables}
        process = subprocess.Popen([python, *filled], env=environment, stdout=output, stderr=output)
    try:
        _wait_until_alive(process, port, log)
        yield Served(process, port, log)
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _wait_until_alive(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(
                    f"the gateway does not answer: {log.read_text(errors='replace')}"
                ) from None
            time.sleep(0.05)
