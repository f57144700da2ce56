"""Texts and JSON values as answers: what a mark states where the answer is neither a number nor a choice."""

import json
import re
from dataclasses import dataclass, field

from trajectories.core.answers.endings import without_loose_ends
from trajectories.core.answers.labelled import WHOLE_ANSWER, Found, labelled, without_bullet
from trajectories.core.answers.marks import MAX_ANSWER, REFUSAL, Mark, next_block, trim
from trajectories.core.answers.statements import CONTRAST, Reading, Statement, first_end
from trajectories.core.answers.texts import truth_of
from trajectories.core.answers.weak_rules import lone_line

WHOLE_TEXT = 2_000
"""The same for texts whose form is free, lines and all."""

_TEXT_TALK = re.compile(
    r"[\s*_`]*(?:(?:thus|therefore|indeed|also|now|then)\s+)*(?:an?\s+(?:integer|whole|positive|negative|single|valid|good|number|word|real)|correct|right|wrong|"
    r"incorrect|final|consistent|reasonable|plausible|exact|unique|complete|verified|confirmed|clear|simple|obvious|straightforward|based|given|found|obtained|"
    r"derived|calculated|computed|determined|expected|required|as follows|below|above|in the|that\b|what\b|"
    r"because|since|supported|valid|shown|provided|written|"
    r"not\b|only|still|within|at the)\b", re.IGNORECASE
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextReader:
    """Reads short texts; `free` keeps all lines and sentences of them."""

    free: bool
    results: bool = False
    choices: bool = False

    def read(self, text: str, mark: Mark) -> Statement:
        """What stands at a mark."""
        if mark.rule != "label":
            return self._whole(text, mark.start, mark.end)
        denied = _DENIED_TEXT.match(
            text, mark.start + len(text[mark.start :]) - len(text[mark.start :].lstrip()), mark.end
        )
        if not mark.strong and denied is not None and CONTRAST.search(text, denied.end(), mark.end):
            return labelled(text, mark, lambda start, end: self._whole(text, start, end))
        if not mark.strong and _TEXT_TALK.match(text, mark.start, mark.end):
            return Statement(Reading.NOTHING, mark.start, mark.start)
        if text[max(0, mark.start - 6) : mark.start].strip().endswith("####") and text[mark.end :].strip():
            return Statement(Reading.NOTHING, mark.start, mark.start)
        return labelled(text, mark, lambda start, end: self._whole(text, start, end))

    def _whole(self, text: str, start: int, end: int) -> Statement:
        while start < end and text[start] in ":=：→ \t":
            start += 1
        start, end = _inside_fence(text, start, end)
        start, end = trim(text, start, end)
        if not self.free:
            start, end = without_bullet(text, *_after_contrast(text, start, end))
            while end > start and text[end - 1] in ".":
                end -= 1
            start, end = without_loose_ends(text, start, end)
        return Statement(Reading.READ if start < end else Reading.NOTHING, *trim(text, start, end))

    def weak(self, text: str, start: int) -> Found | None:
        """What the text from `start` on states without marking it."""
        first, end = start + len(text[start:]) - len(text[start:].lstrip()), len(text.rstrip())
        limit = WHOLE_TEXT if self.free else WHOLE_ANSWER
        if start or REFUSAL.search(text):
            return None
        if not 0 < end - first <= limit or (not self.free and "\n" in text[first:end]):
            line = None if self.free else lone_line(text, start, lambda _: True, bold_only=True) or _truth_line(text)
            return None if line is None else Found(text[line[0] : line[1]], "line", *line)
        return Found(text[first:end], "whole text", first, end)


def _truth_line(text: str) -> tuple[int, int] | None:
    """The last line of a text, else its first, if it is yes or no or begins with it."""
    lines = [found.span() for found in re.finditer(r"\S.*", text)]
    short = [line for line in (*lines[-1:], *lines[:1]) if line[1] - line[0] <= WHOLE_ANSWER]
    line = next((line for line in short if truth_of(text[slice(*line)]) is not None), None)
    return None if line is None else trim(text, *line)


_DENIED_TEXT = re.compile(r"(?:not|nicht|pas|no es|non è)\s+(?=\w)", re.IGNORECASE)


def _after_contrast(text: str, start: int, end: int) -> tuple[int, int]:
    """The part behind "but" where a statement begins with what the answer is not."""
    if _DENIED_TEXT.match(text, start, end) is None:
        return start, end
    contrast = CONTRAST.search(text, start, first_end(text, start, end))
    return (start, end) if contrast is None else trim(text, contrast.end(), end)


def _inside_fence(text: str, start: int, end: int) -> tuple[int, int]:
    """The inside of a fence that a part of a text begins with, else the part."""
    first, last = trim(text, start, end, " \t\r\n")
    mark = text[first : first + 3]
    line = text.find("\n", first, last)
    if mark not in ("```", "~~~") or line < 0:
        return start, end
    closing = text.find(mark, line, last)
    return line + 1, last if closing < 0 else closing


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Reads JSON values."""

    results: bool = True
    choices: bool = False
    _texts: TextReader = field(default_factory=lambda: TextReader(free=False))

    def read(self, text: str, mark: Mark) -> Statement:
        """What stands at a mark."""
        start, end = (mark.start, mark.end) if mark.rule != "label" else next_block(text, mark.start)[:2]
        while start < end and text[start] in " \t\n:=*_`":
            start += 1
        place = _json_at(text, start)
        if place is not None and (mark.rule == "label" or place <= end):
            return Statement(Reading.READ, start, place)
        said = self._texts.read(text, mark)
        return Statement(Reading.VAGUE if said.reading is Reading.READ else said.reading, said.start, said.end)

    def weak(self, text: str, start: int) -> Found | None:
        """What the text from `start` on states without marking it."""
        blocks = list(re.finditer(r"(?:```|~~~)(?:json\w*)?[ \t]*\r?\n(.*?)(?:```|~~~)", text[start:], re.DOTALL))
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
