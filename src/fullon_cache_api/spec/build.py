"""Builds the frozen Spec out of a document, checking what a JSON Schema cannot say."""

import re

from .check_cors import check_cors
from .check_endpoint import Surroundings, check_endpoint
from .check_parameter import Declared, read_parameter
from .check_security import check_use, read_security
from .document import Part
from .json import freeze_object
from .model import Info, Spec, Tag
from .schema_folder import SchemaFolder
from .signature import Catalogue
from .wording import quote

_PARAMETER = re.compile(r"\{[^{}]*\}")


def build(root: Part, catalogue: Catalogue, folder: SchemaFolder) -> Spec | None:
    """Return the spec, after reporting all that is wrong with it; it counts only where nothing is."""
    tags = _tags(root)
    security = read_security(root)
    around = Surroundings(catalogue, folder, tags, _shared_parameters(root), security)
    endpoints = [check_endpoint(part, around) for part in root.children("endpoints")]
    _check_unique_paths(root)
    _check_unique_operations(root)
    check_use(root)
    folder.check_together()
    cors = check_cors(root)
    info = _info(root)
    if info is None:
        return None
    made = tuple(endpoint for endpoint in endpoints if endpoint is not None)
    return Spec(
        info=info,
        tags=tuple(tags.values()),
        endpoints=made,
        schemas=folder.freeze(),
        security_schemes=tuple(scheme for scheme in security.schemes.values() if scheme is not None),
        security=security.default,
        cors=cors,
    )


def _info(root: Part) -> Info | None:
    info = root.get("info")
    if info is None or not isinstance(info.value, dict):
        return None
    title, version = info.text("title") or "", info.text("version") or ""
    return Info(title, version, info.text("description") or "", freeze_object(info.value))


def _tags(root: Part) -> dict[str, Tag]:
    found: dict[str, Tag] = {}
    for part in root.children("tags"):
        name = part.text("name")
        if name in found:
            part.complain(f"there is a tag {quote(name)} already", "name")
        elif name is not None:
            found[name] = Tag(name, part.text("description") or "")
    return found


def _shared_parameters(root: Part) -> dict[str, Declared | None]:
    """Return the shared parameters by the key that refers to them; None for a mistaken one."""
    declared = root.get("parameters")
    names = declared.value if declared is not None and isinstance(declared.value, dict) else {}
    sound = {part.name: part for part in root.children("parameters")}
    return {name: read_parameter(sound[name], name) if name in sound else None for name in names}


def _check_unique_paths(root: Part) -> None:
    owners: dict[str, str] = {}
    for endpoint in root.children("endpoints"):
        if endpoint.pointer in endpoint.document.mistaken_keys:
            continue
        owner = owners.setdefault(_PARAMETER.sub("{}", endpoint.name), endpoint.name)
        if owner != endpoint.name:
            endpoint.complain(f"{quote(owner)} answers every request for this path already", key=True)


def _check_unique_operations(root: Part) -> None:
    owners: dict[str, str] = {}
    for endpoint in root.children("endpoints"):
        operation_id = endpoint.text("operationId")
        if operation_id is not None:
            owner = owners.setdefault(operation_id, endpoint.name)
            if owner != endpoint.name:
                message = f"the operationId {quote(operation_id)} is that of {quote(owner)} already"
                endpoint.complain(message, "operationId")
