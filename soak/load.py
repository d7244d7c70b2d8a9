"""Clients: those who ask and check, and those who are rude."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from asks import Ask, Failed, Wrong, pick
from client import PATIENCE, Answer, Broken, Client
from tally import Tally
from truth import Truth

RUDE = 0.02
"""The part of all requests that no ordinary client would send, or whose answer it would not read."""

KNOWN = 0.05
"""The part that is sent again at once with the ETag of its answer."""

REST = 0.06
"""Seconds that a client rests between requests, at most."""

WARM, WARM_WITHIN = 20_000, 60.0
"""Requests after which the budgets of kept answers (17 MB in all) are used, and seconds to send them in."""

_GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /api/tickers/binance/S0001-USDT\xff HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"\r\n" * 50,
)
_LARGE = b"GET /api/tickers/bybit HTTP/1.1\r\nHost: localhost\r\n\r\n"
_SMALL = b"GET /api/tickers/binance/S0001-USDT HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(slots=True)
class Load:
    """So many clients of a gateway at 127.0.0.1, each with a chance of its own."""

    port: int
    truth: Truth
    tally: Tally
    seed: int
    clients: int = 24
    rest: float = REST

    async def warm(self) -> None:
        """Ask without rest, until what the gateway keeps within budgets has had the time to grow."""
        self.rest = 0.0
        until = time.monotonic() + WARM_WITHIN
        while sum(self.tally.requests.values()) < WARM and time.monotonic() < until:
            await self.run(5.0)
        self.rest = REST

    async def run(self, seconds: float) -> None:
        """Ask for so many seconds."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(self.clients):
                group.create_task(self._client(random.Random(f"{self.seed}-{number}"), until))

    async def _client(self, chance: random.Random, until: float) -> None:
        client = Client("127.0.0.1", self.port)
        while time.monotonic() < until:
            if chance.random() < RUDE:
                rude: Callable[[random.Random], Awaitable[None]] = chance.choice(
                    (self._garbage, self._vanish, self._slow, self._pipeline)
                )
                with suppress(OSError):
                    await rude(chance)
            else:
                await self.ask(client, pick(chance), again=chance.random() < KNOWN)
            await asyncio.sleep(chance.random() * self.rest)
            if chance.random() < 0.02:
                client.close()
        client.close()

    async def ask(self, client: Client, ask: Ask, *, again: bool = False) -> None:
        """Send a request, and judge its answer; `again` with the ETag that it had."""
        answer = await self._judged(client, ask.name, ask, ask.headers)
        if again and answer is not None and answer.status == 200 and "etag" in answer.headers:
            known = {**ask.headers, "If-None-Match": answer.headers["etag"]}
            await self._judged(client, "known", ask, known, answer)

    async def _judged(
        self, client: Client, name: str, ask: Ask, headers: Mapping[str, str], known: Answer | None = None
    ) -> Answer | None:
        asked = time.monotonic()
        try:
            answer = await client.get(ask.target, headers, ask.method)
            answered = time.monotonic()
            # What is said to be still true has to be.
            judged = known if known is not None and answer.status == 304 else answer
            is_good = ask.judge(judged, self.truth, asked, answered)
        except (Broken, Failed) as error:
            self.tally.failed(name, error.kind, asked, time.monotonic())
            return None
        except (Wrong, KeyError, ValueError, TypeError, AttributeError) as error:
            self.tally.good(name, "untrue", asked, time.monotonic())
            self.tally.mistake(f"{name} {ask.target}: {error!r}", asked)
            return None
        (self.tally.good if is_good else self.tally.failed)(name, str(answer.status), asked, answered)
        return answer

    async def _garbage(self, chance: random.Random) -> None:
        """Send what is no request: it is refused, or waited for more."""
        asked = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(chance.choice(_GARBAGE))
        try:
            async with asyncio.timeout(1):
                head = await reader.read(1 << 16)
        except TimeoutError:
            head = b""
        writer.close()
        if head.startswith(b"HTTP/1.1 5"):
            self.tally.mistake(f"garbage answered with {head[:20]!r}", asked)
        self.tally.good("garbage", head[9:12].decode() or "nothing", asked, time.monotonic())

    async def _vanish(self, chance: random.Random) -> None:
        """Ask, and be gone before the answer, or in the midst of it."""
        asked = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(chance.choice((_LARGE, _SMALL)) * chance.randint(1, 3))
        await asyncio.sleep(chance.choice((0, 0.001, 0.01)))
        if chance.random() < 0.5:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await reader.read(chance.choice((1, 1_000)))
        writer.transport.abort()
        self.tally.good("gone client", "unread", asked, time.monotonic())

    async def _slow(self, chance: random.Random) -> None:
        """Read a large answer little by little, and not to its end."""
        asked = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1_024)
        writer.write(_LARGE * 4)
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(0.5, 4)):
                while await reader.read(512):
                    await asyncio.sleep(0.05)
        writer.transport.abort()
        self.tally.good("slow client", "unread", asked, time.monotonic())

    async def _pipeline(self, chance: random.Random) -> None:
        """Send several requests at once: they are answered in their order."""
        asked = time.monotonic()
        numbers = [chance.randrange(60) for _ in range(5)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for number in numbers:
            target = f"/api/tickers/kraken/S{number:04d}-USDT?fields=symbol"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while received.count(b"HTTP/1.1 ") < 5 or not received.endswith(b"}"):
                    data = await reader.read(1 << 16)
                    if not data:
                        break
                    received += data
        writer.close()
        statuses = [piece[:3].decode() for piece in received.split(b"HTTP/1.1 ")[1:]]
        right = [b'"symbol":"S%04d-USDT"' % number for number in numbers]
        places = [received.find(symbol) for symbol in right]
        if statuses == ["200"] * 5 and not all(
            symbol in piece for symbol, piece in zip(right, received.split(b"HTTP/1.1 ")[1:], strict=True)
        ):
            return self.tally.mistake(f"pipelined answers out of order: {places}", asked)
        status = next((each for each in statuses if each != "200"), "200" if len(statuses) == 5 else "cut")
        ended = time.monotonic()
        is_good = status == "200" or (status == "404" and self.truth.may_lack(asked - 0.1, ended))
        (self.tally.good if is_good else self.tally.failed)("pipelined", status, asked, ended)
