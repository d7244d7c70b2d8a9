"""Whether a method that this project does not know can be trusted to change nothing: its source is read.

Whatever is in doubt is refused. The names in the source are judged, those of what it calls in its own class,
in the class of the raw keys and in its module too: a read has no business with a name that writes, waits, or
hides what it calls.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from types import FunctionType

_READS = re.compile(r"(get|is|has|count|list|find|peek|read)_[a-z0-9_]+")
_PART = re.compile(
    r"pop|push|publish|expire|persist|flush|incr|decr|rename|eval|unlink|remove|trim|store|subscribe"
    r"|x(add|ack|group|claim|autoclaim|setid)|insert|script|fcall|merge|swap|migrate|shutdown|replicaof"
)
_WORD = re.compile(
    r"(h|m|p|l|b|hm|get|json)?(set|del)(nx|xx|ex)?|(s|z|pf|geo|bf)(add|rem)\w*|[bls]?move|set\w*|del\w*"
)
_ALWAYS = frozenset(
    {"getattr", "exec", "compile", "globals", "locals", "vars", "import_module", "execute_command"}
    | {"send_command", "listen", "sleep", "block", "getex", "bitop", "bitfield", "lock", "kill", "open"}
)
# These change a list or a dict of Python's with this many arguments, and Redis with more.
_HARMLESS_ARGUMENTS = {"append": 1, "copy": 0, "sort": 0}
# What these do with Redis is known: they are not looked into.
_RAW_READS = frozenset(
    {"ping", "info", "get", "get_json", "exists", "hget", "hgetall", "lrange", "llen", "scan_keys", "xread"}
    | {"xlen", "scard"}
)
_PLAIN_DECORATORS = frozenset({"staticmethod", "classmethod", "property", "asynccontextmanager"})
_TIMED = frozenset({"wait", "wait_for", "acquire", "get_message"})


def why_refused(method: FunctionType, cache: type, base: type | None = None) -> str | None:
    """Return why a method of a cache class must not be bound, or None; `base` has the raw keys."""
    name = method.__name__
    if name.startswith("pop_"):
        return "it deletes what it returns"
    if not _READS.fullmatch(name):
        return "its name does not say that it reads"
    if not inspect.iscoroutinefunction(method):
        return "it is not async, so that it would hold up every other request"
    return _why_not_read_only(method, cache, base)


def _why_not_read_only(start: FunctionType, cache: type, base: type | None) -> str | None:
    seen = {raw for name, raw in vars(base or object).items() if name in _RAW_READS}
    waiting = [start]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        where = "" if function is start else f" (in {function.__name__})"
        tree = _source(function)
        if tree is None:
            return f"its source cannot be read{where}"
        if any(_last_name(decorator) not in _PLAIN_DECORATORS for decorator in tree.decorator_list):
            return f"it is decorated, so that its source does not say what it does{where}"
        for node in ast.walk(tree):
            found = _suspicion(node)
            if found is not None:
                return f"{found}{where}"
            waiting += _called(node, function, (cache, base))
    return None


def _source(function: FunctionType) -> ast.AsyncFunctionDef | ast.FunctionDef | None:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    match tree.body:
        case [ast.AsyncFunctionDef() | ast.FunctionDef() as definition]:
            return definition
    return None


def _suspicion(node: ast.AST) -> str | None:
    for name in _names(node):
        if _is_suspicious(name.lower()):
            return f"its source names {name}"
    if not isinstance(node, ast.Call):
        return None
    called = _last_name(node.func)
    if called in _HARMLESS_ARGUMENTS and len(node.args) > _HARMLESS_ARGUMENTS[called]:
        return f"its source names {called}, as Redis does"
    if called in _TIMED and not _is_timed(called, node):
        return f"its source waits in {called} without a timeout"
    return None


def _is_suspicious(name: str) -> bool:
    if name in _ALWAYS or name.startswith("__") or _PART.search(name):
        return True
    return any(_WORD.fullmatch(word) for word in name.split("_"))


def _is_timed(called: str, node: ast.Call) -> bool:
    limits = [keyword.value for keyword in node.keywords if keyword.arg == "timeout"]
    limits += node.args[1:2] if called == "wait_for" else []
    return any(not isinstance(limit, ast.Constant) or bool(limit.value) for limit in limits)


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers that stand in a node itself."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.ImportFrom(module=module, names=names):
            yield from (module or "").split(".")
            yield from (alias.name for alias in names)
        case ast.Import(names=names):
            yield from (part for alias in names for part in alias.name.split("."))


def _called(node: ast.AST, caller: FunctionType, owners: Sequence[type | None]) -> Iterator[FunctionType]:
    """Yield the functions that a node refers to: methods of the owners, functions of the module."""
    match node:
        case ast.Attribute(attr=name):
            found = [inspect.getattr_static(owner, name, None) for owner in owners]
        case ast.Name(id=name):
            found = [caller.__globals__.get(name)]
        case _:
            return
    for each in found:
        if isinstance(each, staticmethod | classmethod):
            each = each.__func__
        elif isinstance(each, property):
            each = each.fget
        if inspect.isfunction(each):
            yield each


def _last_name(function: ast.expr) -> str | None:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None
