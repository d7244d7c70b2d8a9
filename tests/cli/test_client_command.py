"""The command that writes a client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fullon_cache_api.clientgen import client_module
from fullon_cache_api.loading import load
from fullon_cache_api.resources import resource

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_client_writes_the_client_of_the_spec_to_standard_output_or_a_file(cli: Cli, tmp_path: Path) -> None:
    text = client_module(load(resource("endpoints.yaml")))
    result = cli("client")
    assert (result.exit_code, result.stdout, result.stderr) == (0, text, "")
    result = cli("client", "--spec", resource("endpoints.yaml"), "-o", tmp_path / "desk.py")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "desk.py").read_bytes() == text.encode()


def test_client_says_where_it_cannot_write(cli: Cli, tmp_path: Path) -> None:
    result = cli("client", "-o", tmp_path / "none" / "desk.py")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {tmp_path}/none/desk.py cannot be written: No such file or directory\n"


def test_client_of_a_bad_spec_writes_nothing(cli: Cli, bad_spec: Path, tmp_path: Path) -> None:
    result = cli("client", "--spec", bad_spec, "-o", tmp_path / "desk.py")
    assert (result.exit_code, (tmp_path / "desk.py").exists()) == (2, False)
