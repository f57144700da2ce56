"""Texts that mean the same: one form, and the forms a short answer may come in."""

import re
import unicodedata
from collections.abc import Iterator

from trajectories.core.answers.plain import unwrap

_SENTENCE = " .,;:!?\"'`*_\u2018\u2019\u201c\u201d\u3002\uff0e\u300c\u300d\u300e\u300f$"
"""Not + - # % and brackets, which tell C++ from C and -5 from 5."""

_YES = frozenset(["yes", "true", "ja", "oui", "sí", "sì", "sim", "да", "是", "是的", "はい", "예", "네"])
_NO = frozenset(["no", "false", "nein", "non", "não", "нет", "否", "不是", "いいえ", "아니오", "아니요"])
_FIRST_WORD = re.compile(
    r"\W*(\w+)\W*?(?:[,;:.!。，、—–-]|\s-|\s*$|\s+(?:it|he|she|they|that|this|there|we|you|because|since)\b)"
)
_BECAUSE = re.compile(
    r",?\s+(?:because|since|which|who|where|as it|as the)\b|,\s+(?:a|an|the|not|so)\b|\s+[—–]\s+", re.IGNORECASE
)
_BRACKETS = re.compile(r"\s*\((?![^()]*\b(?:or|not|and)\b)[^()]*\)\s*$", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?|der|die|das|le|la|les|el|los|las|il|lo)\s+(?=\S)", re.IGNORECASE)
_SENTENCE_OF = re.compile(
    r"(?:it|this|that|the|its|their|his|her|das|es|die|der|le|la|el|il)\b(?![^.;!?]{0,80}\b(?:not|never|wrong|incorrect|opposite|mistake|except|if)\b)[^.,;!?]{0,80}?"
    r"\b(?:is|was|are|were|ist|war|est|es|è)\s+(?:the answer:?\s+)?(.+)",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE_END = re.compile(r"(?<=[^\W\d_]{3})[.!?]\s+(?=[A-ZÄÖÜÀ-Ý])|[。！？]")


_QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4`", "'") | dict.fromkeys("\u201c\u201d\u201e\u2033", '"')
)
"""Quotation marks and apostrophes as printers set them, and as keyboards have them."""


_LONE_LETTER = re.compile(r"\A\((\w)\)\Z")


def normalise(text: str) -> str:
    """Compatibility forms and quotation marks unified, case folded, runs of space made one; around it, punctuation of
    sentences dropped."""
    folded = " ".join(unicodedata.normalize("NFKC", unwrap(text).translate(_QUOTES)).casefold().split())
    return folded.strip(_SENTENCE) or folded


def words_key(text: str) -> str:
    """What texts that are words share: normal, a lone letter without its brackets."""
    return _LONE_LETTER.sub(r"\1", normalise(text))


def truth_of(text: str) -> bool | None:
    """What a text says that is yes or no, or begins with it ("No, it is odd."); None for any other."""
    whole = normalise(text)
    if whole in _YES or whole in _NO:
        return whole in _YES
    first = _FIRST_WORD.match(unicodedata.normalize("NFKC", text).casefold())
    if first is None:
        return None
    return True if first[1] in _YES else False if first[1] in _NO else None


def says_truth(text: str) -> bool:
    """Whether a text is yes, no, true or false and nothing else."""
    return normalise(text) in _YES | _NO


def short_forms(text: str) -> Iterator[str]:
    """The normal forms of a stated text, the fullest first: as it is, its first sentence, without a reason behind it,
    without brackets at its end or around a letter, without an article before it."""
    seen = set()
    forms = [text, _SENTENCE_END.split(text, maxsplit=1)[0]]
    forms += [said[1] for form in forms if (said := _SENTENCE_OF.fullmatch(form.strip())) is not None]
    forms += [_BECAUSE.split(form, maxsplit=1)[0] for form in forms]
    forms += [_BRACKETS.sub("", form) for form in forms]
    forms += [
        _ARTICLE.sub("", form.strip(_SENTENCE), count=1) if _ARTICLE.match(form.strip(_SENTENCE)) else form
        for form in forms
    ]
    for form in forms:
        normal = words_key(form)
        if normal and normal not in seen:
            seen.add(normal)
            yield normal
