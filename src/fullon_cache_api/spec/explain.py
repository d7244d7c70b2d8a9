"""Says in words what is wrong with a value that breaks a schema."""

from collections.abc import Iterable, Sequence

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from .suggest import did_you_mean
from .wording import listed, quote, shorten, typed


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
            return f"must be of the format {shorten(name)}, which {found} is not"
        case Kind.Minimum(limit=limit):
            return f"must be at least {quote(limit)}, not {found}"
        case Kind.Maximum(limit=limit):
            return f"must be at most {quote(limit)}, not {found}"
        case Kind.ExclusiveMinimum(limit=limit):
            return f"must be above {quote(limit)}, not {found}"
        case Kind.ExclusiveMaximum(limit=limit):
            return f"must be below {quote(limit)}, not {found}"
        case Kind.MultipleOf(multiple_of=unit):
            return f"must be a multiple of {quote(unit)}, not {found}"
        case Kind.UniqueItems():
            return "must not hold the same element twice"
        case Kind.Not(schema={"description": str(what)}):
            return f"must not have {shorten(what)}"
    return f"does not pass: {shorten(error.message)}"


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
