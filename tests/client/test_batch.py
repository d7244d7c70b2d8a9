"""Several endpoints asked at once by both clients: an answer or an error for each."""

import pytest
import redis
from client.calling import Calling
from client.scripted import Answer, Scripted

from fullon_cache_api.client import BadParameters, NotCached, UnexpectedAnswer


@pytest.fixture(autouse=True)
def cached(writer: "redis.Redis") -> None:
    writer.hset("tickers:binance", mapping={"BTC/USDT": '{"last": 1.5}', "A/B-C": '{"last": 2.5}'})


def test_each_get_gives_its_answer_or_the_error_that_its_method_would_raise(make: Calling, url: str) -> None:
    call = make(url)
    gets = ["/tickers/binance/BTC-USDT", "/tickers/binance/NO-SUCH", "/ohlcv/BTC-USDT/1m?count=0"]
    found, missing, bad, slash = call("batch", [*gets, "/tickers/binance/A%2FB-C"])
    assert found["ticker"]["last"] == 1.5
    assert found == call("get_ticker", "binance", "BTC-USDT")
    assert type(missing) is NotCached
    assert (missing.status, missing.instance) == (404, "/api/tickers/binance/NO-SUCH")
    assert type(bad) is BadParameters
    assert [mistake.name for mistake in bad.errors] == ["count"]
    assert slash["ticker"]["last"] == 2.5


@pytest.mark.parametrize("gets", [[], ["/tickers"] * 51])
def test_none_and_more_than_fifty_are_refused(make: Calling, url: str, gets: list[str]) -> None:
    with pytest.raises(BadParameters):
        make(url)("batch", gets)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"answers": 1}', b'{"answers": [1]}', b'{"answers": [{"status": 200, "body": 1}]}']
)
def test_what_is_no_batch_is_unexpected(make: Calling, script: Scripted, body: bytes) -> None:
    script.answers = [Answer(body=body)]
    with pytest.raises(UnexpectedAnswer, match="its body is no batch"):
        make(script.url)("batch", ["/a?b=c", "/d"])
    assert script.targets == ["/api/batch?get=%2Fa%3Fb%3Dc&get=%2Fd"]
