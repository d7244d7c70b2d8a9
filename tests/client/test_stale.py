"""An answer that the gateway gives though it cannot read Redis says so to who uses the client."""

from client.calling import Calling
from client.scripted import Answer, Scripted

from fullon_cache_api.client import stale_age

MARKED = {"Warning": '111 - "Revalidation Failed"', "Age": "7", "ETag": '"t"', "Cache-Control": "no-store"}
BODY = b'{"symbol":"BTC-USDT"}'


def test_an_answer_that_is_marked_says_how_old_it_is_and_is_else_like_any_other(
    script: Scripted, make: Calling
) -> None:
    script.answers = [Answer(body=BODY), Answer(body=BODY, headers=MARKED), Answer(body=BODY)]
    call = make(script.url)
    ages = []
    for _ in range(3):
        answer = call("get_ticker", "binance", "BTC/USDT")
        assert answer == {"symbol": "BTC-USDT"}
        ages.append(stale_age(answer))
    assert ages == [None, 7, None]


def test_a_304_that_is_marked_marks_the_answer_that_is_remembered(script: Scripted, make: Calling) -> None:
    script.answers = [Answer(body=BODY, headers={"ETag": '"t"'}), Answer(304, headers=MARKED)]
    call = make(script.url)
    assert stale_age(call("get_ticker", "binance", "BTC/USDT")) is None
    again = call("get_ticker", "binance", "BTC/USDT")
    assert (again, stale_age(again)) == ({"symbol": "BTC-USDT"}, 7)


def test_an_answer_that_is_shared_is_not_stale(script: Scripted, make: Calling) -> None:
    script.answers = [Answer(body=BODY, headers={"Age": "1"})]
    assert stale_age(make(script.url)("get_ticker", "binance", "BTC/USDT")) is None


def test_of_a_batch_each_answer_is_marked(script: Scripted, make: Calling) -> None:
    body = b'{"count":2,"answers":[{"get":"/a","status":200,"body":{"a":1},"stale_age":3},'
    body += b'{"get":"/b","status":200,"body":{"b":1}}]}'
    script.answers = [Answer(body=body, headers=MARKED)]
    first, second = make(script.url)("batch", ["/a", "/b"])
    assert (first, stale_age(first)) == ({"a": 1}, 3)
    assert (second, stale_age(second)) == ({"b": 1}, None)
