"""Answers that were found, and what stands behind the label of one."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from trajectories.core.answers.marks import Mark, next_block
from trajectories.core.answers.statements import Reading, Statement, is_readable
from trajectories.core.records import JSON

WHOLE_ANSWER = 200
"""A text of one line with at most this many characters in which nothing marks an answer may be the answer itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, the rule that found it, and its place in the text that was read."""

    value: JSON
    rule: str
    start: int
    """Where the answer begins, in characters from the beginning of the text."""
    end: int
    """Where it ends, in the same way."""


def labelled(text: str, mark: Mark, read: Callable[[int, int], Statement]) -> Statement:
    """What stands behind a label: on its line, else on the next line or in the block that follows."""
    line = text[mark.start : mark.end]
    if line.strip(" \t*_`:：=>|$\\[]().") or is_readable(line):
        said = read(mark.start, mark.end)
        if said.reading is not Reading.NOTHING or line.strip(" \t*_`:：=>|"):
            return said
    if not mark.strong:
        return Statement(Reading.NOTHING, mark.start, mark.start)
    start, end, _ = next_block(text, mark.end)
    return read(*without_bullet(text, start, end))


def without_bullet(text: str, start: int, end: int) -> tuple[int, int]:
    """The part without the mark of a list of one."""
    bullet = re.compile(r"[-*•–]\s+(?=\S)").match(text, start, end)
    return (start, end) if bullet is None or "\n" in text[start:end].strip() else (bullet.end(), end)
