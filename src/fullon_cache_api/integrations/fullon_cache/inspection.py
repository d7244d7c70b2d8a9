"""Whether a method that this project does not know can be trusted to change nothing: its source is read.

Whatever is in doubt is refused. It may call what a closed list names, in the forms that read, and what is
read in its turn: methods of its own class and of the class of the raw keys, functions of its module. Nothing
else can be called, by whatever name it goes: another class could write, and a variable could hold anything.
"""

import ast
import inspect
import textwrap
from collections.abc import Sequence
from itertools import chain
from types import FunctionType

from .bindings import Definition, bindings_of
from .scope import Scope, as_function
from .syntax import last_name, suspicion, walk
from .vocabulary import DECORATORS, RAW_READS, READS, is_suspicious


def why_refused(method: FunctionType, cache: type, base: type | None = None) -> str | None:
    """Return why a method of a cache class must not be bound, or None; `base` has the raw keys."""
    name = method.__name__
    if name.startswith("pop_"):
        return "it deletes what it returns"
    if not READS.fullmatch(name) or is_suspicious(name):
        return "its name does not say that it reads"
    if not inspect.iscoroutinefunction(method):
        return "it is not async, so that it would hold up every other request"
    return _why_not_read_only(method, [owner for owner in (cache, base) if owner is not None])


def _why_not_read_only(start: FunctionType, owners: Sequence[type]) -> str | None:
    raw = chain.from_iterable(vars(owner).items() for owner in owners[1:])
    seen = {as_function(member) for name, member in raw if name in RAW_READS}
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
        if any(last_name(each) not in DECORATORS for each in tree.decorator_list):
            return f"it is decorated, so that its source does not say what it does{where}"
        scope = Scope(function, owners, bindings_of(tree))
        nodes = [each for part in (*tree.args.defaults, *tree.body) for each in walk(part)]
        # What a name itself says comes first: it is the better reason.
        found = next(filter(None, (*map(suspicion, nodes), *map(scope.objection, nodes))), None)
        if found is not None:
            return f"{found}{where}"
        waiting += chain.from_iterable(map(scope.referred, nodes))
    return None


def _source(function: FunctionType) -> Definition | None:
    """Return the source of the code that a function runs, whatever it says that it wraps."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function.__code__)))
    except (OSError, TypeError, SyntaxError):
        return None
    match tree.body:
        case [ast.AsyncFunctionDef() | ast.FunctionDef() as definition]:
            return definition
    return None
