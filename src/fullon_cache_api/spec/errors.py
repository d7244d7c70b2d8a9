"""What is wrong with a spec: where, and in which words.

SpecError               carries every Problem of a spec, sorted by place
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file; `str()` gives `file:line:column: message`, line and column counted from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class SpecError(Exception):
    """The spec cannot be used; `problems` holds every mistake that was found, in file order."""

    def __init__(self, problems: "list[Problem]") -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
