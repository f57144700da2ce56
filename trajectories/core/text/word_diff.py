"""What changed between two texts, word by word: bounded work, and the same result on every machine.

diff-match-patch (Myers 1986, O(ND)) stops by the clock, so that a slow machine gets a coarser diff than a quick one.
Here it stops after a number of steps instead. Lines are compared first, then the words of the lines that differ, so
that a long text with a few changes costs little; what is too different to compare within its steps is shown as
replaced as a whole, which is coarser and still right.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from diff_match_patch import diff_match_patch

STEPS = 1_500
"""Rounds of the search in one comparison. A round visits at most as many places as there were rounds before it."""

WORK = 100_000_000
"""Rounds times tokens of one comparison: what bounds the time of long texts without any common line."""

PAIRED_LINES = 40
"""Where so many lines or more became as many others, each is compared with the one in its place."""

CONTEXT = 160
"""Characters of what is the same that are shown on either side of a change."""

_TOKEN = re.compile(r"\S+\s*|\s+")
_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800
_MOST_TOKENS = 0x10FFFF - _SURROGATES


class TextSide(StrEnum):
    """Where a piece of text stands: in both texts, in the older one only, or in the newer one only."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text. `left_out` counts the characters of the same text that are not shown behind it."""

    side: TextSide
    text: str
    left_out: int = 0


def word_diff(before: str, after: str) -> tuple[Change, ...]:
    """The changes from one text to the other in order: all of both texts is in them."""
    changes: list[Change] = []
    for side, old, new in _hunks(_compared(before.splitlines(keepends=True), after.splitlines(keepends=True))):
        if side is TextSide.SAME:
            changes.append(Change(side, new))
        elif old and new:
            changes += _words(old, new)
        else:
            changes.append(Change(TextSide.GONE, old) if old else Change(TextSide.NEW, new))
    return tuple(_merged(changes))


def _words(old: str, new: str) -> Iterator[Change]:
    """What changed between some lines that have nothing else in common."""
    lines, others = old.splitlines(keepends=True), new.splitlines(keepends=True)
    pairs = zip(lines, others, strict=True) if len(lines) == len(others) >= PAIRED_LINES else [(old, new)]
    for line, other in pairs:
        for side, text in _compared(_TOKEN.findall(line), _TOKEN.findall(other)):
            yield Change(side, text)


def in_short(changes: Iterable[Change], context: int = CONTEXT) -> tuple[Change, ...]:
    """The changes with at most `context` characters of what is the same on either side of each."""
    listed = list(changes)
    short: list[Change] = []
    for index, change in enumerate(listed):
        if change.side is not TextSide.SAME:
            short.append(change)
            continue
        head = change.text[:context] if index else ""
        tail = change.text[-context:] if index < len(listed) - 1 else ""
        left_out = len(change.text) - len(head) - len(tail)
        if left_out <= 0:
            short.append(change)
        else:
            short += [Change(TextSide.SAME, head, left_out), *([Change(TextSide.SAME, tail)] if tail else [])]
    return tuple(short)


class _Steps:
    """A deadline in steps instead of seconds: the library asks before every round whether the time is over."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __lt__(self, now: object) -> bool:
        self._left -= 1
        return self._left < 0


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[TextSide, str]]:
    """What became of the tokens of a text, in order."""
    numbers: dict[str, int] = {}
    for token in (*before, *after):
        numbers.setdefault(token, len(numbers))
    if len(numbers) > _MOST_TOKENS:
        yield TextSide.GONE, "".join(before)
        yield TextSide.NEW, "".join(after)
        return
    tokens = list(numbers)
    steps = _Steps(min(STEPS, WORK // max(1, len(before) + len(after))))
    coded = ("".join(_letter(numbers[token]) for token in text) for text in (before, after))
    for word, letters in diff_match_patch().diff_main(*coded, False, steps):
        yield _SIDES[word], "".join(tokens[_number(letter)] for letter in letters)


_SIDES = {
    diff_match_patch.DIFF_EQUAL: TextSide.SAME,
    diff_match_patch.DIFF_DELETE: TextSide.GONE,
    diff_match_patch.DIFF_INSERT: TextSide.NEW,
}


def _letter(number: int) -> str:
    return chr(number if number < _FIRST_SURROGATE else number + _SURROGATES)


def _number(letter: str) -> int:
    code = ord(letter)
    return code if code < _FIRST_SURROGATE else code - _SURROGATES


def _hunks(changes: Iterable[tuple[TextSide, str]]) -> Iterator[tuple[TextSide, str, str]]:
    """(SAME, text, text) of what is the same, and (NEW, what was there, what is there) of what is not."""
    gone, new = "", ""
    for side, text in changes:
        if side is not TextSide.SAME:
            gone, new = (gone + text, new) if side is TextSide.GONE else (gone, new + text)
            continue
        if gone or new:
            yield TextSide.NEW, gone, new
        gone, new = "", ""
        yield side, text, text
    if gone or new:
        yield TextSide.NEW, gone, new


def _merged(changes: Iterable[Change]) -> Iterator[Change]:
    """Neighbours of one side as one."""
    last: Change | None = None
    for change in changes:
        if last is not None and last.side is change.side:
            last = Change(last.side, last.text + change.text)
            continue
        if last is not None:
            yield last
        last = change
    if last is not None:
        yield last
