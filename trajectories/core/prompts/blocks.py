"""Finding code blocks, headings and paragraphs in whatever a model wrote. Every function is linear in the text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*([\w+#.-]{0,40})[^`\n]{0,200}\Z")
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})[ \t]+([^\n]*)")
_BOLD_HEADING = re.compile(r"[ \t]{0,3}\*\*([^*\n]{1,150})\*\*[ \t]*:?[ \t]*")
_FENCE_STARTS = frozenset("`~>")
_HEADING_STARTS = frozenset("#*")
KEPT_CHARACTERS = 32 * 1024
"""Of a longer text the lines are read one at a time: a list of them all would take many times the text's memory."""

LONGEST_MARK = 500
"""Characters of a line that can be a fence or a heading."""


class Line(NamedTuple):
    """A line with what it is: "text", "fence" (an opening or closing one), "code" or "heading" (with its level).

    `start` is its place in the text. A tuple, because there may be millions.
    """

    text: str
    what: str
    start: int
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language in lower case ("" for none) and its text. One that never ends goes to the end.

    `start` and `end` are the place of its lines, as they are indented, in the whole text.
    """

    language: str
    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


def read_lines(text: str) -> Iterable[Line]:
    """The lines of a Markdown text. A fence that never ends makes everything after it code."""
    return _kept_lines(text) if len(text) <= KEPT_CHARACTERS else _read_lines(text)


@lru_cache(maxsize=4)
def _kept_lines(text: str) -> tuple[Line, ...]:
    """The lines of a text that several readers go through, one after the other."""
    return tuple(_read_lines(text))


def _read_lines(text: str) -> Iterator[Line]:
    fence = ""
    for start, line in _split(text):
        short = line.strip() if len(line) <= LONGEST_MARK else ""
        mark = _FENCE.match(line.rstrip()) if short[:1] in _FENCE_STARTS else None
        if fence:
            closes = mark is not None and mark[1].startswith(fence) and not mark[2]
            fence = "" if closes else fence
            yield Line(line, "fence" if closes else "code", start)
        elif mark is not None:
            fence = mark[1]
            yield Line(line, "fence", start, title=mark[2].lower())
        elif short[:1] in _HEADING_STARTS:
            yield _heading(line, start)
        else:
            yield Line(line, "text", start)


def _split(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their places."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, text[start:end]
        start = end + 1
    yield start, text[start:]


def _heading(line: str, start: int) -> Line:
    hashes = _HEADING.fullmatch(line.rstrip())
    if hashes is not None and hashes[2].strip(" #*"):
        return Line(line, "heading", start, len(hashes[1]), hashes[2].strip(" #*:"))
    bold = _BOLD_HEADING.fullmatch(line.rstrip())
    if bold is not None:
        return Line(line, "heading", start, 7, bold[1].strip(" :"))
    return Line(line, "text", start)


def find_blocks(text: str) -> list[Block]:
    """The fenced blocks in order, freed of the indentation they share."""
    blocks: list[Block] = []
    if "```" not in text and "~~~" not in text:
        return blocks
    inside: list[str] | None = None
    language, start = "", 0
    for line in read_lines(text):
        if line.what == "fence" and inside is None:
            inside, language, start = [], line.title, min(line.start + len(line.text) + 1, len(text))
        elif line.what == "fence" and inside is not None:
            blocks.append(Block(language, _dedent(inside), start, line.start))
            inside = None
        elif inside is not None:
            inside.append(line.text)
    return blocks if inside is None else [*blocks, Block(language, _dedent(inside), start, len(text))]


def _dedent(lines: list[str]) -> str:
    """Blocks inside lists are indented as a whole; `textwrap.dedent` would look at every line by regular expression."""
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    least = min(indents, default=0)
    return "\n".join(line[least:] for line in lines) + "\n" if lines else ""
