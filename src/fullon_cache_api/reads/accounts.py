"""Reads of accounts and positions: the hashes `accounts` and `account_positions`, one JSON per ex_id."""

from collections.abc import Iterable, Mapping

from fullon_cache_api.cache.reader import Reader, pairs
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Blame, Body, Elements, readable
from .arguments import ACCOUNT_ID, NAME, SYMBOL
from .lookup import Lookup, lookup
from .pages import HashScan, Stream, unfinished, whole_or_pages
from .read import read
from .shape import AMOUNT, INTEGER, STRING, TEXT, closed, collection, mapping, opened, overview
from .symbol import Symbol, show_symbol
from .values import (
    Value,
    amount,
    as_object,
    exact_sum,
    is_number,
    newest_time,
    parse_id,
    parse_object,
    record,
    time_text,
)

ACCOUNTS = "accounts"
POSITIONS = "account_positions"
_AMOUNTS = ("cost", "volume", "fee", "count", "price")
_TOTALS = ("free", "used", "total")

BALANCE = opened()
ACCOUNT = closed(account_id=INTEGER, balances=mapping(BALANCE), updated_at=TEXT)
POSITION = opened(
    account_id=INTEGER,
    symbol=STRING,
    cost=AMOUNT,
    volume=AMOUNT,
    fee=AMOUNT,
    count=AMOUNT,
    price=AMOUNT,
    timestamp=TEXT,
)
CURRENCY = Argument("currency", "string", "Currency code, as the exchange writes it.", schema=NAME)


def parse_account(raw: bytes) -> tuple[dict[str, Value], str | None]:
    """Return an account's balances by currency, as cached, and when they were written."""
    cached = parse_object(raw)
    updated_at = time_text(cached.pop("date", None))
    return cached, updated_at


def balance(balances: Mapping[str, Value], currency: str) -> Body | None:
    """Return a currency's balance: `free`, `used` and `total` are numbers where it has them; null is none."""
    held = record(balances, currency)
    if held is not None:
        for name in _TOTALS:
            amount(held, name)
    return held


def account(field: str, raw: bytes) -> Body:
    """Return a cached account: its balances by currency, and when they were written."""
    cached, updated_at = parse_account(raw)
    every = {currency: balance(cached, currency) for currency in cached}
    balances = {currency: held for currency, held in every.items() if held is not None}
    return {"account_id": parse_id(field), "balances": balances, "updated_at": updated_at}


def parse_positions(raw: bytes) -> tuple[dict[str, Value], Value]:
    """Return an account's positions by symbol, and the time at which they were written, both as cached."""
    cached = parse_object(raw)
    written = cached.pop("timestamp", None)
    return cached, written


def position(account_id: int, symbol: str, cached: Value) -> Body:
    """Return a cached position; a number that the cache lacks is None."""
    held = as_object(cached)
    named: Body = {
        "account_id": account_id,
        "symbol": show_symbol(symbol),
        **{name: amount(held, name) for name in _AMOUNTS},
        "timestamp": time_text(held.get("timestamp")),
    }
    return {**named, **{name: value for name, value in held.items() if name not in named}}


@read(
    "AccountCache.get_all_accounts",
    commands=("HSCAN",),
    keys=(ACCOUNTS,),
    answer=collection("accounts", ACCOUNT),
    elements="accounts",
)
async def get_all_accounts(reader: Reader) -> Answer | Stream:
    """Every account with its balances."""
    scan = HashScan(ACCOUNTS, account)
    found = await whole_or_pages(reader, scan)
    if isinstance(found, list):
        return Stream("accounts", ACCOUNTS, {}, found, unfinished([scan]))
    accounts: Elements[Body] = Elements()
    accounts.add_hash(ACCOUNTS, found.fields(), account)
    return accounts.answer("accounts", ACCOUNTS)


@lookup("OrdersCache.get_full_accounts", (ACCOUNT_ID,), keys=(ACCOUNTS,), answer=ACCOUNT)
def get_full_accounts(account_id: int) -> Lookup:
    """One account with its balances in every currency."""
    return Lookup(ACCOUNTS, (str(account_id),), account)


@read(
    "AccountCache.get_full_account",
    (ACCOUNT_ID, CURRENCY),
    commands=("HGET",),
    keys=(ACCOUNTS,),
    answer=closed(account_id=INTEGER, currency=STRING, balance=BALANCE, updated_at=TEXT),
    absent=True,
)
async def get_full_account(reader: Reader, account_id: int, currency: str) -> Answer | None:
    """An account's balance in one currency."""
    field = str(account_id)
    raw = await reader.hget(ACCOUNTS, field)
    if raw is None:
        return None
    with Blame(ACCOUNTS, field):
        balances, updated_at = parse_account(raw)
        held = balance(balances, currency)
    if held is None:
        return None
    body: Body = {"account_id": account_id, "currency": currency, "balance": held, "updated_at": updated_at}
    return Answer(body, ACCOUNTS, field=field)


@lookup(
    "AccountCache.get_positions",
    (ACCOUNT_ID,),
    keys=(POSITIONS,),
    answer=collection("positions", POSITION, account_id=INTEGER, updated_at=TEXT),
    elements="positions",
    absent=False,
)
def get_positions(account_id: int) -> Lookup:
    """The positions of one account, and of no other."""
    return Lookup(POSITIONS, (str(account_id),), positions_of, absent=b"{}")


def positions_of(field: str, raw: bytes) -> Answer:
    """Return the positions of a cached account."""
    account_id = parse_id(field)
    held, written = parse_positions(raw)
    body: Body = {"account_id": account_id, "updated_at": time_text(written)}
    positions: Elements[Body] = Elements()
    _add_positions(positions, account_id, held)
    return positions.answer("positions", POSITIONS, body)


@read(
    "AccountCache.get_position",
    (ACCOUNT_ID, SYMBOL),
    commands=("HGET",),
    keys=(POSITIONS,),
    answer=POSITION,
    absent=True,
)
async def get_position(reader: Reader, account_id: int, symbol: Symbol) -> Answer | None:
    """An account's position in one symbol."""
    field = str(account_id)
    raw = await reader.hget(POSITIONS, field)
    if raw is None:
        return None
    with Blame(POSITIONS, field):
        held, _ = parse_positions(raw)
        for name in symbol.spellings:
            if name in held:
                return Answer(position(account_id, name, held[name]), POSITIONS, field=field)
    return None


@read(
    "AccountCache.get_all_positions",
    commands=("HGETALL",),
    keys=(POSITIONS,),
    answer=collection("positions", POSITION),
    elements="positions",
)
async def get_all_positions(reader: Reader) -> Answer:
    """Every position of every account."""
    return all_positions(await reader.hgetall(POSITIONS)).answer("positions", POSITIONS)


def all_positions(accounts: Mapping[bytes, bytes]) -> Elements[Body]:
    """Return the positions of `account_positions`; an unreadable account or position is left out."""
    positions: Elements[Body] = Elements()
    for field, raw in positions.fields(POSITIONS, accounts):
        account_id = positions.attempt(POSITIONS, field, parse_id, field)
        if account_id is None:
            continue
        parsed = positions.attempt(POSITIONS, field, parse_positions, raw)
        if parsed is not None:
            _add_positions(positions, account_id, parsed[0])
    return positions


def _add_positions(positions: Elements[Body], account_id: int, held: Mapping[str, Value]) -> None:
    for symbol, cached in held.items():
        positions.add(POSITIONS, f"{account_id} {symbol}", position, account_id, symbol, cached)


@read(
    "AccountCache.get_summary",
    commands=("HGETALL",),
    keys=(ACCOUNTS, POSITIONS),
    answer=overview(
        accounts=INTEGER,
        positions=INTEGER,
        open_positions=INTEGER,
        currencies=mapping(closed(free=AMOUNT, used=AMOUNT, total=AMOUNT)),
        updated_at=TEXT,
    ),
)
async def get_summary(reader: Reader) -> Answer:
    """How many accounts and positions there are, and the sums of the balances by currency."""
    cached, held = await reader.batch([("HGETALL", ACCOUNTS), ("HGETALL", POSITIONS)])
    accounts: Elements[Body] = Elements()
    accounts.add_hash(ACCOUNTS, pairs(readable(cached)), account)
    positions = all_positions(pairs(readable(held)))
    volumes = [item["volume"] for item in positions.items]
    body: Body = {
        "accounts": len(accounts.items),
        "positions": len(volumes),
        "open_positions": sum(is_number(volume) and volume != 0 for volume in volumes),
        "currencies": currency_totals(as_object(item["balances"]) for item in accounts.items),
        "updated_at": newest_time(item["updated_at"] for item in accounts.items),
    }
    return Answer.overview(body, f"{ACCOUNTS} {POSITIONS}", accounts.skipped + positions.skipped)


def currency_totals(accounts: Iterable[Mapping[str, Value]]) -> dict[str, Body]:
    """Return the sums of all accounts' balances by currency; None where one of them lacks the number."""
    held: dict[str, list[Body]] = {}
    for balances in accounts:
        for currency, cached in balances.items():
            held.setdefault(currency, []).append(as_object(cached))
    return {
        currency: {name: exact_sum(amount(part, name) for part in parts) for name in _TOTALS}
        for currency, parts in sorted(held.items())
    }
