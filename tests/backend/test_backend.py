"""CACHE_BACKEND: what each choice binds, what it refuses, and how it finds its Redis."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path

import loguru
import pytest
import redis
from backend.both import Both
from endpoints.layout import POSITION, put_positions, put_tick
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.integrations.fullon_cache import load_package, open_backend, survey
from fullon_cache_api.integrations.fullon_cache.plain import plain
from fullon_cache_api.loading import backend, load
from fullon_cache_api.reads import CATALOGUE, READS
from fullon_cache_api.reads.values import BadValue
from fullon_cache_api.settings import Settings, SettingsError
from fullon_cache_api.spec import SpecError

SPEC = """\
info: {title: New, version: 1.0.0, description: What fullon_cache has beyond the catalogue.}
parameters:
  exchange: {in: path, description: Exchange., schema: {type: string}, example: kraken}
  symbol: {in: path, description: Symbol., schema: {type: string}, example: BTC-USD, decode: symbol}
endpoints:
  /new/{exchange}/{symbol}:
    operationId: getNew
    summary: New
    parameters: [exchange, symbol]
    read: READ
    args: {exchange_name: exchange}
    response: new.json
"""
SHIPPED = CHECKOUT / "endpoints.yaml"
TCP = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "7001", "REDIS_DB": "2"}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "new.json").write_text(
        '{"title": "New", "type": "object", "description": "New."}'
    )
    return tmp_path / "new.yaml"


def settings(mode: str, **variables: str) -> Settings:
    return Settings.load({"CACHE_BACKEND": mode, **variables}, dotenv=None)


@pytest.mark.parametrize("mode", ["auto", "fullon_cache"])
def test_a_method_that_is_new_can_be_served_from_yaml(both: Both, spec: Path, mode: str) -> None:
    spec.write_text(SPEC.replace("READ", "TickCache.get_spread"))
    put_tick(both.writer, "binance", "BTC/USDT", bid=1.0, ask=1.5)
    put_tick(both.writer, "binance", "BTC-PERP", bid=2.0, ask=2.25)
    chosen = settings_for(both.server.url, CACHE_BACKEND=mode)
    with serving(FullonCacheGateway(spec=spec, settings=chosen)) as client:
        body = client.get("/api/new/binance/BTC-USDT").json()
        assert (body["exchange"], body["spread"], body["tick"]["bid"]) == ("binance", 0.5, 1.0)
        assert client.get("/api/new/binance/BTC-PERP").json()["spread"] == 0.25
        assert client.get("/api/new/binance/ETH-USDT").status_code == 404
        for bad in ("bin*", "a:b", "a%5Bb", "%20"):
            assert client.get(f"/api/new/{bad}/ETH-USDT").status_code == 400, bad
        document = client.get("/openapi.json").json()
    assert document["paths"]["/api/new/{exchange}/{symbol}"]["get"]["operationId"] == "getNew"


@pytest.mark.parametrize(
    ("gives", "status", "body"),
    [
        ([{"a": Decimal("1.5")}], 200, {"count": 1, "items": [{"a": 1.5}]}),
        ([], 200, {"count": 0, "items": []}),
        (1.5, 200, {"value": 1.5}),
        ("", 200, {"value": ""}),
        ({}, 404, None),
        (None, 404, None),
        (object(), 502, None),
    ],
)
def test_what_a_new_method_gives_becomes_an_object(
    both: Both, spec: Path, monkeypatch: pytest.MonkeyPatch, gives: object, status: int, body: object
) -> None:
    async def get_new(self: object, exchange_name: str, symbol: str, depth: int | None = None) -> object:
        assert depth is None
        return gives

    monkeypatch.setattr(sys.modules["fullon_cache"].TickCache, "get_new", get_new, raising=False)
    spec.write_text(SPEC.replace("READ", "TickCache.get_new"))
    chosen = settings_for(both.server.url, CACHE_BACKEND="auto")
    with serving(FullonCacheGateway(spec=spec, settings=chosen)) as client:
        answer = client.get("/api/new/binance/BTC-USDT")
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == body


def test_a_new_method_without_a_symbol_is_called_with_the_defaults_of_its_own(both: Both, spec: Path) -> None:
    path = SPEC.replace("/{exchange}/{symbol}", "").replace("    parameters: [exchange, symbol]\n", "")
    path = path.replace("    args: {exchange_name: exchange}\n", "")
    spec.write_text(path.replace("READ", "TickCache.get_tickers"))
    put_tick(both.writer, "kraken", "BTC/USD")
    chosen = settings_for(both.server.url, CACHE_BACKEND="auto")
    with serving(FullonCacheGateway(spec=spec, settings=chosen)) as client:
        body = client.get("/api/new").json()
    assert (body["count"], body["items"][0]["exchange"]) == (1, "kraken")


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ("TradesCache.get_trades", "it deletes what it returns"),
        ("OrdersCache.pop_open_order", "it deletes what it returns"),
        ("TickCache.get_next_ticker", "it waits for the next ticker without end"),
        ("TickCache.set_ticker", "its name does not say that it reads"),
        ("TickCache.hgetall", "raw keys are never served"),
        ("BaseCache.hgetall", "raw keys are never served"),
        ("ProcessCache.get_process_history", "it is always empty"),
    ],
)
def test_a_spec_that_names_what_must_not_be_bound_is_refused_with_the_reason(
    both: Both, spec: Path, read: str, reason: str
) -> None:
    spec.write_text(SPEC.replace("READ", read))
    catalogue, _ = backend(settings_for(both.server.url, CACHE_BACKEND="auto"))
    with pytest.raises(SpecError, match=f"{read} is never served: {reason}"):
        load(spec, catalogue)


def test_private_methods_are_never_served(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    async def _get_it(self: object) -> None: ...

    monkeypatch.setattr(sys.modules["fullon_cache"].TickCache, "_get_it", _get_it, raising=False)
    catalogue, _ = backend(settings_for(both.server.url, CACHE_BACKEND="auto"))
    assert catalogue.refused["TickCache._get_it"] == "it is private"
    assert "TickCache._get_it" not in catalogue.reads


def test_auto_is_native_where_the_catalogue_has_the_read(both: Both) -> None:
    _, reads = backend(settings_for(both.server.url, CACHE_BACKEND="auto"))
    assert {name: reads[name] for name in READS} == dict(READS)
    put_positions(both.writer, 1, {"BTC/USDT": POSITION | {"timestamp": None}})
    chosen = settings_for(both.server.url, CACHE_BACKEND="auto")
    with serving(FullonCacheGateway(settings=chosen)) as client:
        assert client.get("/api/accounts/1/positions/BTC-USDT").json()["timestamp"] is None


def test_auto_without_fullon_cache_is_native(no_fullon_cache: None) -> None:
    assert open_backend(settings("auto", REDIS_URL="unix:///run/redis.sock")) == (CATALOGUE, READS)


def test_fullon_cache_that_is_not_installed_is_asked_for_in_vain_in_one_line(no_fullon_cache: None) -> None:
    with pytest.raises(SettingsError) as caught:
        open_backend(settings("fullon_cache", **TCP))
    assert str(caught.value) == (
        'CACHE_BACKEND: fullon_cache is not installed: pip install "fullon-cache-api[fullon]"'
    )
    assert "REDIS_HOST" not in os.environ


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import fullon_orm", "No module named 'fullon_orm'"),
        ("raise ValueError('secret')", "ValueError"),
    ],
)
def test_fullon_cache_that_cannot_be_imported_is_named_with_the_cause(
    no_fullon_cache: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    (tmp_path / "fullon_cache.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError) as caught:
        open_backend(settings("fullon_cache", **TCP))
    assert str(caught.value) == (
        f'CACHE_BACKEND: fullon_cache cannot be imported ({reason}): pip install "fullon-cache-api[fullon]"'
    )


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"REDIS_URL": "unix:///run/redis.sock"}, "over a unix socket"),
        ({"REDIS_URL": "rediss://127.0.0.1:7001"}, "over TLS"),
        ({"REDIS_URL": "redis+sentinel://127.0.0.1:7001/main"}, "through Sentinels"),
        ({"REDIS_URL": "redis+cluster://127.0.0.1:7001"}, "in a cluster"),
        ({**TCP, "REDIS_USERNAME": "reader", "REDIS_PASSWORD": "x"}, "as a user of its ACL"),
    ],
)
def test_a_redis_that_fullon_cache_cannot_be_told_of_is_refused_at_the_start(
    fresh_standin: None, variables: dict[str, str], reason: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        FullonCacheGateway(settings=settings("fullon_cache", **variables))
    assert str(caught.value) == f"CACHE_BACKEND: fullon_cache cannot reach Redis {reason}: use native"


@pytest.fixture
def warnings() -> Iterator[list[tuple[str, object]]]:
    """The warnings that are logged, each with its reason."""
    found: list[tuple[str, object]] = []

    def keep(message: "loguru.Message") -> None:
        found.append((message.record["message"], message.record["extra"]["fields"]["reason"]))

    sink = loguru.logger.add(keep, level="WARNING")
    yield found
    loguru.logger.remove(sink)


def test_auto_is_native_with_a_warning_where_fullon_cache_cannot_reach_redis(
    fresh_standin: None, warnings: list[tuple[str, object]]
) -> None:
    FullonCacheGateway(spec=SHIPPED, settings=settings("auto", REDIS_URL="unix:///run/redis.sock"))
    assert warnings == [
        ("every read is native", "fullon_cache cannot reach Redis over a unix socket: use native")
    ]
    assert "REDIS_HOST" not in os.environ


def test_auto_is_native_with_a_warning_where_fullon_cache_cannot_be_imported(
    no_fullon_cache: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    warnings: list[tuple[str, object]],
) -> None:
    (tmp_path / "fullon_cache.py").write_text("import fullon_orm")
    monkeypatch.syspath_prepend(tmp_path)
    FullonCacheGateway(spec=SHIPPED, settings=settings("auto", **TCP))
    ((message, reason),) = warnings
    assert message == "every read is native"
    assert str(reason).startswith("fullon_cache cannot be imported (No module named 'fullon_orm')")
    assert "REDIS_HOST" not in os.environ


def test_auto_names_the_reason_where_the_spec_needs_a_read_that_only_the_package_has(
    fresh_standin: None, spec: Path
) -> None:
    spec.write_text(SPEC.replace("READ", "TickCache.get_spread"))
    with pytest.raises(SettingsError) as caught:
        FullonCacheGateway(spec=spec, settings=settings("auto", REDIS_URL="unix:///run/redis.sock"))
    assert str(caught.value) == (
        "CACHE_BACKEND: fullon_cache cannot reach Redis over a unix socket: use native "
        "(TickCache.get_spread is not native)"
    )


def test_auto_offers_the_native_reads_where_fullon_cache_cannot_be_used(fresh_standin: None) -> None:
    catalogue, reads = open_backend(settings("auto", REDIS_URL="unix:///run/redis.sock"))
    assert dict(catalogue.reads) == CATALOGUE.reads
    assert len(catalogue.reads) == len(CATALOGUE.reads)
    assert reads == READS


def test_what_fullon_cache_is_told_does_not_reach_the_settings_of_other_gateways(
    fresh_standin: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_HOST", "192.0.2.1")
    (tmp_path / ".env").write_text("REDIS_DB=5\nREDIS_PASSWORD=other\n")
    open_backend(settings("fullon_cache", **TCP))
    open_backend(settings("fullon_cache", **TCP))
    target = Settings.load(dotenv=tmp_path / ".env").redis
    assert (target.host, target.port, target.db, target.password) == ("192.0.2.1", 6379, 5, "other")
    assert (os.environ["REDIS_HOST"], os.environ["REDIS_DB"]) == ("127.0.0.1", "2")
    monkeypatch.setenv("REDIS_DB", "7")
    assert Settings.load(dotenv=tmp_path / ".env").redis.db == 7


def test_what_fullon_cache_was_told_is_taken_back_where_it_cannot_be_imported(
    no_fullon_cache: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fullon_cache.py").write_text("raise ValueError")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("REDIS_HOST", "192.0.2.1")
    with pytest.raises(SettingsError):
        open_backend(settings("fullon_cache", **TCP))
    assert (os.environ["REDIS_HOST"], "REDIS_DB" in os.environ) == ("192.0.2.1", False)


def test_fullon_cache_is_told_of_the_redis_of_the_settings(fresh_standin: None) -> None:
    open_backend(settings("fullon_cache", REDIS_URL="redis://default:secret@127.0.0.1:7001/2"))
    told = {name: os.environ[name] for name in (*TCP, "REDIS_PASSWORD")}
    assert told == {**TCP, "REDIS_PASSWORD": "secret"}
    open_backend(settings("auto", REDIS_URL="redis://:secret@127.0.0.1:7001/2"))


def test_a_password_of_the_environment_is_taken_back_where_the_settings_have_none(
    fresh_standin: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "other")
    open_backend(settings("fullon_cache", **TCP))
    assert os.environ["REDIS_PASSWORD"] == ""


def test_one_process_cannot_use_fullon_cache_with_two_redises(fresh_standin: None) -> None:
    open_backend(settings("fullon_cache", **TCP))
    with pytest.raises(
        SettingsError, match=r"^CACHE_BACKEND: this process already uses fullon_cache, and with"
    ):
        open_backend(settings("fullon_cache", **{**TCP, "REDIS_DB": "3"}))


def test_a_loaded_spec_with_a_read_that_the_backend_lacks_names_the_backend(both: Both, spec: Path) -> None:
    spec.write_text(SPEC.replace("READ", "TickCache.get_spread"))
    loaded = load(spec, backend(settings_for(both.server.url, CACHE_BACKEND="auto"))[0])
    with pytest.raises(SettingsError, match=r"^CACHE_BACKEND: native has no read TickCache\.get_spread$"):
        FullonCacheGateway(spec=loaded, settings=settings_for(both.server.url))


def test_the_survey_tells_known_from_missing_own_new_and_refused(fresh_standin: None) -> None:
    states = {offer.read: offer.state for offer in survey(load_package())}
    assert states["TickCache.get_ticker"] == "known"
    assert states["TickCache.get_price"] == "missing"
    assert states["TickCache.get_ticker_health"] == "own"
    assert states["TickCache.get_spread"] == "new"
    assert states["TradesCache.get_trades"] == "refused"
    assert states["BotCache.block_exchange"] == "refused"
    known = {read for read, state in states.items() if state == "known"}
    own = {read for read, state in states.items() if state == "own"}
    assert own == {
        "TickCache.get_ticker_health",
        "TickCache.get_symbol_tickers",
        "AccountCache.get_summary",
        "OrdersCache.get_user_orders",
        "OrdersCache.get_queue_sizes",
        "BotCache.get_bot",
        "BotCache.get_coordination",
        "TradesCache.peek_trades",
        "TradesCache.peek_user_trades",
        "TradesCache.get_queue_status",
        "TradesCache.get_metrics",
    }
    assert known | own | {"TickCache.get_price"} == set(CATALOGUE.reads)


def test_a_read_whose_method_takes_other_arguments_stays_native(
    fresh_standin: None, tcp_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = load_package()

    async def get_bots(self: object, uid: int) -> None: ...

    async def get_ticker(self: object, pair: str, exchange: str) -> None: ...

    def get_blocks(self: object) -> None: ...

    async def get_filtered(self: object, by: dict[str, str]) -> None: ...

    monkeypatch.setattr(package.caches["BotCache"], "get_filtered", get_filtered, raising=False)
    monkeypatch.setattr(package.caches["BotCache"], "get_bots", get_bots)
    monkeypatch.setattr(package.caches["BotCache"], "get_blocks", get_blocks)
    monkeypatch.setattr(package.caches["TickCache"], "get_ticker", get_ticker)
    monkeypatch.delattr(package.caches["ProcessCache"], "get_active_processes")
    drifted = {offer.read: (offer.state, offer.note) for offer in survey(package) if offer.state != "known"}
    assert drifted["BotCache.get_bots"] == ("changed", "BotCache.get_bots takes uid, and not nothing")
    assert drifted["BotCache.get_filtered"] == ("refused", "a request cannot give its argument by")
    assert drifted["BotCache.get_blocks"] == ("changed", "BotCache.get_blocks is not async any more")
    assert drifted["TickCache.get_ticker"] == (
        "changed",
        "TickCache.get_ticker takes pair, exchange, and not symbol, exchange",
    )
    assert drifted["ProcessCache.get_system_health"] == (
        "missing",
        "this version has no ProcessCache.get_active_processes",
    )
    monkeypatch.setenv("REDIS_PORT", str(Settings.load({"REDIS_URL": tcp_server.url}, None).redis.port))
    monkeypatch.setenv("REDIS_HOST", "127.0.0.1")
    _, reads = backend(settings_for(tcp_server.url, CACHE_BACKEND="fullon_cache"))
    assert reads["TickCache.get_ticker"] is READS["TickCache.get_ticker"]
    assert reads["TickCache.get_all_tickers"] is not READS["TickCache.get_all_tickers"]


class Colour(Enum):
    RED = "red"


class Model:
    def to_dict(self) -> dict[str, object]:
        return {"id": 2**70, "colour": Colour.RED}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, None),
        (True, True),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("3"), 3),
        (Decimal("3.25"), 3.25),
        (Decimal("NaN"), None),
        (b"text", "text"),
        ((1, {2}), [1, [2]]),
        (datetime(2024, 1, 1, 12, tzinfo=UTC), "2024-01-01T12:00:00+00:00"),
        (datetime(2024, 1, 1, 12), "2024-01-01T12:00:00+00:00"),
        (datetime(2024, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))), "2024-01-01T12:00:00+00:00"),
        ({1: Model()}, {"1": {"id": 2**70, "colour": "red"}}),
    ],
)
def test_what_python_has_beyond_json_becomes_plain(given: object, value: object) -> None:
    assert plain(given) == value
    json.dumps(plain(given))


def test_what_has_no_json_is_refused_by_its_type() -> None:
    with pytest.raises(BadValue, match=r"^fullon_cache gives a object in it$"):
        plain({"a": object()})


def test_the_symbol_is_looked_for_in_each_of_its_spellings(both: Both) -> None:
    put_tick(both.writer, "binance", "BTC-PERP")
    put_positions(both.writer, 1, {"BTC-PERP": POSITION})
    both.writer.hset("block_exchange", "binance:BTC-PERP", "7")
    both.writer.hset("opening_position", "binance:BTC-PERP", "7:2024-01-01T12:00:00+00:00")
    both.writer.rpush("ohlcv:BTC-PERP:1m", "[1, 2, 3, 4, 5, 6]")
    for path in (
        "/tickers/binance/BTC-PERP",
        "/symbols/BTC-PERP/ticker",
        "/accounts/1/positions/BTC-PERP",
        "/bots/binance/BTC-PERP/blocked",
        "/ohlcv/BTC-PERP/1m",
    ):
        native, installed = both.get(path)
        assert (native.status_code, installed.status_code) == (200, 200)
        assert native.json() == installed.json()
    native, installed = both.get("/bots/binance/BTC-PERP/opening")
    assert installed.json() == {**native.json(), "bot_id": None, "since": None}


def test_an_order_on_two_exchanges_is_ambiguous(both: Both) -> None:
    for exchange in ("binance", "kraken"):
        both.writer.hset(f"order_status:{exchange}", "1", json.dumps({"order_id": "1", "status": "open"}))
    native, installed = both.get("/orders/1/status")
    assert (native.status_code, installed.status_code) == (409, 409)
    assert installed.json()["exchanges"] == ["binance", "kraken"]


def test_what_fullon_cache_gives_in_another_shape_is_corrupt(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list where an object belongs, an object where a list does, elements that name nothing."""
    package = sys.modules["fullon_cache"]

    def give(cache: str, method: str, found: object) -> None:
        async def call(self: object, **arguments: object) -> object:
            return found

        monkeypatch.setattr(getattr(package, cache), method, call)

    give("BotCache", "get_bots", [1])
    give("BotCache", "get_blocks", {"a": 1})
    give("TickCache", "get_all_tickers", [{"bid": 1.0}])
    give("AccountCache", "get_all_positions", [{"ex_id": "1"}])
    give("AccountCache", "get_positions", [{"symbol": "BTC/USDT", "volume": 1.0}])
    assert both.installed.get("/api/bots").status_code == 502
    assert both.installed.get("/api/bots/blocks").status_code == 502
    assert both.installed.get("/api/tickers").json() == {"count": 0, "tickers": [], "skipped": 1}
    assert both.installed.get("/api/positions").json() == {"count": 0, "positions": [], "skipped": 1}
    assert both.installed.get("/api/accounts/1/positions").json()["positions"] == []


def test_a_process_type_that_fullon_cache_does_not_know_has_no_processes(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get_active_processes(
        self: object, process_type: Colour | None = None, component: str = "", since_minutes: int = 5
    ) -> list[object]:
        raise AssertionError

    monkeypatch.setattr(
        sys.modules["fullon_cache"].ProcessCache, "get_active_processes", get_active_processes
    )
    assert both.installed.get("/api/processes?type=tick").json() == {"count": 0, "processes": []}


def test_two_gateways_over_the_same_redis_both_use_fullon_cache(
    fresh_standin: None, tcp_server: EmbeddedServer
) -> None:
    chosen = settings_for(tcp_server.url, CACHE_BACKEND="fullon_cache")
    first, second = FullonCacheGateway(settings=chosen), FullonCacheGateway(settings=chosen, prefix="/b")
    with redis.Redis.from_url(tcp_server.url) as writer:
        writer.flushall()
        put_tick(writer, "binance", "BTC/USDT")
    with serving(first) as one, serving(second) as two:
        assert (
            one.get("/api/tickers/binance/BTC-USDT").json() == two.get("/b/tickers/binance/BTC-USDT").json()
        )


def test_a_part_of_an_answer_is_selected_alike(both: Both) -> None:
    for number, symbol in enumerate(("ADA/USDT", "BTC/USDT", "ETH/USDT")):
        put_tick(both.writer, "binance", symbol, last=float(number))
    for native, installed in map(
        both.get,
        (
            "/tickers/binance/BTC-USDT?fields=ticker.last,symbol",
            "/tickers/binance?fields=symbol,ticker.last&limit=1&offset=1",
            "/tickers/binance?fields=tiker",
        ),
    ):
        assert native.status_code == installed.status_code
        assert native.headers.get("link") == installed.headers.get("link")
        kept = [{**answer.json(), "request_id": ""} for answer in (native, installed)]
        assert kept[0] == kept[1]
