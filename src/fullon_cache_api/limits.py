"""How much the gateway takes from its clients, as numbers; who keeps to them stands elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How often one client may ask: `rate` requests per second, and `burst` of them at once."""

    rate: float
    burst: int

    @property
    def window(self) -> float:
        """Seconds in which a client that has used up its burst has all of it again."""
        return self.burst / self.rate


@dataclass(frozen=True, slots=True)
class Limits:
    """What `serve` keeps to, and of it `requests`, `streams`, `answer` and `rate` any application.

    `connections` and `requests` (None: as many as come) are those at a time, `streams` the answers that are
    sent while they are read. `answer` (None: any), `target` and `headers` are bytes. `client_timeout` are the
    seconds in which a client has to send the head of a request, or to take in some of an answer.
    """

    connections: int = 1_000
    requests: int | None = None
    streams: int = 100
    answer: int | None = None
    target: int = 16_384
    headers: int = 32_768
    client_timeout: float = 10.0
    rate: RateLimit | None = None
