"""Turns a misspelt name into a hint."""

from collections.abc import Iterable
from difflib import get_close_matches

from .wording import quote

_LIKENESS = 0.65
_LONGEST = 200


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a name was probably meant to be, or None; case does not matter."""
    spellings = {candidate.lower(): candidate for candidate in candidates}
    found = get_close_matches(name[:_LONGEST].lower(), spellings, 1, _LIKENESS)
    return spellings[found[0]] if found else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the candidate nearest to a name, or an empty string."""
    candidate = nearest(name, candidates)
    return f"; did you mean {quote(candidate)}?" if candidate is not None else ""
