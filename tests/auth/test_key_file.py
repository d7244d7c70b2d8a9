"""The file with the API keys: written whole, read strictly, never shown."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from fullon_cache_api.auth.api_key import ApiKey, make_key
from fullon_cache_api.auth.key_file import alone, read_keys, ring_of, time_text, write_keys
from fullon_cache_api.auth.principal import AuthError, Principal

DESK = ApiKey(
    "0123456789ab",
    "desk 1",
    bytes(16),
    bytes(range(32)),
    Principal("0123456789ab", frozenset({"market:read", "accounts:read"}), {"sub": frozenset({"7", "12"})}),
    created=1_704_110_400.0,
    expires=1_735_732_800.0,
)
MEMBERS: dict[str, Any] = {
    "id": "0123456789ab",
    "name": "desk 1",
    "salt": "AAAAAAAAAAAAAAAAAAAAAA==",
    "hash": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "scopes": ["accounts:read", "market:read"],
    "claims": {"sub": ["12", "7"]},
    "created": "2024-01-01T12:00:00Z",
    "expires": "2025-01-01T12:00:00Z",
}
NOT_A_FILE = "is no file of keys"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def store(file: Path, value: object) -> None:
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    file.chmod(0o600)


def reason(file: Path) -> str:
    with pytest.raises(AuthError) as caught:
        read_keys(file)
    assert caught.value.place == str(file)
    assert str(caught.value) == f"{file}: {caught.value.reason}"
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.reason


def test_a_file_holds_all_of_a_key_but_its_secret(file: Path) -> None:
    write_keys(file, [DESK])
    assert json.loads(file.read_text()) == {"version": 1, "keys": [MEMBERS]}
    assert read_keys(file) == (DESK,)


def test_a_key_that_never_expires_says_null(file: Path) -> None:
    made = make_key("é", [], {}, 0.0)
    write_keys(file, [made.key])
    (members,) = json.loads(file.read_text())["keys"]
    assert (members["expires"], members["created"], members["name"]) == (None, "1970-01-01T00:00:00Z", "é")
    assert '"é"' in file.read_text()
    assert file.read_text().endswith("}\n")
    assert read_keys(file) == (made.key,)
    assert ring_of(file).find(made.text.encode(), lambda: 1.0) == made.key.principal


def test_only_its_owner_can_read_the_file(file: Path) -> None:
    before = os.umask(0)
    try:
        write_keys(file, [])
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_keys(file) == ()


def test_the_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(file: Path) -> None:
    write_keys(file, [DESK])
    before = file.stat().st_ino
    with file.open() as reader:
        write_keys(file, [])
        assert json.load(reader)["keys"] == [MEMBERS]
    assert file.stat().st_ino != before
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o444, 0o444), (0o664, 0o644)])
def test_who_may_read_a_file_may_read_the_next_one(file: Path, before: int, after: int) -> None:
    write_keys(file, [DESK])
    os.chown(file, os.getuid(), os.getgid())
    file.chmod(before)
    write_keys(file, [])
    assert stat.S_IMODE(file.stat().st_mode) == after


def test_a_file_stays_its_owners(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only root can give files away: others are seen to try it, with what is theirs.
    owner = (1234, 4321) if os.getuid() == 0 else (os.getuid(), os.getgid())
    given: list[tuple[int, int]] = []
    give = os.fchown

    def note(descriptor: int, user: int, group: int) -> None:
        given.append((user, group))
        give(descriptor, user, group)

    write_keys(file, [DESK])
    os.chown(file, *owner)
    monkeypatch.setattr("fullon_cache_api.auth.key_file.os.fchown", note)
    write_keys(file, [])
    assert given == [owner]
    assert (file.stat().st_uid, file.stat().st_gid) == owner


def test_who_may_not_give_files_away_can_still_write_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("fullon_cache_api.auth.key_file.os.fchown", refuse)
    for _ in range(2):
        write_keys(file, [DESK])
    assert read_keys(file) == (DESK,)


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "secrets" / "real.json"
    real.parent.mkdir()
    file.symlink_to(real)
    write_keys(file, [DESK])
    assert file.is_symlink()
    assert read_keys(real) == (DESK,)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "no" / "keys.json"
    with pytest.raises(AuthError) as caught:
        write_keys(file, [])
    assert str(caught.value) == f"{file}: cannot be written: No such file or directory"
    with pytest.raises(AuthError) as caught, alone(file):
        pass
    assert str(caught.value) == f"{file}: cannot be written: No such file or directory"


def test_what_cannot_be_put_in_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.mkdir()
    with pytest.raises(AuthError, match=r"keys\.json: cannot be written: Is a directory"):
        write_keys(file, [])
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_commands_that_change_the_file_wait_for_each_other(file: Path) -> None:
    write_keys(file, [])

    def add() -> None:
        for _ in range(5):
            with alone(file):
                write_keys(file, [*read_keys(file), make_key("x", [], {}, 0.0).key])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_keys(file)) == 20


def test_a_file_that_is_not_there_is_said(file: Path) -> None:
    assert reason(file) == "cannot be read: No such file or directory"


def test_a_pipe_is_not_waited_for_but_refused(file: Path) -> None:
    os.mkfifo(file)
    assert reason(file) == "is no regular file"


def test_a_folder_is_refused_and_leaves_no_descriptor_open(file: Path) -> None:
    file.mkdir()
    before = set(Path("/proc/self/fd").iterdir())
    assert [reason(file) for _ in range(3)] == ["is no regular file"] * 3
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(file: Path, mode: int) -> None:
    write_keys(file, [DESK])
    file.chmod(mode)
    assert reason(file) == "others than its owner may write it: chmod go-w"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o444, 0o755])
def test_a_file_that_others_may_read_is_not(file: Path, mode: int) -> None:
    write_keys(file, [DESK])
    file.chmod(mode)
    assert read_keys(file) == (DESK,)


def test_a_file_of_more_than_4_MB_is_refused(file: Path) -> None:
    whole = json.dumps({"version": 1, "keys": []})
    store(file, whole.ljust(4 * 1024 * 1024))
    assert read_keys(file) == ()
    store(file, whole.ljust(4 * 1024 * 1024 + 1))
    assert reason(file) == "is larger than 4194304 bytes"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{",
        "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        [],
        None,
        {},
        {"version": 1},
        {"keys": []},
        {"version": 2, "keys": []},
        {"version": 1, "keys": [], "more": 1},
        {"version": 1, "keys": {}},
        {"version": 1, "keys": [1]},
        {"version": 1, "keys": [{}]},
        {"version": 1, "keys": [MEMBERS, MEMBERS]},
        {"version": 1, "keys": [{**MEMBERS, "more": 1}]},
        *({"version": 1, "keys": [{n: one for n, one in MEMBERS.items() if n != left}]} for left in MEMBERS),
    ],
)  # fmt: skip
def test_what_is_no_file_of_keys_is_refused_and_not_shown(file: Path, value: object) -> None:
    store(file, value)
    assert reason(file) == NOT_A_FILE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "0123456789AB"), ("id", "0123456789a"), ("id", 1), ("id", "0123456789ab\n"),
        ("name", None),
        ("salt", "AAAA"), ("salt", "?"), ("salt", 1), ("salt", "A"), ("salt", "AAAAAAAAAAAAAAAAAAAAAA==\n"),
        ("hash", "AAAA"), ("hash", None), ("hash", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("scopes", "market:read"), ("scopes", [1]), ("scopes", ["a b"]), ("scopes", [""]), ("scopes", ['"']),
        ("claims", []), ("claims", {"sub": "7"}), ("claims", {"sub": [7]}),
        ("created", None), ("created", "yesterday"), ("created", "2024-01-01T12:00:00"),
        ("expires", 5), ("expires", "never"), ("expires", "2024-01-01"), ("expires", ""),
    ],
)  # fmt: skip
def test_a_member_that_is_not_what_it_should_be_is_refused(file: Path, name: str, value: object) -> None:
    store(file, {"version": 1, "keys": [{**MEMBERS, name: value}]})
    assert reason(file) == NOT_A_FILE


def test_times_are_in_utc_and_to_the_second() -> None:
    assert time_text(1_704_110_400.999) == "2024-01-01T12:00:00Z"
