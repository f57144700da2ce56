"""How large what is imported may be: stated to people, set by whoever runs the installation."""

from dataclasses import dataclass

from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON

MEGABYTE = 1024 * 1024
MOST_LEVELS = 64
"""How deep lists and objects of a row may be nested."""


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """The most of everything in a file of traces.

    `row_bytes` bounds one row as JSON: a line, an element of a list, a sample of a log. `steps` bounds the steps of one
    trace, or the pieces (thoughts, texts, calls of tools, results) that a model's work came in.
    """

    row_bytes: int = 100 * MEGABYTE
    steps: int = 50_000

    @property
    def row_words(self) -> str:
        """The size of a row, for people."""
        whole = self.row_bytes // MEGABYTE
        return f"{whole:,} MB" if whole else f"{self.row_bytes:,} bytes"


LIMITS = ImportLimits()
"""Where nobody set any."""


def check_nesting(row: JSON, most: int = MOST_LEVELS) -> None:
    """Raise ProblemError for lists and objects nested deeper than that, in a row that others have parsed."""
    level = [row]
    for _ in range(most + 1):
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return
        level = [part for each in containers for part in (each.values() if isinstance(each, dict) else each)]
    raise ProblemError("", f"found lists and objects nested deeper than {most}, expected fewer levels")
