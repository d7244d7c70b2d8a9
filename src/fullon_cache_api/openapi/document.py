"""Puts the OpenAPI document together."""

from collections.abc import Mapping

from fullon_cache_api.spec.batch import offers_batch
from fullon_cache_api.spec.json import PlainJson, PlainObject, thaw_object
from fullon_cache_api.spec.media import media_types
from fullon_cache_api.spec.model import Endpoint, Spec, Tag
from fullon_cache_api.spec.problems import PROBLEMS

from .batch import BATCH_TAG, batch_paths, batch_problems
from .parameters import Parameters
from .partial import PartialSchemas
from .responses import HEADERS, operation_responses, problems_of, response_components
from .schemas import schema_component, schema_examples, schema_names
from .security import operation_security, requirements, scheme_components
from .system import SYSTEM_PROBLEMS, SYSTEM_TAG, system_paths, system_schemas

VERSION = "3.1.0"


def document(spec: Spec, *, prefix: str, server: str = "/") -> PlainObject:
    """Return the OpenAPI document of a gateway that serves a spec.

    `prefix` stands before the paths of the spec (`/api`, or nothing), not before the system endpoints.
    `server` is the address of the gateway's root: `/`, or the root path under which a host mounted it.
    """
    prefix = prefix.rstrip("/")
    names = schema_names(spec.schemas, system_schemas())
    parameters = Parameters(spec.endpoints, spec.schemas)
    partials = PartialSchemas(spec.schemas, names)
    paths: PlainObject = {
        prefix + endpoint.path: {"get": _operation(endpoint, spec, names, parameters, partials)}
        for endpoint in spec.endpoints
    }
    paths |= batch_paths(spec, prefix)
    names_taken = {endpoint.operation_id for endpoint in spec.endpoints}
    paths |= system_paths(names_taken, asks=bool(spec.security_schemes))
    return {
        "openapi": VERSION,
        "info": thaw_object(spec.info.members),
        "servers": [{"url": server.rstrip("/") or "/"}],
        "security": requirements(spec.security or ()),
        "tags": _tags(spec),
        "paths": paths,
        "components": _components(spec, names, parameters, partials, prefix),
    }


def _tags(spec: Spec) -> list[PlainJson]:
    named = {tag.name for tag in spec.tags}
    offered = (BATCH_TAG, SYSTEM_TAG) if offers_batch(spec) else (SYSTEM_TAG,)
    own = [tag for tag in offered if tag.name not in named]
    return [_tag(tag) for tag in (*spec.tags, *own)]


def _tag(tag: Tag) -> PlainObject:
    return {"name": tag.name, "description": tag.description} if tag.description else {"name": tag.name}


def _operation(
    endpoint: Endpoint,
    spec: Spec,
    names: Mapping[str, str],
    parameters: Parameters,
    partials: PartialSchemas,
) -> PlainObject:
    operation: PlainObject = {"operationId": endpoint.operation_id}
    if endpoint.tags:
        operation["tags"] = list(endpoint.tags)
    operation["summary"] = endpoint.summary
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.deprecated:
        operation["deprecated"] = True
    if endpoint.parameters:
        operation["parameters"] = parameters.of(endpoint)
    example = next(iter(schema_examples(spec.schemas[endpoint.response])), None)
    operation |= operation_security(spec, endpoint)
    operation["responses"] = operation_responses(
        endpoint,
        names[endpoint.response],
        example,
        partials.of(endpoint),
        media_types(endpoint, spec.schemas)[1:],
    )
    return operation


def _components(
    spec: Spec,
    names: Mapping[str, str],
    parameters: Parameters,
    partials: PartialSchemas,
    prefix: str,
) -> PlainObject:
    schemas: PlainObject = {name: schema_component(file, spec.schemas, names) for file, name in names.items()}
    schemas |= partials.components
    shipped = system_schemas()
    schemas |= {name: schema_component(name, shipped, {}) for name in shipped}
    answered = {kind for endpoint in spec.endpoints for kind in problems_of(endpoint)}
    answered |= {*SYSTEM_PROBLEMS, *batch_problems(spec)}
    components: PlainObject = {
        "schemas": schemas,
        "responses": response_components([kind for kind in PROBLEMS if kind in answered], "Problem", prefix),
        "headers": thaw_object(HEADERS),
    }
    if parameters.shared:
        components["parameters"] = parameters.shared
    if spec.security_schemes:
        components["securitySchemes"] = scheme_components(spec)
    return components
