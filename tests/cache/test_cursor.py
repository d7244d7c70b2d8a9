"""A cursor is good at the server that gave it; another one does not go on from it."""

import pytest

from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.cursor import anew, at, named
from fullon_cache_api.cache.errors import CursorLost
from fullon_cache_api.cache.reply import Reply

SERVER = b"h/s:1"


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (("SCAN", b"0"), ("SCAN", b"0")),
        (("SCAN", b"17", "COUNT", 5), ("SCAN", b"17", "COUNT", 5)),
        (("SCAN", "17"), ("SCAN", b"17")),
        (("SCAN", 17), ("SCAN", b"17")),
        (("SCAN", b"h/s:1/17", "COUNT", 5), ("SCAN", b"17", "COUNT", 5)),
        (("SCAN", "h/s:1/17"), ("SCAN", b"17")),
        (("HSCAN", "hash", 17, "COUNT", 5), ("HSCAN", "hash", b"17", "COUNT", 5)),
        (("HSCAN", "hash", b"h/s:1/17"), ("HSCAN", "hash", b"17")),
        (("HSCAN", "hash"), ("HSCAN", "hash")),
        (("SCAN",), ("SCAN",)),
        (("GET", "h/s:2/17"), ("GET", "h/s:2/17")),
        (("PING",), ("PING",)),
    ],
)
def test_a_cursor_goes_to_its_own_server_as_that_gave_it(command: Command, sent: Command) -> None:
    assert at(SERVER, command) == sent


@pytest.mark.parametrize(
    "command",
    [("SCAN", b"h/s:2/17"), ("HSCAN", "hash", b"other/17", "COUNT", 5), ("HSCAN", "hash", "/17")],
)
def test_a_cursor_goes_to_no_other_server(command: Command) -> None:
    with pytest.raises(CursorLost, match=r"^Redis cannot be read: the connection was lost$"):
        at(SERVER, command)


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (("SCAN", b"h/s:2/17", "COUNT", 5), ("SCAN", b"0", "COUNT", 5)),
        (("HSCAN", "hash", b"other/17"), ("HSCAN", "hash", b"0")),
    ],
)
def test_a_command_that_begins_anew_keeps_all_but_its_cursor(command: Command, sent: Command) -> None:
    assert anew(command) == sent


@pytest.mark.parametrize(
    ("command", "reply", "given"),
    [
        (("SCAN", b"0"), [b"17", [b"key"]], [b"h/s:1/17", [b"key"]]),
        (("HSCAN", "hash", b"0"), [b"17", [b"name", b"1"]], [b"h/s:1/17", [b"name", b"1"]]),
        (("SCAN", b"17"), [b"0", [b"key"]], [b"0", [b"key"]]),
        (("SCAN", b"0"), None, None),
        (("LRANGE", "list", 0, 1), [b"17", b"18"], [b"17", b"18"]),
    ],
)
def test_a_cursor_that_is_to_be_gone_on_from_names_its_server(
    command: Command, reply: Reply, given: Reply
) -> None:
    assert named(SERVER, command, reply) == given
