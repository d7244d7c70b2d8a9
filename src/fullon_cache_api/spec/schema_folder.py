"""The response schemas that a spec names: found in their folders, read, and checked together."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import jsonschema_rs

from .document import Document
from .json import JsonObject, Pointer, freeze_object
from .schema_check import SYSTEM_TITLES
from .schema_file import SchemaFile, read_schema_file
from .schema_links import Links
from .schemas import bundle, target_file, target_pointer
from .structure import mistakes
from .suggest import did_you_mean, nearest
from .wording import quote

SPEC_SCHEMA = "endpoints.schema.json"
SYSTEM_FILES = frozenset({SPEC_SCHEMA, "batch.json", "health.json", "problem.json"})
"""Files of the package that are no response schemas for endpoints."""

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.json")


class SchemaFolder:
    """The schema files that a spec can name: those of earlier folders hide those of later ones."""

    def __init__(self, *folders: Path) -> None:
        found = (path for folder in reversed(folders) for path in sorted(folder.glob("*.json")))
        self._paths = {path.name: path for path in found if path.name not in SYSTEM_FILES}
        self._files: dict[str, SchemaFile] = {}
        self._links = Links(self._files)
        self._targets: dict[str, list[str]] = {}
        self._usable: dict[str, bool] = {}
        self._schemas: dict[str, JsonObject] = {}

    @property
    def schemas(self) -> Mapping[str, JsonObject]:
        """The schemas that were loaded, by file name."""
        return self._schemas

    @property
    def documents(self) -> list[Document]:
        """The files that were loaded."""
        return [file.document for file in self._files.values()]

    def document(self, name: str) -> Document:
        """Return a file that was loaded."""
        return self._files[name].document

    def suggest(self, name: str) -> str:
        """Return a hint at the file whose name is nearest."""
        if name in SYSTEM_FILES:
            return ": the gateway keeps this name for itself"
        near = nearest(name.removesuffix(".json"), (known.removesuffix(".json") for known in self._paths))
        return "" if near is None else f'; did you mean "{near}.json"?'

    def load(self, name: str) -> bool:
        """Read a file and all that it refers to; False where there is no such file."""
        if name not in self._paths:
            return False
        read: list[str] = []
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current not in self._files:
                self._read(current)
                read.append(current)
                waiting += self._targets[current]
        for current in read:
            self._check_references(current)
        return True

    def is_usable(self, name: str) -> bool:
        """Whether nothing is wrong with a loaded file, nor with those that it refers to."""
        if name not in self._usable:
            reached = self._reached(name)
            sound = not any(self.document(file).problems for file in reached)
            if sound:
                self._links.check(name)
            self._usable[name] = sound and not any(self.document(file).problems for file in reached)
        return self._usable[name]

    def check_together(self) -> None:
        """Report titles that are there twice, and examples that break their schemas."""
        usable = [name for name in self._files if self.is_usable(name)]
        self._check_titles()
        for name in usable:
            for place, schema in self._files[name].parts.values():
                if isinstance(schema, dict) and "examples" in schema:
                    self._check_examples(name, place, schema)

    def freeze(self) -> Mapping[str, JsonObject]:
        """Return the loaded schemas by file name, read-only."""
        return MappingProxyType({name: freeze_object(self._schemas[name]) for name in sorted(self._schemas)})

    def _read(self, name: str) -> None:
        file = self._files[name] = read_schema_file(self._paths[name])
        targets = {target_file(ref, name) for _, ref in file.references()}
        self._targets[name] = sorted(targets & self._paths.keys())
        if isinstance(file.document.value, dict):
            self._schemas[name] = file.document.value

    def _reached(self, name: str) -> set[str]:
        reached: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting += self._targets[current]
        return reached

    def _check_references(self, name: str) -> None:
        document = self.document(name)
        for place, ref in self._files[name].references():
            file, pointer = target_file(ref, name), target_pointer(ref)
            if place in document.mistaken:
                continue
            if not _FILE_NAME.fullmatch(file):
                message = f'must lead to a file of the schemas folder or to "#/…", not to {quote(ref)}'
                document.complain(place, f'"$ref" {message}')
            elif file not in self._files:
                document.complain(place, f"there is no schema file {quote(file)}{self.suggest(file)}")
            elif self._files[file].parts and pointer not in self._files[file].parts:
                known = (f"#{part}" for part in self._files[file].parts if part)
                hint = did_you_mean(f"#{pointer}", known)
                document.complain(place, f"no schema stands at {quote('#' + pointer)} of {file}{hint}")

    def _check_titles(self) -> None:
        owners: dict[str, str] = {}
        # The order of the paths: the file that came with the package keeps its title.
        for name in (name for name in self._paths if name in self._schemas):
            title = self._schemas[name].get("title")
            owner = owners.setdefault(title, name) if isinstance(title, str) else name
            if owner != name and title not in SYSTEM_TITLES:
                message = f"the title {quote(title)} is that of {owner} too: every schema needs its own"
                self.document(name).complain(("title",), message)

    def _check_examples(self, name: str, place: Pointer, schema: JsonObject) -> None:
        whole = bundle(schema, name, self._schemas)
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True, offline=True)
        examples = schema["examples"]
        for index, example in enumerate(examples if isinstance(examples, list) else ()):
            for mistake in mistakes(validator, whole, example):
                pointer = (*place, "examples", index, *mistake.pointer)
                message = f"this example breaks its schema: {mistake.message}"
                self.document(name).complain(pointer, message, key=mistake.key)
