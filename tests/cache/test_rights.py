"""What a user could do, asked of a Redis that does not answer."""

import socket
import time

import pytest

from fullon_cache_api.cache import CacheUnavailable, RedisTarget
from fullon_cache_api.cache import rights as module
from fullon_cache_api.cache.rights import rights


@pytest.mark.anyio
async def test_a_redis_that_hangs_is_not_asked_for_longer_than_it_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ASKED_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = RedisTarget.from_url(f"redis://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(CacheUnavailable) as caught:
            await rights(target, ["key"])
        assert caught.value.reason == "no answer"
        assert 0.2 <= time.monotonic() - began < 5


@pytest.mark.anyio
async def test_a_redis_that_is_not_there_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CacheUnavailable) as caught:
        await rights(RedisTarget.from_url(f"redis://127.0.0.1:{port}"), ["key"])
    assert caught.value.reason == "no connection"
