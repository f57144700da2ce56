from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.verifiers.doubles import trace
from trajectories.core.records import JSON
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.answers.numbers import read_quantity


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ("first <answer>1</answer> then <answer> 2 </answer>", "tag", "2"),
        (r"so \boxed{1}, no, \boxed{\frac{3}{4}}.", "boxed", r"\frac{3}{4}"),
        ("Answer: 7\nAnswer: **42**.\nbye", "label", "42"),
        ("the answer is Paris.", "label", "Paris"),
        ("long sum\n#### 1,234", "label", "1,234"),
        ("Final answer = x", "label", "x"),
        ("3 apples and 4 pears make 7 pieces", "last number", "7"),
        ("it is -3.5e2 or so", "last number", "-3.5e2"),
        ("The grid: [[1]] or rather [[2, 3], [4, 5]] .", "last grid", [[2, 3], [4, 5]]),
    ],
)
def test_each_rule_finds_the_last_and_keeps_its_place(text: str, rule: str, value: JSON) -> None:
    found = find_answer(trace(text=text), number=rule == "last number", grid=rule == "last grid")
    assert found is not None
    assert (found.rule, found.value) == (rule, value)
    if isinstance(value, str):
        assert text[found.start : found.end] == value


def test_a_stated_answer_counts_before_the_text() -> None:
    found = find_answer(trace(answer=5, text="Answer: 7"))
    assert found is not None
    assert (found.rule, found.value) == ("stated", 5)


@pytest.mark.parametrize(
    "text", ["", "no mark at all 7", r"\boxed{", "<answer></answer>", "Answer:", "</answer><answer>"]
)
def test_no_answer_is_none(text: str) -> None:
    assert find_answer(trace(text=text)) is None


@given(st.text(alphabet=st.sampled_from("<answer>/\\boxed{}[]1,. #:=\n"), max_size=300) | st.text())
def test_finding_is_total(text: str) -> None:
    found = find_answer(trace(text=text), number=True, grid=True)
    if found is not None and found.rule != "stated":
        assert 0 <= found.start < found.end <= len(text)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("42", Fraction(42), ""),
        (" -42. ", Fraction(-42), ""),
        ("−7", Fraction(-7), ""),
        ("1,234,567.5", Fraction(2469135, 2), ""),
        ("1 234", Fraction(1234), ""),
        ("3/4", Fraction(3, 4), ""),
        ("1 1/2", Fraction(3, 2), ""),
        ("-1 1/2", Fraction(-3, 2), ""),
        (".5", Fraction(1, 2), ""),
        ("6.02e23", Fraction(602 * 10**21), ""),
        ("45%", Fraction(45), "%"),
        ("45 \\%", Fraction(45), "%"),
        ("$12.50", Fraction(25, 2), "$"),
        ("12 km", Fraction(12), "km"),
        ("12 square  metres", Fraction(12), "square metres"),
        (r"\frac{3}{4}", Fraction(3, 4), ""),
        (r"$\dfrac{1}{3}$", Fraction(1, 3), ""),
        (r"5\text{ cm}", Fraction(5), "cm"),
        ("5 m^2", Fraction(5), "m^2"),
        (7, Fraction(7), ""),
        (0.1, Fraction(1, 10), ""),
    ],
)
def test_numbers_are_read_exactly(text: JSON, value: Fraction, unit: str) -> None:
    found = read_quantity(text)
    assert found is not None
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    "text",
    ["", "x", "3 + 4", "3/0", "1,23", "2^10", "4 or 5", "1e99999", "x = 3", True, None, [3], "9" * 500, float("nan")],
)
def test_what_is_no_number(text: JSON) -> None:
    assert read_quantity(text) is None


@given(st.integers(), st.integers(1, 10**6))
def test_fractions_and_grouped_integers_read_back(top: int, bottom: int) -> None:
    for text, value in ((f"{top}/{bottom}", Fraction(top, bottom)), (f"{top:,}", Fraction(top))):
        found = read_quantity(text)
        assert found is not None
        assert found.value == value


@given(st.text())
def test_reading_numbers_is_total(text: str) -> None:
    read_quantity(text)
