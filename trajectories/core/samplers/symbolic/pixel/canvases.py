"""Where output cells come from: the input itself, a window of it, or a canvas of the output's size made from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import Grid, grid_shape
from trajectories.core.samplers.symbolic.pixel.expressions import HelperCall, call
from trajectories.core.samplers.symbolic.pixel.features import COLOUR_NAMES, Feature, Kind
from trajectories.core.samplers.symbolic.pixel.helpers import cells, layouts, objects


@dataclass(frozen=True, slots=True)
class Canvas:
    """How the grid of cells to decide is made.

    `base` is the variable whose maps are asked; `made` is its call on the input (None: the input itself); `extra` are
    further maps of the base's shape; `window` is the part of it that becomes the output (None: all of it).
    """

    name: str
    base: str
    cost: float
    words: str
    made: HelperCall | None = None
    extra: tuple[Feature, ...] = ()
    window: HelperCall | None = None
    small: bool = field(default=False)  # cells stand for whole blocks: only local questions make sense


def canvases(task: ArcTask) -> Iterator[Canvas]:
    """All canvases whose sizes can match the training outputs, by the sizes alone."""
    shapes = [(grid_shape(pair.input), grid_shape(pair.output)) for pair in task.train if pair.output is not None]
    if all(before == after for before, after in shapes):
        yield Canvas("same", "grid", 0.0, "The output has the size of the input.")
        return
    if all(before[0] >= after[0] and before[1] >= after[1] for before, after in shapes):
        yield from _sections(shapes)
        yield from _blocks(shapes)
        yield from _windows(task)
    if all(before[0] <= after[0] and before[1] <= after[1] for before, after in shapes):
        yield from _enlarged(shapes)


Shapes = Sequence[tuple[tuple[int, int], tuple[int, int]]]


def _windows(task: ArcTask) -> Iterator[Canvas]:
    windows: list[tuple[str, HelperCall, str, float]] = [
        ("others", call(layouts.window_of_others, "grid", "background"), "everything but the background", 1.0)
    ]
    shared = set(range(10)).intersection(*({v for row in p.input for v in row} for p in (*task.train, *task.test)))
    for colour in sorted(shared):
        expression = call(layouts.window_of_colour, "grid", colour)
        windows.append((COLOUR_NAMES[colour].replace(" ", "_"), expression, f"all {COLOUR_NAMES[colour]} cells", 1.3))
    rarest = call(layouts.window_of_colour, "grid", call(cells.ranked_colour, "grid", "background", -1))
    windows.append(("rarest", rarest, "all cells of the rarest colour", 1.5))
    for kind, noun in ((0, "object"), (1, "object (corners joined)"), (2, "group of objects")):
        parts = call(objects.connected_parts, "grid", "background", kind)
        size = call(objects.sizes, parts)
        for word, flags in (
            ("largest", call(objects.is_extreme, size, 1)),
            ("smallest", call(objects.is_extreme, size, 0)),
            ("most colourful", call(objects.is_extreme, call(objects.varieties, "grid", parts), 1)),
        ):
            window = call(layouts.window_of_part, "grid", parts, flags)
            windows.append((f"{word}_{kind}".replace(" ", "_"), window, f"the {word} {noun}", 1.6))
    for name, window, words, cost in windows:
        yield Canvas(f"window_{name}", "grid", cost, f"The output is the window around {words}.", window=window)
        yield Canvas(
            f"inside_{name}",
            "grid",
            cost + 0.5,
            f"The output is the inside of the window around {words}.",
            window=call(layouts.shrunk, window),
        )


def _sections(shapes: Shapes) -> Iterator[Canvas]:
    """Equal sections with or without separating lines, laid on top of one another."""
    seen = set()
    for gap in (0, 1):
        for down in range(1, 11):
            for across in range(1, 11):
                if 1 < down * across <= 16 and all(_divides(*pair, (down, across), gap) for pair in shapes):
                    seen.add((down, across, gap))
    for down, across, gap in sorted(seen):
        places = [(r, c) for r in range(down) for c in range(across)]
        layers = [call(layouts.section, "grid", (down, across), gap, place) for place in places]
        extra = [
            Feature(f"section_{number}", layer, f"the cell of section {number}", Kind.COLOUR, 0.6, total=True)
            for number, layer in enumerate(layers[1:], 2)
        ]
        extra.append(
            Feature(
                "voted",
                call(layouts.vote, layers, "background"),
                "the most frequent colour of the sections",
                Kind.COLOUR,
                0.9,
                total=True,
            )
        )
        extra.append(
            Feature(
                "votes",
                call(layouts.vote_count, layers, "background"),
                "the number of sections that are coloured there",
                Kind.NUMBER,
                0.9,
            )
        )
        words = f"The input is cut into {down} by {across} equal sections, which are laid on top of one another."
        yield Canvas(f"sections_{down}x{across}_{gap}", "canvas", 1.0, words, layers[0], tuple(extra), small=True)


def _divides(before: tuple[int, int], after: tuple[int, int], counts: tuple[int, int], gap: int) -> bool:
    return all(a * n + gap * (n - 1) == b for b, a, n in zip(before, after, counts, strict=True))


def _blocks(shapes: Shapes) -> Iterator[Canvas]:
    """One output cell for each block of the input, with or without separating lines."""
    for gap in (0, 1):
        steps = {((b[0] + gap) // a[0] - gap, (b[1] + gap) // a[1] - gap) for b, a in shapes}
        if len(steps) != 1:
            continue
        step = steps.pop()
        if step == (1, 1) or min(step) < 1 or not all(_divides(b, step, a, gap) for b, a in shapes):
            continue
        counts = call(layouts.block_counts, "grid", "background", step, gap)
        varieties = call(layouts.block_varieties, "grid", step, gap)
        extra = [
            Feature("block_cells", counts, "the number of coloured cells in its block", Kind.NUMBER, 0.9),
            Feature("block_variety", varieties, "the number of colours in its block", Kind.NUMBER, 1.0),
        ]
        if gap == 0 and step[0] * step[1] <= 9:
            extra += [
                Feature(
                    f"block_{r}_{c}",
                    call(layouts.every, "grid", step, (r, c)),
                    f"the cell in row {r}, column {c} of the block",
                    Kind.COLOUR,
                    1.2,
                    total=True,
                )
                for r in range(step[0])
                for c in range(step[1])
            ]
        words = f"Each output cell stands for a block of {step[0]} by {step[1]} cells: its most frequent colour."
        made = call(layouts.block_colours, "grid", "background", step, gap)
        yield Canvas(f"blocks_{step[0]}x{step[1]}_{gap}", "canvas", 1.2, words, made, tuple(extra), small=True)


def _enlarged(shapes: Shapes) -> Iterator[Canvas]:
    """Cells grown to blocks, or the input repeated, with each other's maps at hand."""
    factors = {(a[0] / b[0], a[1] / b[1]) for b, a in shapes}
    down, across = min(factors)
    if len(factors) == 1 and down == int(down) and across == int(across):
        yield from _fixed_enlargements(int(down), int(across))
    for word, counter in (("colours", layouts.count_colours), ("coloured cells", layouts.count_others)):
        number = call(counter, "grid", "background")
        for name, function in (("enlarged", layouts.enlarged), ("tiled", layouts.tiled)):
            yield Canvas(
                f"{name}_by_{word.replace(' ', '_')}",
                "canvas",
                1.5,
                f"The input is {name}, as often as it has {word}, in both directions.",
                call(function, "grid", number, number),
            )


def _fixed_enlargements(down: int, across: int) -> Iterator[Canvas]:
    enlarged = call(layouts.enlarged, "grid", down, across)
    tiled = call(layouts.tiled, "grid", down, across)
    tile = Feature("tile", tiled, "the cell of the repeated input", Kind.COLOUR, 0.8, total=True)
    block = Feature("block", enlarged, "the cell of the enlarged input", Kind.COLOUR, 0.8, total=True)
    flips = tuple(
        Feature(
            f"flipped_{first}",
            call(layouts.tiled_mirrored, "grid", down, across, first),
            f"the cell of the input repeated with every second copy mirrored (from copy {2 - first})",
            Kind.COLOUR,
            1.0,
            total=True,
        )
        for first in (0, 1)
    )
    turned = tuple(
        Feature(
            f"tile_{name}",
            call(layouts.tiled, call(cells.mirrored, "grid", *flip), down, across),
            f"the cell of the repeated input mirrored {word}",
            Kind.COLOUR,
            1.2,
            total=True,
        )
        for name, flip, word in (
            ("left_right", (0, 1), "left to right"),
            ("upside_down", (1, 0), "top to bottom"),
            ("half_turn", (1, 1), "by a half turn"),
        )
    )
    numbers = [
        Feature(
            f"{'column' if side else 'row'}_in_tile",
            call(cells.remainder, call(place, tiled, 0), size),
            f"the {'column' if side else 'row'} within its tile or block",
            Kind.NUMBER,
            1.3,
        )
        for side, place, size in ((0, cells.row_number, down), (1, cells.column_number, across))
        if size > 1
    ]
    words = f"Every cell becomes a block of {down} by {across} cells."
    yield Canvas(f"enlarged_{down}x{across}", "canvas", 1.0, words, enlarged, (tile, *flips, *turned, *numbers))
    words = f"The input is repeated {down} times down and {across} times across."
    yield Canvas(
        f"tiled_{down}x{across}", "canvas", 1.0, words, tiled, (block, *flips, *turned, *_copies(down, across))
    )


def _copies(down: int, across: int) -> Iterator[Feature]:
    """Which copy a cell of the tiling lies in."""
    ones = [(0, down, "row"), (1, across, "column")]
    for side, count, noun in ones:
        if count > 1:
            size = call(layouts.side_length, "grid", side)
            yield Feature(
                f"copy_{noun}",
                call(layouts.block_number, "canvas", side, size),
                f"the {noun} of its copy, from 0,",
                Kind.NUMBER,
                1.1,
            )


def outputs_fit(windows: Sequence[tuple[int, int, int, int]], outputs: Sequence[Grid | None]) -> bool:
    """Whether windows have the sizes of the known outputs."""
    return all(
        output is None or grid_shape(output) == (window[2] - window[0] + 1, window[3] - window[1] + 1)
        for window, output in zip(windows, outputs, strict=True)
    )
