"""A small HTTP server that answers what a test tells it to, and writes down what it was asked."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; a status of 0 closes the connection instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Scripted:
    """The answers to come, the last of them again and again, and the requests that came."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)

    def next(self, target: str, headers: Message) -> Answer:
        """Write a request down, and return its answer."""
        self.targets.append(target)
        self.headers.append(headers)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def scripted() -> Iterator[Scripted]:
    """Serve a script on a free port."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: two small packets would wait for each other's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            answer = script.next(self.path, self.headers)
            if not answer.status:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.status != 304:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return "Mon, 01 Jan 2024 12:00:00 GMT"

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_address[1]}/api"
        yield script
        server.shutdown()
        thread.join()
