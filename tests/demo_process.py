"""The demo as its users start it: a process of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

READY_WITHIN = 60.0
STOPS_WITHIN = 30.0


@contextmanager
def running_demo(log: Path) -> Iterator[str]:
    """Run `fullon-cache-api demo` and give its URL; its output goes to a file."""
    port = _free_port()
    command = [sys.executable, "-m", "fullon_cache_api.cli", "demo", "--port", str(port)]
    # Text that is drawn at random can be longer, percent-encoded, than a target may be: others test that.
    own = {**os.environ, "API_MAX_TARGET": "65536"}
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=own) as demo:
        try:
            _wait_until_ready(port, demo, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            demo.send_signal(signal.SIGINT)
            try:
                demo.wait(timeout=STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                demo.kill()
                raise


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_until_ready(port: int, demo: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and demo.poll() is None:
        if _readiness(port) == http.HTTPStatus.OK:
            return
        time.sleep(0.05)
    pytest.fail(f"the demo is not ready: {log.read_text(encoding='utf-8', errors='replace')}")


def _readiness(port: int) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
