"""What the installed fullon_cache offers, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fullon_cache_api.cli.table import table
from fullon_cache_api.spec.json import PlainObject

if TYPE_CHECKING:
    from fullon_cache_api.integrations.fullon_cache import Offer

Uses = Mapping[str, Sequence[str]]

_HEAD = ("READ", "STATE", "ARGUMENTS", "ENDPOINTS", "")


def offers_text(version: str, offers: Sequence[Offer], used: Uses) -> str:
    """Return the offers as a table, below it what drifted, and what of the package is never bound."""
    served = [offer for offer in offers if offer.state != "refused"]
    rows = [
        (
            offer.read,
            offer.state,
            _arguments(offer) or "none",
            ", ".join(used.get(offer.read, ())) or "none",
            offer.note,
        )
        for offer in served
    ]
    refused = [f"  {offer.read}: {offer.note}" for offer in offers if offer.state == "refused"]
    drifted = [offer for offer in served if offer.state in ("missing", "changed")]
    touched = sum(bool(used.get(offer.read)) for offer in drifted)
    noun = "read" if len(drifted) == 1 else "reads"
    drift = f"{len(drifted)} {noun} drifted, {touched} of them with endpoints: what drifted stays native."
    return "\n".join(
        (f"fullon_cache {version}", "", table(_HEAD, rows), "", drift, "", "Not offered", *refused)
    )


def offers_json(version: str, offers: Sequence[Offer], used: Uses) -> str:
    """Return `{version, reads: [{name, state, note, arguments, endpoints}]}`."""
    document: PlainObject = {
        "version": version,
        "reads": [
            {
                "name": offer.read,
                "state": offer.state,
                "note": offer.note,
                "arguments": _members(offer),
                "endpoints": list(used.get(offer.read, ())),
            }
            for offer in offers
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _arguments(offer: Offer) -> str:
    arguments = () if offer.signature is None else offer.signature.arguments
    return ", ".join(f"{argument.name} ({argument.type})" for argument in arguments)


def _members(offer: Offer) -> PlainObject:
    arguments = () if offer.signature is None else offer.signature.arguments
    return {argument.name: argument.type for argument in arguments}
