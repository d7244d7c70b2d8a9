"""The parameter `fields` as OpenAPI has it: a list of names, those that an answer can have."""

import re
from collections.abc import Iterable

from fullon_cache_api.spec.json import PlainJson, PlainObject
from fullon_cache_api.spec.members import LONGEST_FIELD, MAX_FIELDS, Members

_ANY_NAME = r"[^,.]+(\.[^,.]+)*"
_SYNTAX = re.compile(r"[\^$\\.*+?()\[\]{}|/]")
_SHOWN = 2


def with_fields(parameter: PlainObject, members: Members) -> PlainObject:
    """Return the Parameter Object of `fields` for answers of some members."""
    names = [name for name in dict.fromkeys(members.paths()) if _is_field(name)]
    field: PlainObject = {"type": "string", "minLength": 1, "maxLength": LONGEST_FIELD}
    every = [*dict.fromkeys(members.open_paths())]
    # No name fits two of them: who tries what one of them does not allow must not meet another.
    open_ = [path for path in every if not _is_below(path, [one for one in every if one != path])]
    known: list[PlainJson] = [name for name in names if not _is_below(name, open_)]
    options: list[PlainJson] = [{"pattern": _pattern(path)} for path in open_]
    if known:
        options.insert(0, {"enum": known})
    if len(options) == 1 and isinstance(options[0], dict):
        field |= options[0]
    else:
        field["anyOf"] = options
    if len(known) < len(names):
        field["examples"] = [*names]
    schema: PlainObject = {
        "type": "array",
        "items": field,
        "minItems": 1,
        "maxItems": MAX_FIELDS,
        "uniqueItems": True,
    }
    more: PlainObject = {"style": "form", "explode": False, "schema": schema}
    return {**parameter, **more, **({"example": [*names[:_SHOWN]]} if names else {})}


def _is_below(name: str, paths: Iterable[str]) -> bool:
    return any(not path or name.startswith(path + ".") for path in paths)


def _is_field(name: str) -> bool:
    return "," not in name and all(name.split(".")) and len(name) <= LONGEST_FIELD


def _pattern(path: str) -> str:
    """Return the pattern of all names below an open object; it is what ECMA-262 calls one."""
    below = _SYNTAX.sub(r"\\\g<0>", path) + r"\." if path else ""
    return f"^{below}{_ANY_NAME}$"
