"""What a numeric answer is: a number with its unit, mathematics in one form, or LaTeX for an algebra system."""

import json
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from trajectories.core.answers.equations import names_value
from trajectories.core.answers.expressions import read_expression
from trajectories.core.answers.marks import CutOff, find_boxes
from trajectories.core.answers.mathematics import Form, read_form
from trajectories.core.answers.numbers import Quantity, counts_by_itself, read_quantity
from trajectories.core.answers.plain import plain_mathematics
from trajectories.core.answers.texts import normalise
from trajectories.core.answers.units import in_base_units, is_measure, is_money
from trajectories.core.records import JSON

_NO_ANSWERS = frozenset(
    ["n/a", "na", "none", "null", "nil", "unknown", "tbd", "todo", "no answer", "see solution", "-"]
)
KEPT_LENGTH = 200
_COMMAND = re.compile(r"\\[A-Za-z]+")
_AMBIGUOUS_COMMA = re.compile(r"(?<=\d),(?=\d)")


@dataclass(frozen=True, slots=True)
class Value:
    """An answer read as mathematics, in every way that it can be.

    `quantity` where it is a real number (irrational ones to about 15 digits), `form` where its form is known, `latex`
    without delimiters and without `unit`.
    """

    quantity: Quantity | None
    form: Form | None
    latex: str
    unit: str


def read_value(value: JSON) -> Value | None:
    """An answer as mathematics; None for prose and for what is no text and no number."""
    quantity = read_quantity(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = _unboxed(value if isinstance(value, str) else json.dumps(value)).strip()
    quantity = quantity or read_quantity(text)
    if quantity is not None:
        form = read_form(str(quantity.value))
        return Value(quantity, form, str(quantity.value), quantity.unit)
    whole = read_form(text)
    expression = read_expression(text)
    latex, unit = (text, "") if expression is None else (expression.latex, expression.unit)
    if whole is not None and not is_measure(unit):
        # "2 ab" is a product, "2\\pi km" is not.
        latex, unit = text if expression is None or unit else latex, ""
    else:
        whole = read_form(latex)
    if whole is None and (expression is None or not _COMMAND.search(text)):
        return _last_side(text)
    return Value(_real(whole, unit), whole, latex, unit)


def read_reference(value: JSON) -> Value | None:
    """A reference answer as mathematics; None for what only says that there is none."""
    if isinstance(value, str) and normalise(value) in _NO_ANSWERS:
        return None
    read = read_value(value)
    # "a few" is no letter with a unit.
    return None if read is not None and read.latex in ("a", "A", "I") and read.unit else read


def as_list(value: JSON) -> Form | None:
    """A text such as "1,2", read as two values rather than as a number with a decimal comma."""
    return (
        read_form(_AMBIGUOUS_COMMA.sub(", ", value))
        if isinstance(value, str) and _AMBIGUOUS_COMMA.search(value)
        else None
    )


def _unboxed(text: str) -> str:
    try:
        boxes = find_boxes(text)
    except CutOff:
        return text
    return text[boxes[-1].start : boxes[-1].end] if boxes else text


def _last_side(text: str) -> Value | None:
    """The number that an equation with words in it ends with: "Total cost = 42 dollars"."""
    is_one = "=" in text and not re.search(r"[<>≤≥≠;]|!=|\bor\b|\band\b", text)
    side = text.rsplit("=", 1)[-1] if is_one and names_value(text.split("=", 1)[0]) else ""
    quantity = read_quantity(side) if side else None
    return (
        None
        if quantity is None
        else Value(quantity, read_form(str(quantity.value)), str(quantity.value), quantity.unit)
    )


def _real(form: Form | None, unit: str) -> Quantity | None:
    if form is None or form.shape != "number":
        return None
    number = form.values[0]
    if isinstance(number, Fraction):
        return Quantity(number, unit)
    near_real = abs(number.imag) <= 1e-12 * max(1.0, abs(number))
    finite = abs(number) < 1e300
    return Quantity(Fraction(number.real), unit) if near_real and finite else None


def vote_key(value: str | float) -> JSON:
    """What answers that are equal share, for counting votes: ½, 0.5 and \\frac12 are "1/2".

    Nouns, currencies and signs of degree are dropped: 42, $42, 42 seats and 42° are one vote. Measures are counted in
    base units, percent stay what they are.
    """
    found = _vote_key(value) if isinstance(value, str) and len(value) <= KEPT_LENGTH else _read_vote_key(value)
    return dict(found) if isinstance(found, dict) else found


@lru_cache(4_096)
def _vote_key(value: str) -> JSON:
    """What is read of short texts is kept: the samples of a problem have few answers."""
    return _read_vote_key(value)


def _read_vote_key(value: str | float) -> JSON:
    read = read_value(value)
    if read is None:
        return {"text": normalise(str(value))}
    if read.quantity is not None and (read.form is None or read.form.shape == "number"):
        exact = read.form is None or isinstance(read.form.values[0], Fraction)
        number, unit = _base(read.quantity)
        if exact or unit != _unit_key(read.quantity):
            return f"{number} {unit}".strip() if exact else {"form": f"{float(number):.9e}", "unit": unit}
    unit = "" if read.unit in ("°", "degree") or is_money(read.unit) else read.unit
    key = read.form.key if read.form is not None else "latex:" + "".join(plain_mathematics(read.latex).split())
    return {"form": key, **({"unit": unit} if unit else {})}


def _unit_key(quantity: Quantity) -> str:
    if quantity.noun:
        return quantity.unit if counts_by_itself(quantity.unit) else ""
    return "" if quantity.unit in ("°", "degree") or is_money(quantity.unit) else quantity.unit


def _base(quantity: Quantity) -> tuple[Fraction, str]:
    if quantity.unit == "¢":
        return quantity.value / 100, ""
    unit = _unit_key(quantity)
    return (quantity.value, unit) if unit in ("", "%") or quantity.noun else in_base_units(quantity.value, unit)


__all__ = ["Value", "as_list", "read_reference", "read_value", "vote_key"]
