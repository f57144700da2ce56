"""Numbers as people and models write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.answers.numbers import read_quantity
from trajectories.core.answers.units import convert, in_base_units, read_unit
from trajectories.core.answers.values import vote_key
from trajectories.core.records import JSON


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
        ("12 square  metres", Fraction(12), "m^2"),
        (r"\frac{3}{4}", Fraction(3, 4), ""),
        (r"$\dfrac{1}{3}$", Fraction(1, 3), ""),
        (r"5\text{ cm}", Fraction(5), "cm"),
        ("5 m^2", Fraction(5), "m^2"),
        ("1,23", Fraction(123, 100), ""),
        ("0,125", Fraction(1, 8), ""),
        ("1.234.567,5", Fraction(2469135, 2), ""),
        ("¾", Fraction(3, 4), ""),
        ("1½", Fraction(3, 2), ""),
        ("42 thousand", Fraction(42000), ""),
        ("42k", Fraction(42000), ""),
        ("3 dozen eggs", Fraction(36), "egg"),
        ("42 squared", Fraction(1764), ""),
        ("42 and a half", Fraction(85, 2), ""),
        ("forty-two", Fraction(42), ""),
        ("one hundred and five seats", Fraction(105), "seat"),
        ("4.2万", Fraction(42000), ""),
        ("42 percent", Fraction(42), "%"),
        ("42 kilometers per hour", Fraction(42), "km/h"),
        ("5 feet 3 inches", Fraction(21, 4), "ft"),
        ("$4.2 million", Fraction(4200000), "$"),
        ("about 42 seats in total", Fraction(42), "seat"),
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
    [
        "",
        "x",
        "3 + 4",
        "3/0",
        "42 to 44",
        "42 is wrong",
        "42 or more",
        "at least 42",
        "> 42",
        "42 half seats",
        "10:30",
        "2ab",
        "42!",
        "2^10",
        "4 or 5",
        "1e99999",
        "x = 3",
        True,
        None,
        [3],
        "9" * 500,
        float("nan"),
    ],
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


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "changed"),
    [
        (5, "km", "m", 5000),
        (68, "°F", "°C", 20),
        (90, "min", "h", Fraction(3, 2)),
        (50, "¢", "$", Fraction(1, 2)),
        (5, "km", "s", None),
        (5, "$", "€", None),
        (5, "pound", "£", 5),
        (20, "degree", "°C", 20),
        (1, "m^2", "cm^2", 10000),
        (36, "km/h", "m/s", 10),
    ],
)
def test_units_are_converted_exactly(value: int, unit: str, wanted: str, changed: Fraction | None) -> None:
    assert convert(Fraction(value), unit, wanted) == changed


@pytest.mark.parametrize(
    ("value", "unit", "base", "units"),
    [
        (42, "cm^2", Fraction(42, 10_000), "meter ** 2"),
        (3, "L", Fraction(3, 1000), "meter ** 3"),
        (36, "km/h", 10, "meter / second"),
        (2, "J", 2, "kilogram * meter ** 2 / second ** 2"),
        (5, "mol", 5, "mole"),
        (7, "Hz", 7, "1 / second"),
        (7, "unheard of", 7, "unheard of"),
    ],
)
def test_measures_in_base_units_share_these(value: int, unit: str, base: Fraction, units: str) -> None:
    assert in_base_units(Fraction(value), unit) == (base, units)


def test_answers_of_the_same_size_vote_together() -> None:
    assert vote_key("42 cm^2") == vote_key("0.0042 m^2") != vote_key("42 m^2")
    assert vote_key("1 L") == vote_key("1000 cm^3")
    assert vote_key("5 kg") != vote_key("5 kg^2")


@given(st.text(max_size=30))
def test_reading_units_is_total(text: str) -> None:
    read_unit(text)
