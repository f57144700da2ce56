"""Parting what a model thought from what it answered, where both came in one text.

Known spellings: `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, `<scratchpad>` and `<cot>` tags, `<seed:think>`
and other models' `<x:think>` and `<x_think>`, with attributes or without, `[THINK]`, `◁think▷`, `<|begin_of_thought|>`,
`<|START_THINKING|>`, `<|think|>`, and the channels of gpt-oss, with or without their special tokens. A prompt
template may have written the opening mark, so that only the closing one came back; a text that was cut off has an
opening mark only. Linear in the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

from trajectories.core.records import JSON

_TAGS = r"(?:\w{1,20}[:_])?think(?:ing)?|thoughts?|reasoning|scratchpad|cot"
_OPENING = (
    rf"(?<=<)(?:\s*(?:{_TAGS})(?:\s+\w+\s*=[^<>]{{0,80}})?\s*>|\|(?:begin_of_thought|START_THINKING|think|thinking)\|>)|"
    r"(?<=\[)THINK\]|(?<=◁)think▷"
)
_CLOSING = (
    rf"(?<=<)(?:\s*/\s*(?:{_TAGS})\s*>|\|(?:end_of_thought|END_THINKING|/think|/thinking)\|>)|"
    r"(?<=\[)/THINK\]|(?<=◁)/think▷"
)
_NEUTRAL = r"(?<=<)(?:\|(?:begin|end)_of_solution\|>|\|(?:START|END)_RESPONSE\|>)"
# One class of characters in front: the search then passes over everything else, ten times as fast.
_MARK = re.compile(rf"[<\[◁](?:(?P<opening>{_OPENING})|(?P<closing>{_CLOSING})|(?P<neutral>{_NEUTRAL}))", re.IGNORECASE)
_QUOTES = "`'\"“”‘’«»"

_HEADER = re.compile(r"(?:<\|start\|>[^<\n]{0,80})?(?:<\|channel\|>|\A)\s*(?P<channel>\w{1,20})[^<\n]{0,120}"
                     r"(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>|<\|(?:end|return|call)\|>")  # fmt: skip
_STRIPPED = re.compile(r"\A\s*(?:assistant)?analysis(?=[A-Z\W])")
_STRIPPED_FINAL = re.compile(r"assistant\s?final")
FINAL_CHANNEL = "final"


class PartKind(StrEnum):
    """What a part of a completion is."""

    THINKING = "thinking"
    CONTENT = "content"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a completion without the marks around it.

    `start` and `end` are its place in the whole text, in characters; `is_open` says that thoughts were never closed:
    the text was cut off inside them. `source` names the field or the type of part that it came in, "" for the text
    itself. `data` is what its provider sent with it: signatures, encrypted thoughts, the call of a tool.
    """

    kind: PartKind
    text: str
    start: int
    end: int
    is_open: bool = False
    source: str = ""
    data: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """All that a text says outside of its thoughts, as one text, and where each piece of it begins in the whole."""

    text: str
    pieces: tuple[tuple[int, int], ...]

    def place(self, index: int) -> int:
        """The place in the whole text of the character at `index` of the content."""
        begin, start = next(piece for piece in reversed(self.pieces) if piece[0] <= index)
        return start + index - begin


def split_thoughts(text: str) -> tuple[Part, ...]:
    """The parts of a text in order, empty ones left out; a text without any mark of thoughts is one part of content."""
    if "<|message|>" in text and _HEADER.search(text) is not None:
        spans = _channels(text)
    elif (start := _STRIPPED.match(text)) is not None:
        spans = _stripped_channels(text, start.end())
    else:
        spans = _tagged(text)
    return tuple(
        Part(kind, text[start:end], start, end, is_open)
        for kind, start, end, is_open in spans
        if text[start:end].strip()
    )


def content_of(text: str) -> Content:
    """What is said outside of the thoughts: an empty text where there is nothing, as in one cut off inside them."""
    return content_in(split_thoughts(text))


def content_in(parts: Iterable[Part]) -> Content:
    """What the parts of content say, as one text."""
    said = [part for part in parts if part.kind is PartKind.CONTENT and part.text]
    return _content([(part.text, part.start) for part in said])


def content_at(text: str, places: Iterable[tuple[int, int]]) -> Content:
    """What stands at some places (start, end) of a text, as one text."""
    return _content([(text[start:end], start) for start, end in places if start < end])


def _content(pieces: Sequence[tuple[str, int]]) -> Content:
    # Parts are kept apart, so that no word, number or tag comes about where thoughts were taken out.
    begins = accumulate((len(text) + 1 for text, _ in pieces), initial=0)
    return Content(
        "\n".join(text for text, _ in pieces),
        tuple((begin, start) for begin, (_, start) in zip(begins, pieces, strict=False)),
    )


_Span = tuple[PartKind, int, int, bool]


def _tagged(text: str) -> Iterator[_Span]:
    """Parts between marks. A closing mark without an opening one makes thoughts of everything before it."""
    kind, start, closed_at = PartKind.CONTENT, 0, -1
    for mark in _MARK.finditer(text):
        if _is_quoted(text, mark):
            continue
        if mark["opening"] and kind is PartKind.THINKING:
            continue  # thoughts about thoughts
        if mark["closing"] and kind is PartKind.CONTENT and closed_at >= 0 and not text[mark.end() :].strip():
            yield kind, start, mark.start(), False
            start = mark.end()
            continue
        found = PartKind.THINKING if mark["closing"] else kind
        yield found, start, mark.start(), False
        start = mark.end()
        closed_at = start if mark["closing"] else closed_at
        kind = PartKind.THINKING if mark["opening"] else PartKind.CONTENT if mark["closing"] else kind
    yield kind, start, len(text), kind is PartKind.THINKING


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    """Whether a mark is spoken about rather than used: it stands in quotation marks or backticks."""
    before, after = text[mark.start() - 1 : mark.start()], text[mark.end() : mark.end() + 1]
    return bool(before) and before in _QUOTES and bool(after) and after in _QUOTES


def _channels(text: str) -> Iterator[_Span]:
    """gpt-oss: the final channel is the answer, every other one is not. What comes before the first header belongs to
    the channel that the prompt's template has opened."""
    start, channel = 0, ""
    first = True
    for header in _HEADER.finditer(text):
        is_end = header["channel"] is None
        if first:
            channel, first = "analysis", False
        yield _channel_kind(channel), start, header.start(), False
        start, channel = header.end(), "" if is_end else header["channel"].lower()
    yield _channel_kind(channel), start, len(text), channel not in ("", FINAL_CHANNEL)


def _channel_kind(channel: str) -> PartKind:
    return PartKind.CONTENT if channel == FINAL_CHANNEL else PartKind.THINKING


def _stripped_channels(text: str, start: int) -> Iterator[_Span]:
    """gpt-oss without its special tokens: "analysisWe add.assistantfinalThe total is 7."."""
    finals = list(_STRIPPED_FINAL.finditer(text, start))
    if not finals and not text[start : start + 1].isupper():
        yield PartKind.CONTENT, 0, len(text), False
        return
    end = finals[-1].start() if finals else len(text)
    yield PartKind.THINKING, start, end, not finals
    if finals:
        yield PartKind.CONTENT, finals[-1].end(), len(text), False
