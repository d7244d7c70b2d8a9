"""What comes is not what Redis says: garbage, and replies that are cut, too many, too long or too deep."""

import random
from collections.abc import AsyncIterator, Callable

from failures.stage import TIMEOUT, UNAVAILABLE, WELL, Failure, Stage

AT_ONCE = "503, at once"
FIRST_TIMEOUT = "504 for the first ones, then 503 at once"
_RESP = b"+-:$*_#,(!=%~>|"
"""What begins a reply; who lies in proper RESP cannot be told from an honest server."""


def rewritten(rewrite: Callable[[bytes], bytes]) -> Callable[[Stage], AsyncIterator[None]]:
    async def make(stage: Stage) -> AsyncIterator[None]:
        stage.proxy.rewrite = rewrite
        yield
        stage.proxy.rewrite = None

    return make


def noise(piece: bytes) -> bytes:
    data = random.randbytes(40)
    return data if data[:1] not in _RESP else noise(piece)


FAILURES = (
    Failure("Random bytes", (UNAVAILABLE,), AT_ONCE, 1, 1, rewritten(noise)),
    Failure(
        "Another protocol (HTTP)",
        (UNAVAILABLE,),
        AT_ONCE,
        1,
        1,
        rewritten(lambda piece: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ),
    Failure(
        "Replies without their ends",
        (TIMEOUT,),
        "504, or 200 for replies that came whole, or 503 at once",
        1.5,
        2,
        rewritten(lambda piece: piece[:-3]),
        lasts=3,
        at_times=(WELL, UNAVAILABLE),
    ),
    Failure(
        "Replies that nobody asked for behind the others",
        (WELL,),
        "200: that connection is not used again",
        1,
        1,
        rewritten(lambda piece: piece + b"$3\r\nlie\r\n"),
    ),
    Failure(
        "Too few replies",
        (UNAVAILABLE, TIMEOUT),
        FIRST_TIMEOUT,
        1.5,
        2,
        rewritten(lambda piece: b""),
        lasts=3,
    ),
    Failure(
        "A reply of another type than the command's",
        (UNAVAILABLE,),
        AT_ONCE,
        1,
        1,
        rewritten(lambda piece: b":1\r\n" * 20),
    ),
    Failure(
        "A length of 9,999,999,999 bytes",
        (UNAVAILABLE, TIMEOUT),
        FIRST_TIMEOUT,
        1.5,
        2,
        rewritten(lambda piece: b"$9999999999\r\nx"),
        lasts=3,
    ),
    Failure(
        "An array of 9,999,999,999 elements",
        (UNAVAILABLE,),
        AT_ONCE,
        1,
        1,
        rewritten(lambda piece: b"*9999999999\r\n"),
    ),
    Failure("Arrays 10,000 deep", (UNAVAILABLE,), AT_ONCE, 1, 1, rewritten(lambda piece: b"*1\r\n" * 10_000)),
    Failure(
        "An error in the middle of an array",
        (UNAVAILABLE,),
        AT_ONCE,
        1,
        1,
        rewritten(lambda piece: b"*2\r\n$1\r\na\r\n-ERR x\r\n" * 20),
    ),
)
