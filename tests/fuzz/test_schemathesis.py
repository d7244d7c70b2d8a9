"""The running demo against its own OpenAPI document."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 50)
"""Examples for each endpoint."""

ENDS_WITHIN = 600 + 15 * EXAMPLES
"""Seconds: some tenths of one for an example of each endpoint, and far more on a busy machine."""


@pytest.mark.fuzz
def test_every_answer_is_one_that_the_document_allows(gateway_url: str) -> None:
    """Schemathesis finds nothing: all checks, valid and invalid input."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{gateway_url}/openapi.json"]
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=ENDS_WITHIN)
    assert done.returncode == 0, done.stdout[-20_000:]
    (cases,) = re.findall(r"\d+ generated, .*", done.stdout)
    print(f"{EXAMPLES} examples for each endpoint, in all: {cases}")
