"""Answers that are no more than an answer: nothing in them could do anything where a scorer evaluates them as Python.

A scorer that evaluates text can be made to return what it compares with. What such a scorer passes counts only for
text of one of these forms: lists of numbers and texts, or an expression of numbers, letters and known functions. There
are no attributes, no subscripts, no names of more than one letter but those of functions, and no texts in expressions.
"""

import re

from trajectories.core.problems.procedural_families import CodeForm

_NAMES = "sin cos tan cot sec csc asin acos atan sinh cosh tanh asinh acosh atanh exp log ln sqrt Abs abs pi erf"
FUNCTIONS = frozenset(_NAMES.split())
_EXPRESSION = re.compile(r"(\d+\.?\d*|\.\d+|[A-Za-z]+|\*\*|[-+*/^(),=\s])")
_DISPLAY = re.compile(r"[-\d\s_Q.,]*")
_LIST_TOKEN = re.compile(r"""\[|\]|,|-?\d+(?:\.\d+)?|'[\w .-]*'|"[\w .-]*"|\s+""")


def is_plain_answer(form: CodeForm, text: str) -> bool:
    """Whether an answer of this form can be evaluated without doing anything but giving its value."""
    return _is_expression(text) if form is CodeForm.EXPRESSION else _is_list(text)


def _is_expression(text: str) -> bool:
    tokens = _EXPRESSION.findall(text)
    if "".join(tokens) != text:
        return False
    return all(len(token) == 1 or token in FUNCTIONS for token in tokens if token[0].isalpha())


def _is_list(text: str) -> bool:
    """Rows of numbers, underscores and queens, or nested lists in brackets; no list stands behind anything else."""
    if _DISPLAY.fullmatch(text):
        return True
    tokens = _LIST_TOKEN.findall(text)
    if "".join(tokens) != text:
        return False
    solid = [token for token in tokens if token.strip()]
    before = ["", *solid[:-1]]
    return all(
        last in ("", "[", ",") if token[0] not in ",]" else last not in ("", ",")
        for last, token in zip(before, solid, strict=True)
    )
