"""Python source, laid out as ruff lays it out."""

import re
import textwrap
from collections.abc import Sequence

WIDTH = 110
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


def literal(text: str) -> str:
    """Return a string literal."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in written else written


def laid_out(indent: int, head: str, items: Sequence[str], tail: str) -> list[str]:
    """Return head, items and tail on one line, else the items indented: on one line, or on one each."""
    margin, inner = " " * indent, " " * (indent + 4)
    whole = ", ".join(items)
    if len(margin + head + whole + tail) <= WIDTH:
        return [margin + head + whole + tail]
    lines = [inner + whole] if len(inner + whole) <= WIDTH else [f"{inner}{item}," for item in items]
    return [margin + head, *lines, margin + tail]


def mapping(indent: int, pairs: Sequence[str]) -> str:
    """Return a dict that stands on a line of its own, a comma behind it; a long one has one for each pair."""
    margin, inner = " " * indent, " " * (indent + 4)
    whole = f"{{{', '.join(pairs)}}}"
    if len(f"{margin}{whole},") <= WIDTH:
        return whole
    return "\n".join(["{", *(f"{inner}{pair}," for pair in pairs), f"{margin}}}"])


def docstring(indent: int, *paragraphs: str, entries: Sequence[str] = ()) -> list[str]:
    """Return a docstring of the paragraphs that are not empty, and of entries, one to a line or more."""
    texts = [part for paragraph in paragraphs for part in _PARAGRAPHS.split(paragraph) if part.strip()]
    if not texts:
        return []
    lines = [line for text in texts for line in ("", *_wrapped(text, indent, ""))][1:]
    if entries:
        lines += ["", *(line for entry in entries for line in _wrapped(entry, indent, "    "))]
    lines[0] = f'{" " * indent}"""{lines[0].lstrip()}'
    return [f'{lines[0]}"""'] if len(lines) == 1 else [*lines, f'{" " * indent}"""']


def sentence(text: str) -> str:
    """Return a text with a full stop, unless it ends with a mark already."""
    text = text.strip()
    return text if not text or text[-1] in ".!?:;" else f"{text}."


def _wrapped(text: str, indent: int, hanging: str) -> list[str]:
    # Any line can be the one that has the quotes on both sides.
    return textwrap.wrap(
        _quotable(" ".join(text.split())),
        WIDTH - 2 * len('"""'),
        initial_indent=" " * indent,
        subsequent_indent=" " * indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quotable(text: str) -> str:
    """Return a text that is not empty as it may stand between triple quotes."""
    escaped = text.replace("\\", "\\\\")
    if '"""' in text or '"' in (text[0], text[-1]):
        escaped = escaped.replace('"', '\\"')
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped)
