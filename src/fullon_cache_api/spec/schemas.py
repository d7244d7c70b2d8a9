"""Response schemas: JSON files that refer to each other, and the ways to put them together."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import jsonschema_rs

from .document import Document, parse_json, read_text
from .json import Json, JsonObject, PlainJson, PlainObject, Pointer, freeze_object, thaw
from .suggest import did_you_mean

SPEC_SCHEMA = "endpoints.schema.json"


class SchemaFolder:
    """The schema files that a spec can name: those beside it, then those that come with the package."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.documents: dict[str, Document] = {}

    def names(self) -> list[str]:
        """Return the names of all response schema files."""
        found = {path.name for folder in self.folders for path in folder.glob("*.json")}
        return sorted(found - {SPEC_SCHEMA})

    def load(self, name: str) -> bool:
        """Read a file and all that it refers to; False where there is no such file."""
        if name in self.documents:
            return True
        path = next((folder / name for folder in self.folders if (folder / name).is_file()), None)
        if path is None or name == SPEC_SCHEMA:
            return False
        file = str(path)
        text, problems = read_text(path, file)
        document = parse_json(text, file) if not problems else Document(file, problems=problems)
        self.documents[name] = document
        if not document.problems:
            self._check(name, document)
        return True

    def broken(self, name: str) -> bool:
        """Whether a loaded file, or one that it refers to, has a problem; a circle of references is one."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            document = self.documents.get(current)
            if document is None or document.problems:
                return True
            if current not in seen:
                seen.add(current)
                waiting += [target_file(ref, current) for _, ref in references(document.value)]
        if _circular(name, "", {name: self.documents[name].value for name in seen}, ()):
            document = self.documents[name]
            document.problems.append(document.problem((), "refers to itself in a circle"))
            return True
        return False

    def schemas(self) -> dict[str, JsonObject]:
        """Return the loaded schemas by file name."""
        return {
            name: freeze_object(document.value)
            for name, document in sorted(self.documents.items())
            if isinstance(document.value, dict)
        }

    def _check(self, name: str, document: Document) -> None:
        schema = document.value
        if not isinstance(schema, dict):
            document.problems.append(document.problem((), "a response schema is a JSON object"))
            return
        title = schema.get("title")
        if not (isinstance(title, str) and title.isidentifier()):
            problem = document.problem((), '"title" must name the schema as a component: letters and digits')
            document.problems.append(problem)
        for pointer, ref in references(schema):
            self._check_reference(name, document, pointer, ref)
        try:
            jsonschema_rs.meta.validate(schema)
        except jsonschema_rs.ValidationError as error:
            document.problems.append(document.problem(tuple(error.instance_path), error.message))

    def _check_reference(self, name: str, document: Document, pointer: Pointer, ref: str) -> None:
        file = target_file(ref, name)
        if not self.load(file):
            message = f'no schema file "{file}"{did_you_mean(file, self.names())}'
            document.problems.append(document.problem(pointer, message))
        elif (target := self.documents[file].value) and not _resolves(target, ref.partition("#")[2]):
            document.problems.append(document.problem(pointer, f'"{ref}" leads nowhere'))


def references(schema: Json, pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield every `$ref` of a schema with its place."""
    if isinstance(schema, Mapping):
        ref = schema.get("$ref")
        if isinstance(ref, str):
            yield (*pointer, "$ref"), ref
        for name, member in schema.items():
            if name not in ("examples", "example", "const", "enum", "default"):
                yield from references(member, (*pointer, name))
    elif isinstance(schema, (list, tuple)):
        for index, element in enumerate(schema):
            yield from references(element, (*pointer, index))


def target_file(ref: str, file: str) -> str:
    """Return the file that a reference made in `file` leads into."""
    return ref.partition("#")[0] or file


def relocate(schema: Json, file: str, target: Callable[[str], str]) -> PlainJson:
    """Copy a schema with every `$ref` led to where `target(file)` says that file now stands."""
    if isinstance(schema, Mapping):
        moved: PlainObject = {}
        for name, member in schema.items():
            if name == "$ref" and isinstance(member, str):
                moved[name] = target(target_file(member, file)) + member.partition("#")[2]
            else:
                moved[name] = relocate(member, file, target)
        return moved
    if isinstance(schema, (list, tuple)):
        return [relocate(element, file, target) for element in schema]
    return thaw(schema)


def bundle(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> PlainObject:
    """Return a schema of `file` as one that stands alone: what it refers to comes along under `$defs`."""

    def target(name: str) -> str:
        return f"#/$defs/{name}"

    root = relocate(schema, file, target)
    assert isinstance(root, dict)
    reached: dict[str, PlainJson] = {}
    waiting = [target_file(ref, file) for _, ref in references(schema)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = relocate(schemas[name], name, target)
            waiting += [target_file(ref, name) for _, ref in references(schemas[name])]
    return {**root, "$defs": reached}


def dereference(schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> tuple[JsonObject, str]:
    """Follow `$ref` to the schema that it names, and say in which file that stands."""
    assert isinstance(schema, Mapping)
    while isinstance(ref := schema.get("$ref"), str):
        name, _, fragment = ref.partition("#")
        file = name or file
        step: Json = schemas[file]
        for token in fragment.split("/")[1:]:
            assert isinstance(step, Mapping)
            step = step[token]
        assert isinstance(step, Mapping)
        schema = step
    return schema, file


def _circular(
    file: str, fragment: str, schemas: Mapping[str, Json], path: tuple[tuple[str, str], ...]
) -> bool:
    if (file, fragment) in path:
        return True
    schema = schemas[file]
    for token in fragment.split("/")[1:]:
        assert isinstance(schema, Mapping)
        schema = schema[token]
    return any(
        _circular(target_file(ref, file), ref.partition("#")[2], schemas, (*path, (file, fragment)))
        for _, ref in references(schema)
    )


def _resolves(value: PlainJson, fragment: str) -> bool:
    if fragment and not fragment.startswith("/"):
        return False
    for token in fragment.split("/")[1:]:
        if not (isinstance(value, dict) and token in value):
            return False
        value = value[token]
    return isinstance(value, dict)
