"""Equations as answers: whether what stands before an equals sign only names the value behind it.

"x = 42" and "6 × 7 = 42" state 42. "2x = 42" and "x^2 = 42" do not, unless 2x or x^2 is what was asked for.
"""

import re

from trajectories.core.answers.evaluation import FUNCTIONS, UnreadableError, symbols_of
from trajectories.core.answers.formulas import parse
from trajectories.core.answers.plain import plain_mathematics, strip_marks

MAX_SIDE = 300
"""Characters at the end of a side that are looked at."""
_FUNCTION_NAMES = "|".join(sorted(FUNCTIONS, key=len, reverse=True))
_FORMULA_AT_END = re.compile(
    rf"(?:(?<![^\W\d_])(?:[A-Za-zα-ω]|{_FUNCTION_NAMES}|[A-Z]{{2,4}}|[abmnpqxyz]{{2,3}})(?![^\W\d_])|"
    rf"(?<=\d)(?:[A-Za-z]|[abmnpqxyz]{{2,3}})(?![^\W\d_])|[\d\s+\-*/^_{{}}().,|√×·÷!'±]|\\[A-Za-z]+)*\Z"
)
"""The end of a text that has no words in it."""
_NAME = re.compile(
    r"[A-Za-zα-ω](?:_(?:\{[^{}]*\}|\w+))?'*|\\[A-Za-z]+(?:_(?:\{[^{}]*\}|\w))?|[A-Z]{2,4}|\|[A-Z]{1,4}\||"
    r"\([A-Za-z](?:\s?,\s?[A-Za-z])+\)"
)
"""x, x_1, x_{max}, f', \\alpha, the segment AB, the size |S|, the pair (x, y)."""
_APPLIED = re.compile(r"(?P<name>[A-Za-z])(?:_(?:\{[^{}]*\}|\w+))?'*\s?\((?P<given>[^=]*)\)")
_UNKNOWNS = frozenset("xyz")
_ASKS = re.compile(
    r"\b(?:find|compute|determine|calculate|evaluate|enter|give|report|submit|express|what(?:'s| is| are)|"
    r"values? of|sum|product|answer)\b|求|计算|bestimme|berechne|calcul\w+|trouve\w*|halla\w*",
    re.IGNORECASE,
)
_MEASURE = (
    r"(?:areas?|volumes?|circumference|perimeter|fläche(?:ninhalt)?|volumen|umfang|aire|périmètre|área|perímetro|面积|"
    r"体积|周长)"
)
_SAID_TO_BE = re.compile(
    rf"(?<![^\W\d_]){_MEASURE}(?![^\W\d_])[^.=;:!?]{{0,80}}(?:\b(?:is|are|equals|therefore|ist|est|es|è)\b|[:：是为])[\s*_$\\(\[]*\Z",
    re.IGNORECASE,
)
_ASKS_MEASURE = re.compile(
    rf"(?:{_ASKS.pattern}|how (?:large|big))\s*"
    rf"(?:(?:the|total|surface|lateral|its|exact|der|die|den|das|l['’]|la|el|le)\s*)*{_MEASURE}(?![^\W\d_])",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[.?!;](?=\s|\Z)|\n\s*\n|。|？")


def names_value(side: str, asked: str = "", before: str = "") -> bool:
    """Whether the left side of an equation names the value on its right; `asked` is the question that is answered,
    `before` what is said in front of the equation.

    Words, a lone symbol, a function at a value and constants do; a formula with a symbol in it does not, unless the
    question asks for that formula, or it is said to be a measure: "the area is πr² = 9π".
    """
    timed = re.sub(r"(?<=\d)\s?[xX]\s?(?=\d)", "×", plain_mathematics(side[-MAX_SIDE:]))
    plain = strip_marks(timed).replace("$", " ").strip(" *_`:,;")
    found = _FORMULA_AT_END.search(plain)
    formula = (found[0] if found is not None else "").strip(" ,.'")
    if not formula or _NAME.fullmatch(formula):
        return re.fullmatch(r"[abmnpqxyz]{2,3}", formula) is None
    applied = _APPLIED.fullmatch(formula)
    if applied is not None and applied["name"] not in _UNKNOWNS and applied["name"] not in applied["given"]:
        return True
    try:
        symbols = symbols_of(parse(formula))
    except (UnreadableError, ArithmeticError, ValueError, RecursionError):
        return True
    said = before + plain[: 0 if found is None else found.start()]
    return not symbols or _is_measure(asked, said) or _asks_for(formula, asked)


def _is_measure(asked: str, before: str) -> bool:
    """Whether a formula is said, or asked, to be an area, a volume or another measure that formulas are known for."""
    return _SAID_TO_BE.search(before[-MAX_SIDE:]) is not None or _ASKS_MEASURE.search(asked) is not None


def _asks_for(formula: str, asked: str) -> bool:
    """Whether a question asks for a formula: it stands behind "find" or its like, and is no side of an equation."""
    wanted = re.escape(_squeezed(formula))
    if not wanted or not asked:
        return False
    whole = re.compile(rf"(?<![\w^+*/.-]){wanted}(?![\w^+*/=<>≤≥-])")
    start = 0
    for end in [*(found.end() for found in _CLAUSE_END.finditer(asked)), len(asked)]:
        verb = _ASKS.search(asked, start, end)
        if verb is not None and whole.search(_squeezed(plain_mathematics(asked[verb.end() : end])).rstrip(".?!;")):
            return True
        start = end
    return False


def _squeezed(text: str) -> str:
    # Words are parted by a sign of their own, so that "ofx+y" is not one.
    return (
        re.sub(r"(?<![^\W\d_])[^\W\d_]{2,}(?![^\W\d_])", "¦", text).replace(" ", "").replace("$", "").replace("\n", "")
    )
