"""The media types in which an endpoint answers."""

from collections.abc import Mapping

from .element import element_schema
from .json import EMPTY, JsonObject
from .model import Endpoint

JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"
CSV_TYPE = "text/csv"


def media_types(endpoint: Endpoint, schemas: Mapping[str, JsonObject]) -> tuple[str, ...]:
    """Return the media types of an endpoint's answers, the one for who has no wish first.

    What is little but a list is offered as its elements alone, too; an overview means nothing without its
    figures.
    """
    name = endpoint.read.elements
    given = endpoint.read.answer.get("properties", EMPTY)
    is_list = isinstance(given, Mapping) and "count" in given
    if not is_list or element_schema(name, schemas[endpoint.response], endpoint.response, schemas) is None:
        return (JSON_TYPE,)
    return (JSON_TYPE, LINES_TYPE, CSV_TYPE)
