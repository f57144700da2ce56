"""Comparing LaTeX expressions (math-verify), in a process of its own within time and memory limits."""

from fractions import Fraction
from functools import cache
from importlib.metadata import version

from trajectories.adapters.child import ChildMemoryError, WarmChild
from trajectories.core.verifiers.expressions import MAX_CHARACTERS, Comparison, ExpressionError

PACKAGE = "math-verify"
SECONDS = 5.0
RESIDENT_BYTES = 768 * 1024 * 1024


@cache
def shared_comparer() -> "ExpressionComparer":
    """The one comparer of this process; its child starts with the first comparison."""
    return ExpressionComparer()


class ExpressionComparer:
    """Asks a child process, one comparison at a time; one that takes too long or too much is killed and replaced."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._child = WarmChild(f"{__name__}.worker", resident_bytes=RESIDENT_BYTES)

    @property
    def started(self) -> bool:
        """Whether a child process runs."""
        return self._child.started

    def compare(self, expected: str, found: str) -> Comparison:
        """Compare two LaTeX expressions. Raises ExpressionError where that did not come to an end."""
        if max(len(expected), len(found)) > MAX_CHARACTERS:
            raise ExpressionError(f"the expression has more than {MAX_CHARACTERS} characters")
        try:
            said = self._child.ask({"expected": expected, "found": found}, self._seconds)
        except ChildMemoryError as fault:
            raise ExpressionError("comparing took too much memory") from fault
        except TimeoutError as fault:
            raise ExpressionError(f"comparing took longer than {self._seconds:g} s") from fault
        except (EOFError, OSError) as fault:
            raise ExpressionError("comparing ended its process") from fault
        if "fault" in said:
            raise ExpressionError(said["fault"])
        numbers = said.get("numbers")
        return Comparison(
            equal=said.get("equal", False),
            numbers=None if numbers is None else (Fraction(numbers[0]), Fraction(numbers[1])),
            unreadable=said.get("unreadable", ""),
            engine=f"{PACKAGE} {version(PACKAGE)}",
        )

    def close(self) -> None:
        """End the child process."""
        self._child.close()


__all__ = ["ExpressionComparer", "shared_comparer"]
