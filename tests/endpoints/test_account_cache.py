"""Accounts and positions, from the hashes `accounts` and `account_positions`."""

import json

import httpx
import pytest
import redis
from endpoints.layout import POSITION, put_account, put_positions
from endpoints.problems import NOT_CACHED, problem
from endpoints.records import Logged

DATE = "2024-01-01T12:00:00.5+00:00"
USDT = {"free": 900.5, "used": 99.5, "total": 1000.0}
BTC = {"free": 1, "used": 0, "total": 1, "avg_price": 45000.0}
ACCOUNT = {
    "account_id": 1,
    "balances": {"USDT": USDT, "BTC": BTC},
    "updated_at": "2024-01-01T12:00:00.500000Z",
}
SHOWN = {
    "account_id": 1,
    "symbol": "BTC-USDT",
    "cost": 4502.5,
    "volume": 0.1,
    "fee": 4.5,
    "count": 2,
    "price": 45025.0,
    "timestamp": "2024-01-01T12:00:00Z",
}


def test_an_account_shows_its_balances_and_when_they_were_written(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_account(writer, 1, USDT=USDT, BTC=BTC, date=DATE)
    put_account(writer, 2, USDT={"free": 1.0, "used": 0.0, "total": 1.0}, date=None)
    assert client.get("/api/accounts/1/balances").json() == ACCOUNT
    assert client.get("/api/accounts/2/balances").json()["updated_at"] is None


def test_all_accounts_are_listed(client: httpx.Client, writer: "redis.Redis") -> None:
    put_account(writer, 1, USDT=USDT, BTC=BTC, date=DATE)
    put_account(writer, 9223372036854775807)
    assert client.get("/api/accounts").json() == {
        "count": 2,
        "accounts": [ACCOUNT, {"account_id": 9223372036854775807, "balances": {}, "updated_at": None}],
    }


def test_no_accounts_and_no_positions_are_empty_lists(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/accounts").json() == {"count": 0, "accounts": []}
    assert client.get("/api/positions").json() == {"count": 0, "positions": []}
    assert client.get("/api/accounts/1/positions").json() == {
        "account_id": 1,
        "count": 0,
        "positions": [],
        "updated_at": None,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/api/accounts/2/balances",
        "/api/accounts/2/balances/USDT",
        "/api/accounts/1/balances/ETH",
        "/api/accounts/1/balances/date",
        "/api/accounts/1/balances/usdt",
        "/api/accounts/2/positions/BTC-USDT",
        "/api/accounts/1/positions/ETH-USDT",
        "/api/accounts/1/positions/timestamp",
    ],
)
def test_what_an_account_does_not_have_is_not_found(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    put_account(writer, 1, USDT=USDT, date=DATE)
    put_positions(writer, 1, {"BTC/USDT": POSITION, "timestamp": DATE})
    assert problem(client.get(path), "not-cached") == NOT_CACHED


def test_a_balance_of_one_currency_has_all_its_members(client: httpx.Client, writer: "redis.Redis") -> None:
    put_account(writer, 1, USDT=USDT, BTC=BTC, date=DATE)
    assert client.get("/api/accounts/1/balances/BTC").json() == {
        "account_id": 1,
        "currency": "BTC",
        "balance": BTC,
        "updated_at": "2024-01-01T12:00:00.500000Z",
    }


def test_a_balance_is_readable_beside_a_corrupt_one(client: httpx.Client, writer: "redis.Redis") -> None:
    put_account(writer, 1, USDT=USDT, BTC="S3CRET", date=DATE)
    assert client.get("/api/accounts/1/balances/USDT").json()["balance"] == USDT
    assert problem(client.get("/api/accounts/1/balances/BTC"), "corrupt-cache") == {
        "detail": 'What is cached at accounts 1 cannot be used: its "BTC" is not an object.',
        "key": "accounts",
    }


def test_an_account_sees_its_own_positions_only(client: httpx.Client, writer: "redis.Redis") -> None:
    put_positions(writer, 1, {"BTC/USDT": POSITION, "timestamp": DATE})
    put_positions(writer, 2, {"ETH/USDT": POSITION, "BTC/USDT": POSITION, "timestamp": DATE})
    put_positions(writer, 11, {"LTC/USDT": POSITION})
    assert client.get("/api/accounts/1/positions").json() == {
        "account_id": 1,
        "count": 1,
        "positions": [SHOWN],
        "updated_at": "2024-01-01T12:00:00.500000Z",
    }
    assert client.get("/api/accounts/1/positions/ETH-USDT").status_code == 404


def test_a_position_shows_null_for_what_the_cache_lacks(client: httpx.Client, writer: "redis.Redis") -> None:
    put_positions(writer, 1, {"BTC/USDT": {"volume": 0.1, "fee": None}})
    assert client.get("/api/accounts/1/positions/BTC-USDT").json() == {
        "account_id": 1,
        "symbol": "BTC-USDT",
        "cost": None,
        "volume": 0.1,
        "fee": None,
        "count": None,
        "price": None,
        "timestamp": None,
    }


def test_a_position_keeps_further_members_but_its_account_and_symbol_are_its_place(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_positions(writer, 1, {"BTC/USDT": {**POSITION, "account_id": 2, "symbol": "x", "note": "y"}})
    assert client.get("/api/accounts/1/positions/BTC-USDT").json() == {**SHOWN, "note": "y"}


def test_all_positions_name_their_accounts(client: httpx.Client, writer: "redis.Redis") -> None:
    put_positions(writer, 1, {"BTC/USDT": POSITION, "timestamp": DATE})
    put_positions(writer, 2, {"BTC/USDT:USDT": POSITION, "timestamp": DATE})
    assert client.get("/api/positions").json() == {
        "count": 2,
        "positions": [SHOWN, {**SHOWN, "account_id": 2, "symbol": "BTC-USDT:USDT"}],
    }


def test_the_summary_adds_up_the_balances_of_all_accounts(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_account(writer, 1, USDT={"free": 0.1, "used": 0, "total": 0.1}, date="2024-01-01T12:00:00+00:00")
    put_account(writer, 2, USDT={"free": 0.2, "used": 0, "total": 0.2}, BTC=BTC, date=1704110401)
    put_account(writer, 3, BTC={"free": 123456789012345678901234567890, "used": 0}, date=None)
    put_positions(writer, 1, {"BTC/USDT": POSITION, "ETH/USDT": {**POSITION, "volume": 0.0}})
    put_positions(writer, 2, {"BTC/USDT": {**POSITION, "volume": -0.5}, "ETH/USDT": {"volume": None}})
    response = client.get("/api/accounts/summary")
    assert response.json() == {
        "accounts": 3,
        "positions": 4,
        "open_positions": 2,
        "currencies": {
            "BTC": {"free": 123456789012345678901234567891, "used": 0, "total": None},
            "USDT": {"free": 0.3, "used": 0, "total": 0.3},
        },
        "updated_at": "2024-01-01T12:00:01Z",
    }


def test_the_summary_of_nothing_is_all_zeros(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/accounts/summary").json() == {
        "accounts": 0,
        "positions": 0,
        "open_positions": 0,
        "currencies": {},
        "updated_at": None,
    }


def test_the_summary_counts_what_it_had_to_leave_out(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged]
) -> None:
    put_account(writer, 1, USDT=USDT, date=DATE)
    put_account(writer, 2, USDT={**USDT, "free": "S3CRET"}, date=DATE)
    writer.hset("accounts", "007", "{}")
    put_positions(writer, 1, {"BTC/USDT": POSITION, "ETH/USDT": {**POSITION, "volume": "S3CRET"}})
    writer.hset("account_positions", "2", "S3CRET")
    body = client.get("/api/accounts/summary").json()
    assert (body["accounts"], body["positions"], body["open_positions"], body["skipped"]) == (1, 1, 1, 4)
    assert body["currencies"] == {"USDT": USDT}
    (record,) = logged
    assert (record.fields["operation"], record.fields["count"]) == ("getAccountSummary", 4)


@pytest.mark.parametrize("user_id", ["-1", "9223372036854775808", "1.0", "01", "x", "1%20", "%D9%A1"])
def test_an_account_that_is_no_number_is_refused(client: httpx.Client, user_id: str) -> None:
    for path in ("balances", "balances/USDT", "positions", "positions/BTC-USDT"):
        body = problem(client.get(f"/api/accounts/{user_id}/{path}"), "bad-parameters")
        assert {(error["in"], error["name"]) for error in body["errors"]} == {("path", "user_id")}


@pytest.mark.parametrize("ex_id", ["007", "-1", "1.0", "", " 1", "\u0661", "x", "1" * 5_000])
def test_an_account_under_an_id_that_is_no_decimal_is_left_out(
    client: httpx.Client, writer: "redis.Redis", ex_id: str
) -> None:
    writer.hset("accounts", ex_id, "{}")
    writer.hset("account_positions", ex_id, '{"BTC/USDT": {}}')
    assert client.get("/api/accounts").json() == {"count": 0, "accounts": [], "skipped": 1}
    assert client.get("/api/positions").json() == {"count": 0, "positions": [], "skipped": 1}


def test_a_currency_that_is_null_is_none_of_the_account(client: httpx.Client, writer: "redis.Redis") -> None:
    balance = {"free": 10, "used": 0, "total": 10}
    other = {"free": 1, "used": 0, "total": 1}
    writer.hset("accounts", "1", json.dumps({"USDT": balance, "BTC": None}))
    writer.hset("accounts", "2", json.dumps({"USDT": other}))
    summary = client.get("/api/accounts/summary").json()
    assert client.get("/api/accounts/1/balances").json()["balances"] == {"USDT": balance}
    assert client.get("/api/accounts/1/balances/BTC").status_code == 404
    assert (summary["accounts"], summary["currencies"]["USDT"]["free"]) == (2, 11)


def test_a_currency_that_is_no_object_is_named(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("accounts", "1", json.dumps({"USDT": {"free": 1}, "BTC": 5}))
    problem = client.get("/api/accounts/1/balances").json()
    assert (problem["status"], problem["key"]) == (502, "accounts")
    assert 'its "BTC" is not an object' in problem["detail"]
