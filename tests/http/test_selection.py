"""What a request selects of an answer: members by `fields`, a part of a list by `limit` and `offset`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.selection import BadFields, Selection, Selector, parse_fields
from fullon_cache_api.loading import load
from fullon_cache_api.reads.pages import LARGE
from fullon_cache_api.spec.members import ANY

TICKER = "/api/tickers/binance/BTC-USDT"
SYMBOLS = ["ADA-USDT", "BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT"]

SPEC = """
info: {title: Prices, version: '1'}
parameters:
  exchange: {in: path, schema: {type: string}, example: binance}
  fields: {name: only, in: query, schema: {type: string}, select: fields}
  size: {in: query, schema: {type: integer, minimum: 1, maximum: 10, default: 2}, select: limit}
  skip: {in: query, schema: {type: integer, minimum: 0, maximum: 1000}, select: offset}
endpoints:
  /named/{exchange}:
    operationId: listNamed
    summary: Tickers in parts of two
    parameters: [exchange, fields, size, skip]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    empty: 404
  /first/{exchange}:
    operationId: listFirst
    summary: The first tickers
    parameters: [exchange, size]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
"""


@pytest.fixture
def tickers(writer: "redis.Redis") -> "redis.Redis":
    """Five tickers on one exchange, and one on another."""
    for number, symbol in enumerate(SYMBOLS):
        tick = {"bid": number, "ask": number + 1, "last": number, "volume": 9, "time": 1704110400}
        writer.hset("tickers:binance", symbol.replace("-", "/"), json.dumps(tick))
    writer.hset("tickers:kraken", "BTC/USD", '{"last": 7}')
    return writer


@pytest.fixture(scope="module")
def own(redis_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a gateway whose parameters have other names."""
    file: Path = tmp_path_factory.mktemp("spec") / "endpoints.yaml"
    file.write_text(SPEC)
    (file.parent / "schemas").symlink_to(CHECKOUT / "schemas")
    gateway = FullonCacheGateway(spec=file, settings=settings_for(redis_server.url))
    with serving(gateway) as client:
        yield client


def get(client: httpx.Client, target: str) -> Any:
    response = client.get(target)
    assert response.status_code == 200, response.text
    return response.json()


def mistakes(client: httpx.Client, target: str) -> list[tuple[str, str]]:
    response = client.get(target)
    assert (response.status_code, response.json()["type"]) == (400, "/problems/bad-parameters")
    return [(error["name"], error["message"]) for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ("symbol", {"symbol": "BTC-USDT"}),
        ("symbol,exchange", {"exchange": "binance", "symbol": "BTC-USDT"}),
        ("ticker.last,symbol", {"symbol": "BTC-USDT", "ticker": {"last": 1}}),
        ("ticker.volume,ticker.bid", {"ticker": {"bid": 1, "volume": 9}}),
        ("ticker.last,ticker", {"ticker": {"bid": 1, "ask": 2, "last": 1, "volume": 9}}),
        ("ticker.nothing", {"ticker": {}}),
        ("t%69cker%2Elast%2Ccache_hit", {"ticker": {"last": 1}, "cache_hit": True}),
    ],
)
def test_an_answer_has_the_selected_members_in_its_own_order(
    client: httpx.Client, tickers: "redis.Redis", fields: str, answer: object
) -> None:
    text = client.get(f"{TICKER}?fields={fields}").text
    assert text == json.dumps(answer, separators=(",", ":"))


def test_of_a_collection_the_members_of_each_element_are_selected(
    client: httpx.Client, tickers: "redis.Redis"
) -> None:
    tickers.hset("tickers:binance", "BAD/USDT", "{")
    assert get(client, "/api/tickers/binance?fields=symbol,ticker.bid&limit=2") == {
        "exchange": "binance",
        "count": 2,
        "tickers": [
            {"symbol": "ADA-USDT", "ticker": {"bid": 0}},
            {"symbol": "BTC-USDT", "ticker": {"bid": 1}},
        ],
        "skipped": 1,
    }


def test_members_whose_names_have_dots_are_selected_by_them(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    balances = {name: {"free": 1, "used": 2, "total": 3} for name in ("USD", "USD.T", "T")}
    writer.hset("accounts", "1", json.dumps(balances))
    path = "/api/accounts/1/balances?fields=balances"
    assert get(client, f"{path}.USD.T") == {"balances": {"USD": {}, "USD.T": balances["USD.T"]}}
    assert get(client, f"{path}.USD") == {"balances": {"USD": balances["USD"]}}
    assert get(client, f"{path}.USD.T.free,balances.T") == {
        "balances": {"USD": {}, "USD.T": {"free": 1}, "T": balances["T"]}
    }


def test_members_of_lists_within_an_answer_are_those_of_each_element(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("block_exchange", mapping={"binance:BTC/USDT": "7", "kraken:ETH/USD": "8"})
    answer = get(client, "/api/bots/coordination/status?fields=bots,blocked.bot_id")
    assert answer == {"bots": 0, "blocked": [{"bot_id": "7"}, {"bot_id": "8"}]}


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ("tiker", ['"tiker" is no field of this answer; did you mean "ticker"?']),
        ("symbol.x", ['"symbol.x" is no field of this answer; did you mean "symbol"?']),
        ("count", ['"count" is no field of this answer']),
        ("", ["a field has an empty name"]),
        ("symbol,", ["a field has an empty name"]),
        ("ticker..last", ["a field has an empty name"]),
        (".", ["a field has an empty name"]),
        ("symbol,symbol", ['"symbol" is there twice']),
        ("%FF", ["the value is not UTF-8"]),
        ("%zz", ["the value has a % that is not followed by two hexadecimal digits"]),
        ("ticker." + "x" * 121, []),
        ("ticker." + "x" * 122, ["a field is longer than 128 characters"]),
        (",".join(f"ticker.{number}" for number in range(50)), []),
        (",".join(f"ticker.{number}" for number in range(51)), ["there are more than 50 fields"]),
        ("exchang,tickr,symbol,symbol", [
            '"exchang" is no field of this answer; did you mean "exchange"?',
            '"tickr" is no field of this answer; did you mean "ticker"?',
            '"symbol" is there twice',
        ]),
    ],
)  # fmt: skip
def test_fields_that_no_answer_can_have_are_refused_each_with_what_is_wrong(
    client: httpx.Client, tickers: "redis.Redis", fields: str, messages: list[str]
) -> None:
    if messages:
        assert mistakes(client, f"{TICKER}?fields={fields}") == [("fields", text) for text in messages]
    else:
        assert get(client, f"{TICKER}?fields={fields}") == {"ticker": {}}


def test_each_of_many_bad_fields_is_named_and_the_first_ones_get_a_hint(client: httpx.Client) -> None:
    found = mistakes(client, f"{TICKER}?fields={','.join(f'symbol{number}' for number in range(50))}")
    assert [text.partition("; ")[0] for _, text in found] == [
        f'"symbol{number}" is no field of this answer' for number in range(50)
    ]
    assert [text.partition("; ")[2] for _, text in found] == ['did you mean "symbol"?'] * 5 + [""] * 45


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=1", "limit"),
        ("offset=-1", "offset"),
        ("offset=1000001", "offset"),
        ("offset=", "offset"),
    ],
)
def test_limits_and_offsets_out_of_bounds_are_refused(client: httpx.Client, query: str, name: str) -> None:
    ((refused, _),) = mistakes(client, f"/api/tickers?{query}")
    assert refused == name


def test_what_cannot_be_selected_is_no_parameter(client: httpx.Client) -> None:
    for target, name in (
        ("/api/ohlcv/BTC-USDT/1m?fields=ts", "fields"),
        (f"{TICKER}?limit=1", "limit"),
        ("/api/trades/binance/BTC-USDT?offset=1", "offset"),
    ):
        assert [refused for refused, _ in mistakes(client, target)] == [name]


def test_a_part_of_a_collection_says_where_the_next_one_is(
    client: httpx.Client, tickers: "redis.Redis"
) -> None:
    first = client.get("/api/tickers/binance?limit=2&fields=symbol")
    assert first.headers["link"] == '<?fields=symbol&limit=2&offset=2>; rel="next"'
    assert first.json()["count"] == 2
    last = client.get("/api/tickers/binance?offset=3&limit=2")
    assert [ticker["symbol"] for ticker in last.json()["tickers"]] == SYMBOLS[3:]
    assert "link" not in last.headers
    beyond = client.get("/api/tickers/binance?offset=5")
    assert (beyond.json(), beyond.headers.get("link")) == (
        {"exchange": "binance", "count": 0, "tickers": []},
        None,
    )


def test_the_link_is_a_reference_of_safe_characters(client: httpx.Client, writer: "redis.Redis") -> None:
    for number in (1, 2):
        order = {"uid": 1, "symbol": 'A>"/B', "exchange": "binance"}
        writer.hset("order_status:binance", str(number), json.dumps(order))
    query = "symbol=A%3E%22%2FB&&exchange=binance&l%69mit=1&o%66fset=0"
    answer = client.get(f"/api/orders/1/orders?{query}")
    assert answer.json()["count"] == 1
    assert answer.headers["link"] == ('<?symbol=A%3E%22%2FB&exchange=binance&limit=1&offset=1>; rel="next"')


def test_bad_elements_are_left_out_before_the_part_is_taken(
    client: httpx.Client, tickers: "redis.Redis"
) -> None:
    tickers.hset("tickers:binance", mapping={"AAA/USDT": "{", "BCD/USDT": '{"last": "x"}'})
    pages = [get(client, f"/api/tickers/binance?limit=2&offset={offset}") for offset in (0, 2, 4)]
    assert [[ticker["symbol"] for ticker in page["tickers"]] for page in pages] == [
        SYMBOLS[:2],
        SYMBOLS[2:4],
        SYMBOLS[4:],
    ]
    assert [page["count"] for page in pages] == [2, 2, 1]


@given(limit=st.integers(1, 7), start=st.integers(0, 7))
@examples(20)
def test_following_the_links_gives_every_element_once_and_in_order(
    client: httpx.Client, tickers: "redis.Redis", limit: int, start: int
) -> None:
    found: list[str] = []
    url: httpx.URL | None = client.base_url.join(f"/api/tickers/binance?limit={limit}&offset={start}")
    while url is not None:
        answer = client.get(url)
        listed = [ticker["symbol"] for ticker in answer.json()["tickers"]]
        assert len(listed) <= limit
        found += listed
        url = url.join(answer.links["next"]["url"]) if "next" in answer.links else None
    assert found == SYMBOLS[start:]


def test_parameters_have_the_names_and_defaults_that_the_spec_gives_them(
    own: httpx.Client, tickers: "redis.Redis"
) -> None:
    page = own.get("/api/named/binance?only=symbol")
    assert page.json()["tickers"] == [{"symbol": "ADA-USDT"}, {"symbol": "BTC-USDT"}]
    assert page.headers["link"] == '<?only=symbol&size=2&skip=2>; rel="next"'
    assert own.get("/api/named/binance?skip=4").json()["count"] == 1
    first = own.get("/api/first/binance")
    assert (first.json()["count"], first.headers.get("link")) == (2, None)


def test_a_part_without_elements_is_no_empty_collection(own: httpx.Client, tickers: "redis.Redis") -> None:
    assert own.get("/api/named/binance?skip=9").json()["count"] == 0
    assert own.get("/api/named/bitfinex?skip=9").status_code == 404


@pytest.mark.parametrize("path", [TICKER, "/api/tickers/binance"])
def test_each_selection_has_an_etag_of_its_own_and_its_304(
    client: httpx.Client, tickers: "redis.Redis", path: str
) -> None:
    targets = [path, f"{path}?fields=symbol", f"{path}?fields=exchange", f"{path}?fields=symbol,exchange"]
    for _ in range(2):
        tags = [client.get(target).headers["etag"] for target in targets]
        assert len({*tags}) == len(targets)
        for target in targets:
            known = [client.get(target, headers={"If-None-Match": tag}).status_code for tag in tags]
            assert known == [304 if target == other else 200 for other in targets]


def test_equal_selections_are_one_and_a_change_is_seen_at_once(
    client: httpx.Client, tickers: "redis.Redis"
) -> None:
    for last in (1, 2, 2, 3):
        tickers.hset("tickers:binance", "BTC/USDT", json.dumps({"last": last}))
        for fields in ("symbol,ticker.last", "ticker.last,symbol"):
            assert get(client, f"{TICKER}?fields={fields}") == {
                "symbol": "BTC-USDT",
                "ticker": {"last": last},
            }


def test_a_head_request_gets_the_headers_of_its_selection(
    client: httpx.Client, tickers: "redis.Redis"
) -> None:
    target = "/api/tickers/binance?limit=1&fields=symbol"
    head, whole = client.head(target), client.get(target)
    assert head.content == b""
    for name in ("etag", "link", "content-length"):
        assert head.headers[name] == whole.headers[name]


def test_large_collections_are_answered_in_parts_as_well(client: httpx.Client, writer: "redis.Redis") -> None:
    ticks = {f"S{number:05}/USDT": json.dumps({"bid": number}) for number in range(LARGE + 10)}
    writer.hset("tickers:binance", mapping=ticks)
    answer = client.get(f"/api/tickers/binance?fields=ticker.bid&limit=5&offset={LARGE}")
    assert answer.json()["tickers"] == [{"ticker": {"bid": LARGE + more}} for more in range(5)]
    assert answer.links["next"]["url"] == f"?fields=ticker.bid&limit=5&offset={LARGE + 5}"


NAMES = st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c"])
KEYS = NAMES | st.sampled_from(["", ".", "a.", ".a", "a..b", "a,b"])
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=2)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)
FIELDS = st.lists(NAMES, min_size=1, max_size=4, unique=True)
SELECTOR = Selector(next(one for one in load(CHECKOUT / "endpoints.yaml").endpoints if not one.is_collection))


def selected(body: dict[str, Any], fields: list[str]) -> Any:
    selection = Selection(parse_fields(",".join(fields), ANY), None, 0, "")
    return SELECTOR.select(body, selection)[0]


def is_part(part: object, whole: object) -> bool:
    """Whether all of a value stands in another, in the same order; lists have all of their elements."""
    if isinstance(whole, dict):
        assert isinstance(part, dict)
        order = [name for name in whole if name in part]
        return order == [*part] and all(is_part(part[name], whole[name]) for name in part)
    if isinstance(whole, list):
        assert isinstance(part, list)
        return len(part) == len(whole) and all(map(is_part, part, whole))
    return part is whole


@given(OBJECTS, FIELDS)
@examples(200)
def test_a_selection_adds_nothing_and_changes_nothing(body: dict[str, Any], fields: list[str]) -> None:
    before = json.dumps(body)
    assert selected(body, ["d"]) == {}
    part = selected(body, fields)
    assert is_part(part, body)
    assert json.dumps(body) == before
    assert selected(part, fields) == part


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5))
@examples(100)
def test_all_names_select_the_whole(body: dict[str, Any]) -> None:
    assert selected(body, [*body]) == body


@given(st.text())
@examples(200)
def test_any_text_is_fields_or_refused(text: str) -> None:
    try:
        fields = parse_fields(text, ANY)
    except BadFields as error:
        assert error.messages
    else:
        assert sorted(text.split(",")) == fields.split(",")
