"""The catalogue of what a cell can be asked: maps with a phrase for people and a price."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trajectories.core.samplers.symbolic.pixel.expressions import Call, call
from trajectories.core.samplers.symbolic.pixel.helpers import cells, objects, rays, repair

COLOUR_NAMES = ("black", "blue", "red", "green", "yellow", "grey", "magenta", "orange", "light blue", "maroon")
_DIRECTIONS = (
    ("above", -1, 0), ("below", 1, 0), ("left", 0, -1), ("right", 0, 1),
    ("upper_left", -1, -1), ("upper_right", -1, 1), ("lower_left", 1, -1), ("lower_right", 1, 1),
)  # fmt: skip


class Kind(StrEnum):
    """What a map's numbers mean, and so which questions make sense."""

    COLOUR = "colour"
    FLAG = "flag"  # 0 or 1 (and -1 for none)
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Feature:
    """A map, the name of its variable in programs, what it says in English, and the price of using it.

    A flag's phrase is "subject|verb|rest", so that it can be denied; other phrases are nouns.
    """

    name: str
    call: Call | str
    phrase: str
    kind: Kind
    cost: float
    total: bool = False  # never -1


def catalogue(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    """All features of the grid in variable `base`; `colours` are those that every input shows besides background."""
    yield Feature(base, base, "the cell", Kind.COLOUR, 0.5, total=True)
    yield from _neighbours(base, colours)
    yield from _places(base)
    yield from _rays(base, colours)
    yield from _lines(base)
    yield from _mirrors(base)
    yield from _areas(base, colours)
    for kind, noun in ((0, "object"), (1, "object (corners joined)"), (2, "group of objects"), (4, "background area")):
        yield from _parts(base, kind, noun, colours)


def _neighbours(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    for name, down, right in _DIRECTIONS:
        phrase = f"the neighbour {name.replace('_', ' ')}"
        yield Feature(f"cell_{name}", call(cells.shifted, base, down, right), phrase, Kind.COLOUR, 1.4)
    for name, down, right in _DIRECTIONS[:4]:
        phrase = f"the cell two steps {name.replace('_', ' ')}"
        yield Feature(f"second_{name}", call(cells.shifted, base, 2 * down, 2 * right), phrase, Kind.COLOUR, 2.2)
    for diagonal, count in ((0, "4"), (1, "8")):
        own = call(cells.same_neighbours, base, diagonal)
        yield Feature(f"same_of_{count}", own, f"the number of its {count} neighbours of its own colour", Kind.NUMBER, 1.3)
        black = call(cells.count_neighbours, base, "background", diagonal)
        yield Feature(f"empty_of_{count}", black, f"the number of background cells among its {count} neighbours",
                      Kind.NUMBER, 1.3)  # fmt: skip
        for colour in colours:
            noun = f"the number of {COLOUR_NAMES[colour]} cells among its {count} neighbours"
            yield Feature(f"{COLOUR_NAMES[colour]}_of_{count}".replace(" ", "_"),
                          call(cells.count_neighbours, base, colour, diagonal), noun, Kind.NUMBER, 1.3)  # fmt: skip
    for side in (2, 3):
        for empty, what in ((1, "background"), (0, "one other colour")):
            yield Feature(f"in_{side}x{side}_{'gap' if empty else 'block'}",
                          call(cells.in_square, base, "background", side, empty),
                          f"the cell|is|part of some {side} by {side} square of {what}", Kind.FLAG, 1.5)  # fmt: skip


def _places(base: str) -> Iterator[Feature]:
    numbered = (
        ("row_from_top", call(cells.row_number, base, 0), "the row from the top, from 0,"),
        ("row_from_bottom", call(cells.row_number, base, 1), "the row from the bottom, from 0,"),
        ("column_from_left", call(cells.column_number, base, 0), "the column from the left, from 0,"),
        ("column_from_right", call(cells.column_number, base, 1), "the column from the right, from 0,"),
        ("rising", call(cells.diagonal_number, base, 0), "row plus column"),
        ("falling", call(cells.diagonal_number, base, 1), "the difference of row and column"),
        ("ring", call(cells.border_distance, base), "the ring counted from the border, from 0,"),
    )
    for name, expression, phrase in numbered:
        yield Feature(name, expression, phrase, Kind.NUMBER, 1.8)
        for divisor in (2, 3):
            noun = f"the remainder of {phrase.rstrip(',')} divided by {divisor}".replace(", from 0", "")
            yield Feature(f"{name}_mod_{divisor}", call(cells.remainder, expression, divisor), noun, Kind.NUMBER, 1.6)


def _rays(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    seen = {}
    for name, down, right in _DIRECTIONS:
        seen[name] = call(rays.first_colour, base, "background", down, right)
        yield Feature(f"seen_{name}", seen[name], f"the first colour met going {name.replace('_', ' ')}", Kind.COLOUR, 1.4)
    for name, down, right in _DIRECTIONS[:4]:
        away = call(rays.ray_length, base, "background", down, right)
        yield Feature(f"steps_{name}", away, f"the number of steps to the first colour going {name}", Kind.NUMBER, 1.8)
    axes = (("left", "right"), ("above", "below"), ("upper_left", "lower_right"), ("upper_right", "lower_left"))
    pairs = [call(rays.between, seen[first], seen[second]) for first, second in axes]
    words = ("left and right", "above and below", "both ways on the falling diagonal", "both ways on the rising diagonal")
    for (first, _), pair, word in zip(axes, pairs, words, strict=True):
        yield Feature(f"between_{first}", pair, f"the colour met {word} alike", Kind.COLOUR, 1.2)
    yield Feature("between_straight", call(rays.agreed, pairs[0], pairs[1]),
                  "the colour met on both sides in the row or the column", Kind.COLOUR, 1.4)  # fmt: skip
    for diagonal, ways in ((0, "4"), (1, "8")):
        nearest = call(rays.nearest_colour, base, "background", diagonal)
        yield Feature(f"nearest_{ways}", nearest, f"the nearest colour in {ways} directions", Kind.COLOUR, 1.5)
        away = call(rays.nearest_distance, base, "background", diagonal)
        yield Feature(f"distance_{ways}", away, f"the number of steps to the nearest colour in {ways} directions",
                      Kind.NUMBER, 1.5)  # fmt: skip
        parity = call(cells.remainder, away, 2)
        yield Feature(f"distance_{ways}_mod_2", parity, f"the parity of the steps to the nearest colour ({ways} directions)",
                      Kind.NUMBER, 1.8)  # fmt: skip
    for colour in colours:
        word = COLOUR_NAMES[colour]
        name = word.replace(" ", "_")
        for what, expression in (
            ("row", call(rays.row_contains, base, colour)),
            ("column", call(rays.column_contains, base, colour)),
            ("falling diagonal", call(rays.diagonal_contains, base, colour, 1)),
            ("rising diagonal", call(rays.diagonal_contains, base, colour, 0)),
        ):
            yield Feature(f"{name}_in_{what.replace(' ', '_')}", expression, f"its {what}|has|{word} cells", Kind.FLAG, 1.3)


def _lines(base: str) -> Iterator[Feature]:
    row_cells, column_cells = (call(count, base, "background") for count in (rays.row_count, rays.column_count))
    for name, noun, counted, variety, single in (
        ("row", "row", row_cells, rays.row_variety, rays.row_colour),
        ("column", "column", column_cells, rays.column_variety, rays.column_colour),
    ):
        yield Feature(f"{name}_colour", call(single, base, "background"), f"the only colour of its {noun}", Kind.COLOUR, 1.3)
        yield Feature(f"{name}_cells", counted, f"the number of coloured cells in its {noun}", Kind.NUMBER, 1.5)
        yield Feature(f"{name}_variety", call(variety, base), f"the number of different colours in its {noun}",
                      Kind.NUMBER, 1.4)  # fmt: skip
        for largest, word in ((1, "most"), (0, "fewest")):
            yield Feature(f"{word}_in_{name}", call(rays.extreme, counted, largest),
                          f"its {noun}|is|among those with the {word} coloured cells", Kind.FLAG, 1.6)  # fmt: skip
    ends = ("the left end of its row", "the right end of its row", "the top of its column", "the bottom of its column")
    for side, noun in enumerate(ends):
        yield Feature(("row_start", "row_end", "column_top", "column_bottom")[side],
                      call(rays.edge_colour, base, side), f"the colour at {noun}", Kind.COLOUR, 1.4, total=True)  # fmt: skip


def _mirrors(base: str) -> Iterator[Feature]:
    flips = (("left_right", 0, 1, "left to right"), ("upside_down", 1, 0, "top to bottom"), ("half_turn", 1, 1, "by a half turn"))
    for name, down, across, word in flips:
        yield Feature(name, call(cells.mirrored, base, down, across), f"the colour at the place mirrored {word}",
                      Kind.COLOUR, 1.2, total=True)  # fmt: skip
    turns = ("on the main diagonal", "on the other diagonal", "by a quarter turn right", "by a quarter turn left")
    for kind, word in enumerate(turns):
        yield Feature(f"turned_{kind}", call(cells.turned, base, kind), f"the colour at the place mirrored {word}",
                      Kind.COLOUR, 1.3)  # fmt: skip


def repairs(base: str, hole: int) -> Iterator[Feature]:
    """Guesses at cells of colour `hole` from the whole grid's pattern. Dear to compute: ask only where it can help."""
    name = COLOUR_NAMES[hole].replace(" ", "_")
    yield Feature(f"repeated_without_{name}", call(repair.repeating, base, hole),
                  f"the colour that the repeating tile has there ({COLOUR_NAMES[hole]} unknown)", Kind.COLOUR, 1.5)  # fmt: skip
    yield Feature(f"symmetric_without_{name}", call(repair.symmetric_partner, base, hole),
                  f"the colour at the mirror image about the pattern's axes ({COLOUR_NAMES[hole]} unknown)",
                  Kind.COLOUR, 1.5)  # fmt: skip


def _areas(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    for diagonal, how in ((0, "sides"), (1, "sides and corners")):
        yield Feature(f"enclosed_{4 + 4 * diagonal}", call(objects.enclosed, base, "background", diagonal),
                      f"the cell|is|background with no way to the border by {how}", Kind.FLAG, 1.0)  # fmt: skip
    for colour in colours:
        word = COLOUR_NAMES[colour]
        yield Feature(f"inside_{word.replace(' ', '_')}", call(objects.walled_in, base, colour),
                      f"the cell|is|walled in by {word}", Kind.FLAG, 1.1)  # fmt: skip
    yield Feature("frequency_rank", call(cells.colour_frequency_rank, base, "background"),
                  "the rank of its colour by number of cells, from 0,", Kind.NUMBER, 1.4)  # fmt: skip


def _parts(base: str, kind: int, noun: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    parts = call(objects.connected_parts, base, "background", kind)
    for feature in (*_part_numbers(base, parts, noun), *_part_flags(base, parts, noun)):
        yield _for_kind(feature, kind)
    if kind == 4:
        touching = call(objects.paint, base, parts, call(objects.touching_colours, base, parts))
        yield Feature("area_surrounded_by", touching, f"the only colour around its {noun}", Kind.COLOUR, 1.3)
        return
    for feature in _box_features(base, parts, noun):
        yield _for_kind(feature, kind)
    if kind == 2:
        for feature in _mixed_features(base, parts, noun, colours):
            yield _for_kind(feature, kind)


def _for_kind(feature: Feature, kind: int) -> Feature:
    prefix = {0: "object", 1: "joined", 2: "group", 4: "area"}[kind]
    extra = {0: 0.0, 1: 0.1, 2: 0.2, 4: 0.1}[kind]
    return Feature(f"{prefix}_{feature.name}", feature.call, feature.phrase, feature.kind, feature.cost + extra)


def _part_numbers(base: str, parts: Call, noun: str) -> Iterator[Feature]:
    size = call(objects.sizes, parts)
    shape = call(objects.shape_numbers, parts)
    numbers = (
        ("size", size, f"the number of cells of its {noun}", 1.5),
        ("size_rank", call(objects.ranks, size), f"the size rank of its {noun}, from 0 for the largest,", 1.5),
        ("height", call(objects.heights, parts), f"the height of its {noun}", 1.6),
        ("width", call(objects.widths, parts), f"the width of its {noun}", 1.6),
        ("holes", call(objects.hole_counts, parts), f"the number of holes in its {noun}", 1.2),
        ("longer_side", call(objects.longer_sides, parts), f"the orientation (0 wide, 1 high, 2 even) of its {noun}", 1.4),
        ("rectangle", call(objects.filled_boxes, parts), f"the shape (0 other, 1 rectangle, 2 square) of its {noun}", 1.3),
        ("shapes_alike", call(objects.how_many_alike, shape), f"the number of parts shaped like its {noun}", 1.5),
        ("sizes_alike", call(objects.how_many_alike, size), f"the number of parts as large as its {noun}", 1.6),
    )
    for name, values, phrase, cost in numbers:
        yield Feature(name, call(objects.paint, base, parts, values), phrase, Kind.NUMBER, cost)
    for side, word in enumerate(("top", "left", "bottom", "right")):
        place = call(objects.place_in_box, base, parts, side)
        yield Feature(f"from_{word}", place, f"the steps from the {word} of the box around its {noun}", Kind.NUMBER, 1.7)
        yield Feature(f"from_{word}_mod_2", call(cells.remainder, place, 2),
                      f"the parity of the steps from the {word} of the box around its {noun}", Kind.NUMBER, 1.9)  # fmt: skip
    yield Feature("box_ring", call(objects.place_in_box, base, parts, 4),
                  f"the ring within the box around its {noun}", Kind.NUMBER, 1.6)  # fmt: skip
    depth = call(objects.depths, base, parts)
    yield Feature("depth", depth, f"the depth within its {noun}, from 0,", Kind.NUMBER, 1.5)
    yield Feature("depth_mod_2", call(cells.remainder, depth, 2), f"the parity of the depth within its {noun}",
                  Kind.NUMBER, 1.8)  # fmt: skip


def _part_flags(base: str, parts: Call, noun: str) -> Iterator[Feature]:
    size = call(objects.sizes, parts)
    flags = (
        ("largest", call(objects.is_extreme, size, 1), f"its {noun}|is|the largest", 1.2),
        ("smallest", call(objects.is_extreme, size, 0), f"its {noun}|is|the smallest", 1.2),
        ("at_border", call(objects.at_border, base, parts), f"its {noun}|is|at the border", 1.2),
        ("even_left_right", call(objects.symmetric, parts, 1), f"its {noun}|is|symmetric left to right", 1.4),
        ("even_up_down", call(objects.symmetric, parts, 0), f"its {noun}|is|symmetric top to bottom", 1.4),
    )
    for name, values, phrase, cost in flags:
        yield Feature(name, call(objects.paint, base, parts, values), phrase, Kind.FLAG, cost)
    ends = (("topmost", 0, 0), ("leftmost", 1, 0), ("bottommost", 2, 1), ("rightmost", 3, 1))
    for name, side, largest in ends:
        values = call(objects.is_extreme, call(objects.positions, parts, side), largest)
        yield Feature(name, call(objects.paint, base, parts, values), f"its {noun}|is|the {name}", Kind.FLAG, 1.5)
    numbers = (("tallest", objects.heights), ("widest", objects.widths), ("most_holed", objects.hole_counts))
    for name, function in numbers:
        values = call(objects.is_extreme, call(function, parts), 1)
        word = name.replace("_", " ")
        yield Feature(name, call(objects.paint, base, parts, values), f"its {noun}|is|the {word}", Kind.FLAG, 1.5)


def _box_features(base: str, parts: Call, noun: str) -> Iterator[Feature]:
    main = call(objects.colours_of, base, parts, 0)
    yield Feature("box_colour", call(objects.paint_boxes, base, parts, main),
                  f"the main colour of the {noun} in whose box it lies", Kind.COLOUR, 1.3)  # fmt: skip
    for name, down, across, word in (
        ("left_right", 0, 1, "left to right"), ("upside_down", 1, 0, "top to bottom"), ("half_turn", 1, 1, "by a half turn"),
    ):  # fmt: skip
        yield Feature(f"box_{name}", call(objects.mirrored_in_box, base, parts, down, across),
                      f"the colour at the place mirrored {word} in the box of its {noun}", Kind.COLOUR, 1.6)  # fmt: skip
    yield Feature("touching", call(objects.paint, base, parts, call(objects.touching_colours, base, parts)),
                  f"the only colour beside its {noun}", Kind.COLOUR, 1.5)  # fmt: skip


def _mixed_features(base: str, parts: Call, noun: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    for rank, name in ((0, "main_colour"), (-1, "rare_colour")):
        values = call(objects.colours_of, base, parts, rank)
        word = "most" if rank == 0 else "least"
        yield Feature(name, call(objects.paint, base, parts, values), f"the {word} common colour of its {noun}",
                      Kind.COLOUR, 1.3)  # fmt: skip
        yield Feature(f"box_{name}", call(objects.paint_boxes, base, parts, values),
                      f"the {word} common colour of the {noun} in whose box it lies", Kind.COLOUR, 1.5)  # fmt: skip
    variety = call(objects.varieties, base, parts)
    yield Feature("variety", call(objects.paint, base, parts, variety), f"the number of colours of its {noun}", Kind.NUMBER, 1.4)
    values = call(objects.is_extreme, variety, 1)
    yield Feature("most_varied", call(objects.paint, base, parts, values), f"its {noun}|is|the one with most colours",
                  Kind.FLAG, 1.5)  # fmt: skip
    for colour in colours:
        word = COLOUR_NAMES[colour]
        values = call(objects.colour_cells, base, parts, colour)
        yield Feature(f"{word}_cells".replace(" ", "_"), call(objects.paint, base, parts, values),
                      f"the number of {word} cells in its {noun}", Kind.NUMBER, 1.4)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """One colour of a whole grid, by its role."""

    name: str
    call: Call | str
    phrase: str
    cost: float


def roles(base: str) -> Iterator[Role]:
    """Colours that a grid singles out."""
    yield Role("background", "background", "the background colour", 0.8)
    yield Role("commonest", call(cells.ranked_colour, base, "background", 0), "the most common colour", 1.1)
    yield Role("second", call(cells.ranked_colour, base, "background", 1), "the second most common colour", 1.4)
    yield Role("rarest", call(cells.ranked_colour, base, "background", -1), "the rarest colour", 1.1)
    corners = (("top left", 0, 0), ("top right", 0, -1), ("bottom left", -1, 0), ("bottom right", -1, -1))
    for word, row, column in corners:
        yield Role(f"{word.replace(' ', '_')}_corner", call(cells.colour_at, base, row, column),
                   f"the colour of the {word} corner", 1.6)  # fmt: skip
    parts = call(objects.connected_parts, base, "background", 0)
    size = call(objects.sizes, parts)
    for largest, word in ((1, "largest"), (0, "smallest")):
        yield Role(f"colour_of_{word}", call(objects.part_colour, base, parts, call(objects.is_extreme, size, largest)),
                   f"the colour of the {word} object", 1.5)  # fmt: skip
