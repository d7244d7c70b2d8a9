"""The limits of the settings, as the command `serve` keeps to them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Launch

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("trusted", "statuses"),
    [("127.0.0.1", [200, 200, 200, 429]), ("192.0.2.1", [200, 429, 429, 429])],
    ids=["trusted", "not trusted"],
)
def test_the_address_that_a_proxy_names_counts_where_the_proxy_is_trusted(
    launch: Launch, redis_url: str, http: httpx.Client, trusted: str, statuses: list[int]
) -> None:
    limits = {"API_RATE": "0.001", "API_RATE_BURST": "1", "FORWARDED_ALLOW_IPS": trusted}
    running = launch("serve", "--port", "0", REDIS_URL=redis_url, **limits)
    url = f"{running.url()}/api/tickers"
    addresses = ("198.51.100.1", "198.51.100.2", "203.0.113.9, 198.51.100.3", "203.0.113.8, 198.51.100.3")
    answers = [http.get(url, headers={"X-Forwarded-For": address}) for address in addresses]
    assert [answer.status_code for answer in answers] == statuses
    assert running.stop(signal.SIGTERM) == 0


def test_workers_keep_to_the_limits_of_what_is_sent(
    launch: Launch, redis_url: str, http: httpx.Client
) -> None:
    limits = {"API_MAX_TARGET": "500", "API_MAX_HEADERS": "2000"}
    running = launch("serve", "--port", "0", "--workers", "2", REDIS_URL=redis_url, **limits)
    url = running.url()
    assert http.get(f"{url}/api/tickers").status_code == 200
    assert http.get(f"{url}/{'a' * 500}").status_code == 414
    assert http.get(f"{url}/api/tickers", headers={"A": "b" * 2_000}).status_code == 431
    assert running.stop(signal.SIGTERM) == 0


def test_the_count_cannot_be_kept_in_the_redis_that_is_served(launch: Launch, redis_url: str) -> None:
    same = redis_url.replace("127.0.0.1", "localhost")
    running = launch("serve", "--port", "0", REDIS_URL=redis_url, API_RATE="1", RATE_REDIS_URL=same)
    assert running.ended() == 2
    assert running.err == "RATE_REDIS_URL: is the Redis that is served, which nothing may write to\n"
