"""Numbers in words, and the words that change a number they stand behind: thousand, dozen, squared, and a half."""

import re
from fractions import Fraction

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: number for number, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_SMALL |= {"a": 1, "an": 1, "fourty": 40}

SCALES: dict[str, int] = {
    **dict.fromkeys(("hundred", "hundreds", "hundert", "百"), 10**2),
    **dict.fromkeys(("thousand", "thousands", "tausend", "mille", "mil", "тысяч", "тысячи", "k", "千", "천"), 10**3),
    **dict.fromkeys(("万", "萬", "만"), 10**4),
    **dict.fromkeys(("lakh", "lakhs"), 10**5),
    **dict.fromkeys(
        ("million", "millions", "millionen", "mio", "mio.", "mn", "mln", "millón", "millones", "milioni", "milhões",
        "миллион", "миллиона", "миллионов"),
        10**6,
    ),
    **dict.fromkeys(("crore", "crores"), 10**7),
    **dict.fromkeys(("亿", "億", "억"), 10**8),
    **dict.fromkeys(("billion", "billions", "bn", "milliarde", "milliarden", "mrd", "mrd.", "milliard",
    "milliards"), 10**9),
    **dict.fromkeys(("trillion", "trillions", "兆"), 10**12),
    **dict.fromkeys(("dozen", "dozens", "dutzend", "douzaine", "douzaines", "docena", "docenas", "打"), 12),
}  # fmt: skip
"""What a number is multiplied by that has this word behind it. "k" and "M" only where they touch the number."""

POWERS = {"squared": 2, "cubed": 3, "zum quadrat": 2, "au carré": 2, "al cuadrado": 2}
PARTS: dict[str, Fraction] = {
    **dict.fromkeys(("half", "halves"), Fraction(1, 2)),
    **dict.fromkeys(("third", "thirds"), Fraction(1, 3)),
    **dict.fromkeys(("quarter", "quarters", "fourth", "fourths"), Fraction(1, 4)),
    **dict.fromkeys(("fifth", "fifths"), Fraction(1, 5)),
    **dict.fromkeys(("sixth", "sixths"), Fraction(1, 6)),
    **dict.fromkeys(("seventh", "sevenths"), Fraction(1, 7)),
    **dict.fromkeys(("eighth", "eighths"), Fraction(1, 8)),
    **dict.fromkeys(("ninth", "ninths"), Fraction(1, 9)),
    **dict.fromkeys(("tenth", "tenths"), Fraction(1, 10)),
    **dict.fromkeys(("hundredth", "hundredths"), Fraction(1, 100)),
    **dict.fromkeys(("thousandth", "thousandths"), Fraction(1, 1000)),
    **dict.fromkeys(("millionth", "millionths"), Fraction(1, 10**6)),
}  # fmt: skip
AND_PART = re.compile(
    r"(?:and|&|und|y|et)\s+(?:(?P<count>\w+)\s+|a\s+|an\s+|one\s+)?(?P<part>"
    + "|".join(PARTS)
    + r"|media|demie?|halb)\b",
    re.IGNORECASE,
)
_OTHERS = frozenset(
    [
        "half",
        "halb",
        "demi",
        "demie",
        "medio",
        "media",
        "double",
        "twice",
        "triple",
        "thrice",
        "quadruple",
        "squared",
        "cubed",
        "square-root",
        "root",
        "power",
        "minus",
        "plus",
        "divided",
        "multiplied",
        "point",
        "hundred",
        "thousand",
        "tens",
        "mille",
        "promille",
        "lakh",
    ]
)
_ALL = frozenset(SCALES) | frozenset(PARTS) | frozenset(POWERS) | frozenset(_SMALL) - {"a", "an"} | _OTHERS
_CJK_NUMBERS = re.compile("[零〇一二三四五六七八九十百千万萬亿億兆两兩半双雙打倍割分几数]|[만억천백십반배]")
_WORDS = re.compile(r"[a-z]+", re.IGNORECASE)


def is_number_word(word: str) -> bool:
    """Whether a word counts or changes a number, so that it can be no unit and no noun."""
    return word.casefold() in _ALL or (not word.isascii() and _CJK_NUMBERS.match(word) is not None)


def read_words(text: str) -> tuple[Fraction, int] | None:
    """The number that a text begins with in English words, and where it ends; None for none.

    "forty-two", "one hundred and five", "half", "three quarters", "a dozen". A lone "a" is no number.
    """
    total, current, fraction = Fraction(0), None, None
    end = 0
    words = list(_WORDS.finditer(text))
    for index, found in enumerate(words[:12]):
        word = found[0].casefold()
        if not _joins(text[end : found.start()], first=index == 0):
            break
        if (
            word == "and"
            and current is not None
            and index + 1 < len(words)
            and words[index + 1][0].casefold() in _ALL | {"a"}
        ):
            end = found.end()
            continue
        if word in _SMALL:
            current = (current or 0) + _SMALL[word]
        elif word in SCALES and SCALES[word] > 1 and word != "k":
            current = (current if current is not None else 1) * SCALES[word]
            if SCALES[word] >= 1000:
                total, current = total + current, 0
        elif word in PARTS:
            fraction = PARTS[word]
            return _with_part(total, current, fraction, text[:end]), found.end()
        else:
            break
        end = found.end()
    said = text[:end].split()
    if current is None or not said or said[-1].casefold() in ("a", "an", "and"):
        return None
    return total + current, end


def _joins(between: str, *, first: bool) -> bool:
    return not between.strip() if first else between.strip() in ("", "-")


def _with_part(total: Fraction, current: int | Fraction | None, part: Fraction, before: str) -> Fraction:
    """ "three quarters" is a product, "two and a half" a sum."""
    if current is None:
        return part
    if " and" in f" {before}":
        # The word before the part is its count: "two and three quarters".
        count = _SMALL.get(before.split()[-1].casefold(), 1)
        return (
            total + current - count + count * part if before.split()[-1].casefold() != "and" else total + current + part
        )
    return (total + current) * part
