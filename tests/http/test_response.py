"""Answers on the wire: entity tags, conditional requests, caching, HEAD."""

from typing import Any

import pytest
from asgi import Answered, answer, http_scope
from starlette.types import Receive, Scope, Send

from fullon_cache_api.http.response import (
    Response,
    cache_control,
    entity,
    entity_tag,
    header,
    is_match,
    send_response,
    unless_known,
)

BODY = b'{"a":1}'
TAG = entity_tag(BODY)
TYPE = (b"content-type", b"application/json")


async def send(response: Response, method: str = "GET") -> Answered:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send_response(scope, receive, send, response)

    return await answer(app, http_scope(method=method))


def test_an_entity_tag_is_strong_quoted_and_of_the_body_alone() -> None:
    assert b'"' + TAG[1:-1] + b'"' == TAG
    assert len(TAG) == 18
    assert entity_tag(BODY) == TAG
    assert entity_tag(BODY + b" ") != TAG


@pytest.mark.parametrize(
    ("if_none_match", "matches"),
    [
        ("{tag}", True),
        ("W/{tag}", True),
        ('"x", {tag}', True),
        ('"x",{tag},"y"', True),
        ('W/"x" , W/{tag}', True),
        ('"a, b", {tag}', True),
        ("*", True),
        (" * ", True),
        ("", False),
        ('"x"', False),
        ("{bare}", False),
        ('"{bare}', False),
        ('{bare}"', False),
        ("**", False),
        ('"*"', False),
        ('"x{bare}"', False),
        ('"' * 50_001, False),
    ],
)
def test_if_none_match_is_compared_weakly_with_every_tag_of_its_list(
    if_none_match: str, matches: bool
) -> None:
    value = if_none_match.replace("{tag}", TAG.decode()).replace("{bare}", TAG.decode()[1:-1])
    assert is_match(value.encode(), TAG) is matches


def test_an_answer_that_the_client_has_is_304_with_the_same_headers() -> None:
    for headers in ([("If-None-Match", TAG.decode())], [("If-None-Match", '"x"'), ("If-None-Match", "*")]):
        response = unless_known(http_scope(headers=headers), entity(BODY, (TYPE,)))
        assert response == Response(304, [(b"etag", TAG), TYPE], b"")


def test_an_answer_that_the_client_lacks_is_200_with_a_tag() -> None:
    for headers in ([], [("If-None-Match", '"x"')], [("If-Match", "*")]):
        response = unless_known(http_scope(headers=headers), entity(BODY, (TYPE,)))
        assert response == Response(200, ((b"etag", TAG), TYPE, (b"content-length", b"7")), BODY)


@pytest.mark.anyio
async def test_a_whole_answer_has_its_length() -> None:
    sent = await send(Response.sized(200, (TYPE,), BODY))
    assert sent == Answered(200, (TYPE, (b"content-length", b"7")), BODY)


@pytest.mark.anyio
async def test_head_gets_the_headers_of_get_and_no_body() -> None:
    sent = await send(Response.sized(200, (TYPE,), BODY), "HEAD")
    assert sent == Answered(200, (TYPE, (b"content-length", b"7")), b"")


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_304_and_204_have_neither_body_nor_length(method: str) -> None:
    for status in (304, 204):
        assert await send(Response(status, (TYPE,), b""), method) == Answered(status, (TYPE,), b"")


@pytest.mark.anyio
async def test_middleware_that_adds_a_header_to_an_answer_adds_it_to_that_one_alone() -> None:
    response = entity(BODY, (TYPE,))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-added", b"1"))
            await send(message)

        await send_response(scope, receive, adding, unless_known(scope, response))

    for headers in ([], [("If-None-Match", "*")]):
        for _ in range(2):
            answered = await answer(app, http_scope(headers=headers))
            assert [name for name, _ in answered.headers].count(b"x-added") == 1


MAX_AGES = [
    *[(None, b"no-store"), (0, b"no-cache"), (0.5, b"no-cache")],
    *[(1, b"max-age=1"), (1.9, b"max-age=1"), (3600.0, b"max-age=3600")],
]


@pytest.mark.parametrize(("max_age", "value"), MAX_AGES)
def test_cache_control_is_whole_seconds_or_never_longer(max_age: Any, value: bytes) -> None:
    assert cache_control(max_age) == (b"cache-control", value)


def test_a_header_that_is_repeated_is_one_list() -> None:
    scope = http_scope(headers=[("Accept", "a"), ("X", "b"), ("Accept", "c")])
    assert header(scope, b"accept") == b"a, c"
    assert header(scope, b"x") == b"b"
    assert header(scope, b"y") is None
