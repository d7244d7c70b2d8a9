"""Strategies that spoil a spec or a response schema: its text, or the values that it says."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import yaml
from hypothesis import strategies as st

from fullon_cache_api.spec.json import PlainJson

Members: TypeAlias = dict[str, list[PlainJson]]
Where: TypeAlias = tuple[dict[str, PlainJson] | list[PlainJson], str | int]

_NEARLY_FITTING = yaml.safe_load((Path(__file__).parent / "nearly_fitting.yaml").read_text())
OF_A_SPEC: Members = _NEARLY_FITTING["spec"]
OF_A_SCHEMA: Members = _NEARLY_FITTING["schema"]

_ODD_TEXTS = st.sampled_from(_NEARLY_FITTING["text"])
_ODD_SCALARS = st.sampled_from(
    [None, True, 0, -1, 2**63, 10**390, 0.5, 100.0, 1e308, "", "x", "off", "é\u2028", "..", "http://x/y", "#"]
)
_ODD_NAMES = st.sampled_from(
    ["x", "", "é", "a b", "a\nb", "x-odd", "not", "if", "$id", "const", "items", "/x"]
)
_ODD_VALUES = st.recursive(
    _ODD_SCALARS | st.text(max_size=5) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ODD_NAMES, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mangled(draw: st.DrawFn, text: str) -> str:
    """The text with lines deleted, repeated, swapped, indented and put in, and with characters changed."""
    lines = text.splitlines()
    new = _ODD_TEXTS | st.text(max_size=12) | st.sampled_from(lines)
    for _ in range(draw(st.integers(1, 4))):
        here, there = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(["delete", "repeat", "swap", "indent", "value", "characters", "insert"])):
            case "delete" if len(lines) > 1:
                del lines[here]
            case "repeat":
                lines.insert(there, lines[here])
            case "swap":
                lines[here], lines[there] = lines[there], lines[here]
            case "indent":
                lines[here] = draw(st.sampled_from([" ", "  ", "\t", "- "])) + lines[here]
            case "value":
                lines[here] = f"{lines[here].partition(':')[0]}: {draw(_ODD_TEXTS)}"
            case "characters" if lines[here]:
                start = draw(st.integers(0, len(lines[here]) - 1))
                end = start + draw(st.integers(0, 8))
                lines[here] = lines[here][:start] + draw(_ODD_TEXTS) + lines[here][end:]
            case _:
                lines.insert(here, draw(new))
    return "\n".join(lines)


@st.composite
def rearranged(draw: st.DrawFn, value: PlainJson, members: Members) -> PlainJson:
    """The value with things deleted, replaced, renamed and added: members that nearly fit, or odd ones."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return value
        parent, token = draw(st.sampled_from(places))
        match draw(st.sampled_from(["fitting", "fitting", "fitting", "delete", "copy", "rename", "odd"])):
            case "fitting" if isinstance(parent, dict):
                name = draw(st.sampled_from(sorted(members)))
                parent[name] = copy.deepcopy(draw(st.sampled_from(members[name])))
            case "delete":
                del parent[token]
            case "copy":
                other, its_token = draw(st.sampled_from(places))
                parent[token] = copy.deepcopy(other[its_token])
            case "rename" if isinstance(parent, dict):
                parent[draw(_ODD_NAMES)] = parent.pop(token)
            case _:
                parent[token] = draw(_ODD_VALUES)
    return value


def _places(value: PlainJson) -> Iterator[Where]:
    """Yield every place in a value: the object or array, and the key or index."""
    tokens = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for token, child in list(tokens):
        yield value, token
        yield from _places(child)
