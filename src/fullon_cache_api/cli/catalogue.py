"""The catalogue of reads, for people and for programs."""

import json
from collections.abc import Mapping, Sequence

from fullon_cache_api.spec import Argument, Catalogue, ReadSignature
from fullon_cache_api.spec.json import PlainObject, thaw

Uses = Mapping[str, Sequence[str]]
"""Read name → the paths of the endpoints that name it."""


def catalogue_text(catalogue: Catalogue, used: Uses) -> str:
    """Return the reads as blocks of text, and then the reads of fullon_cache that are not offered."""
    blocks = [_block(read, used.get(read.name, ())) for read in catalogue.reads.values()]
    refused = "\n".join(("Not offered", *(f"  {name}: {why}" for name, why in catalogue.refused.items())))
    return "\n\n".join((*blocks, refused))


def catalogue_json(catalogue: Catalogue, used: Uses) -> str:
    """Return `{reads: [{name, summary, arguments, commands, keys, endpoints}], refused: {name: reason}}`."""
    document: PlainObject = {
        "reads": [_members(read, used.get(read.name, ())) for read in catalogue.reads.values()],
        "refused": dict(catalogue.refused),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _block(read: ReadSignature, paths: Sequence[str]) -> str:
    lines = [
        read.name,
        f"  {read.summary}",
        *(f"  argument   {_argument_line(argument)}" for argument in read.arguments),
        f"  commands   {', '.join(read.commands)}",
        *(f"  key        {key}" for key in read.keys),
        *(f"  endpoint   {path}" for path in paths or ("none",)),
    ]
    return "\n".join(lines)


def _argument_line(argument: Argument) -> str:
    need = "" if argument.required else f", default {json.dumps(thaw(argument.default), ensure_ascii=False)}"
    return f"{argument.name} ({argument.type}{need}): {argument.description}"


def _members(read: ReadSignature, paths: Sequence[str]) -> PlainObject:
    return {
        "name": read.name,
        "summary": read.summary,
        "arguments": [
            {
                "name": argument.name,
                "type": argument.type,
                "description": argument.description,
                "required": argument.required,
                "default": thaw(argument.default),
            }
            for argument in read.arguments
        ],
        "commands": list(read.commands),
        "keys": list(read.keys),
        "endpoints": list(paths),
    }
