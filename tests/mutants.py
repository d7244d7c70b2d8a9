"""Changes the code of one part in small ways, and counts which of these mutants the tests kill.

The copy that mutmut works in stays in .cache/mutants: there `mutmut results` and `mutmut show NAME` say more.
All of them take hours. `--tenths 1` tries a tenth of them: those whose numbers end in one digit.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
COPIES = CHECKOUT / ".cache" / "mutants"
PACKAGE = "src/fullon_cache_api"
MUTMUT = str(Path(sys.executable).with_name("mutmut"))
LEAST_KILLED = 0.85
DIGITS = "2749063815"
UNTRIED = "not checked"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".cache", ".*_cache", ".hypothesis", "__pycache__", "build"
)


@dataclass(frozen=True)
class Part:
    """What is changed, the tests that hold it, and those of them that cannot run inside mutmut."""

    changed: tuple[str, ...]
    tests: tuple[str, ...]
    left_out: tuple[str, ...] = ()


PARTS = {
    "auth": Part(
        ("auth/*",),
        ("tests/auth",),
        # It looks at what an import loads, and mutmut has loaded more.
        ("tests/auth/test_authenticator.py::test_keys_need_nothing_that_verifies_tokens",),
    ),
    "cache": Part(
        ("cache/*",),
        (
            "tests/cache",
            "tests/reads/test_lookup.py",
            "tests/http/test_unchanged.py",
            "tests/http/test_coherent_endpoints.py",
            "tests/cli/test_acl_command.py",
            "tests/test_rate_redis.py",
            "tests/endpoints/test_deployments.py",
        ),
    ),
    "http": Part(
        ("http/parameters.py", "http/selection.py"),
        ("tests/http/test_parameters.py", "tests/http/test_selection.py"),
    ),
    "spec": Part(
        ("spec/*",),
        ("tests/spec",),
        # It takes the time, and whatever mutmut runs is slower.
        ("tests/spec/test_spec_schemas.py::test_the_shipped_spec_loads_in_no_time",),
    ),
}


def copy_for(name: str) -> Path:
    """Copy the checkout and tell mutmut in the copy's pyproject.toml what to do."""
    part, copy = PARTS[name], COPIES / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(CHECKOUT, copy, ignore=LEFT_OUT)
    options = {
        "source_paths": ["src"],
        "only_mutate": [f"{PACKAGE}/{pattern}" for pattern in part.changed],
        "also_copy": sorted(path.name for path in copy.iterdir() if path.name not in ("src", "tests")),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not browser and not fuzz"],
        "pytest_add_cli_args_test_selection": [
            *part.tests,
            *(f"--deselect={test}" for test in part.left_out),
        ],
        "timeout_multiplier": 6.0,
        "timeout_constant": 8.0,
    }
    with (copy / "pyproject.toml").open("a") as project:
        project.write("\n[tool.mutmut]\n")
        project.writelines(f"{key} = {json.dumps(value)}\n" for key, value in options.items())
    return copy


def results(copy: Path) -> dict[str, Counter[str]]:
    """Return for each changed module how many of its mutants were killed, survived, and so on."""
    command = [MUTMUT, "results", "--all", "true"]
    lines = subprocess.run(command, cwd=copy, check=True, capture_output=True, text=True).stdout
    modules: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines.splitlines():
        mutant, _, status = line.strip().rpartition(": ")
        if status != UNTRIED:
            modules[mutant.rpartition(".")[0].removeprefix("fullon_cache_api.")][status] += 1
    return modules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--tenths", type=int, choices=range(1, 11), default=10)
    options = parser.parse_args()
    copy = copy_for(options.part)
    log = copy / "mutmut.log"
    print(f"This can take hours; {log} has the progress")
    # The servers of the tests need a share of the processors, too.
    children = max(1, (os.cpu_count() or 1) // 2)
    with log.open("w") as output:
        command = [MUTMUT, "run", "--max-children", str(children)]
        if options.tenths < len(DIGITS):
            command += [f"*mutmut_{more}{digit}" for digit in DIGITS[: options.tenths] for more in ("", "*")]
        subprocess.run(command, cwd=copy, check=True, stdout=output, stderr=subprocess.STDOUT)
    modules = results(copy)
    for module, counts in [*sorted(modules.items()), ("together", sum(modules.values(), Counter[str]()))]:
        others = ", ".join(
            f"{count} {status}" for status, count in sorted(counts.items()) if status != "killed"
        )
        print(f"{module:28} {counts['killed']:5} of {counts.total():5} killed   {others}")
    sys.exit(counts["killed"] < LEAST_KILLED * counts.total())


if __name__ == "__main__":
    main()
