"""What the names in the source of a function stand for, and so what its calls do."""

import ast
import asyncio
import builtins
import collections
import inspect
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from types import FunctionType, ModuleType
from typing import Final

from .bindings import Bindings
from .syntax import stars
from .vocabulary import (
    DATA,
    DATA_FORMS,
    FUNCTIONS,
    KNOWN,
    LOGS,
    MODELS,
    MODULES_OF_VALUES,
    MUTATORS,
    REDIS,
    SCANS,
    Form,
)

_UNKNOWN: Final = object()
_VALUES = (Enum, Decimal, date, time, timedelta, tzinfo, str, bytes, int, float, tuple, frozenset)
_COLLECTIONS = (dict, list, set, Mapping)
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MADE = (dict, list, set, sorted, collections.Counter, collections.deque, collections.defaultdict)


@asynccontextmanager
async def _context() -> AsyncIterator[None]:
    yield


_CONTEXT = _context.__code__
"""What `asynccontextmanager` puts in the place of the function that it is given."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One function, the classes whose methods it may call, and its own variables."""

    function: FunctionType
    owners: Sequence[type]
    bindings: Bindings

    def objection(self, node: ast.AST) -> str | None:
        """Return what is wrong with a node that calls, or refers to, what nobody can look into."""
        match node:
            case ast.Call(func=function):
                return self._of_call(node, function)
            case ast.Await(value=ast.Call(func=ast.Attribute(attr=name))) if self._is_data(name):
                return f"its source calls {name} otherwise than to read"
            case ast.AsyncFor(iter=iterated) | ast.comprehension(iter=iterated, is_async=1):
                return None if self._ends(iterated) else "its source waits for what may never come"
            case ast.AsyncWith(items=items):
                entered = all(self._may_be_entered(item.context_expr) for item in items)
                return None if entered else "its source holds on to something"
            case ast.Subscript(value=changed, ctx=ast.Store() | ast.Del()) if not self._is_own(changed):
                return "its source changes what it has not made"
            case ast.ExceptHandler(type=kind) if not self._is_of_errors(kind):
                return "its source catches what would end it"
            case ast.Attribute(attr=name) if self._is_opaque(self._member(name)):
                return f"its source uses {name}, which cannot be looked into"
            case ast.Name(id=name, ctx=ast.Load()) if not self._may_be_named(name):
                return f"its source uses {name}, which cannot be looked into"
        return None

    def referred(self, node: ast.AST) -> Iterator[FunctionType]:
        """Yield the functions that a node refers to: methods of the owners, functions of its modules."""
        match node:
            case ast.Attribute(attr=name):
                found = [as_function(inspect.getattr_static(owner, name, None)) for owner in self.owners]
                if isinstance(self._static(node.value), ModuleType):
                    found.append(as_function(self._static(node)))
            case ast.Name():
                found = [as_function(self._static(node))]
            case _:
                return
        yield from (each for each in found if each is not None and each not in KNOWN)

    def _of_call(self, call: ast.Call, called: ast.expr) -> str | None:
        match called:
            case ast.Name(id=name):
                is_known, form = self._named(called)
            case ast.Attribute(value=receiver, attr=name):
                is_known, form = self._of_member(called, receiver, name)
            case _:
                return "its source calls what it has computed"
        if not is_known:
            return f"its source calls {name}, which is not known to read"
        if not self._fits(call, form) or not self._has_safe_key(call, called):
            return f"its source calls {name} otherwise than to read"
        return None

    def _named(self, called: ast.Name) -> tuple[bool, Form | None]:
        """Return whether a name may be called, and in which form if not in any."""
        found = self._static(called)
        if isinstance(found, FunctionType) or _is_known(found):
            return True, _known_form(found)
        if isinstance(found, type) and found.__module__ != "builtins":
            return _is_value_class(found) or _is_error(found), None
        is_builtin = found is getattr(builtins, called.id, _UNKNOWN)
        return is_builtin and (called.id in FUNCTIONS or _is_error(found)), None

    def _of_member(self, called: ast.Attribute, receiver: ast.expr, name: str) -> tuple[bool, Form | None]:
        """Return whether what stands behind a dot may be called, and in which form if not in any."""
        found, owner = self._static(called), self._static(receiver)
        if _is_known(found):
            return True, _known_form(found)
        if isinstance(owner, ModuleType):
            is_class = isinstance(found, type) and (_is_value_class(found) or _is_error(found))
            return isinstance(found, FunctionType) or is_class, None
        if isinstance(owner, type):
            is_own = owner in self.owners and isinstance(self._member(name), FunctionType)
            is_made = name in MODELS or (name in DATA and _is_value_class(owner))
            return is_own or is_made, REDIS.get(name)
        if not self._is_plain_root(receiver, name):
            return False, None
        if name in MUTATORS:
            return self._is_own(receiver), MUTATORS[name]
        form = REDIS.get(name) or DATA_FORMS.get(name)
        is_own = isinstance(self._member(name), FunctionType)
        return form is not None or is_own or name in DATA or name in LOGS, form

    def _fits(self, call: ast.Call, form: Form | None) -> bool:
        """Whether a call has the form that it must have; what is computed could have any."""
        if self._static(call.func) is asyncio.gather:
            return all(map(_is_call_or_calls, call.args)) and None not in _keywords(call)
        if form is None:
            return isinstance(call.func, ast.Name) or not stars(call)
        if stars(call) or not form.fewest <= len(call.args) <= form.most:
            return False
        given = call.args[0] if call.args else None
        # A queue's `get` is told by a truth value that it is to wait.
        is_told = isinstance(given, ast.Constant) and not isinstance(given.value, str)
        return _keywords(call) <= form.keywords and not (is_told and form is REDIS["get"])

    def _has_safe_key(self, call: ast.Call, called: ast.expr) -> bool:
        """Whether what a call is given to be called in its turn can be looked into."""
        given = [keyword.value for keyword in call.keywords if keyword.arg == "key"]
        if self._static(called) is collections.defaultdict:
            given += call.args[:1]
        return all(isinstance(each, ast.Lambda) or self._may_be_key(each) for each in given)

    def _may_be_key(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self._named(node)[0]

    def _static(self, node: ast.AST) -> object:
        """Return what a name, or what stands behind the dots of one, is, whatever is done at run time."""
        match node:
            case ast.Name(id=name) if name not in self.bindings:
                if name in self.function.__code__.co_freevars:
                    return _UNKNOWN
                return self.function.__globals__.get(name, getattr(builtins, name, _UNKNOWN))
            case ast.Attribute(value=value, attr=name):
                owner = self._static(value)
                if isinstance(owner, ModuleType):
                    return vars(owner).get(name, _UNKNOWN)
                if isinstance(owner, type):
                    return _unwrapped(inspect.getattr_static(owner, name, _UNKNOWN))
        return _UNKNOWN

    def _member(self, name: str) -> object:
        members = (as_function(inspect.getattr_static(owner, name, None)) for owner in self.owners)
        found = next((member for member in members if member is not None), None)
        return found or next(
            (inspect.getattr_static(owner, name) for owner in self.owners if hasattr(owner, name)), None
        )

    def _is_opaque(self, member: object) -> bool:
        return not isinstance(member, FunctionType) and (callable(member) or hasattr(type(member), "__get__"))

    def _may_be_named(self, name: str) -> bool:
        found = self._static(ast.Name(name))
        if found is _UNKNOWN or not callable(found):
            return True
        if found is getattr(builtins, name, _UNKNOWN):
            return name in FUNCTIONS or isinstance(found, type)
        return isinstance(found, type | FunctionType) or _is_known(found)

    def _is_plain_root(self, receiver: ast.expr, name: str) -> bool:
        """Whether what a call begins with is no object of the module, unless it is data or only logs."""
        root: ast.expr = receiver
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        found = self._static(root)
        if found is _UNKNOWN or isinstance(found, type | FunctionType | ModuleType):
            return not isinstance(self._static(receiver), ModuleType)
        if isinstance(found, _VALUES + _COLLECTIONS):
            return name not in MUTATORS
        return inspect.isbuiltin(found) or name in LOGS

    def _is_own(self, node: ast.expr) -> bool:
        """Whether an expression is a collection that the source has made, or data that it was given."""
        match node:
            case ast.Name(id=name):
                values = self.bindings.get(name, [None])
                return all(value is not None and self._is_made(value) for value in values)
            case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value, attr="setdefault")):
                return self._is_own(value)
        return self._is_made(node)

    def _is_made(self, value: ast.expr) -> bool:
        match value:
            case ast.Call(func=called):
                found = self._static(called)
                return any(found is each for each in _MADE) or found is json.loads
            case ast.Await(value=ast.Call(func=ast.Attribute(attr=name))):
                return name in REDIS or isinstance(self._member(name), FunctionType)
        return isinstance(value, _DISPLAYS)

    def _is_data(self, name: str) -> bool:
        return name in DATA or name in DATA_FORMS or name in MUTATORS or name in LOGS

    def _ends(self, iterated: ast.expr) -> bool:
        match iterated:
            case ast.Call(func=ast.Attribute(attr=name)):
                return name in SCANS or isinstance(self._member(name), FunctionType)
            case ast.Call(func=ast.Name() as called):
                return isinstance(self._static(called), FunctionType)
        return False

    def _may_be_entered(self, context: ast.expr) -> bool:
        match context:
            case ast.Call(func=ast.Attribute(attr=name) as called):
                return isinstance(self._member(name), FunctionType) or self._static(called) is asyncio.timeout
            case ast.Call(func=ast.Name() as called):
                return isinstance(self._static(called), FunctionType)
        return False

    def _is_of_errors(self, kind: ast.expr | None) -> bool:
        if isinstance(kind, ast.Tuple):
            return all(map(self._is_of_errors, kind.elts))
        found = None if kind is None else self._static(kind)
        return all(map(_is_error, found if isinstance(found, tuple) else (found,)))


def as_function(member: object) -> FunctionType | None:
    """Return the function that a member of a class runs; None for what runs another way."""
    member = _unwrapped(member)
    if not isinstance(member, FunctionType):
        return None
    inner = member.__closure__ if member.__code__ is _CONTEXT else None
    found = inner[0].cell_contents if inner else member
    return found if isinstance(found, FunctionType) else None


def _unwrapped(member: object) -> object:
    if type(member) in (staticmethod, classmethod):
        return member.__func__  # type: ignore[attr-defined]
    return member.fget if type(member) is property else member


def _is_known(found: object) -> bool:
    return callable(found) and any(found is each for each in KNOWN)


def _known_form(found: object) -> Form | None:
    return KNOWN[found] if _is_known(found) else None


def _is_value_class(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in MODULES_OF_VALUES


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Exception)


def _keywords(call: ast.Call) -> set[str | None]:
    return {keyword.arg for keyword in call.keywords}


def _is_call_or_calls(given: ast.expr) -> bool:
    match given:
        case ast.Starred(value=ast.ListComp(elt=made) | ast.GeneratorExp(elt=made)):
            return isinstance(made, ast.Call)
    return isinstance(given, ast.Call)
