"""Who is let in, by a real server: every endpoint, every form of an answer, every way to name an owner."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import redis
from auth.signing import claims
from endpoints.layout import POSITION, put_positions
from guarded import SCOPES, Guarded, bearer, write_guarded
from hosts import store_ticker
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.guard import guarded
from fullon_cache_api.loading import load

SPEC = load(CHECKOUT / "endpoints.yaml")
TICKER = "/api/tickers/binance/BTC-USDT"
POSITIONS = "/api/accounts/1/positions"
KEY_CHALLENGE = 'ApiKey realm="fullon-cache-api", header="X-API-Key"'
TOKEN_CHALLENGE = 'Bearer realm="fullon-cache-api"'
OWNED = {
    "/accounts/{user_id}/balances",
    "/accounts/{user_id}/balances/{currency}",
    "/accounts/{user_id}/positions",
    "/accounts/{user_id}/positions/{symbol}",
    "/orders/{user_id}/orders",
    "/trades/users/{user_id}/{exchange}",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return write_guarded(tmp_path_factory.mktemp("guarded"))


@pytest.fixture(scope="module")
def client(desk: Guarded, redis_server: EmbeddedServer) -> Iterator[httpx.Client]:
    """A client of the guarded gateway, without a key."""
    with serving(FullonCacheGateway(settings=desk.settings(redis_server.url, SHARED_READS="true"))) as client:
        yield client


@pytest.fixture(autouse=True)
def cached(writer: "redis.Redis") -> None:
    """A ticker, and positions of the accounts 1 and 3."""
    store_ticker(writer, "binance", "BTC/USDT", 42.0)
    for account in (1, 3):
        put_positions(writer, account, {"BTC/USDT": {**POSITION, "volume": account}})


def example_path(path: str, **values: str) -> str:
    """The path of an endpoint, with the example of each parameter that has no other value."""
    (endpoint,) = (one for one in SPEC.endpoints if one.path == path)
    for parameter in endpoint.parameters:
        value = values.get(parameter.name, str(parameter.example))
        path = path.replace(f"{{{parameter.name}}}", quote(value, safe=""))
    return f"/api{path}"


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Assert that an answer is a problem of this status that nobody may store; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.parametrize("path", [endpoint.path for endpoint in SPEC.endpoints])
def test_every_endpoint_is_for_those_only_who_have_its_scopes(
    client: httpx.Client, desk: Guarded, path: str
) -> None:
    url = example_path(path)
    body = problem(client.get(url), 401)
    assert body["type"] == "/problems/unauthenticated"
    assert problem(client.get(url, headers={"X-API-Key": "fca_x"}), 401)["detail"] == (
        "The API key or token is not accepted."
    )
    (endpoint,) = (one for one in SPEC.endpoints if one.path == path)
    assert problem(client.get(url, headers=desk.keys["nothing"]), 403)["scopes"] == list(endpoint.scopes)
    assert client.get(url, headers=desk.keys["all"]).status_code in (200, 404)
    for name in ("market", "accounts"):
        missing = [scope for scope in endpoint.scopes if scope not in SCOPES[name]]
        response = client.get(url, headers=desk.keys[name])
        if missing:
            assert problem(response, 403)["scopes"] == missing
        else:
            assert response.status_code in (200, 404) or path in OWNED


def test_the_shipped_scopes_are_these() -> None:
    scopes = {endpoint.path: endpoint.scopes for endpoint in SPEC.endpoints}
    assert set(scopes.values()) == {
        ("market:read",),
        ("accounts:read",),
        ("accounts:read", "accounts:all"),
        ("ops:read",),
    }
    assert {path for path, one in scopes.items() if one == ("accounts:read",)} == OWNED
    owners = {endpoint.path: endpoint.owner for endpoint in SPEC.endpoints if endpoint.owner is not None}
    assert owners.keys() == OWNED
    assert {(one.param, one.unless) for one in owners.values()} == {("user_id", "accounts:all")}
    assert {path: one.claim for path, one in owners.items() if one.claim == "sub"}.keys() == {
        "/orders/{user_id}/orders",
        "/trades/users/{user_id}/{exchange}",
    }
    assert {one.claim for one in owners.values()} == {"sub", "ex_id"}
    # Whoever reads these, reads what belongs to everybody: trades and orders name their owners.
    assert {path for path, one in scopes.items() if "accounts:all" in one} == {
        "/accounts",
        "/accounts/summary",
        "/positions",
        "/orders/{order_id}/status",
        "/exchanges/{exchange}/orders",
        "/exchanges/{exchange}/orders/{order_id}",
        "/trades/{exchange}/{symbol}",
    }


def test_who_is_not_known_is_told_how_he_could_be(client: httpx.Client) -> None:
    response = client.get(TICKER)
    assert response.headers.get_list("www-authenticate") == [KEY_CHALLENGE, TOKEN_CHALLENGE]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert problem(response, 401)["request_id"] == response.headers["x-request-id"]
    bad = client.get(TICKER, headers={"Authorization": "Bearer x"})
    assert bad.headers.get_list("www-authenticate") == [
        KEY_CHALLENGE,
        f'{TOKEN_CHALLENGE}, error="invalid_token"',
    ]


def test_a_token_is_as_good_as_a_key(client: httpx.Client) -> None:
    assert client.get(TICKER, headers=bearer()).json()["ticker"]["last"] == 42.0
    response = client.get(POSITIONS, headers=bearer())
    assert problem(response, 403)["scopes"] == ["accounts:read"]
    expected = f'{TOKEN_CHALLENGE}, error="insufficient_scope", scope="accounts:read"'
    assert response.headers.get_list("www-authenticate") == [expected]
    expired = bearer(exp=int(claims()["exp"]) - 700)  # type: ignore[call-overload]
    assert problem(client.get(TICKER, headers=expired), 401)["detail"] == "The token has expired."


def test_nothing_of_an_answer_is_known_to_who_is_not_let_in(client: httpx.Client, desk: Guarded) -> None:
    tag = client.get(TICKER, headers=desk.keys["market"]).headers["etag"]
    for method in ("GET", "HEAD"):
        known = {"If-None-Match": tag}
        assert client.request(method, TICKER, headers=known).status_code == 401
        assert client.request(method, TICKER, headers={**known, **desk.keys["nothing"]}).status_code == 403
        assert client.request(method, TICKER, headers={**known, **desk.keys["market"]}).status_code == 304
        assert client.request(method, TICKER, headers={"If-None-Match": "*"}).status_code == 401
    assert client.head(TICKER).content == b""


@pytest.mark.parametrize(
    "url",
    [
        "/api/tickers/binance/NOPE-USDT",
        "/api/tickers/bin%20ance/BTC-USDT",
        "/api/tickers/binance/BTC-USDT?x=1",
        "/api/tickers/binance/BTC-USDT?fields=nope",
        "/api/tickers/binance/%ff",
        "/api/ohlcv/BTC-USDT/1x?count=0",
    ],
)
def test_a_mistake_is_told_only_to_who_may_ask(client: httpx.Client, desk: Guarded, url: str) -> None:
    assert problem(client.get(url), 401)["detail"].startswith("This is only for those")
    assert problem(client.get(url, headers=desk.keys["accounts"]), 403)["scopes"] == ["market:read"]
    for _ in range(2):
        assert client.get(url, headers=desk.keys["market"]).status_code in (400, 404)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/csv"])
def test_every_form_of_a_collection_is_guarded(client: httpx.Client, desk: Guarded, accept: str) -> None:
    headers = {"Accept": accept}
    assert client.get("/api/tickers", headers=headers).status_code == 401
    assert client.get("/api/tickers", headers={**headers, **desk.keys["accounts"]}).status_code == 403
    answer = client.get("/api/tickers", headers={**headers, **desk.keys["market"]})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(accept)


def test_a_collection_that_is_sent_while_it_is_read_is_guarded(
    client: httpx.Client, desk: Guarded, writer: "redis.Redis"
) -> None:
    for number in range(1_500):
        store_ticker(writer, "kraken", f"S{number}/USDT", 1.0)
    assert client.get("/api/tickers/kraken").status_code == 401
    answer = client.get("/api/tickers/kraken", headers=desk.keys["market"])
    assert (answer.json()["count"], "etag" in answer.headers) == (1_500, False)
    assert client.get("/api/tickers/kraken").status_code == 401


def test_an_answer_that_others_share_is_shared_with_nobody_who_may_not_have_it(
    client: httpx.Client, desk: Guarded
) -> None:
    for _ in range(3):
        assert client.get(TICKER, headers=desk.keys["market"]).status_code == 200
        assert client.get(TICKER).status_code == 401
        assert client.get(TICKER, headers=desk.keys["nothing"]).status_code == 403


def test_no_cache_on_the_way_gives_a_guarded_answer_to_others(
    client: httpx.Client, desk: Guarded, writer: "redis.Redis"
) -> None:
    key = desk.keys["all"]
    ticker = client.get(TICKER, headers=key)
    assert ticker.headers["cache-control"] == "private, no-cache"
    assert "vary" not in ticker.headers
    health = client.get("/api/tickers/health", headers=key)
    assert health.headers["cache-control"] == "private, max-age=1"
    assert health.headers["vary"] == "X-API-Key, Authorization"
    assert client.get(POSITIONS, headers=key).headers["cache-control"] == "no-store"
    both = [("get", "/tickers/health"), ("get", "/processes/status")]
    batch = client.get("/api/batch", params=both, headers=key)
    assert batch.headers["cache-control"] == "private, max-age=1"
    assert batch.headers["vary"] == "authorization, x-api-key"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/health/live",
        "/health/ready",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/openapi.yaml",
        "/problems/unauthenticated",
        "/problems/forbidden",
    ],
)
def test_what_holds_nothing_of_the_cache_is_open(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_what_asks_for_nothing_needs_no_key(client: httpx.Client) -> None:
    assert client.options(TICKER).status_code == 204
    assert client.post(TICKER).status_code == 405
    assert client.get("/api/nope").status_code == 404


def test_an_owner_reads_his_own_and_nobody_elses(client: httpx.Client, desk: Guarded) -> None:
    key = desk.keys["accounts"]
    assert client.get(POSITIONS, headers=key).json()["positions"][0]["volume"] == 1.0
    assert client.get("/api/accounts/2/positions", headers=key).json()["count"] == 0
    body = problem(client.get("/api/accounts/3/positions", headers=key), 403)
    assert body["detail"] == "What the request names is somebody else's."
    assert "scopes" not in body
    assert client.get("/api/accounts/3/positions", headers=desk.keys["all"]).json()["count"] == 1


def test_a_user_is_not_the_account_of_the_same_number(client: httpx.Client, desk: Guarded) -> None:
    key = desk.keys["accounts"]
    for path, status in [
        ("/api/orders/7/orders", 200),
        ("/api/orders/1/orders", 403),
        ("/api/trades/users/7/binance", 200),
        ("/api/trades/users/1/binance", 403),
        ("/api/accounts/7/positions", 403),
        ("/api/accounts/7/balances/USDT", 403),
    ]:
        assert client.get(path, headers=key).status_code == status, path


def test_a_token_is_the_owners_by_its_claims(client: httpx.Client) -> None:
    def status(**members: object) -> int:
        return client.get(POSITIONS, headers=bearer(scope="accounts:read", **members)).status_code

    assert status(ex_id=1) == status(ex_id="1") == status(ex_id=[5, 1]) == 200
    for other in (2, "01", "1 ", " 1", 1.0, True, [True], {"1": 1}, None, "", [], "1,3", "%31", "*"):
        assert status(ex_id=other) == 403, other
    assert status(ex_id=3, sub="1") == 403


OTHERS = [
    "/api/accounts/3/positions",
    "/api/accounts/%33/positions",
    "/api/accounts/03/positions",
    "/api/accounts/+3/positions",
    "/api/accounts/3%20/positions",
    "/api/accounts/3%00/positions",
    "/api/accounts/3.0/positions",
    "/api/accounts/1%2F3/positions",
    "/api/accounts/1%2C3/positions",
    "/api/accounts/3e0/positions",
    "/api/accounts/%ef%bc%93/positions",
    "/api/%61ccounts/3/positions",
    "/api/accounts/3/%70ositions",
    "/api/accounts/3/positions?user_id=1",
    "/api/accounts/3/positions?",
    "/api/accounts/3/positions?fields=symbol",
    "/api/accounts/3/positions?limit=x",
    "/api/accounts/3/positions#x",
    "/api/accounts/-1/positions",
    "/api/accounts/9999999999999999999999/positions",
    "/api/accounts/x/positions",
]


@pytest.mark.parametrize("url", OTHERS)
def test_no_way_to_write_a_path_leads_to_somebody_elses(
    client: httpx.Client, desk: Guarded, url: str
) -> None:
    response = send(client, url, desk.keys["accounts"])
    assert response.status_code == 403, response.text
    assert b"volume" not in response.content


@pytest.mark.parametrize("url", [POSITIONS, "/api/accounts/%31/positions", "/%61pi/accounts/1/positions"])
def test_every_way_to_write_ones_own_leads_there(client: httpx.Client, desk: Guarded, url: str) -> None:
    assert send(client, url, desk.keys["accounts"]).status_code in (200, 404)


@pytest.mark.parametrize(
    "url", ["/api/accounts/3/positions/", "//api/accounts/3/positions", "/api/accounts/1/../3/positions"]
)
def test_what_only_looks_like_a_path_leads_nowhere(client: httpx.Client, desk: Guarded, url: str) -> None:
    assert send(client, url, desk.keys["accounts"]).status_code in (403, 404)


def send(client: httpx.Client, url: str, headers: dict[str, str]) -> httpx.Response:
    """Send a path as it is written, which httpx would put in order."""
    request = client.build_request("GET", "/", headers=headers)
    request.url = request.url.copy_with(raw_path=url.partition("#")[0].encode())
    return client.send(request)


@given(
    segment=st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
    | st.text("0123456789+-. %/_", min_size=1, max_size=5),
    safe=st.sampled_from(["", "/", "%", "+"]),
)
@examples(150)
def test_an_account_is_read_only_where_it_is_one_of_the_owners(
    client: httpx.Client, desk: Guarded, segment: str, safe: str
) -> None:
    url = f"/api/accounts/{quote(segment, safe=safe)}/balances"
    response = send(client, url, desk.keys["accounts"])
    if segment in ("1", "2"):
        assert response.status_code == 404
    else:
        # Where the slash makes another path of it, that is nobody's or somebody else's.
        assert response.status_code in (403, 404)
        assert response.status_code == 403 or response.json()["type"] == "/problems/no-such-endpoint"


def batch(client: httpx.Client, headers: dict[str, str], *gets: str) -> httpx.Response:
    return client.get("/api/batch", params=[("get", get) for get in gets], headers=headers)


def test_a_batch_needs_to_know_who_asks(client: httpx.Client, desk: Guarded) -> None:
    assert problem(batch(client, {}, "/tickers"), 401)["type"] == "/problems/unauthenticated"
    assert problem(client.get("/api/batch?nope=1"), 401)["type"] == "/problems/unauthenticated"
    assert problem(client.get("/api/batch?nope=1", headers=desk.keys["nothing"]), 400)


def test_each_endpoint_of_a_batch_is_asked_for_by_who_asks_for_the_batch(
    client: httpx.Client, desk: Guarded
) -> None:
    gets = (
        "/tickers/binance/BTC-USDT",
        "/accounts/1/positions",
        "/accounts/3/positions",
        "/accounts/%33/positions",
        "/accounts/3/positions?limit=x",
        "/accounts/1/positions?limit=x",
        "/positions",
        "/processes",
        "/health",
    )
    found = {
        name: [one["status"] for one in batch(client, desk.keys[name], *gets).json()["answers"]]
        for name in ("accounts", "market", "all", "nothing")
    }
    assert found == {
        "accounts": [403, 200, 403, 403, 403, 400, 403, 403, 404],
        "market": [200, 403, 403, 403, 403, 403, 403, 403, 404],
        "all": [200, 200, 200, 200, 400, 400, 200, 200, 404],
        "nothing": [403, 403, 403, 403, 403, 403, 403, 403, 404],
    }
    (entry,) = batch(client, desk.keys["accounts"], "/accounts/3/positions").json()["answers"]
    assert entry["body"]["type"] == "/problems/forbidden"
    (mine,) = batch(client, bearer(scope="accounts:read", ex_id=1), "/accounts/1/positions").json()["answers"]
    assert mine["body"]["positions"][0]["volume"] == 1.0


def test_a_batch_of_one_is_not_that_of_another(client: httpx.Client, desk: Guarded) -> None:
    whole = batch(client, desk.keys["all"], "/positions")
    known = {"If-None-Match": whole.headers.get("etag", "*")}
    assert batch(client, {**desk.keys["all"], **known}, "/positions").status_code == 304
    assert batch(client, known, "/positions").status_code == 401
    other = batch(client, {**desk.keys["accounts"], **known}, "/positions")
    assert [one["status"] for one in other.json()["answers"]] == [403]


def test_a_batch_whose_readers_all_fail_by_an_outage_is_one_though_others_are_refused(
    desk: Guarded,
) -> None:
    settings = desk.settings("redis://127.0.0.1:1/0")
    with serving(FullonCacheGateway(settings=settings)) as client:
        key = desk.keys["market"]
        gets = ("/tickers/binance/BTC-USDT", "/positions", "/tickers/bin%20ance")
        assert batch(client, key, *gets).status_code == 503
        assert batch(client, key, "/positions").status_code == 200
        assert client.get(TICKER).status_code == 401


def test_a_key_that_is_revoked_or_given_out_counts_within_seconds(
    desk: Guarded, redis_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from fullon_cache_api.auth.api_key import make_key
    from fullon_cache_api.auth.key_file import read_keys, write_keys

    own = write_guarded(tmp_path_factory.mktemp("own"))
    with serving(FullonCacheGateway(settings=own.settings(redis_server.url))) as client:
        assert client.get(TICKER, headers=own.keys["market"]).status_code == 200
        new = make_key("new", ["market:read"], {}, 0.0)
        kept = [key for key in read_keys(own.keys_file) if key.name != "market"]
        write_keys(own.keys_file, [*kept, new.key])
        eventually(lambda: client.get(TICKER, headers=own.keys["market"]).status_code == 401)
        assert client.get(TICKER, headers={"X-API-Key": new.text}).status_code == 200
        own.keys_file.write_text("not keys any more")
        eventually(lambda: client.get(TICKER, headers={"X-API-Key": new.text}).status_code == 200, times=30)


def eventually(condition: Callable[[], bool], times: int = 1) -> None:
    """Wait until a condition holds, and so many times at a stretch."""
    import time

    deadline, held = time.monotonic() + 10, 0
    while held < times:
        assert time.monotonic() < deadline
        held = held + 1 if condition() else 0
        time.sleep(0.05)


def test_no_secret_is_in_an_answer_a_log_or_a_text(
    client: httpx.Client, desk: Guarded, redis_server: EmbeddedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    key, token = desk.keys["nothing"]["X-API-Key"], bearer()["Authorization"].partition(" ")[2]
    wrong = key[:-4] + "0000"
    texts = [
        client.get(TICKER, headers=headers).text
        for headers in (
            {"X-API-Key": key},
            {"X-API-Key": wrong},
            {"Authorization": f"Bearer {token}x"},
            {"Authorization": f"Bearer {token}"},
        )
    ]
    settings = desk.settings(redis_server.url)
    texts += [repr(settings), repr(FullonCacheGateway(settings=settings)), *capfd.readouterr()]
    secrets = [
        key[-64:],
        wrong[-64:],
        token[-40:],
        settings.jwt_secret,
        *re.findall('"hash": "(.*)"', desk.keys_file.read_text()),
    ]
    assert len(secrets) == 4 + len(SCOPES)
    for text in texts:
        assert not any(secret in text for secret in secrets)


def test_where_nobody_is_asked_nothing_stands_before_a_handler() -> None:
    async def respond(scope: object) -> None: ...

    def handle(segments: object, query: object) -> object:
        return respond

    assert guarded(handle, None) is handle  # type: ignore[arg-type, comparison-overlap]
    gateway = FullonCacheGateway(spec=SPEC, settings=settings_for("redis://127.0.0.1:1"))
    handler = gateway.get_app().find([b"api", b"tickers"])
    assert handler is not None
    assert handler.__module__ == "fullon_cache_api.http.handler"
