"""Reading and comparing LaTeX with math-verify and sympy: runs inside the sandbox, where there is one.

`answer` gives {"unreadable": which}, {"numbers": [text, text]}, {"equal": true or false} or {"fault": text}.

Only the LaTeX reader is used: math-verify's reader of plain expressions runs `eval`.
"""

import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy
from latex2sympy2_extended.latex2sympy2 import normalize_latex
from math_verify import LatexExtractionConfig, verify
from math_verify.parser import parse_latex_cached

DIGITS = 30
MAX_DIGITS = 2_000
RECURSION = 10_000

WARMING = (
    ("x^2-1", "(x-1)(x+1)"),
    (r"\frac{3}{4}", r"\dfrac{-6}{8}"),
    (r"\frac{\sqrt{3}}{2}", r"2\pi \cdot 3.5"),
    ("(1,2]", r"[1, \infty)"),
    (r"\{1,2\}", "2, 1"),
    (r"(-\infty, -1) \cup (2, 3)", r"x > 3"),
    ("y=2x+1", r"2x+1=y"),
    ("3+4i", "4i+3"),
    (r"\sin(x)^2 + \cos^2 x", r"\log_2 8 + \ln e"),
    (r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}", r"\begin{bmatrix}1\\2\end{bmatrix}"),
    (r"x \le 5", r"x \neq 2"),
    (r"e^{2x}", r"\left(\frac{1}{2}\right)^{n-1}"),
    (r"\sum_{k=1}^{n} k", r"\int x dx"),
    (r"|x-2|", r"\binom{5}{2} 3!"),
)
"""What answers look like."""

_NORMALIZATION = replace(LatexExtractionConfig().normalization_config, boxed="none", units=False)


def settle() -> None:
    """Raise the recursion limit and switch logging off, in the process that compares and in no other."""
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(RECURSION)


def warm_up() -> None:
    """Compare what is common: the reader learns its grammar from the texts it reads, which takes it half a second."""
    settle()
    for expected, found in WARMING:
        answer(None, {"expected": expected, "found": found})


def prepare(_shared: Mapping[str, Any]) -> None:
    """Nothing is shared between requests."""


def answer(_prepared: None, request: Mapping[str, Any]) -> dict[str, Any]:
    """Compare what a request names under "expected" and "found"; a fault says nothing about either expression."""
    try:
        read = {}
        for side in ("expected", "found"):
            read[side] = _read(request[side])
            if read[side] is None or _is_undefined(read[side]):
                return {"unreadable": side}
        return _compare(read["expected"], read["found"])
    except (MemoryError, RecursionError):
        return {"fault": "the expression is too large"}
    except Exception as fault:
        return {"fault": f"{type(fault).__name__}: {fault}"[:300]}


def _read(latex: str) -> Any:
    """The sympy object, None where the text is not LaTeX that the reader knows."""
    try:
        return parse_latex_cached(normalize_latex(latex, config=_NORMALIZATION))
    except (MemoryError, RecursionError):
        raise
    except Exception:
        return None


def _is_undefined(expression: Any) -> bool:
    """Whether it is a number that there is none of, such as 1/0."""
    is_number = isinstance(expression, sympy.Expr) and expression.is_number
    return bool(is_number and expression.doit().has(sympy.nan, sympy.zoo))


def _compare(expected: Any, found: Any) -> dict[str, Any]:
    numbers = [_number(_value(expected, found)), _number(_value(found, expected))]
    if None not in numbers:
        return {"numbers": numbers}
    equal = verify(expected, found, timeout_seconds=None, raise_on_error=True)
    return {"equal": bool(equal)}


def _value(expression: Any, other: Any) -> Any:
    """What is behind "x =", unless the other expression is about another symbol."""
    if not _is_assignment(expression):
        return expression
    return expression.rhs if not _is_assignment(other) or other.lhs == expression.lhs else expression


def _is_assignment(expression: Any) -> bool:
    return isinstance(expression, sympy.Eq) and isinstance(expression.lhs, sympy.Symbol)


def _number(expression: Any) -> str | None:
    """A real number as a fraction or, where it is not rational, as a decimal; None for anything else."""
    if not isinstance(expression, sympy.Expr) or not expression.is_number:
        return None
    value = expression.doit()
    if isinstance(value, sympy.Rational) and value.is_finite:
        # Python writes no integers of more digits than that, and a request's answer has to stay small.
        return str(value) if max(value.p.bit_length(), value.q.bit_length()) < 3 * MAX_DIGITS else None
    decimal = value.evalf(DIGITS)
    return str(decimal) if isinstance(decimal, sympy.Float) and decimal.is_finite else None
