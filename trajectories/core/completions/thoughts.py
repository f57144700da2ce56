"""Parting what a model thought from what it answered, where both came in one text.

Known spellings: `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, `<scratchpad>`, `<cot>` tags and their kin,
`<seed:think>` and other models' `<x:think>` and `<x_think>`, with attributes or without, `[THINK]`, `◁think▷`,
`<|begin_of_thought|>`, `<|START_THINKING|>`, `<|think|>`, `<|inner_prefix|>` and theirs, Gemma's
`<|channel>thought` ... `<channel|>` and `<unused94>thought` ... `<unused95>`, and the channels of gpt-oss, with or
without their special tokens. A prompt template may have written the opening mark, so that only the closing one came
back; a text that was cut off has an opening mark only.

Other spellings may as well be talk, and count where they are closed or begin the text: `<analysis>`, `<reflection>`,
tags written for HTML (`&lt;think&gt;`), `[THINKING]`, `<details type="reasoning">`, a fence of `thinking`; and what
models and clients say around thoughts ("Here is my thought process:", "...done thinking."). Linear in the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import accumulate

from trajectories.core.records import JSON

_TAGS = (
    r"(?:\w{1,20}[:_])?think(?:ing)?|thoughts?|reasoning|scratch_?pad|cot|chain_of_thought|(?:thought|thinking)_process|"
    r"(?:(?:inner|internal)_)?(?:monologue|thoughts?)"
)
_ATTRIBUTES = r"(?:\s+\w+\s*=[^<>]{0,80})?\s*"
_THOUGHT = r"(?:think(?:ing)?|thoughts?|reasoning)"
_BEGUN = rf"(?:begin|start)[_▁](?:of[_▁])?{_THOUGHT}|{_THOUGHT}[_▁](?:start|begin)"
_ENDED = rf"end[_▁](?:of[_▁])?{_THOUGHT}|{_THOUGHT}[_▁]end"
_OPENING = (
    rf"(?<=<)(?:\s*(?:{_TAGS}){_ATTRIBUTES}>|[|｜](?:{_BEGUN}|{_THOUGHT}|inner_prefix)[|｜]>|(?:{_BEGUN})>|"
    r"(?:unused|ctrl)94>\s*thought\b|\|channel>\s*thought\b)|"
    r"(?<=\[)THINK\]|(?<=◁)think▷"
)
_CLOSING = (
    rf"(?<=<)(?:\s*/\s*(?:{_TAGS})\s*>|[|｜](?:{_ENDED}|/{_THOUGHT}|inner_suffix)[|｜]>|(?:{_ENDED})>|"
    r"(?:unused|ctrl)95>|channel\|>)|"
    rf"(?<=&)lt;\s*/\s*(?:{_TAGS})\s*&gt;|"
    r"(?<=\[)/THINK\]|(?<=◁)/think▷"
)
_EMPTY = r"(?<=<)\s*think(?:ing)?\s*/>"
_NEUTRAL = r"(?<=<)(?:\|(?:begin|end)_of_solution\|>|\|(?:START|END)_RESPONSE\|>)"
_WEAK_TAGS = "analysis|reflection|reason"
_BRACKETS = "THINKING|REASONING|THOUGHTS?|(?:BEGIN|START)_(?:THINK(?:ING)?|REASONING)"
_SUMMARY = r"\s*<summary>[^<]{0,200}</summary>"
_THINKING_SUMMARY = rf"\s*<summary>[^<]{{0,100}}?\b{_THOUGHT}\b[^<]{{0,100}}</summary>"
_WEAK = {
    "tag": (rf"(?<=<)(?P<weak_tag>{_WEAK_TAGS})\s*>", rf"</(?:{_WEAK_TAGS})\s*>"),
    "escaped": (rf"(?<=&)lt;\s*(?P<weak_escaped>{_TAGS})\s*&gt;", rf"&lt;\s*/\s*(?:{_TAGS})\s*&gt;"),
    "brackets": (
        rf"(?<=\[)(?-i:(?P<weak_brackets>{_BRACKETS}))\](?!\()",
        r"\[(?-i:/(?:THINKING|REASONING|THOUGHTS?)|END_(?:THINK(?:ING)?|REASONING))\]",
    ),
    "details": (
        rf"(?<=<)(?P<weak_details>details)(?:\s+(?=[^<>]{{0,100}}\btype=.reasoning)[^<>]{{0,300}}>(?:{_SUMMARY})?|"
        rf"[^<>]{{0,100}}>{_THINKING_SUMMARY})",
        r"</details>",
    ),
    "fence": (rf"(?<=`)(?P<weak_fence>``){_THOUGHT}[ \t]*(?=\n)", r"^```[ \t]*$"),
}
"""Marks that count only where they are closed or begin the text: how each opens, and how it closes."""
_CLOSES = {name: re.compile(closing, re.IGNORECASE | re.MULTILINE) for name, (_, closing) in _WEAK.items()}
_SIGNS = "<[◁&`"
"""What marks begin with."""
_SPOKEN = (
    (r"\AThinking\.\.\.[ \t]*\n", r"^[ \t]*\.\.\.\s?done thinking\.?[ \t]*$", False),  # Ollama's command line
    (r"\AHere(?: i|'|’)s my thought process:?", r"Here(?: i|'|’)s my response:?", True),  # Granite
    (r"\A#{1,4} *Thinking[ \t]*\n", r"^#{1,4} *Final Response[ \t]*$", False),  # HuatuoGPT-o1
)
"""What is said before thoughts and behind them, and whether thoughts that do not end are thoughts all the same."""
_SPOKEN_MARKS = tuple(
    (re.compile(before, re.IGNORECASE), re.compile(behind, re.IGNORECASE | re.MULTILINE), open_too)
    for before, behind, open_too in _SPOKEN
)
_QUOTES = "`'\"“”‘’«»"

_HEADER = re.compile(r"(?:<\|start\|>[^<\n]{0,80})?(?:<\|channel\|>|\A)\s*(?P<channel>\w{1,20})[^<\n]{0,120}"
                     r"(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>|<\|(?:end|return|call)\|>")  # fmt: skip
_STRIPPED = re.compile(r"\A\s*(?:assistant)?analysis(?=[A-Z\W])")
_STRIPPED_FINAL = re.compile(r"assistant\s?final")
FINAL_CHANNEL = "final"


@cache
def _mark(signs: str) -> re.Pattern[str]:
    """What finds the marks that begin with some of _SIGNS. One class of characters in front lets the search pass over
    everything else ten times as fast, and one character forty times."""
    return re.compile(
        rf"[{re.escape(signs)}](?:(?P<opening>{_OPENING})|(?P<closing>{_CLOSING})|(?P<empty>{_EMPTY})|(?P<neutral>{_NEUTRAL})|"
        + "|".join(opening for opening, _ in _WEAK.values())
        + ")",
        re.IGNORECASE,
    )


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
    elif (spoken := _spoken(text)) is not None:
        spans = spoken
    else:
        spans = _tagged(text)
    return tuple(
        Part(kind, said, start, end, is_open)
        for kind, start, end, is_open in spans
        if (said := text[start:end]) and not said.isspace()
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
    kind, start, closed_at, passed = PartKind.CONTENT, 0, -1, 0
    unclosed: set[str] = set()
    signs = "".join([sign for sign in _SIGNS if sign in text])
    for mark in _mark(signs).finditer(text) if signs else ():
        if mark.start() < passed or _is_quoted(text, mark):
            continue
        thinks = kind is PartKind.THINKING
        if mark["empty"] is None and not (mark["opening"] or mark["closing"] or mark["neutral"]):
            span = None if thinks else _weak_span(text, mark, unclosed)
            if span is not None:
                yield kind, start, mark.start(), False
                yield PartKind.THINKING, mark.end(), span[0], span[0] == len(text)
                start = closed_at = passed = span[1]
            continue
        if mark["opening"] and thinks:
            continue  # thoughts about thoughts
        if mark["closing"] and not thinks and closed_at >= 0 and not text[mark.end() :].strip():
            yield kind, start, mark.start(), False
            start = mark.end()
            continue
        yield PartKind.THINKING if mark["closing"] else kind, start, mark.start(), False
        start = mark.end()
        ends = bool(mark["closing"] or mark["empty"])
        closed_at = start if ends else closed_at
        kind = PartKind.THINKING if mark["opening"] else PartKind.CONTENT if ends else kind
    yield kind, start, len(text), kind is PartKind.THINKING


def _weak_span(text: str, mark: re.Match[str], unclosed: set[str]) -> tuple[int, int] | None:
    """Where the thoughts behind a weak mark end, and where their closing mark does; both the end of the text where they
    do not end and the mark begins the text; None where the mark is talk. `unclosed` are marks known not to close."""
    name = next(name for name in _WEAK if mark[f"weak_{name}"] is not None)
    end = None if name in unclosed else _CLOSES[name].search(text, mark.end())
    if end is not None:
        return end.span()
    unclosed.add(name)
    return None if text[: mark.start()].strip() or name == "fence" else (len(text), len(text))


def _spoken(text: str) -> Iterator[_Span] | None:
    """Parts where words stand around the thoughts; None where they do not."""
    first = len(text) - len(text.lstrip())
    for before, behind, open_too in _SPOKEN_MARKS:
        begun = before.match(text[first : first + 100])
        if begun is None:
            continue
        start = first + begun.end()
        end = behind.search(text, start)
        if end is not None:
            return iter(
                [(PartKind.THINKING, start, end.start(), False), (PartKind.CONTENT, end.end(), len(text), False)]
            )
        return iter([(PartKind.THINKING, start, len(text), True)]) if open_too else None
    return None


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
