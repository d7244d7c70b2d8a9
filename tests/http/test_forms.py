"""Collections as NDJSON and as CSV: the same elements, for those who ask for them."""

import csv
import io
import json
from typing import Any

import httpx
import msgspec
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from profiles import examples

from fullon_cache_api.http.csv_writer import MOST_COLUMNS, CsvWriter
from fullon_cache_api.http.negotiation import preferred
from fullon_cache_api.http.writers import LinesWriter
from fullon_cache_api.reads.pages import LARGE

LINES = "application/x-ndjson"
CSV = "text/csv"
OFFERED = (b"application/json", LINES.encode(), CSV.encode())


@pytest.mark.parametrize(
    ("accept", "place"),
    [
        ("*/*", 0),
        ("application/json", 0),
        ("text/csv", 2),
        ("TEXT/CSV; header=present", 2),
        ("text/*", 2),
        ("application/*", 0),
        ("application/x-ndjson, */*", 0),
        ("application/x-ndjson, */*;q=0.1", 1),
        ("application/json;q=0.5, text/csv;q=0.501", 2),
        ("application/json;q=0, */*", 1),
        ("application/*;q=0.2, application/x-ndjson;q=0.1, text/csv;q=0.15", 0),
        ("text/html", 0),
        ("text/csv;q=0", 0),
        ("text/csv;q=2, application/x-ndjson;q=0.1", 1),
        ("text/csv;q=x", 0),
        ("", 0),
        (",,;;q=1", 0),
        ("text/html, application/xhtml+xml, */*;q=0.8", 0),
    ],
)
def test_the_media_type_is_what_accept_prefers_and_else_json(accept: str, place: int) -> None:
    assert preferred(accept.encode(), OFFERED) == place


@examples(200)
@given(st.binary(max_size=200))
def test_any_accept_header_leads_to_something_that_is_offered(accept: bytes) -> None:
    assert preferred(accept, OFFERED) in (0, 1, 2)


def get(client: httpx.Client, path: str, accept: str, **headers: str) -> httpx.Response:
    return client.get(path, headers={"Accept": accept, **headers})


def rows(answered: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answered.content.decode(), newline="")))


def put(writer: "redis.Redis", count: int) -> None:
    ticks = {f"S{n}/USDT": json.dumps({"bid": n, "last": None, "change": n / 8}) for n in range(count)}
    writer.hset("tickers:binance", mapping=ticks)


@pytest.mark.parametrize("count", [3, 3 * LARGE])
def test_tickers_as_lines_and_as_rows(client: httpx.Client, writer: "redis.Redis", count: int) -> None:
    put(writer, count)
    path = "/api/tickers/binance"
    whole = get(client, path, "application/json")
    lines = get(client, path, LINES)
    table = get(client, path, CSV)
    assert [answered.headers["content-type"] for answered in (whole, lines, table)] == [
        "application/json",
        "application/x-ndjson",
        "text/csv; charset=utf-8; header=present",
    ]
    varying = {answered.headers["vary"] for answered in (whole, lines, table)}
    assert varying == {"Accept" if count < LARGE else "Accept, Accept-Encoding"}
    tickers = {one["symbol"]: one for one in whole.json()["tickers"]}
    assert {one["symbol"]: one for one in map(json.loads, lines.text.splitlines())} == tickers
    assert len(lines.text.splitlines()) == len(rows(table)) == len(tickers) == count
    header = table.text.partition("\r\n")[0]
    assert header == (
        "exchange,symbol,ticker.bid,ticker.ask,ticker.last,ticker.volume,cached_at,cache_hit,"
        "ticker.change,_rest"
    )
    for row in rows(table):
        ticker = tickers[row["symbol"]]["ticker"]
        assert row["ticker.bid"] == str(ticker["bid"])
        assert float(row["ticker.change"]) == ticker["change"]
        assert (row["ticker.last"], row["cached_at"], row["cache_hit"], row["_rest"]) == ("", "", "true", "")


def test_each_form_has_an_etag_of_its_own(client: httpx.Client, writer: "redis.Redis") -> None:
    put(writer, 3)
    path = "/api/tickers/binance"
    tags = [get(client, path, accept).headers["etag"] for accept in ("*/*", LINES, CSV) for _ in range(2)]
    assert tags[::2] == tags[1::2] and len(set(tags)) == 3
    for accept, tag in zip(("*/*", LINES, CSV), tags[::2], strict=True):
        assert get(client, path, accept, **{"If-None-Match": tag}).status_code == 304
        assert get(client, path, accept, **{"If-None-Match": tags[0]}).status_code == (
            304 if tag == tags[0] else 200
        )


@pytest.mark.parametrize("count", [5, 2 * LARGE])
def test_bars_as_rows(client: httpx.Client, writer: "redis.Redis", count: int) -> None:
    writer.rpush("ohlcv:BTC/USDT:1m", *(json.dumps([n, 1, 2.5, 0.5, 1.5, 1e22]) for n in range(count)))
    path = f"/api/ohlcv/BTC-USDT/1m?count={count}"
    table = get(client, path, CSV).text.split("\r\n")
    assert table[0] == "ts,open,high,low,close,volume"
    assert table[1:-1] == [f"{n},1,2.5,0.5,1.5,1e22" for n in range(count)]
    assert table[-1] == ""
    assert get(client, path, LINES).text.splitlines()[4] == "[4,1,2.5,0.5,1.5,1e22]"


@pytest.mark.parametrize("count", [3, 2 * LARGE])
def test_what_is_left_out_is_logged_and_where_it_is_known_in_time_counted(
    client: httpx.Client, writer: "redis.Redis", count: int
) -> None:
    put(writer, count)
    writer.hset("tickers:binance", "BAD/USDT", "{")
    for accept in (LINES, CSV):
        texts: list[str] = []
        sink = logger.add(lambda message, texts=texts: texts.append(message.record["message"]))
        try:
            answered = get(client, "/api/tickers/binance", accept)
        finally:
            logger.remove(sink)
        assert answered.headers.get("x-skipped") == ("1" if count == 3 else None)
        assert len(answered.text.splitlines()) == count + (accept == CSV)
        assert texts == ["elements left out"]


@pytest.mark.parametrize(
    "path", ["/api/tickers/binance/BTC-USDT", "/api/tickers/health", "/api/processes/status", "/health"]
)
def test_what_is_no_collection_answers_in_json_alone(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    writer.hset("tickers:binance", "BTC/USDT", "{}")
    answered = get(client, path, CSV)
    assert answered.headers["content-type"] == "application/json"
    assert "vary" not in answered.headers


def test_an_error_is_a_problem_whatever_is_wanted(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.set("tickers:binance", "no hash")
    answered = get(client, "/api/tickers/binance", CSV)
    assert (answered.status_code, answered.headers["content-type"]) == (502, "application/problem+json")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["a", "b.c", "b", "c", "_rest", "=d", "e,\n"]) | texts, values)


def flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Path and text of each member, nested ones too; null is nothing."""
    found = []
    for name, member in value.items():
        if isinstance(member, dict) and member:
            found += flat(member, f"{prefix}{name}.")
        elif isinstance(member, str):
            found.append((prefix + name, member))
        elif member is not None:
            found.append((prefix + name, msgspec.json.encode(member).decode()))
    return sorted(found)


@pytest.mark.slow
@examples(300)
@given(st.lists(objects, min_size=1, max_size=6), st.integers(0, 6), st.booleans())
def test_every_value_is_in_its_row_under_its_path(
    elements: list[dict[str, Any]], first: int, named: bool
) -> None:
    """Whatever the members of later elements are: those without a column are in the last one."""
    encoded = [msgspec.json.encode(element) for element in elements]
    csv_writer = CsvWriter(("a", "b.c") if named else (), True)
    text = csv_writer.head(encoded[:first]) + csv_writer.part(encoded[:2]) + csv_writer.part(encoded[2:])
    header, *body = csv.reader(io.StringIO(text.decode(), newline=""), strict=True)
    assert len(set(header)) == len(header) and header[-1].startswith("_rest")
    assert len(body) == len(elements)
    for row, element in zip(body, elements, strict=True):
        assert len(row) == len(header)
        rest = json.loads(row[-1]) if row[-1] else {}
        cells = [(name, text) for name, text in zip(header[:-1], row[:-1], strict=True) if text]
        cells += [
            (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
            for name, value in rest.items()
        ]
        # Two members can have one path; the second is told apart by a dot at its end.
        assert sorted((name.rstrip("."), text) for name, text in cells if text) == sorted(
            (name.rstrip("."), text) for name, text in flat(element) if text
        )


@examples(100)
@given(st.lists(values, max_size=6))
def test_each_line_is_its_element(elements: list[Any]) -> None:
    encoded = [msgspec.json.encode(element) for element in elements]
    lines_writer = LinesWriter()
    text = lines_writer.head(()) + lines_writer.part(encoded) + lines_writer.tail(len(elements), 0)
    assert [json.loads(line) for line in text.split(b"\n")[:-1]] == [json.loads(one) for one in encoded]


def test_texts_are_quoted_where_they_have_to_be_and_stand_as_they_are() -> None:
    csv_writer = CsvWriter(("a", "b", "c"), False)
    element = msgspec.json.encode({"a": '=1+1,"x"', "b": "", "c": " y"})
    assert csv_writer.head(()) + csv_writer.part([element]) == b'a,b,c\r\n"=1+1,""x""","", y"\r\n'.replace(
        b", y", b'," y'
    )


def test_there_are_never_more_columns_than_so_many() -> None:
    csv_writer = CsvWriter((), True)
    element = msgspec.json.encode({str(number): number for number in range(2 * MOST_COLUMNS)})
    header = csv_writer.head([element]).decode().strip().split(",")
    assert header == [*map(str, range(MOST_COLUMNS)), "_rest"]
    (row,) = csv.reader(io.StringIO(csv_writer.part([element]).decode(), newline=""))
    assert len(json.loads(row[-1])) == MOST_COLUMNS
