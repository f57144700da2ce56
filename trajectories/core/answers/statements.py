"""Cutting the answer out of what follows a label: from "about 42 seats, because six sevens are that" the "42 seats"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from trajectories.core.answers.endings import without_loose_ends
from trajectories.core.answers.equations import names_value
from trajectories.core.answers.marks import REFUSAL, sentences, trim
from trajectories.core.answers.mathematics import equal_forms, read_form, side_values
from trajectories.core.answers.numbers import read_quantity
from trajectories.core.answers.plain import plain_mathematics


class Reading(Enum):
    """What became of a statement."""

    READ = "read"
    BLOCKED = "blocked"  # It states no single value, and says so: a bound, two values, "unknown"
    VAGUE = "vague"  # Something is stated that cannot be read
    DENIED = "denied"  # It says what the answer is not
    NOTHING = "nothing"  # It only speaks of the answer


@dataclass(frozen=True, slots=True)
class Statement:
    """A reading with the place of what was read, and its value where that is more than the text at this place."""

    reading: Reading
    start: int
    """Where it begins, in characters from the beginning of the text."""
    end: int
    """Where it ends, in the same way."""
    value: str = ""


_LEAD = re.compile(
    r"[\s*_`]*(?:(?:(?:obviously|of course|naturally|evidently|surely|in fact|as expected|apparently|therefore|"
    r"thus|hence|then|so|now|simply|just|indeed|clearly|also|again|definitely|certainly|equal(?:s)? to|given by|"
    r"the number|the value|"
    r"as follows|the following|"
    r"(?:the\s+)?(?:(?:ordered|open|closed|half-open|solution)\s+)*(?:points?|pairs?|triples?|intervals?|sets?|vector|"
    r"coordinates)(?=[\s*_`$]*[(\[{\\])|option|choice|letter|found to be|calculated as|also|folglich|somit|daher|also|"
    r"donc|alors|entonces|dunque|quindi|所以|因此|即)"
    r"(?![^\W\d_]),?|[:：,=→⇒➜-](?=\s|$)|[:：=→⇒➜])[\s*_`]*)+", re.IGNORECASE
)  # fmt: skip
_NAMED_LEAD = re.compile(r"[^\d\n:：\\$=<>]{1,40}[:：]\s*(?=\S)")
_DENIAL = re.compile(
    r"[\s*_`]*(?:(?:definitely|certainly|clearly)\s+)?(?:not\b|n't\b|never\b|nicht\b|kein|pas\b|no es\b|non è\b|"
    r"не\b|不是|并不是|ではな)",
    re.IGNORECASE,
)
CONTRAST = re.compile(
    r"(?:[,;:—–-]|\bbut\b)?\s*(?:\b(?:but|rather|instead|sondern|mais|sino|ma|bensì|а)\b|而(?:应该?|應該?)?是|,\s*是)"
    r"(?:\s+(?:rather|instead))?(?:,?\s+(?:it|that)(?:['’]s|\s+is|\s+equals)\b)?\s*|"
    r"[,;:—–-]\s*(?:it|that|the\s+(?:\w+\s+)?(?:answer|value|number|one|choice|option))"
    r"(?:['’]s|\s+is|\s+equals|\s+should be|\s+must be)\b\s*",
    re.IGNORECASE,
)  # fmt: skip
"""What stands between what an answer is not and what it is."""
_CUT = re.compile(
    r"\s+\((?!\s*(?:in\s+)?(?:base|binary|octal|hex|thousand|million|billion|dozen|hundred|percent|negative)\w*\b)|"
    r"\s+(?:rather than|instead of|as opposed to|not|nicht)\b|"
    r"\s*≈|"
    r"\s*,?\s+(?:because|since|as (?!follows)|so that|which|where|given|using|from|i\.e\.|that is|by|when|"
    r"if we|after|once|due to|obtained|namely|weil|denn|da|"
    r"puisque|parce que|car|porque|ya que|poiché|perché|потому что|так как)\b|,\s+(?:so|and (?:so|this|that|the|"
    r"we|it|i)|not|as|it|this|the|we|i|for|with|und|also)\b|"
    r"\s+[—–]\s+|\s-\s+(?=[^\W\d_]{2})|\s*;\s|,?因为|，因为|，|、?なぜなら|!|\s*[✓✅✔]|\s+\.\s", re.IGNORECASE
)  # fmt: skip
_HEDGE = re.compile(
    r"\s+\(\s*(?:or|else|alternatively|possibly|maybe|perhaps|oder|vielleicht|ou|peut-être|o|tal vez|quizás|forse)\b"
    r",?\s+(?!(?:about|approximately|roughly)\b)([^()]+)\)", re.IGNORECASE
)  # fmt: skip
_ROUNDED = re.compile(r",?\s+(?:or|which is)\s+(?:about|approximately|roughly)\b", re.IGNORECASE)
_BOUND = re.compile(
    r"^\W*(?:either|between|at least|at most|more than|less than|fewer than|greater than|smaller than|over|"
    r"under|above|below|up to|no more than|no less than|not more than|"
    r"nearly|almost|mindestens|höchstens|zwischen|entre|au moins|au plus|al menos|a lo sumo|como máximo|almeno|"
    r"至少|至多|大于|小于|超过|少なくとも|"
    r"[<>≤≥]|\\leq?|\\geq?|\\lt|\\gt)", re.IGNORECASE
)  # fmt: skip
_UNKNOWN = re.compile(
    r"^\W*(?:unknown|none|undetermined|undefined|unclear|n/?a|indeterminate|impossible|not (?:known|given|"
    r"possible|determinable)|cannot|can't|unbekannt|inconnue?|"
    r"desconocid[oa]|未知|不明|无解|does not exist|no solution)", re.IGNORECASE
)  # fmt: skip
_DIGIT = re.compile(r"\d|[½¼¾⅓⅔]")
LONGEST_STATEMENT = 300
MOST_HEDGED = 6
"""Words of a second value in brackets that are looked at."""
MAX_SENTENCE = 2_000


def read_numeric(text: str, start: int, end: int, *, boxed: bool = False, asked: str = "") -> Statement:
    """The number or formula that a part of a text states; `boxed` says that all of the part is the statement, `asked`
    is the question."""
    if not boxed:
        start = skip_lead(text, start, end)
        if _DENIAL.match(text, start, end):
            return _after_denial(text, start, first_end(text, start, end), asked)
        end = first_end(text, start, end)
    start, end = trim(text, start, end)
    if start >= end:
        return Statement(Reading.NOTHING, start, end)
    shown = min(end, start + LONGEST_STATEMENT)
    if not boxed and (_BOUND.match(text[start:shown]) and not _is_mathematics(text[start:shown])):
        return Statement(Reading.BLOCKED if _DIGIT.search(text, start, shown) else Reading.NOTHING, start, shown)
    for cut in [end] if boxed else _cuts(text, start, end):
        first, last = _bare(text, start, cut, boxed=boxed)
        if 0 < last - first <= LONGEST_STATEMENT and is_readable(text[first:last]):
            return Statement(Reading.READ, *_last_side(text, first, last, asked))
    if _UNKNOWN.match(text[start:shown]) or REFUSAL.match(text, start, shown):
        return Statement(Reading.BLOCKED, start, shown)
    if boxed:
        return Statement(Reading.VAGUE, start, shown)
    return Statement(Reading.BLOCKED if _DIGIT.search(text, start, end) else Reading.VAGUE, start, shown)


def _after_denial(text: str, start: int, end: int, asked: str) -> Statement:
    """What a statement goes on to say that begins with what the answer is not: "not 41 but 42"."""
    contrast = CONTRAST.search(text, start, end)
    if contrast is not None:
        said = read_numeric(text, contrast.end(), end, asked=asked)
        if said.reading is Reading.READ:
            return said
    return Statement(Reading.DENIED, start, end)


def _bare(text: str, start: int, end: int, *, boxed: bool) -> tuple[int, int]:
    """A statement without the marks around it; the point of .75 is none."""
    before = (-1, -1)
    while before != (start, end):
        before = (start, end)
        start, end = trim(text, start, end, " \t\r\n*_`" if boxed else " \t\r\n*_`,;:.。，!！")
        start, end = without_loose_ends(text, start, end)
    if not boxed and start > 0 and text[start - 1] in ".," and re.match(r"\d", text[start:end]):
        start -= text[start - 1] == "." and not text[start - 2 : start - 1].isdigit()
    return start, end


def first_end(text: str, start: int, end: int, *, letters: bool = False) -> int:
    """Where the first sentence of a part ends."""
    end = min(end, start + MAX_SENTENCE)
    return next(iter(sentences(text, start, end, letters=letters)), (start, end))[1]


def skip_lead(text: str, start: int, end: int) -> int:
    """Where a statement begins after words that only lead to it."""
    lead = _LEAD.match(text, start, end)
    start = start if lead is None else lead.end()
    named = _NAMED_LEAD.match(text, start, end)
    return start if named is None else named.end()


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Where a statement may end, the longest first; "or about 3.46" only rounds what stands before it."""
    rounded = _ROUNDED.search(text, start, end)
    end = end if rounded is None or rounded.start() == start else rounded.start()
    yield end
    places = {cut.start() for cut in _CUT.finditer(text, start, end) if cut.start() > start}
    yield from (cut for cut in sorted(places, reverse=True) if not _is_hedged(text, start, cut, end))


def _is_hedged(text: str, start: int, cut: int, end: int) -> bool:
    """Whether brackets behind a value hold another one that it may be as well: "10 (or 11, if both ends count)"."""
    hedge = _HEDGE.match(text, cut, end)
    if hedge is None:
        return False
    words = hedge[1].replace(",", " ").split()
    others = (" ".join(words[:count]) for count in range(min(len(words), MOST_HEDGED), 0, -1))
    other = next((read_form(each) for each in others if is_readable(each)), None)
    said = read_form(text[start:cut].strip(" *_`"))
    return other is not None and (said is None or equal_forms(said, other) is False)


def _is_mathematics(text: str) -> bool:
    """Whether an inequality says of what it holds."""
    form = read_form(text.strip(" .*_"))
    return form is not None and form.shape in ("interval", "union")


def is_readable(text: str) -> bool:
    """Whether a whole text is a number, with or without a unit, or mathematics."""
    if read_quantity(text) is not None:
        return True
    if "=" in text and not _is_joined(text) and (_is_number(_sides(text)[-1]) or _holds(text)):
        return True
    if read_form(text) is not None:
        return True
    return _is_latex(text)


def _holds(text: str) -> bool:
    """Whether each side of a chain of equations has the same value, which the first one states: 6 = 2 × 3."""
    values = side_values(text)
    return values[0] is not None and len(set(values)) == 1 and read_quantity(_sides(text)[0]) is not None


def _is_latex(text: str) -> bool:
    """Whether a text is all LaTeX, beyond what is read here: matrices, integrals, cases."""
    stripped = text.strip().rstrip(".")
    if not (stripped.startswith(("$", "\\")) and stripped.endswith(("$", "}", "]", ")"))):
        return False
    words = re.findall(r"[^\W\d_]{4,}", re.sub(r"\\[A-Za-z]+(?:\{[a-z*]+\})?", " ", plain_mathematics(stripped)))
    return not words and re.search(r"\\begin|\\int|\\sum|\\lim|\\frac|\\sqrt", stripped) is not None


def _is_number(side: str) -> bool:
    """Whether a side of an equation is a number, written plainly or as a formula without symbols: 9π."""
    if read_quantity(side) is not None:
        return True
    form = read_form(_without_half_delimiter(side))
    return form is not None and form.shape == "number"


def _is_joined(text: str) -> bool:
    """Whether several equations stand beside one another."""
    return re.search(r",|;|\b(?:or|and|oder|und|ou|et)\b", text) is not None


def _sides(text: str) -> list[str]:
    return text.split("=")


def _last_side(text: str, start: int, end: int, asked: str) -> tuple[int, int]:
    """The value at the end of a chain of equations (6 × 7 = 42), or at its beginning where that is the plain one; all
    of it where it states no value (2x = 42)."""
    said = text[start:end]
    if "=" not in said or _is_joined(said) or re.search(r"[<>≤≥]|\\[lg]eq?", said):
        return start, end
    sides = _sides(said)
    end -= len(said) - len(_without_half_delimiter(said))
    sides[-1] = _without_half_delimiter(sides[-1])
    if not names_value(sides[0], asked, text[:start]):
        return start, end
    if _is_number(sides[-1]) and re.search(r"\d|π|\\pi|\\frac", sides[-1]):
        return trim(text, end - len(sides[-1]), end)
    if len(sides) == 2 and read_quantity(sides[0]) is not None:
        values = side_values(said)
        if values[1] is None or values[0] == values[1]:
            return trim(text, start, start + len(sides[0]), " \t\n*_`$") if values[1] is not None else (start, end)
    return start, end


def _without_half_delimiter(side: str) -> str:
    """The last side of an equation without the closing delimiter whose opening one stands before the first side."""
    side = side.rstrip(" *_`.")
    closing = next((sign for sign in ("$$", "$", "\\)", "\\]") if side.endswith(sign)), "")
    return side[: -len(closing)] if closing and side.count(closing) % 2 == 1 else side
