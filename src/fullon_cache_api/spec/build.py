"""Builds the frozen Spec out of a document, checking what a JSON Schema cannot say."""

from collections.abc import Callable
from types import MappingProxyType

from .check_endpoint import EndpointChecker
from .check_parameter import parameter_mistakes, read_parameter
from .document import Document
from .errors import Problem
from .json import Pointer, freeze_object
from .model import Endpoint, Info, Parameter, Spec, Tag
from .schemas import SchemaFolder
from .signature import Catalogue


def build(
    document: Document, mistaken: set[Pointer], catalogue: Catalogue, folder: SchemaFolder
) -> tuple[Spec | None, list[Problem]]:
    """Return the spec and what is wrong with it; parts whose structure is mistaken are passed over."""
    return _Build(document, mistaken, catalogue, folder).run()


class _Build:
    def __init__(
        self, document: Document, mistaken: set[Pointer], catalogue: Catalogue, folder: SchemaFolder
    ) -> None:
        assert isinstance(document.value, dict)
        self.document = document
        self.value = document.value
        self.mistaken = mistaken
        self.catalogue = catalogue
        self.folder = folder
        self.problems: list[Problem] = []

    def run(self) -> tuple[Spec | None, list[Problem]]:
        tags = self.tags()
        shared = self.shared_parameters()
        declared = self.value.get("endpoints")
        endpoints: list[Endpoint] = []
        for path, value in declared.items() if isinstance(declared, dict) else ():
            pointer: Pointer = ("endpoints", path)
            if isinstance(value, dict) and not self.touched(pointer):
                checker = EndpointChecker(
                    self.document, pointer, value, self.catalogue, self.folder, shared, tuple(tags)
                )
                endpoint = checker.check()
                self.problems += checker.problems
                if endpoint is not None:
                    endpoints.append(endpoint)
        self.unique(endpoints, "operationId", lambda endpoint: endpoint.operation_id)
        self.unique(endpoints, None, lambda endpoint: _shape(endpoint.path))
        for schema in self.folder.documents.values():
            self.problems += schema.problems
        info = self.value.get("info")
        if self.problems or self.mistaken or not isinstance(info, dict):
            return None, self.problems
        spec = Spec(
            info=Info(
                title=str(info["title"]),
                version=str(info["version"]),
                description=str(info.get("description", "")),
                members=freeze_object(info),
            ),
            tags=tuple(tags.values()),
            endpoints=tuple(endpoints),
            schemas=MappingProxyType(self.folder.schemas()),
        )
        return spec, []

    def touched(self, pointer: Pointer) -> bool:
        """Whether the structure check found something at a place or below it."""
        return any(mistake[: len(pointer)] == pointer for mistake in self.mistaken)

    def tags(self) -> dict[str, Tag]:
        found: dict[str, Tag] = {}
        declared = self.value.get("tags")
        for index, value in enumerate(declared if isinstance(declared, list) else ()):
            if not isinstance(value, dict) or not isinstance(name := value.get("name"), str):
                continue
            if name in found:
                self.problems.append(self.document.problem(("tags", index), f'a second tag "{name}"'))
            found[name] = Tag(name, str(value.get("description", "")))
        return found

    def shared_parameters(self) -> dict[str, Parameter | None]:
        """Return the shared parameters by the key that refers to them; None for a mistaken one."""
        found: dict[str, Parameter | None] = {}
        declared = self.value.get("parameters")
        for key, value in declared.items() if isinstance(declared, dict) else ():
            pointer: Pointer = ("parameters", key)
            found[key] = None
            if not isinstance(value, dict) or self.touched(pointer):
                continue
            parameter = read_parameter(value, key)
            wrong = list(parameter_mistakes(parameter))
            self.problems += [self.document.problem((*pointer, *place), text) for place, text in wrong]
            if not wrong:
                found[key] = parameter
        return found

    def unique(self, endpoints: list[Endpoint], member: str | None, mark: Callable[[Endpoint], str]) -> None:
        """Report endpoints that share what must be theirs alone; without a member the path itself."""
        first: dict[str, Endpoint] = {}
        for endpoint in endpoints:
            other = first.setdefault(mark(endpoint), endpoint)
            if other is not endpoint:
                pointer: Pointer = ("endpoints", endpoint.path, *([member] if member else []))
                what = f'the operationId "{endpoint.operation_id}"' if member else "every request"
                message = f"{what} is already taken by {other.path}"
                self.problems.append(self.document.problem(pointer, message, key=member is None))


def _shape(path: str) -> str:
    return "/".join("{}" if segment.startswith("{") else segment for segment in path.split("/"))
