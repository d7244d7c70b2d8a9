"""Files that cannot be read, or not as text, and texts that no fixture file should hold."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import CHECKOUT

from fullon_cache_api.spec import Spec

Complaints = Callable[[Path], list[str]]

OWN = '{"title": "Own", "type": "object"}'


def test_a_missing_file_is_named(tmp_path: Path, complaints: Complaints) -> None:
    assert complaints(tmp_path / "endpoints.yaml") == [
        "endpoints.yaml:1:1: cannot be read: No such file or directory"
    ]


def test_a_directory_is_no_spec(tmp_path: Path, complaints: Complaints) -> None:
    (tmp_path / "endpoints.yaml").mkdir()
    assert complaints(tmp_path / "endpoints.yaml") == ["endpoints.yaml:1:1: cannot be read: Is a directory"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "1:1: a spec must be an object with info and endpoints, not an empty file"),
        (b"# nothing\n", "1:1: a spec must be an object with info and endpoints, not an empty file"),
        (b"info:\n  title: Pr\xe9s\n", "2:12: the file is not UTF-8 from here on: save it as UTF-8"),
        (b"\xff\xfei\x00n\x00", "1:1: the file is not UTF-8 from here on: save it as UTF-8"),
        (b"\xef\xbb\xbf#\n# \xff", "2:3: the file is not UTF-8 from here on: save it as UTF-8"),
        (b"#" * (1024 * 1024 + 1), "1:1: the file is too large: more than 1048576 bytes"),
        ("é: é\né: \x01".encode(), "2:4: this is not YAML: control characters are not allowed"),
        ("é: é\n\né: é\né: \x01".encode(), "4:4: this is not YAML: control characters are not allowed"),
        (b"info: \x00", "1:7: this is not YAML: control characters are not allowed"),
        (b'info: "\\ud800"', "1:10: this is not YAML: found invalid Unicode character escape code, "),
    ],
)
def test_a_file_that_is_no_text_is_refused_at_the_first_bad_byte(
    tmp_path: Path, complaints: Complaints, raw: bytes, expected: str
) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_bytes(raw)
    (complaint,) = complaints(path)
    assert complaint.startswith(f"endpoints.yaml:{expected}")


def test_a_byte_order_mark_is_no_part_of_the_text(bots: Path, complaints: Complaints) -> None:
    bots.write_bytes(b"\xef\xbb\xbf" + bots.read_bytes())
    (bots.parent / "schemas" / "own.json").write_bytes(b"\xef\xbb\xbf" + OWN.encode())
    assert complaints(bots) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "1:1: this is not JSON: Expecting value"),
        (b'{"title": "Pr\xe9s"}', "1:14: the file is not UTF-8 from here on: save it as UTF-8"),
        (b" " * (1024 * 1024 + 1), "1:1: the file is too large: more than 1048576 bytes"),
        (b'{"title":\n "Own"}}', "2:8: this is not JSON: Extra data"),
        (b'["\\udfff"]', "1:2: this text holds half of a surrogate pair, which is no character"),
        (b"NaN", "1:1: NaN is no JSON number, or is too large"),
    ],
)
def test_a_response_schema_that_is_no_json_is_refused(
    bots: Path, complaints: Complaints, raw: bytes, expected: str
) -> None:
    (bots.parent / "schemas" / "own.json").write_bytes(raw)
    assert complaints(bots) == [f"schemas/own.json:{expected}"]


def test_a_response_schema_that_is_a_directory_is_refused(bots: Path, complaints: Complaints) -> None:
    (bots.parent / "schemas" / "own.json").mkdir()
    assert complaints(bots) == ["schemas/own.json:1:1: cannot be read: Is a directory"]


def test_a_response_schema_that_leads_nowhere_is_refused(bots: Path, complaints: Complaints) -> None:
    (bots.parent / "schemas" / "own.json").symlink_to("elsewhere.json")
    assert complaints(bots) == ["schemas/own.json:1:1: cannot be read: No such file or directory"]


def test_a_spec_needs_no_schemas_folder_of_its_own(tmp_path: Path, load: Callable[[Path], Spec]) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text((CHECKOUT / "tests/specs/good/smallest/endpoints.yaml").read_text())
    assert load(path).endpoints[0].response == "bots.json"


def test_a_complaint_is_one_line_whatever_the_file_says(bots: Path, complaints: Complaints) -> None:
    bots.write_text(bots.read_text() + '    "a\\nb\\u2028\\u0085c": 1\n' + f"    {'x' * 500}: 1\n")
    (bots.parent / "schemas" / "own.json").write_text(OWN)
    assert complaints(bots) == [
        'endpoints.yaml:8:5: unknown key "a\\nb\\u2028\\u0085c"',
        f'endpoints.yaml:9:5: unknown key "{"x" * 71}…',
    ]


def test_a_response_longer_than_a_file_name_can_be_is_merely_not_there(
    bots: Path, complaints: Complaints
) -> None:
    bots.write_text(bots.read_text().replace("own.json", f"{'x' * 5000}.json"))
    assert complaints(bots) == [f'endpoints.yaml:7:15: there is no schema file "{"x" * 71}…']


def test_after_a_hundred_mistakes_in_the_text_the_rest_is_not_read(
    tmp_path: Path, complaints: Complaints
) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text("- off\n" * 100_000)
    found = complaints(path)
    assert len(found) == 101
    assert found[-1] == (
        "endpoints.yaml:100:3: there are 100 mistakes up to here: the rest has not been read"
    )
