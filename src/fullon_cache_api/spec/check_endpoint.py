"""Checks one endpoint against the catalogue of reads, the shared parameters and the response schemas."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .check_args import bind
from .check_coherent import check_coherent
from .check_parameter import Declared, read_parameter
from .check_security import Security, check_security
from .check_select import check_selecting
from .document import Part
from .fit import Fitting
from .model import Endpoint
from .schema_folder import SchemaFolder
from .signature import Catalogue, ReadSignature
from .suggest import did_you_mean
from .wording import quote, shorten

_TEMPLATE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What endpoints refer to; a shared parameter that is mistaken is None."""

    catalogue: Catalogue
    folder: SchemaFolder
    tags: Collection[str]
    parameters: Mapping[str, Declared | None]
    security: Security


def check_endpoint(part: Part, around: Surroundings) -> Endpoint | None:
    """Return an endpoint after reporting all that is wrong with it; None where it cannot even be made."""
    _check_tags(part, around.tags)
    declared = _parameters(part, around.parameters)
    if declared is not None:
        _check_template(part, declared)
    read = _read(part, around.catalogue)
    bindings = bind(part, read, declared)
    response = _response(part, around.folder)
    if read is not None and response is not None:
        _check_fit(part.name, read, response, around.folder)
        uses = [(entry.use, entry.parameter) for entry in declared or ()]
        check_selecting(uses, read, response, around.folder.schemas)
    operation_id, summary = part.text("operationId"), part.text("summary")
    empty = _empty(part, read)
    coherent = check_coherent(part, read, bindings, declared)
    demands = check_security(part, declared, around.security)
    if declared is None or read is None or bindings is None or response is None:
        return None
    if operation_id is None or summary is None:
        return None
    return Endpoint(
        path=part.name,
        operation_id=operation_id,
        tags=tuple(str(tag.value) for tag in part.children("tags")),
        summary=summary,
        description=part.text("description") or "",
        parameters=tuple(entry.parameter for entry in declared),
        read=read,
        bindings=bindings,
        response=response,
        empty=empty,
        max_age=part.number("max_age"),
        deprecated=part.flag("deprecated"),
        coherent=coherent,
        security=demands.security,
        scopes=demands.scopes,
        owner=demands.owner,
        stale_if_error=part.number("stale_if_error"),
    )


def _check_tags(endpoint: Part, declared: Collection[str]) -> None:
    for tag in endpoint.children("tags"):
        if isinstance(tag.value, str) and tag.value not in declared:
            hint = did_you_mean(tag.value, declared)
            tag.complain(f"the tag {quote(tag.value)} is not declared under tags{hint}")


def _parameters(endpoint: Part, shared: Mapping[str, Declared | None]) -> list[Declared] | None:
    """Return the parameters of an endpoint, or None where one of them is mistaken in itself."""
    found: dict[tuple[str, str], Declared] = {}
    complete = endpoint.is_sound_at("parameters")
    for use in endpoint.children("parameters"):
        entry = _parameter(use, shared)
        if entry is None:
            complete = False
            continue
        parameter = entry.parameter
        if (parameter.location, parameter.name) in found:
            use.complain(f"the endpoint has a {parameter.location} parameter {quote(parameter.name)} already")
        elif any(parameter.name == name for _, name in found):
            message = f"{quote(parameter.name)} would be in the path and in the query: rename one of them"
            use.complain(message)
        found.setdefault((parameter.location, parameter.name), entry)
    return list(found.values()) if complete else None


def _parameter(use: Part, shared: Mapping[str, Declared | None]) -> Declared | None:
    if not isinstance(use.value, str):
        return read_parameter(use)
    if use.value not in shared:
        hint = did_you_mean(use.value, shared)
        use.complain(f"no parameter {quote(use.value)} is declared under parameters{hint}")
        return None
    entry = shared[use.value]
    return None if entry is None else replace(entry, use=use)


def _check_template(endpoint: Part, declared: Sequence[Declared]) -> None:
    if endpoint.pointer in endpoint.document.mistaken_keys:
        return
    in_path = _TEMPLATE.findall(endpoint.name)
    for name in sorted({name for name in in_path if in_path.count(name) > 1}):
        endpoint.complain(f"{{{name}}} is in the path twice", key=True)
    of_path = {entry.parameter.name: entry for entry in declared if entry.parameter.location == "path"}
    for name in dict.fromkeys(in_path):
        if name not in of_path:
            hint = did_you_mean(name, of_path.keys() - set(in_path))
            message = f"{{{name}}} is in the path, but the endpoint has no path parameter of that name{hint}"
            endpoint.complain(message, key=True)
    for name, entry in of_path.items():
        if name not in in_path:
            entry.use.complain(f"the path parameter {quote(name)} is not in the path, as {{{name}}}")


def _read(endpoint: Part, catalogue: Catalogue) -> ReadSignature | None:
    name = endpoint.text("read")
    if name is None:
        return None
    if name in catalogue.refused:
        endpoint.complain(f"{name} is never served: {catalogue.refused[name]}", "read")
    elif name not in catalogue.reads:
        hint = did_you_mean(name, catalogue.reads)
        endpoint.complain(f"there is no read {quote(name)}{hint or ': see the command reads'}", "read")
    return catalogue.reads.get(name)


def _response(endpoint: Part, folder: SchemaFolder) -> str | None:
    """Return the file of the response schema; None where it is missing, or anything is wrong with it."""
    name = endpoint.text("response")
    if name is None:
        return None
    if not folder.load(name):
        endpoint.complain(f"there is no schema file {quote(name)}{folder.suggest(name)}", "response")
        return None
    return name if folder.is_usable(name) else None


def _check_fit(path: str, read: ReadSignature, response: str, folder: SchemaFolder) -> None:
    for misfit in Fitting(read.name, folder.schemas).misfits(response, read.answer):
        message = f"{misfit.message} (the answer of {shorten(path)})"
        folder.document(misfit.file).complain(misfit.pointer, message, key=misfit.key)


def _empty(endpoint: Part, read: ReadSignature | None) -> Literal[200, 404]:
    declared = endpoint.number("empty")
    if read is None or read.elements is not None:
        return 404 if declared == 404 else 200
    if declared == 200 and read.absent:
        message = f"{read.name} answers one thing: where that is not cached, the status is 404"
        endpoint.complain(message, "empty")
    if declared == 404 and not read.absent:
        endpoint.complain(f"{read.name} always has an answer: nothing is ever empty here", "empty")
    return 404
