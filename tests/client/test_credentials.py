"""A client that says who it is."""

import pickle
from collections.abc import Iterator

import pytest
import redis
from client.calling import Calling
from client.scripted import Answer, Scripted
from guarded import Guarded, bearer, write_guarded
from hosts import store_ticker
from support import serving

from fullon_cache_api.client import CacheClient, Forbidden, ProblemError, Unauthenticated
from fullon_cache_api.client.credentials import Credentials
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return write_guarded(tmp_path_factory.mktemp("guarded"))


@pytest.fixture(scope="module")
def guarded_url(desk: Guarded, redis_server: EmbeddedServer) -> Iterator[str]:
    with serving(FullonCacheGateway(settings=desk.settings(redis_server.url))) as client:
        yield f"{str(client.base_url).rstrip('/')}/api"


@pytest.fixture(autouse=True)
def ticker(writer: "redis.Redis") -> None:
    store_ticker(writer, "binance", "BTC/USDT", 42.0)


def test_a_key_or_a_token_lets_a_client_in(make: Calling, guarded_url: str, desk: Guarded) -> None:
    token = bearer()["Authorization"].partition(" ")[2]
    for credentials in (
        {"api_key": desk.keys["market"]["X-API-Key"]},
        {"token": token},
        {"token": lambda: token},
    ):
        answer = make(guarded_url, **credentials)("get_ticker", "binance", "BTC/USDT")
        assert answer["ticker"]["last"] == 42.0


def test_who_is_not_let_in_is_told_why(make: Calling, guarded_url: str, desk: Guarded) -> None:
    with pytest.raises(Unauthenticated) as caught:
        make(guarded_url)("get_ticker", "binance", "BTC/USDT")
    assert (caught.value.status, caught.value.scopes) == (401, ())
    key = desk.keys["accounts"]["X-API-Key"]
    with pytest.raises(Forbidden) as refused:
        make(guarded_url, api_key=key)("list_positions")
    assert refused.value.scopes == ("accounts:all",)
    assert pickle.loads(pickle.dumps(refused.value)).scopes == ("accounts:all",)
    with pytest.raises(Forbidden) as foreign:
        make(guarded_url, api_key=key)("list_account_positions", 3)
    assert foreign.value.scopes == ()


def test_each_of_a_batch_says_whether_it_was_let_in(guarded_url: str, desk: Guarded) -> None:
    with CacheClient(guarded_url, api_key=desk.keys["accounts"]["X-API-Key"]) as client:
        mine, foreign = client.batch(["/accounts/1/positions", "/accounts/3/positions"])
    assert isinstance(mine, dict)
    assert isinstance(foreign, Forbidden)
    assert isinstance(foreign, ProblemError)


def test_a_token_is_asked_for_at_each_request(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(200, b"{}", {"content-type": "application/json"})] * 2
    tokens = iter(["one", "two"])
    call = make(script.url, token=lambda: next(tokens))
    for _ in range(2):
        call("list_tickers")
    assert [headers["authorization"] for headers in script.headers] == ["Bearer one", "Bearer two"]


def test_headers_of_ones_own_win(make: Calling, script: Scripted) -> None:
    script.answers = [Answer(200, b"{}", {"content-type": "application/json"})]
    make(script.url, api_key="mine", headers={"X-API-Key": "other", "X-More": "1"})("list_tickers")
    (headers,) = script.headers
    assert (headers["x-api-key"], headers["x-more"]) == ("other", "1")


@pytest.mark.parametrize("value", ["", "a b", "a\r\nX-Evil: 1", "é", "a\x00"])
@pytest.mark.parametrize("name", ["api_key", "token"])
def test_what_no_header_can_carry_is_refused_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^the {name} cannot be sent: it must be visible ASCII$"):
        CacheClient("http://127.0.0.1:1/api", **{name: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^the token cannot be sent: it must be visible ASCII$"):
        Credentials(token=lambda: value).headers()


def test_a_client_that_is_shown_shows_no_secret() -> None:
    client = CacheClient("http://127.0.0.1:1/api", api_key="s3cret", token="s3cret", headers={"X": "s3cret"})
    assert "s3cret" not in repr(client) + repr(vars(client)) + str(client._conversation)
    client.close()


def test_a_client_without_credentials_sends_none() -> None:
    assert Credentials().headers() == {}
