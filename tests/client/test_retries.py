"""A 503 or a 429 is asked again after what its Retry-After says, within bounds; nothing else is."""

import time

import httpx
import pytest
from client.calling import Calling
from client.scripted import Answer, Scripted

from fullon_cache_api.client import CacheUnavailable, UnexpectedAnswer
from fullon_cache_api.client.retry import Retries, retry_after

NOON = "Mon, 01 Jan 2024 12:00:00 GMT"
BODY = b'{"count": 0, "tickers": []}'
PROBLEM = b'{"type": "/problems/cache-unavailable"}'


def unavailable(after: str | None) -> Answer:
    headers = {"Content-Type": "application/problem+json"}
    return Answer(503, PROBLEM, headers if after is None else {**headers, "Retry-After": after})


@pytest.mark.parametrize("after", ["0", NOON, "Mon, 01 Jan 2024 11:00:00 GMT"])
def test_a_503_is_asked_again_until_the_answer_comes(make: Calling, script: Scripted, after: str) -> None:
    script.answers = [unavailable(after), unavailable(after), Answer(200, BODY)]
    assert make(script.url)("list_tickers") == {"count": 0, "tickers": []}
    assert script.targets == ["/api/tickers"] * 3


def test_a_429_is_asked_again_too(make: Calling, script: Scripted) -> None:
    limited = Answer(429, b"{}", {"Retry-After": "0"})
    script.answers = [limited, Answer(200, BODY)]
    assert make(script.url)("list_tickers") == {"count": 0, "tickers": []}
    assert script.targets == ["/api/tickers"] * 2


def test_it_waits_as_long_as_it_was_told(make: Calling, script: Scripted) -> None:
    script.answers = [unavailable("1"), Answer(200, BODY)]
    started = time.monotonic()
    make(script.url)("list_tickers")
    assert time.monotonic() - started >= 1


def test_a_503_without_a_problem_is_asked_again_too(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(503, b"busy", {"Retry-After": "0"})]
    with pytest.raises(UnexpectedAnswer):
        make(script.url)("list_tickers")
    assert len(script.targets) == 3


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_after_the_last_retry_the_problem_is_raised(make: Calling, script: Scripted, retries: int) -> None:
    script.answers = [unavailable("0")]
    with pytest.raises(CacheUnavailable):
        make(script.url, retries=retries)("list_tickers")
    assert len(script.targets) == 1 + retries


@pytest.mark.parametrize("after", ["31", "9" * 400, "Mon, 01 Jan 2024 12:00:31 GMT"])
def test_a_wait_that_would_take_too_long_is_not_begun(make: Calling, script: Scripted, after: str) -> None:
    script.answers = [unavailable(after)]
    with pytest.raises(CacheUnavailable) as caught:
        make(script.url)("list_tickers")
    assert len(script.targets) == 1
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 30


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_other_statuses_are_final_whatever_their_retry_after(
    make: Calling, script: Scripted, status: int
) -> None:
    script.answers = [Answer(status, b"", {"Retry-After": "0"})]
    with pytest.raises(UnexpectedAnswer):
        make(script.url)("list_tickers")
    assert len(script.targets) == 1


@pytest.mark.parametrize(
    ("after", "date", "seconds"),
    [
        ("0", NOON, 0.0),
        ("120", NOON, 120.0),
        ("Mon, 01 Jan 2024 12:00:09 GMT", NOON, 9.0),
        ("Mon, 01 Jan 2024 11:00:00 GMT", NOON, 0.0),
        ("Mon, 01 Jan 2024 11:00:00 GMT", "", 0.0),
        ("Mon, 01 Jan 2024 11:00:00 GMT", "soon", 0.0),
        ("soon", NOON, None),
        ("-1", NOON, None),
        ("1.5", NOON, None),
        ("²", NOON, None),
        ("", NOON, None),
        ("Mon, 99 Jan 2024 12:00:00 GMT", NOON, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_beside_the_answer_s_own(
    after: str, date: str, seconds: float | None
) -> None:
    headers = httpx.Headers({"Retry-After": after, "Date": date}, encoding="utf-8")
    assert retry_after(httpx.Response(503, headers=headers)) == seconds


def test_a_503_that_does_not_say_when_is_asked_again_after_a_second() -> None:
    response = httpx.Response(503)
    retries = Retries(times=2, within=30)
    assert retries.pause(response, done=0, elapsed=0) == 1.0
    assert retries.pause(response, done=0, elapsed=29) == 1.0
    assert retries.pause(response, done=0, elapsed=29.5) is None
    assert retries.pause(response, done=2, elapsed=0) is None
    assert retries.pause(httpx.Response(200), done=0, elapsed=0) is None
