"""Checks one endpoint against the catalogue of reads, the shared parameters and the response schemas."""

import re
from collections.abc import Mapping
from typing import Literal

import jsonschema_rs

from .check_parameter import parameter_mistakes, read_parameter
from .document import Document
from .errors import Problem
from .fit import Fitting
from .json import Json, PlainJson, PlainObject, Pointer, thaw
from .model import Binding, Endpoint, Parameter
from .schemas import SchemaFolder, bundle
from .signature import Argument, Catalogue, ReadSignature
from .suggest import did_you_mean

_TEMPLATE = re.compile(r"\{([^{}]*)\}")


class EndpointChecker:
    """Turns one structurally sound entry under `endpoints` into an Endpoint, or says why it cannot."""

    def __init__(
        self,
        document: Document,
        pointer: Pointer,
        value: PlainObject,
        catalogue: Catalogue,
        folder: SchemaFolder,
        shared: Mapping[str, Parameter | None],
        tags: tuple[str, ...],
    ) -> None:
        self.document = document
        self.pointer = pointer
        self.path = str(pointer[-1])
        self.value = value
        self.catalogue = catalogue
        self.folder = folder
        self.shared = shared
        self.tags = tags
        self.problems: list[Problem] = []
        self.incomplete = False

    def check(self) -> Endpoint | None:
        """Return the endpoint, or None where something is wrong with it or with what it refers to."""
        self._check_tags()
        parameters = self._parameters()
        self._check_template(parameters)
        read = self._read()
        response = self._response()
        if read is None:
            return None
        bindings = self._bindings(read, parameters)
        empty = self._empty(read)
        if response is not None:
            self._check_fit(read, response)
        if self.problems or self.incomplete or response is None:
            return None
        max_age = self.value.get("max_age")
        return Endpoint(
            path=self.path,
            operation_id=str(self.value["operationId"]),
            tags=tuple(str(tag) for tag in _elements(self.value.get("tags"))),
            summary=str(self.value["summary"]),
            description=str(self.value.get("description", "")),
            parameters=tuple(parameters),
            read=read,
            bindings=tuple(bindings),
            response=response,
            empty=empty,
            max_age=float(max_age) if isinstance(max_age, (int, float)) else None,
            deprecated=bool(self.value.get("deprecated", False)),
        )

    def _complain(self, place: Pointer, message: str, *, key: bool = False) -> None:
        self.problems.append(self.document.problem((*self.pointer, *place), message, key=key))

    def _check_tags(self) -> None:
        for index, tag in enumerate(_elements(self.value.get("tags"))):
            if tag not in self.tags:
                hint = did_you_mean(str(tag), self.tags)
                self._complain(("tags", index), f'the tag "{tag}" is not declared under tags{hint}')

    def _parameters(self) -> list[Parameter]:
        found: dict[tuple[str, str], Parameter] = {}
        for index, entry in enumerate(_elements(self.value.get("parameters"))):
            parameter = self._parameter(entry, ("parameters", index))
            if parameter is None:
                self.incomplete = True
            elif (parameter.location, parameter.name) in found:
                self._complain(("parameters", index), f'the parameter "{parameter.name}" is given twice')
            else:
                found[parameter.location, parameter.name] = parameter
        names = [name for _, name in found]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._complain(("parameters",), f'"{name}" is both a path and a query parameter', key=True)
        return list(found.values())

    def _parameter(self, entry: PlainJson, place: Pointer) -> Parameter | None:
        if isinstance(entry, str):
            if entry not in self.shared:
                hint = did_you_mean(entry, self.shared)
                self._complain(place, f'no parameter "{entry}" is declared under parameters{hint}')
            return self.shared.get(entry)
        assert isinstance(entry, dict)
        if "name" not in entry:
            self._complain(place, 'an inline parameter needs a "name"')
            return None
        parameter = read_parameter(entry, "")
        wrong = list(parameter_mistakes(parameter))
        for within, message in wrong:
            self._complain((*place, *within), message)
        return None if wrong else parameter

    def _check_template(self, parameters: list[Parameter]) -> None:
        in_path = _TEMPLATE.findall(self.path)
        for name in sorted({name for name in in_path if in_path.count(name) > 1}):
            self._complain((), f'"{{{name}}}" stands in the path twice', key=True)
        if self.incomplete:
            return
        declared = [parameter.name for parameter in parameters if parameter.location == "path"]
        for name in in_path:
            if name not in declared:
                hint = did_you_mean(name, declared)
                message = f'"{{{name}}}" is in the path but not among its parameters{hint}'
                self._complain((), message, key=True)
        for name in declared:
            if name not in in_path:
                self._complain(("parameters",), f'the path has no "{{{name}}}"', key=True)

    def _read(self) -> ReadSignature | None:
        name = str(self.value["read"])
        if name in self.catalogue.refused:
            self._complain(("read",), f"{name} is refused: {self.catalogue.refused[name]}")
        elif name not in self.catalogue.reads:
            self._complain(("read",), f'no read "{name}"{did_you_mean(name, self.catalogue.reads)}')
        return self.catalogue.reads.get(name)

    def _bindings(self, read: ReadSignature, parameters: list[Parameter]) -> list[Binding]:
        by_name = {parameter.name: parameter for parameter in parameters}
        declared = self.value.get("args")
        args: PlainObject = declared if isinstance(declared, dict) else {}
        for name in args:
            if read.argument(name) is None:
                hint = did_you_mean(name, [argument.name for argument in read.arguments])
                self._complain(("args", name), f'{read.name} has no argument "{name}"{hint}', key=True)
        bindings: list[Binding] = []
        for argument in read.arguments:
            source = args.get(argument.name, argument.name if argument.name in by_name else None)
            binding = self._binding(argument, source, by_name)
            if binding is not None:
                bindings.append(binding)
            elif argument.required and argument.name not in args and not self.incomplete:
                self._complain(("read",), f'nothing feeds the argument "{argument.name}" of {read.name}')
        fed = {binding.parameter for binding in bindings}
        for name in by_name:
            if name not in fed and not self.problems:
                hint = did_you_mean(name, [argument.name for argument in read.arguments])
                self._complain(("parameters",), f'"{name}" feeds no argument of {read.name}{hint}', key=True)
        return bindings

    def _binding(
        self, argument: Argument, source: PlainJson, parameters: Mapping[str, Parameter]
    ) -> Binding | None:
        place: Pointer = ("args", argument.name)
        if isinstance(source, dict):
            return self._constant(argument, source["const"], place)
        if source is None or self.incomplete:
            return None
        parameter = parameters.get(str(source))
        if parameter is None:
            self._complain(place, f'no parameter "{source}" here{did_you_mean(str(source), parameters)}')
            return None
        if parameter.type != argument.type and (argument.type, parameter.type) != ("number", "integer"):
            message = f'"{parameter.name}" is of type {parameter.type}, the argument wants {argument.type}'
            self._complain(place if place[1] in _names(self.value.get("args")) else ("parameters",), message)
        optional = not parameter.required and "default" not in parameter.schema
        if argument.required and optional:
            message = f'"{parameter.name}" can be left out, but the argument "{argument.name}" cannot'
            self._complain(("parameters",), f"{message}: make it required or give it a default")
        return Binding(argument.name, parameter=parameter.name)

    def _constant(self, argument: Argument, value: PlainJson, place: Pointer) -> Binding:
        kind = "string" if argument.type == "symbol" else argument.type
        schema = {"type": kind, "allOf": [thaw(argument.schema)]}
        for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value):
            self._complain((*place, "const"), error.message)
        return Binding(argument.name, const=value)

    def _empty(self, read: ReadSignature) -> Literal[200, 404]:
        declared = self.value.get("empty")
        if read.elements is not None:
            return 404 if declared == 404 else 200
        if declared == 200 and read.absent:
            self._complain(("empty",), f"{read.name} answers one thing: what is not there can only be 404")
        if declared == 404 and not read.absent:
            self._complain(("empty",), f"{read.name} always answers: it is never empty")
        return 404

    def _response(self) -> str | None:
        name = str(self.value["response"])
        if not self.folder.load(name):
            hint = did_you_mean(name, self.folder.names())
            self._complain(("response",), f'no schema file "{name}"{hint}')
            return None
        return None if self.folder.broken(name) else name

    def _check_fit(self, read: ReadSignature, response: str) -> None:
        schemas = self.folder.schemas()
        for misfit in Fitting(read.name, schemas).misfits(response, read.answer):
            self.problems.append(self.folder.documents[misfit.file].problem(misfit.pointer, misfit.message))
        schema = schemas[response]
        examples = schema.get("examples", ())
        validator = jsonschema_rs.Draft202012Validator(
            bundle(schema, response, schemas), validate_formats=True, offline=True
        )
        for index, example in enumerate(_elements(thaw(examples))):
            for error in validator.iter_errors(example):
                place: Pointer = ("examples", index, *error.instance_path)
                message = f"the example breaks its schema: {error.message}"
                self.problems.append(self.folder.documents[response].problem(place, message))


def _elements(value: Json) -> list[PlainJson]:
    return value if isinstance(value, list) else []


def _names(value: PlainJson) -> list[str]:
    return list(value) if isinstance(value, dict) else []
