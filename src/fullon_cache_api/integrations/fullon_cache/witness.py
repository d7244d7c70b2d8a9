"""The native read of the same, as a witness: an answer that lacks what it finds is not believed.

fullon_cache opens a connection for each command and gives nothing where one fails, so that a single lost
connection empties an answer, or takes out a part of it. Nothing in the answer tells.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from fullon_cache_api.cache.errors import CacheError, CacheUnavailable, CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads import READS
from fullon_cache_api.reads.answer import Answer, Body, Derived
from fullon_cache_api.reads.orders import AmbiguousOrder
from fullon_cache_api.reads.pages import Stream
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.reads.ticks import PREFIX as TICKERS
from fullon_cache_api.reads.values import Value, as_object, is_number

ATTEMPTS = 3
"""How often both are asked while they do not agree: what is cached changes between the two."""

FIVE = ("binance", "kraken", "coinbase", "bitfinex", "bybit")
"""The exchanges that fullon_cache looks at where none is named, in its order."""

Holdings: TypeAlias = "Counter[Hashable]"
"""What an answer holds, as far as a lost connection could take it away: places, elements, figures."""

Count: TypeAlias = Callable[[Answer, Sequence[object]], Holdings]
"""Counts what an answer to those arguments holds."""

_NUMBERS = ("cost", "volume", "fee", "count", "price")


@dataclass(frozen=True, slots=True)
class Witness:
    """The native read that is asked as well; what it finds that fullon_cache must give; what that gives."""

    read: str
    cached: Count
    given: Count

    async def testimony(self, reader: Reader, arguments: Sequence[object]) -> "Testimony":
        """Read natively; what cannot be read for its own sake testifies to nothing."""
        try:
            found = await READS[self.read].function(reader, *arguments)
            if isinstance(found, Derived):
                found = found.answer()
            elif isinstance(found, Stream):
                found = await found.answer(reader)
        except CorruptValue:
            return Testimony(Counter())
        except AmbiguousOrder as error:
            return Testimony(Counter({"another exchange": 1}), error)
        if found is None:
            return Testimony(Counter())
        return Testimony(self.cached(found, arguments), next(iter(found.skipped), None))


@dataclass(frozen=True, slots=True)
class Testimony:
    """What is cached; `flaw` is what may keep fullon_cache from giving it."""

    cached: Holdings
    flaw: CacheError | AmbiguousOrder | None = None

    def is_met(self, given: Holdings, before: "Testimony | None") -> bool:
        """Whether that was given which is cached, and was in an earlier testimony where there is one."""
        if before is None:
            return not self.cached - given
        if self.cached and before.cached and not given:
            return False
        return not (self.cached & before.cached) - given

    def error(self) -> Exception:
        """Return why fullon_cache does not give what is cached."""
        return self.flaw or CacheUnavailable("fullon_cache does not find what is cached")


def witness_of(read: str) -> Witness | None:
    """Return the witness of a read; None for one that is not in the catalogue."""
    if read not in READS:
        return None
    return Witness(_SEES_MORE.get(read, read), *_COUNTS.get(read, (_place, _place)))


def _place(answer: Answer, arguments: Sequence[object]) -> Holdings:
    return Counter([(answer.source, answer.field)])


def _place_if(condition: Callable[[Body], bool]) -> Count:
    """Count an answer only where it meets a condition: otherwise fullon_cache takes it for nothing."""
    return lambda answer, arguments: _place(answer, arguments) if condition(answer.body) else Counter()


def _elements(collection: str, *names: str) -> Count:
    """Count a collection's elements, told apart by their members of those names."""

    def count(answer: Answer, arguments: Sequence[object]) -> Holdings:
        return Counter(tuple(str(item[name]) for name in names) for item in _items(answer, collection))

    return count


def _number_of(collection: str) -> Count:
    """Count a collection that comes whole or not at all; its elements may be re-spelt."""
    return lambda answer, arguments: Counter({answer.source: len(_list(answer, collection))})


def _tickers(answer: Answer, arguments: Sequence[object]) -> Holdings:
    named = answer.body["exchange"] is not None
    exchanges = [str(item["exchange"]) for item in _items(answer, "tickers")]
    return Counter(exchange for exchange in exchanges if named or exchange in FIVE)


def _first_ticker(answer: Answer, arguments: Sequence[object]) -> Holdings:
    """Count the one ticker that fullon_cache comes upon first, given those of all exchanges."""
    symbol = arguments[0]
    spellings = symbol.spellings if isinstance(symbol, Symbol) else ()
    places = [f"{TICKERS}{exchange}" for exchange in FIVE]
    met = [(spelling, place) for spelling in spellings for place in places]
    held = {(field, key) for key, field in answer.sources}
    return Counter([(place, spelling) for spelling, place in met if (spelling, place) in held][:1])


def _metrics(answer: Answer, arguments: Sequence[object]) -> Holdings:
    named = ("total_processes", "active_processes", "components")
    figures = {name: answer.body[name] for name in named} | as_object(answer.body["active_by_type"])
    return Counter({name: number for name, number in figures.items() if isinstance(number, int)})


def _health(answer: Answer, arguments: Sequence[object]) -> Holdings:
    total = answer.body["total_processes"]
    processes = _elements("processes", "process_id")(answer, arguments)
    return processes + Counter({"total": total if isinstance(total, int) else 0})


def _items(answer: Answer, collection: str) -> list[Body]:
    return [as_object(item) for item in _list(answer, collection)]


def _list(answer: Answer, collection: str) -> list[Value]:
    items = answer.body[collection]
    return items if isinstance(items, list) else []


def _is_something(body: Body) -> bool:
    return any(is_number(body.get(name)) and body[name] != 0 for name in _NUMBERS)


_POSITIONS = _elements("positions", "account_id", "symbol")
_BALANCE = _place_if(lambda body: bool(body["balance"]))
_PRICE = _place_if(lambda body: body["price"] != 0)
_BLOCKED = _place_if(lambda body: body["blocked"] is True)
_OPENING = _place_if(lambda body: body["opening"] is True)
_PROCESSES = _elements("processes", "process_id")
_ACTIVITIES = _elements("processes", "type", "component")

_COUNTS: Mapping[str, tuple[Count, Count]] = MappingProxyType(
    {
        "TickCache.get_price": (_PRICE, _place),
        "TickCache.get_all_tickers": (_tickers, _tickers),
        "TickCache.get_any_ticker": (_first_ticker, _place),
        "AccountCache.get_all_accounts": (_elements("accounts", "account_id"),) * 2,
        "AccountCache.get_full_account": (_BALANCE, _place),
        "AccountCache.get_position": (_place_if(_is_something), _place),
        "AccountCache.get_positions": (_POSITIONS, _POSITIONS),
        "AccountCache.get_all_positions": (_POSITIONS, _POSITIONS),
        "OrdersCache.get_orders": (_number_of("orders"),) * 2,
        "BotCache.get_bots": (_elements("bots", "bot_id"),) * 2,
        "BotCache.get_blocks": (_elements("blocks", "exchange", "symbol"),) * 2,
        "BotCache.is_blocked": (_BLOCKED, _BLOCKED),
        "BotCache.is_opening_position": (_OPENING, _OPENING),
        "TradesCache.get_all_trade_statuses": (_elements("statuses", "exchange"),) * 2,
        "OHLCVCache.get_latest_ohlcv_bars": (_number_of("bars"),) * 2,
        "ProcessCache.get_active_processes": (_PROCESSES, _PROCESSES),
        "ProcessCache.get_system_health": (_health, _health),
        "ProcessCache.get_metrics": (_metrics, _metrics),
        "ProcessCache.get_top": (_ACTIVITIES, _ACTIVITIES),
    }
)
"""How what is cached is counted, and what is given, where a read gives more, or less, than one place."""

_SEES_MORE = MappingProxyType({"TickCache.get_any_ticker": "TickCache.get_symbol_tickers"})
"""The witnesses of reads whose own native one gives something else than fullon_cache on purpose."""
