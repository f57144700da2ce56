"""Comparing LaTeX expressions (math-verify), in a process of its own within time and memory limits.

That process is inside bubblewrap where it isolates. Elsewhere it is a plain child: what is used of math-verify never
evaluates a text, which tests/adapters/test_expressions.py traces.
"""

from fractions import Fraction
from functools import cache
from importlib.metadata import version
from pathlib import Path

from trajectories.adapters.child import ChildMemoryError, WarmChild
from trajectories.adapters.sandbox.enclosed import EnclosedChild, Enclosure
from trajectories.adapters.sandbox.enclosing import open_enclosed
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.core.answers.expressions import MAX_CHARACTERS
from trajectories.core.verifiers.expressions import ExpressionError, MathComparison

PACKAGE = "math-verify"
SECONDS = 5.0
RESIDENT_BYTES = 768 * 1024 * 1024

ENCLOSURE = Enclosure(
    module=f"{__name__}.comparing",
    files=(Path(__file__).with_name("comparing.py"),),
    memory_bytes=RESIDENT_BYTES,
)


@cache
def shared_comparer(engine: str) -> "ExpressionComparer":
    """The one comparer of this process for a setting of PROGRAM_ENGINE; its child starts with the first comparison."""
    return ExpressionComparer(engine)


class ExpressionComparer:
    """Asks a child process, one comparison at a time; one that takes too long or too much is killed and replaced.

    `engine` is the setting PROGRAM_ENGINE: "monty" does without bubblewrap, "auto" where it does not isolate here.
    """

    def __init__(self, engine: str = "auto", seconds: float = SECONDS) -> None:
        self._engine, self._seconds = engine, seconds
        self._child: WarmChild | EnclosedChild | None = None

    @property
    def started(self) -> bool:
        """Whether a child process runs."""
        return self._child is not None and self._child.started

    @property
    def pid(self) -> int:
        """The child's process id, 0 where none runs."""
        return 0 if self._child is None else self._child.pid

    def compare(self, expected: str, found: str) -> MathComparison:
        """Compare two LaTeX expressions. Raises ExpressionError where that does not end in time."""
        if max(len(expected), len(found)) > MAX_CHARACTERS:
            raise ExpressionError(f"the expression has more than {MAX_CHARACTERS} characters")
        try:
            said = self._open().ask({"expected": expected, "found": found}, self._seconds)
        except ChildMemoryError as fault:
            raise ExpressionError("comparing took too much memory") from fault
        except TimeoutError as fault:
            raise ExpressionError(f"comparing took longer than {self._seconds:g} s") from fault
        except (EOFError, OSError) as fault:
            raise ExpressionError("comparing ended its process") from fault
        except SandboxUnavailableError as fault:
            raise ExpressionError(str(fault)) from fault
        if "fault" in said:
            raise ExpressionError(said["fault"])
        numbers = said.get("numbers")
        return MathComparison(
            equal=said.get("equal", False),
            numbers=None if numbers is None else (Fraction(numbers[0]), Fraction(numbers[1])),
            unreadable=said.get("unreadable", ""),
            engine=f"{PACKAGE} {version(PACKAGE)}",
        )

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.close()

    def _open(self) -> WarmChild | EnclosedChild:
        if self._child is None:
            enclosed = open_enclosed(self._engine, ENCLOSURE)
            self._child = enclosed or WarmChild(f"{__name__}.worker", resident_bytes=RESIDENT_BYTES)
        return self._child


__all__ = ["ExpressionComparer", "shared_comparer"]
