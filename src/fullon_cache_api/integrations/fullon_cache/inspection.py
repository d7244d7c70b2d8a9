"""Whether a method that this project does not know can be trusted to change nothing: its source is read.

Whatever is in doubt is refused. It may call what a closed list names, and what is read in its turn: methods
of its own class and of the class of the raw keys, functions of its module. Nothing else can be called, by
whatever name it goes: another class could write, and a variable could hold anything.
"""

import ast
import builtins
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from types import FunctionType

from .vocabulary import (
    ARGUMENTS,
    DECORATORS,
    FUNCTIONS,
    METHODS,
    MODULES_OF_VALUES,
    RAW_READS,
    READS,
    TIMED,
    is_suspicious,
)

Definition = ast.AsyncFunctionDef | ast.FunctionDef


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
    seen = {raw for owner in owners[1:] for name, raw in vars(owner).items() if name in RAW_READS}
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
        is_wrapper = hasattr(function, "__wrapped__") and not tree.decorator_list
        if is_wrapper or any(_last_name(each) not in DECORATORS for each in tree.decorator_list):
            return f"it is decorated, so that its source does not say what it does{where}"
        scope = _Scope(function, owners, _variables(tree))
        nodes = [each for part in (*tree.args.defaults, *tree.body) for each in ast.walk(part)]
        # What a name itself says comes first: it is the better reason.
        found = next(filter(None, (*map(_suspicion, nodes), *map(scope.objection, nodes))), None)
        if found is not None:
            return f"{found}{where}"
        waiting += chain.from_iterable(map(scope.referred, nodes))
    return None


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the names in a function's source stand for."""

    function: FunctionType
    owners: Sequence[type]
    variables: frozenset[str]

    def objection(self, node: ast.AST) -> str | None:
        """Return what is wrong with a node that calls, or refers to, what nobody can look into."""
        match node:
            case ast.Call(func=ast.Attribute(attr=name)):
                known = name in METHODS or isinstance(self._member(name), FunctionType)
                return None if known else f"its source calls {name}, which is not known to read"
            case ast.Call(func=ast.Name(id=name)):
                known = self._may_be_called(name)
                return None if known else f"its source calls {name}, which is not known to read"
            case ast.Call():
                return "its source calls what it has computed"
            case ast.Attribute(attr=name) if self._is_opaque(self._member(name)):
                return f"its source uses {name}, which cannot be looked into"
        return None

    def referred(self, node: ast.AST) -> Iterator[FunctionType]:
        """Yield the functions that a node refers to: methods of the owners, functions of the module."""
        match node:
            case ast.Attribute(attr=name):
                found = [_function(inspect.getattr_static(owner, name, None)) for owner in self.owners]
            case ast.Name(id=name):
                found = [_function(self.function.__globals__.get(name))]
            case _:
                return
        yield from (each for each in found if each is not None)

    def _member(self, name: str) -> object:
        members = (_function(inspect.getattr_static(owner, name, None)) for owner in self.owners)
        found = next((member for member in members if member is not None), None)
        return found or next(
            (inspect.getattr_static(owner, name) for owner in self.owners if hasattr(owner, name)), None
        )

    def _is_opaque(self, member: object) -> bool:
        return not isinstance(member, FunctionType) and (callable(member) or hasattr(type(member), "__get__"))

    def _may_be_called(self, name: str) -> bool:
        if name in self.variables:
            return False
        if name not in self.function.__globals__:
            return name in FUNCTIONS or _is_error(getattr(builtins, name, None))
        found = self.function.__globals__[name]
        if isinstance(found, type):
            return found.__module__.partition(".")[0] in MODULES_OF_VALUES or _is_error(found)
        return isinstance(found, FunctionType)


def _source(function: FunctionType) -> Definition | None:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    match tree.body:
        case [ast.AsyncFunctionDef() | ast.FunctionDef() as definition]:
            return definition
    return None


def _variables(tree: Definition) -> frozenset[str]:
    """Return the names that stand for something else within a function than in its module."""
    names = {argument.arg for argument in ast.walk(tree) if isinstance(argument, ast.arg)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.AsyncFunctionDef(name=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names |= {name} - {tree.name}
            case ast.ExceptHandler(name=str(name)):
                names.add(name)
    return frozenset(names)


def _suspicion(node: ast.AST) -> str | None:
    for name in _names(node):
        if is_suspicious(name):
            return f"its source names {name}"
    match node:
        case ast.While() if not any(isinstance(each, ast.Await) for each in ast.walk(node)):
            return "its source loops without letting others run"
        case ast.ExceptHandler(type=kind) if kind is None or _catches_all(kind):
            return "its source catches what would end it"
        case ast.Call(func=function, args=arguments):
            return _misuse(_last_name(function), arguments, node.keywords)
    return None


def _misuse(called: str | None, arguments: list[ast.expr], keywords: list[ast.keyword]) -> str | None:
    if called in ARGUMENTS and len(arguments) not in ARGUMENTS[called]:
        return f"its source names {called}, as Redis does"
    if called in TIMED and not _is_timed(called, arguments, keywords):
        return f"its source waits in {called} without a timeout"
    return None


def _is_timed(called: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    limits = [keyword.value for keyword in keywords if keyword.arg == "timeout"]
    limits += arguments[1:2] if called == "wait_for" else []
    return any(not isinstance(limit, ast.Constant) or bool(limit.value) for limit in limits)


def _catches_all(kind: ast.expr) -> bool:
    return any(
        _last_name(each) in ("BaseException", "CancelledError") for each in ast.walk(kind) if _is_named(each)
    )


def _is_named(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute)


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers that stand in a node itself."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.MatchClass(kwd_attrs=names):
            yield from names
        case ast.ImportFrom(module=module, names=names):
            yield from (module or "").split(".")
            yield from (alias.name for alias in names)
        case ast.Import(names=names):
            yield from (part for alias in names for part in alias.name.split("."))


def _function(member: object) -> FunctionType | None:
    if isinstance(member, staticmethod | classmethod):
        member = member.__func__
    elif isinstance(member, property):
        member = member.fget
    return member if inspect.isfunction(member) else None


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Exception)


def _last_name(node: ast.AST) -> str | None:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None
