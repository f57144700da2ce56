"""How large what is imported may be: stated to people, set by whoever runs the installation."""

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


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
