"""What the reads declare of themselves, and that it is so."""

import inspect

import pytest

from fullon_cache_api.cache.commands import READ_COMMANDS
from fullon_cache_api.reads import CATALOGUE, READS, REFUSED
from fullon_cache_api.reads.read import Read, read
from fullon_cache_api.reads.shape import INTEGER, STRING, closed, collection
from fullon_cache_api.spec.json import thaw
from fullon_cache_api.spec.signature import Argument

NAMES = {
    "TickCache": ["all_tickers", "any_ticker", "price", "symbol_tickers", "ticker", "ticker_health"],
    "AccountCache": [
        "all_accounts",
        "all_positions",
        "full_account",
        "position",
        "positions",
        "summary",
    ],
    "OrdersCache": [
        "full_accounts",
        "order",
        "order_status",
        "orders",
        "queue_sizes",
        "user_orders",
    ],
    "BotCache": ["blocks", "bot", "bots", "coordination"],
    "TradesCache": ["all_trade_statuses", "metrics", "queue_status", "trade_status"],
    "OHLCVCache": ["latest_ohlcv_bars"],
    "ProcessCache": [
        "active_processes",
        "component_status",
        "metrics",
        "process",
        "system_health",
        "top",
    ],
}
OTHERS = {
    "BotCache.is_blocked",
    "BotCache.is_opening_position",
    "TradesCache.peek_trades",
    "TradesCache.peek_user_trades",
}

every = pytest.mark.parametrize("name", sorted(READS))


def test_the_catalogue_holds_every_read_of_the_surface_and_no_other() -> None:
    named = {f"{cache}.get_{method}" for cache, methods in NAMES.items() for method in methods}
    assert set(READS) == set(CATALOGUE.reads) == named | OTHERS


def test_what_deletes_or_waits_is_refused_and_says_why() -> None:
    assert set(REFUSED) == {
        "TradesCache.get_trades",
        "TradesCache.get_trades_list",
        "TradesCache.pop_user_trade",
        "TradesCache.pop_my_trade",
        "OrdersCache.pop_open_order",
        "TickCache.get_next_ticker",
        "ProcessCache.get_process_history",
    }
    assert not set(REFUSED) & set(READS)
    for reason in REFUSED.values():
        alternative = [word for word in reason.split() if "." in word]
        assert all(name in READS for name in alternative), reason


@every
def test_a_function_takes_the_declared_arguments_in_their_order(name: str) -> None:
    declared = READS[name]
    parameters = list(inspect.signature(declared.look_up or declared.function).parameters.values())
    if declared.look_up is None:
        assert parameters.pop(0).name == "reader"
    assert [parameter.name for parameter in parameters] == [
        argument.name for argument in declared.signature.arguments
    ]
    for parameter, argument in zip(parameters, declared.signature.arguments, strict=True):
        assert argument.required or "None" in str(parameter.annotation)


@every
def test_a_read_declares_only_commands_of_the_closed_list(name: str) -> None:
    commands = READS[name].signature.commands
    assert set(commands) <= READ_COMMANDS
    assert len(commands) == len(set(commands))


@every
def test_a_read_has_a_sentence_that_says_what_it_gives(name: str) -> None:
    summary = READS[name].signature.summary
    assert summary.endswith(".") and summary[0].isupper() and len(summary) < 110


@every
def test_the_elements_of_a_collection_are_a_list_in_its_answer(name: str) -> None:
    signature = READS[name].signature
    answer = thaw(signature.answer)
    if signature.elements is not None:
        assert answer["properties"][signature.elements]["type"] == "array"
        assert "skipped" in answer["properties"] and "skipped" not in answer["required"]
        assert not signature.absent


def test_a_declaration_makes_the_signature() -> None:
    argument = Argument("exchange", "string", "Exchange.")

    @read(
        "XCache.get_x",
        (argument,),
        commands=("GET",),
        keys=("x:{exchange}",),
        answer=closed(x=INTEGER),
        absent=True,
    )
    async def get_x(reader: object, exchange: str) -> None:
        """One x.

        And more about it.
        """

    assert isinstance(get_x, Read)
    signature = get_x.signature
    assert (signature.name, signature.summary) == ("XCache.get_x", "One x.")
    assert signature.argument("exchange") is argument
    assert signature.argument("symbol") is None
    assert (signature.absent, signature.ambiguous, signature.elements) == (True, False, None)


def test_a_collection_may_say_that_something_was_left_out() -> None:
    assert thaw(collection("xs", INTEGER, owner=STRING)) == {
        "type": "object",
        "properties": {
            "owner": {"type": "string"},
            "count": {"type": "integer"},
            "xs": {"type": "array", "items": {"type": "integer"}},
            "skipped": {"type": "integer"},
        },
        "required": ["owner", "count", "xs"],
        "additionalProperties": False,
    }
