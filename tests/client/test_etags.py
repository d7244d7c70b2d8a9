"""Answers are asked for again by their entity tags."""

import json
from typing import Any

import httpx
import pytest
import redis
from client.calling import Calling
from client.scripted import Answer, Scripted

from fullon_cache_api.client import CacheClient, UnexpectedAnswer
from fullon_cache_api.client.etags import MAX_BODY

TAG = {"ETag": '"a"', "Cache-Control": "max-age=1"}


def asked_with(script: Scripted) -> list[str | None]:
    return [headers["If-None-Match"] for headers in script.headers]


def test_the_gateway_is_asked_again_and_sends_an_unchanged_body_once(url: str, writer: "redis.Redis") -> None:
    writer.hset("tickers:binance", "BTC/USDT", json.dumps({"last": 1.5, "time": 1704110400}))
    seen: list[tuple[int, int]] = []

    def note(response: httpx.Response) -> None:
        seen.append((response.status_code, len(response.read())))

    with httpx.Client(event_hooks={"response": [note]}) as http, CacheClient(url, http=http) as client:
        first = client.get_ticker("binance", "BTC/USDT")
        second = client.get_ticker("binance", "BTC/USDT")
        writer.hset("tickers:binance", "BTC/USDT", json.dumps({"last": 2.5, "time": 1704110400}))
        third = client.get_ticker("binance", "BTC/USDT")
    assert (first, first["ticker"]["last"], third["ticker"]["last"]) == (second, 1.5, 2.5)
    (full, length), again, (changed, _) = seen
    assert (full, again, changed) == (200, (304, 0), 200)
    assert length > 100


def test_what_a_304_gives_is_the_caller_s_own(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(200, b'{"tickers": [1]}', TAG), Answer(304, b"", TAG)]
    call = make(script.url)
    for _ in range(3):
        answer: Any = call("list_tickers")
        assert answer == {"tickers": [1]}
        answer["tickers"].append(2)
    assert asked_with(script) == [None, '"a"', '"a"']


def test_each_path_and_query_has_its_own_tag(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(200, b"{}", TAG)]
    call = make(script.url)
    call("list_exchange_tickers", "binance")
    call("list_exchange_tickers", "kraken")
    call("get_ticker_health", stale_after=1)
    call("get_ticker_health", stale_after=2)
    assert asked_with(script) == [None] * 4


def test_a_new_answer_takes_the_place_of_the_old_one(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(200, b"{}", TAG), Answer(200, b"{}", {"ETag": '"b"'}), Answer(304)]
    call = make(script.url)
    for _ in range(3):
        assert call("list_tickers") == {}
    assert asked_with(script) == [None, '"a"', '"b"']


def test_no_more_answers_are_remembered_than_asked_for_and_the_least_used_goes_first(
    make: Calling, script: Scripted
) -> None:
    script.answers = [Answer(200, b"{}", TAG)]
    call = make(script.url, etags=2)
    for exchange in ("a", "b", "a", "c", "a", "b"):
        call("list_exchange_tickers", exchange)
    assert asked_with(script) == [None, None, '"a"', None, '"a"', None]


@pytest.mark.parametrize(
    ("headers", "body", "options"),
    [
        (TAG, b"{}", {"etags": 0}),
        ({}, b"{}", {}),
        ({**TAG, "Cache-Control": "max-age=0, No-Store"}, b"{}", {}),
        (TAG, b'{"x": "%s"}' % (b"x" * MAX_BODY), {}),
    ],
    ids=["switched off", "no tag", "no-store", "large"],
)
def test_what_must_not_be_remembered_is_not(
    make: Calling, script: Scripted, headers: dict[str, str], body: bytes, options: dict[str, Any]
) -> None:
    script.answers = [Answer(200, body, headers)]
    call = make(script.url, **options)
    call("list_tickers")
    call("list_tickers")
    assert asked_with(script) == [None, None]


def test_a_304_that_nobody_asked_for_is_unexpected(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(304, b"", TAG)]
    with pytest.raises(UnexpectedAnswer):
        make(script.url)("list_tickers")
