"""Views of an ARC task as text (John & Motani 2023, arXiv 2310.05146): which grids are shown how, and what besides.

A view is words joined by "-": at most one encoding of the grids, "sizes", "pictures", at most one way to take them
apart, "pixels". "digits-sizes-corners-pixels" shows the grids as digits with their sizes, 8-connected objects and the
changed cells; "digits-pictures" shows them as digits, each with a picture, to models that see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trajectories.core.problems.arc import ArcPair, ArcTask, render_grid
from trajectories.core.problems.grids import Grid, grid_shape
from trajectories.core.prompts.base import PromptError
from trajectories.core.prompts.objects import (
    describe_changes,
    describe_lines,
    describe_parts,
    describe_sections,
    find_parts,
    ground_of,
    parts_by_colour,
)
from trajectories.core.prompts.pictures import picture_mark

Describe = Callable[[Grid], str]


def _as_json(grid: Grid) -> str:
    return "[" + ",".join("[" + ",".join(map(str, row)) + "]" for row in grid) + "]"


def _as_coordinates(grid: Grid) -> str:
    rows, columns = grid_shape(grid)
    ground = ground_of(grid)
    cells = [
        f"({row},{column})={cell}"
        for row, line in enumerate(grid)
        for column, cell in enumerate(line)
        if cell != ground
    ]
    return f"{rows} by {columns} cells of {ground}" + (f" except {' '.join(cells)}" if cells else "")


ENCODINGS: Mapping[str, tuple[str, Describe]] = {
    "digits": ("Grids are written as a line per row with the colours of its cells.", render_grid),
    "json": ("Grids are written as JSON: a list of rows, each a list of colours.", _as_json),
    "coordinates": (
        "Grids are written as the colour of most cells and then the others as (row,column)=colour, from 0.",
        _as_coordinates,
    ),
}
"""How grids are written: what the prompt says about it, and the writing."""

SEGMENTATIONS: Mapping[str, tuple[str, str, Describe]] = {
    "colours": (
        "all cells of one colour are one object",
        "Objects",
        lambda grid: describe_parts(grid, parts_by_colour(grid)),
    ),
    "sides": (
        "an object is cells of one colour that touch at their sides",
        "Objects",
        lambda grid: describe_parts(grid, find_parts(grid, corners=False, many=False)),
    ),
    "corners": (
        "an object is cells of one colour that touch at sides or corners",
        "Objects",
        lambda grid: describe_parts(grid, find_parts(grid, corners=True, many=False)),
    ),
    "multicolour": (
        "an object is cells of any colours but the ground that touch at sides or corners",
        "Objects",
        lambda grid: describe_parts(grid, find_parts(grid, corners=True, many=True)),
    ),
    "rows": (
        "each row is given as runs of equal cells, from the left",
        "Rows",
        lambda grid: describe_lines(grid, "row"),
    ),
    "columns": (
        "each column is given as runs of equal cells, from the top",
        "Columns",
        lambda grid: describe_lines(grid, "column"),
    ),
    "sections": (
        "full lines of one colour divide a grid into sections",
        "Sections",
        describe_sections,
    ),
}
"""How grids are taken apart: what the prompt says about it, the heading, and the writing."""

SYMBOLIC_VIEWS: Mapping[str, str] = {"": "digits", "grid": "digits", "object": "digits-sides", "pixel": "digits-pixels"}
"""The views of the symbolic sampler, as a language model would be shown them."""

SIZES, PICTURES, PIXELS = "sizes", "pictures", "pixels"
WORDS = (*ENCODINGS, SIZES, PICTURES, *SEGMENTATIONS, PIXELS)
COLOURS = tuple(
    zip(
        "0123456789",
        ("black", "blue", "red", "green", "yellow", "grey", "magenta", "orange", "light blue", "maroon"),
        strict=True,
    )
)
"""How the digits of cells are called in pictures."""


RULE = (
    "Each example turns an input grid into an output grid by one rule, the same for all. Grids have 1 to 30 rows and "
    "columns; a cell is a colour from 0 to 9. Find the rule and what it makes of every test input."
)


@dataclass(frozen=True, slots=True)
class View:
    """What of a task is shown. `encoding` and `segmentation` are "" for none."""

    encoding: str
    sizes: bool
    pictures: bool
    segmentation: str
    pixels: bool


def read_view(name: str) -> View:
    """The view of a name. Raises PromptError for words that are none, twice there, or exclude each other."""
    words = SYMBOLIC_VIEWS.get(name, name).split("-")
    if unknown := [word for word in words if word not in WORDS]:
        raise PromptError(f"Found the view word {unknown[0][:40]!r}, expected one of {', '.join(WORDS)}.")
    encodings = [word for word in words if word in ENCODINGS]
    segmentations = [word for word in words if word in SEGMENTATIONS]
    if len(set(words)) < len(words) or len(encodings) > 1 or len(segmentations) > 1:
        raise PromptError(
            f"Found the view {name[:60]!r}, expected each word once, one encoding and one segmentation at most."
        )
    if not encodings and not segmentations and PICTURES not in words:
        raise PromptError(
            f"The view {name[:60]!r} shows no grids, expected one of {', '.join(ENCODINGS)}, {PICTURES} or objects."
        )
    return View(
        "".join(encodings),
        SIZES in words,
        PICTURES in words,
        "".join(segmentations),
        PIXELS in words,
    )


def render_encoding(view: View, task: ArcTask) -> str:
    """The grids alone; "" where the view shows none."""
    if not view.encoding and not view.pictures:
        return ""
    return "\n\n".join(
        [legend(view, view_words=False), *_blocks(task, lambda label, grid: _grid_block(view, label, grid))]
    )


def render_view(view: View, task: ArcTask) -> str:
    """What the view shows besides the grids; "" where that is nothing."""
    if not view.segmentation and not view.pixels:
        return ""
    blocks = _blocks(task, lambda label, grid: _parts_block(view, label, grid)) if view.segmentation else []
    if view.pixels:
        blocks += [_changes_block(number, pair) for number, pair in enumerate(task.train, 1)]
    return "\n\n".join([legend(view, encoding=False), *blocks])


def render_task(view: View, task: ArcTask) -> str:
    """Everything, pair by pair; the test outputs are in no task that a prompt is made of."""
    parts = [f"{RULE} {legend(view)}"]
    for number, pair in enumerate(task.train, 1):
        for what, grid in (("input", pair.input), ("output", pair.output)):
            if grid is not None:
                parts += _grid_and_parts(view, f"Example {number} {what}", grid)
        parts += [_changes_block(number, pair)] if view.pixels else []
    for number, pair in enumerate(task.test, 1):
        parts += _grid_and_parts(view, f"Test {number} input", pair.input)
    return "\n\n".join(parts)


def legend(view: View, *, encoding: bool = True, view_words: bool = True) -> str:
    """How to read what follows."""
    said = [ENCODINGS[view.encoding][0]] if encoding and view.encoding else []
    if encoding and view.pictures:
        how = "Below each is a picture of it" if view.encoding else "Grids are shown as pictures"
        said.append(f"{how}, in the colours {', '.join(map(' '.join, COLOURS))}.")
    if view_words and view.segmentation:
        words, heading, _ = SEGMENTATIONS[view.segmentation]
        said.append(f"{heading}: {words}. The ground is the colour everything lies on.")
    if (encoding and view.sizes) or (view_words and view.segmentation):
        said.append("Sizes are rows by columns.")
    if view_words and view.pixels:
        said.append("Changed cells are given as (row,column), from 0.")
    return " ".join(said)


def _grid_and_parts(view: View, label: str, grid: Grid) -> list[str]:
    blocks = [_grid_block(view, label, grid)] if view.encoding or view.pictures else []
    return blocks + ([_parts_block(view, label, grid)] if view.segmentation else [])


def _blocks(task: ArcTask, write: Callable[[str, Grid], str]) -> list[str]:
    blocks = []
    for number, pair in enumerate(task.train, 1):
        blocks.append(write(f"Example {number} input", pair.input))
        blocks += [write(f"Example {number} output", pair.output)] if pair.output is not None else []
    return blocks + [write(f"Test {number} input", pair.input) for number, pair in enumerate(task.test, 1)]


def _grid_block(view: View, label: str, grid: Grid) -> str:
    rows, columns = grid_shape(grid)
    size = f" ({rows} by {columns})" if view.sizes else ""
    shown = [ENCODINGS[view.encoding][1](grid)] if view.encoding else []
    return "\n".join([f"{label}{size}:", *shown, *([picture_mark(grid)] if view.pictures else [])])


def _parts_block(view: View, label: str, grid: Grid) -> str:
    _, heading, describe = SEGMENTATIONS[view.segmentation]
    return f"{label}, {heading.lower()}:\n{describe(grid)}"


def _changes_block(number: int, pair: ArcPair) -> str:
    changes = "" if pair.output is None else describe_changes(pair.input, pair.output)
    return f"Example {number}, changed cells:\n{changes}"
