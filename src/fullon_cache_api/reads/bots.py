"""Reads of bots: the hashes `bot_status`, `block_exchange` and `opening_position`."""

from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Elements, corrupt, readable
from .arguments import EXCHANGE, NAME, SYMBOL
from .read import read
from .shape import BOOLEAN, INTEGER, STRING, TEXT, array, closed, collection, mapping, opened, overview
from .symbol import Symbol, show_symbol
from .values import BadValue, Value, newest_time, parse_object, parse_text, time_text

STATUS = "bot_status"
BLOCKS = "block_exchange"
OPENINGS = "opening_position"

BOT = closed(bot_id=STRING, feeds=mapping(opened()), updated_at=TEXT)
BLOCK = closed(exchange=STRING, symbol=STRING, bot_id=STRING)
OPENING = closed(exchange=STRING, symbol=STRING, bot_id=STRING, since=TEXT)
BOT_ID = Argument("bot_id", "string", "Bot id.", schema=NAME)


def bot(bot_id: str, raw: bytes) -> Body:
    """Return a bot with its feeds, and when the newest of them was written."""
    feeds = {name: feed(cached) for name, cached in parse_object(raw).items()}
    times = [one["timestamp"] for one in feeds.values() if isinstance(one, dict) and "timestamp" in one]
    return {"bot_id": bot_id, "feeds": feeds, "updated_at": newest_time(times)}


def feed(cached: Value) -> Value:
    """Return a feed with its time and symbols as answers show them."""
    if not isinstance(cached, dict):
        return cached
    shown = dict(cached)
    if "timestamp" in shown:
        shown["timestamp"] = time_text(shown["timestamp"])
    if isinstance(symbols := shown.get("symbols"), list):
        shown["symbols"] = [show_symbol(name) if isinstance(name, str) else name for name in symbols]
    return shown


def block(field: str, raw: bytes) -> Body | None:
    """Return a block; an empty bot id blocks nothing."""
    bot_id = parse_text(raw)
    exchange, symbol = pair(field)
    return {"exchange": exchange, "symbol": show_symbol(symbol), "bot_id": bot_id} if bot_id else None


def opening(field: str, raw: bytes) -> Body:
    """Return who opens a position, and since when."""
    exchange, symbol = pair(field)
    bot_id, since = bot_and_time(raw)
    return {"exchange": exchange, "symbol": show_symbol(symbol), "bot_id": bot_id, "since": since}


def pair(field: str) -> tuple[str, str]:
    """Split `{exchange}:{symbol}` at the first colon."""
    exchange, colon, symbol = field.partition(":")
    if not (exchange and colon and symbol):
        raise BadValue("is not stored under {exchange}:{symbol}")
    return exchange, symbol


def bot_and_time(raw: bytes) -> tuple[str, str | None]:
    """Split `{bot_id}:{ISO time}` at the first colon."""
    bot_id, colon, since = parse_text(raw).partition(":")
    if not (bot_id and colon):
        raise BadValue("is not {bot_id}:{time}")
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
    (reply,) = await reader.batch([("HGETALL", STATUS)])
    elements = Elements()
    elements.add_hash(STATUS, readable(reply), bot)
    return elements.answer("bots", STATUS, {})


@read("BotCache.get_bot", (BOT_ID,), commands=("HGET",), keys=(STATUS,), answer=BOT, absent=True)
async def get_bot(reader: Reader, bot_id: str) -> Answer | None:
    """One bot with its feeds."""
    raw = await reader.hget(STATUS, bot_id)
    if raw is None:
        return None
    try:
        return Answer(bot(bot_id, raw), f"{STATUS} {bot_id}")
    except BadValue as error:
        raise corrupt(STATUS, error, bot_id) from None


@read(
    "BotCache.is_blocked",
    (EXCHANGE, SYMBOL),
    commands=("HMGET",),
    keys=(BLOCKS,),
    answer=closed(exchange=STRING, symbol=STRING, blocked=BOOLEAN, bot_id=TEXT),
)
async def is_blocked(reader: Reader, exchange: str, symbol: Symbol) -> Answer:
    """Whether a bot keeps a symbol of an exchange to itself, and which one."""
    found = await _entry(reader, BLOCKS, exchange, symbol)
    name, bot_id = symbol.shown, None
    if found is not None:
        try:
            name, bot_id = show_symbol(found[0]), parse_text(found[1])
        except BadValue as error:
            raise corrupt(BLOCKS, error, f"{exchange}:{found[0]}") from None
    return Answer({"exchange": exchange, "symbol": name, "blocked": bool(bot_id), "bot_id": bot_id}, BLOCKS)


@read(
    "BotCache.is_opening_position",
    (EXCHANGE, SYMBOL),
    commands=("HMGET",),
    keys=(OPENINGS,),
    answer=closed(exchange=STRING, symbol=STRING, opening=BOOLEAN, bot_id=TEXT, since=TEXT),
)
async def is_opening_position(reader: Reader, exchange: str, symbol: Symbol) -> Answer:
    """Whether a bot is opening a position in a symbol of an exchange, which one and since when."""
    found = await _entry(reader, OPENINGS, exchange, symbol)
    name, bot_id, since = symbol.shown, None, None
    if found is not None:
        try:
            name, (bot_id, since) = show_symbol(found[0]), bot_and_time(found[1])
        except BadValue as error:
            raise corrupt(OPENINGS, error, f"{exchange}:{found[0]}") from None
    body: Body = {"exchange": exchange, "symbol": name, "opening": bot_id is not None}
    return Answer({**body, "bot_id": bot_id, "since": since}, OPENINGS)


@read(
    "BotCache.get_blocks",
    commands=("HGETALL",),
    keys=(BLOCKS,),
    answer=collection("blocks", BLOCK),
    elements="blocks",
)
async def get_blocks(reader: Reader) -> Answer:
    """Every symbol that a bot keeps to itself."""
    (reply,) = await reader.batch([("HGETALL", BLOCKS)])
    elements = Elements()
    elements.add_hash(BLOCKS, readable(reply), block)
    return elements.answer("blocks", BLOCKS, {})


@read(
    "BotCache.get_coordination",
    commands=("HLEN", "HGETALL"),
    keys=(STATUS, BLOCKS, OPENINGS),
    answer=overview(bots=INTEGER, blocked=array(BLOCK), opening=array(OPENING)),
)
async def get_coordination(reader: Reader) -> Answer:
    """How many bots there are, what they block and what they are opening."""
    bots, blocks, openings = await reader.batch(
        [("HLEN", STATUS), ("HGETALL", BLOCKS), ("HGETALL", OPENINGS)]
    )
    blocked, opened_ = Elements(), Elements()
    blocked.add_hash(BLOCKS, readable(blocks), block)
    opened_.add_hash(OPENINGS, readable(openings), opening)
    body: Body = {"bots": readable(bots), "blocked": blocked.items, "opening": opened_.items}
    skipped = blocked.skipped + opened_.skipped
    if skipped:
        body["skipped"] = len(skipped)
    return Answer(body, f"{BLOCKS} {OPENINGS}", skipped=skipped)


async def _entry(reader: Reader, key: str, exchange: str, symbol: Symbol) -> tuple[str, bytes] | None:
    fields = [f"{exchange}:{spelling}" for spelling in symbol.spellings]
    for spelling, raw in zip(symbol.spellings, await reader.hmget(key, fields), strict=True):
        if raw:
            return spelling, raw
    return None
