"""Which choices a statement names: by letter or by text, one or several; nothing where it names two and means one."""

import re
from collections.abc import Sequence

from trajectories.core.answers.plain import plain_mathematics, plain_signs, strip_marks, unquoted_letters, unwrap
from trajectories.core.answers.texts import normalise
from trajectories.core.records import JSON

MOST_CHOICES = 26

_NOUN = (
    r"(?:option|choice|answer|letter|alternative|item|antwort|möglichkeit|opción|respuesta|réponse|choix|"
    r"opzione|opção|вариант|ответ|选项|選項|选|選択肢|選択|보기)"
)
_LETTER = re.compile(
    rf"(?<![0-9A-Za-zÀ-ɏЀ-ӿ])(?:(?P<noun>{_NOUN})\s*)?(?P<open>[(\[{{]?)\s*(?P<letter>[A-Za-z])\s*(?P<close>[)\]}}]?)"
    r"(?![0-9A-Za-zÀ-ɏЀ-ӿ]|['’][a-z])",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?:,|;|:|—|–|\.|\s-)?\s*(?:\b(?:because|since|as|while|whereas|although|though|unlike|instead of|"
    r"rather than|rather|not|and not|but not|over|"
    r"which|who|given|where|weil|denn|da|nicht|statt|parce que|car|pas|porque|ya que|no|perché|потому что|"
    r"а не)\b|因为|因為|而不是|なぜなら|ので|から)",
    re.IGNORECASE,
)  # fmt: skip
_DENIED = re.compile(
    r"\s*[).\]:,]*\s*(?:is|are|was|seems|looks|would be|cannot be|can't be|can be|must be|ist|est|es)?\s*"
    r"(?:not|n't|never|wrong|incorrect|false|invalid|ruled out|excluded|eliminated|out\b|impossible|too\b|"
    r"falsch|faux|incorrecta|错|不)", re.IGNORECASE
)  # fmt: skip
_DENYING = re.compile(
    r"(?:\bnot|n't|\bneither|\bnor|\bnever|\bisn't|\bexcept|\beliminates?|\bexcludes?|\brule out|\bnicht|\bpas|"
    r"\bno es|不(?:可能|会|能|应该?)?是|并非|並非|ではない|\bcannot|\b(?:anything|everything|all) but)\s*"
    r"(?:be\s+)?(?:the\s+)?(?:[*_`(\[]\s*)*$",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"\b(?:or|either|oder|ou|o bien|или)\b|/|或|または|あるいは|또는", re.IGNORECASE)
_NONE = re.compile(
    r"\b(?:none|neither|no (?:option|choice|answer)|keine|aucune?|ninguna|nessuna)\b|以上都不", re.IGNORECASE
)
_ARTICLES = re.compile(r"(?:the|an?|der|die|das|le|la|les|el|los|las|il|lo)\s+", re.IGNORECASE)
_AFTER_LETTER = re.compile(r"\s*[)\]}.:,;–—=→|-]+\s*|\s+(?=\()|\s*\n\s*")
_LOOSE = frozenset("ai")
"""Letters that are English words: alone they count only where a mark, a full stop or a verb is behind them."""
_WORD_BEHIND = re.compile(
    r"\s+(?![A-Za-z](?![^\W\d_]))(?!(?:is|was|must|because|since|as|and|or|but|with|for|by|here|und|oder|et|ou|y|ist|est|es)\b)[a-zß-ÿ]",
    re.IGNORECASE,
)


def read_choices(answer: JSON, choices: Sequence[str], *, many: bool = False) -> frozenset[int] | None:
    """The places (from 0) of the choices that an answer names; None for none, and where it wavers between several.

    A choice's whole text counts before a letter. A JSON number is a place; a list names each of its entries.
    Where `many` may be right, "A or B" still is no statement of both.
    """
    if isinstance(answer, bool):
        return None
    if isinstance(answer, int):
        return frozenset([answer]) if 0 <= answer < len(choices) else None
    if isinstance(answer, list | tuple):
        read = [read_choices(entry, choices) for entry in answer]
        return None if not read or None in read else frozenset().union(*filter(None, read))
    if not isinstance(answer, str) or len(answer) > 2_000:
        return None
    texts = [normalise(plain_mathematics(choice)) for choice in choices]
    by_text = _same_text(answer, texts)
    if by_text is not None:
        return frozenset([by_text])
    return _by_letters(answer, texts, many=many)


def _same_text(answer: str, texts: Sequence[str]) -> int | None:
    """The one choice whose text an answer is, with or without an article before it."""
    plain = normalise(plain_mathematics(strip_marks(answer)))
    for form in dict.fromkeys(
        [normalise(answer), plain, _ARTICLES.sub("", plain, count=1) if _ARTICLES.match(plain) else plain]
    ):
        same = [place for place, text in enumerate(texts) if text == form]
        if len(same) == 1:
            return same[0]
    bare = [
        place for place, text in enumerate(texts) if _ARTICLES.sub("", text, count=1) == plain and _ARTICLES.match(text)
    ]
    return bare[0] if len(bare) == 1 else None


def _by_letters(answer: str, texts: Sequence[str], *, many: bool) -> frozenset[int] | None:
    text = plain_signs(unwrap(unquoted_letters(answer))).replace("\\ ", " ").replace("~", " ").replace("$", " ")
    text = re.sub(r"\\[,;:!]|\\\(|\\\)|\\\[|\\\]", " ", text)
    text = strip_marks(re.sub(r"[*_`{}]", " ", text))
    leading = _leading_letter(text, texts)
    if leading is not None:
        return leading if leading else None
    if many and (run := _letter_run(text, len(texts))):
        return run
    named, denied = _mentions(text, len(texts))
    named -= denied
    if not named:
        return None
    wavers = len(named) > 1 and (_ALTERNATIVE.search(text) is not None or (not many and not _is_list(text)))
    return None if wavers else named


def _letter_run(text: str, count: int) -> frozenset[int] | None:
    """What "ACD" names where several may be right; None for a text that is no run of different letters of choices."""
    places = frozenset(ord(letter) - ord("A") for letter in text)
    is_run = re.fullmatch(r"[A-Z]{2,}", text) is not None and len(places) == len(text) and max(places) < count
    return places if is_run else None


def _leading_letter(text: str, texts: Sequence[str]) -> frozenset[int] | None:
    """What "B", "(b)", "B. banana" and "B: its text" name; an empty set where the text behind is another choice's, and
    None where the text does not begin so."""
    found = re.match(r"[(\[]?\s*([A-Za-z])\s*(?=[)\]}.:,;–—=→|\-\n(]|\s*$|\s+[-–—(])", text)
    place = -1 if found is None else ord(found[1].upper()) - ord("A")
    if found is None or not 0 <= place < len(texts):
        return None
    if (
        found[1].islower()
        and not text.startswith(("(", "["))
        and re.match(r"\s*(?:[).:]|\Z)", text[found.end() :]) is None
    ):
        return None
    behind = text[found.end() :].lstrip(" )]}.:,;–—=→|-\n(").strip()
    if not behind:
        return frozenset([place])
    other = _same_text(re.sub(r"\)\s*$", "", behind), texts)
    if other is not None:
        return frozenset([place]) if other == place else frozenset()
    if (_DENIED.match(behind) and not _ASIDE.match(behind)) or len(_mentions(text, len(texts))[0]) > 1:
        return None
    return frozenset([place])


def _mentions(text: str, count: int) -> tuple[frozenset[int], frozenset[int]]:
    """The letters that a statement names, and those it denies; reasons behind it do not count."""
    named: set[int] = set()
    denied: set[int] = set()
    end = len(text)
    for found in _LETTER.finditer(text):
        place = ord(found["letter"].upper()) - ord("A")
        if not 0 <= place < count or not _stands_for_choice(text, found):
            continue
        if _DENYING.search(text, 0, found.start("letter")) or _DENIED.match(text, found.end()):
            denied.add(place)
        elif found.start() <= end:
            if not named:
                aside = _ASIDE.search(text, found.end())
                end = aside.start() if aside is not None else end
            named.add(place)
    return frozenset(named), frozenset(denied)


def _stands_for_choice(text: str, found: re.Match[str]) -> bool:
    """Whether a lone letter is a choice rather than an article, a pronoun or a symbol."""
    letter = found["letter"]
    marked = bool(found["open"] and found["close"]) or bool(found["noun"])
    if letter.islower() and not marked:
        return False
    if letter.lower() in _LOOSE and not marked:
        return _WORD_BEHIND.match(text, found.end()) is None
    return True


def _is_list(text: str) -> bool:
    """Whether letters are named one beside the other: "A, C", "B and C", "A C", "ACD"."""
    return (
        re.fullmatch(
            r"(?:[(\[]?[A-Za-z][)\]]?(?:\s*(?:,|;|&|\+|and|und|et|y|e|和|、|と)\s*(?:and\s+)?|\s+|(?=[A-Z(])))*[(\[]?[A-Za-z][)\]]?",
            text.strip(" ."),
        )
        is not None
    )


def letters_of(places: frozenset[int]) -> str:
    """Choices as their letters in order: "A" or "A, C"."""
    return ", ".join(chr(ord("A") + place) for place in sorted(places))
