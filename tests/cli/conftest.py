"""The command line, in this process where nothing is served, else as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import httpx
import pytest
from click.testing import CliRunner, Result
from loguru import logger

from fullon_cache_api.cli import main
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.settings import SETTINGS

T = TypeVar("T")

WITHIN = 30.0
NAMES = [name for variable in SETTINGS for name in (variable.name, *variable.others)]


class Cli(Protocol):
    """Runs a command in this process."""

    def __call__(self, *args: str | Path, **variables: str) -> Result: ...


class Launch(Protocol):
    """Starts a command as a process of its own, with these variables and no other setting."""

    def __call__(self, *args: str | Path, **variables: str) -> "Running": ...


class Environment(Protocol):
    """The environment of a process of one's own, with these variables and no other setting."""

    def __call__(self, **variables: str) -> dict[str, str]: ...


@dataclass
class Running:
    """A command that runs, or has ended: what it wrote, and the records it logged as JSON."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8")

    def records(self, message: str) -> list[dict[str, object]]:
        """The fields of each complete record with that message."""
        entries = [json.loads(line) for line in self.err.split("\n")[:-1] if line.startswith("{")]
        return [entry["fields"] for entry in entries if entry["message"] == message]

    def wait(self, condition: Callable[[], T | None], wanted: str) -> T:
        """The condition's first true answer; a failed test when there is none, or the command ended."""
        deadline = time.monotonic() + WITHIN
        while not (answer := condition()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                pytest.fail(f"no {wanted}; status {self.process.poll()}\n{self.out}\n{self.err}")
            time.sleep(0.01)
        return answer

    def serving(self) -> dict[str, object]:
        """The fields of the record that `serve` logs once it serves."""
        return self.wait(lambda: self.records("serving"), "record of serving")[0]

    def url(self) -> str:
        """Where `serve` serves."""
        return str(self.serving()["url"])

    def demo_url(self) -> str:
        """Where `demo` says that it serves."""
        found = self.wait(lambda: re.search(r"Start page +(http://\S+)/\n", self.out), "welcome")
        return found[1]

    def children(self) -> set[int]:
        """Every process below it, as Linux lists them."""
        found = {self.process.pid}
        while more := {pid for pid, parent in _parents() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def stop(self, number: signal.Signals) -> int:
        """Send a signal; the exit status. No process below it may be left."""
        below = self.children()
        self.process.send_signal(number)
        status = self.ended()
        # Helpers of the standard library end by themselves when they notice that their parent has.
        deadline = time.monotonic() + WITHIN
        while left := [pid for pid in below if alive(pid)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.01)
        return status

    def ended(self) -> int:
        """The exit status, once the command has ended."""
        return self.process.wait(WITHIN)


def _parents() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(stat.parent.name), int(fields[1])


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOG_CONSOLE", "false")

    def run(*args: str | Path, **variables: str) -> Result:
        return CliRunner().invoke(main, [str(arg) for arg in args], env=variables)

    yield run
    logger.configure(extra={}, patcher=lambda record: None)


@pytest.fixture
def environment() -> Environment:
    def environ(**variables: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in NAMES}
        return {**inherited, "LOG_FORMAT": "json", **variables}

    return environ


@pytest.fixture
def launch(tmp_path: Path, environment: Environment) -> Iterator[Launch]:
    started: list[Running] = []

    def start(*args: str | Path, **variables: str) -> Running:
        folder = tmp_path / f"process-{len(started)}"
        folder.mkdir()
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "fullon_cache_api.cli", *map(str, args)],
                stdout=out,
                stderr=err,
                cwd=tmp_path,
                env=environment(**variables),
            )
        started.append(Running(process, folder))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
            try:
                running.process.wait(WITHIN)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private server on a port, without any data."""
    with EmbeddedServer(port=0) as server:
        yield server.url


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=WITHIN, trust_env=False) as client:
        yield client


@pytest.fixture
def bad_spec(tmp_path: Path) -> Path:
    """A spec with two mistakes."""
    path = tmp_path / "bad.yaml"
    path.write_text("info: {title: T, version: '1'}\nendpoint: {}\nendpoints: []\n", encoding="utf-8")
    return path
