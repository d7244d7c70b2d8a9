"""What a node of a source says by itself, whatever its names stand for."""

import ast
from collections.abc import Iterator

from .vocabulary import LONGEST, TIMED, is_suspicious

_ENDS = (ast.Return, ast.Break, ast.Continue)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, outermost first, but for annotations: nothing comes of those."""
    waiting = [node]
    while waiting:
        found = waiting.pop(0)
        yield found
        skipped = found.annotation if isinstance(found, ast.AnnAssign) else None
        waiting += [each for each in ast.iter_child_nodes(found) if each is not skipped]


def suspicion(node: ast.AST) -> str | None:
    """Return what is wrong with a node, by its names or by its kind."""
    for name in _names(node):
        if is_suspicious(name):
            return f"its source names {name}"
    if _grows(node):
        return "its source adds to what it goes through"
    match node:
        case ast.Call(func=function) if last_name(function) in TIMED and not _is_timed(node):
            return f"its source waits in {last_name(function)} without a timeout"
        case ast.While():
            return "its source has a while loop, which may not end"
        case ast.Await(value=value) if not isinstance(value, ast.Call):
            return "its source waits for what it does not call"
        case ast.Try(finalbody=last) | ast.TryStar(finalbody=last) if _ends(last):
            return "its source catches what would end it"
        case ast.Import() | ast.ImportFrom():
            return "its source imports something where nobody sees it"
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return f"its source defines {name} within"
        case ast.Global() | ast.Nonlocal():
            return "its source changes variables of others"
        case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
            return f"its source changes {name}"
        case ast.MatchClass(patterns=[_, *_]) | ast.MatchClass(kwd_patterns=[_, *_]):
            return "its source reads attributes by matching them"
        case ast.With():
            return "its source holds on to something"
    return None


def last_name(node: ast.AST) -> str | None:
    """Return the name that an expression ends with, if it does."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None


def stars(call: ast.Call) -> bool:
    """Whether a call has arguments that only show when it is made."""
    starred = any(isinstance(each, ast.Starred) for each in call.args)
    return starred or any(keyword.arg is None for keyword in call.keywords)


def _is_timed(call: ast.Call) -> bool:
    limits = [keyword.value for keyword in call.keywords if keyword.arg == "timeout"]
    match last_name(call.func):
        case "wait_for":
            limits += call.args[1:2]
        case "timeout":
            limits += call.args[:1]
    return len(limits) == 1 and not stars(call) and _is_short(limits[0])


def _is_short(limit: ast.expr) -> bool:
    match limit:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float() as seconds):
            return 0 < seconds <= LONGEST
    return False


def _grows(loop: ast.AST) -> bool:
    """Whether a loop changes what it goes through, so that it may not end."""
    match loop:
        case ast.For(iter=ast.Name(id=name)):
            names = [name]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            names = [each.iter.id for each in loop.generators if isinstance(each.iter, ast.Name)]
        case _:
            return False
    return any(_changed(node) in names for node in walk(loop))


def _changed(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) | ast.AugAssign(target=ast.Name(id=name)):
            return name
    return None


def _ends(body: list[ast.stmt]) -> bool:
    return any(isinstance(each, _ENDS) for statement in body for each in walk(statement))


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
