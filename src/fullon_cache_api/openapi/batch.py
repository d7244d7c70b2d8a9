"""The operation that asks several of the spec's endpoints at once."""

from collections.abc import Container

from fullon_cache_api.spec.batch import BATCH_PATH, MAX_GETS, offers_batch
from fullon_cache_api.spec.json import PlainObject
from fullon_cache_api.spec.model import Spec, Tag
from fullon_cache_api.spec.problems import (
    ANSWER_TOO_LARGE,
    BAD_PARAMETERS,
    CACHE_TIMEOUT,
    CACHE_UNAVAILABLE,
    INTERNAL_ERROR,
    RATE_LIMITED,
    TARGET_TOO_LONG,
    UNAUTHENTICATED,
    ProblemKind,
)

from .names import component_name
from .responses import AGE, answer_responses
from .schemas import schema_examples
from .security import requirements
from .system import system_schemas

BATCH_TAG = Tag("Batch", "Several endpoints in one request.")
BATCH_PROBLEMS = (
    BAD_PARAMETERS,
    ANSWER_TOO_LARGE,
    TARGET_TOO_LONG,
    RATE_LIMITED,
    INTERNAL_ERROR,
    CACHE_UNAVAILABLE,
    CACHE_TIMEOUT,
)

_DESCRIPTION = (
    "Each `get` is path and query of an endpoint, below the prefix and percent-encoded as any value of a "
    "query. All are read together, and each has its own status. Where all that ask Redis fail by an outage, "
    "the whole is a 503 or 504."
)


def batch_paths(spec: Spec, prefix: str) -> PlainObject:
    """Return the path of the batch endpoint, unless the spec has one of its own there."""
    if not offers_batch(spec):
        return {}
    return {prefix + BATCH_PATH: {"get": _operation(spec, {one.operation_id for one in spec.endpoints})}}


def batch_problems(spec: Spec) -> tuple[ProblemKind, ...]:
    """Return the kinds of problem that a batch as a whole can be answered with."""
    return (*BATCH_PROBLEMS, UNAUTHENTICATED) if spec.security else BATCH_PROBLEMS


def _operation(spec: Spec, operation_ids: Container[str]) -> PlainObject:
    security: PlainObject = {"security": requirements(spec.security or ())} if spec.security_schemes else {}
    example = schema_examples(system_schemas()["Batch"])[0]
    return {
        "operationId": component_name("getBatch", operation_ids),
        "tags": [BATCH_TAG.name],
        "summary": "Several endpoints in one request",
        "description": _DESCRIPTION,
        "parameters": [
            {
                "name": "get",
                "in": "query",
                "description": "Path and query of an endpoint, below the prefix.",
                "required": True,
                "style": "form",
                "explode": True,
                "schema": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "maxItems": MAX_GETS,
                },
                "example": ["/tickers/kraken/BTC-USD/price", "/tickers/kraken/NOPE-USD/price"],
            }
        ],
        **security,
        "responses": answer_responses("Batch", example, batch_problems(spec), headers=AGE),
    }
