"""Mathematics in one form: numbers, formulas, tuples, sets, intervals and equations that are equal share a key.

A small reader of its own, for what answers hold. It is pure and bounded, so that votes are counted by a stored key;
what it cannot read is left to a computer algebra system (verifiers.expressions). Formulas are told apart by their
values at three points (Schwartz 1980: formulas that differ agree at random points almost never); so |x| is not x, as
one of the points is negative.
"""

import cmath
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from trajectories.core.answers.evaluation import UnreadableError, Value, at_points, evaluate, is_infinite, symbols_of
from trajectories.core.answers.formulas import parse
from trajectories.core.answers.intervals import plain_intervals
from trajectories.core.answers.numbers import read_quantity
from trajectories.core.answers.plain import plain_mathematics, strip_marks
from trajectories.core.answers.texts import words_key

MAX_CHARACTERS = 300
DIGITS = 9
CLOSE = 1e-6
"""Relative; how far decimals may be from what they stand for inside tuples, sets and intervals."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a text says.

    `shape` is number, formula, tuple, list, set, interval, union, equation, assignments, written (what counts as it
    stands: ratios, times, numbers with their base) or words; `key` is shared by equal ones.
    `values` are the constants inside (of an interval its ends), empty where there are symbols; `brackets` tells open
    from closed ends of intervals.
    """

    shape: str
    key: str
    values: tuple[Value, ...] = ()
    brackets: str = ""


_REPEATING = re.compile(r"(\d+)\.(\d*)(?:\\overline|\\bar|\\dot)\s?\{(\d+)\}|(\d+)\.(\d*)\((\d+)\)")
_PRODUCT = re.compile(r"[abmnpqxyz]{2,3}")
"""Symbols side by side that look like a name."""
_SPLIT_WORDS = re.compile(r"\s*(?:,?\s*(?<![^\W\d_])(?:or|and|oder|und|ou|et)(?![^\W\d_])|[;∨])\s*", re.IGNORECASE)
_REALS = re.compile(r"\\mathbb\s?\{?R\}?|ℝ")
_DESCRIBED = re.compile(r"⦃\s*[A-Za-z](?:\s*∈\s*\(-∞,∞\))?\s*[|:]\s*([^⦃⦄]+)⦄")
_RATIO = re.compile(r"\d+(?:\.\d+)?(?:\s?:\s?\d+(?:\.\d+)?)+")
_BASED = re.compile(r"[\dA-F]+_\{?\d{1,2}\}?")
_ORDER = re.compile(r"[<>≤≥]")
_FLIP = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}
_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?'?(?:\([A-Za-z]\))?|[α-ω]")


def read_form(text: str) -> Form | None:
    """What a whole text says as mathematics, None where it is none that is read here."""
    if not 0 < len(text) <= MAX_CHARACTERS:
        return None
    words = _words(text)
    if words is not None:
        return words
    text = _REALS.sub(r"(-\\infty,\\infty)", text)
    plain = strip_marks(plain_mathematics(strip_marks(text))).strip(" ,;:")
    plain = _REPEATING.sub(_repeating, plain.replace("\\{", "⦃").replace("\\}", "⦄"))
    plain = plain_intervals(plain)
    try:
        return _statement(plain) if plain else None
    except (UnreadableError, ArithmeticError, ValueError, RecursionError):
        return None


def equal_forms(expected: Form, found: Form) -> bool | None:
    """Whether two forms are equal; None where that cannot be said here. Decimals may stand for what they are near."""
    if expected.key == found.key:
        return True
    shapes = {expected.shape, found.shape}
    if shapes == {"number", "formula"}:
        # A formula of symbols that is a number after all: sin(x)^2 + cos(x)^2.
        number, formula = sorted((expected, found), key=lambda form: form.shape != "number")
        return set(formula.key.rpartition(":")[2].split("|")) == {number.key.removeprefix("n:")}
    if "written" in shapes or "words" in shapes:
        return False
    if "equation" in shapes and shapes != {"equation"} and (expected.values or found.values):
        return False  # x^2 = 42 is not 42
    if not expected.values or not found.values:
        return None
    if shapes <= {"number", "set", "list"} and len(expected.values) == len(found.values) == 1:
        return _close(expected.values[0], found.values[0])
    if shapes <= {"set", "list"}:
        return _all_close(sorted(expected.values, key=_order), sorted(found.values, key=_order))
    if shapes <= {"tuple", "list", "interval", "union"}:
        same = expected.brackets == found.brackets or (
            "list" in shapes and "interval" not in shapes and "union" not in shapes
        )
        return same and _all_close(expected.values, found.values)
    return False


def _close(one: Value, other: Value) -> bool:
    if one == other:
        return True
    left, right = complex(one), complex(other)
    if cmath.isinf(left) or cmath.isinf(right):
        return False
    whole = isinstance(one, Fraction) and isinstance(other, Fraction) and one.denominator == other.denominator == 1
    return not whole and abs(left - right) <= CLOSE * max(abs(left), abs(right))


def _all_close(one: Sequence[Value], other: Sequence[Value]) -> bool:
    return len(one) == len(other) and all(_close(left, right) for left, right in zip(one, other, strict=True))


def _order(value: Value) -> tuple[float, float]:
    return complex(value).real, complex(value).imag


def _words(text: str) -> Form | None:
    r"""A text that is nothing but \text{words}."""
    inner = re.fullmatch(r"[\s$]*\\(?:text|mbox|mathrm|textbf|textrm|textit|mathbf)\s?\{([^{}\\$]*)\}[\s$.]*", text)
    if inner is None or read_quantity(inner[1]) is not None or not re.search(r"[^\W\d_]", inner[1]):
        return None
    return Form("words", "w:" + words_key(inner[1]))


def _repeating(found: re.Match[str]) -> str:
    whole, fixed, period = (found[1], found[2], found[3]) if found[1] is not None else (found[4], found[5], found[6])
    if len(fixed) + len(period) > 40:
        return found[0]
    scale = 10 ** len(fixed)
    value = Fraction(int(whole + fixed), scale) + Fraction(int(period), scale * (10 ** len(period) - 1))
    return f"({value.numerator}/{value.denominator})"


def _statement(text: str) -> Form:
    """Any of the shapes; the text is in plain spelling. Raises UnreadableError, also where a side is left out: "x<"."""
    text = text.strip()
    if not text:
        raise UnreadableError
    constant = _as_it_stands(text)
    if constant is not None:
        return constant
    parts = [part for part in _split_words(text) if part.strip()]
    if len(parts) > 1:
        return _several([part.strip() for part in parts])
    if "∪" in text:
        return _union([_statement(part) for part in _split(text, "∪")])
    if "∈" in text:
        name, _, rest = text.partition("∈")
        if _SYMBOL.fullmatch(name.strip()) is None:
            raise UnreadableError
        return _statement(rest.strip())
    if _ORDER.search(text):
        return _inequality(text)
    commas = _split(text, ",")
    if len(commas) > 1:
        quantity = read_quantity(text)
        return (
            _number(quantity.value)
            if quantity is not None and not quantity.unit
            else _several([part.strip() for part in commas])
        )
    if "=" in text:
        return _equation(text)
    return _bracketed(text) or _formula(text)


def _as_it_stands(text: str) -> Form | None:
    """What is compared as it is written, and what would be cut in the wrong places; None for anything else."""
    if text in ("∅", "⦃⦄", "⦃ ⦄"):
        return Form("set", "s:")
    if _RATIO.fullmatch(text) or _BASED.fullmatch(text):
        return Form("written", "w:" + re.sub(r"[\s{}]", "", text))
    described = _DESCRIBED.fullmatch(text)
    if described is not None:
        return _statement(described[1].strip())
    return None


def _split_words(text: str) -> list[str]:
    """The text cut at "or", "and" and semicolons that stand outside of all brackets."""
    parts, start = [], 0
    for found in _SPLIT_WORDS.finditer(text):
        before = text[: found.start()]
        if sum(before.count(sign) for sign in "([{⦃") <= sum(before.count(sign) for sign in ")]}⦄"):
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def _several(parts: Sequence[str]) -> Form:
    """Values one beside the other: solutions, or values of several symbols."""
    forms = [_statement(part) for part in parts]
    if all(form.shape in ("interval", "union") for form in forms):
        return _union(forms)
    names = [part.partition("=")[0].strip() if "=" in part else "" for part in parts]
    if len(set(names)) > 1 and all(names) and len({name.split("_")[0] for name in names}) > 1:
        pairs = sorted(zip(names, forms, strict=True), key=lambda pair: pair[0])
        return Form("assignments", "a:" + ",".join(f"{name}={form.key}" for name, form in pairs))
    return _collection("list", "", forms)


def _split(text: str, sign: str) -> list[str]:
    """The text cut at a sign that stands outside of all brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character in "([{⦃":
            depth += 1
        elif character in ")]}⦄":
            depth -= 1
        elif character == sign and depth <= 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _bracketed(text: str) -> Form | None:
    """A tuple, a set or an interval; None for what is none."""
    opening, closing, inner = text[0], text[-1], text[1:-1]
    if opening in "([⦃{" and closing in ")]⦄}" and _closes_at_end(text):
        parts = [part.strip() for part in _split(inner, ",")]
        if opening in "⦃{":
            return _collection("set", "", [_statement(part) for part in parts if part]) if closing in "⦄}" else None
        if len(parts) < 2:
            parts = [part.strip() for part in _split(inner, ";")]
        if len(parts) < 2:
            return None
        forms = [_statement(part) for part in parts]
        brackets = opening + closing
        if len(forms) == 2 and opening + closing != "()":
            return _interval(forms, brackets)
        return _collection("tuple", brackets, forms)
    return None


def _closes_at_end(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for character in text[:-1]:
        depth += {"(": 1, "[": 1, "⦃": 1, "{": 1, ")": -1, "]": -1, "⦄": -1, "}": -1}.get(character, 0)
        if depth <= 0:
            return False
    return depth == 1


def _collection(shape: str, brackets: str, forms: Sequence[Form]) -> Form:
    keys = [form.key for form in forms]
    if shape in ("set", "list"):
        keys = sorted(set(keys))
        if len(keys) == 1 and shape == "list":
            return forms[0]
    values: list[Value] = []
    for form in forms:
        if form.shape != "number":
            values = []
            break
        values.append(form.values[0])
    if shape == "set":
        values = list(dict.fromkeys(values))
    sign = {"tuple": "t", "set": "s", "list": "s"}[shape]
    return Form(shape, f"{sign}{brackets}:{'|'.join(keys)}", tuple(values), brackets)


def _interval(ends: Sequence[Form], brackets: str) -> Form:
    if any(form.shape != "number" for form in ends):
        return _collection("tuple", brackets, ends)
    low, high = (form.values[0] for form in ends)
    # An open interval is written as a pair is, so they share a key.
    left, right = ("(" if is_infinite(low) else brackets[0]), (")" if is_infinite(high) else brackets[1])
    return Form("interval", f"t{left}{right}:{ends[0].key}|{ends[1].key}", (low, high), left + right)


def _union(forms: Sequence[Form]) -> Form:
    if any(form.shape not in ("interval", "tuple", "union", "set", "number") for form in forms):
        raise UnreadableError
    ordered = sorted(forms, key=lambda form: _order(form.values[0]) if form.values else (0.0, 0.0))
    values = tuple(value for form in ordered for value in form.values)
    return Form(
        "union", "u:" + "&".join(form.key for form in ordered), values, "".join(form.brackets for form in ordered)
    )


def _inequality(text: str) -> Form:
    """A symbol between bounds, as the interval it lies in."""
    signs = _ORDER.findall(text)
    parts = [part.strip() for part in _ORDER.split(text)]
    if len(parts) == 2 and _SYMBOL.fullmatch(parts[1]) and not _SYMBOL.fullmatch(parts[0]):
        parts, signs = parts[::-1], [_FLIP[signs[0]]]
    if len(parts) == 2 and _SYMBOL.fullmatch(parts[0]):
        bound, infinity = _statement(parts[1]), _number(complex(math.inf))
        if signs[0] in "<≤":
            return _interval([_number(complex(-math.inf)), bound], "(" + (")" if signs[0] == "<" else "]"))
        return _interval([bound, infinity], ("(" if signs[0] == ">" else "[") + ")")
    if len(parts) == 3 and _SYMBOL.fullmatch(parts[1]) and {_kind(sign) for sign in signs} in ({"<"}, {">"}):
        if _kind(signs[0]) == ">":
            parts, signs = parts[::-1], [_FLIP[sign] for sign in signs[::-1]]
        return _interval(
            [_statement(parts[0]), _statement(parts[2])],
            ("(" if signs[0] == "<" else "[") + (")" if signs[1] == "<" else "]"),
        )
    raise UnreadableError


def _kind(sign: str) -> str:
    return "<" if sign in "<≤" else ">"


def _equation(text: str) -> Form:
    """An equation; "x = 3" is 3."""
    sides = [side.strip() for side in text.split("=")]
    if len(sides) != 2 or not all(sides):
        raise UnreadableError
    for name, other in (sides, sides[::-1]):
        if (_SYMBOL.fullmatch(name) and not _PRODUCT.fullmatch(name)) or re.fullmatch(
            r"\([A-Za-z](?:\s?,\s?[A-Za-z])+\)", name
        ):
            form = _statement(other)
            if form.values:
                return form
    left, right = (parse(side) for side in sides)
    symbols = symbols_of(left) | symbols_of(right)
    if not symbols:
        raise UnreadableError
    gaps = [
        complex(one) - complex(other)
        for one, other in zip(at_points(left, symbols), at_points(right, symbols), strict=True)
    ]
    unit = next((gap for gap in gaps if abs(gap) > 1e-9), None)
    if unit is None:
        raise UnreadableError
    return Form("equation", f"e:{','.join(sorted(symbols))}:{'|'.join(_written(gap / unit) for gap in gaps)}")


def _formula(text: str) -> Form:
    quantity = read_quantity(text)
    if quantity is not None and not any(character.isdigit() for character in text):
        # Numbers in words are read where they are the whole answer: "two or three" is no set of solutions.
        raise UnreadableError
    if quantity is not None:
        if quantity.unit and not quantity.noun:
            raise UnreadableError
        if not quantity.unit:
            return _number(quantity.value)
    if "±" in text:
        if text.count("±") > 1:
            raise UnreadableError
        return _collection("list", "", [_formula(text.replace("±", sign)) for sign in "+-"])
    node = parse(text)
    symbols = symbols_of(node)
    if not symbols:
        return _number(evaluate(node, {}))
    values = at_points(node, symbols)
    return Form("formula", f"f:{','.join(sorted(symbols))}:{'|'.join(_written(value) for value in values)}")


def _number(value: Value) -> Form:
    return Form("number", f"n:{_written(value)}", (value,))


def _written(value: Value) -> str:
    if isinstance(value, Fraction):
        return str(value)
    if cmath.isnan(value):
        raise UnreadableError
    if cmath.isinf(value):
        return "inf" if value.real > 0 else "-inf"
    real, imaginary = (0.0 if abs(part) < 1e-12 * max(1.0, abs(value)) else part for part in (value.real, value.imag))
    if not imaginary:
        near = Fraction(real).limit_denominator(10_000)
        if abs(near - Fraction(real)) <= 1e-13 * max(1.0, abs(real)):
            return str(near)
    return f"{real:.{DIGITS}e}" + (f"{imaginary:+.{DIGITS}e}i" if imaginary else "")


def side_values(text: str) -> list[Fraction | None]:
    """The exact value of each side of a chain of equations, None for a side that has none."""
    sides = []
    for side in plain_mathematics(text).split("="):
        form = read_form(side.strip()) if side.strip() else None
        exact = form is not None and form.shape == "number" and isinstance(form.values[0], Fraction)
        sides.append(form.values[0] if form is not None and exact else None)
    return sides  # type: ignore[return-value]


__all__ = ["Form", "equal_forms", "read_form", "side_values"]
