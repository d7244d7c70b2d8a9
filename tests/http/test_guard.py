"""An owner who is named in the query, and what an application asks for that has been extended."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import redis
from guarded import Guarded, write_guarded
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from support import serving

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

SPEC = """\
info: {title: Orders, version: '1'}
securitySchemes:
  apiKey: {type: apiKey, in: header, name: X-API-Key}
parameters:
  user: {name: user_id, in: query, required: true, schema: {type: integer, minimum: 0}, example: 1}
  exchange: {in: query, schema: {type: string, pattern: '^[a-z]+$'}, example: binance}
  symbol: {in: path, schema: {type: string}, decode: symbol, example: BTC-USDT}
  name: {name: exchange, in: path, schema: {type: string}, example: binance}
endpoints:
  /orders:
    operationId: listOrders
    summary: Orders of a user
    parameters: [user, exchange]
    read: OrdersCache.get_user_orders
    response: user_orders.json
    security: [apiKey]
    owner: {param: user_id, claim: sub}
  /tickers/{exchange}/{symbol}:
    operationId: getTicker
    summary: A ticker
    parameters: [name, symbol]
    read: TickCache.get_ticker
    response: ticker.json
    security: [apiKey]
    owner: {param: exchange, claim: sub}
  /bots:
    operationId: listBots
    summary: Bots
    read: BotCache.get_bots
    response: bots.json
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return small(tmp_path_factory.mktemp("small"))


def small(folder: Path) -> Guarded:
    """The small spec, and the keys of the large one."""
    desk = write_guarded(folder)
    desk.spec.write_text(SPEC)
    return desk


@pytest.fixture(scope="module")
def client(desk: Guarded, redis_server: EmbeddedServer) -> Iterator[httpx.Client]:
    with serving(FullonCacheGateway(settings=desk.settings(redis_server.url))) as client:
        yield client


@pytest.fixture(autouse=True)
def orders(writer: "redis.Redis") -> None:
    """An order of user 7, and one of user 8."""
    for user in (7, 8):
        order = {"order_id": str(user), "uid": user, "exchange": "binance", "symbol": "BTC/USDT"}
        writer.hset("order_status:binance", str(user), json.dumps(order))


def get(client: httpx.Client, desk: Guarded, query: str) -> httpx.Response:
    request = client.build_request("GET", "/", headers=desk.keys["accounts"])
    request.url = request.url.copy_with(raw_path=f"/api/orders?{query}".encode())
    return client.send(request)


@pytest.mark.parametrize(
    "query",
    [
        "user_id=7",
        "user_id=%37",
        "%75ser_id=7",
        "user_id=7&exchange=binance",
        "&user_id=7&",
        "exchange=x&user_id=7",
    ],
)
def test_an_owner_reads_his_own(client: httpx.Client, desk: Guarded, query: str) -> None:
    answer = get(client, desk, query)
    assert answer.status_code == 200
    assert answer.json()["user_id"] == 7
    assert all(order["uid"] == 7 for order in answer.json()["orders"])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "user_id",
        "user_id=",
        "user_id=8",
        "user_id=%38",
        "%75ser_id=8",
        "user_id=7&user_id=8",
        "user_id=8&user_id=7",
        "user_id=7&%75ser_id=8",
        "%75ser_id=8&user_id=7",
        "user_id=7&user_id=7",
        "user_id=07",
        "user_id=+7",
        "user_id=7+",
        "user_id=7.0",
        "user_id=7%00",
        "user_id=-7",
        "user_id=7;user_id=8",
        "user_id=8&exchange=X",
        "user_id=8&nope=1",
        "user_id[]=7",
        "User_id=7",
        "user_id=%ff",
        "user_id=7%",
        "user_id=%EF%BC%97",
    ],
)
def test_no_way_to_write_a_query_leads_to_somebody_elses(
    client: httpx.Client, desk: Guarded, query: str
) -> None:
    answer = get(client, desk, query)
    assert answer.status_code == 403, answer.text
    assert answer.json()["detail"] == "What the request names is somebody else's."


@pytest.mark.parametrize(
    "query",
    ["user_id=7&exchange=X", "user_id=7&nope=1", "user_id=7&exchange=x&exchange=y", "user_id=7&%ff=1"],
)
def test_an_owners_mistakes_are_told_to_him(client: httpx.Client, desk: Guarded, query: str) -> None:
    for _ in range(2):
        assert get(client, desk, query).status_code == 400


PAIRS = st.tuples(
    st.sampled_from(["user_id", "%75ser_id", "user%5fid", "USER_ID", "exchange", "user_id[]", ""]),
    st.sampled_from(["7", "%37", "8", "%38", "07", "+7", "7&user_id=8", "", "x"]),
)


@given(st.lists(PAIRS, max_size=4), st.sampled_from("&;"))
@examples(150)
def test_only_one_user_is_ever_read(
    client: httpx.Client, desk: Guarded, pairs: list[tuple[str, str]], joint: str
) -> None:
    answer = get(client, desk, joint.join(f"{name}={value}" for name, value in pairs))
    assert answer.status_code in (200, 400, 403)
    if answer.status_code == 200:
        assert answer.json()["user_id"] == 7
    assert b'"uid":8' not in answer.content


def test_a_text_is_an_owner_as_it_is_written(client: httpx.Client, desk: Guarded) -> None:
    def status(exchange: str) -> int:
        path = f"/api/tickers/{quote(exchange, safe='')}/BTC-USDT"
        return client.get(path, headers=desk.keys["accounts"]).status_code

    assert status("7") == 404
    assert {status(other) for other in ("07", "7 ", "\u0667", "7/x", "8", "None")} == {403}


def test_what_says_nothing_of_security_is_open_and_so_is_the_batch_but_not_what_is_in_it(
    client: httpx.Client, desk: Guarded
) -> None:
    assert client.get("/api/bots").status_code == 200
    gets = [("get", "/bots"), ("get", "/orders?user_id=7"), ("get", "/orders?user_id=8")]

    def statuses(headers: dict[str, str]) -> list[int]:
        answers = client.get("/api/batch", params=gets, headers=headers).json()["answers"]
        return [one["status"] for one in answers]

    assert statuses({}) == [200, 401, 401]
    assert statuses(desk.keys["accounts"]) == [200, 200, 403]


def test_it_is_asked_for_behind_middleware_and_beside_routes_that_were_added(
    desk: Guarded, redis_server: EmbeddedServer
) -> None:
    async def mine(request: Request) -> Response:
        return PlainTextResponse("mine")

    gateway = FullonCacheGateway(settings=desk.settings(redis_server.url))
    app = gateway.get_app()
    app.add_middleware(GZipMiddleware)
    app.router.add_route("/mine", mine)
    with serving(gateway) as client:
        assert client.get("/mine").text == "mine"
        assert client.get("/api/orders?user_id=7").status_code == 401
        assert client.get("/api/orders?user_id=8", headers=desk.keys["accounts"]).status_code == 403
        assert client.get("/api/orders?user_id=7", headers=desk.keys["accounts"]).status_code == 200


def test_a_rate_is_that_of_a_key_wherever_it_is_used_and_of_an_address_where_there_is_none(
    desk: Guarded, redis_server: EmbeddedServer
) -> None:
    settings = desk.settings(redis_server.url, API_RATE="0.01", API_RATE_BURST="2")
    with serving(FullonCacheGateway(settings=settings)) as client:
        ask = "/api/orders?user_id=7"
        by_key = [client.get(ask, headers=desk.keys["accounts"]).status_code for _ in range(3)]
        by_other = [client.get(ask, headers=desk.keys["all"]).status_code for _ in range(3)]
        wrong = {"X-API-Key": "fca_wrong"}
        by_address = [client.get(ask, headers=wrong).status_code for _ in range(2)]
        assert by_key[-1] == by_other[-1] == 429
        assert 429 not in (*by_key[:2], *by_other[:2])
        assert by_address == [401, 401]
        assert client.get(ask).status_code == 429
