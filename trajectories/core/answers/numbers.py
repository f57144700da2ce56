"""Reading numbers as people and models write them, exactly: as fractions, with their unit."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from trajectories.core.answers.number_words import AND_PART, PARTS, POWERS, SCALES, is_number_word, read_words
from trajectories.core.answers.plain import plain_mathematics, strip_marks
from trajectories.core.answers.units import COUNTS, CURRENCIES, convert, is_money, read_unit
from trajectories.core.records import JSON

MAX_CHARACTERS = 200
MAX_EXPONENT = 400
MAX_NOUN_WORDS = 6

_ABOUT = re.compile(
    r"(?:[≈~∼=≡]|(?:more or less|plus ou moins|más o menos|about|approximately|approx\.?|around|roughly|circa|"
    r"ca\.|exactly|precisely|just|only|simply|a total of|in total|"
    r"etwa|ungefähr|rund|genau|insgesamt|environ|exactement|au total|aproximadamente|exactamente|unos|unas|"
    r"circa|esattamente|примерно|ровно)(?![^\W\d_])|大约|约|約|およそ|共|总共|一共|约为|약)\s*", re.IGNORECASE
)  # fmt: skip
_AFTER = re.compile(
    r"\s*(?:,?\s*(?:or so|in total|in all|altogether|overall|total|exactly|approximately|respectively|insgesamt|"
    r"au total|en total|"
    r"です|でした|である|となります|になります|입니다|이다|개입니다))+\s*",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[-+]\s?|(?:minus|negative|moins|menos)\s+", re.IGNORECASE)
_MONEY = re.compile(
    r"(?:US|A|C|AU|CA|HK|NZ)?\$|[€£¥₹₩₽￥]|(?:USD|EUR|GBP|JPY|CNY|INR|CHF|KRW|RMB)(?=[\s\d])|Rs\.?(?=[\s\d])"
)
_NUMBER = "|".join([
    r"(?P<european>[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}(?!\d))",
    r"(?P<comma>[1-9]\d{0,2}(?:,\d{3})+(?![\d,])(?:\.\d+)?|[1-9]\d?(?:,\d{2})+,\d{3}(?!\d)(?:\.\d+)?)",
    r"(?P<space>[1-9]\d{0,2}(?:[ '_]\d{3})+(?!\d)(?:[.,]\d+)?)",
    r"(?P<decimal_comma>\d+,\d+(?![\d,]))",
    r"(?P<plain>\d+(?:\.\d*)?|\.\d+)",
])  # fmt: skip
_CORE = re.compile(_NUMBER)
_MIXED = re.compile(r"(?P<whole>\d+)(?:\s+|\s*\+\s*|\s+and\s+|\s*&\s*)(?P<top>\d+)\s?/\s?(?P<bottom>\d+)(?![\d./])")
_OVER = re.compile(r"\s?[/÷]\s?")
_EXPONENT = re.compile(
    r"[eE](?P<e>[-+]?\d{1,4})(?![\w.])|\s?[×x*·]\s?10\s?(?:\^|\*\*)\s?\{?\s?(?P<ten>[-+]?\s?\d{1,4})\s?\}?"
)
_TEN = re.compile(r"10\s?\^\s?\{?\s?(?P<ten>[-+]?\d{1,4})\s?\}?")
_FRACTION = re.compile(r"\\frac\s*(?:\{([^{}\\]*)\}|(\d))\s*(?:\{([^{}\\]*)\}|(\d))")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)(?![^\W\d_])", re.IGNORECASE)
_ATTACHED = {"k": 10**3, "K": 10**3, "M": 10**6}
_ATTACHED_MONEY = {"m": 10**6, "b": 10**9, "B": 10**9, "bn": 10**9, "t": 10**12, "T": 10**12}
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*\.?")
_NO_NOUN = frozenset(
    ["per", "is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "do", "does", "did",
    "not", "no", "nor", "or", "and", "but", "than", "too", "if", "so", "yes", "wrong", "incorrect", "maybe",
    "perhaps", "probably", "unless", "instead", "rather", "either", "neither", "vs", "versus", "minus", "plus",
    "minimum", "maximum", "min", "max", "upwards", "downwards", "least", "most", "because", "since", "as", "while",
    "to", "until", "through", "between", "except", "without", "sqrt", "pi", "sin", "cos", "tan", "log", "ln", "exp",
    "frac", "infinity", "mod", "modulo", "choose", "factorial", "oder", "und", "nicht", "ou", "et", "pas", "o", "y",
    "no", "ist", "sind", "est", "sont", "es", "son", "或", "和", "不", "以上", "以下", "至少", "至多"]
)  # fmt: skip
_COMPOUND = re.compile(r"(?P<unit>[^\d,]{1,20}?)(?:\s+and\s|,)?\s*(?P<more>\d[^\n]{0,40})")
_NOT_FIRST = re.compile(r"[\x00-\x7f]{1,2}\.?|[Α-ωπ∞]+")
_BOUND = re.compile("以上|以下|以内|未满|未満|より|至少|至多|左右")


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number and its unit: as `units.read_unit` writes it, a noun as it stands in lower case, or "" for none.

    45% has the value 45 and the unit "%". `noun` says that the unit is none that is known.
    """

    value: Fraction
    unit: str
    noun: bool = False


def read_quantity(value: JSON) -> Quantity | None:
    """The number that a JSON value or a whole text states, or None.

    Texts may have separators of thousands, a decimal comma, a fraction, a mixed number, an exponent, a sign of
    approximation, money, words of number (42 thousand, 3 and a half, forty-two), and a unit or noun behind. What stands
    behind and is neither makes it no number.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        # A float's shortest decimal form is what was written, not its binary value.
        value = repr(value)
    return _read_text(value) if isinstance(value, str) and len(value) <= MAX_CHARACTERS else None


@lru_cache(maxsize=4_096)
def _read_text(value: str) -> Quantity | None:
    """The number of a text as it came. Kept for a while: an answer is read where it is found, where it is hashed and
    where it is verified, and the answers to a problem are few."""
    text = strip_marks(plain_mathematics(strip_marks(value)))
    text = _FRACTION.sub(lambda found: f" {found[1] or found[2]}/{found[3] or found[4]} ", text)
    text = " ".join(text.replace("{", " {").split()).replace(" {", "{").strip()
    while (about := _ABOUT.match(text)) is not None and about.end() < len(text):
        text = text[about.end() :]
    return _read(text)


def _read(text: str) -> Quantity | None:
    """The number of a text in plain spelling."""
    negative, money = False, ""
    for _ in range(2):
        if (sign := _SIGN.match(text)) is not None:
            negative, text = negative != (not sign[0].startswith("+")), text[sign.end() :]
        if not money and (found := _MONEY.match(text)) is not None:
            money, text = read_unit(found[0]) or _sign_of(found[0]), text[found.end() :].lstrip()
    number = _read_core(text)
    if number is None:
        return None
    value, rest = number
    behind = _read_behind(value, rest, money)
    if behind is None or abs(behind.value.numerator).bit_length() > 4 * MAX_EXPONENT:
        return None
    return Quantity(-behind.value, behind.unit, behind.noun) if negative else behind


def _sign_of(text: str) -> str:
    return next((sign for sign in CURRENCIES if text.endswith(sign)), "$")


def _read_core(text: str) -> tuple[Fraction, str] | None:
    """The number that a text begins with, and the rest."""
    mixed = _MIXED.match(text)
    if mixed is not None:
        below_line = int(mixed["bottom"])
        return (
            (int(mixed["whole"]) + Fraction(int(mixed["top"]), below_line), text[mixed.end() :]) if below_line else None
        )
    ten = _TEN.match(text)
    if ten is not None:
        return _scaled(Fraction(1), ten["ten"], text[ten.end() :])
    core = _CORE.match(text)
    if core is None:
        words = read_words(text)
        return None if words is None else (words[0], text[words[1] :])
    value, rest = _decimal(core), text[core.end() :]
    exponent = _EXPONENT.match(rest)
    if exponent is not None:
        return _scaled(value, exponent["e"] or exponent["ten"], rest[exponent.end() :])
    over = _OVER.match(rest)
    below = None if over is None else _CORE.match(rest[over.end() :])
    if over is None or below is None:
        return value, rest
    bottom = _decimal(below)
    return (value / bottom, rest[over.end() + below.end() :]) if bottom else None


def _scaled(value: Fraction, exponent: str, rest: str) -> tuple[Fraction, str] | None:
    power = int(exponent.replace(" ", ""))
    return (value * Fraction(10) ** power, rest) if abs(power) <= MAX_EXPONENT else None


def _decimal(found: re.Match[str]) -> Fraction:
    digits = found[0]
    if found["european"]:
        digits = digits.replace(".", "").replace(",", ".")
    elif found["comma"]:
        digits = digits.replace(",", "")
    elif found["space"]:
        digits = re.sub(r"[ '_]", "", digits).replace(",", ".")
    elif found["decimal_comma"]:
        digits = digits.replace(",", ".")
    return Fraction(digits.rstrip("."))


def _read_behind(value: Fraction, rest: str, money: str) -> Quantity | None:
    """The number with all that stands behind it; None where that makes it none."""
    if (ordinal := _ORDINAL.match(rest)) is not None:
        rest = rest[ordinal.end() :]
    for letters, factor in {**_ATTACHED, **(_ATTACHED_MONEY if money else {})}.items():
        if rest.startswith(letters) and not rest[len(letters) : len(letters) + 1].isalpha():
            value, rest = value * factor, rest[len(letters) :]
            break
    if rest[:1] == " ":
        rest = f" {rest.strip()}"
    for _ in range(3):
        changed = _read_word(value, rest.lstrip())
        if changed is None:
            break
        value, rest = changed
    rest = _AFTER.sub("", rest, count=1) if _AFTER.match(rest) else rest
    rest = (
        _AFTER.sub("", rest)
        if (last := re.search(rf"(?:{_AFTER.pattern})\Z", rest, re.IGNORECASE)) and last.end() == len(rest)
        else rest
    )
    touches = rest[:1].isascii() and rest[:1].isalpha()
    found = _with_unit(value, rest.strip(" .,;:"), money)
    # 2ab is a product: what touches a number is a unit that is known, or no unit.
    return None if touches and found is not None and found.noun else found


def _read_word(value: Fraction, rest: str) -> tuple[Fraction, str] | None:
    """The number changed by the word of number that a text begins with, and the rest; None where there is none."""
    part = AND_PART.match(rest)
    if part is not None:
        count = _small(part["count"])
        size = PARTS.get(part["part"].casefold(), Fraction(1, 2))
        return None if count is None else (value + count * size, rest[part.end() :])
    lower = rest.casefold()
    for words, power in POWERS.items():
        if lower.startswith(words) and not lower[len(words) : len(words) + 1].isalpha():
            return value**power, rest[len(words) :]
    word = _WORD.match(rest)
    name = "" if word is None else word[0].casefold()
    if name in SCALES and name != "k":
        return value * SCALES[name], rest[len(word[0]) :] if word else ""
    if not rest[:1].isascii() and rest[:1] in SCALES:
        return value * SCALES[rest[0]], rest[1:]
    if name in PARTS and value.denominator == 1 and (value == 1 or name.endswith("s")):
        return value * PARTS[name], rest[len(word[0]) :] if word else ""
    return None


def _small(word: str | None) -> int | None:
    if word is None or word.casefold() in ("a", "an", "one"):
        return 1
    if word.isdigit() and len(word) < 4:
        return int(word)
    read = read_words(word)
    return int(read[0]) if read is not None and read[0].denominator == 1 else None


def _with_unit(value: Fraction, rest: str, money: str) -> Quantity | None:
    """The number with the unit or noun that is the rest."""
    if not rest:
        return Quantity(value, money)
    unit = read_unit(rest)
    if unit:
        same = not money or unit == money or (money == "¥" and is_money(unit))
        return Quantity(value, money or unit) if same else None
    words = rest.split()
    for count in range(min(len(words) - 1, 4), 0, -1):
        unit, noun = read_unit(" ".join(words[:count])), " ".join(words[count:])
        if unit and is_noun(noun) and not (money and unit != money):
            return Quantity(value, unit)
    if not is_noun(rest):
        return _with_smaller_unit(value, rest)
    return Quantity(value, money) if money else Quantity(value, _singular(rest.casefold()), noun=True)


def _with_smaller_unit(value: Fraction, rest: str) -> Quantity | None:
    """ "5 feet 3 inches", "1 h 30 min": one measure in two units, the smaller of which comes second."""
    found = _COMPOUND.fullmatch(rest)
    unit = "" if found is None else read_unit(found["unit"])
    more = None if found is None or not unit or value.denominator != 1 else _read(found["more"])
    if more is None or more.noun or more.value < 0:
        return None
    smaller = more.unit or ("in" if unit == "ft" else "")
    added = convert(more.value, smaller, unit) if smaller else None
    return Quantity(value + added, unit) if added is not None and added < 1 else None


def is_noun(text: str) -> bool:
    """Whether a text can be what is counted: a few words, none of which counts, compares, denies or is a verb."""
    words = text.replace("(s)", "s").split()
    if not 0 < len(words) <= MAX_NOUN_WORDS or _NOT_FIRST.fullmatch(words[0]):
        return False
    return _BOUND.search(text) is None and all(
        _WORD.fullmatch(word) and word.casefold().strip(".") not in _NO_NOUN and not is_number_word(word.strip("."))
        for word in words
    )


def _singular(noun: str) -> str:
    """A noun phrase whose plural and singular are the same."""
    words = [word.strip(".").replace("(s)", "") for word in noun.split()]
    return " ".join(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words
    )


def counts_by_itself(noun: str) -> bool:
    """Whether a noun multiplies the number in front of it, as in "42 pairs", which are 84 things and not 42."""
    return noun.split()[0] in COUNTS if noun else False
