"""The environment of the process, and what the gateway sets in it for a package that reads nothing else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Loan:
    """A variable that the gateway has set, and what stood there before."""

    value: str
    before: str | None


_loans: dict[str, _Loan] = {}


def lend(variables: Mapping[str, str]) -> None:
    """Set variables of the environment for others to read; `own_environment` still shows what was there."""
    before = own_environment()
    for name, value in variables.items():
        _loans[name] = _Loan(value, before.get(name))
        os.environ[name] = value


def take_back() -> None:
    """Put back what was there before `lend`, where nobody else has changed it since."""
    before = own_environment()
    for name in _loans:
        if name in before:
            os.environ[name] = before[name]
        else:
            os.environ.pop(name, None)
    _loans.clear()


def own_environment() -> dict[str, str]:
    """Return the environment as it would be if the gateway had set nothing in it."""
    found = dict(os.environ)
    for name, loan in _loans.items():
        if found.get(name) != loan.value:
            continue
        del found[name]
        if loan.before is not None:
            found[name] = loan.before
    return found
