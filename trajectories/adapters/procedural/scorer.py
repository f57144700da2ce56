"""Scores answers with the families' own scorers: inside bubblewrap; without it, only by those that evaluate nothing."""

import math
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from trajectories.adapters.child import WarmChild
from trajectories.adapters.sandbox.enclosed import EnclosedChild, Enclosure
from trajectories.adapters.sandbox.enclosing import open_enclosed
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.core.problems.procedural import ProceduralError, UnscoredError
from trajectories.core.problems.procedural_families import TRIED_WITH, scoring_of
from trajectories.core.records import JSON, ProblemRecord

PACKAGE = "reasoning-gym"
SCORE_SECONDS = 10.0
MAX_ANSWER = 20_000
"""Characters of an answer that is scored; parsers of longer ones may take for ever."""
MEMORY_BYTES = 1024**3

NEEDS_SANDBOX = "needs the sandbox: the scorer of this family evaluates the answer, and bubblewrap does not run here"

_HERE = Path(__file__).parent
ENCLOSURE = Enclosure(
    module=f"{__package__}.scoring",
    files=(_HERE / "scoring.py", _HERE / "packing.py"),
    memory_bytes=MEMORY_BYTES,
    shared=("family", "knobs"),
)


class Child(Protocol):
    """A process that answers requests: a WarmChild or an EnclosedChild."""

    def ask(self, request: dict[str, JSON], seconds: float) -> dict[str, Any]:
        """One request. Raises TimeoutError, EOFError or OSError."""
        ...

    def close(self) -> None:
        """End it."""
        ...


@cache
def shared_scorer(engine: str) -> "Scorer":
    """The one scorer of this process for a setting of PROGRAM_ENGINE."""
    return Scorer(engine)


class Scorer:
    """Scores one answer at a time, in a process that starts with the first one.

    `engine` is the setting PROGRAM_ENGINE: "monty" does without bubblewrap, "auto" where it does not isolate here.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._enclosed: EnclosedChild | None = None
        self._opened = False
        self._plain = WarmChild(f"{__package__}.worker")

    @property
    def pid(self) -> int:
        """Process id of the child that scores, 0 where none runs."""
        return (self._enclosed or self._plain).pid

    def score(self, problem: ProblemRecord, answer: str) -> float:
        """The family's own score of an answer, in [0, 1].

        Raises UnscoredError where the family's scorer cannot be trusted with the answer here, ProceduralError where
        scoring did not come to an end; too long an answer is such an error, not a zero.
        """
        if len(answer) > MAX_ANSWER:
            raise ProceduralError(f"the answer has {len(answer):,} characters, expected at most {MAX_ANSWER:,}")
        if (installed := f"{PACKAGE} {version(PACKAGE)}") != TRIED_WITH:
            raise UnscoredError(f"found {installed}, whose scorers were not tried, expected {TRIED_WITH}")
        family = str(problem.spec["family"])
        request: dict[str, JSON] = {
            "family": family,
            "knobs": problem.spec.get("config") or {},
            "entry": {"answer": problem.reference, **problem.spec["entry"]},
            "answer": answer,
        }
        try:
            enclosed = self._open()
        except SandboxUnavailableError as fault:
            raise ProceduralError(str(fault)) from fault
        if enclosed is not None:
            return read_score(_ask(enclosed, request))
        if scoring_of(family).code is not None:
            raise UnscoredError(NEEDS_SANDBOX)
        return read_score(_ask(self._plain, {"do": "score", **request}))

    def close(self) -> None:
        """End the processes."""
        self._plain.close()
        if self._enclosed is not None:
            self._enclosed.close()

    def _open(self) -> EnclosedChild | None:
        """The process inside bubblewrap, None where there is none. Raises SandboxUnavailableError where it must be."""
        if not self._opened:
            self._enclosed = open_enclosed(self._engine, ENCLOSURE)
            self._opened = True
        return self._enclosed


def read_score(value: Any) -> float:
    """A score as a number from 0 to 1, from a process that the answer may have taken over. Raises ProceduralError."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ProceduralError(f"found {str(value)[:40]!r} as a score, expected a number")
    return min(1.0, max(0.0, float(value)))


def _ask(child: Child, request: dict[str, JSON]) -> Any:
    """The child's reply. Raises ProceduralError for a fault it reports, and where it takes longer or dies."""
    try:
        told = child.ask(request, SCORE_SECONDS)
    except (TimeoutError, EOFError, OSError) as fault:
        why = f"took longer than {SCORE_SECONDS:g} s" if isinstance(fault, TimeoutError) else "ended the process"
        raise ProceduralError(why) from fault
    if "fault" in told:
        raise ProceduralError(str(told["fault"])[:300])
    return told.get("value")
