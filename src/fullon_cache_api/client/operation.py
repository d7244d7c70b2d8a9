"""Operations, and the requests that they make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote

T = TypeVar("T")

Value: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A GET whose answer is a T; `path` is a template such as `/tickers/{exchange}`."""

    path: str

    def target(self, path: Sequence[Value], query: Mapping[str, Value | None]) -> str:
        """Return path and query of a request, below the base URL.

        `path` are the values of the template's parameters in their order; what is None in `query` is left
        out. Raises ValueError for an empty path value, which no path can carry.
        """
        values = iter(path)
        segments = "/".join(self._segments(values))
        given = "&".join(
            f"{_encode(name)}={_encode(_text(value))}" for name, value in query.items() if value is not None
        )
        return f"{segments}?{given}" if given else segments

    def _segments(self, values: Iterator[Value]) -> Iterator[str]:
        for segment in self.path.split("/"):
            if segment.startswith("{"):
                text = _text(next(values))
                if not text:
                    raise ValueError(f"{segment[1:-1]} must not be empty")
                yield _encode_segment(text)
            else:
                yield segment


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _encode(text: str) -> str:
    """Percent-encode all but RFC 3986's unreserved characters: a slash in a value is no separator."""
    return quote(text, safe="")


def _encode_segment(text: str) -> str:
    # RFC 3986, section 5.2.4: bare dot segments would be taken out of the path.
    return text.replace(".", "%2E") if text in (".", "..") else _encode(text)
