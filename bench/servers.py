"""The servers that are compared, each a process of its own on this machine."""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

HERE = Path(__file__).parent
STARTS_WITHIN = 30.0
BARE, GATEWAY, SHARING, COHERENT = "bare uvicorn", "gateway", "gateway, shared reads", "gateway, coherent"
KEYED = "gateway, API keys"
UNSERVED = "gateway, by uvicorn alone"
NGINX_LUA = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `pids` are its processes, the parent of workers first."""

    name: str
    url: str
    pids: tuple[int, ...]

    @property
    def cpu_seconds(self) -> float:
        """CPU time that its processes have used."""
        return sum(map(cpu_seconds, self.pids))

    @property
    def peak_megabytes(self) -> float:
        """The most memory that its processes ever held (VmHWM), added up."""
        return sum(_status_megabytes(pid, "VmHWM") for pid in self.pids)

    @property
    def resident_megabytes(self) -> float:
        """The memory that its processes hold (VmRSS), added up."""
        return sum(_status_megabytes(pid, "VmRSS") for pid in self.pids)


@contextmanager
def uvicorn(name: str, app: str, environment: Mapping[str, str], workers: int = 1) -> Iterator[Server]:
    """Run an application of `apps/`, or of the package, by uvicorn alone."""
    options = ["--no-access-log", "--log-level", "warning", "--no-server-header", "--workers", str(workers)]
    if app.startswith(("hosts:", "by_hand:")):
        options.append("--factory")
    command = [sys.executable, "-m", "uvicorn", app, "--app-dir", str(HERE / "apps"), *options]
    with _running(name, [*command, "--port", "{port}"], environment, workers) as server:
        yield server


@contextmanager
def serve(name: str, environment: Mapping[str, str], workers: int = 1) -> Iterator[Server]:
    """Run the gateway as its users do, with all limits for what clients send."""
    command = [sys.executable, "-m", "fullon_cache_api.cli", "serve", "--workers", str(workers)]
    with _running(name, [*command, "--port", "{port}"], environment, workers) as server:
        yield server


@contextmanager
def granian(name: str, app: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run an application under granian, with one worker."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--port", "{port}", app]
    with _running(name, command, environment, workers=2) as server:
        yield server


@contextmanager
def webdis(redis_socket: str, folder: Path) -> Iterator[Server]:
    """Run Webdis, which answers with what Redis holds, unchecked."""
    port = free_port()
    settings = {"redis_host": redis_socket, "http_host": "127.0.0.1", "http_port": port, "threads": 2}
    (folder / "webdis.json").write_text(json.dumps({**settings, "daemonize": False, "logfile": "/dev/null"}))
    binary = shutil.which("webdis")
    assert binary is not None
    with _running("Webdis", [binary, str(folder / "webdis.json")], {}, port=port) as server:
        yield server


@contextmanager
def nginx(redis_socket: str, folder: Path) -> Iterator[Server]:
    """Run nginx with a Lua script that answers with what Redis holds, unchecked, in two processes."""
    port = free_port()
    written = (HERE / "nginx.conf").read_text().replace("{port}", str(port)).replace("{redis}", redis_socket)
    # Its workers would be somebody else, whom the socket does not let in.
    written = written.replace("{user}", getpass.getuser())
    (folder / "nginx.conf").write_text(written)
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with _running("nginx + Lua", command, {}, workers=2, port=port) as server:
        yield server


@contextmanager
def _running(
    name: str, command: Sequence[str], environment: Mapping[str, str], workers: int = 1, port: int = 0
) -> Iterator[Server]:
    port = port or free_port()
    filled = [part.replace("{port}", str(port)) for part in command]
    process = subprocess.Popen(filled, env={**os.environ, **environment})
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url + "/", process)
        pids = (process.pid,) if workers == 1 else (process.pid, *_children(process.pid))
        yield Server(name, url, pids)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def status_of(url: str) -> int:
    """Return the status that a URL is answered with."""
    try:
        with urlopen(url, timeout=5) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        return error.code


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used (utime and stime of /proc/PID/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status_megabytes(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{name}:")[1].split()[0]) / 1024


def _children(pid: int) -> tuple[int, ...]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return tuple(map(int, text.split()))


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            status_of(url)
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{url} does not answer") from None
            time.sleep(0.05)
