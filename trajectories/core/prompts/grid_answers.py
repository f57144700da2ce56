"""Reading grids from what a model wrote: JSON or rows of digits, in the form the model had in mind."""

import json
import re
from collections import deque
from collections.abc import Iterator

from trajectories.core.prompts.blocks import find_blocks

_JSON_GRID = re.compile(r"\[\s*\[[\d\s,]*\](?:\s*,\s*\[[\d\s,]*\])*\s*,?\s*\]")
_DIGIT_LINE = re.compile(r"[ \t|>]*\d(?:[ \t,|]{0,3}\d)*[ \t|]*,?")
LONGEST_LINE = 400
LONGEST_SIDE = 100
"""A grid has at most 30 rows and columns; a larger one is kept, so that it can be shown as too large, up to this."""

Rows = list[list[int]]


def find_grids(text: str, most: int, *, digits: bool = True) -> list[Rows]:
    """The last `most` grids in a text, in order. Rows may differ in length: a ragged grid is shown as one.

    Without `digits` only JSON counts: lines of digits in plain text may be anything.
    """
    found: deque[tuple[int, Rows]] = deque(maxlen=most)
    for match in _JSON_GRID.finditer(text):
        rows = _json_rows(match[0])
        if rows is not None:
            found.append((match.start(), rows))
    rows_of_digits = deque(_digit_grids(text) if digits else (), maxlen=most)
    merged = sorted([*found, *rows_of_digits], key=lambda pair: pair[0])
    return [rows for _, rows in merged][-most:]


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


def _digit_grids(text: str) -> Iterator[tuple[int, Rows]]:
    """Runs of lines of digits with their places."""
    start = place = 0
    rows: Rows = []
    for line in text.split("\n"):
        row = _digit_row(line) if len(line) <= LONGEST_LINE else None
        if row is not None:
            start = start if rows else place
            rows.append(row)
        elif rows:
            yield from [(start, rows)] if len(rows) <= LONGEST_SIDE else []
            rows = []
        place += len(line) + 1
    if rows and len(rows) <= LONGEST_SIDE:
        yield start, rows


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


def read_grid_answer(text: str, tests: int) -> list[Rows | None] | None:
    """One grid per test input from the last answer tag, else after the last "answer:" or in the last blocks, else from
    the last JSON grids; None where there is none. Missing ones are None.
    """
    for region, digits in _regions(text):
        grids = find_grids(region, tests, digits=digits)
        if grids:
            return [*grids, *[None] * (tests - len(grids))]
    return None


def _regions(text: str) -> Iterator[tuple[str, bool]]:
    end = text.rfind("</answer>")
    opening = text.rfind("<answer>", 0, end if end >= 0 else len(text))
    if opening >= 0:
        yield text[opening + len("<answer>") : end if end > opening else len(text)], True
    lower = text[-200_000:].lower()
    label = max(lower.rfind("answer:"), lower.rfind("answer**:"), lower.rfind("answer:**"))
    if label >= 0:
        yield text[-200_000:][label:], True
    yield "\n\n".join(block.text for block in find_blocks(text) if block.language in ("", "json", "text", "txt")), True
    yield text, False
