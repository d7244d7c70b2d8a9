"""The document as a file, in JSON and in YAML."""

import json
import re

import yaml

from fullon_cache_api.spec.json import PlainObject

# PyYAML quotes what it would itself misread. By the letter of YAML 1.1 `y` and `n` are booleans too; YAML 1.2
# knows numbers that PyYAML takes for text (1e5, 0o17, 08); some readers of 1.1 take `.`, `e5`, `0:1` for one.
_MISREAD = re.compile(r"[yYnN]|0o[0-7]+|[-+]?[0-9_:]*\.?[0-9_]*([eE][-+]?[0-9]+)?")

# Line breaks in YAML 1.1, but not in YAML 1.2.
_BREAKS = re.compile("[\x85\u2028\u2029]")


def to_json(document: PlainObject) -> bytes:
    """Return the document as JSON, indented by 2, its members in their order."""
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def to_yaml(document: PlainObject) -> bytes:
    """Return the document as YAML that means the same to readers of YAML 1.1 and 1.2."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if _BREAKS.search(text):
        return '"'
    if "\n" in text:
        return "|"
    return "'" if _MISREAD.fullmatch(text) else None


_Dumper.add_representer(str, _Dumper.represent_text)
