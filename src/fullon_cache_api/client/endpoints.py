"""Fullon Cache API 1.0.0: written by `fullon-cache-api client`, not by hand."""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from fullon_cache_api.client.operation import Operation
from fullon_cache_api.client.transport import AsyncClient, SyncClient

__all__ = [
    "Account",
    "AccountBalance",
    "AccountList",
    "AccountPositionList",
    "AccountSummary",
    "AsyncCacheClient",
    "Balance",
    "Bar",
    "BarList",
    "Block",
    "BlockList",
    "Blocked",
    "Bot",
    "BotCoordination",
    "BotList",
    "CacheClient",
    "CurrencyTotal",
    "ExchangeOrderList",
    "ExchangeTickerHealth",
    "ExchangeTickerList",
    "ExchangeTradeMetrics",
    "ListProcessesType",
    "Opening",
    "Order",
    "OrderQueue",
    "OrderQueueList",
    "OrderStatus",
    "Position",
    "PositionList",
    "PositionOpening",
    "Price",
    "Process",
    "ProcessActivity",
    "ProcessActivityList",
    "ProcessHealth",
    "ProcessList",
    "ProcessMetrics",
    "SymbolTickerList",
    "Ticker",
    "TickerHealth",
    "TickerList",
    "TickerTicker",
    "Trade",
    "TradeList",
    "TradeMetrics",
    "TradeQueue",
    "TradeQueueList",
    "TradeStatus",
    "TradeStatusList",
    "UserOrderList",
    "UserTradeList",
]


class TickerTicker(TypedDict):
    """The Tick's numbers, in the quote currency unless said otherwise. Further members are `float | None`."""

    bid: float | None
    """Highest price that a buyer offers."""

    ask: float | None
    """Lowest price that a seller asks."""

    last: float | None
    """Price of the last trade."""

    volume: float | None
    """Volume traded, in the base currency, as the exchange reports it."""


class Ticker(TypedDict):
    """The latest ticker of one symbol on one exchange."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    ticker: TickerTicker
    """The Tick's numbers, in the quote currency unless said otherwise."""

    cached_at: str | None
    """When the exchange gave this ticker (the Tick's `time`); null when the cache has no time."""

    cache_hit: bool
    """Always true: a ticker that is not cached is a 404."""


class TickerList(TypedDict):
    """The tickers of every exchange that the cache holds."""

    count: int
    """Number of elements in the list."""

    tickers: list[Ticker]
    """Tickers of all exchanges."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class ExchangeTickerList(TypedDict):
    """The tickers of one exchange."""

    exchange: str
    """Name of the exchange."""

    count: int
    """Number of elements in the list."""

    tickers: list[Ticker]
    """Tickers of that exchange."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Price(TypedDict):
    """The latest price of one symbol on one exchange."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    price: float
    """Price of the last trade (`last`), else the Tick's `price`, in the quote currency."""

    cached_at: str | None
    """When the exchange gave this price; null when the cache has no time."""


class ExchangeTickerHealth(TypedDict):
    """How fresh the tickers of one exchange are."""

    exchange: str
    """Name of the exchange."""

    tickers: int
    """Number of tickers of that exchange."""

    stale: int
    """Number of its tickers that are stale."""

    newest: str | None
    """Time of its newest ticker; null when none has a time."""

    oldest: str | None
    """Time of its oldest ticker; null when none has a time."""


class TickerHealth(TypedDict):
    """How fresh the cached tickers are, in all and for each exchange."""

    status: Literal["healthy", "degraded", "empty"]
    """healthy: no ticker is stale; degraded: some are, or cannot be read; empty: no ticker is cached."""

    tickers: int
    """Number of tickers of all exchanges."""

    stale: int
    """Number of tickers older than `stale_after_seconds`."""

    stale_after_seconds: int
    """Age in seconds from which a ticker counts as stale."""

    exchanges: list[ExchangeTickerHealth]
    """The same for each exchange."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class SymbolTickerList(TypedDict):
    """The tickers of one symbol on every exchange that has it."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    count: int
    """Number of elements in the list."""

    tickers: list[Ticker]
    """Tickers of that symbol, one for each exchange."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Balance(TypedDict):
    """What an account holds of one currency, in that currency; further fields stay as cached."""

    free: NotRequired[float | None]
    """Amount that can be used for new orders."""

    used: NotRequired[float | None]
    """Amount held by open orders."""

    total: NotRequired[float | None]
    """Free and used together."""


class Account(TypedDict):
    """The balances of one account."""

    account_id: int
    """Id of the account: fullon_cache's `ex_id`."""

    balances: dict[str, Balance]
    """Balance by currency."""

    updated_at: str | None
    """When the account was last written; null when the cache has no time."""


class AccountList(TypedDict):
    """The balances of all accounts."""

    count: int
    """Number of elements in the list."""

    accounts: list[Account]
    """All accounts."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class CurrencyTotal(TypedDict):
    """What all accounts hold of one currency, in that currency."""

    free: float | None
    """Sum of the free amounts; null when no account tells."""

    used: float | None
    """Sum of the amounts held by open orders; null when no account tells."""

    total: float | None
    """Sum of the totals; null when no account tells."""


class AccountSummary(TypedDict):
    """All accounts and positions in a few figures."""

    accounts: int
    """Number of accounts."""

    positions: int
    """Number of positions of all accounts."""

    open_positions: int
    """Number of positions whose volume is not zero."""

    currencies: dict[str, CurrencyTotal]
    """Sum over all accounts, by currency."""

    updated_at: str | None
    """When the newest account was written; null when the cache has no time."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class AccountBalance(TypedDict):
    """The balance of one currency in one account."""

    account_id: int
    """Id of the account: fullon_cache's `ex_id`."""

    currency: str
    """Currency of the balance."""

    balance: Balance
    """What the account holds of it."""

    updated_at: str | None
    """When the account was last written; null when the cache has no time."""


class Position(TypedDict):
    """What an account holds of one symbol; further fields stay as cached."""

    account_id: int
    """Id of the account: fullon_cache's `ex_id`."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    cost: float | None
    """What the position cost, in the quote currency."""

    volume: float | None
    """Size of the position, in the base currency; negative when short."""

    fee: float | None
    """Fees paid for it."""

    count: float | None
    """Number of trades that made it."""

    price: float | None
    """Average entry price, in the quote currency."""

    timestamp: str | None
    """When the position last changed; null when the cache has no time."""


class AccountPositionList(TypedDict):
    """The positions of one account."""

    account_id: int
    """Id of the account: fullon_cache's `ex_id`."""

    count: int
    """Number of elements in the list."""

    positions: list[Position]
    """Positions of that account only."""

    updated_at: str | None
    """When the account's positions were last written; null when the cache has no time."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class PositionList(TypedDict):
    """The positions of all accounts."""

    count: int
    """Number of elements in the list."""

    positions: list[Position]
    """Positions of all accounts."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Order(TypedDict):
    """An order as its exchange last reported it; further fields stay as cached."""

    order_id: str
    """Id of the order: the field under which the cache holds it."""

    ex_order_id: NotRequired[str | int | None]
    """Id that the exchange gave the order."""

    bot_id: NotRequired[str | int | None]
    """Bot that placed the order."""

    uid: NotRequired[str | int | None]
    """User that owns the order."""

    ex_id: NotRequired[str | int | None]
    """Account that the order belongs to."""

    cat_ex_id: NotRequired[str | int | None]
    """Fullon's id of the exchange."""

    exchange: str
    """Name of the exchange."""

    symbol: NotRequired[str | None]
    """Symbol, `/` shown as `-`."""

    order_type: NotRequired[str | None]
    """Type of the order, such as market or limit."""

    side: NotRequired[str | None]
    """Side of the order: buy or sell."""

    volume: NotRequired[float | None]
    """Ordered volume, in the base currency."""

    final_volume: NotRequired[float | None]
    """Volume that the order ended with, in the base currency."""

    price: NotRequired[float | None]
    """Price of the order, in the quote currency."""

    plimit: NotRequired[float | None]
    """Limit price, in the quote currency."""

    tick: NotRequired[float | None]
    """Market price recorded with the order, in the quote currency."""

    futures: NotRequired[bool | None]
    """Whether the order is on a futures market."""

    leverage: NotRequired[float | None]
    """Leverage of the order."""

    status: NotRequired[str | None]
    """State of the order, such as open, closed or canceled."""

    command: NotRequired[str | None]
    """Command recorded with the order."""

    reason: NotRequired[str | None]
    """Reason recorded with the order."""

    timestamp: NotRequired[str | None]
    """When the order was placed or last changed; null when the cache has no time."""


class OrderStatus(TypedDict):
    """The state of one order, with the order itself."""

    order_id: str
    """Id of the order."""

    exchange: str
    """Exchange on which the order was found."""

    status: str | None
    """State of the order; null when the cache has none."""

    order: Order
    """The order."""


class UserOrderList(TypedDict):
    """The orders of one user."""

    user_id: int
    """Id of the user: the orders' `uid`."""

    count: int
    """Number of elements in the list."""

    orders: list[Order]
    """Orders of that user."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class OrderQueue(TypedDict):
    """A queue of orders that wait to be sent to their exchange."""

    queue_name: str
    """Name of the queue: the local order id."""

    size: int
    """Number of orders in the queue."""

    processing_rate: float | None
    """Elements processed per second; null where it cannot be measured."""

    health_status: Literal["healthy", "backlog", "stale"]
    """backlog: 1,000 or more queued; stale: some queued, last trade over 5 minutes ago."""

    last_processed: str | None
    """When an order was last processed; null where the cache does not tell."""


class OrderQueueList(TypedDict):
    """The sizes of all order queues."""

    size: int
    """Number of queued orders in all."""

    queues: list[OrderQueue]
    """The queues."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class ExchangeOrderList(TypedDict):
    """The orders on one exchange."""

    exchange: str
    """Name of the exchange."""

    count: int
    """Number of elements in the list."""

    orders: list[Order]
    """Orders on that exchange."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Bot(TypedDict):
    """What one bot reports on its feeds."""

    bot_id: str
    """Id of the bot."""

    feeds: dict[str, dict[str, Any]]
    """Report by feed."""

    updated_at: str | None
    """The newest `timestamp` of the feeds; null when none has one."""


class BotList(TypedDict):
    """What all bots report on their feeds."""

    count: int
    """Number of elements in the list."""

    bots: list[Bot]
    """All bots."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Blocked(TypedDict):
    """Whether a bot has blocked a symbol of an exchange for itself."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    blocked: bool
    """Whether a bot has blocked the symbol."""

    bot_id: str | None
    """Bot that has blocked it; null when none has."""


class Opening(TypedDict):
    """Whether a bot is opening a position in a symbol of an exchange."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    opening: bool
    """Whether a bot is opening a position."""

    bot_id: str | None
    """Bot that is opening it; null when none is."""

    since: str | None
    """Since when; null when no bot is opening one or the cache has no time."""


class Block(TypedDict):
    """A symbol of an exchange that a bot has blocked for itself."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    bot_id: str
    """Bot that has blocked the symbol."""


class BlockList(TypedDict):
    """All symbols that bots have blocked for themselves."""

    count: int
    """Number of elements in the list."""

    blocks: list[Block]
    """All blocks."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class PositionOpening(TypedDict):
    """A position that a bot is opening."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    bot_id: str
    """Bot that is opening the position."""

    since: str | None
    """Since when; null when the cache has no time."""


class BotCoordination(TypedDict):
    """How the bots keep out of each other's way."""

    bots: int
    """Number of bots that report."""

    blocked: list[Block]
    """Symbols that bots have blocked for themselves."""

    opening: list[PositionOpening]
    """Positions that bots are opening."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class TradeQueue(TypedDict):
    """A queue of trades that wait to be stored."""

    queue_name: str
    """Name of the queue: exchange and symbol."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol as the queue's key has it, without `/`."""

    size: int
    """Number of trades in the queue."""

    processing_rate: float | None
    """Elements processed per second; null where it cannot be measured."""

    health_status: Literal["healthy", "backlog", "stale"]
    """backlog: 1,000 or more queued; stale: some queued, last trade over 5 minutes ago."""

    last_processed: str | None
    """When the exchange's last trade was queued; null when the cache has no time."""


class TradeQueueList(TypedDict):
    """The state of all trade queues."""

    size: int
    """Number of queued trades in all."""

    queues: list[TradeQueue]
    """The queues."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class ExchangeTradeMetrics(TypedDict):
    """How the trades of one exchange flow."""

    exchange: str
    """Name of the exchange."""

    queued: int
    """Number of its queued trades."""

    last_trade_at: str | None
    """When its last trade was queued; null when the cache has no time."""

    lag_seconds: float | None
    """Seconds since its last trade; null when the cache has no time."""


class TradeMetrics(TypedDict):
    """How the trades flow, in all and for each exchange."""

    queued_trades: int
    """Number of queued trades in all."""

    queues: int
    """Number of queues."""

    exchanges: list[ExchangeTradeMetrics]
    """The same for each exchange."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Trade(TypedDict):
    """An executed trade as its exchange reported it; further fields stay as cached."""

    trade_id: NotRequired[str | int | None]
    """Fullon's id of the trade."""

    ex_trade_id: NotRequired[str | int | None]
    """Id that the exchange gave the trade."""

    ex_order_id: NotRequired[str | int | None]
    """Id that the exchange gave the order it belongs to."""

    uid: NotRequired[str | int | None]
    """User that owns the trade."""

    ex_id: NotRequired[str | int | None]
    """Account that the trade belongs to."""

    symbol: NotRequired[str | None]
    """Symbol, `/` shown as `-`."""

    side: NotRequired[str | None]
    """Side of the trade: buy or sell."""

    volume: NotRequired[float | None]
    """Traded volume, in the base currency."""

    price: NotRequired[float | None]
    """Price of the trade, in the quote currency."""

    cost: NotRequired[float | None]
    """Volume times price, in the quote currency."""

    fee: NotRequired[float | None]
    """Fee paid for the trade."""

    time: str | None
    """When the trade was executed; null when the cache has no time."""


class TradeList(TypedDict):
    """The newest queued trades of one symbol on one exchange; reading leaves the queue as it is."""

    exchange: str
    """Name of the exchange."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    size: int
    """Number of trades in the queue."""

    count: int
    """Number of elements in the list."""

    trades: list[Trade]
    """The newest trades of the queue, oldest first."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class UserTradeList(TypedDict):
    """The newest queued trades of one user on one exchange; reading leaves the queue as it is."""

    user_id: int
    """Id of the user: the trades' `uid`."""

    exchange: str
    """Name of the exchange."""

    size: int
    """Number of trades in the queue."""

    count: int
    """Number of elements in the list."""

    trades: list[Trade]
    """The newest trades of the queue, oldest first."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class TradeStatus(TypedDict):
    """When an exchange's last trade was queued."""

    exchange: str
    """Name of the exchange."""

    last_trade_at: str
    """When its last trade was queued."""


class TradeStatusList(TypedDict):
    """When each exchange's last trade was queued."""

    count: int
    """Number of elements in the list."""

    statuses: list[TradeStatus]
    """One status for each exchange."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


Bar: TypeAlias = list[float]
"""One bar: `[ts, open, high, low, close, volume]`."""


class BarList(TypedDict):
    """The latest bars of one symbol."""

    symbol: str
    """Symbol, `/` shown as `-`."""

    timeframe: str
    """Length of a bar."""

    count: int
    """Number of elements in the list."""

    bars: list[Bar]
    """The latest bars, oldest first."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class Process(TypedDict):
    """One Fullon process as it last reported; further fields stay as cached."""

    process_id: str
    """Id of the process: type, component and start time."""

    process_type: str | None
    """Type of the process, such as tick or bot."""

    component: str | None
    """Component that the process runs."""

    params: dict[str, Any] | None
    """Parameters that the process was started with."""

    status: str | None
    """State of the process: starting, running, processing, idle, error or stopped."""

    message: str | None
    """What the process last said."""

    created_at: str | None
    """When the process was registered; null when the cache has no time."""

    updated_at: str | None
    """When it last reported; null when the cache has no time."""

    heartbeat: str | None
    """When it last showed that it lives; null when the cache has no time."""

    heartbeat_stale: bool
    """Whether its last heartbeat is older than the time that was looked back: `since_minutes` of the list,
    60 minutes in the health, 5 minutes for a single process.
    """


class ProcessList(TypedDict):
    """The processes that reported lately."""

    count: int
    """Number of elements in the list."""

    processes: list[Process]
    """Processes, newest first."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


ListProcessesType: TypeAlias = Literal[
    "tick", "ohlcv", "bot", "account", "order", "bot_status_service", "crawler", "user_trades_service"
]


class ProcessHealth(TypedDict):
    """The health of all processes that reported in the last 60 minutes."""

    healthy: bool
    """True when every process could be read, none is stale and none is in state error."""

    total_processes: int
    """Number of processes."""

    by_type: dict[str, int]
    """Number of processes by type."""

    by_status: dict[str, int]
    """Number of processes by state."""

    stale_processes: int
    """Number of processes without a heartbeat in the last 60 minutes."""

    error_processes: int
    """Number of processes in state error."""

    processes: list[Process]
    """Processes, newest first."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class ProcessMetrics(TypedDict):
    """How many processes the cache knows."""

    total_processes: int
    """Number of processes that the cache holds, stopped ones included."""

    active_processes: int
    """Number of active processes."""

    components: int
    """Number of components that have a process."""

    active_by_type: dict[str, int]
    """Number of active processes by type."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


class ProcessActivity(TypedDict):
    """What one process last did."""

    type: str | None
    """Type of the process."""

    component: str | None
    """Component that the process runs."""

    params: dict[str, Any] | None
    """Parameters that the process was started with."""

    message: str | None
    """What the process last said."""

    timestamp: str | None
    """When it last reported; null when the cache has no time."""


class ProcessActivityList(TypedDict):
    """What the processes last did."""

    count: int
    """Number of elements in the list."""

    processes: list[ProcessActivity]
    """Processes, newest first."""

    skipped: NotRequired[int]
    """How many cached elements were left out because they are corrupt; absent when none was."""


_LIST_TICKERS: Operation[TickerList] = Operation("/tickers")
_LIST_EXCHANGE_TICKERS: Operation[ExchangeTickerList] = Operation("/tickers/{exchange}")
_GET_TICKER: Operation[Ticker] = Operation("/tickers/{exchange}/{symbol}")
_GET_PRICE: Operation[Price] = Operation("/tickers/{exchange}/{symbol}/price")
_GET_TICKER_HEALTH: Operation[TickerHealth] = Operation("/tickers/health")
_GET_SYMBOL_TICKER: Operation[Ticker] = Operation("/symbols/{symbol}/ticker")
_LIST_SYMBOL_TICKERS: Operation[SymbolTickerList] = Operation("/symbols/{symbol}/tickers")
_LIST_ACCOUNTS: Operation[AccountList] = Operation("/accounts")
_GET_ACCOUNT_SUMMARY: Operation[AccountSummary] = Operation("/accounts/summary")
_GET_ACCOUNT: Operation[Account] = Operation("/accounts/{user_id}/balances")
_GET_ACCOUNT_BALANCE: Operation[AccountBalance] = Operation("/accounts/{user_id}/balances/{currency}")
_LIST_ACCOUNT_POSITIONS: Operation[AccountPositionList] = Operation("/accounts/{user_id}/positions")
_GET_ACCOUNT_POSITION: Operation[Position] = Operation("/accounts/{user_id}/positions/{symbol}")
_LIST_POSITIONS: Operation[PositionList] = Operation("/positions")
_GET_ORDER_STATUS: Operation[OrderStatus] = Operation("/orders/{order_id}/status")
_LIST_USER_ORDERS: Operation[UserOrderList] = Operation("/orders/{user_id}/orders")
_GET_ORDER_QUEUES: Operation[OrderQueueList] = Operation("/orders/queue/size")
_LIST_EXCHANGE_ORDERS: Operation[ExchangeOrderList] = Operation("/exchanges/{exchange}/orders")
_GET_ORDER: Operation[Order] = Operation("/exchanges/{exchange}/orders/{order_id}")
_LIST_BOTS: Operation[BotList] = Operation("/bots")
_GET_BOT: Operation[Bot] = Operation("/bots/{bot_id}/status")
_GET_BLOCKED: Operation[Blocked] = Operation("/bots/{exchange}/{symbol}/blocked")
_GET_OPENING: Operation[Opening] = Operation("/bots/{exchange}/{symbol}/opening")
_LIST_BLOCKS: Operation[BlockList] = Operation("/bots/blocks")
_GET_BOT_COORDINATION: Operation[BotCoordination] = Operation("/bots/coordination/status")
_GET_TRADE_QUEUES: Operation[TradeQueueList] = Operation("/trades/queue/status")
_GET_TRADE_METRICS: Operation[TradeMetrics] = Operation("/trades/performance/metrics")
_LIST_TRADES: Operation[TradeList] = Operation("/trades/{exchange}/{symbol}")
_LIST_USER_TRADES: Operation[UserTradeList] = Operation("/trades/users/{user_id}/{exchange}")
_LIST_TRADE_STATUSES: Operation[TradeStatusList] = Operation("/trades/status")
_GET_TRADE_STATUS: Operation[TradeStatus] = Operation("/trades/status/{exchange}")
_LIST_BARS: Operation[BarList] = Operation("/ohlcv/{symbol}/{timeframe}")
_LIST_PROCESSES: Operation[ProcessList] = Operation("/processes")
_GET_PROCESS_HEALTH: Operation[ProcessHealth] = Operation("/processes/status")
_GET_PROCESS_METRICS: Operation[ProcessMetrics] = Operation("/processes/metrics")
_LIST_PROCESS_ACTIVITIES: Operation[ProcessActivityList] = Operation("/processes/top")
_GET_PROCESS: Operation[Process] = Operation("/processes/{process_id}")
_GET_COMPONENT_PROCESS: Operation[Process] = Operation("/processes/components/{component}")


class CacheClient(SyncClient):
    """Fullon Cache API, blocking."""

    def list_tickers(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> TickerList:
        """Latest tickers of all exchanges.

        Every ticker that the cache holds, of every exchange that it knows.

        GET /tickers

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(_LIST_TICKERS, (), {"fields": fields, "limit": limit, "offset": offset})

    def list_exchange_tickers(
        self, exchange: str, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> ExchangeTickerList:
        """Latest tickers of an exchange.

        Every ticker that the cache holds of one exchange; an exchange without tickers gives an empty
        list.

        GET /tickers/{exchange}

        `exchange`: Name of the exchange.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_EXCHANGE_TICKERS, (exchange,), {"fields": fields, "limit": limit, "offset": offset}
        )

    def get_ticker(self, exchange: str, symbol: str, *, fields: str | None = None) -> Ticker:
        """Latest ticker of a symbol on an exchange.

        Bid, ask, last price and volume, with whatever further numbers the exchange gives.

        GET /tickers/{exchange}/{symbol}

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_TICKER, (exchange, symbol), {"fields": fields})

    def get_price(self, exchange: str, symbol: str, *, fields: str | None = None) -> Price:
        """Latest price of a symbol on an exchange.

        The ticker's `last`, or its `price` where it has no `last`.

        GET /tickers/{exchange}/{symbol}/price

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_PRICE, (exchange, symbol), {"fields": fields})

    def get_ticker_health(self, *, stale_after: int | None = None, fields: str | None = None) -> TickerHealth:
        """Freshness of the tickers.

        How many tickers there are and how many are stale, in all and for each exchange.

        GET /tickers/health

        `stale_after`: Age in seconds from which a ticker counts as stale. Left out: 60.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_TICKER_HEALTH, (), {"stale_after": stale_after, "fields": fields})

    def get_symbol_ticker(self, symbol: str, *, fields: str | None = None) -> Ticker:
        """Newest ticker of a symbol on any exchange.

        Of all exchanges that have the symbol, the ticker with the newest time.

        GET /symbols/{symbol}/ticker

        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_SYMBOL_TICKER, (symbol,), {"fields": fields})

    def list_symbol_tickers(
        self, symbol: str, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> SymbolTickerList:
        """Latest tickers of a symbol on all exchanges.

        One ticker for each exchange that has the symbol, to compare prices.

        GET /symbols/{symbol}/tickers

        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_SYMBOL_TICKERS, (symbol,), {"fields": fields, "limit": limit, "offset": offset}
        )

    def list_accounts(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> AccountList:
        """Balances of all accounts.

        Every account that the cache holds, with its balance of each currency.

        GET /accounts

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(_LIST_ACCOUNTS, (), {"fields": fields, "limit": limit, "offset": offset})

    def get_account_summary(self, *, fields: str | None = None) -> AccountSummary:
        """Accounts and positions in figures.

        Number of accounts and positions, and the sum of all balances by currency.

        GET /accounts/summary

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ACCOUNT_SUMMARY, (), {"fields": fields})

    def get_account(self, user_id: int, *, fields: str | None = None) -> Account:
        """Balances of an account.

        What one account holds of each currency.

        GET /accounts/{user_id}/balances

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ACCOUNT, (user_id,), {"fields": fields})

    def get_account_balance(
        self, user_id: int, currency: str, *, fields: str | None = None
    ) -> AccountBalance:
        """Balance of a currency in an account.

        What one account holds of one currency.

        GET /accounts/{user_id}/balances/{currency}

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `currency`: Currency of the balance.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ACCOUNT_BALANCE, (user_id, currency), {"fields": fields})

    def list_account_positions(
        self, user_id: int, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> AccountPositionList:
        """Positions of an account.

        The positions of this account only; an account without positions gives an empty list.

        GET /accounts/{user_id}/positions

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_ACCOUNT_POSITIONS, (user_id,), {"fields": fields, "limit": limit, "offset": offset}
        )

    def get_account_position(self, user_id: int, symbol: str, *, fields: str | None = None) -> Position:
        """Position of an account in a symbol.

        Volume, cost, fee and average price of what one account holds of one symbol.

        GET /accounts/{user_id}/positions/{symbol}

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ACCOUNT_POSITION, (user_id, symbol), {"fields": fields})

    def list_positions(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> PositionList:
        """Positions of all accounts.

        Every position that the cache holds, each with its account.

        GET /positions

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(_LIST_POSITIONS, (), {"fields": fields, "limit": limit, "offset": offset})

    def get_order_status(
        self, order_id: str, *, exchange: str | None = None, fields: str | None = None
    ) -> OrderStatus:
        """Status of an order.

        The order of this id and its state. Without `exchange` every exchange is searched; an id that
        several exchanges know is a conflict that names them.

        GET /orders/{order_id}/status

        `order_id`: Id of the order, as the exchange gave it.
        `exchange`: Only what is on this exchange.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ORDER_STATUS, (order_id,), {"exchange": exchange, "fields": fields})

    def list_user_orders(
        self,
        user_id: int,
        *,
        exchange: str | None = None,
        status: str | None = None,
        symbol: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> UserOrderList:
        """Orders of a user.

        The orders whose `uid` is this user, on all exchanges or one, in any state or one.

        GET /orders/{user_id}/orders

        `user_id`: Id of the user: the `uid` of orders and trades.
        `exchange`: Only what is on this exchange.
        `status`: Only orders in this state.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_USER_ORDERS,
            (user_id,),
            {
                "exchange": exchange,
                "status": status,
                "symbol": symbol,
                "fields": fields,
                "limit": limit,
                "offset": offset,
            },
        )

    def get_order_queues(self, *, fields: str | None = None) -> OrderQueueList:
        """Sizes of the order queues.

        How many new orders wait to be sent, in all and in each queue; reading takes none out.

        GET /orders/queue/size

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ORDER_QUEUES, (), {"fields": fields})

    def list_exchange_orders(
        self,
        exchange: str,
        *,
        status: str | None = None,
        symbol: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> ExchangeOrderList:
        """Orders on an exchange.

        The orders that the cache holds of one exchange, in any state or one, of any symbol or one.

        GET /exchanges/{exchange}/orders

        `exchange`: Name of the exchange.
        `status`: Only orders in this state.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_EXCHANGE_ORDERS,
            (exchange,),
            {"status": status, "symbol": symbol, "fields": fields, "limit": limit, "offset": offset},
        )

    def get_order(self, exchange: str, order_id: str, *, fields: str | None = None) -> Order:
        """Order on an exchange.

        One order as its exchange last reported it.

        GET /exchanges/{exchange}/orders/{order_id}

        `exchange`: Name of the exchange.
        `order_id`: Id of the order, as the exchange gave it.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_ORDER, (exchange, order_id), {"fields": fields})

    def list_bots(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> BotList:
        """Reports of all bots.

        What every bot reports on each of its feeds.

        GET /bots

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(_LIST_BOTS, (), {"fields": fields, "limit": limit, "offset": offset})

    def get_bot(self, bot_id: str, *, fields: str | None = None) -> Bot:
        """Report of a bot.

        What one bot reports on each of its feeds.

        GET /bots/{bot_id}/status

        `bot_id`: Id of the bot.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_BOT, (bot_id,), {"fields": fields})

    def get_blocked(self, exchange: str, symbol: str, *, fields: str | None = None) -> Blocked:
        """Whether a symbol is blocked.

        Whether a bot has blocked the symbol for itself, and which; a symbol that none has blocked is no
        error.

        GET /bots/{exchange}/{symbol}/blocked

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_BLOCKED, (exchange, symbol), {"fields": fields})

    def get_opening(self, exchange: str, symbol: str, *, fields: str | None = None) -> Opening:
        """Whether a position is being opened.

        Whether a bot is opening a position in the symbol, which and since when; none doing so is no
        error.

        GET /bots/{exchange}/{symbol}/opening

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_OPENING, (exchange, symbol), {"fields": fields})

    def list_blocks(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> BlockList:
        """All blocked symbols.

        Every symbol that a bot has blocked for itself, with the bot.

        GET /bots/blocks

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(_LIST_BLOCKS, (), {"fields": fields, "limit": limit, "offset": offset})

    def get_bot_coordination(self, *, fields: str | None = None) -> BotCoordination:
        """Blocked symbols and positions being opened.

        How many bots report, which symbols they have blocked and which positions they are opening.

        GET /bots/coordination/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_BOT_COORDINATION, (), {"fields": fields})

    def get_trade_queues(self, *, fields: str | None = None) -> TradeQueueList:
        """State of the trade queues.

        How many trades wait to be stored, in all and in each queue, and whether the queue keeps up.

        GET /trades/queue/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_TRADE_QUEUES, (), {"fields": fields})

    def get_trade_metrics(self, *, fields: str | None = None) -> TradeMetrics:
        """Flow of the trades.

        How many trades are queued and how long ago the last one came in, for each exchange.

        GET /trades/performance/metrics

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_TRADE_METRICS, (), {"fields": fields})

    def list_trades(
        self, exchange: str, symbol: str, *, limit: int | None = None, fields: str | None = None
    ) -> TradeList:
        """Newest queued trades of a symbol.

        The newest `limit` trades in the queue, oldest first; the queue stays as it is.

        GET /trades/{exchange}/{symbol}

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `limit`: How many of the newest trades to answer with. Left out: 100.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_LIST_TRADES, (exchange, symbol), {"limit": limit, "fields": fields})

    def list_user_trades(
        self, user_id: int, exchange: str, *, limit: int | None = None, fields: str | None = None
    ) -> UserTradeList:
        """Newest queued trades of a user.

        The newest `limit` trades in the user's queue, oldest first; the queue stays as it is.

        GET /trades/users/{user_id}/{exchange}

        `user_id`: Id of the user: the `uid` of orders and trades.
        `exchange`: Name of the exchange.
        `limit`: How many of the newest trades to answer with. Left out: 100.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_LIST_USER_TRADES, (user_id, exchange), {"limit": limit, "fields": fields})

    def list_trade_statuses(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> TradeStatusList:
        """Last trade of each exchange.

        When each exchange's last trade was queued.

        GET /trades/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(_LIST_TRADE_STATUSES, (), {"fields": fields, "limit": limit, "offset": offset})

    def get_trade_status(self, exchange: str, *, fields: str | None = None) -> TradeStatus:
        """Last trade of an exchange.

        When the exchange's last trade was queued.

        GET /trades/status/{exchange}

        `exchange`: Name of the exchange.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_TRADE_STATUS, (exchange,), {"fields": fields})

    def list_bars(self, symbol: str, timeframe: str, *, count: int | None = None) -> BarList:
        """Latest bars of a symbol.

        The newest `count` bars, oldest first, each as `[ts, open, high, low, close, volume]`.

        GET /ohlcv/{symbol}/{timeframe}

        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `timeframe`: Length of a bar: a number and a unit (s, m, h, d, w, M, y).
        `count`: How many of the newest bars to answer with. Left out: 100.
        """
        return self._call(_LIST_BARS, (symbol, timeframe), {"count": count})

    def list_processes(
        self,
        *,
        type: ListProcessesType | None = None,
        component: str | None = None,
        since_minutes: int | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> ProcessList:
        """Active processes.

        The processes that reported lately, newest first, each with whether its heartbeat is stale.

        GET /processes

        `type`: Only processes of this type.
        `component`: Only processes that run this component.
        `since_minutes`: Only processes that reported in the last so many minutes. Left out: 5.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_PROCESSES,
            (),
            {
                "type": type,
                "component": component,
                "since_minutes": since_minutes,
                "fields": fields,
                "limit": limit,
                "offset": offset,
            },
        )

    def get_process_health(self, *, fields: str | None = None) -> ProcessHealth:
        """Health of all processes.

        The processes of the last 60 minutes, counted by type and state, and whether all of them are
        well.

        GET /processes/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_PROCESS_HEALTH, (), {"fields": fields})

    def get_process_metrics(self, *, fields: str | None = None) -> ProcessMetrics:
        """Numbers of processes.

        How many processes and components the cache knows, and how many processes of each type are
        active.

        GET /processes/metrics

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_PROCESS_METRICS, (), {"fields": fields})

    def list_process_activities(
        self,
        *,
        since_seconds: int | None = None,
        type: ListProcessesType | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> ProcessActivityList:
        """What the processes last did.

        Type, component and last message of the processes that reported in the given time, newest first.

        GET /processes/top

        `since_seconds`: Only processes that reported in the last so many seconds. Left out: 86400.
        `type`: Only processes of this type.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return self._call(
            _LIST_PROCESS_ACTIVITIES,
            (),
            {
                "since_seconds": since_seconds,
                "type": type,
                "fields": fields,
                "limit": limit,
                "offset": offset,
            },
        )

    def get_process(self, process_id: str, *, fields: str | None = None) -> Process:
        """Process by its id.

        One process as it last reported, stopped ones too until the cache forgets them after 24 hours.

        GET /processes/{process_id}

        `process_id`: Id of the process: type, component and start time, joined by `:`.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_PROCESS, (process_id,), {"fields": fields})

    def get_component_process(self, component: str, *, fields: str | None = None) -> Process:
        """Newest process of a component.

        The process that runs the component, as it last reported.

        GET /processes/components/{component}

        `component`: Component that the process runs.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return self._call(_GET_COMPONENT_PROCESS, (component,), {"fields": fields})


class AsyncCacheClient(AsyncClient):
    """Fullon Cache API, for an event loop."""

    async def list_tickers(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> TickerList:
        """Latest tickers of all exchanges.

        Every ticker that the cache holds, of every exchange that it knows.

        GET /tickers

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(_LIST_TICKERS, (), {"fields": fields, "limit": limit, "offset": offset})

    async def list_exchange_tickers(
        self, exchange: str, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> ExchangeTickerList:
        """Latest tickers of an exchange.

        Every ticker that the cache holds of one exchange; an exchange without tickers gives an empty
        list.

        GET /tickers/{exchange}

        `exchange`: Name of the exchange.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_EXCHANGE_TICKERS, (exchange,), {"fields": fields, "limit": limit, "offset": offset}
        )

    async def get_ticker(self, exchange: str, symbol: str, *, fields: str | None = None) -> Ticker:
        """Latest ticker of a symbol on an exchange.

        Bid, ask, last price and volume, with whatever further numbers the exchange gives.

        GET /tickers/{exchange}/{symbol}

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_TICKER, (exchange, symbol), {"fields": fields})

    async def get_price(self, exchange: str, symbol: str, *, fields: str | None = None) -> Price:
        """Latest price of a symbol on an exchange.

        The ticker's `last`, or its `price` where it has no `last`.

        GET /tickers/{exchange}/{symbol}/price

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_PRICE, (exchange, symbol), {"fields": fields})

    async def get_ticker_health(
        self, *, stale_after: int | None = None, fields: str | None = None
    ) -> TickerHealth:
        """Freshness of the tickers.

        How many tickers there are and how many are stale, in all and for each exchange.

        GET /tickers/health

        `stale_after`: Age in seconds from which a ticker counts as stale. Left out: 60.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_TICKER_HEALTH, (), {"stale_after": stale_after, "fields": fields})

    async def get_symbol_ticker(self, symbol: str, *, fields: str | None = None) -> Ticker:
        """Newest ticker of a symbol on any exchange.

        Of all exchanges that have the symbol, the ticker with the newest time.

        GET /symbols/{symbol}/ticker

        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_SYMBOL_TICKER, (symbol,), {"fields": fields})

    async def list_symbol_tickers(
        self, symbol: str, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> SymbolTickerList:
        """Latest tickers of a symbol on all exchanges.

        One ticker for each exchange that has the symbol, to compare prices.

        GET /symbols/{symbol}/tickers

        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_SYMBOL_TICKERS, (symbol,), {"fields": fields, "limit": limit, "offset": offset}
        )

    async def list_accounts(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> AccountList:
        """Balances of all accounts.

        Every account that the cache holds, with its balance of each currency.

        GET /accounts

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(_LIST_ACCOUNTS, (), {"fields": fields, "limit": limit, "offset": offset})

    async def get_account_summary(self, *, fields: str | None = None) -> AccountSummary:
        """Accounts and positions in figures.

        Number of accounts and positions, and the sum of all balances by currency.

        GET /accounts/summary

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ACCOUNT_SUMMARY, (), {"fields": fields})

    async def get_account(self, user_id: int, *, fields: str | None = None) -> Account:
        """Balances of an account.

        What one account holds of each currency.

        GET /accounts/{user_id}/balances

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ACCOUNT, (user_id,), {"fields": fields})

    async def get_account_balance(
        self, user_id: int, currency: str, *, fields: str | None = None
    ) -> AccountBalance:
        """Balance of a currency in an account.

        What one account holds of one currency.

        GET /accounts/{user_id}/balances/{currency}

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `currency`: Currency of the balance.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ACCOUNT_BALANCE, (user_id, currency), {"fields": fields})

    async def list_account_positions(
        self, user_id: int, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> AccountPositionList:
        """Positions of an account.

        The positions of this account only; an account without positions gives an empty list.

        GET /accounts/{user_id}/positions

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_ACCOUNT_POSITIONS, (user_id,), {"fields": fields, "limit": limit, "offset": offset}
        )

    async def get_account_position(self, user_id: int, symbol: str, *, fields: str | None = None) -> Position:
        """Position of an account in a symbol.

        Volume, cost, fee and average price of what one account holds of one symbol.

        GET /accounts/{user_id}/positions/{symbol}

        `user_id`: Id of the account: fullon_cache's `ex_id`.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ACCOUNT_POSITION, (user_id, symbol), {"fields": fields})

    async def list_positions(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> PositionList:
        """Positions of all accounts.

        Every position that the cache holds, each with its account.

        GET /positions

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(_LIST_POSITIONS, (), {"fields": fields, "limit": limit, "offset": offset})

    async def get_order_status(
        self, order_id: str, *, exchange: str | None = None, fields: str | None = None
    ) -> OrderStatus:
        """Status of an order.

        The order of this id and its state. Without `exchange` every exchange is searched; an id that
        several exchanges know is a conflict that names them.

        GET /orders/{order_id}/status

        `order_id`: Id of the order, as the exchange gave it.
        `exchange`: Only what is on this exchange.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ORDER_STATUS, (order_id,), {"exchange": exchange, "fields": fields})

    async def list_user_orders(
        self,
        user_id: int,
        *,
        exchange: str | None = None,
        status: str | None = None,
        symbol: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> UserOrderList:
        """Orders of a user.

        The orders whose `uid` is this user, on all exchanges or one, in any state or one.

        GET /orders/{user_id}/orders

        `user_id`: Id of the user: the `uid` of orders and trades.
        `exchange`: Only what is on this exchange.
        `status`: Only orders in this state.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_USER_ORDERS,
            (user_id,),
            {
                "exchange": exchange,
                "status": status,
                "symbol": symbol,
                "fields": fields,
                "limit": limit,
                "offset": offset,
            },
        )

    async def get_order_queues(self, *, fields: str | None = None) -> OrderQueueList:
        """Sizes of the order queues.

        How many new orders wait to be sent, in all and in each queue; reading takes none out.

        GET /orders/queue/size

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ORDER_QUEUES, (), {"fields": fields})

    async def list_exchange_orders(
        self,
        exchange: str,
        *,
        status: str | None = None,
        symbol: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> ExchangeOrderList:
        """Orders on an exchange.

        The orders that the cache holds of one exchange, in any state or one, of any symbol or one.

        GET /exchanges/{exchange}/orders

        `exchange`: Name of the exchange.
        `status`: Only orders in this state.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_EXCHANGE_ORDERS,
            (exchange,),
            {"status": status, "symbol": symbol, "fields": fields, "limit": limit, "offset": offset},
        )

    async def get_order(self, exchange: str, order_id: str, *, fields: str | None = None) -> Order:
        """Order on an exchange.

        One order as its exchange last reported it.

        GET /exchanges/{exchange}/orders/{order_id}

        `exchange`: Name of the exchange.
        `order_id`: Id of the order, as the exchange gave it.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_ORDER, (exchange, order_id), {"fields": fields})

    async def list_bots(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> BotList:
        """Reports of all bots.

        What every bot reports on each of its feeds.

        GET /bots

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(_LIST_BOTS, (), {"fields": fields, "limit": limit, "offset": offset})

    async def get_bot(self, bot_id: str, *, fields: str | None = None) -> Bot:
        """Report of a bot.

        What one bot reports on each of its feeds.

        GET /bots/{bot_id}/status

        `bot_id`: Id of the bot.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_BOT, (bot_id,), {"fields": fields})

    async def get_blocked(self, exchange: str, symbol: str, *, fields: str | None = None) -> Blocked:
        """Whether a symbol is blocked.

        Whether a bot has blocked the symbol for itself, and which; a symbol that none has blocked is no
        error.

        GET /bots/{exchange}/{symbol}/blocked

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_BLOCKED, (exchange, symbol), {"fields": fields})

    async def get_opening(self, exchange: str, symbol: str, *, fields: str | None = None) -> Opening:
        """Whether a position is being opened.

        Whether a bot is opening a position in the symbol, which and since when; none doing so is no
        error.

        GET /bots/{exchange}/{symbol}/opening

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_OPENING, (exchange, symbol), {"fields": fields})

    async def list_blocks(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> BlockList:
        """All blocked symbols.

        Every symbol that a bot has blocked for itself, with the bot.

        GET /bots/blocks

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(_LIST_BLOCKS, (), {"fields": fields, "limit": limit, "offset": offset})

    async def get_bot_coordination(self, *, fields: str | None = None) -> BotCoordination:
        """Blocked symbols and positions being opened.

        How many bots report, which symbols they have blocked and which positions they are opening.

        GET /bots/coordination/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_BOT_COORDINATION, (), {"fields": fields})

    async def get_trade_queues(self, *, fields: str | None = None) -> TradeQueueList:
        """State of the trade queues.

        How many trades wait to be stored, in all and in each queue, and whether the queue keeps up.

        GET /trades/queue/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_TRADE_QUEUES, (), {"fields": fields})

    async def get_trade_metrics(self, *, fields: str | None = None) -> TradeMetrics:
        """Flow of the trades.

        How many trades are queued and how long ago the last one came in, for each exchange.

        GET /trades/performance/metrics

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_TRADE_METRICS, (), {"fields": fields})

    async def list_trades(
        self, exchange: str, symbol: str, *, limit: int | None = None, fields: str | None = None
    ) -> TradeList:
        """Newest queued trades of a symbol.

        The newest `limit` trades in the queue, oldest first; the queue stays as it is.

        GET /trades/{exchange}/{symbol}

        `exchange`: Name of the exchange.
        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `limit`: How many of the newest trades to answer with. Left out: 100.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_LIST_TRADES, (exchange, symbol), {"limit": limit, "fields": fields})

    async def list_user_trades(
        self, user_id: int, exchange: str, *, limit: int | None = None, fields: str | None = None
    ) -> UserTradeList:
        """Newest queued trades of a user.

        The newest `limit` trades in the user's queue, oldest first; the queue stays as it is.

        GET /trades/users/{user_id}/{exchange}

        `user_id`: Id of the user: the `uid` of orders and trades.
        `exchange`: Name of the exchange.
        `limit`: How many of the newest trades to answer with. Left out: 100.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_LIST_USER_TRADES, (user_id, exchange), {"limit": limit, "fields": fields})

    async def list_trade_statuses(
        self, *, fields: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> TradeStatusList:
        """Last trade of each exchange.

        When each exchange's last trade was queued.

        GET /trades/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_TRADE_STATUSES, (), {"fields": fields, "limit": limit, "offset": offset}
        )

    async def get_trade_status(self, exchange: str, *, fields: str | None = None) -> TradeStatus:
        """Last trade of an exchange.

        When the exchange's last trade was queued.

        GET /trades/status/{exchange}

        `exchange`: Name of the exchange.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_TRADE_STATUS, (exchange,), {"fields": fields})

    async def list_bars(self, symbol: str, timeframe: str, *, count: int | None = None) -> BarList:
        """Latest bars of a symbol.

        The newest `count` bars, oldest first, each as `[ts, open, high, low, close, volume]`.

        GET /ohlcv/{symbol}/{timeframe}

        `symbol`: Market symbol. With a `/` in it (`BTC/USDT`) it is meant as it stands; without one
            each `-` stands for a `/` and, where no such symbol is cached, for itself.
        `timeframe`: Length of a bar: a number and a unit (s, m, h, d, w, M, y).
        `count`: How many of the newest bars to answer with. Left out: 100.
        """
        return await self._call(_LIST_BARS, (symbol, timeframe), {"count": count})

    async def list_processes(
        self,
        *,
        type: ListProcessesType | None = None,
        component: str | None = None,
        since_minutes: int | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> ProcessList:
        """Active processes.

        The processes that reported lately, newest first, each with whether its heartbeat is stale.

        GET /processes

        `type`: Only processes of this type.
        `component`: Only processes that run this component.
        `since_minutes`: Only processes that reported in the last so many minutes. Left out: 5.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_PROCESSES,
            (),
            {
                "type": type,
                "component": component,
                "since_minutes": since_minutes,
                "fields": fields,
                "limit": limit,
                "offset": offset,
            },
        )

    async def get_process_health(self, *, fields: str | None = None) -> ProcessHealth:
        """Health of all processes.

        The processes of the last 60 minutes, counted by type and state, and whether all of them are
        well.

        GET /processes/status

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_PROCESS_HEALTH, (), {"fields": fields})

    async def get_process_metrics(self, *, fields: str | None = None) -> ProcessMetrics:
        """Numbers of processes.

        How many processes and components the cache knows, and how many processes of each type are
        active.

        GET /processes/metrics

        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_PROCESS_METRICS, (), {"fields": fields})

    async def list_process_activities(
        self,
        *,
        since_seconds: int | None = None,
        type: ListProcessesType | None = None,
        fields: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> ProcessActivityList:
        """What the processes last did.

        Type, component and last message of the processes that reported in the given time, newest first.

        GET /processes/top

        `since_seconds`: Only processes that reported in the last so many seconds. Left out: 86400.
        `type`: Only processes of this type.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        `limit`: How many elements to answer with at most; a `Link` header then leads to the next ones.
        `offset`: How many elements to pass over first.
        """
        return await self._call(
            _LIST_PROCESS_ACTIVITIES,
            (),
            {
                "since_seconds": since_seconds,
                "type": type,
                "fields": fields,
                "limit": limit,
                "offset": offset,
            },
        )

    async def get_process(self, process_id: str, *, fields: str | None = None) -> Process:
        """Process by its id.

        One process as it last reported, stopped ones too until the cache forgets them after 24 hours.

        GET /processes/{process_id}

        `process_id`: Id of the process: type, component and start time, joined by `:`.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_PROCESS, (process_id,), {"fields": fields})

    async def get_component_process(self, component: str, *, fields: str | None = None) -> Process:
        """Newest process of a component.

        The process that runs the component, as it last reported.

        GET /processes/components/{component}

        `component`: Component that the process runs.
        `fields`: Members to answer with, those of a member joined by a dot (`exchange,ticker.last`); of
            a collection, members of each element. The others are left out, required ones too. The type
            is that of the whole answer.
        """
        return await self._call(_GET_COMPONENT_PROCESS, (component,), {"fields": fields})
