"""The names that a method which only reads may call, and those that it has no business with.

The first are a closed list: Redis' reads as redis-py names them, and what works on Python's own data. The
others are there to say what is wrong in the words of the source.
"""

import asyncio
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

READS = re.compile(r"(get|is|has|count|list|find|peek|read)_[a-z0-9_]+")
"""How a method that reads is named."""

# What these do with Redis is known: they are not looked into.
RAW_READS = frozenset(
    {"ping", "info", "get", "get_json", "exists", "hget", "hgetall", "lrange", "llen", "scan_keys", "xread"}
    | {"xlen", "scard"}
)


@dataclass(frozen=True, slots=True)
class Form:
    """How something may be called: the fewest and the most positional arguments, and the keywords."""

    fewest: int
    most: int
    keywords: frozenset[str] = frozenset()


def _form(fewest: int, most: int | None = None, *keywords: str) -> Form:
    return Form(fewest, fewest if most is None else most, frozenset(keywords))


_SCAN = ("match", "count")
_RANGE = ("desc", "withscores", "byscore", "bylex", "offset", "num")
REDIS: Mapping[str, Form] = MappingProxyType(
    {
        **dict.fromkeys(("exists", "mget"), _form(1, 64)),
        **dict.fromkeys(("hgetall", "hkeys", "hlen", "hvals", "llen", "scard", "smembers"), _form(1)),
        **dict.fromkeys(("pttl", "strlen", "ttl", "xinfo_stream", "xlen", "zcard"), _form(1)),
        **dict.fromkeys(("hexists", "hget", "hmget", "hstrlen", "lindex", "lpos", "sismember"), _form(2)),
        **dict.fromkeys(("smismember", "zmscore", "zrank", "zrevrank", "zscore"), _form(2)),
        **dict.fromkeys(("getrange", "lrange", "zcount"), _form(3)),
        "get": _form(1, 2),
        "get_json": _form(1),
        "hscan": _form(1, 4, "cursor", *_SCAN),
        "hscan_iter": _form(1, 3, *_SCAN),
        "ping": _form(0),
        "scan": _form(0, 3, "cursor", *_SCAN),
        "scan_iter": _form(0, 2, *_SCAN),
        "scan_keys": _form(1),
        "sscan": _form(1, 4, "cursor", *_SCAN),
        "sscan_iter": _form(1, 3, *_SCAN),
        "xrange": _form(1, 4, "min", "max", "count"),
        "xread": _form(1, 2, "count"),
        "xrevrange": _form(1, 4, "min", "max", "count"),
        "zrange": _form(1, 5, "start", "end", *_RANGE),
        "zrangebyscore": _form(3, 6, "start", "num", "withscores"),
        "zrevrange": _form(3, 4, "withscores"),
        "zrevrangebyscore": _form(3, 6, "start", "num", "withscores"),
        "zscan": _form(1, 4, "cursor", *_SCAN),
        "zscan_iter": _form(1, 3, *_SCAN),
    }
)
"""Redis' reads, as they are called where they read, and do not wait."""

SCANS = frozenset({"hscan_iter", "scan_iter", "scan_keys", "sscan_iter", "zscan_iter"})
"""What may be iterated over with `async for`: it ends."""

MUTATORS: Mapping[str, Form] = MappingProxyType(
    {
        **dict.fromkeys(("add", "append", "extend"), _form(1)),
        "setdefault": _form(1, 2),
        "sort": _form(0, 0, "key", "reverse"),
    }
)
"""What changes Python's collections, and is done to those alone that the source makes itself."""

DATA_FORMS: Mapping[str, Form] = MappingProxyType({"copy": _form(0), "join": _form(1), "keys": _form(0)})
"""What works on Python's data, where others have methods of the same name."""

DATA = frozenset(
    {"capitalize", "casefold", "count", "date", "decode", "encode", "endswith", "from_dict"}
    | {"fromisoformat", "fromtimestamp", "index", "isalnum", "isalpha", "isdigit", "isnumeric", "isoformat"}
    | {"items", "lower", "lstrip", "model_dump", "model_validate", "now", "partition", "removeprefix"}
    | {"removesuffix", "replace", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith"}
    | {"strftime", "strip", "strptime", "timestamp", "title", "to_dict", "total_seconds", "upper", "utcnow"}
    | {"values"}
)
"""What works on Python's data, and is no command of Redis."""

MODELS = frozenset({"from_dict", "model_validate"})
"""How a model is made of data."""

LOGS = frozenset({"debug", "error", "exception", "info", "warning"})

_DUMPS = ("ensure_ascii", "indent", "separators", "sort_keys")
KNOWN: Mapping[object, Form] = MappingProxyType(
    {
        asyncio.gather: _form(0, 64, "return_exceptions"),
        asyncio.timeout: _form(1),
        asyncio.wait: _form(1, 1, "timeout", "return_when"),
        asyncio.wait_for: _form(1, 2, "timeout"),
        json.dumps: _form(1, 1, *_DUMPS),
        json.loads: _form(1),
        math.isfinite: _form(1),
        math.isnan: _form(1),
        time.monotonic: _form(0),
        time.time: _form(0),
    }
)
"""Functions of other modules, by what they are and not by what they are called."""

FUNCTIONS = frozenset(
    {"abs", "all", "any", "bool", "bytes", "dict", "enumerate", "float", "frozenset", "int"}
    | {"isinstance", "issubclass", "len", "list", "max", "min", "range", "repr", "reversed", "round", "set"}
    | {"sorted", "str", "sum", "tuple", "zip"}
)
"""Python's own functions that may be called."""

MODULES_OF_VALUES = frozenset({"builtins", "collections", "datetime", "decimal", "enum", "fractions", "uuid"})
"""Whose classes may be made: their making does nothing else."""

DECORATORS = frozenset({"staticmethod", "classmethod", "property", "asynccontextmanager"})
TIMED = frozenset({"wait", "wait_for", "timeout", "acquire", "get_message"})
"""What waits without end unless it is told for how long."""

LONGEST = 60
"""Seconds that it may be told to wait."""

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
