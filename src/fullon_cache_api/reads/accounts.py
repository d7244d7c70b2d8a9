"""Reads of accounts and positions: the hashes `accounts` and `account_positions`, one JSON per ex_id."""

from functools import partial

from fullon_cache_api.cache.lane import Reply
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Elements, corrupt, readable
from .arguments import ACCOUNT_ID, NAME, SYMBOL
from .read import read
from .shape import AMOUNT, INTEGER, STRING, TEXT, closed, collection, mapping, opened, overview
from .symbol import Symbol, show_symbol
from .values import (
    BadValue,
    Value,
    exact_sum,
    is_number,
    newest_time,
    parse_id,
    parse_object,
    time_text,
)

ACCOUNTS = "accounts"
POSITIONS = "account_positions"
_AMOUNTS = ("cost", "volume", "fee", "count", "price")
_TOTALS = ("free", "used", "total")

ACCOUNT = closed(account_id=INTEGER, balances=mapping(opened()), updated_at=TEXT)
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


def account(field: str, raw: bytes) -> Body:
    """Return a cached account: its balances by currency, and when they were written."""
    cached = parse_object(raw)
    updated_at = time_text(cached.pop("date", None))
    return {"account_id": parse_id(field), "balances": cached, "updated_at": updated_at}


def position(account_id: int, symbol: str, cached: Value) -> Body:
    """Return a cached position; a number that the cache lacks is None."""
    if not isinstance(cached, dict):
        raise BadValue("is not a JSON object")
    return {
        **cached,
        "account_id": account_id,
        "symbol": show_symbol(symbol),
        **{name: cached.get(name) for name in _AMOUNTS},
        "timestamp": time_text(cached.get("timestamp")),
    }


def parse_positions(raw: bytes) -> tuple[str | None, dict[str, Value]]:
    """Return when an account's positions were written, and the positions by symbol, as cached."""
    cached = parse_object(raw)
    return time_text(cached.pop("timestamp", None)), cached


@read(
    "AccountCache.get_all_accounts",
    commands=("HGETALL",),
    keys=(ACCOUNTS,),
    answer=collection("accounts", ACCOUNT),
    elements="accounts",
)
async def get_all_accounts(reader: Reader) -> Answer:
    """Every account with its balances."""
    (reply,) = await reader.batch([("HGETALL", ACCOUNTS)])
    elements = Elements()
    elements.add_hash(ACCOUNTS, readable(reply), account)
    return elements.answer("accounts", ACCOUNTS, {})


@read(
    "OrdersCache.get_full_accounts",
    (ACCOUNT_ID,),
    commands=("HGET",),
    keys=(ACCOUNTS,),
    answer=ACCOUNT,
    absent=True,
)
async def get_full_accounts(reader: Reader, account_id: int) -> Answer | None:
    """One account with its balances in every currency."""
    raw = await reader.hget(ACCOUNTS, str(account_id))
    if raw is None:
        return None
    try:
        return Answer(account(str(account_id), raw), f"{ACCOUNTS} {account_id}")
    except BadValue as error:
        raise corrupt(ACCOUNTS, error, str(account_id)) from None


@read(
    "AccountCache.get_full_account",
    (ACCOUNT_ID, CURRENCY),
    commands=("HGET",),
    keys=(ACCOUNTS,),
    answer=closed(account_id=INTEGER, currency=STRING, balance=opened(), updated_at=TEXT),
    absent=True,
)
async def get_full_account(reader: Reader, account_id: int, currency: str) -> Answer | None:
    """An account's balance in one currency."""
    whole = await get_full_accounts.function(reader, account_id)
    balances = whole.body["balances"] if whole is not None else None
    if whole is None or not isinstance(balances, dict) or currency not in balances:
        return None
    body: Body = {
        "account_id": account_id,
        "currency": currency,
        "balance": balances[currency],
        "updated_at": whole.body["updated_at"],
    }
    return Answer(body, whole.source)


@read(
    "AccountCache.get_positions",
    (ACCOUNT_ID,),
    commands=("HGET",),
    keys=(POSITIONS,),
    answer=collection("positions", POSITION, account_id=INTEGER, updated_at=TEXT),
    elements="positions",
)
async def get_positions(reader: Reader, account_id: int) -> Answer:
    """The positions of one account, and of no other."""
    field = str(account_id)
    raw = await reader.hget(POSITIONS, field)
    elements = Elements()
    updated_at = None
    if raw is not None:
        try:
            updated_at, held = parse_positions(raw)
        except BadValue as error:
            raise corrupt(POSITIONS, error, field) from None
        for symbol, cached in held.items():
            elements.add(POSITIONS, f"{field} {symbol}", partial(position, account_id, symbol, cached))
    answer = elements.answer("positions", f"{POSITIONS} {field}", {"account_id": account_id})
    answer.body["updated_at"] = updated_at
    return answer


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
    try:
        _, held = parse_positions(raw)
        for name in symbol.spellings:
            if name in held:
                return Answer(position(account_id, name, held[name]), f"{POSITIONS} {field} {name}")
    except BadValue as error:
        raise corrupt(POSITIONS, error, field) from None
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
    (reply,) = await reader.batch([("HGETALL", POSITIONS)])
    return all_positions(readable(reply)).answer("positions", POSITIONS, {})


def all_positions(reply: Reply) -> Elements:
    """Return every account's positions; an unreadable account or position is left out."""
    elements = Elements()
    for field, raw in elements.fields(POSITIONS, reply):
        account_id = elements.attempt(POSITIONS, field, partial(parse_id, field))
        held = elements.attempt(POSITIONS, field, partial(parse_positions, raw))
        if account_id is None or held is None:
            continue
        for symbol, cached in held[1].items():
            elements.add(POSITIONS, f"{field} {symbol}", partial(position, account_id, symbol, cached))
    return elements


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
    accounts = Elements()
    accounts.add_hash(ACCOUNTS, readable(cached), account)
    positions = all_positions(readable(held))
    volumes = [item["volume"] for item in positions.items]
    body: Body = {
        "accounts": len(accounts.items),
        "positions": len(volumes),
        "open_positions": sum(volume != 0 for volume in volumes if is_number(volume)),
        "currencies": currency_totals([item["balances"] for item in accounts.items]),
        "updated_at": newest_time([item["updated_at"] for item in accounts.items]),
    }
    skipped = accounts.skipped + positions.skipped
    if skipped:
        body["skipped"] = len(skipped)
    return Answer(body, f"{ACCOUNTS} {POSITIONS}", skipped=skipped)


def currency_totals(balances: list[Value]) -> dict[str, Body]:
    """Return the sums of all accounts' balances by currency; None where one of them lacks the number."""
    held: dict[str, list[dict[str, Value]]] = {}
    for currencies in balances:
        for currency, balance in currencies.items() if isinstance(currencies, dict) else ():
            held.setdefault(currency, []).append(balance if isinstance(balance, dict) else {})
    return {
        currency: {name: exact_sum([balance.get(name) for balance in parts]) for name in _TOTALS}
        for currency, parts in sorted(held.items())
    }
