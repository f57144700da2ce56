"""Equations as answers: a name and its value, or something that still has to be solved."""

import pytest

from trajectories.core.answers.equations import names_value
from trajectories.core.answers.finding import find_numeric


@pytest.mark.parametrize(
    "side",
    ["x", "x_1", "V_{max}", "f(3)", "P(A)", "a_7", "AB", r"\angle ABC", r"\overline{AB}", "|S|", "Area of ABC", "speed",
     "6 × 7", "6x7", r"\binom{9}{2}", "3!", r"\lambda", r"\det A", r"\text{Total}", "we get n"],
)  # fmt: skip
def test_names_of_a_value(side: str) -> None:
    assert names_value(side)
    assert find_numeric(f"Answer: {side} = 42").value == "42"


@pytest.mark.parametrize(
    "side",
    ["2x", "x^2", "-x", "x + 1", "x/2", r"\sqrt{x}", r"\frac{x}{2}", "|x|", "1/x", "e^x", r"\sin x", r"\log_2 x", "3n",
     "n(n+1)", "xy", "m+n", "x_1 + x_2", "so the total, 2n", "we get x^2"],
)  # fmt: skip
def test_what_still_has_to_be_solved(side: str) -> None:
    assert not names_value(side)
    assert find_numeric(f"Answer: {side} = 42").value != "42"


@pytest.mark.parametrize(
    ("side", "asked"),
    [
        ("m+n", "The probability is m/n in lowest terms. Find $m+n$."),
        ("m + n", "Find the value of m + n, where m and n are prime."),
        ("a+b+c", "Compute $a + b + c$."),
        ("10a+b", "What is 10a+b?"),
        ("x^2", "What is x^2?"),
        ("xy", "Let x = 6 and y = 7. Find xy."),
        ("x_1+x_2", "Determine $x_1 + x_2$."),
    ],
)
def test_a_formula_that_was_asked_for(side: str, asked: str) -> None:
    assert find_numeric(rf"So \boxed{{{side} = 42}}.", asked=asked).value == "42"
    assert find_numeric(f"So the sum is {side} = 42.", asked=asked).value == "42"


@pytest.mark.parametrize(
    ("side", "asked"),
    [("x^2", "Solve x^2 = 1764."), ("2x", "Find x if 2x = 84."), ("m+n", "Find m+n+p."), ("x", ""), ("n", "Find 2n.")],
)
def test_other_formulas_are_not_asked_for(side: str, asked: str) -> None:
    assert names_value(side, asked) is (side in ("x", "n"))


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (r"The area is $\pi r^2 = 9\pi$.", ""),
        (r"So the area of the circle is \(\pi r^2 = 9\pi\).", ""),
        (r"The area is therefore $A = \pi r^2 = \pi \cdot 3^2 = 9\pi$.", ""),
        (r"Answer: $\pi r^2 = 9\pi$", "Find the area."),
        (r"\boxed{\pi r^2 = 9\pi}", "What is the area of a circle with radius 3?"),
    ],
)
def test_a_formula_that_is_said_to_be_a_measure(said: str, asked: str) -> None:
    assert find_numeric(said, asked=asked).value.strip(" $") == r"9\pi"


@pytest.mark.parametrize("asked", ["A circle has the area 9π. Find its radius.", "Find r.", ""])
def test_a_measure_that_is_given_does_not_name_a_value(asked: str) -> None:
    assert not names_value(r"\pi r^2", asked)
