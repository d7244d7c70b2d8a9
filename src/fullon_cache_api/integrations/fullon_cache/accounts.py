"""AccountCache, and the accounts of OrdersCache, by their own methods."""

from fullon_cache_api.reads.accounts import ACCOUNTS, POSITIONS, account, balance, position
from fullon_cache_api.reads.answer import Answer, Blame, Body, Elements
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.reads.values import BadValue, Value, as_object, is_number, parse_id, text

from .adapter import adapter
from .call import Calls
from .plain import encoded, plain_list, plain_object

_NUMBERS = ("cost", "volume", "fee", "count", "price")


def owned_position(fields: Body) -> Body:
    """Return a Position's fields as a position of the account that it names."""
    symbol = text(fields, "symbol")
    if symbol is None:
        raise BadValue("it names no symbol")
    held = {name: value for name, value in fields.items() if name not in ("symbol", "ex_id")}
    return position(parse_id(str(fields.get("ex_id"))), symbol, held)


@adapter("AccountCache.get_all_accounts", get_all_accounts=())
async def get_all_accounts(calls: Calls) -> Answer:
    """Every account with its balances."""
    found = await calls("get_all_accounts")
    accounts: Elements[Body] = Elements()
    with Blame(ACCOUNTS):
        for account_id, held in sorted(plain_object(found).items()):
            accounts.add(ACCOUNTS, account_id, account, account_id, encoded(held))
    return accounts.answer("accounts", ACCOUNTS)


@adapter("OrdersCache.get_full_accounts", get_full_accounts=("ex_id",))
async def get_full_accounts(calls: Calls, account_id: int) -> Answer | None:
    """One account with its balances in every currency."""
    field = str(account_id)
    found = await calls("get_full_accounts", ex_id=field)
    if found is None:
        return None
    with Blame(ACCOUNTS, field):
        return Answer(account(field, encoded(found)), ACCOUNTS, field=field)


@adapter("AccountCache.get_full_account", get_full_account=("exchange", "currency"))
async def get_full_account(calls: Calls, account_id: int, currency: str) -> Answer | None:
    """An account's balance in one currency; when it was written is not told."""
    field = str(account_id)
    # Its accounts hold when they were written beside the currencies.
    found = {} if currency == "date" else await calls("get_full_account", exchange=field, currency=currency)
    if not found:
        return None
    with Blame(ACCOUNTS, field):
        held = balance({currency: plain_object(found)}, currency)
    body: Body = {"account_id": account_id, "currency": currency, "balance": held, "updated_at": None}
    return Answer(body, ACCOUNTS, field=field)


@adapter("AccountCache.get_positions", get_positions=("ex_id",))
async def get_positions(calls: Calls, account_id: int) -> Answer:
    """Of the positions that it gives, which may be every account's, those of this account."""
    positions = await _positions(calls, "get_positions", account_id, ex_id=str(account_id))
    return positions.answer("positions", POSITIONS, {"account_id": account_id, "updated_at": None})


@adapter("AccountCache.get_all_positions", get_all_positions=())
async def get_all_positions(calls: Calls) -> Answer:
    """Every position of every account."""
    return (await _positions(calls, "get_all_positions", None)).answer("positions", POSITIONS)


@adapter("AccountCache.get_position", get_position=("symbol", "ex_id"))
async def get_position(calls: Calls, account_id: int, symbol: Symbol) -> Answer | None:
    """The first spelling of the symbol that there is: a position of nothing stands for none."""
    field = str(account_id)
    for spelling in symbol.spellings:
        found = await calls("get_position", symbol=spelling, ex_id=field)
        with Blame(POSITIONS, field):
            fields = plain_object(found)
            if _is_something(fields):
                body = owned_position({**fields, "symbol": spelling, "ex_id": account_id})
                return Answer(body, POSITIONS, field=field)
        # It has the looks of an answer, so that nobody has asked yet whether it is one.
        await calls.verify()
    return None


async def _positions(calls: Calls, method: str, account_id: int | None, **arguments: str) -> Elements[Body]:
    found = await calls(method, **arguments)
    positions: Elements[Body] = Elements()
    with Blame(POSITIONS):
        given = [as_object(each) for each in plain_list(found)]
    for fields in sorted(given, key=_account):
        if account_id is None or _account(fields) == str(account_id):
            place = f"{_account(fields)} {fields.get('symbol')}"
            positions.add(POSITIONS, place, owned_position, fields)
    return positions


def _account(fields: Body) -> str:
    return str(fields.get("ex_id"))


def _is_something(fields: Body) -> bool:
    numbers: list[Value] = [fields.get(name) for name in _NUMBERS]
    return any(is_number(number) and number != 0 for number in numbers)
