"""The ASGI application by itself: paths as servers hand them over, methods, lifespan, errors."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from asgi import Answered, answer, http_scope, serve, shipped_schema
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from starlette.types import Scope

from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.handler import Handler, Respond
from fullon_cache_api.http.path import path_segments, uri_reference
from fullon_cache_api.http.problems import ProblemText
from fullon_cache_api.http.request_id import Traced
from fullon_cache_api.http.response import JSON_TYPE, Response
from fullon_cache_api.http.route import RouteTree


class Host:
    """An application of a few routes, and what it tells those around it."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str, str, str, str]] = []
        self.closed = 0
        self.parsed: list[tuple[Sequence[bytes], bytes]] = []
        tree: RouteTree[Handler] = RouteTree()
        tree.add("/", self.echo)
        tree.add("/api/{a}/end", self.echo)
        tree.add("/api/broken", self.broken)
        self.app = GatewayApp(tree, {}, self.report, self.close)

    def echo(self, segments: Sequence[bytes], query_string: bytes) -> Respond:
        self.parsed.append((segments, query_string))

        async def respond(scope: Scope) -> Response:
            return Response.sized(200, ((b"content-type", JSON_TYPE),), b"|".join(segments))

        return respond

    def broken(self, segments: Sequence[bytes], query_string: bytes) -> Respond:
        async def respond(scope: Scope) -> Response:
            raise RuntimeError("secret")

        return respond

    def report(self, text: ProblemText, method: str, path: str, ids: Traced, error: Exception) -> None:
        self.reports.append((text.kind.name, method, path, ids.request_id, type(error).__name__))

    async def close(self) -> None:
        self.closed += 1

    async def answer(self, *arguments: Any, **members: Any) -> Answered:
        return await answer(self.app, http_scope(*arguments, **members))


def problem(answered: Answered, kind: str) -> dict[str, Any]:
    body: dict[str, Any] = answered.json()
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == answered.status
    assert answered.header("content-type") == "application/problem+json"
    assert answered.header("cache-control") == "no-store"
    assert answered.header("x-content-type-options") == "nosniff"
    assert answered.header("x-request-id") == body["request_id"]
    assert shipped_schema("problem.json").is_valid(body), body
    return body


@pytest.mark.anyio
async def test_a_handler_is_given_the_segments_as_they_were_sent() -> None:
    for target in ("/api/BTC%2FUSDT/end", "/api/BTC%2fUSDT/end?x=/a/b"):
        answered = await Host().answer(target)
        assert (answered.status, answered.body) == (
            200,
            target.partition("?")[0][1:].replace("/", "|").encode(),
        )


@pytest.mark.anyio
async def test_bytes_that_are_not_ascii_reach_the_handler_as_they_were_sent() -> None:
    answered = await Host().answer(b"/api/\xff\xc3\xa9/end")
    assert (answered.status, answered.body) == (200, b"api|\xff\xc3\xa9|end")


@pytest.mark.anyio
async def test_where_a_server_gives_no_raw_path_the_decoded_one_serves() -> None:
    host = Host()
    for path, sent in (("/api/a b/end", b"api|a%20b|end"), ("/api/\udcff/end", b"api|%FF|end"), ("/", b"")):
        scope = http_scope("/")
        del scope["raw_path"]
        assert (await answer(host.app, {**scope, "path": path})).body == sent
        assert (await answer(host.app, {**scope, "path": path, "raw_path": None})).body == sent
    assert host.reports == []


@pytest.mark.anyio
@pytest.mark.parametrize("root", ["/x", "/x/", "/x/y/z", "/a%20b"])
async def test_the_path_of_a_mount_is_no_part_of_the_path(root: str) -> None:
    raw = quote(root.rstrip("/")).encode()
    answered = await Host().answer(raw + b"/api/BTC%2FUSDT/end", root_path=root)
    assert (answered.status, answered.body) == (200, b"api|BTC%2FUSDT|end")
    assert (await Host().answer(raw + b"/", root_path=root)).status == 200


@pytest.mark.anyio
async def test_a_server_that_leaves_the_root_out_of_the_path_is_understood_too() -> None:
    answered = await Host().answer("/api/a/end", root_path="/x")
    assert (answered.status, answered.body) == (200, b"api|a|end")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "raw",
    [
        "/x%2Fy/api/a/end",
        "/x%2fy%2Fapi/a/end",
        "/x/y%2Fz/api/a/end",
        "/x/y%2Fapi/a/end",
        "/x%2Fy%2F/api/a/end",
    ],
)
async def test_an_encoded_slash_within_the_path_of_a_mount_leads_nowhere(raw: str) -> None:
    """The host sees another path than the one that would be answered: it may have let that one in."""
    problem(await Host().answer(raw, root_path="/x/y"), "no-such-endpoint")


@pytest.mark.anyio
async def test_other_escapes_within_the_path_of_a_mount_mean_what_they_stand_for() -> None:
    answered = await Host().answer("/%78/%C3%A9/api/a/end", root_path="/x/\u00e9")
    assert (answered.status, answered.body) == (200, b"api|a|end")


def test_the_segments_below_a_mount_are_those_of_the_raw_path() -> None:
    assert path_segments(http_scope("/a/b%2Fc/")) == [b"a", b"b%2Fc", b""]
    assert path_segments(http_scope("/x/a", root_path="/x")) == [b"a"]
    assert path_segments(http_scope("/xy/a", root_path="/x")) == [b"xy", b"a"]
    assert path_segments(http_scope("/x", root_path="/x")) == [b"x"]


@pytest.mark.anyio
async def test_a_path_and_query_that_came_before_are_not_parsed_again() -> None:
    host = Host()
    for target in ("/api/a/end", "/api/a/end?x=1", "/x/api/a/end"):
        for method in ("GET", "HEAD", "GET"):
            answered = await host.answer(target, method, root_path="/x" if target[1] == "x" else "")
            assert answered.status == 200
    assert host.parsed == [([b"api", b"a", b"end"], b""), ([b"api", b"a", b"end"], b"x=1")]


@pytest.mark.anyio
async def test_a_long_path_or_query_is_parsed_each_time_and_not_kept() -> None:
    host = Host()
    for target in (f"/api/{'a' * 300}/end", f"/api/a/end?{'x' * 300}"):
        for _ in range(2):
            assert (await host.answer(target)).status == 200
    assert len(host.parsed) == 4


@pytest.mark.anyio
async def test_head_answers_as_get_without_the_body() -> None:
    get, head = await Host().answer("/api/a/end"), await Host().answer("/api/a/end", "HEAD")
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")
    assert get.body == b"api|a|end"


@pytest.mark.anyio
@pytest.mark.parametrize("target", ["/", "/api/a/end", "/api/broken", "*"])
async def test_options_says_which_methods_there_are(target: str) -> None:
    answered = await Host().answer(target, "OPTIONS")
    assert answered == Answered(204, ((b"allow", b"GET, HEAD, OPTIONS"),), b"")


@pytest.mark.anyio
async def test_only_options_can_ask_about_the_whole_server() -> None:
    problem(await Host().answer("*"), "no-such-endpoint")
    problem(await Host().answer("/*", "OPTIONS"), "no-such-endpoint")


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PURGE", "get", ""])
async def test_other_methods_are_not_allowed_where_there_is_a_path(method: str) -> None:
    host = Host()
    answered = await host.answer("/api/a/end", method)
    problem(answered, "method-not-allowed")
    assert answered.header("allow") == "GET, HEAD, OPTIONS"
    problem(await host.answer("/nowhere", method), "no-such-endpoint")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "target", ["/api", "/api/", "/api//end", "/api/a/end/", "//", "/api%2Fa/end", "", "*"]
)
async def test_a_path_of_no_route_is_a_problem(target: str) -> None:
    answered = await Host().answer(target)
    assert problem(answered, "no-such-endpoint")["detail"] == "No endpoint has this path."
    assert answered.header("allow") is None


@pytest.mark.anyio
async def test_an_unforeseen_error_is_a_problem_that_says_nothing_of_it_and_is_reported() -> None:
    host = Host()
    answered = await host.answer("/api/broken", headers=[("X-Request-Id", "mine.1_a-B")])
    assert problem(answered, "internal-error")["request_id"] == "mine.1_a-B"
    assert b"secret" not in answered.body
    assert host.reports == [("internal-error", "GET", "/api/broken", "mine.1_a-B", "RuntimeError")]


@pytest.mark.anyio
async def test_a_problem_of_head_has_no_body() -> None:
    answered = await Host().answer("/nowhere", "HEAD")
    assert (answered.status, answered.body) == (404, b"")
    assert int(answered.header("content-length") or 0) > 100


@pytest.mark.anyio
@pytest.mark.parametrize("given_id", ["a", "A.b_c-9", "x" * 64])
async def test_a_well_formed_request_id_is_taken_over(given_id: str) -> None:
    answered = await Host().answer("/nowhere", headers=[("X-Request-ID", given_id)])
    assert problem(answered, "no-such-endpoint")["request_id"] == given_id


@pytest.mark.anyio
@pytest.mark.parametrize("given_id", ["", "x" * 65, "a b", "a\n", "a/b", "é", "<script>", "a,b"])
async def test_any_other_request_id_is_replaced(given_id: str) -> None:
    answered = await Host().answer("/nowhere", headers=[("X-Request-ID", given_id)])
    made = problem(answered, "no-such-endpoint")["request_id"]
    assert len(made) == 32
    assert int(made, 16) >= 0


@pytest.mark.anyio
async def test_two_request_ids_are_none() -> None:
    headers = [("X-Request-ID", "one"), ("X-Request-ID", "two")]
    assert (
        problem(await Host().answer("/nowhere", headers=headers), "no-such-endpoint")["request_id"] != "one"
    )


@pytest.mark.anyio
async def test_each_request_without_an_id_gets_its_own() -> None:
    host = Host()
    made = {problem(await host.answer("/nowhere"), "no-such-endpoint")["request_id"] for _ in range(5)}
    assert len(made) == 5


@pytest.mark.parametrize(
    ("path", "reference"),
    [
        (b"/a/b", "/a/b"),
        (b"/a%2Fb", "/a%2Fb"),
        (b"/a:b@c", "/a:b@c"),
        (b"/a%zz%", "/a%25zz%25"),
        (b"/a%2", "/a%252"),
        (b"/\xff\xc3\xa9", "/%FF%C3%A9"),
        (b'/<a href="x">', "/%3Ca%20href=%22x%22%3E"),
        (b"/a\n2024 INFO", "/a%0A2024%20INFO"),
        (b"/[a]{b}|\\^`", "/%5Ba%5D%7Bb%7D%7C%5C%5E%60"),
        (b"//evil.example/a", "/.//evil.example/a"),
        (b"//a:b", "/.//a:b"),
        (b"///", "/.///"),
        (b"", "/."),
        (b"*", "/.*"),
        (b"javascript:alert(1)", "/.javascript:alert(1)"),
    ],
)
def test_any_raw_path_is_shown_as_a_uri_reference_without_a_host(path: bytes, reference: str) -> None:
    assert uri_reference(path) == reference


@examples(200)
@given(st.binary(max_size=20) | st.text("/%a2:?#", max_size=12).map(str.encode))
def test_any_raw_path_makes_a_problem_that_fits_its_schema(path: bytes) -> None:
    validator = shipped_schema("problem.json")
    sample = {"type": "/problems/x", "title": "", "status": 404, "detail": "", "request_id": ""}
    assert validator.is_valid({**sample, "instance": uri_reference(path)})
    assert uri_reference(path).isprintable()


@pytest.mark.anyio
async def test_a_long_path_is_cut_where_it_is_shown_and_in_no_middle_of_an_escape() -> None:
    for extra in range(3):
        body = problem(await Host().answer("/" + "a" * extra + "%20" * 5000), "no-such-endpoint")
        assert len(body["instance"]) < 1100


@pytest.mark.anyio
async def test_the_lifespan_ends_with_closing() -> None:
    host = Host()
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    up, down = await serve(host.app, {"type": "lifespan", "asgi": {"version": "3.0"}}, incoming)
    assert (up["type"], down["type"]) == ("lifespan.startup.complete", "lifespan.shutdown.complete")
    assert host.closed == 1


@pytest.mark.anyio
async def test_a_websocket_is_refused() -> None:
    scope = http_scope("/api/a/end", type="websocket", subprotocols=[])
    sent = await serve(Host().app, scope, [{"type": "websocket.connect"}])
    assert [message["type"] for message in sent] == ["websocket.close"]
