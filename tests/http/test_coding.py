"""Accept-Encoding: what is sent is what was asked for, and nothing that was not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.http.coding import choose

ALL = ("zstd", "br", "gzip")


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("deflate", None),
        ("compress, exi", None),
        ("*", "zstd"),
        ("*;q=0", None),
        ("*;q=0, gzip", "gzip"),
        ("zstd;q=0, *", "br"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, *;q=0", None),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("gzip;q=1.0, br;q=0.9, zstd;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip;q=0.001", "gzip"),
        ("br ; q=0.2 ,\tgzip ;\tq=0.3", "gzip"),
        ("gzip;Q=0.5", "gzip"),
        (",,gzip,,", "gzip"),
        ("gzip, gzip;q=0", None),
        ("gzip;q=0, gzip", None),
        *(
            (f"gzip;{what}", None)
            for what in ("q=2", "q=1.1", "q=-1", "q=", "q", "q=nan", "q=inf", "q=0.0001")
        ),
        *((f"gzip;{what}", None) for what in ("q=1e0", "q=1;x=1", "x=1;q=1", "level=9", "q=0x1", "q=\u0661")),
        ("gzip;q=oops, *;q=0.1, zstd;q=0, br;q=0", None),
        ("gz\u0131p", None),
        ("gzip" + " " * 1_100, None),
        ("gzip zstd", None),
    ],
)
def test_the_coding_that_the_client_likes_best_is_chosen(header: str, coding: str | None) -> None:
    assert choose(header.encode(), ALL) == coding


def test_only_what_there_is_is_chosen() -> None:
    assert choose(b"zstd, br, gzip;q=0.1", ("gzip",)) == "gzip"
    assert choose(b"zstd, br", ("gzip",)) is None


WORDS = st.sampled_from(
    [
        *ALL,
        "identity",
        "*",
        "x-gzip",
        "deflate",
        ";",
        ",",
        "q=",
        "q",
        "=",
        "0",
        "1",
        "0.5",
        ".",
        " ",
        "\t",
        "é",
    ]
)
HEADERS = st.binary(max_size=60) | st.lists(WORDS, max_size=20).map(lambda words: "".join(words).encode())


@examples(500)
@given(HEADERS)
def test_no_header_is_an_error_and_nothing_is_chosen_that_it_does_not_name(header: bytes) -> None:
    chosen = choose(header, ALL)
    assert chosen in (*ALL, None)
    if chosen is not None:
        named = header.lower().replace(b"x-gzip", b"gzip")
        assert chosen.encode() in named or b"*" in named
        assert f"{chosen};q=0,".encode() not in named.replace(b" ", b"").replace(b"\t", b"") + b","


@examples(300)
@given(st.dictionaries(st.sampled_from([*ALL, "identity", "*"]), st.integers(0, 1000), max_size=5))
def test_a_coding_of_weight_0_is_never_chosen_and_a_lighter_one_neither(weights: dict[str, int]) -> None:
    header = ", ".join(f"{coding};q={weight / 1000:.3f}" for coding, weight in weights.items())
    likes = {coding: weights.get(coding, weights.get("*", 0)) for coding in ALL}
    best = max(likes.values())
    chosen = choose(header.encode(), ALL)
    if best == 0 or best < weights.get("identity", 0):
        assert chosen is None
    else:
        assert chosen is not None
        assert likes[chosen] == best
