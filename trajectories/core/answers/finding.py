"""Finding the final answer in what a model says: one reader for every kind of question, sampled or imported.

What is marked comes first: a tag, then boxes and labels, of which the last that states something counts, since models
correct themselves. Where nothing is marked, weaker rules look at the last lines. A text that is cut off inside of its
answer, or takes it back, has none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from trajectories.core.answers.choices import letters_of, read_choices
from trajectories.core.answers.labelled import WHOLE_ANSWER, Found, labelled
from trajectories.core.answers.marks import (
    MAX_ANSWER,
    RETRACTION,
    CutOff,
    Mark,
    find_boxes,
    find_labels,
    find_tag,
    sentences,
    trim,
)
from trajectories.core.answers.number_words import SCALES
from trajectories.core.answers.statements import (
    Reading,
    Statement,
    read_numeric,
    skip_lead,
)
from trajectories.core.answers.text_answers import JsonReader, TextReader
from trajectories.core.answers.values import read_value
from trajectories.core.answers.weak_rules import last_choice, last_number, only_number

MOST_BOXES = 20
"""Boxes that are one answer together."""

MOST_MARKS = 200
"""Boxes and labels that are looked at, the last first; a text with more that state nothing is no answer."""


class _Kind(Protocol):
    """How one kind of answer is read. Each method gives a statement, or the weak rules' finding."""

    @property
    def results(self) -> bool:
        """Whether "result" is a label too."""
        ...

    @property
    def choices(self) -> bool:
        """Whether "correct option" is a label too."""
        ...

    def read(self, text: str, mark: Mark) -> Statement:
        """What stands at a mark."""
        ...

    def weak(self, text: str, start: int) -> Found | None:
        """What the text from `start` on states without marking it."""
        ...


def find_numeric(text: str, *, asked: str = "") -> Found | None:
    """The last number or formula that a text gives as its answer; `asked` is the question."""
    return _find(text, _Numeric(asked))


def find_choice(text: str, choices: Sequence[str], *, many: bool = False) -> Found | None:
    """The choice, or where `many` may be right the choices, that a text names, as letters."""
    return _find(text, _Choice(choices, many))


def find_text(text: str, *, free: bool = False) -> Found | None:
    """The short text that a text gives as its answer; `free` keeps all lines and sentences of it."""
    return _find(text, TextReader(free))


def find_json(text: str) -> Found | None:
    """The JSON value that a text gives as its answer."""
    return _find(text, JsonReader())


def _find(text: str, kind: _Kind) -> Found | None:
    try:
        tag, boxes = find_tag(text), find_boxes(text)
    except CutOff:
        return None
    if tag is not None and (found := _in_tag(text, tag, kind)) is not None:
        return found
    if tag is not None and tag.strong:
        return None
    vague: Found | None = None
    for mark in islice(_last_first(text, boxes, kind), MOST_MARKS):
        said = kind.read(text, mark)
        found = _as_found(text, said, mark)
        if said.reading is Reading.DENIED:
            # What it is not is all that was said, unless the text goes on to say what it is.
            return kind.weak(text, said.end) or found
        if said.reading is Reading.READ:
            return kind.weak(text, said.end) if _is_retracted(text, said.end) else found
        if said.reading is Reading.BLOCKED:
            return found
        if said.reading is Reading.VAGUE and mark.strong and vague is None:
            vague = found
    return vague or kind.weak(text, 0)


_NO_LABEL = re.compile(r"(?:[\d_]|[^\w:：=≈→⇒➜】#–—.-]|(?<!\.)\.|(?<!\s)-(?!>))*+")
"""Signs among which no label ends: neither words nor what stands between a label and its answer."""


def _last_first(text: str, boxes: Sequence[Mark], kind: _Kind) -> Iterator[Mark]:
    """Boxes and labels: the further to the right, the later it was said; of labels inside of labels the inner one."""
    first = boxes[-1:] if boxes and _NO_LABEL.fullmatch(text, boxes[-1].start) else []
    yield from first  # as most answers end, and seldom is anything else looked for
    labels = find_labels(text, results=kind.results, choices=kind.choices)
    marks = {*boxes, *labels}.difference(first)
    yield from sorted(marks, key=lambda mark: (mark.start, mark.strong), reverse=True)


def _in_tag(text: str, tag: Mark, kind: _Kind) -> Found | None:
    """The answer between tags: a box in it, a label in it, else all of it."""
    inner = text[tag.start : tag.end]
    for rule in (find_boxes, lambda part: list(find_labels(part, results=kind.results, choices=kind.choices))):
        try:
            marks = rule(inner)
        except CutOff:
            return None
        for mark in reversed(marks):
            said = kind.read(text, Mark(mark.rule, tag.start + mark.start, tag.start + mark.end, mark.strong))
            if said.reading is Reading.READ:
                return _as_found(text, said, tag)
    said = kind.read(text, tag)
    if not tag.strong and said.reading is not Reading.READ:
        return None
    return None if said.start >= said.end else _as_found(text, said, tag)


def _as_found(text: str, said: Statement, mark: Mark) -> Found | None:
    if said.start >= said.end or said.end - said.start > MAX_ANSWER:
        return None
    return Found(said.value or text[said.start : said.end], mark.rule, said.start, said.end)


def _is_retracted(text: str, end: int) -> bool:
    """Whether what follows an answer takes it back."""
    after = RETRACTION.search(text, end)
    return after is not None and any(character.isalnum() for character in text[after.end() :])


@dataclass(frozen=True, slots=True)
class _Numeric:
    asked: str = ""
    results: bool = True
    choices: bool = False

    def read(self, text: str, mark: Mark) -> Statement:
        if mark.rule == "label":
            return self._of_sentence(text, mark, labelled(text, mark, lambda *part: self._statement(text, *part)))
        said = read_numeric(text, *_without_label(text, mark), boxed=True, asked=self.asked)
        if mark.rule == "tag" and said.reading is not Reading.READ:
            plain = self._statement(text, mark.start, mark.end)
            said = (
                plain if plain.reading is Reading.READ else Statement(Reading.VAGUE, *trim(text, mark.start, mark.end))
            )
        if mark.rule == "boxed":
            return _with_boxes_before(text, mark, _with_scale(text, mark, said))
        return said

    def _statement(self, text: str, start: int, end: int) -> Statement:
        return read_numeric(text, start, end, asked=self.asked)

    def _of_sentence(self, text: str, mark: Mark, said: Statement) -> Statement:
        """What a whole sentence behind a colon says: "Answer: There are 42 seats." """
        if not mark.strong or said.reading not in (Reading.BLOCKED, Reading.VAGUE):
            return said
        found = only_number(text, said.start, said.end, self.asked)
        return said if found is None else Statement(Reading.READ, *found)

    def weak(self, text: str, start: int) -> Found | None:
        found = last_number(text, start, self.asked)
        return None if found is None else Found(text[found[1] : found[2]], *found)


_LABEL_IN_BOX = re.compile(r"\s*\\(?:text|mathrm|textbf|mathbf)\w*\s?\{[^{}]*[:：]\s*\}\s*")


def _without_label(text: str, mark: Mark) -> tuple[int, int]:
    """The place of what a mark marks, without words and a colon before it: \\boxed{\\text{Answer: } 42}."""
    label = _LABEL_IN_BOX.match(text, mark.start, mark.end)
    return (mark.start if label is None else label.end()), mark.end


_WORD_BEHIND = re.compile(r"\}\s*(?:\$|\\\)|\\\])?\s*(?:\\text\{\s*)?(\w+)")


def _with_scale(text: str, box: Mark, said: Statement) -> Statement:
    """A boxed number with the word of number that stands behind its box: \boxed{42} thousand."""
    behind = _WORD_BEHIND.match(text, box.end)
    if said.reading is not Reading.READ or behind is None or behind[1].casefold() not in SCALES or len(behind[1]) < 2:
        return said
    return Statement(Reading.READ, said.start, said.end, f"{text[said.start : said.end]} {behind[1]}")


_BOX_BEFORE = re.compile(
    r"\s*(?:\$|\\\)|\\\])?\s*(?:,?\s*\b(?:and|or|und|oder|et|ou|y|e)\b|,|、|和|\\(?:quad|,|;|\s|text\{[^{}]{0,9}\}))+"
    r"\s*(?:\$|\\\(|\\\[)?\s*\\boxed\s*\{"
)
"""What stands between two boxes that are one answer together: \\boxed{1} and \\boxed{2}."""


def _with_boxes_before(text: str, box: Mark, said: Statement) -> Statement:
    """Several boxes that are joined by "and" or a comma as one list of values; a value that is boxed twice counts
    once."""
    if said.reading is not Reading.READ or said.value:
        return said
    parts, start = [text[said.start : said.end]], said.start
    opening = box.start
    for other in reversed(find_boxes(text[: box.start].rpartition("\\boxed")[0])):
        part = read_numeric(text, other.start, other.end, boxed=True)
        joined = _BOX_BEFORE.fullmatch(text, other.end + 1, opening) is not None
        if not joined or part.reading is not Reading.READ or len(parts) == MOST_BOXES:
            break
        parts.insert(0, text[part.start : part.end])
        start, opening = part.start, other.start
    values = {repr(read_value(part)): part for part in parts}
    return said if len(values) < 2 else Statement(Reading.READ, start, said.end, ", ".join(values.values()))


@dataclass(frozen=True, slots=True)
class _Choice:
    texts: Sequence[str]
    many: bool
    results: bool = False
    choices: bool = True

    def read(self, text: str, mark: Mark) -> Statement:
        if mark.rule == "label":
            return labelled(text, mark, lambda start, end: self._statement(text, start, end, strong=mark.strong))
        start, end = trim(text, mark.start, mark.end)
        return self._statement(text, start, end, strong=True)

    def _statement(self, text: str, start: int, end: int, *, strong: bool) -> Statement:
        whole = end
        start = (
            skip_lead(text, start, end)
            if not re.match(r"\s*[(\[]?[A-Za-z][)\].:,]", text[start : start + 8])
            else start
        )
        first = next(iter(sentences(text, start, end, letters=True)), (start, start))
        start, end = trim(text, *first)
        if text[start:end].endswith(("?", "？")):
            return Statement(Reading.BLOCKED, start, max(end, whole))
        for last in (end, *(_before_reason(text, start, end))):
            named = read_choices(text[start:last], self.texts, many=self.many)
            if named is not None and (self.many or len(named) == 1):
                return Statement(Reading.READ, start, last, letters_of(named))
        if start >= end:
            return Statement(Reading.NOTHING, start, end)
        if re.match(r"[*_`\s]*(?:not\b|nicht\b|pas\b|no es\b|不是)", text[start:end], re.IGNORECASE):
            return Statement(Reading.DENIED, start, first[1])
        names = re.search(r"(?<!\w)[A-Z](?!\w)", text[start:end]) is not None
        reading = Reading.BLOCKED if names else Reading.VAGUE if strong else Reading.NOTHING
        return Statement(reading, start, min(end, start + WHOLE_ANSWER))

    def weak(self, text: str, start: int) -> Found | None:
        found = last_choice(text, start, self.texts, many=self.many)
        return None if found is None else Found(letters_of(found[0]), found[1], found[2], found[3])


def _before_reason(text: str, start: int, end: int) -> list[int]:
    """Where a statement ends whose reason is left out."""
    reason = re.compile(
        r",?\s+(?:because|since|as it|as the|which|weil|denn|parce que|porque|perché)\b", re.IGNORECASE
    ).search(text, start, end)
    return [] if reason is None else [reason.start()]


__all__ = ["WHOLE_ANSWER", "Found", "find_choice", "find_json", "find_numeric", "find_text"]
