"""Reads of bots: the hashes `bot_status`, `block_exchange` and `opening_position`."""

from fullon_cache_api.cache.reader import Reader, pairs
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Blame, Body, Elements, readable
from .arguments import EXCHANGE, NAME, SYMBOL
from .lookup import Lookup, lookup
from .read import read
from .shape import BOOLEAN, INTEGER, STRING, TEXT, array, closed, collection, mapping, opened, overview
from .symbol import Symbol, show_symbol
from .values import BadValue, Value, as_object, newest_time, parse_object, parse_text, time_text

STATUS = "bot_status"
BLOCKS = "block_exchange"
OPENINGS = "opening_position"

BOT = closed(bot_id=STRING, feeds=mapping(opened()), updated_at=TEXT)
BLOCK = closed(exchange=STRING, symbol=STRING, bot_id=STRING)
OPENING = closed(exchange=STRING, symbol=STRING, bot_id=STRING, since=TEXT)
BOT_ID = Argument("bot_id", "string", "Bot id.", schema=NAME)


def bot(bot_id: str, raw: bytes) -> Body:
    """Return a bot with its feeds (null is none), and when the newest of them was written."""
    feeds = {name: feed(cached) for name, cached in parse_object(raw).items() if cached is not None}
    updated_at = newest_time(cached.get("timestamp") for cached in feeds.values())
    return {"bot_id": bot_id, "feeds": feeds, "updated_at": updated_at}


def feed(cached: Value) -> Body:
    """Return a feed with its time and symbols as answers show them."""
    shown = dict(as_object(cached))
    if "timestamp" in shown:
        shown["timestamp"] = time_text(shown["timestamp"])
    if isinstance(symbol := shown.get("symbol"), str):
        shown["symbol"] = show_symbol(symbol)
    if isinstance(symbols := shown.get("symbols"), list):
        shown["symbols"] = [show_symbol(name) if isinstance(name, str) else name for name in symbols]
    return shown


def block(field: str, raw: bytes) -> Body | None:
    """Return a block; an empty bot id blocks nothing."""
    exchange, symbol = pair(field)
    bot_id = parse_text(raw)
    return {"exchange": exchange, "symbol": show_symbol(symbol), "bot_id": bot_id} if bot_id else None


def opening(field: str, raw: bytes) -> Body | None:
    """Return who opens a position, and since when; an empty value opens none."""
    exchange, symbol = pair(field)
    if not raw:
        return None
    bot_id, since = bot_and_time(raw)
    return {"exchange": exchange, "symbol": show_symbol(symbol), "bot_id": bot_id, "since": since}


def pair(field: str) -> tuple[str, str]:
    """Split `{exchange}:{symbol}` at the first colon."""
    exchange, _, symbol = field.partition(":")
    if not (exchange and symbol):
        raise BadValue("it is not stored under {exchange}:{symbol}")
    return exchange, symbol


def bot_and_time(raw: bytes) -> tuple[str, str | None]:
    """Split `{bot_id}:{ISO time}` at the first colon."""
    bot_id, colon, since = parse_text(raw).partition(":")
    if not (bot_id and colon):
        raise BadValue("it is not {bot_id}:{time}")
    return bot_id, time_text(since)


@read(
    "BotCache.get_bots",
    commands=("HGETALL",),
    keys=(STATUS,),
    answer=collection("bots", BOT),
    elements="bots",
)
async def get_bots(reader: Reader) -> Answer:
    """Every bot with its feeds."""
    bots: Elements[Body] = Elements()
    bots.add_hash(STATUS, await reader.hgetall(STATUS), bot)
    return bots.answer("bots", STATUS)


@lookup("BotCache.get_bot", (BOT_ID,), keys=(STATUS,), answer=BOT)
def get_bot(bot_id: str) -> Lookup:
    """One bot with its feeds."""
    return Lookup(STATUS, (bot_id,), bot)


@read(
    "BotCache.is_blocked",
    (EXCHANGE, SYMBOL),
    commands=("HMGET",),
    keys=(BLOCKS,),
    answer=closed(exchange=STRING, symbol=STRING, blocked=BOOLEAN, bot_id=TEXT),
)
async def is_blocked(reader: Reader, exchange: str, symbol: Symbol) -> Answer:
    """Whether a bot keeps a symbol of an exchange to itself, and which one."""
    field, raw = await _entry(reader, BLOCKS, exchange, symbol)
    with Blame(BLOCKS, field):
        held = block(field, raw)
    body = {"exchange": exchange, "symbol": symbol.shown, "blocked": held is not None, "bot_id": None}
    return Answer({**body, **(held or {})}, BLOCKS, field=field)


@read(
    "BotCache.is_opening_position",
    (EXCHANGE, SYMBOL),
    commands=("HMGET",),
    keys=(OPENINGS,),
    answer=closed(exchange=STRING, symbol=STRING, opening=BOOLEAN, bot_id=TEXT, since=TEXT),
)
async def is_opening_position(reader: Reader, exchange: str, symbol: Symbol) -> Answer:
    """Whether a bot is opening a position in a symbol of an exchange, which one and since when."""
    field, raw = await _entry(reader, OPENINGS, exchange, symbol)
    with Blame(OPENINGS, field):
        held = opening(field, raw)
    body = {"exchange": exchange, "symbol": symbol.shown, "opening": held is not None, "bot_id": None}
    return Answer({**body, "since": None, **(held or {})}, OPENINGS, field=field)


async def _entry(reader: Reader, key: str, exchange: str, symbol: Symbol) -> tuple[str, bytes]:
    """Return a symbol's field in a hash, and what is there; nothing there is empty, and means the same."""
    fields = [f"{exchange}:{spelling}" for spelling in symbol.spellings]
    values = [raw or b"" for raw in await reader.hmget(key, fields)]
    return next((entry for entry in zip(fields, values, strict=True) if entry[1]), (fields[0], b""))


@read(
    "BotCache.get_blocks",
    commands=("HGETALL",),
    keys=(BLOCKS,),
    answer=collection("blocks", BLOCK),
    elements="blocks",
)
async def get_blocks(reader: Reader) -> Answer:
    """Every symbol that a bot keeps to itself."""
    blocks: Elements[Body] = Elements()
    blocks.add_hash(BLOCKS, await reader.hgetall(BLOCKS), block)
    return blocks.answer("blocks", BLOCKS)


@read(
    "BotCache.get_coordination",
    commands=("HLEN", "HGETALL"),
    keys=(STATUS, BLOCKS, OPENINGS),
    answer=overview(bots=INTEGER, blocked=array(BLOCK), opening=array(OPENING)),
)
async def get_coordination(reader: Reader) -> Answer:
    """How many bots there are, what they block and what they are opening."""
    commands = [("HLEN", STATUS), ("HGETALL", BLOCKS), ("HGETALL", OPENINGS)]
    bots, blocks, openings = map(readable, await reader.batch(commands))
    blocked: Elements[Body] = Elements()
    blocked.add_hash(BLOCKS, pairs(blocks), block)
    opened_by: Elements[Body] = Elements()
    opened_by.add_hash(OPENINGS, pairs(openings), opening)
    body: Body = {"bots": bots, "blocked": blocked.items, "opening": opened_by.items}
    return Answer.overview(body, f"{BLOCKS} {OPENINGS}", blocked.skipped + opened_by.skipped)
