"""What every gateway has, whatever its spec says: the health endpoints and the schema of problems."""

import json
from collections.abc import Container, Mapping
from functools import cache
from types import MappingProxyType

from fullon_cache_api.resources import resource
from fullon_cache_api.spec.json import JsonObject, PlainObject, freeze_object
from fullon_cache_api.spec.model import Tag
from fullon_cache_api.spec.problems import BAD_PARAMETERS, INTERNAL_ERROR, ProblemKind

from .names import component_name
from .responses import problem_references
from .schemas import json_content, schema_examples

SYSTEM_TAG = Tag("System", "The gateway itself: whether it lives, and whether it can answer.")
SYSTEM_PROBLEMS: tuple[ProblemKind, ...] = (BAD_PARAMETERS, INTERNAL_ERROR)


def _status_schema(title: str, description: str, statuses: Mapping[str, str]) -> JsonObject:
    """Return the schema of an answer that is a status alone; `statuses` says what each means."""
    meanings = "; ".join(f"{status}: {meaning}" for status, meaning in statuses.items())
    return freeze_object(
        {
            "title": title,
            "description": description,
            "type": "object",
            "properties": {
                "status": {"type": "string", "enum": list(statuses), "description": f"{meanings}."}
            },
            "required": ["status"],
            "additionalProperties": False,
            "examples": [{"status": status} for status in statuses],
        }
    )


_LIVENESS = _status_schema("Liveness", "That the gateway lives.", {"alive": "the gateway answers"})
_READINESS = _status_schema(
    "Readiness",
    "Whether the gateway can answer.",
    {"ready": "Redis answers", "unavailable": "it does not", "stopping": "the gateway is about to end"},
)


@cache
def system_schemas() -> Mapping[str, JsonObject]:
    """Return the schemas that are part of no spec, by the name of their component."""
    shipped = (_read("problem.json"), _read("health.json"), _read("batch.json"), _LIVENESS, _READINESS)
    return MappingProxyType({str(schema["title"]): schema for schema in shipped})


def system_paths(operation_ids: Container[str], *, asks: bool = False) -> PlainObject:
    """Return the health endpoints; their operation ids keep clear of those that a spec has taken.

    Where the spec `asks` somebody who he is, they say that they ask nobody.
    """
    live: PlainObject = {"200": _answer("The gateway lives.", "Liveness")}
    redis = "Asks Redis: 503 where it does not answer."
    operations = {
        "/health": _operation("getHealth", "Health of the gateway", redis, _asked("Health")),
        "/health/live": _operation("getLiveness", "Whether the gateway lives", "Asks Redis nothing.", live),
        "/health/ready": _operation(
            "getReadiness", "Whether the gateway can answer", redis, _asked("Readiness")
        ),
    }
    for operation in operations.values():
        operation["operationId"] = component_name(str(operation["operationId"]), operation_ids)
        if asks:
            operation["security"] = []
    return {path: {"get": operation} for path, operation in operations.items()}


def _operation(operation_id: str, summary: str, description: str, responses: PlainObject) -> PlainObject:
    return {
        "operationId": operation_id,
        "tags": [SYSTEM_TAG.name],
        "summary": summary,
        "description": description,
        "responses": dict(sorted({**responses, **problem_references(SYSTEM_PROBLEMS)}.items())),
    }


def _asked(schema: str) -> PlainObject:
    return {
        "200": _answer("Redis answers.", schema),
        "503": _answer("Redis does not answer.", schema, example=1),
    }


def _answer(description: str, schema: str, *, example: int = 0) -> PlainObject:
    body = schema_examples(system_schemas()[schema])[example]
    return {"description": description, "content": json_content("application/json", schema, body)}


def _read(file: str) -> JsonObject:
    return freeze_object(json.loads((resource("schemas") / file).read_text(encoding="utf-8")))
