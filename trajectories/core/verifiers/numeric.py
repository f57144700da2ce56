"""Is the final number right? Exact fractions; a tolerance only where the problem or its decimals call for one."""

from fractions import Fraction

from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_verdict,
    bad_problem,
    has_answer_text,
    no_answer,
    no_reference,
)
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.numbers import Quantity, read_quantity

DECIMAL_TOLERANCE = Fraction(1, 10**6)
"""Relative; for numbers that are not whole. Spec "tolerance" (absolute) or "relative_tolerance" replaces it."""


class NumericVerifier:
    """Compares the final number with the reference answer, units included where the reference has one."""

    name = "numeric"
    version = 1
    title = "Number right"

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Numeric problems, traces with any text."""
        return problem.kind is ProblemKind.NUMERIC and has_answer_text(trace)

    def judge(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Read both numbers exactly and compare."""
        if problem.reference is None:
            return no_reference(self)
        expected = read_quantity(problem.reference)
        if expected is None:
            return bad_problem(self, "the reference answer is no number")
        try:
            allowed = _allowed(problem, expected.value)
        except ValueError as fault:
            return bad_problem(self, str(fault))
        found = find_answer(trace, number=True)
        if found is None:
            return no_answer(self)
        given = read_quantity(found.value)
        message = _fault(given, expected, allowed)
        shown = None if given is None else str(given.value)
        return answer_verdict(
            self, found, right=not message, message=message or "the number is right", read_as=shown,
            expected=str(problem.reference),
        )  # fmt: skip


def _allowed(problem: ProblemRecord, expected: Fraction) -> Fraction | None:
    """The absolute difference allowed, or None for the default. Raises ValueError."""
    for key, factor in (("tolerance", Fraction(1)), ("relative_tolerance", abs(expected))):
        value: JSON = problem.spec.get(key)
        if value is None:
            continue
        read = read_quantity(value)
        if read is None or read.unit or read.value < 0:
            raise ValueError(f"{key}: expected a number of 0 or more")
        return read.value * factor
    return None


def _fault(given: Quantity | None, expected: Quantity, allowed: Fraction | None) -> str:
    """What is wrong with the given number; empty where nothing is."""
    if given is None:
        return "the answer is no number"
    given_value, expected_value = given.value, expected.value
    if given.unit and given.unit != expected.unit:
        # 45% is 0.45 and the reverse, but "45%" is not 45.
        if "%" in (given.unit, expected.unit) and {given.unit, expected.unit} <= {"%", ""}:
            given_value /= 100
        elif expected.unit:
            return f"the unit is {given.unit[:40]}, expected {expected.unit[:40]}"
    if allowed is None:
        whole = given_value.denominator == 1 and expected_value.denominator == 1
        allowed = Fraction(0) if whole else DECIMAL_TOLERANCE * abs(expected_value)
    return "" if abs(given_value - expected_value) <= allowed else "the number is wrong"
