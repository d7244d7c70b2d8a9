"""The media types in which an endpoint answers, and the whole answers that are made in each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from starlette.types import Scope

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Answer, Body
from fullon_cache_api.reads.pages import RawElement, Stream
from fullon_cache_api.spec.json import JsonObject
from fullon_cache_api.spec.media import CSV_TYPE, JSON_TYPE, LINES_TYPE, media_types
from fullon_cache_api.spec.model import Endpoint

from .contract import Contract
from .csv_writer import CsvWriter, columns_of, csv_columns
from .kept import Entries, Finished
from .negotiation import wanted
from .parts import write_part
from .response import NO_SNIFF, Header, cache_control, entity
from .selection import Selection, compile_selector, element_selector
from .writers import JsonWriter, LinesWriter, Writer

_CONTENT_TYPES = {CSV_TYPE: b"text/csv; charset=utf-8; header=present"}

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A media type: the headers of its answers, and what writes one, given its members and its source.

    `partly` writes elements of which only some fields were selected; `kept` are finished answers.
    """

    media_type: str
    headers: tuple[Header, ...]
    writer: Callable[[Body, str], Writer]
    partly: Callable[[Sequence[str]], Writer]
    kept: Entries = field(default_factory=dict)


class Forms:
    """The media types of one endpoint: JSON first, and for a collection others.

    `credentials` are the headers that say who asks: what is kept of an answer is for nobody else.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        contract: Contract,
        schemas: Mapping[str, JsonObject],
        credentials: Sequence[str] = (),
    ) -> None:
        self._contract = contract
        self._name = name = endpoint.read.elements or ""
        offered = media_types(endpoint, schemas)
        columns, is_open = csv_columns(name, endpoint.response, schemas)
        writers: Mapping[str, Callable[[Body, str], Writer]] = {
            JSON_TYPE: lambda members, source: JsonWriter(contract, name, members, source),
            LINES_TYPE: lambda members, source: LinesWriter(),
            CSV_TYPE: lambda members, source: CsvWriter(columns, is_open),
        }
        partial_writers: Mapping[str, Callable[[Sequence[str]], Writer]] = {
            CSV_TYPE: lambda fields: CsvWriter(columns_of(fields, columns), is_open)
        }
        self._selector = compile_selector(endpoint)
        common: tuple[Header, ...] = (
            cache_control(endpoint.max_age, private=bool(endpoint.security)),
            NO_SNIFF,
        )
        # What is kept to be asked for again is asked for by who wants it.
        given_again = endpoint.max_age is not None and endpoint.max_age >= 1
        varying = [*(["Accept"] if len(offered) > 1 else []), *(credentials if given_again else ())]
        if varying:
            common = (*common, (b"vary", ", ".join(varying).encode()))
        self._every = tuple(
            Form(
                media_type,
                ((b"content-type", _content_type(media_type)), *common),
                writers[media_type],
                partial_writers.get(media_type, lambda fields: LinesWriter()),
            )
            for media_type in offered
        )
        self._offered = tuple(media_type.encode() for media_type in offered)
        self.json = self._every[0]
        self.are_several = len(offered) > 1

    def wanted(self, scope: Scope) -> Form:
        """Return the form that a request asks for."""
        return self._every[wanted(scope, self._offered)]

    def finish(self, answer: Answer, form: Form, selection: Selection | None = None) -> Finished:
        """Return an answer, checked and as bytes, or what is selected of it.

        Raises CorruptValue where it cannot be used.
        """
        is_empty = bool(self._name) and not answer.body[self._name]
        body = self._contract.check(answer)
        skipped = tuple(answer.skipped)
        more: Sequence[Header] = ()
        if self._selector is not None and selection is not None:
            body, more = self._selector.select(body, selection)
        if form is self.json:
            response = entity(_encode(body), (*form.headers, *more))
        else:
            body_text = _elements(body[self._name], self._writer(form, selection, {}, ""))
            response = entity(body_text, (*form.headers, *more, *_skipped(skipped)))
        return Finished(response, skipped, is_empty and not skipped)

    async def finish_part(
        self, stream: Stream, elements: Sequence[RawElement], form: Form, selection: Selection | None
    ) -> Finished:
        """Return a large answer, or what is selected of it, made while the event loop goes on.

        Where the response schema looks at each element alone. A part is one of all elements, from which those
        that cannot be used are then left out.
        """
        total = len(elements)
        start, end = (0, total) if selection is None else selection.part(total)
        select = element_selector(None if selection is None else selection.fields)
        check = self._contract.check_element
        writer = self._writer(form, selection, stream.members, stream.source)
        left_out = list(stream.skipped)
        body = await write_part(elements[start:end], lambda value: select(check(value)), writer, left_out)
        skipped = tuple(left_out)
        more: Sequence[Header] = () if form is self.json else _skipped(skipped)
        if self._selector is not None and selection is not None:
            more = (*self._selector.links(selection, total), *more)
        return Finished(entity(body, (*form.headers, *more)), skipped, not total and not skipped)

    def _writer(self, form: Form, selection: Selection | None, members: Body, source: str) -> Writer:
        fields = None if selection is None or form is self.json else selection.fields
        return form.writer(members, source) if fields is None else form.partly(fields.split(","))


def _elements(elements: object, writer: Writer) -> bytes:
    texts = [_encode(element) for element in elements] if isinstance(elements, list) else []
    return writer.head(texts) + writer.part(texts) + writer.tail(len(texts), 0)


def _skipped(skipped: Sequence[CorruptValue]) -> Sequence[Header]:
    # Only JSON has a place for it in its body.
    return ((b"x-skipped", b"%d" % len(skipped)),) if skipped else ()


def _content_type(media_type: str) -> bytes:
    return _CONTENT_TYPES.get(media_type, media_type.encode())
