"""Finding the final answer in a text by stated rules, and keeping where it was found.

Every rule is linear in the text's length and the last occurrence counts: models correct themselves.
"""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from trajectories.core.records import JSON, AnswerPlace, TraceRecord

MAX_ANSWER = 10_000
"""Characters of an answer that are looked at; a longer one is no final answer."""

_LABEL = re.compile(r"(?:\banswer(?: is\b| ?[:=])|####)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,4})?(?:/\d+)?%?")
_DECORATION = " \t\r\n*_`"
_BOXED = "\\boxed{"


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """An answer with the rule that found it and its place in the trace's text (both 0 for a stated answer)."""

    value: JSON
    rule: str
    start: int = 0
    end: int = 0

    def place(self) -> AnswerPlace:
        """The rule and the place."""
        return AnswerPlace(self.rule, self.start, self.end)

    def as_evidence(self) -> dict[str, JSON]:
        """The JSON form."""
        shown = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return {"answer": shown[:MAX_ANSWER], "rule": self.rule, "start": self.start, "end": self.end}


def find_answer(trace: TraceRecord, *, number: bool = False, grid: bool = False) -> FoundAnswer | None:
    """The trace's final answer: the one it came with, else the first rule that finds one in its text.

    `number` and `grid` allow the last number, or the last grid, where nothing marks an answer.
    """
    if trace.answer is not None:
        place = trace.place or AnswerPlace("stated", 0, 0)
        return FoundAnswer(trace.answer, place.rule, place.start, place.end)
    rules: list[Callable[[str], FoundAnswer | None]] = [_tagged, _boxed, _labelled]
    rules += [_last_grid] if grid else []
    rules += [_last_number] if number else []
    return next((found for rule in rules if (found := rule(trace.text)) is not None), None)


def whole_text(text: str, longest: int) -> FoundAnswer | None:
    """The whole text as an answer, without space around it; None for nothing and for more than `longest` characters."""
    whole = text.strip()
    if not 0 < len(whole) <= longest:
        return None
    start = text.index(whole)
    return FoundAnswer(whole, "whole text", start, start + len(whole))


def as_json(place: AnswerPlace) -> dict[str, JSON]:
    """The form that a trace's facts keep, under "found"."""
    return {"rule": place.rule, "start": place.start, "end": place.end}


def read_place(value: JSON, text: str) -> AnswerPlace | None:
    """The place that a trace's facts keep; None for what is none in this text."""
    if not isinstance(value, dict) or not isinstance(value.get("rule"), str):
        return None
    start, end = value.get("start"), value.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return None
    return AnswerPlace(value["rule"], start, end)


def _found(text: str, rule: str, start: int, end: int) -> FoundAnswer | None:
    """The answer without surrounding decoration; None where nothing or too much remains."""
    while start < end and text[start] in _DECORATION:
        start += 1
    while end > start and text[end - 1] in _DECORATION:
        end -= 1
    return FoundAnswer(text[start:end], rule, start, end) if 0 < end - start <= MAX_ANSWER else None


def _last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _tagged(text: str) -> FoundAnswer | None:
    """The last <answer>...</answer>."""
    end = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, max(end, 0))
    return None if end < 0 or start < 0 else _found(text, "tag", start + len("<answer>"), end)


def _boxed(text: str) -> FoundAnswer | None:
    r"""The last \boxed{...}, with balanced braces inside."""
    opening = text.rfind(_BOXED)
    if opening < 0:
        return None
    start = opening + len(_BOXED)
    depth = 1
    for index in range(start, min(len(text), start + MAX_ANSWER)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return _found(text, "boxed", start, index)
    return None


def _labelled(text: str) -> FoundAnswer | None:
    """What follows the last "answer:", "answer is" or "####", up to the end of its line."""
    label = _last_match(_LABEL, text)
    if label is None:
        return None
    start = label.end()
    while start < len(text) and text[start] in _DECORATION + ":=":
        start += 1
    line_end = text.find("\n", start)
    end = len(text) if line_end < 0 else line_end
    while end > start and text[end - 1] in _DECORATION + ".":
        end -= 1
    return _found(text, "label", start, end)


def _last_number(text: str) -> FoundAnswer | None:
    last = _last_match(_NUMBER, text)
    return None if last is None else FoundAnswer(last[0], "last number", last.start(), last.end())


def _last_grid(text: str) -> FoundAnswer | None:
    """The last JSON list of lists."""
    end = text.rfind("]]")
    while end >= 0:
        start = text.rfind("[[", max(0, end - MAX_ANSWER), end)
        if start < 0:
            return None
        try:
            return FoundAnswer(json.loads(text[start : end + 2]), "last grid", start, end + 2)
        except (ValueError, RecursionError):
            end = text.rfind("]]", 0, start)
    return None
