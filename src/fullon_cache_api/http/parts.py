"""Parts of large collections, and their other forms, made as a whole while the event loop goes on."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import msgspec

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Elements
from fullon_cache_api.reads.pages import Page, RawElement
from fullon_cache_api.reads.values import Value, parse_text

from .writers import Writer

SLICE = 100
"""Elements that are made before the event loop goes on: about a millisecond."""

_encode = msgspec.json.Encoder().encode

Shape = Callable[[Value], Value]
"""Takes an element; gives it as it is to be sent, or raises BadValue."""


async def write_part(
    elements: Sequence[RawElement], shape: Shape, writer: Writer, skipped: list[CorruptValue]
) -> bytes:
    """Return what is written of elements; those that cannot be used are added to `skipped`."""
    parts: list[bytes] = []
    count = 0
    for start in range(0, len(elements), SLICE):
        made = list(_made(elements[start : start + SLICE], shape, skipped))
        if made:
            parts += [writer.part(made)] if count else [writer.head(made), writer.part(made)]
            count += len(made)
        await asyncio.sleep(0)
    head = b"" if count else writer.head(())
    return b"".join((head, *parts, writer.tail(count, len(skipped))))


def _made(elements: Sequence[RawElement], shape: Shape, skipped: list[CorruptValue]) -> Iterator[bytes]:
    kept: Elements[Value] = Elements(skipped=skipped)
    for page, raw_name, raw in elements:
        name = raw_name.decode(errors="backslashreplace")
        text = kept.attempt(page.key, name, _text, page, raw_name, raw, shape)
        if text is not None:
            yield text


def _text(page: Page, raw_name: bytes, raw: bytes, shape: Shape) -> bytes | None:
    value = page.make(parse_text(raw_name), raw)
    return None if value is None else _encode(shape(value))
