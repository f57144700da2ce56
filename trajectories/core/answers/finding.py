"""Finding the final answer in what a model says: one reader for every kind of question, sampled or imported.

What is marked comes first: a tag, then boxes and labels, of which the last that states something counts, since models
correct themselves. Where nothing is marked, weaker rules look at the last lines. A text that is cut off inside of its
answer, or takes it back, has none.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trajectories.core.answers.choices import letters_of, read_choices
from trajectories.core.answers.marks import (
    MAX_ANSWER,
    REFUSAL,
    RETRACTION,
    CutOff,
    Mark,
    find_boxes,
    find_labels,
    find_tag,
    next_block,
    sentences,
    trim,
)
from trajectories.core.answers.number_words import SCALES
from trajectories.core.answers.statements import Reading, Statement, is_readable, read_numeric, skip_lead
from trajectories.core.answers.weak_rules import last_choice, last_number, lone_lines
from trajectories.core.records import JSON

WHOLE_ANSWER = 200
"""A text of one line with at most this many characters in which nothing marks an answer may be the answer itself."""

WHOLE_TEXT = 2_000
"""The same for texts whose form is free, lines and all."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, the rule that found it, and its place in the text that was read."""

    value: JSON
    rule: str
    start: int
    end: int


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


def find_numeric(text: str) -> Found | None:
    """The last number or formula that a text gives as its answer."""
    return _find(text, _Numeric())


def find_choice(text: str, choices: Sequence[str], *, many: bool = False) -> Found | None:
    """The choice, or where `many` may be right the choices, that a text names, as letters."""
    return _find(text, _Choice(choices, many))


def find_text(text: str, *, free: bool = False) -> Found | None:
    """The short text that a text gives as its answer; `free` keeps all lines and sentences of it."""
    return _find(text, _Text(free))


def find_json(text: str) -> Found | None:
    """The JSON value that a text gives as its answer."""
    return _find(text, _Json())


def _find(text: str, kind: _Kind) -> Found | None:
    try:
        tag, boxes = find_tag(text), find_boxes(text)
    except CutOff:
        return None
    if tag is not None:
        return _in_tag(text, tag, kind)
    labels = find_labels(text, results=kind.results, choices=kind.choices)
    vague: Found | None = None
    # The further to the right, the later it was said; of labels inside of labels the inner one.
    for mark in sorted({*boxes, *labels}, key=lambda mark: (mark.start, mark.strong), reverse=True):
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
    results: bool = True
    choices: bool = False

    def read(self, text: str, mark: Mark) -> Statement:
        if mark.rule == "label":
            return _labelled(text, mark, lambda start, end: read_numeric(text, start, end))
        said = read_numeric(text, mark.start, mark.end, boxed=True)
        if mark.rule == "tag" and said.reading is not Reading.READ:
            plain = read_numeric(text, mark.start, mark.end)
            said = (
                plain if plain.reading is Reading.READ else Statement(Reading.VAGUE, *trim(text, mark.start, mark.end))
            )
        if mark.rule == "boxed":
            return _with_scale(text, mark, said)
        return said

    def weak(self, text: str, start: int) -> Found | None:
        found = last_number(text, start)
        return None if found is None else Found(text[found[1] : found[2]], *found)


def _with_scale(text: str, box: Mark, said: Statement) -> Statement:
    """A boxed number with the word of number that stands behind its box: \boxed{42} thousand."""
    behind = re.compile(r"\}\s*(?:\$|\\\)|\\\])?\s*(?:\\text\{\s*)?(\w+)").match(text, box.end)
    if said.reading is not Reading.READ or behind is None or behind[1].casefold() not in SCALES or len(behind[1]) < 2:
        return said
    return Statement(Reading.READ, said.start, said.end, f"{text[said.start : said.end]} {behind[1]}")


@dataclass(frozen=True, slots=True)
class _Choice:
    texts: Sequence[str]
    many: bool
    results: bool = False
    choices: bool = True

    def read(self, text: str, mark: Mark) -> Statement:
        if mark.rule == "label":
            return _labelled(text, mark, lambda start, end: self._statement(text, start, end, strong=mark.strong))
        start, end = trim(text, mark.start, mark.end)
        return self._statement(text, start, end, strong=True)

    def _statement(self, text: str, start: int, end: int, *, strong: bool) -> Statement:
        start = (
            skip_lead(text, start, end)
            if not re.match(r"\s*[(\[]?[A-Za-z][)\].:,]", text[start : start + 8])
            else start
        )
        first = next(iter(sentences(text, start, end, letters=True)), (start, start))
        start, end = trim(text, *first)
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


_TEXT_TALK = re.compile(
    r"[\s*_`]*(?:(?:thus|therefore|indeed|also|now|then)\s+)*(?:an?\s+(?:integer|whole|positive|negative|single|valid|good|number|word|real)|correct|right|wrong|"
    r"incorrect|final|consistent|reasonable|plausible|exact|unique|complete|verified|confirmed|clear|simple|obvious|straightforward|based|given|found|obtained|"
    r"derived|calculated|computed|determined|expected|required|as follows|below|above|in the|that\b|what\b|"
    r"because|since|supported|valid|shown|provided|written|"
    r"not\b|only|still|within|at the)\b", re.IGNORECASE
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Text:
    free: bool
    results: bool = False
    choices: bool = False

    def read(self, text: str, mark: Mark) -> Statement:
        if mark.rule != "label":
            return self._whole(text, mark.start, mark.end)
        if not mark.strong and _TEXT_TALK.match(text, mark.start, mark.end):
            return Statement(Reading.NOTHING, mark.start, mark.start)
        if text[max(0, mark.start - 6) : mark.start].strip().endswith("####") and text[mark.end :].strip():
            return Statement(Reading.NOTHING, mark.start, mark.start)
        return _labelled(text, mark, lambda start, end: self._whole(text, start, end))

    def _whole(self, text: str, start: int, end: int) -> Statement:
        while start < end and text[start] in ":=：→ \t":
            start += 1
        block = re.compile(r"\s*(?:```|~~~)[^\n]*\n(.*?)\n?\s*(?:```|~~~)?\s*\Z", re.DOTALL).match(text[start:end])
        if block is not None:
            start, end = start + block.start(1), start + block.end(1)
        start, end = trim(text, start, end)
        while end > start and text[end - 1] in "." and not self.free:
            end -= 1
        return Statement(Reading.READ if start < end else Reading.NOTHING, *trim(text, start, end))

    def weak(self, text: str, start: int) -> Found | None:
        first, end = start + len(text[start:]) - len(text[start:].lstrip()), len(text.rstrip())
        limit = WHOLE_TEXT if self.free else WHOLE_ANSWER
        if start or REFUSAL.search(text):
            return None
        if not 0 < end - first <= limit or (not self.free and "\n" in text[first:end]):
            lines = [] if self.free else lone_lines(text, start, lambda _: True, bold_only=True)
            return Found(text[lines[-1][0] : lines[-1][1]], "line", *lines[-1]) if lines else None
        return Found(text[first:end], "whole text", first, end)


@dataclass(frozen=True, slots=True)
class _Json:
    results: bool = True
    choices: bool = False
    _texts: _Text = field(default_factory=lambda: _Text(free=False))

    def read(self, text: str, mark: Mark) -> Statement:
        start, end = (mark.start, mark.end) if mark.rule != "label" else next_block(text, mark.start)[:2]
        while start < end and text[start] in " \t\n:=*_`":
            start += 1
        place = _json_at(text, start)
        if place is not None and (mark.rule == "label" or place <= end):
            return Statement(Reading.READ, start, place)
        said = self._texts.read(text, mark)
        return Statement(Reading.VAGUE if said.reading is Reading.READ else said.reading, said.start, said.end)

    def weak(self, text: str, start: int) -> Found | None:
        blocks = list(re.finditer(r"(?:```|~~~)(?:json\w*)?[ \t]*\r?\n(.*?)\s*(?:```|~~~)", text[start:], re.DOTALL))
        for block in reversed(blocks):
            place = start + block.start(1)
            end = _json_at(text, place)
            if end is not None and not text[end : start + block.end(1)].strip():
                return Found(text[place:end], "block", place, end)
        first = start + len(text[start:]) - len(text[start:].lstrip())
        whole = _json_at(text, first) if text[first:].strip() else None
        if whole is not None and not text[whole:].strip():
            return Found(text[first:whole], "whole text", first, whole)
        return _last_json(text, start) or self._texts.weak(text, start)


def _json_at(text: str, start: int) -> int | None:
    """Where the JSON value that begins at `start` ends; None where none begins there."""
    try:
        return json.JSONDecoder().raw_decode(text[start : start + MAX_ANSWER])[1] + start
    except (ValueError, RecursionError):
        return None


def _last_json(text: str, start: int) -> Found | None:
    """The last object or list that begins a line."""
    lines = [found.start(1) for found in re.finditer(r"^[ \t]*([\[{])", text[start:], re.MULTILINE)][-20:]
    for place in lines:
        end = _json_at(text, start + place)
        if end is not None and not any(character.isalnum() for character in text[end:].splitlines()[0:1] or [""]):
            return Found(text[start + place : end], "block", start + place, end)
    return None


def _labelled(text: str, mark: Mark, read: Callable[[int, int], Statement]) -> Statement:
    """What stands behind a label: on its line, else on the next line or in the block that follows."""
    line = text[mark.start : mark.end]
    if line.strip(" \t*_`:：=>|$\\[]().") or is_readable(line):
        said = read(mark.start, mark.end)
        if said.reading is not Reading.NOTHING or line.strip(" \t*_`:：=>|"):
            return said
    if not mark.strong:
        return Statement(Reading.NOTHING, mark.start, mark.start)
    start, end, _ = next_block(text, mark.end)
    return read(start, end)


__all__ = ["WHOLE_ANSWER", "Found", "find_choice", "find_json", "find_numeric", "find_text"]
