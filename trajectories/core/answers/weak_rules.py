"""What a text states without marking it: the value in its last line, last sentence or last row of a table.

Weaker than any mark, so these rules ask for a place in which results stand: behind "is" or "=", alone on a line.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from trajectories.core.answers.choices import read_choices
from trajectories.core.answers.endings import without_loose_ends
from trajectories.core.answers.equations import MAX_SIDE, names_value
from trajectories.core.answers.marks import REFUSAL, RETRACTION, sentences, trim
from trajectories.core.answers.number_words import is_number_word
from trajectories.core.answers.statements import Reading, is_readable, read_numeric

MAX_SENTENCE = 2_000
"""Characters at the end of a sentence that are looked at."""

MOST_SENTENCES = 40
"""Sentences at the end of a text that are looked at."""

Placed = tuple[str, int, int]
"""The rule, and where what it found begins and ends."""

_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.,/^])(?:[-+−]\s?)?(?:[$€£¥₹]\s?|\\\$)?(?:\d{1,3}(?:[,. '\u202f\u00a0]\d{3})+(?!\d)|"
    r"\d+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?(?:\s?/\s?\d+)?\s?(?:%|\\%|[½¼¾⅓⅔⅛])?|"
    r"(?<![\w/])\.\d+|[½¼¾⅓⅔⅛]"
)
_GROUP = r"\{(?:[^{}\n]|\{(?:[^{}\n]|\{[^{}\n]*\})*\})*\}"
_TERM = (
    rf"(?:\d*+\s?(?:\\[dtc]?frac(?:\s?(?:{_GROUP}|\d)){{2}}|\\sqrt(?:\[[^\]\n]*\])?\s?(?:{_GROUP}|\d)|"
    rf"\\pi(?![A-Za-z]))|\d++\^(?:{_GROUP}|\d))"
)
_PART = r"(?:[-+−]\s?)?(?:\d+(?:\.\d+)?|\.\d+)(?:/\d+)?"
_TUPLE = rf"(?<![\w)\]}}\\])[(\[]\s?{_PART}(?:\s?[,;]\s?{_PART})+\s?[)\]]"
_APPLIED = (
    r"(?<![A-Za-z\\])(?:\d+\s?[*·]?\s?)?(?:(?:sqrt|ln|log|exp|sin|cos|tan)\s?(?:\([^()\n]{1,40}\)|\d+)|"
    r"√\s?(?:\d+|\([^()\n]{1,40}\)))"
)
_RATIO = r"(?<![\d:.,])\d+(?:(?::\d+)+|(?: : \d+)+)(?![\d:])"
_FORMULA = re.compile(
    rf"{_TUPLE}|{_APPLIED}|{_RATIO}|"
    r"\$\$(?P<a>[^$]+)\$\$|(?<![\\\w])\$(?P<b>[^$\n]+)\$|\\\((?P<c>.+?)\\\)|\\\[(?P<d>.+?)\\\]|"
    rf"(?<![\w\\^{{}}.])(?:[-+−]\s?)?{_TERM}(?:\s?[-+−·/*]?\s?(?:{_TERM}|\d++(?![.,]\d)))*",
    re.DOTALL,
)
"""A formula between dollars or brackets, and fractions, roots, powers and multiples of π that stand without them."""
_RESULT_BEFORE = re.compile(
    r"(?:=|≈|:|→|\\approx|\b(?:no, |rather )|\b(?:it|that|there|here|total|answer)['’]s\s|"
    r"\b(?:is|are|was|were|be|equals?|equal to|makes?|gives?|giving|"
    r"gets?|got|obtains?|have|has|had|totals?|totalling|totaling|leaves?|leaving|yields?|"
    r"remains?|costs?|needs?|pays?|paid|earns?|earned|spends?|spent|takes?|contains?|holds?|becomes?|(?:thus|so|"
    r"hence|therefore|then),?|to be|results? in|ends? up with|"
    r"ist|sind|ergibt|beträgt|hat|haben|bleiben|kostet|est|sont|font|fait|donne|reste|a|coûte|"
    r"es|son|da|hay|tiene|quedan|cuesta|è|sono|fa|tem|são|равно|получаем|"
    r"получится|итого)\s|(?:综上(?:所述)?[，,]?|是|为|為|は|が|有|共|得|等于|计|計|で|는|은|이))\s*"
    r"(?:(?:a\s+)?(?:total|sum|grand total)\s+of\s+|"
    r"(?:the\s+)?(?:(?:ordered|open|closed|half-open)\s+)*(?:point|pair|triple|interval|set|vector)s?\s+|"
    r"(?:about|approximately|roughly|exactly|only|just|still|therefore|thus|then|equal to|around|etwa|genau|"
    r"environ|exactement|約|约|共|left with|a|insgesamt)\s+|[\s*_`$\\(\[{~≈:])*$",
    re.IGNORECASE,
)
_MET_BEFORE = re.compile(
    r"\b(?:meets?|met|intersects?|cross(?:es)?|touch(?:es)?|lies|located|occurs?|attained|reached|schneiden|treffen|liegt|"
    r"coupent|cortan)\b[^.;:=]{0,60}\b(?:at|in|en|bei)\s+(?:(?:the|dem|le|el)\s+)?(?:point\s+|punkt\s+|punto\s+)?[*_`$\\]*$",
    re.IGNORECASE,
)
"""What stands before the point at which lines meet."""
_SETUP_AFTER = re.compile(
    r"\s*(?:\w+\s+){0,2}(?:each|apiece|per|every|of (?:them|these|the)|at a time|more than|less than|times|rows|"
    r"pro|je|chacun|cada)\b",
    re.IGNORECASE,
)
_LEFT_SIDE = re.compile(r"([^=,;:]*)(?<![<>!≤≥≠])=\s*[*_`$(\[]*$")
"""What stands before the equals sign before a number."""
_RESULT_AFTER = re.compile(
    r"\s*(?:[^\W\d_]+\s+){0,2}(?:remain|remains|are left|is left|left|in total|in all|altogether|bleiben|übrig|"
    r"restent)\b",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"[\s*_`>-]*(?:so|thus|therefore|hence|altogether|in total|in all|finally|this means|that means|"
    r"consequently|also|insgesamt|daher|donc|au total|por tanto|así|entonces|quindi)\b",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"[\s*_`>-]*(?:because|since|if|when|as|while|each|every|suppose|given|let|first|next|weil|wenn|da|parce|si|comme|porque)\b",
    re.IGNORECASE,
)
_SETUP_BEFORE = re.compile(
    r"\b(?:each of (?:the|these|those)|of the|of these|all of the|all|the|these|those|of|by|with|from|for|in|on|"
    r"at|first|step|case|and|or|per|jede[rn]?|les|des|de|los|las)\s*[*_`$(]*$",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(
    r"(?:\b(?:cannot|can not|not|never|isn't|aren't|can't|won't|doesn't|wasn't|couldn't|nicht|kein\w*|n'est pas|no es|"
    r"non è|не)\b|不)[^,;:.，；：]*$", re.IGNORECASE
)  # fmt: skip
"""A clause that says what a number is not."""
_POINTER_BEFORE = re.compile(
    r"\b(?:sections?|sec|chapters?|ch|figures?|fig|tables?|equations?|eqn?s?|lines?|pages?|examples?|parts?|questions?|"
    r"problems?|exercises?|items?|steps?|cases?|methods?|theorems?|lemmas?|options?|appendix|versions?|abschnitt|kapitel|"
    r"abbildung|tabelle|seite|aufgabe|schritt|beispiel|étape|exemple|sección|paso|ejemplo)\.?\s*[*_`$(\[#]*$",
    re.IGNORECASE,
)
"""A word whose number only points somewhere."""
_ASIDE = re.compile(
    r"^\W*(?:confidence|probability|certainty|score|time|tokens?|step count|word count|steps?|difficulty|level|"
    r"note|source|reference|page|date|version|sicherheit|confiance|confianza|置信度|信頼度)\b",
    re.IGNORECASE,
)
_AFFIRM = re.compile(
    r"\b(?:correct|right|best|choose|chose|pick|select|go with|opt for|must be|has to be|therefore|thus|hence|"
    r"so|answer|matches|fits|true|conclude|final|stimmt|richtig|"
    r"wähle|correcte?|bonne|choisis|correcta|elijo|giusta|corretta|правильн\w+|верн\w+)\b|正确|选择|選|正解|故选|因此|所以|선택|정답|맞",
    re.IGNORECASE,
)
_ROW = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$")
_RULE_ROW = re.compile(r"[\s|:=-]+")


def last_number(text: str, start: int, asked: str = "") -> Placed | None:
    """The number or formula that a text from `start` on ends with as its result; `asked` is the question."""
    if REFUSAL.search(text, _last_part(text, start)) is not None:
        return None
    row = _last_cell(text, start)
    if row is not None and is_readable(text[row[0] : row[1]]) and re.search(r"\d", text[row[0] : row[1]]):
        return "table", *row
    line = lone_line(text, start, lambda part: re.search(r"\d|[½¼¾⅓⅔]|\\", part) is not None and is_readable(part))
    if line is not None:
        said = read_numeric(text, *line, boxed=True, asked=asked)
        return "line", said.start, said.end
    for first, end in reversed(sentences(text, start, len(text))[-MOST_SENTENCES:]):
        if _ASIDE.match(text[first:end]) or re.search(r"\d|[½¼¾⅓⅔]|\$|\\[(\[]", text[first:end]) is None:
            continue
        placed = _in_sentence(text, first, end, asked)
        if placed is not None:
            return placed
        if not _is_setup(text, first, end):
            return None
    return None


def _last_part(text: str, start: int) -> int:
    """Where the last sentences begin, in which a refusal counts."""
    found = sentences(text, start, len(text))[-2:]
    return found[0][0] if found else len(text)


def _is_setup(text: str, start: int, end: int) -> bool:
    """Whether a sentence only tells what is given, so that the result may stand before it: it ends properly."""
    return text[end - 1 : end] in tuple(".!。！") and RETRACTION.search(text, start, end) is None


_HEDGE = re.compile(
    r"\b(?:at least|at most|more than|less than|fewer than|greater than|up to|between|either|or|not|no|never|maybe|"
    r"perhaps|probably|if|when|unless|almost|nearly|over|under|above|below|wrong|incorrect|too|per|each|every)\b|n['’]t\b|"
    r"至少|至多|大于|小于|超过|不|[<>≤≥]|\\[lg](?:eq?|t)\b|[?？]",
    re.IGNORECASE,
)  # fmt: skip


def only_number(text: str, start: int, end: int, asked: str = "") -> tuple[int, int] | None:
    """The one number of a sentence that says nothing to bound or deny it; None where there is another or none."""
    first, stop = next(iter(sentences(text, start, end)), (start, start))
    if len(_NUMBER.findall(text, first, stop)) != 1 or _HEDGE.search(text, first, stop) is not None:
        return None
    placed = _in_sentence(text, first, stop, asked)
    return None if placed is None else placed[1:]


def _in_sentence(text: str, start: int, end: int, asked: str = "") -> Placed | None:
    """The result that a sentence gives: its last number or formula, in a place where results stand."""
    start = max(start, end - MAX_SENTENCE)
    numbers = [
        (found.start(), found.end())
        for found in _NUMBER.finditer(text, start, end)
        if not _inside_formula(text, start, found.start())
    ]
    formulas = [(found.start(), found.end()) for found in _FORMULA.finditer(text, start, end) if is_readable(found[0])]
    candidates = sorted([*numbers, *formulas])
    if not candidates:
        return None
    ended = text[end - 1 : end] in tuple(".!。！")
    if not ended and _SUBORDINATE.match(text[start:end]):
        return None
    first, last = candidates[-1]
    if _CONCLUDES.match(text[start:end]) and not _is_result(text, start, first, last):
        first, last = next(
            ((one, other) for one, other in reversed(candidates) if _is_result(text, start, one, other)), (first, last)
        )
    before = text[start:first]
    if _is_no_value(before, asked):
        return None
    result = _is_result(text, start, first, last)
    alone = len(candidates) == 1 and ended and _SETUP_BEFORE.search(before) is None
    listed = (
        ended
        and len(candidates) > 1
        and re.search(r"(?:then|to|or rather|no,|becomes|,)\s*[*_`$(]*$", before) is not None
    )
    if not (result or alone or listed) or (_SETUP_AFTER.match(text, last, end) and not result):
        return None
    if (
        _SETUP_AFTER.match(text, last, end)
        and re.search(r"\b(?:each|apiece)\b", text[last:end])
        and len(candidates) > 1
    ):
        return None
    for stop in (end, last):
        said = read_numeric(text, first, stop, asked=asked)
        if said.reading is Reading.READ and (stop == end or (result and ended and not _changes(text[last:end]))):
            return "last number", said.start, said.end
        if stop == end and said.reading is Reading.BLOCKED and not (result or listed or alone):
            return None
    return None


def _is_no_value(before: str, asked: str) -> bool:
    """Whether what stands before a number denies it, only points somewhere with it, or is the left side of an equation
    that has to be solved."""
    if _DENIED_BEFORE.search(before) or _POINTER_BEFORE.search(before):
        return True
    equation = _LEFT_SIDE.search(before[-MAX_SIDE:])
    return equation is not None and not names_value(equation[1], asked, before[: equation.start(1)])


def _is_result(text: str, start: int, first: int, last: int) -> bool:
    """Whether a number stands where results stand: behind "is" or "=", before "remain", at the beginning."""
    before = text[start:first]
    return (
        _RESULT_BEFORE.search(before) is not None
        or (text.startswith(("(", "$(", "\\((", "\\(\\left("), first) and _MET_BEFORE.search(before) is not None)
        or not before.strip(" *_`$(-•>")
        or _RESULT_AFTER.match(text, last) is not None
    )


_NAMED_BEHIND = re.compile(
    r"\s*(?:\w+\s+)?is\s+(?:the|our|my)\s+(?:(?:total|final|required|desired|correct|right)\s+)*"
    r"(?:number|total|sum|result|count|amount|value|solution|answer|product)\b",
    re.IGNORECASE,
)


def _changes(rest: str) -> bool:
    """Whether what follows a number makes another one of it, or bounds it."""
    if _NAMED_BEHIND.match(rest):
        return False
    word = re.match(r"\s*([^\W\d_]+)", rest)
    return word is not None and (
        is_number_word(word[1])
        or word[1].casefold() in ("or", "to", "and", "is", "are", "plus", "minus", "times", "than")
    )


def _inside_formula(text: str, start: int, place: int) -> bool:
    return any(
        found.start() <= place < found.end() for found in _FORMULA.finditer(text, start, min(len(text), place + 300))
    )


def _last_cell(text: str, start: int) -> tuple[int, int] | None:
    """The last cell of a table that ends the text."""
    end = len(text.rstrip())
    begin = max(start, text.rfind("\n", 0, end) + 1)
    row = _ROW.match(text[begin:end])
    if row is None or _RULE_ROW.fullmatch(row[0]):
        return None
    cells = row[1].split("|")
    place = begin + row.start(1) + len(row[1]) - len(cells[-1])
    return trim(text, place, place + len(cells[-1]))


def lone_line(
    text: str, start: int, accepts: Callable[[str], bool], *, bold_only: bool = False
) -> tuple[int, int] | None:
    """The last line that is a value and nothing else: of the first and the last of the text, and those in bold."""
    lines = list(_lines(text, start))
    for index, (first, end) in reversed(list(enumerate(lines))):
        line = text[first:end].strip()
        bold = line.startswith(("**", "__")) and line.rstrip(".").endswith(("**", "__")) and line.count("**") in (0, 2)
        shown = line.startswith(("$$", "\\["))
        edge = index == len(lines) - 1 or index == 0
        if not (bold or (not bold_only and (edge or shown))):
            continue
        place = _bare_line(text, first, end)
        if (
            place[0] < place[1]
            and place[1] - place[0] <= 200
            and accepts(text[place[0] : place[1]])
            and not re.match(r"\d+[.)]\s", line)
            and not (bold_only and line.rstrip("*_ ").endswith(":"))
        ):
            return place
    return None


_NO_COLON = re.compile(
    r"(?:(?:the|my|final|correct)\s+)*(?:answer|antwort|réponse|respuesta|risposta)[*_`]*\s+(?=[\w$\\(.-])",
    re.IGNORECASE,
)


def _bare_line(text: str, first: int, end: int) -> tuple[int, int]:
    """A line without the marks around it, "therefore" and a label without a colon; the point of .75 is none of them."""
    first, end = without_loose_ends(text, *trim(text, first, end, " \t*_`>.#"))
    bullet = re.compile(r"[-•]\s+(?=[\d$])").match(text, first, end)
    first = first if bullet is None else bullet.end()
    label = _NO_COLON.match(text, first, end)
    first = first if label is None else label.end()
    points = text[first - 1 : first] == "." and text[first : first + 1].isdigit()
    return (first - 1 if points else first), end


def _lines(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The lines with words, those that speak of something beside the answer left out."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        if line.strip(" *_`#-") and not _ASIDE.match(line) and not line.strip().startswith(("```", "~~~")):
            yield start, end
        start = end + 1


def last_choice(
    text: str, start: int, choices: Sequence[str], *, many: bool
) -> tuple[frozenset[int], str, int, int] | None:
    """The choices that a text from `start` on settles on, with the rule and the place."""

    def named(part: str) -> frozenset[int] | None:
        found = read_choices(part, choices, many=many)
        return found if found is not None and (many or len(found) == 1) else None

    if REFUSAL.search(text, _last_part(text, start)) is not None:
        return None
    row = _last_cell(text, start)
    if row is not None and (found := named(text[row[0] : row[1]])) is not None:
        return found, "table", *row
    line = lone_line(
        text,
        start,
        lambda part: (
            len(part) <= 120
            and re.match(r"[(\[]?[A-Z][)\]]?(?:[\s.:),-]|$)|\w+(?:\s\w+){0,3}$", part) is not None
            and named(part) is not None
        ),
    )
    if line is not None:
        first, end = line
        return named(text[first:end]) or frozenset(), "line", first, end
    parts = sentences(text, start, len(text), letters=True)[-MOST_SENTENCES:]
    for first, end in reversed(parts):
        sentence = text[first:end]
        if (
            _AFFIRM.search(sentence) is None
            and re.search(r"(?<![A-Za-z0-9_])[A-Z][)\]*_`]*[.。!]?\s*$", sentence) is None
        ):
            continue
        found = named(sentence)
        if found is not None:
            return found, "last sentence", *trim(text, first, end)
    whole = trim(text, start, len(text))
    if (
        whole[1] - whole[0] <= 200
        and "\n" not in text[whole[0] : whole[1]]
        and (found := named(text[whole[0] : whole[1]])) is not None
    ):
        return found, "whole text", *whole
    return None
