"""What the OpenAPI document says of a request, for tests that ask anything."""

import json
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs

UNDOCUMENTED = ["/", "/docs", "/redoc", "/openapi.json", "/openapi.yaml"]
BY_NAME = ["/docs/assets/{name}", "/problems/{kind}"]


class Document:
    """What the OpenAPI document says of a request."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths: list[str] = list(document["paths"])
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def path_of(self, raw_path: bytes) -> str | None:
        """The path template that a raw path is one of: of several the one with the earliest literals."""
        segments = raw_path.split(b"/")[1:]
        found = [path for path in [*self.paths, *UNDOCUMENTED, *BY_NAME] if _is_one_of(path, segments)]
        return min(found, key=lambda path: [part.startswith("{") for part in path.split("/")], default=None)

    def operation(self, path: str) -> dict[str, Any]:
        operation: dict[str, Any] = self.document["paths"][path]["get"]
        return operation

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            target: Any = self.document
            for token in value["$ref"].split("/")[1:]:
                target = target[token]
            value = target
        return value

    def is_valid(self, schema: dict[str, Any], body: object) -> bool:
        name = json.dumps(schema)
        if name not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[name] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[name].is_valid(body)


def _is_one_of(path: str, segments: list[bytes]) -> bool:
    parts = path.split("/")[1:]
    return len(parts) == len(segments) and all(
        (segment != b"" if part.startswith("{") else unquote_to_bytes(segment) == part.encode())
        for part, segment in zip(parts, segments, strict=True)
    )
