"""`keys`: what is given out, shown and taken back."""

from __future__ import annotations

import json
import re
import stat
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fullon_cache_api.auth.key_file import read_keys, ring_of

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def made(cli: Cli, *args: str | Path, **variables: str) -> str:
    """The text of a new key."""
    result = cli("keys", "new", *args, **variables)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"fca_[0-9a-f]{12}_[0-9a-f]{64}\n", result.stdout)
    return result.stdout.strip()


def listed(cli: Cli, **variables: str) -> list[list[str]]:
    result = cli("keys", "list", **variables)
    assert (result.exit_code, result.stderr) == (0, "")
    return [re.split(r"  +", line) for line in result.stdout.splitlines()]


def test_a_new_key_is_printed_once_and_its_secret_is_nowhere_else(cli: Cli, tmp_path: Path) -> None:
    result = cli("keys", "new", "the desk", "--scope", "market:read", "--scope", "ops:read")
    text = result.stdout.strip()
    identity, secret = text.split("_")[1:]
    assert result.stderr == f"key {identity} for the desk is in keys.json; it is not shown again\n"
    file = tmp_path / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in file.read_text()
    assert secret not in cli("keys", "list").output
    (key,) = read_keys(file)
    assert (key.id, key.name, key.principal.scopes) == (identity, "the desk", {"market:read", "ops:read"})
    assert ring_of(file).find(text.encode(), 0.0) == key.principal


def test_a_key_has_claims_and_an_end(cli: Cli, tmp_path: Path) -> None:
    claims = ["--claim", "sub=7", "--claim", "ex_id=1", "--claim", "ex_id=2", "--claim", "x=a=b c"]
    made(cli, "desk", *claims, "--expires", "90d")
    (key,) = read_keys(tmp_path / "keys.json")
    assert key.principal.claims == {"sub": {"7"}, "ex_id": {"1", "2"}, "x": {"a=b c"}}
    assert key.expires is not None
    assert key.expires - key.created == 90 * 86_400


@pytest.mark.parametrize(("text", "seconds"), [("1h", 3_600), ("2d", 172_800), ("52w", 31_449_600)])
def test_an_end_is_in_hours_days_or_weeks(cli: Cli, tmp_path: Path, text: str, seconds: int) -> None:
    made(cli, "desk", "--expires", text)
    (key,) = read_keys(tmp_path / "keys.json")
    assert key.expires == key.created + seconds


def test_keys_are_listed_without_their_secrets(cli: Cli, tmp_path: Path) -> None:
    one = made(
        cli, "desk", "--scope", "ops:read", "--scope", "market:read", "--claim", "sub=7", "--claim", "ex_id=1"
    )
    two = made(cli, "bot", "--expires", "1h")
    head, first, second = listed(cli)
    assert head == ["ID", "NAME", "SCOPES", "CLAIMS", "CREATED", "EXPIRES", "STATE"]
    assert first[:4] == [one.split("_")[1], "desk", "market:read ops:read", "ex_id=1 sub=7"]
    assert first[5:] == ["never", "valid"]
    assert second[:2] == [two.split("_")[1], "bot"]
    assert second[-1] == "valid"
    assert datetime.fromisoformat(first[4]).tzinfo is not None


def test_a_key_that_has_expired_is_said_to_have(cli: Cli, tmp_path: Path) -> None:
    made(cli, "desk", "--expires", "1h")
    file = tmp_path / "keys.json"
    body = json.loads(file.read_text())
    body["keys"][0]["expires"] = "2024-01-01T12:00:00Z"
    file.write_text(json.dumps(body))
    assert listed(cli)[1][-2:] == ["2024-01-01T12:00:00Z", "expired"]


def test_a_key_that_was_taken_back_is_gone(cli: Cli, tmp_path: Path) -> None:
    one, two = made(cli, "one"), made(cli, "two")
    identity = one.split("_")[1]
    result = cli("keys", "revoke", identity)
    assert (result.exit_code, result.stdout) == (0, f"key {identity} is revoked\n")
    (left,) = read_keys(tmp_path / "keys.json")
    assert left.id == two.split("_")[1]
    result = cli("keys", "revoke", identity)
    assert (result.exit_code, result.stderr) == (1, "Error: there is no key of this id: see `keys list`\n")
    assert read_keys(tmp_path / "keys.json") == (left,)


def test_the_file_is_that_of_the_settings_or_the_one_that_is_named(cli: Cli, tmp_path: Path) -> None:
    made(cli, "one", API_KEYS_FILE="other.json")
    assert [key.name for key in read_keys(tmp_path / "other.json")] == ["one"]
    made(cli, "two", "--file", "named.json", API_KEYS_FILE="other.json")
    assert [key.name for key in read_keys(tmp_path / "named.json")] == ["two"]
    assert not (tmp_path / "keys.json").exists()
    assert len(listed(cli, API_KEYS_FILE="named.json")) == 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["a\nb"], "1 to 100 characters on one line"),
        ([""], "1 to 100 characters on one line"),
        (["x" * 101], "1 to 100 characters on one line"),
        (["x", "--scope", "a b"], "'a b' is no scope, as market:read"),
        (["x", "--scope", ""], "'' is no scope, as market:read"),
        (["x", "--claim", "sub"], "'sub' is not name=value"),
        (["x", "--claim", "=7"], "'=7' is not name=value"),
        (["x", "--claim", "sub="], "'sub=' is not name=value"),
        (["x", "--expires", "0d"], "a number and h, d or w, as 90d"),
        (["x", "--expires", "5"], "a number and h, d or w, as 90d"),
        (["x", "--expires", "5m"], "a number and h, d or w, as 90d"),
    ],
)
def test_what_cannot_be_is_refused_and_no_key_is_made(
    cli: Cli, tmp_path: Path, args: list[str], message: str
) -> None:
    result = cli("keys", "new", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["list"], ["revoke", "0123456789ab"], ["new", "x"]])
def test_a_file_that_cannot_be_used_is_left_as_it_is(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "keys.json"
    file.write_text("mine")
    result = cli("keys", *command)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "keys.json: is no file of keys\n")
    assert file.read_text() == "mine"


def test_there_is_nothing_to_list_or_take_back_without_a_file(cli: Cli) -> None:
    for command in (["list"], ["revoke", "0123456789ab"]):
        result = cli("keys", *command)
        assert (result.exit_code, result.stderr) == (
            2,
            "keys.json: cannot be read: No such file or directory\n",
        )
