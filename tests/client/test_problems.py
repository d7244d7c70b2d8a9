"""What goes wrong, as exceptions with fields."""

import copy
import json
import pickle
import socket
from collections.abc import Iterator

import httpx
import pytest
import redis
from client.calling import Calling
from client.scripted import Answer, Scripted
from support import serving, settings_for

from fullon_cache_api.client import (
    AmbiguousOrder,
    BadParameters,
    CacheTimeout,
    CacheUnavailable,
    ClientError,
    CorruptCache,
    NoSuchEndpoint,
    NotCached,
    ParameterMistake,
    ProblemError,
    TransportError,
    UnexpectedAnswer,
)
from fullon_cache_api.client.errors import PROBLEMS
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.spec import problems as kinds

PROBLEM = {"content-type": "application/problem+json; charset=utf-8"}


@pytest.fixture
def dead_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_there_is_an_error_for_each_kind_of_problem() -> None:
    assert set(PROBLEMS) == {kind.type for kind in kinds.PROBLEMS}
    assert {error.__name__ for error in PROBLEMS.values()} == {
        "".join(word.capitalize() for word in kind.name.split("-")) for kind in kinds.PROBLEMS
    }


def test_what_the_cache_does_not_hold_is_not_cached(make: Calling, url: str, writer: "redis.Redis") -> None:
    with pytest.raises(NotCached) as caught:
        make(url)("get_ticker", "binance", "BTC/USDT")
    error = caught.value
    assert (error.type, error.title, error.status) == ("/problems/not-cached", "Not cached", 404)
    assert error.detail == "The cache does not hold what the path names."
    assert error.instance == "/api/tickers/binance/BTC%2FUSDT"
    assert len(error.request_id) == 32
    assert (error.errors, error.key, error.exchanges, error.retry_after) == ((), None, (), None)
    assert str(error) == "404 Not cached: The cache does not hold what the path names."


def test_bad_parameters_are_named_each(make: Calling, url: str) -> None:
    with pytest.raises(BadParameters) as caught:
        make(url)("list_bars", "BTC/USDT", "1x", count=0)
    assert caught.value.status == 400
    assert [(m.location, m.name) for m in caught.value.errors] == [("path", "timeframe"), ("query", "count")]
    assert "query count: the value is less than the minimum of 1" in str(caught.value)


def test_an_ambiguous_order_names_the_exchanges(make: Calling, url: str, writer: "redis.Redis") -> None:
    for exchange in ("binance", "kraken"):
        writer.hset(f"order_status:{exchange}", "1", json.dumps({"order_id": "1", "status": "open"}))
    call = make(url)
    with pytest.raises(AmbiguousOrder) as caught:
        call("get_order_status", "1")
    assert (caught.value.status, caught.value.exchanges) == (409, ("binance", "kraken"))
    assert call("get_order_status", "1", exchange="kraken")["exchange"] == "kraken"


def test_a_corrupt_value_names_its_key(make: Calling, url: str, writer: "redis.Redis") -> None:
    writer.hset("tickers:binance", "BTC/USDT", "{")
    with pytest.raises(CorruptCache) as caught:
        make(url)("get_ticker", "binance", "BTC/USDT")
    assert (caught.value.status, caught.value.key) == (502, "tickers:binance")


def test_a_path_that_the_gateway_lacks_is_no_such_endpoint(make: Calling, url: str) -> None:
    with pytest.raises(NoSuchEndpoint) as caught:
        make(f"{url}/v9")("list_tickers")
    assert caught.value.status == 404


def test_a_redis_that_is_down_is_cache_unavailable(make: Calling, dead_port: int) -> None:
    gateway = FullonCacheGateway(settings=settings_for(f"redis://127.0.0.1:{dead_port}"))
    with serving(gateway) as http, pytest.raises(CacheUnavailable) as caught:
        make(f"{http.base_url}/api", retries=0)("list_tickers")
    assert (caught.value.status, caught.value.retry_after) == (503, 1.0)


def test_a_redis_that_hangs_is_a_cache_timeout(make: Calling, silent_port: int) -> None:
    settings = settings_for(f"redis://127.0.0.1:{silent_port}", API_DEADLINE="0.2")
    with serving(FullonCacheGateway(settings=settings)) as http, pytest.raises(CacheTimeout) as caught:
        make(f"{http.base_url}/api")("list_tickers")
    assert caught.value.status == 504


@pytest.mark.parametrize("problem_type", [*PROBLEMS, "/problems/new", None])
def test_each_problem_type_has_its_error_and_others_have_the_general_one(
    make: Calling, script: Scripted, problem_type: str | None
) -> None:
    body = {} if problem_type is None else {"type": problem_type}
    script.answers = [Answer(418, json.dumps(body).encode(), PROBLEM)]
    with pytest.raises(ProblemError) as caught:
        make(script.url)("list_tickers")
    assert type(caught.value) is PROBLEMS.get(str(problem_type), ProblemError)
    assert caught.value.type == (problem_type or "about:blank")
    assert caught.value.status == 418


def test_members_of_a_wrong_type_count_as_absent(make: Calling, script: Scripted) -> None:
    members = {
        "type": 1,
        "title": ["x"],
        "status": "x",
        "detail": None,
        "errors": [1, {"in": "cookie", "name": 2}],
        "exchanges": ["a", 2],
        "scopes": ["accounts:read", None],
        "key": "",
    }
    headers = {**PROBLEM, "X-Request-ID": "abc", "Retry-After": "7"}
    script.answers = [Answer(500, json.dumps(members).encode(), headers)]
    with pytest.raises(ProblemError) as caught:
        make(script.url)("list_tickers")
    assert caught.value.args == (
        "about:blank",
        "Internal Server Error",
        500,
        "",
        "",
        "abc",
        (ParameterMistake("query", "", ""),),
        None,
        ("a",),
        7.0,
        ("accounts:read",),
    )


@pytest.mark.parametrize(
    "body", [b"<h1>Bad gateway</h1>", b"[]", b"{", b"\xff", b"[" * 100_000, b"1" * 5_000]
)
@pytest.mark.parametrize("status", [200, 404])
def test_a_body_that_is_no_json_object_is_unexpected(
    make: Calling, script: Scripted, body: bytes, status: int
) -> None:
    script.answers = [Answer(status, body, {} if status == 200 else PROBLEM)]
    with pytest.raises(UnexpectedAnswer) as caught:
        make(script.url)("get_ticker", "binance", "BTC/USDT")
    assert (caught.value.status, caught.value.body) == (status, body)
    assert str(caught.value) == (f"GET /tickers/binance/BTC%2FUSDT: {status}, its body is no JSON object")


@pytest.mark.parametrize("status", [204, 304, 307, 401, 500, 502])
def test_an_answer_that_is_none_of_the_gateway_s_is_unexpected(
    make: Calling, script: Scripted, status: int
) -> None:
    script.answers = [Answer(status, b"", {"Location": "/elsewhere", "Content-Type": "application/json"})]
    with pytest.raises(UnexpectedAnswer) as caught:
        make(script.url)("list_tickers")
    assert str(caught.value) == f"GET /tickers: {status}, which is no answer of the gateway"
    assert len(script.targets) == 1


def test_a_refused_connection_is_a_transport_error_and_not_tried_again(make: Calling, dead_port: int) -> None:
    with pytest.raises(TransportError) as caught:
        make(f"http://127.0.0.1:{dead_port}/api")("list_tickers")
    assert caught.value.target == "/tickers"
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert str(caught.value) == f"GET /tickers: {caught.value.reason}"


def test_a_connection_that_is_closed_without_an_answer_is_a_transport_error(
    make: Calling, script: Scripted
) -> None:
    script.answers = [Answer(0)]
    with pytest.raises(TransportError) as caught:
        make(script.url)("list_tickers")
    assert isinstance(caught.value.__cause__, httpx.RemoteProtocolError)
    assert len(script.targets) == 1


def test_a_timeout_is_a_transport_error_that_says_so(make: Calling, silent_port: int) -> None:
    with pytest.raises(TransportError) as caught:
        make(f"http://127.0.0.1:{silent_port}", timeout=0.05)("list_tickers")
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    assert caught.value.reason


@pytest.mark.parametrize(
    "error",
    [
        TransportError("/tickers", "refused"),
        UnexpectedAnswer("/tickers", 502, "odd", b"x"),
        NotCached("/problems/not-cached", "Not cached", 404, "None.", "/api/tickers", "1", retry_after=2.0),
    ],
)
def test_errors_can_be_pickled_and_copied(error: ClientError) -> None:
    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(same), same.args, vars(same)) == (type(error), error.args, vars(error))
        assert str(same) == str(error)
