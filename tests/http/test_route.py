"""Routes: literal segments before parameters, whatever the order, and no dead ends."""

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.http.route import RouteConflict, RouteTree


def tree_of(*paths: str) -> RouteTree[str]:
    """A tree in which each path leads to itself."""
    tree: RouteTree[str] = RouteTree()
    for path in paths:
        tree.add(path, path)
    return tree


def find(tree: RouteTree[str], path: str) -> str | None:
    return tree.find(path.encode().split(b"/")[1:])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_literal_beats_a_parameter_whatever_the_order(reverse: bool) -> None:
    paths = ["/tickers", "/tickers/{exchange}", "/tickers/health", "/tickers/{exchange}/{symbol}"]
    tree = tree_of(*(reversed(paths) if reverse else paths))
    assert find(tree, "/tickers") == "/tickers"
    assert find(tree, "/tickers/health") == "/tickers/health"
    assert find(tree, "/tickers/binance") == "/tickers/{exchange}"
    assert find(tree, "/tickers/health/BTC-USDT") == "/tickers/{exchange}/{symbol}"


def test_a_literal_that_leads_nowhere_is_no_dead_end_however_deep() -> None:
    tree = tree_of("/a/a/a/x", "/a/{p}/a/y", "/{p}/a/a/z", "/{p}/{q}/{r}/{s}/t")
    assert find(tree, "/a/a/a/x") == "/a/a/a/x"
    assert find(tree, "/a/a/a/y") == "/a/{p}/a/y"
    assert find(tree, "/a/a/a/z") == "/{p}/a/a/z"
    assert find(tree, "/a/a/a/x/t") == "/{p}/{q}/{r}/{s}/t"
    assert find(tree, "/a/a/a/w") is None


def test_a_percent_encoded_literal_is_the_literal() -> None:
    tree = tree_of("/tickers/health", "/tickers/{exchange}")
    assert find(tree, "/%74ickers/h%65alth") == "/tickers/health"
    assert find(tree, "/tickers/health%2F") == "/tickers/{exchange}"
    assert find(tree, "/tickers%2Fhealth") is None
    assert find(tree, "/tickers/%2568ealth") == "/tickers/{exchange}"


def test_a_parameter_takes_any_segment_but_an_empty_one() -> None:
    tree = tree_of("/{x}", "/{x}/end")
    for segment in ("a", ".", "..", "%", "%2F", "%00", "é", "{x}", "*", " "):
        assert find(tree, f"/{segment}") == "/{x}"
        assert find(tree, f"/{segment}/end") == "/{x}/end"
    assert find(tree, "/") is None
    assert find(tree, "//end") is None
    assert tree.find([]) is None


def test_the_root_is_a_path_of_its_own() -> None:
    assert find(tree_of("/"), "/") == "/"
    assert find(tree_of("/"), "//") is None


@pytest.mark.parametrize(
    ("first", "second"), [("/a", "/a"), ("/{x}", "/{y}"), ("/a/{x}/b", "/a/{y}/b"), ("/", "/")]
)
def test_two_routes_that_answer_the_same_paths_are_a_conflict(first: str, second: str) -> None:
    tree = tree_of(first)
    with pytest.raises(RouteConflict, match="another route already answers") as caught:
        tree.add(second, second)
    assert caught.value.path == second


def test_finding_a_long_path_takes_no_deep_recursion_and_no_long_time() -> None:
    tree = tree_of("/" + "/".join(["a"] * 12 + ["x"]), "/" + "/".join(["{p}"] * 12 + ["y"]))
    assert tree.find([b"a"] * 100_000) is None


def shape(path: str) -> list[str | None]:
    """The segments of a template, a parameter as None."""
    return [None if segment.startswith("{") else segment for segment in path.split("/")[1:]]


def expected(paths: list[str], segments: list[bytes]) -> str | None:
    """The template that answers a path, found by trying all of them: literals first, from left to right."""

    def matches(path: str) -> bool:
        wanted = shape(path)
        return len(wanted) == len(segments) and all(
            (segment != b"" if want is None else unquote_to_bytes(segment) == want.encode())
            for want, segment in zip(wanted, segments, strict=True)
        )

    found = [path for path in paths if matches(path)]
    return min(found, key=lambda path: [want is None for want in shape(path)], default=None)


TEMPLATE = st.lists(st.sampled_from(["a", "b", "c%", "{x}"]), min_size=1, max_size=5).map(
    lambda segments: "/" + "/".join(segments)
)
TEMPLATES = st.lists(TEMPLATE, max_size=12, unique_by=lambda path: tuple(shape(path)))
SEGMENTS = st.lists(
    st.sampled_from([b"a", b"b", b"c%", b"c%25", b"", b"%61", b"%2561", b"a%2Fb", b"z"]), max_size=6
)


@examples(200)
@given(TEMPLATES, SEGMENTS)
def test_the_tree_finds_what_trying_every_template_finds(paths: list[str], segments: list[bytes]) -> None:
    assert tree_of(*paths).find(segments) == expected(paths, segments)
