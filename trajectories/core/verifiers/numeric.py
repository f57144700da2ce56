"""Is the final number right? Exact fractions; a tolerance only where the problem or its decimals call for one."""

from dataclasses import replace
from fractions import Fraction

from trajectories.core.answers.expressions import may_be_number
from trajectories.core.answers.mathematics import equal_forms
from trajectories.core.answers.numbers import Quantity, counts_by_itself, read_quantity
from trajectories.core.answers.plain import unwrap
from trajectories.core.answers.texts import words_key
from trajectories.core.answers.units import convert
from trajectories.core.answers.values import Value, as_list, read_reference, read_value
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_evidence,
    answer_verdict,
    bad_problem,
    engine_fault,
    has_answer_text,
    no_answer,
    no_reference,
    read_answer_evidence,
)
from trajectories.core.verifiers.answers import FoundAnswer, find_answer
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.expressions import ExpressionError, MathComparison

DECIMAL_TOLERANCE = Fraction(1, 10**6)
"""Relative; for numbers that are not whole. Spec "tolerance" (absolute) or "relative_tolerance" replaces it."""

NO_NUMBER = "the answer is no number and no expression"
NO_REFERENCE = "the reference answer is no number and no expression"
WRONG_NUMBER = "the number is wrong"
NOT_EQUAL = "the answer is not equal"

Allowed = tuple[Fraction, bool] | None
"""A difference and whether it is relative to the expected number; None for the default."""


class NumericVerifier:
    """Compares the final number with the reference answer, units included where the reference has one.

    Where either is no plain number, their forms are compared (roots, formulas, tuples, sets, intervals, equations), and
    by an algebra system where no form of them is known.
    """

    name = "numeric"
    version = (
        5  # 4 passed "10 (or 11)" for 10; 3 passed x^2 = 42 for 42; 2 read no words of number and no decimal comma
    )
    title = "Number"
    decides = True
    takes_reference = True

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Numeric problems, traces with any text."""
        return problem.kind is ProblemKind.NUMERIC and has_answer_text(trace)

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Read both plainly and compare exactly; else compare their forms; else ask for a comparison."""
        if problem.reference is None:
            return no_reference(self)
        expected = read_reference(problem.reference)
        if expected is None:
            return bad_problem(self, NO_REFERENCE)
        try:
            allowed = _allowed(problem)
        except ValueError as fault:
            return bad_problem(self, str(fault))
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        given = read_value(found.value)
        if expected.form is not None and expected.form.shape == "words":
            right = words_key(unwrap(str(found.value))) == expected.form.key.removeprefix("w:")
            return self._verdict(problem, found, given, "" if right else "the text is wrong")
        if given is None:
            return self._verdict(problem, found, None, NO_NUMBER)
        if expected.quantity is not None and given.quantity is not None:
            return self._verdict(problem, found, given, _fault(given.quantity, expected.quantity, allowed))
        return self._verify_form(problem, found, expected, given, allowed, tools)

    def _verify_form(
        self, problem: ProblemRecord, found: FoundAnswer, expected: Value, given: Value, allowed: Allowed, tools: Tools
    ) -> VerdictRecord:
        equal = None
        for form in (given.form, as_list(found.value)):
            if expected.form is not None and form is not None and equal is not True:
                equal = equal_forms(expected.form, form)
        if equal is not None:
            message = _unit_fault(given.unit, expected.unit) or ("" if equal else NOT_EQUAL)
            return self._verdict(problem, found, given, message)
        if expected.quantity is not None and not may_be_number(given.latex):
            return self._verdict(problem, found, None, NO_NUMBER)
        try:
            compared = _compare_both_ways(expected.latex, given.latex, tools)
        except ExpressionError as fault:
            evidence = answer_evidence(found, str(problem.reference))
            return engine_fault(self, f"the answer could not be compared: {fault}", evidence.to_json())
        if compared.unreadable == "expected":
            return bad_problem(self, NO_REFERENCE)
        verdict = self._verdict(problem, found, given, _compared_fault(compared, given, expected, allowed))
        return replace(verdict, engine=compared.engine)

    def _verdict(self, problem: ProblemRecord, found: FoundAnswer, given: Value | None, fault: str) -> VerdictRecord:
        is_plain = given is not None and given.quantity is not None and given.latex == str(given.quantity.value)
        right = "the number is right" if is_plain else "the answer is equal"
        evidence = read_answer_evidence(found, str(problem.reference), None if given is None else given.latex)
        return answer_verdict(self, evidence, right=not fault, message=fault or right)


def _compare_both_ways(expected: str, found: str, tools: Tools) -> MathComparison:
    """Compare, and where that says no, the other way round: math-verify 0.9 takes an inequality for the interval it
    means on one side only."""
    compared = tools.compare_expressions(expected, found)
    if compared.equal or compared.unreadable or compared.numbers is not None:
        return compared
    turned = tools.compare_expressions(found, expected)
    return replace(compared, equal=turned.equal and not turned.unreadable)


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


def _compared_fault(compared: MathComparison, given: Value, expected: Value, allowed: Allowed) -> str:
    """What is wrong with the given expression after a comparison; empty where nothing is."""
    if compared.unreadable:
        return NO_NUMBER
    if compared.numbers is not None:
        wanted, found = compared.numbers
        return _fault(Quantity(found, given.unit), Quantity(wanted, expected.unit), allowed)
    return _unit_fault(given.unit, expected.unit) or ("" if compared.equal else NOT_EQUAL)


def _fault(given: Quantity, expected: Quantity, allowed: Allowed) -> str:
    """What is wrong with the given number; empty where nothing is."""
    value = given.value
    if "%" in (given.unit, expected.unit) and {given.unit, expected.unit} <= {"%", ""} and given.unit != expected.unit:
        # 45% is 0.45 and the reverse. A sign of percent may be left out, but "45%" is not 45.
        right = _is_near(value / 100, expected.value, allowed) if given.unit else (
            _is_near(value, expected.value, allowed) or _is_near(100 * value, expected.value, allowed)
        )  # fmt: skip
        return "" if right else WRONG_NUMBER
    if given.unit and given.unit != expected.unit and (expected.unit or counts_by_itself(given.unit)):
        if given.noun and expected.noun and _same_noun(given.unit, expected.unit):
            return "" if _is_near(value, expected.value, allowed) else WRONG_NUMBER
        changed = None if given.noun or expected.noun else convert(value, given.unit, expected.unit)
        if changed is None:
            return _units_differ(given.unit, expected.unit)
        value = changed
    return "" if _is_near(value, expected.value, allowed) else WRONG_NUMBER


def _is_near(given: Fraction, expected: Fraction, allowed: Allowed) -> bool:
    if allowed is not None:
        difference = allowed[0] * (abs(expected) if allowed[1] else 1)
    else:
        whole = given.denominator == 1 and expected.denominator == 1
        # Either side may be the rounded one.
        difference = Fraction(0) if whole else DECIMAL_TOLERANCE * max(abs(given), abs(expected))
    return abs(given - expected) <= difference


def _same_noun(one: str, other: str) -> bool:
    """Whether one phrase only says more than the other: "apple" and "red apple"."""
    left, right = set(one.split()), set(other.split())
    return left <= right or right <= left


def _unit_fault(given: str, expected: str) -> str:
    """What is wrong with the unit of a formula; empty where one is left out or both are the same."""
    same = not given or not expected or convert(Fraction(1), given, expected) == 1
    return "" if same or given == expected else _units_differ(given, expected)


def _units_differ(given: str, expected: str) -> str:
    return f"the unit is {given[:40]}, expected {expected[:40] or 'none'}"
