"""The running demo against its own OpenAPI document, tag by tag, so that several can be fuzzed at once."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 50)
"""Examples for each endpoint."""

ENDS_WITHIN = 600 + 5 * EXAMPLES
"""Seconds for a tag: one for an example of each of its endpoints is much, but for a busy machine."""

HOOKS = Path(__file__).with_name("hooks.py")
TAGS = ("Tickers", "Accounts", "Orders", "Bots", "Trades", "Bars", "Processes", "Batch", "System")


@pytest.mark.fuzz
@pytest.mark.parametrize("tag", TAGS)
def test_every_answer_is_one_that_the_document_allows(gateway_url: str, tag: str) -> None:
    """Schemathesis finds nothing: all checks, valid and invalid input."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{gateway_url}/openapi.json"]
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color"]
    command += [*options, "--include-tag", tag]
    own = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=ENDS_WITHIN, env=own)
    assert done.returncode == 0, done.stdout[-20_000:]
    tried = re.findall(r"\d+ generated.*", done.stdout)
    print(f"{tag}, {EXAMPLES} examples for each endpoint: {tried}")


@pytest.mark.fuzz
def test_every_endpoint_has_one_of_the_tags(gateway_url: str) -> None:
    paths = httpx.get(f"{gateway_url}/openapi.json").json()["paths"]
    tags = {tag for path in paths.values() for operation in path.values() for tag in operation["tags"]}
    assert tags == set(TAGS)


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("a", True),
        ("a.b,c", True),
        ("a,a", False),
        ("a,", False),
        ("a..b", False),
        ("x" * 128, True),
        ("x" * 129, False),
        (",".join(map(str, range(50))), True),
        (",".join(map(str, range(51))), False),
    ],
)
def test_only_fields_that_are_right_as_they_are_sent_are_left_out(text: str, is_right: bool) -> None:
    assert runpy.run_path(str(HOOKS))["are_right"](text) is is_right
