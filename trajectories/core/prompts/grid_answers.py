"""Reading grids from what a model wrote: JSON or rows of digits, in the form the model had in mind."""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from trajectories.core.prompts.blocks import find_blocks
from trajectories.core.records import AnswerSpan

_JSON_GRID = re.compile(r"\[\s*\[[\d\s,]*\](?:\s*,\s*\[[\d\s,]*\])*\s*,?\s*\]")
_DIGIT_LINE = re.compile(r"[ \t|>]*\d(?:[ \t,|]{0,3}\d)*[ \t|]*,?")
LONGEST_LINE = 400
LONGEST_SIDE = 100
"""A grid has at most 30 rows and columns; a larger one is kept, so that it can be shown as too large, up to this."""

LABEL_TAIL = 200_000
"""Characters at the end of a text that "answer:" is looked for in."""

Rows = list[list[int]]


@dataclass(frozen=True, slots=True)
class PlacedGrid:
    """A grid with its place in the text, in characters."""

    rows: Rows
    start: int
    """Where it begins, from the beginning of the text."""
    end: int
    """Where it ends, in the same way."""


def find_grids(text: str, most: int, *, digits: bool = True) -> list[Rows]:
    """The last `most` grids in a text, in order. Rows may differ in length: a ragged grid is shown as one.

    Without `digits` only JSON counts: lines of digits in plain text may be anything.
    """
    return [grid.rows for grid in place_grids(text, most, digits=digits)]


def place_grids(text: str, most: int, *, digits: bool = True, start: int = 0) -> list[PlacedGrid]:
    """The same grids with their places in a text of which this is the part from `start` on."""
    found: deque[PlacedGrid] = deque(maxlen=most)
    for match in _JSON_GRID.finditer(text):
        rows = _json_rows(match[0])
        if rows is not None:
            found.append(PlacedGrid(rows, start + match.start(), start + match.end()))
    rows_of_digits = deque(_digit_grids(text, start) if digits else (), maxlen=most)
    return sorted([*found, *rows_of_digits], key=lambda grid: grid.start)[-most:]


def _json_rows(text: str) -> Rows | None:
    if len(text) > 20 * LONGEST_SIDE**2:
        return None
    try:
        rows = json.loads(re.sub(r",\s*\]\s*\Z", "]", text))
    except (ValueError, RecursionError):
        return None
    fits = len(rows) <= LONGEST_SIDE and all(0 < len(row) <= LONGEST_SIDE for row in rows)
    # A number that no colour has may have thousands of digits; it is no cell.
    return rows if fits and all(cell < 1000 for row in rows for cell in row) else None


def _digit_grids(text: str, place: int) -> Iterator[PlacedGrid]:
    """Runs of lines of digits; the text begins at `place`."""
    start = place
    rows: Rows = []
    for line in text.split("\n"):
        row = _digit_row(line) if len(line) <= LONGEST_LINE else None
        if row is not None:
            start = start if rows else place
            rows.append(row)
        elif rows:
            yield from [PlacedGrid(rows, start, place - 1)] if len(rows) <= LONGEST_SIDE else []
            rows = []
        place += len(line) + 1
    if rows and len(rows) <= LONGEST_SIDE:
        yield PlacedGrid(rows, start, place - 1)


def _digit_row(line: str) -> list[int] | None:
    """The cells of a line such as "0 1 2", "0,1,2" or "012"; None for "10 2", which is no row of colours."""
    line = line.rstrip("\r")
    if not _DIGIT_LINE.fullmatch(line):
        return None
    words = re.findall(r"\d+", line)
    if len(words) > 1 and any(len(word) > 1 for word in words):
        return None
    cells = [int(digit) for word in words for digit in word]
    return cells if len(cells) <= LONGEST_SIDE else None


@dataclass(frozen=True, slots=True)
class GridAnswer:
    """One grid, or None, per test input, and where the first to the last of them stand in the text."""

    grids: list[Rows | None]
    span: AnswerSpan


def read_grid_answer(text: str, tests: int) -> GridAnswer | None:
    """One grid per test input from the last answer tag, else after the last "answer:" or in the last blocks, else from
    the last JSON grids, else the last lines of digits; None where there is none. Missing ones are None.
    """
    for rule, parts, digits in _regions(text):
        placed = [
            grid for start, end in parts for grid in place_grids(text[start:end], tests, digits=digits, start=start)
        ][-tests:]
        if placed:
            span = AnswerSpan(rule, placed[0].start, placed[-1].end)
            return GridAnswer([*(grid.rows for grid in placed), *[None] * (tests - len(placed))], span)
    return None


def _regions(text: str) -> Iterator[tuple[str, list[tuple[int, int]], bool]]:
    """(rule, parts of the text by start and end, whether lines of digits count) in the order they are tried."""
    end = text.rfind("</answer>")
    opening = text.rfind("<answer>", 0, end if end >= 0 else len(text))
    if opening >= 0:
        yield "tag", [(opening + len("<answer>"), end if end > opening else len(text))], True
    tail = max(0, len(text) - LABEL_TAIL)
    lower = text[tail:].lower()
    label = max(lower.rfind("answer:"), lower.rfind("answer**:"), lower.rfind("answer:**"))
    if label >= 0:
        yield "label", [(tail + label, len(text))], True
    plain = [block for block in find_blocks(text) if block.language in ("", "json", "text", "txt")]
    yield "block", [(block.start, block.end) for block in plain], True
    yield "last grid", [(0, len(text))], False
    yield "last grid", [(0, len(text))], True
