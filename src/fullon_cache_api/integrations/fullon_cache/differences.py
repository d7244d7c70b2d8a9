"""In what the answers by fullon_cache differ from the native ones: a closed list, which the tests hold to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the reads that it touches, all of them where none is named, and both answers."""

    name: str
    reads: tuple[str, ...]
    native: str
    fullon_cache: str


_ORDERS = ("OrdersCache.get_order", "OrdersCache.get_order_status", "OrdersCache.get_orders")
_POSITIONS = ("AccountCache.get_positions", "AccountCache.get_all_positions", "AccountCache.get_position")
_TICKS = ("TickCache.get_ticker", "TickCache.get_all_tickers", "TickCache.get_any_ticker")

DIFFERENCES = (
    Difference(
        "what_cannot_be_read_is_missing",
        (),
        "A corrupt value is a 502 that names its key; in a collection it is counted in `skipped`.",
        "It is a 404, or left out without a word: fullon_cache hides that it failed on it.",
    ),
    Difference(
        "one_element_takes_a_collection_down",
        ("BotCache.get_blocks", "OHLCVCache.get_latest_ohlcv_bars"),
        "A field of `block_exchange` without a colon, or a corrupt bar, is counted in `skipped`.",
        "The whole answer is a 502: fullon_cache fails on it, or gives up the list for it.",
    ),
    Difference(
        "a_process_that_fullon_cache_fails_on_takes_the_others_down",
        ("ProcessCache.get_active_processes", "ProcessCache.get_system_health", "ProcessCache.get_top"),
        "A time without an offset means UTC; what is no JSON is counted in `skipped`.",
        "For either the whole answer is a 502.",
    ),
    Difference(
        "what_the_native_read_finds_and_fullon_cache_does_not_give_is_a_503",
        (),
        "What can be read is given.",
        "A value that can be read, and that fullon_cache does not give for another reason than those listed "
        "here, is a 503 for the whole answer: it could be an outage, and the native read tells.",
    ),
    Difference(
        "all_tickers_are_those_of_five_exchanges",
        ("TickCache.get_all_tickers",),
        "Without an exchange: those of every exchange that the cache holds.",
        "Those of binance, kraken, coinbase, bitfinex and bybit.",
    ),
    Difference(
        "any_ticker_is_that_of_the_first_of_five_exchanges",
        ("TickCache.get_any_ticker",),
        "The newest one of any exchange.",
        "The first one that is found, in a fixed order of those five exchanges.",
    ),
    Difference(
        "a_tick_without_volume_or_time_gets_zero",
        _TICKS,
        "`volume` and `cached_at` are null.",
        "They are 0 and 1970-01-01T00:00:00Z.",
    ),
    Difference(
        "a_tick_keeps_only_the_numbers_of_its_model",
        _TICKS,
        "All numbers of the Tick.",
        "Those that fullon_orm's model has; one that the Tick lacks is left out all the same.",
    ),
    Difference(
        "a_price_has_no_time",
        ("TickCache.get_price",),
        "`cached_at` is the Tick's time, and a price of 0 is a price.",
        "`cached_at` is null, a price of 0 is a 404. Version 0.5.11 lacks the method: there it is native.",
    ),
    Difference(
        "a_balance_has_no_time",
        ("AccountCache.get_full_account",),
        "`updated_at` is the account's date; an empty balance is a balance.",
        "`updated_at` is null; an empty balance is a 404.",
    ),
    Difference(
        "the_positions_of_an_account_have_no_common_time",
        ("AccountCache.get_positions",),
        "`updated_at` is when they were written.",
        "`updated_at` is null. It returns every account's positions; those of others are taken out here.",
    ),
    Difference(
        "a_position_without_a_time_gets_now",
        _POSITIONS,
        "`timestamp` is null.",
        "`timestamp` is the time of the request.",
    ),
    Difference(
        "a_position_without_a_number_gets_zero",
        _POSITIONS,
        "The number is null.",
        "It is 0. Fields that the model does not know are gone.",
    ),
    Difference(
        "a_position_of_nothing_counts_as_none",
        ("AccountCache.get_position",),
        "A position whose numbers are all 0 is a position.",
        "It is a 404: fullon_cache gives an empty one where there is none.",
    ),
    Difference(
        "an_orders_ids_are_respelt",
        _ORDERS,
        "`ex_order_id` is as cached.",
        "`ex_order_id` is the id that the order is stored under. `order_id` is that id on both.",
    ),
    Difference(
        "an_order_has_the_fields_of_its_model",
        _ORDERS,
        "The cached fields, and no others.",
        "The model's fields: those that the cache lacks are null, or empty texts, those beyond it are gone.",
    ),
    Difference(
        "an_order_without_a_time_gets_now",
        _ORDERS,
        "`timestamp` is null or missing.",
        "`timestamp` is the time of the request.",
    ),
    Difference(
        "an_opening_has_neither_bot_nor_time",
        ("BotCache.is_opening_position",),
        "`bot_id` and `since` say who opens the position, and since when.",
        "Both are null: fullon_cache says only that somebody does.",
    ),
    Difference(
        "the_processes_of_the_health_come_from_a_second_call",
        ("ProcessCache.get_system_health",),
        "Figures and processes are of one moment; a missing type or status counts as unknown.",
        "The processes come from `get_active_processes`, a moment after the figures.",
    ),
)
"""Each is pinned by a test of its name."""


def differences_table() -> str:
    """Return the list as a Markdown table."""
    head = ("| read | native | fullon_cache |", "| --- | --- | --- |")
    rows = (f"| {_reads(each)} | {each.native} | {each.fullon_cache} |" for each in DIFFERENCES)
    return "\n".join((*head, *rows))


def _reads(difference: Difference) -> str:
    return "<br>".join(f"`{read}`" for read in difference.reads) or "all"
