"""From path and query to arguments: strict types, defaults, and every mistake said once."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.http.parameters import (
    BadParameters,
    ParameterMistake,
    compile_parameters,
    refuse_parameters,
)
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.spec import Argument, Binding, Endpoint, Parameter, ReadSignature
from fullon_cache_api.spec.json import freeze_object

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def parameter(
    name: str, location: Any = "query", schema: dict[str, Any] = STRING, **members: Any
) -> Parameter:
    members.setdefault("required", location == "path")
    return Parameter(name, location, "", schema=freeze_object(schema), **members)


def endpoint(
    *parameters: Parameter,
    path: str = "/x",
    arguments: tuple[Argument, ...] | None = None,
    bindings: tuple[Binding, ...] | None = None,
) -> Endpoint:
    """An endpoint whose read takes each parameter as an argument, if not said otherwise."""
    if arguments is None:
        arguments = tuple(Argument(p.name, p.type, "") for p in parameters)
    if bindings is None:
        bindings = tuple(Binding(p.name, p.name) for p in parameters)
    read = ReadSignature("Some.read", "", arguments, (), (), freeze_object({}))
    return Endpoint(path, "getX", (), "", "", parameters, read, bindings, "x.json", 404, None)


def parse(endpoint: Endpoint, target: str) -> list[Any]:
    path, _, query = target.partition("?")
    return list(compile_parameters(endpoint)(path.encode().split(b"/")[1:], query.encode()))


def mistakes(endpoint: Endpoint, target: str) -> list[tuple[str, str, str]]:
    with pytest.raises(BadParameters) as caught:
        parse(endpoint, target)
    return [(mistake.location, mistake.name, mistake.message) for mistake in caught.value.mistakes]


TYPED = endpoint(
    parameter("text"),
    parameter("whole", schema=INTEGER),
    parameter("real", schema={"type": "number"}),
    parameter("flag", schema={"type": "boolean"}),
    parameter("pair", decode="symbol"),
)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", [None, None, None, None, None]),
        ("text=a", ["a", None, None, None, None]),
        ("text=", ["", None, None, None, None]),
        ("text", ["", None, None, None, None]),
        ("text=a=b", ["a=b", None, None, None, None]),
        ("text=a+b%2B%26", ["a b+&", None, None, None, None]),
        ("&&text=a&", ["a", None, None, None, None]),
        ("t%65xt=a", ["a", None, None, None, None]),
        ("text=%00", ["\0", None, None, None, None]),
        ("whole=0", [None, 0, None, None, None]),
        ("whole=-7", [None, -7, None, None, None]),
        (f"whole={10**39}", [None, 10**39, None, None, None]),
        ("real=1", [None, None, 1, None, None]),
        ("real=-1.5e2", [None, None, -150.0, None, None]),
        ("real=0.1", [None, None, 0.1, None, None]),
        ("flag=true", [None, None, None, True, None]),
        ("flag=false", [None, None, None, False, None]),
        ("pair=BTC-USDT", [None, None, None, None, Symbol(("BTC/USDT", "BTC-USDT"))]),
        ("pair=BTC%2FUSDT-X", [None, None, None, None, Symbol(("BTC/USDT-X",))]),
        ("pair=BTC/USDT", [None, None, None, None, Symbol(("BTC/USDT",))]),
        ("flag=true&whole=1&text=z", ["z", 1, None, True, None]),
    ],
)
def test_a_query_gives_typed_arguments_in_the_order_of_the_read(query: str, arguments: list[Any]) -> None:
    given_arguments = parse(TYPED, f"/x?{query}")
    assert given_arguments == arguments
    assert [type(value) for value in given_arguments] == [type(value) for value in arguments]


NO_INTEGERS = [
    *(
        "",
        "-",
        "a",
        "1_0",
        "+1",
        "%2B1",
        "%201",
        "1%20",
        "1+",
        "1%0A",
        "1e3",
        "1.0",
        "01",
        "-0",
        "--1",
        "0x1",
    ),
    *("\N{FULLWIDTH DIGIT ONE}", "%EF%BC%91", "\N{ARABIC-INDIC DIGIT ONE}", "0x1", "true", "null", "NaN"),
]


@pytest.mark.parametrize("text", NO_INTEGERS)
def test_an_integer_is_written_in_one_way_only(text: str) -> None:
    assert mistakes(TYPED, f"/x?whole={text}") == [("query", "whole", "the value is not an integer")]


def test_an_integer_of_too_many_digits_is_refused_however_many() -> None:
    for text in (str(10**60), "-" + "9" * 5000):
        message = "the value is longer than 40 characters"
        assert mistakes(TYPED, f"/x?whole={text}") == [("query", "whole", message)]
        assert mistakes(TYPED, f"/x?real={text}") == [("query", "real", message)]


@pytest.mark.parametrize(
    "text", ["", "NaN", "inf", "Infinity", "1.", ".5", "1e", "1,5", "0x1p3", "1_0.0", "1e1000", "+1.0"]
)
def test_a_number_is_written_as_json_writes_it(text: str) -> None:
    assert mistakes(TYPED, f"/x?real={text}") == [("query", "real", "the value is not a number")]


def test_a_number_out_of_range_is_refused() -> None:
    for text in ("1e999", "-1e309"):
        assert mistakes(TYPED, f"/x?real={text}") == [("query", "real", "the value is a number out of range")]


@pytest.mark.parametrize("text", ["", "True", "TRUE", "1", "0", "yes", "on", "true%20", "tru"])
def test_a_boolean_is_true_or_false(text: str) -> None:
    assert mistakes(TYPED, f"/x?flag={text}") == [("query", "flag", "the value is neither true nor false")]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("%ff", "the value is not UTF-8"),
        ("%C3", "the value is not UTF-8"),
        ("%", "the value has a % that is not followed by two hexadecimal digits"),
        ("%4", "the value has a % that is not followed by two hexadecimal digits"),
    ],
)
def test_a_value_that_is_no_text_is_refused_in_path_and_query(raw: str, message: str) -> None:
    both = endpoint(parameter("a", "path"), parameter("b"), path="/{a}")
    assert mistakes(both, f"/{raw}?b={raw}") == [("path", "a", message), ("query", "b", message)]


def test_a_name_that_is_no_text_is_refused_and_shown_as_it_was_sent() -> None:
    assert mistakes(TYPED, "/x?%ff=1&te%xt=1") == [
        ("query", "%ff", "the name is not UTF-8"),
        ("query", "te%xt", "the name has a % that is not followed by two hexadecimal digits"),
    ]


def test_path_parameters_are_found_wherever_they_stand() -> None:
    both = endpoint(parameter("a", "path"), parameter("b", "path", INTEGER), path="/one/{b}/two/{a}/three")
    assert parse(both, "/one/5/two/x%2Fy+z/three") == ["x/y+z", 5]
    assert parse(endpoint(parameter("a", "path"), path="/{a}"), "/x%2Fy+z") == ["x/y+z"]


def test_a_parameter_that_is_no_argument_of_the_read_is_checked_and_left_out() -> None:
    some = endpoint(
        parameter("unused", schema=INTEGER), arguments=(Argument("a", "string", ""),), bindings=()
    )
    assert parse(some, "/x?unused=1") == [None]
    assert mistakes(some, "/x?unused=x") == [("query", "unused", "the value is not an integer")]


def test_one_parameter_can_feed_several_arguments() -> None:
    some = endpoint(
        parameter("n", schema=INTEGER),
        arguments=(Argument("low", "integer", ""), Argument("high", "integer", "")),
        bindings=(Binding("low", "n"), Binding("high", "n")),
    )
    assert parse(some, "/x?n=3") == [3, 3]


def test_what_is_not_given_is_the_default_of_the_parameter_else_of_the_read_else_nothing() -> None:
    some = endpoint(
        parameter("a", schema={"type": "integer", "default": 1}),
        parameter("b", schema=INTEGER),
        parameter("c", decode="symbol", schema={"type": "string", "default": "BTC-USDT"}),
        arguments=(
            Argument("a", "integer", "", required=False, default=5),
            Argument("b", "integer", "", required=False, default=2),
            Argument("c", "symbol", "", required=False),
            Argument("d", "integer", "", required=False, default=4),
            Argument("e", "string", "", required=False),
        ),
        bindings=(Binding("a", "a"), Binding("b", "b"), Binding("c", "c")),
    )
    assert parse(some, "/x") == [1, 2, Symbol(("BTC/USDT", "BTC-USDT")), 4, None]
    assert parse(some, "/x?b=9") == [1, 9, Symbol(("BTC/USDT", "BTC-USDT")), 4, None]


def test_a_constant_cannot_be_overridden() -> None:
    some = endpoint(
        arguments=(Argument("exchange", "string", ""), Argument("symbol", "symbol", "")),
        bindings=(Binding("exchange", const="kraken"), Binding("symbol", const="ETH-USD")),
    )
    assert parse(some, "/x") == ["kraken", Symbol(("ETH/USD", "ETH-USD"))]
    message = "is not a parameter of this endpoint"
    assert mistakes(some, "/x?exchange=binance") == [("query", "exchange", message)]


def test_a_required_query_parameter_that_is_missing_is_a_mistake() -> None:
    some = endpoint(parameter("a", required=True), parameter("b"))
    assert mistakes(some, "/x") == [("query", "a", "is missing")]
    assert mistakes(some, "/x?b=1") == [("query", "a", "is missing")]
    assert parse(some, "/x?a=") == ["", None]


def test_an_unknown_parameter_is_refused_with_a_hint_where_one_is_near() -> None:
    some = endpoint(parameter("since_minutes"), parameter("type"))
    near = 'is not a parameter of this endpoint; did you mean "since_minutes"?'
    assert mistakes(some, "/x?since_minute=1&zzz=1&=5") == [
        ("query", "since_minute", near),
        ("query", "zzz", "is not a parameter of this endpoint"),
        ("query", "", "is not a parameter of this endpoint"),
    ]


def test_a_path_parameter_is_unknown_in_the_query() -> None:
    some = endpoint(parameter("a", "path"), path="/{a}")
    assert mistakes(some, "/1?a=2") == [("query", "a", "is not a parameter of this endpoint")]


def test_a_parameter_that_is_given_twice_or_more_is_one_mistake() -> None:
    twice = ("query", "text", "is given twice")
    assert mistakes(TYPED, "/x?text=a&text=a") == [twice]
    assert mistakes(TYPED, "/x?text=a&t%65xt=b&text=c&text=d") == [twice]
    assert mistakes(TYPED, "/x?zzz=a&zzz=b&zzz=c") == [
        ("query", "zzz", "is not a parameter of this endpoint"),
        ("query", "zzz", "is given twice"),
    ]


def test_a_long_name_is_cut_where_it_is_shown() -> None:
    for length in (65, 1000):
        (mistake,) = mistakes(TYPED, f"/x?{'n' * length}=1")
        assert mistake[1] == "n" * 64 + "…"
    (mistake,) = mistakes(TYPED, f"/x?{'n' * 64}=1")
    assert mistake[1] == "n" * 64


def test_more_than_100_parameters_are_not_looked_at() -> None:
    hundred = "&".join(f"n{number}=" for number in range(100))
    assert len(mistakes(TYPED, f"/x?{hundred}")) == 100
    too_many = [("query", "", "there are more than 100 parameters")]
    assert mistakes(TYPED, f"/x?{hundred}&text=a") == too_many
    assert mistakes(TYPED, "/x?" + "&" * 100_000) == too_many
    assert parse(TYPED, "/x?" + "&" * 90 + "whole=1") == [None, 1, None, None, None]


def test_every_mistake_is_reported_path_first() -> None:
    some = endpoint(
        parameter("id", "path", INTEGER),
        parameter("of", "path", INTEGER),
        parameter("limit", schema={"type": "integer", "minimum": 1}),
        parameter("must", required=True),
        path="/{id}/{of}",
    )
    assert mistakes(some, "/x/y?limit=0&bogus=1") == [
        ("path", "id", "the value is not an integer"),
        ("path", "of", "the value is not an integer"),
        ("query", "limit", "the value is less than the minimum of 1"),
        ("query", "bogus", "is not a parameter of this endpoint"),
        ("query", "must", "is missing"),
    ]


def test_a_value_breaks_its_schema_without_being_repeated() -> None:
    some = endpoint(
        parameter("a", schema={"type": "string", "pattern": "^[a-z]+$", "maxLength": 3}),
        parameter("b", schema={"type": "string", "enum": ["x", "y"]}),
    )
    assert mistakes(some, "/x?a=SECRET&b=SECRET") == [
        ("query", "a", "the value is longer than 3 characters"),
        ("query", "a", 'the value does not match "^[a-z]+$"'),
        ("query", "b", 'the value is not one of "x" or "y"'),
    ]


def test_a_pattern_with_an_end_does_not_pass_a_line_break_behind_it() -> None:
    some = endpoint(parameter("a", schema={"type": "string", "pattern": "^[a-z]+$"}))
    assert mistakes(some, "/x?a=abc%0A") == [("query", "a", 'the value does not match "^[a-z]+$"')]


def test_a_symbol_is_checked_as_it_was_written() -> None:
    some = endpoint(parameter("a", decode="symbol", schema={"type": "string", "pattern": "^[A-Z-]{1,8}$"}))
    assert parse(some, "/x?a=BTC-USDT") == [Symbol(("BTC/USDT", "BTC-USDT"))]
    assert mistakes(some, "/x?a=BTC%2FUSDT") == [("query", "a", 'the value does not match "^[A-Z-]{1,8}$"')]


def test_what_the_read_demands_holds_where_the_spec_is_looser() -> None:
    demand = freeze_object({"pattern": "^[^:]+$"})
    some = endpoint(parameter("a"), arguments=(Argument("a", "string", "", schema=demand),))
    assert parse(some, "/x?a=b") == ["b"]
    assert mistakes(some, "/x?a=b:c") == [("query", "a", 'the value does not match "^[^:]+$"')]


def test_what_spec_and_read_both_demand_is_said_once() -> None:
    demand = freeze_object({"minimum": 1})
    some = endpoint(
        parameter("a", schema={"type": "integer", "minimum": 1}),
        arguments=(Argument("a", "integer", "", schema=demand), Argument("b", "integer", "", schema=demand)),
        bindings=(Binding("a", "a"), Binding("b", "a")),
    )
    assert mistakes(some, "/x?a=0") == [("query", "a", "the value is less than the minimum of 1")]


def test_the_same_bytes_mean_the_same_however_often_they_come() -> None:
    parsed = compile_parameters(endpoint(parameter("a", "path", INTEGER), path="/{a}"))
    for _ in range(3):
        assert list(parsed([b"17"], b"")) == [17]
        with pytest.raises(BadParameters):
            parsed([b"x"], b"")
    assert list(parsed([b"1" * 40], b"")) == [int("1" * 40)]


def test_a_query_can_be_refused_whole() -> None:
    refuse_parameters(b"")
    refuse_parameters(b"&&")
    with pytest.raises(BadParameters, match="query a: is not a parameter of this endpoint"):
        refuse_parameters(b"a=1")


NAMES = st.sampled_from(["text", "whole", "real", "flag", "pair", "other", ""])
VALUES = st.one_of(st.text(max_size=6), st.integers().map(str), st.sampled_from(["true", "1.5", "BTC-USDT"]))


@examples(100)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_any_query_gives_arguments_or_mistakes_that_name_what_was_sent(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    sent = dict(pairs)
    try:
        arguments = parse(TYPED, f"/x?{query}")
    except BadParameters as error:
        assert {mistake.name for mistake in error.mistakes} <= set(sent)
        assert len(set(error.mistakes)) == len(error.mistakes)
        return
    assert len(sent) == len(pairs)
    assert arguments[0] == sent.get("text")
    for place, name in ((1, "whole"), (3, "flag")):
        shown = None if arguments[place] is None else str(arguments[place]).lower()
        assert shown == sent.get(name)


def test_mistakes_read_as_one_line() -> None:
    error = BadParameters(
        [ParameterMistake("path", "a", "is bad"), ParameterMistake("query", "b", "is worse")]
    )
    assert str(error) == "path a: is bad; query b: is worse"
