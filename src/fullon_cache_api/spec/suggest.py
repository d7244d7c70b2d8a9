"""Turns a misspelt name into a hint."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the candidate nearest to a name, or an empty string."""
    nearest = get_close_matches(name.lower(), {candidate.lower(): 0 for candidate in candidates}, 1, 0.6)
    spelt = next((candidate for candidate in candidates if nearest and candidate.lower() == nearest[0]), None)
    return f'; did you mean "{spelt}"?' if spelt else ""
