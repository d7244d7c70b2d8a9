"""What the variables of a source are bound to."""

import ast
from collections import Counter
from collections.abc import Iterator

Definition = ast.AsyncFunctionDef | ast.FunctionDef
Bindings = dict[str, list[ast.expr | None]]
"""The expressions that each variable is assigned, None where it comes in another way."""


def bindings_of(tree: Definition) -> Bindings:
    """Return the names that stand for something else within a function than in its module."""
    bindings: Bindings = {}
    for node in ast.walk(tree):
        for name, value in _bound(node):
            bindings.setdefault(name, []).append(value)
    # Every other way in which a name is stored: as a target of loops, of `with`, of several at once.
    stored = Counter(each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and _is_stored(each))
    for name, times in stored.items():
        found = bindings.setdefault(name, [])
        if len(found) < times:
            found.append(None)
    return bindings


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store | ast.Del)


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.AugAssign(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.arg(arg=name) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, None
        case ast.MatchMapping(rest=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name, None
