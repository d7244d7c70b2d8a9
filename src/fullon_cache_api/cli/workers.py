"""Several processes that serve the same port, each with a GracefulServer."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

from uvicorn.config import STARTUP_FAILURE
from uvicorn.server import Server
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from fullon_cache_api.log import get_component_logger

from .graceful import GracefulServer, ServerConfig

_LOOK_EVERY = 0.1

_LOG = get_component_logger("fullon.api.cache.server")


class _Worker(Process):
    """A process whose server ends as a GracefulServer does."""

    config: ServerConfig

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = GracefulServer(self.config)
        return self._server

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if self.process.exitcode is None and self.pid is not None:
                os.kill(self.pid, number)


class Workers(Multiprocess):
    """The parent of some processes: begins another where one has ended, and ends them when it is told to.

    Told a second time, they end at once.
    """

    config: ServerConfig
    processes: list[_Worker]  # type: ignore[assignment]

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        self.processes = [self._begun() for _ in range(self.processes_num)]
        while not self.should_exit.wait(_LOOK_EVERY):
            self.handle_signals()
            self.keep_subprocess_alive()
        self._end()

    def keep_subprocess_alive(self) -> None:
        """Begin another process for each that has ended; all end where one could not start."""
        for index, worker in enumerate(self.processes):
            if self.should_exit.is_set() or worker.process.is_alive():
                continue
            if worker.exitcode == STARTUP_FAILURE:
                _LOG.error("a worker could not start", pid=worker.pid)
                self.should_exit.set()
                return
            _LOG.warning("a worker has ended, and another begins", pid=worker.pid)
            self.processes[index] = self._begun()

    def handle_hup(self) -> None:
        """Do nothing: SIGHUP asks for no restart here, nor SIGTTIN and SIGTTOU for more or fewer workers."""

    handle_ttin = handle_ttou = handle_hup

    def _begun(self) -> _Worker:
        worker = _Worker(self.config, self.sockets)
        worker.start()
        return worker

    def _end(self) -> None:
        # Each worker has its own: the last to close it must be one that accepts what has come.
        for listener in self.sockets:
            listener.close()
        for worker in self.processes:
            worker.signal(signal.SIGTERM)
        self.signal_queue.clear()
        while any(self._left()):
            if not {signal.SIGINT, signal.SIGTERM}.isdisjoint(self.signal_queue):
                self.signal_queue.clear()
                for worker in self._left():
                    worker.signal(signal.SIGTERM)
            time.sleep(_LOOK_EVERY / 2)

    def _left(self) -> Iterator[_Worker]:
        return (worker for worker in self.processes if worker.process.is_alive())
