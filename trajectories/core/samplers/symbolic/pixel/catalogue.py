"""The catalogue of all maps that rules may use."""

from collections.abc import Iterator

from trajectories.core.samplers.symbolic.pixel.expressions import call
from trajectories.core.samplers.symbolic.pixel.features import COLOUR_NAMES, Feature, Kind
from trajectories.core.samplers.symbolic.pixel.helpers import cells, objects, rays, repair
from trajectories.core.samplers.symbolic.pixel.part_features import part_features, section_features

_DIRECTIONS = (
    ("above", -1, 0),
    ("below", 1, 0),
    ("left", 0, -1),
    ("right", 0, 1),
    ("upper_left", -1, -1),
    ("upper_right", -1, 1),
    ("lower_left", 1, -1),
    ("lower_right", 1, 1),
)


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
        yield from part_features(base, kind, noun, colours)
    yield from section_features(base, colours)


def _neighbours(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    for name, down, right in _DIRECTIONS:
        phrase = f"the neighbour {name.replace('_', ' ')}"
        yield Feature(f"cell_{name}", call(cells.shifted, base, down, right), phrase, Kind.COLOUR, 1.4)
    for name, down, right in _DIRECTIONS[:4]:
        phrase = f"the cell two steps {name.replace('_', ' ')}"
        yield Feature(f"second_{name}", call(cells.shifted, base, 2 * down, 2 * right), phrase, Kind.COLOUR, 2.2)
    for diagonal, count in ((0, "4"), (1, "8")):
        own = call(cells.same_neighbours, base, diagonal)
        yield Feature(
            f"same_of_{count}", own, f"the number of its {count} neighbours of its own colour", Kind.NUMBER, 1.3
        )
        black = call(cells.count_neighbours, base, "background", diagonal)
        yield Feature(
            f"empty_of_{count}", black, f"the number of background cells among its {count} neighbours", Kind.NUMBER, 1.3
        )
        for colour in colours:
            noun = f"the number of {COLOUR_NAMES[colour]} cells among its {count} neighbours"
            yield Feature(
                f"{COLOUR_NAMES[colour]}_of_{count}".replace(" ", "_"),
                call(cells.count_neighbours, base, colour, diagonal),
                noun,
                Kind.NUMBER,
                1.3,
            )
    for side in (2, 3):
        for empty, what in ((1, "background"), (0, "one other colour")):
            yield Feature(
                f"in_{side}x{side}_{'gap' if empty else 'block'}",
                call(cells.in_square, base, "background", side, empty),
                f"the cell|is|part of some {side} by {side} square of {what}",
                Kind.FLAG,
                1.5,
            )


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
        yield Feature(
            f"seen_{name}", seen[name], f"the first colour met going {name.replace('_', ' ')}", Kind.COLOUR, 1.4
        )
    for name, down, right in _DIRECTIONS[:4]:
        away = call(rays.ray_length, base, "background", down, right)
        yield Feature(f"steps_{name}", away, f"the number of steps to the first colour going {name}", Kind.NUMBER, 1.8)
        noun = f"the parity of the steps to the first colour going {name}"
        yield Feature(f"steps_{name}_mod_2", call(cells.remainder, away, 2), noun, Kind.NUMBER, 2.0)
    views = list(seen.values())
    for count, word in ((4, "straight"), (8, "straight and diagonal")):
        noun = f"the number of {word} directions in which it sees a colour"
        yield Feature(f"sees_in_{count}", call(rays.directions_seen, views[:count]), noun, Kind.NUMBER, 1.4)
    axes = (("left", "right"), ("above", "below"), ("upper_left", "lower_right"), ("upper_right", "lower_left"))
    pairs = [call(rays.between, seen[first], seen[second]) for first, second in axes]
    words = (
        "left and right",
        "above and below",
        "both ways on the falling diagonal",
        "both ways on the rising diagonal",
    )
    for (first, _), pair, word in zip(axes, pairs, words, strict=True):
        yield Feature(f"between_{first}", pair, f"the colour met {word} alike", Kind.COLOUR, 1.2)
    noun = "the colour met on both sides on a diagonal"
    yield Feature("between_diagonal", call(rays.agreed, pairs[2], pairs[3]), noun, Kind.COLOUR, 1.5)
    yield Feature(
        "between_straight",
        call(rays.agreed, pairs[0], pairs[1]),
        "the colour met on both sides in the row or the column",
        Kind.COLOUR,
        1.4,
    )
    for diagonal, ways in ((0, "4"), (1, "8")):
        nearest = call(rays.nearest_colour, base, "background", diagonal)
        yield Feature(f"nearest_{ways}", nearest, f"the nearest colour in {ways} directions", Kind.COLOUR, 1.5)
        away = call(rays.nearest_distance, base, "background", diagonal)
        yield Feature(
            f"distance_{ways}",
            away,
            f"the number of steps to the nearest colour in {ways} directions",
            Kind.NUMBER,
            1.5,
        )
        parity = call(cells.remainder, away, 2)
        yield Feature(
            f"distance_{ways}_mod_2",
            parity,
            f"the parity of the steps to the nearest colour ({ways} directions)",
            Kind.NUMBER,
            1.8,
        )
    for colour in colours:
        word = COLOUR_NAMES[colour]
        name = word.replace(" ", "_")
        for what, expression in (
            ("row", call(rays.row_contains, base, colour)),
            ("column", call(rays.column_contains, base, colour)),
            ("falling diagonal", call(rays.diagonal_contains, base, colour, 1)),
            ("rising diagonal", call(rays.diagonal_contains, base, colour, 0)),
        ):
            yield Feature(
                f"{name}_in_{what.replace(' ', '_')}", expression, f"its {what}|has|{word} cells", Kind.FLAG, 1.3
            )


def _lines(base: str) -> Iterator[Feature]:
    row_cells, column_cells = (call(count, base, "background") for count in (rays.row_count, rays.column_count))
    for name, noun, counted, variety, single in (
        ("row", "row", row_cells, rays.row_variety, rays.row_colour),
        ("column", "column", column_cells, rays.column_variety, rays.column_colour),
    ):
        yield Feature(
            f"{name}_only_colour", call(single, base, "background"), f"the only colour of its {noun}", Kind.COLOUR, 1.3
        )
        yield Feature(f"cells_in_{name}", counted, f"the number of coloured cells in its {noun}", Kind.NUMBER, 1.5)
        yield Feature(
            f"colours_in_{name}",
            call(variety, base),
            f"the number of different colours in its {noun}",
            Kind.NUMBER,
            1.4,
        )
        for largest, word in ((1, "most"), (0, "fewest")):
            yield Feature(
                f"{word}_in_{name}",
                call(rays.extreme, counted, largest),
                f"its {noun}|is|among those with the {word} coloured cells",
                Kind.FLAG,
                1.6,
            )
    for name, first, noun in (("row", 0, "row"), ("column", 2, "column")):
        both = call(rays.between, call(rays.edge_colour, base, first), call(rays.edge_colour, base, first + 1))
        yield Feature(f"{name}_ends", both, f"the colour at both ends of its {noun}", Kind.COLOUR, 1.3)
    ends = ("the left end of its row", "the right end of its row", "the top of its column", "the bottom of its column")
    for side, noun in enumerate(ends):
        yield Feature(
            ("row_start", "row_end", "column_top", "column_bottom")[side],
            call(rays.edge_colour, base, side),
            f"the colour at {noun}",
            Kind.COLOUR,
            1.4,
            total=True,
        )


def _mirrors(base: str) -> Iterator[Feature]:
    flips = (
        ("left_right", 0, 1, "left to right"),
        ("upside_down", 1, 0, "top to bottom"),
        ("half_turn", 1, 1, "by a half turn"),
    )
    for name, down, across, word in flips:
        yield Feature(
            name,
            call(cells.mirrored, base, down, across),
            f"the colour at the place mirrored {word}",
            Kind.COLOUR,
            1.2,
            total=True,
        )
    turns = ("on the main diagonal", "on the other diagonal", "by a quarter turn right", "by a quarter turn left")
    for kind, word in enumerate(turns):
        yield Feature(
            f"turned_{kind}",
            call(cells.turned, base, kind),
            f"the colour at the place mirrored {word}",
            Kind.COLOUR,
            1.3,
        )


def repairs(base: str, hole: int) -> Iterator[Feature]:
    """Guesses at cells of colour `hole` from the whole grid's pattern. Dear to compute: ask only where it can help."""
    name = COLOUR_NAMES[hole].replace(" ", "_")
    yield Feature(
        f"repeated_without_{name}",
        call(repair.repeating, base, hole),
        f"the colour that the repeating tile has there ({COLOUR_NAMES[hole]} unknown)",
        Kind.COLOUR,
        1.5,
    )
    yield Feature(
        f"symmetric_without_{name}",
        call(repair.symmetric_partner, base, hole),
        f"the colour at the mirror image about the pattern's axes ({COLOUR_NAMES[hole]} unknown)",
        Kind.COLOUR,
        1.5,
    )


def _areas(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    for diagonal, how in ((0, "sides"), (1, "sides and corners")):
        yield Feature(
            f"enclosed_{4 + 4 * diagonal}",
            call(objects.enclosed, base, "background", diagonal),
            f"the cell|is|background with no way to the border by {how}",
            Kind.FLAG,
            1.0,
        )
    for colour in colours:
        word = COLOUR_NAMES[colour]
        yield Feature(
            f"inside_{word.replace(' ', '_')}",
            call(objects.walled_in, base, colour),
            f"the cell|is|walled in by {word}",
            Kind.FLAG,
            1.1,
        )
    yield Feature(
        "frequency_rank",
        call(cells.colour_frequency_rank, base, "background"),
        "the rank of its colour by number of cells, from 0,",
        Kind.NUMBER,
        1.4,
    )
