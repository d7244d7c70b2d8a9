"""What schemathesis cannot tell: `fields` are joined by commas, and can then mean others than were drawn."""

import re

import schemathesis
from schemathesis.core.parameters import ParameterLocation

_FIELD = re.compile(r"[^,.]+(\.[^,.]+)*")


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Leave out what was drawn as wrong `fields` alone and is right as it is sent: the one field `a,b`."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_negative:
        return True
    drawn = meta.phase.data
    mutations = getattr(drawn, "mutations", ())
    names = {mutation.parameter for mutation in mutations} or {drawn.parameter}
    if drawn.parameter_location is not ParameterLocation.QUERY or None in names:
        return True
    query = case.query or {}
    # Of an object without members nothing is sent.
    return names & query.keys() != {"fields"} or not are_right(query["fields"])


def are_right(text: object) -> bool:
    """Whether a text is what the document says of `fields`, as it is sent."""
    if not isinstance(text, str):
        return False
    fields = text.split(",")
    return len(set(fields)) == len(fields) <= 50 and all(
        len(field) <= 128 and _FIELD.fullmatch(field) for field in fields
    )
