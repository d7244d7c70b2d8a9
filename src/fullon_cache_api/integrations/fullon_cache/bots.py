"""BotCache by its own methods."""

from fullon_cache_api.reads.answer import Answer, Blame, Body, Elements
from fullon_cache_api.reads.bots import BLOCKS, OPENINGS, STATUS, block, bot
from fullon_cache_api.reads.symbol import Symbol, show_symbol
from fullon_cache_api.reads.values import as_object

from .adapter import adapter
from .call import Calls
from .plain import encoded, plain, plain_list, plain_object


@adapter("BotCache.get_bots", get_bots=())
async def get_bots(calls: Calls) -> Answer:
    """Every bot with its feeds."""
    found = await calls("get_bots")
    bots: Elements[Body] = Elements()
    with Blame(STATUS):
        for bot_id, feeds in sorted(plain_object(found).items()):
            bots.add(STATUS, bot_id, bot, bot_id, encoded(feeds))
    return bots.answer("bots", STATUS)


@adapter("BotCache.is_blocked", is_blocked=("ex_id", "symbol"))
async def is_blocked(calls: Calls, exchange: str, symbol: Symbol) -> Answer:
    """By the first spelling of the symbol that is blocked."""
    body: Body = {"exchange": exchange, "symbol": symbol.shown, "bot_id": None, "blocked": False}
    for spelling in symbol.spellings:
        bot_id = await calls("is_blocked", ex_id=exchange, symbol=spelling)
        if bot_id:
            with Blame(BLOCKS, f"{exchange}:{spelling}"):
                named = {"bot_id": str(plain(bot_id)), "symbol": show_symbol(spelling)}
            return Answer({**body, **named, "blocked": True}, BLOCKS, field=f"{exchange}:{spelling}")
    return Answer(body, BLOCKS, field=f"{exchange}:{symbol.spellings[0]}")


@adapter("BotCache.is_opening_position", is_opening_position=("ex_id", "symbol"))
async def is_opening_position(calls: Calls, exchange: str, symbol: Symbol) -> Answer:
    """By the first spelling of the symbol that is being opened; who does it, and since when, is not told."""
    body: Body = {"exchange": exchange, "symbol": symbol.shown, "bot_id": None, "since": None}
    for spelling in symbol.spellings:
        if await calls("is_opening_position", ex_id=exchange, symbol=spelling):
            named: Body = {"symbol": show_symbol(spelling), "opening": True}
            return Answer({**body, **named}, OPENINGS, field=f"{exchange}:{spelling}")
    return Answer({**body, "opening": False}, OPENINGS, field=f"{exchange}:{symbol.spellings[0]}")


@adapter("BotCache.get_blocks", get_blocks=())
async def get_blocks(calls: Calls) -> Answer:
    """Every symbol that a bot keeps to itself."""
    found = await calls("get_blocks")
    blocks: Elements[Body] = Elements()
    with Blame(BLOCKS):
        given = {_pair(each): str(each.get("bot") or "") for each in map(as_object, plain_list(found))}
    for pair, bot_id in sorted(given.items()):
        blocks.add(BLOCKS, pair, block, pair, bot_id.encode())
    return blocks.answer("blocks", BLOCKS)


def _pair(fields: Body) -> str:
    return f"{fields.get('ex_id') or ''}:{fields.get('symbol') or ''}"
