"""How values and mistakes are put into words."""

import json
from collections.abc import Iterable, Sequence

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from .suggest import did_you_mean

_LONGEST = 72


def quote(value: object) -> str:
    """Show a value on one line: a scalar as JSON spells it, cut short; anything else by its type."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = json.dumps(value, ensure_ascii=False)
    if not text.isprintable():
        text = json.dumps(value)
    return shorten(text)


def shorten(text: str) -> str:
    """Return a text that fits a line."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def listed(values: Iterable[object], conjunction: str = "or") -> str:
    """Return values as `"a", "b" or "c"`."""
    *first, last = [quote(value) for value in values]
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def typed(names: Iterable[str]) -> str:
    """Return names of JSON types as `a string or an integer`."""
    words = [f"{_ARTICLES.get(name, 'a')} {name}".lstrip() for name in names]
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def explain(error: jsonschema_rs.ValidationError) -> str:
    """Say what a value must be and is not: the rest of a sentence that starts with the value's name."""
    found = quote(error.instance)
    match error.kind:
        case Kind.Type(types=names):
            quotes = ": put quotes around it" if names == ["string"] and _is_plain(error.instance) else ""
            return f"must be {typed(names)}, not {found}{quotes}"
        case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
            return _explain_choice(branches, found)
        case Kind.Enum(options=options):
            return f"must be {listed(options)}, not {found}{_nearest(error.instance, options)}"
        case Kind.Constant(expected_value=value):
            return f"must be {quote(value)}, not {found}"
        case Kind.MinLength(limit=1) | Kind.MinItems(limit=1) | Kind.MinProperties(limit=1):
            return "must not be empty"
        case Kind.MinLength(limit=limit):
            return f"must have at least {limit} characters, not {found}"
        case Kind.MaxLength(limit=limit):
            return f"must have at most {limit} characters, not {found}"
        case Kind.Pattern(pattern=pattern):
            return f"must match {shorten(pattern)}, which {found} does not"
        case Kind.Format(format="regex"):
            return f"must be a regular expression (ECMA-262), which {found} is not"
        case Kind.Format(format=name):
            return f"must be of the format {name}, which {found} is not"
        case Kind.Minimum(limit=limit):
            return f"must be at least {limit}, not {found}"
        case Kind.Maximum(limit=limit):
            return f"must be at most {limit}, not {found}"
        case Kind.ExclusiveMinimum(limit=limit):
            return f"must be above {limit}, not {found}"
        case Kind.ExclusiveMaximum(limit=limit):
            return f"must be below {limit}, not {found}"
        case Kind.MultipleOf(multiple_of=unit):
            return f"must be a multiple of {unit}, not {found}"
        case Kind.UniqueItems():
            return "must not hold the same element twice"
        case Kind.Required(property=name):
            return f'must have "{name}"'
        case Kind.AdditionalProperties(unexpected=names):
            return f"must not have {listed(names)}"
        case Kind.Not(schema={"description": str(what)}):
            return f"must not have {what}"
    return f"breaks its schema: {shorten(error.message)}"


def _explain_choice(branches: Sequence[Sequence[jsonschema_rs.ValidationError]], found: str) -> str:
    names = [
        name
        for branch in branches
        for error in branch
        if isinstance(error.kind, Kind.Type)
        for name in error.kind.types
    ]
    return f"must be {typed(dict.fromkeys(names))}, not {found}" if names else "fits no alternative"


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _nearest(value: object, options: Iterable[object]) -> str:
    names = [option for option in options if isinstance(option, str)]
    return did_you_mean(value, names) if isinstance(value, str) else ""


_ARTICLES = {"array": "an", "integer": "an", "object": "an", "null": ""}
