"""The arguments that several reads share, with what a read itself demands of them.

Whatever a spec allows, a value that becomes a segment of a key holds no `:` and no control character, so
that one request can never reach a key that is meant by another.
"""

from types import MappingProxyType

from fullon_cache_api.spec.json import JsonObject
from fullon_cache_api.spec.signature import Argument

SEGMENT: JsonObject = MappingProxyType({"pattern": "^[^:\\x00-\\x20\\x7f]{1,128}$"})
NAME: JsonObject = MappingProxyType({"pattern": "^[^\\x00-\\x1f\\x7f]{1,256}$"})
NATURAL: JsonObject = MappingProxyType({"minimum": 0, "maximum": 2**63 - 1})
LIST_LIMIT: JsonObject = MappingProxyType({"minimum": 1, "maximum": 10_000})

EXCHANGE = Argument("exchange", "string", "Exchange name, as the daemons write it.", schema=SEGMENT)
EXCHANGE_FILTER = Argument("exchange", "string", "Only this exchange.", required=False, schema=SEGMENT)
SYMBOL = Argument("symbol", "symbol", "Market symbol.", schema=NAME)
SYMBOL_FILTER = Argument("symbol", "symbol", "Only this symbol.", required=False, schema=NAME)
STATUS_FILTER = Argument("status", "string", "Only this order status.", required=False, schema=NAME)
ACCOUNT_ID = Argument("account_id", "integer", "fullon_cache's ex_id of the account.", schema=NATURAL)
USER_ID = Argument("user_id", "integer", "The uid of an order or a trade.", schema=NATURAL)
LIMIT = Argument("limit", "integer", "How many of the newest elements.", schema=LIST_LIMIT)
