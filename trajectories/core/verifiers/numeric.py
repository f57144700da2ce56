"""Is the final number right? Exact fractions; a tolerance only where the problem or its decimals call for one."""

from dataclasses import replace
from fractions import Fraction

from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_verdict,
    bad_problem,
    engine_fault,
    has_answer_text,
    no_answer,
    no_reference,
)
from trajectories.core.verifiers.answers import FoundAnswer, find_answer
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.expressions import (
    Comparison,
    Expression,
    ExpressionError,
    may_be_number,
    read_expression,
)
from trajectories.core.verifiers.numbers import Quantity, read_quantity

DECIMAL_TOLERANCE = Fraction(1, 10**6)
"""Relative; for numbers that are not whole. Spec "tolerance" (absolute) or "relative_tolerance" replaces it."""

NO_NUMBER = "the answer is no number and no expression"

Allowed = tuple[Fraction, bool] | None
"""A difference and whether it is relative to the expected number; None for the default."""


class NumericVerifier:
    """Compares the final number with the reference answer, units included where the reference has one.

    Where either is no plain number (roots, intervals, equations, formulas), both are compared as expressions.
    """

    name = "numeric"
    version = 2
    title = "Number right"

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Numeric problems, traces with any text."""
        return problem.kind is ProblemKind.NUMERIC and has_answer_text(trace)

    def judge(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Read both plainly and compare exactly; else compare expressions."""
        if problem.reference is None:
            return no_reference(self)
        expected, wanted = read_quantity(problem.reference), _as_expression(problem.reference)
        if wanted is None:
            return bad_problem(self, "the reference answer is no number and no expression")
        try:
            allowed = _allowed(problem)
        except ValueError as fault:
            return bad_problem(self, str(fault))
        found = find_answer(trace, number=expected is not None)
        if found is None:
            return no_answer(self)
        given = read_quantity(found.value)
        if expected is None or given is None:
            return self._judge_expression(problem, found, wanted, allowed, tools)
        message = _fault(given, expected, allowed)
        return answer_verdict(
            self, found, right=not message, message=message or "the number is right", read_as=str(given.value),
            expected=str(problem.reference),
        )  # fmt: skip

    def _judge_expression(
        self, problem: ProblemRecord, found: FoundAnswer, wanted: Expression, allowed: Allowed, tools: Tools
    ) -> VerdictRecord:
        expected = str(problem.reference)
        given = _as_expression(found.value)
        if given is None or (read_quantity(problem.reference) is not None and not may_be_number(given.latex)):
            return answer_verdict(self, found, right=False, message=NO_NUMBER, read_as=None, expected=expected)
        try:
            compared = tools.compare_expressions(wanted.latex, given.latex)
        except ExpressionError as fault:
            evidence: dict[str, JSON] = {"found": found.as_evidence(), "expected": expected}
            return engine_fault(self, f"the answer could not be compared: {fault}", evidence)
        if compared.unreadable == "expected":
            return bad_problem(self, "the reference answer is no number and no expression")
        message = _expression_fault(compared, given, wanted, allowed)
        verdict = answer_verdict(
            self, found, right=not message, message=message or "the answer is equal", read_as=given.latex,
            expected=expected,
        )  # fmt: skip
        return replace(verdict, engine=compared.engine)


def _as_expression(value: JSON) -> Expression | None:
    """Any value as an expression: a plain number as its exact fraction."""
    quantity = read_quantity(value)
    if quantity is not None:
        return Expression(str(quantity.value), quantity.unit)
    return read_expression(value) if isinstance(value, str) else None


def _allowed(problem: ProblemRecord) -> Allowed:
    """The difference that the problem allows: (number, whether it is relative). Raises ValueError."""
    for key in ("tolerance", "relative_tolerance"):
        value: JSON = problem.spec.get(key)
        if value is None:
            continue
        read = read_quantity(value)
        if read is None or read.unit or read.value < 0:
            raise ValueError(f"{key}: expected a number of 0 or more")
        return read.value, key == "relative_tolerance"
    return None


def _expression_fault(compared: Comparison, given: Expression, wanted: Expression, allowed: Allowed) -> str:
    """What is wrong with the given expression; empty where nothing is."""
    if compared.unreadable:
        return NO_NUMBER
    if compared.numbers is not None:
        expected, found = compared.numbers
        return _fault(Quantity(found, given.unit), Quantity(expected, wanted.unit), allowed)
    if given.unit and wanted.unit and given.unit != wanted.unit:
        return _unit_fault(given.unit, wanted.unit)
    return "" if compared.equal else "the answer is not equal"


def _fault(given: Quantity, expected: Quantity, allowed: Allowed) -> str:
    """What is wrong with the given number; empty where nothing is."""
    given_value, expected_value = given.value, expected.value
    if given.unit and given.unit != expected.unit:
        # 45% is 0.45 and the reverse, but "45%" is not 45.
        if "%" in (given.unit, expected.unit) and {given.unit, expected.unit} <= {"%", ""}:
            given_value /= 100
        elif expected.unit:
            return _unit_fault(given.unit, expected.unit)
    if allowed is not None:
        difference = allowed[0] * (abs(expected_value) if allowed[1] else 1)
    else:
        whole = given_value.denominator == 1 and expected_value.denominator == 1
        difference = Fraction(0) if whole else DECIMAL_TOLERANCE * abs(expected_value)
    return "" if abs(given_value - expected_value) <= difference else "the number is wrong"


def _unit_fault(given: str, expected: str) -> str:
    return f"the unit is {given[:40]}, expected {expected[:40]}"
