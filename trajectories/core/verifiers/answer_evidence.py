"""Evidence of verdicts on answers and on programs that are tested: written, and read from any older version.

As in `evidence`, a key that an older version did not write has the value that stands for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from trajectories.core.records import JSON
from trajectories.core.stored_values import read_number, read_rows, read_text, read_whole

STATED = "stated"
"""The rule of an answer that the trace came with: nothing was searched."""

FIRST_RULES = 1
"""The version of the rule set where none is said: there was only one."""


@dataclass(frozen=True, slots=True)
class FoundEvidence:
    """Where the answer of a trace was found."""

    answer: str | None
    """The beginning of the answer, as text; None where grids are compared, which the pairs hold."""

    rule: str
    """The rule that found it; STATED where the trace came with it."""

    start: int = 0
    """Its first character in the text of the trace; as `end`, 0 where it stands nowhere in it."""

    end: int = 0
    """The character behind its last one."""

    rules: int = 0
    """The version of the rule set; 0 for an answer that was stated."""

    @property
    def is_stated(self) -> bool:
        """Whether the trace came with it."""
        return self.rule == STATED

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        place: dict[str, JSON] = {"start": self.start, "end": self.end}
        if self.answer is None:
            return {"rule": self.rule, "rules": self.rules, **place}
        rules: dict[str, JSON] = {"rules": self.rules} if self.rules else {}
        return {"answer": self.answer, "rule": self.rule, **rules, **place}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored of it."""
        answer, rule = stored.get("answer"), read_text(stored.get("rule"))
        start, end = read_whole(stored.get("start")), read_whole(stored.get("end"))
        rules = 0 if rule == STATED else read_whole(stored.get("rules")) or FIRST_RULES
        answer = answer if isinstance(answer, str) else None
        return cls(answer, rule, 0, 0, rules) if start is None or end is None else cls(answer, rule, start, end, rules)


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """Evidence of the verifiers of final answers."""

    found: FoundEvidence | None = None
    """The answer; None where there is none, or where none was looked for."""

    is_missing: bool = False
    """Whether an answer was looked for and not found."""

    rules: int = FIRST_RULES
    """The version of the rule set by which none was found."""

    expected: JSON = None
    """What the answer was compared with; None where that is not told."""

    read_as: str | None = None
    """What the answer was understood as; None where it could not be, or where the verifier does not say."""

    tells_reading: bool = False
    """Whether the verifier says what it understood, be it None."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        if self.found is None:
            return {"found": None, "rules": self.rules} if self.is_missing else {}
        reading: dict[str, JSON] = {"read_as": self.read_as} if self.tells_reading else {}
        return {"found": self.found.to_json(), **reading, "expected": self.expected}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a verdict."""
        found = stored.get("found")
        return cls(
            found=FoundEvidence.from_json(found) if isinstance(found, Mapping) else None,
            is_missing="found" in stored and found is None,
            rules=read_whole(stored.get("rules")) or FIRST_RULES,
            expected=stored.get("expected"),
            read_as=read_text(stored.get("read_as")) or None,
            tells_reading="read_as" in stored,
        )


@dataclass(frozen=True, slots=True)
class UnitTestEvidence:
    """What became of one test of a program."""

    index: int
    """Its place among the problem's tests, from 0."""

    status: str
    """How the call ended (a CallStatus)."""

    is_right: bool = False
    """Whether the program gave what was expected."""

    message: str = ""
    """What went wrong, in one line for people; "" for a call that returned."""

    value: str = ""
    """The beginning of what came out, as text."""

    expected: str = ""
    """The beginning of what should have come out, as text."""

    seconds: float = 0.0
    """Time that the call took."""

    printed: str = ""
    """What the program printed."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {
            "index": self.index,
            "status": self.status,
            "right": self.is_right,
            "message": self.message,
            "value": self.value,
            "expected": self.expected,
            "seconds": self.seconds,
            "printed": self.printed,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], place: int) -> Self:
        """What is stored of the test at a place of the list."""
        return cls(
            index=place if (index := read_whole(stored.get("index"))) is None else index,
            status=read_text(stored.get("status")),
            is_right=stored.get("right") is True,
            message=read_text(stored.get("message")),
            value=read_text(stored.get("value")),
            expected=read_text(stored.get("expected")),
            seconds=read_number(stored.get("seconds")),
            printed=read_text(stored.get("printed")),
        )


@dataclass(frozen=True, slots=True)
class UnitTestsEvidence:
    """Evidence of unit_tests."""

    tests: Sequence[UnitTestEvidence] = ()
    """One for each test of the problem; empty where none was run."""

    @property
    def right(self) -> int:
        """How many tests pass."""
        return sum(test.is_right for test in self.tests)

    def to_json(self) -> dict[str, JSON]:
        """The stored form, besides what the engine says of its run."""
        return {"tests": [test.to_json() for test in self.tests], "right": self.right, "of": len(self.tests)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a verdict."""
        rows = enumerate(read_rows(stored.get("tests")))
        return cls(tuple(UnitTestEvidence.from_json(test, place) for place, test in rows))


@dataclass(frozen=True, slots=True)
class ScratchpadEvidence:
    """Evidence of scratchpad."""

    steps_right: int
    """How many steps are right, from the first one on."""

    steps: int
    """How many steps there are, or should be."""

    first_wrong: int | None = None
    """The first step that is wrong, from 0; None where none is. Only with one, the fields below say something."""

    found_step: str = ""
    """The beginning of what stands there; "" for a step that is missing."""

    expected_step: str = ""
    """What should stand there; "" for a step too many."""

    start: int | None = None
    """Its first character in the text of the trace; None where it is not told."""

    end: int | None = None
    """The character behind its last one; None where it is not told."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        counts: dict[str, JSON] = {
            "steps_right": self.steps_right,
            "steps": self.steps,
            "first_wrong": self.first_wrong,
        }
        if self.first_wrong is None:
            return counts
        return {
            **counts,
            "found_step": self.found_step,
            "expected_step": self.expected_step,
            "start": self.start,
            "end": self.end,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a verdict."""
        return cls(
            steps_right=read_whole(stored.get("steps_right")) or 0,
            steps=read_whole(stored.get("steps")) or 0,
            first_wrong=read_whole(stored.get("first_wrong")),
            found_step=read_text(stored.get("found_step")),
            expected_step=read_text(stored.get("expected_step")),
            start=read_whole(stored.get("start")),
            end=read_whole(stored.get("end")),
        )
