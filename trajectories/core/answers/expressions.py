"""Answers that are expressions rather than plain numbers: what of a text is one, and what is its unit."""

import re
from dataclasses import dataclass

from trajectories.core.answers.numbers import is_noun
from trajectories.core.answers.plain import plain_mathematics
from trajectories.core.answers.units import read_unit

MAX_CHARACTERS = 300
MAX_DEPTH = 12

_DELIMITED = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_DELIMITER = re.compile(r"\$\$?|\\[()\[\]]")
_LATEX_UNIT = re.compile(r"(?:\\[ ,;!~]|\s|~)*\\(?:text|mathrm|textrm)\s?\{([^{}\\]*)\}(\^\{?[23]\}?)?\s*$")
_WORD_UNIT = re.compile(r"(?<=[\s\d})])\s*(?<!\\)\b([^\W\d_]{2,})(\^?[23])?\s*$")
_COMMAND_OR_TEXT = re.compile(r"\\(?:text|mathrm|textrm|operatorname|begin|end)\s?\{[^{}]*\}|\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_MATHEMATICS = frozenset(
    ["and", "or", "sqrt", "frac", "dfrac", "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "infty", "pi"]
)
_SOME_NUMBER = re.compile(r"[\d\\π√]")


@dataclass(frozen=True, slots=True)
class Expression:
    """LaTeX without delimiters, and the unit behind it ("" for none)."""

    latex: str
    unit: str


def read_expression(text: str) -> Expression | None:
    """The expression that a text is, or None: prose, braces that do not match, too long or nested too deeply.

    One word behind an expression is its unit. Text around a single delimited expression is left out.
    """
    if not 0 < len(text) <= MAX_CHARACTERS:
        return None
    text = text.strip().rstrip(".").strip()
    parts = _DELIMITED.findall(text)
    if len(parts) == 1 and "=" not in _DELIMITED.sub("", text):
        latex = "".join(parts[0])
        rest = _DELIMITED.sub("", text).strip()
        return _split_unit(f"{latex} {rest}" if rest.isalpha() else latex)
    return _split_unit(_DELIMITER.sub(" ", text))


def may_be_number(latex: str) -> bool:
    """Whether an expression can be a number at all: it has a digit, a constant or a command."""
    return _SOME_NUMBER.search(latex) is not None


def _split_unit(latex: str) -> Expression | None:
    latex, unit = latex.strip(), ""
    found = _LATEX_UNIT.search(latex) or _WORD_UNIT.search(latex)
    if found is not None and found.start() > 0 and found[1].casefold() not in _MATHEMATICS and _is_unit(found[0]):
        unit = (found[1] + (found[2] or "")).replace("{", "").replace("}", "").strip()
        latex, unit = latex[: found.start()].strip(), read_unit(unit) or unit.casefold()
    return Expression(latex, unit) if _is_expression(latex) else None


def _is_unit(text: str) -> bool:
    """Whether a text behind an expression is a unit or a noun, rather than a word that changes it."""
    plain = plain_mathematics(text)
    return read_unit(plain) != "" or is_noun(plain)


def _is_expression(latex: str) -> bool:
    words = _WORD.findall(_COMMAND_OR_TEXT.sub(" ", latex))
    return bool(latex) and all(word.casefold() in _MATHEMATICS for word in words) and _is_balanced(latex)


def _is_balanced(latex: str) -> bool:
    """Whether braces match, and no bracket is nested deeper than MAX_DEPTH."""
    braces = depth = 0
    for character in re.sub(r"\\[{}]", "", latex):
        braces += {"{": 1, "}": -1}.get(character, 0)
        depth = max(0, depth + {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(character, 0))
        if braces < 0 or depth > MAX_DEPTH:
            return False
    return braces == 0
