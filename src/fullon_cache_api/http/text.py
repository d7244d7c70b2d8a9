"""Percent-encoded request text, decoded strictly."""

import re
from urllib.parse import unquote_to_bytes

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class BadText(ValueError):
    """Request text that cannot be decoded; the text of the error completes "the value …"."""


def decode(raw: bytes) -> str:
    """Decode a percent-encoded UTF-8 text (RFC 3986, section 2.1); raises BadText."""
    if b"%" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise BadText("has a % that is not followed by two hexadecimal digits")
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise BadText("is not UTF-8") from None


def decode_query(raw: bytes) -> str:
    """Decode a name or value of a query string, where `+` is a space (WHATWG URL, form encoding)."""
    return decode(raw.replace(b"+", b" "))
