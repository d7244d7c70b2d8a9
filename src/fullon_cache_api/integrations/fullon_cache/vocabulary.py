"""The names that a method which only reads may call, and those that it has no business with.

The first are a closed list: Redis' reads as redis-py names them, and what works on Python's own data. The
others are there to say what is wrong in the words of the source.
"""

import re

READS = re.compile(r"(get|is|has|count|list|find|peek|read)_[a-z0-9_]+")
"""How a method that reads is named."""

# What these do with Redis is known: they are not looked into.
RAW_READS = frozenset(
    {"ping", "info", "get", "get_json", "exists", "hget", "hgetall", "lrange", "llen", "scan_keys", "xread"}
    | {"xlen", "scard"}
)

_REDIS = frozenset(
    {
        "exists",
        "get",
        "getrange",
        "hexists",
        "hget",
        "hgetall",
        "hkeys",
        "hlen",
        "hmget",
        "hscan",
        "hscan_iter",
    }
    | {"hstrlen", "hvals", "info", "lindex", "llen", "lpos", "lrange", "mget", "ping", "pttl", "scan"}
    | {"scan_iter", "scard", "sismember", "smembers", "smismember", "sscan", "sscan_iter", "strlen", "ttl"}
    | {"xinfo_stream", "xlen", "xrange", "xread", "xrevrange", "zcard", "zcount", "zmscore", "zrange"}
    | {"zrangebyscore", "zrank", "zrevrange", "zrevrangebyscore", "zrevrank", "zscore", "zscan", "zscan_iter"}
)
_DATA = frozenset(
    {"add", "append", "capitalize", "casefold", "copy", "count", "date", "decode", "encode", "endswith"}
    | {"extend", "format", "from_dict", "fromisoformat", "fromtimestamp", "index", "isalnum", "isalpha"}
    | {"isdigit", "isnumeric", "isoformat", "items", "join", "keys", "lower", "lstrip", "model_dump"}
    | {"model_validate", "now", "partition", "removeprefix", "removesuffix", "replace", "rpartition"}
    | {"rsplit", "rstrip", "setdefault", "sort", "split", "splitlines", "startswith", "strftime", "strip"}
    | {"strptime", "timestamp", "title", "to_dict", "total_seconds", "upper", "utcnow", "values"}
)
_MODULES = frozenset({"dumps", "gather", "loads", "monotonic", "time", "timeout", "wait", "wait_for"})
_LOGS = frozenset({"debug", "error", "exception", "info", "warning"})
METHODS = _REDIS | _DATA | _MODULES | _LOGS
"""What may be called on anything."""

ARGUMENTS = {
    "add": range(1, 2),
    "append": range(1, 2),
    "copy": range(1),
    "get": range(1, 3),
    "join": range(1, 2),
    "sort": range(1),
    "xread": range(1, 3),
}
"""How many positional arguments these take where they only read, or work on Python's data."""

FUNCTIONS = frozenset(
    {"abs", "all", "any", "bool", "bytes", "dict", "enumerate", "float", "frozenset", "hasattr", "int"}
    | {"isinstance", "issubclass", "len", "list", "max", "min", "range", "repr", "reversed", "round", "set"}
    | {"sorted", "str", "sum", "tuple", "zip"}
)
"""Python's own functions that may be called."""

MODULES_OF_VALUES = frozenset({"builtins", "collections", "datetime", "decimal", "enum", "fractions", "uuid"})
"""Whose classes may be made: their making does nothing else."""

DECORATORS = frozenset({"staticmethod", "classmethod", "property", "asynccontextmanager"})
TIMED = frozenset({"wait", "wait_for", "acquire", "get_message"})
"""What waits without end unless it is told for how long."""

_PART = re.compile(
    r"pop|push|publish|expire|persist|flush|incr|decr|rename|eval|unlink|remove|trim|store|subscribe"
    r"|x(add|ack|group|claim|autoclaim|setid)|insert|script|fcall|merge|swap|migrate|shutdown|replicaof"
)
_WORD = re.compile(
    r"(h|m|p|l|b|hm|get|json)?(set|del)(nx|xx|ex)?|(s|z|pf|geo|bf)(add|rem)\w*|[bls]?move|set\w*|del\w*"
    r"|reset|clear|consume|drain|take|claim|update|save"
)
_ALWAYS = frozenset(
    {"getattr", "exec", "compile", "globals", "locals", "vars", "import_module", "execute_command"}
    | {"send_command", "listen", "sleep", "block", "getex", "bitop", "bitfield", "lock", "kill", "open"}
    | {"get_trades", "get_trades_list", "super"}
)
_HARMLESS = frozenset({"setdefault", "removeprefix", "removesuffix"})


def is_suspicious(name: str) -> bool:
    """Whether a name says that something is changed, waited for, or hidden."""
    lower = name.lower()
    if lower in _HARMLESS:
        return False
    if lower in _ALWAYS or lower.startswith("__") or _PART.search(lower):
        return True
    return any(_WORD.fullmatch(word) for word in lower.split("_"))
