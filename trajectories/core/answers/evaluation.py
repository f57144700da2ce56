"""The values of formulas: fractions as long as they are fractions, else floating-point numbers, real or complex."""

import cmath
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from hashlib import sha256

MAX_POWER = 400
MAX_BITS = 64
"""Of numerator and denominator of what is raised to a power exactly."""

POINTS = 3

Value = Fraction | complex
Node = tuple[object, ...]
"""What a formula is: the name of its outermost operation, and its parts."""


class UnreadableError(ValueError):
    """What is not mathematics that is read here."""


FUNCTIONS: Mapping[str, Callable[[complex], complex]] = {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "cot": lambda x: 1 / cmath.tan(x),
    "sec": lambda x: 1 / cmath.cos(x),
    "csc": lambda x: 1 / cmath.sin(x), "arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan,
    "asin": cmath.asin,
    "acos": cmath.acos, "atan": cmath.atan, "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh, "ln": cmath.log,
    "log": cmath.log, "exp": cmath.exp, "sqrt": cmath.sqrt,
}  # fmt: skip


def at_points(node: Node, symbols: frozenset[str]) -> list[Value]:
    """The values of a formula at the points by which formulas are told apart."""
    return [evaluate(node, {name: _point(name, number) for name in symbols}) for number in range(POINTS)]


def _point(name: str, number: int) -> complex:
    """The value of a symbol at a point: from 0.3 to 2.3, at the second point negative."""
    size = 0.3 + 2 * int.from_bytes(sha256(f"{name} {number}".encode()).digest()[:6], "big") / 2**48
    return complex(-size if number == 1 else size)


def symbols_of(node: Node) -> frozenset[str]:
    """The names of a formula's symbols."""
    if node[0] == "symbol":
        return frozenset([str(node[1])])
    return frozenset().union(*(symbols_of(part) for part in node[1:] if isinstance(part, tuple)))


def evaluate(node: Node, at: Mapping[str, complex]) -> Value:
    """The value of a formula where its symbols have these values: a fraction as long as it is one."""
    what = node[0]
    if what == "number":
        return node[1]  # type: ignore[return-value]
    if what == "symbol":
        return at[str(node[1])]
    if what in _CONSTANTS:
        return _CONSTANTS[str(what)]
    parts = [evaluate(part, at) for part in node[1:] if isinstance(part, tuple)]
    if what in _EXACT:
        return _EXACT[str(what)](*parts)
    return FUNCTIONS[str(what)](complex(parts[0]))


_CONSTANTS = {"pi": complex(math.pi), "e": complex(math.e), "i": 1j, "infinity": complex(math.inf)}


def is_infinite(value: Value) -> bool:
    """Whether a value is beyond all numbers."""
    return isinstance(value, complex) and cmath.isinf(value)


def _both(
    one: Value,
    other: Value,
    exact: Callable[[Fraction, Fraction], Fraction],
    near: Callable[[complex, complex], complex],
) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return exact(one, other)
    if is_infinite(complex(one)) or is_infinite(complex(other)):
        return complex(near(complex(one).real, complex(other).real))
    return near(complex(one), complex(other))


def _raise(base: Value, power: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(power, Fraction):
        if (
            power.denominator == 1
            and abs(power) <= MAX_POWER
            and max(base.numerator.bit_length(), base.denominator.bit_length()) < MAX_BITS
            and (base or power >= 0)
        ):
            return base ** int(power)
        if power.denominator > 1 and base >= 0:
            return _root(_raise(base, Fraction(power.numerator)), Fraction(power.denominator))
    return complex(base) ** complex(power)


def _root(value: Value, index: Value) -> Value:
    if isinstance(value, Fraction) and isinstance(index, Fraction) and index.denominator == 1 and 0 < index < 20:
        sign = -1 if value < 0 and index % 2 else 1
        exact = (
            [round(part ** (1 / int(index))) for part in (abs(value.numerator), value.denominator)]
            if value.numerator.bit_length() < 900
            else [0, 1]
        )
        if (
            (value >= 0 or sign < 0)
            and exact[0] ** int(index) == abs(value.numerator)
            and exact[1] ** int(index) == value.denominator
        ):
            return Fraction(sign * exact[0], exact[1])
        if sign < 0:
            return -(complex(abs(value)) ** (1 / complex(index)))
    return complex(value) ** (1 / complex(index))


def _factorial(value: Value) -> Value:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= 100:
        raise UnreadableError
    return Fraction(math.factorial(int(value)))


def _choose(top: Value, bottom: Value) -> Value:
    if not all(isinstance(part, Fraction) and part.denominator == 1 and 0 <= part <= 1000 for part in (top, bottom)):
        raise UnreadableError
    return Fraction(math.comb(int(top.real), int(bottom.real)))


_EXACT: Mapping[str, Callable[..., Value]] = {
    "+": lambda one, other: _both(one, other, lambda a, b: a + b, lambda a, b: a + b),
    "-": lambda one, other: _both(one, other, lambda a, b: a - b, lambda a, b: a - b),
    "*": lambda one, other: _both(one, other, lambda a, b: a * b, lambda a, b: a * b),
    "/": lambda one, other: _both(one, other, lambda a, b: a / b, lambda a, b: a / b),
    "neg": lambda one: -one if isinstance(one, Fraction) else complex(-one.real, -one.imag if one.imag else 0.0),
    "abs": lambda one: abs(one) if isinstance(one, Fraction) else complex(abs(one)),
    "^": _raise,
    "root": _root,
    "!": _factorial,
    "binom": _choose,
}
