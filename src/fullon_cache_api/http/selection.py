"""What of an answer is sent: members by `fields`, a part of a collection by `limit` and `offset`."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from fullon_cache_api.reads.answer import Body
from fullon_cache_api.reads.values import Value
from fullon_cache_api.spec import wording
from fullon_cache_api.spec.json import Json
from fullon_cache_api.spec.members import LONGEST_FIELD, MAX_FIELDS, Members
from fullon_cache_api.spec.model import SELECTS, Endpoint, Select
from fullon_cache_api.spec.suggest import did_you_mean

from .response import Header
from .text import decode_query

Tree: TypeAlias = dict[str, "Tree"]
"""Selected members by name, with what is selected of each: all of it where _WHOLE is among that."""

_WHOLE = ""
"""No field has an empty name."""

_HINTS = 5
"""Bad fields of a request for which the one that was meant is looked for: that takes time."""


class Selection(NamedTuple):
    """What one request selects; no `fields` are all members, `others` the rest of its query."""

    fields: str | None
    limit: int | None
    offset: int
    others: str

    def part(self, total: int) -> tuple[int, int]:
        """Return where the part of a list of so many elements begins, and where it ends."""
        return self.offset, total if self.limit is None else self.offset + self.limit


class BadFields(ValueError):
    """Fields that cannot be selected: each text is what is wrong with one of them."""

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages


class Selector:
    """Makes and applies the selections of one endpoint; `by_default` also where a request asks for none."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._elements = endpoint.read.elements
        self._limit = _name(endpoint, "limit")
        self._offset = _name(endpoint, "offset")
        self.by_default = any(value is not None for value in unselected(endpoint))

    def selection(self, values: Sequence[object], query_string: bytes) -> Selection | None:
        """Return what the values of all SELECTS select, or None where that is everything."""
        fields, limit, offset = values
        if fields is None and limit is None and not offset:
            return None
        pages = limit is not None and self._offset is not None
        others = _without(query_string, (self._limit, self._offset)) if pages else ""
        return Selection(fields, limit, offset or 0, others)  # type: ignore[arg-type]

    def select(self, body: Body, selection: Selection) -> tuple[Body, Sequence[Header]]:
        """Return what is selected of an answer that may leave, and the headers that say how it goes on."""
        tree = None if selection.fields is None else _tree(selection.fields)
        if self._elements is None:
            return (body if tree is None else _members(body, tree)), ()
        listed = body.get(self._elements)
        if not isinstance(listed, list):
            return body, ()
        start, end = selection.part(len(listed))
        part = listed[start:end]
        chosen: Body = {**body, self._elements: part if tree is None else _selected(part, tree)}
        if "count" in body:
            chosen["count"] = len(part)
        return chosen, self.links(selection, len(listed))

    def links(self, selection: Selection, total: int) -> Sequence[Header]:
        """Return the header that says how a list of so many elements goes on, if it does."""
        end = selection.part(total)[1]
        if self._offset is None or end >= total:
            return ()
        # RFC 3986, section 5.2.2: a reference of a query alone keeps the path, whatever hosts put before it.
        query = f"{selection.others}{self._limit}={selection.limit}&{self._offset}={end}"
        return ((b"link", f'<?{query}>; rel="next"'.encode()),)


def element_selector(fields: str | None) -> Callable[[Value], Value]:
    """Return what selects fields of one element; all of it where no fields are given."""
    if fields is None:
        return lambda value: value
    tree = _tree(fields)
    return lambda value: _selected(value, tree)


def compile_selector(endpoint: Endpoint) -> Selector | None:
    """Return what makes and applies an endpoint's selections; None where no parameter selects."""
    return Selector(endpoint) if unselected(endpoint) else None


def unselected(endpoint: Endpoint) -> tuple[Json, ...]:
    """Return the values of all SELECTS where a request gives none; nothing where no parameter selects."""
    given = {parameter.select: parameter.schema.get("default") for parameter in endpoint.parameters}
    return tuple(map(given.get, SELECTS)) if given.keys() - {None} else ()


def parse_fields(text: str, members: Members) -> str:
    """Return the fields that a text lists, sorted; raises BadFields where no answer can have one of them."""
    if text.count(",") >= MAX_FIELDS:
        raise BadFields([f"there are more than {MAX_FIELDS} fields"])
    fields = text.split(",")
    messages: list[str] = []
    for field in fields:
        message = _mistake(field, members, hint=len(messages) < _HINTS)
        messages += [] if message is None else [message]
    repeated = dict.fromkeys(field for field in fields if fields.count(field) > 1)
    messages += [f"{wording.quote(field)} is there twice" for field in repeated if field]
    if messages:
        raise BadFields(messages)
    return ",".join(sorted(fields))


def _mistake(field: str, members: Members, *, hint: bool) -> str | None:
    if len(field) > LONGEST_FIELD:
        return f"a field is longer than {LONGEST_FIELD} characters"
    names = field.split(".")
    if not all(names):
        return "a field has an empty name"
    if members.has(names):
        return None
    meant = did_you_mean(field, members.paths()) if hint else ""
    return f"{wording.quote(field)} is no field of this answer{meant}"


def _tree(fields: str) -> Tree:
    tree: Tree = {}
    for field in fields.split(","):
        node = tree
        for name in field.split("."):
            node = node.setdefault(name, {})
        node[_WHOLE] = {}
    return tree


def _selected(value: Value, tree: Tree) -> Value:
    """Return what is selected of a value; of an array, that of each element; what has no members is whole."""
    if isinstance(value, dict):
        return _members(value, tree)
    if isinstance(value, list):
        return [_selected(element, tree) for element in value]
    return value


def _members(value: dict[str, Value], tree: Tree) -> dict[str, Value]:
    found = ((name, member, _find(tree, name)) for name, member in value.items())
    return {
        name: member if _WHOLE in inner else _selected(member, inner)
        for name, member, inner in found
        if inner is not None
    }


def _find(tree: Tree, name: str) -> Tree | None:
    """Return what is selected of a member; dots in its name are those of a field."""
    if "." not in name:
        return tree.get(name)
    node: Tree | None = tree
    for part in name.split("."):
        node = node.get(part) if node is not None and part != _WHOLE else None
    return node


def _name(endpoint: Endpoint, select: Select) -> str | None:
    parameter = endpoint.selecting(select)
    return None if parameter is None else parameter.name


def _without(query_string: bytes, names: Sequence[str | None]) -> str:
    """Return a query without some of its parameters, as a URI has it, with `&` behind what is left."""
    pairs = filter(None, query_string.split(b"&"))
    kept = [pair for pair in pairs if decode_query(pair.partition(b"=")[0]) not in names]
    return "".join(quote(pair, safe="%=+:@!$'()*,;/?-._~") + "&" for pair in kept)
