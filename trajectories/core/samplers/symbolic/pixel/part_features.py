"""Maps of the connected part that a cell belongs to: its size, shape, colours and the cell's place in it."""

from collections.abc import Iterator

from trajectories.core.samplers.symbolic.pixel.expressions import HelperCall, call
from trajectories.core.samplers.symbolic.pixel.features import COLOUR_NAMES, Feature, Kind
from trajectories.core.samplers.symbolic.pixel.helpers import cells, lattice, objects


def part_features(base: str, kind: int, noun: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    """Maps of the parts of one kind (see `connected_parts`), called `noun` in phrases."""
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


def _part_numbers(base: str, parts: HelperCall, noun: str) -> Iterator[Feature]:
    size = call(objects.sizes, parts)
    shape = call(objects.shape_numbers, parts)
    numbers = (
        ("size", size, f"the number of cells of its {noun}", 1.5),
        ("size_rank", call(objects.ranks, size), f"the size rank of its {noun}, from 0 for the largest,", 1.5),
        ("height", call(objects.heights, parts), f"the height of its {noun}", 1.6),
        ("width", call(objects.widths, parts), f"the width of its {noun}", 1.6),
        ("holes", call(objects.hole_counts, parts), f"the number of holes in its {noun}", 1.2),
        (
            "longer_side",
            call(objects.longer_sides, parts),
            f"the orientation (0 wide, 1 high, 2 even) of its {noun}",
            1.4,
        ),
        (
            "rectangle",
            call(objects.filled_boxes, parts),
            f"the shape (0 other, 1 rectangle, 2 square) of its {noun}",
            1.3,
        ),
        ("shapes_alike", call(objects.how_many_alike, shape), f"the number of parts shaped like its {noun}", 1.5),
        ("sizes_alike", call(objects.how_many_alike, size), f"the number of parts as large as its {noun}", 1.6),
    )
    for name, values, phrase, cost in numbers:
        yield Feature(name, call(objects.paint, base, parts, values), phrase, Kind.NUMBER, cost)
    for side, word in enumerate(("top", "left", "bottom", "right")):
        place = call(objects.place_in_box, base, parts, side)
        yield Feature(
            f"from_{word}", place, f"the steps from the {word} of the box around its {noun}", Kind.NUMBER, 1.7
        )
        yield Feature(
            f"from_{word}_mod_2",
            call(cells.remainder, place, 2),
            f"the parity of the steps from the {word} of the box around its {noun}",
            Kind.NUMBER,
            1.9,
        )
    yield Feature(
        "box_ring",
        call(objects.place_in_box, base, parts, 4),
        f"the ring within the box around its {noun}",
        Kind.NUMBER,
        1.6,
    )
    depth = call(objects.depths, base, parts)
    yield Feature("depth", depth, f"the depth within its {noun}, from 0,", Kind.NUMBER, 1.5)
    yield Feature(
        "depth_mod_2", call(cells.remainder, depth, 2), f"the parity of the depth within its {noun}", Kind.NUMBER, 1.8
    )


def _part_flags(base: str, parts: HelperCall, noun: str) -> Iterator[Feature]:
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


def _box_features(base: str, parts: HelperCall, noun: str) -> Iterator[Feature]:
    main = call(objects.colours_of, base, parts, 0)
    yield Feature(
        "box_colour",
        call(objects.paint_boxes, base, parts, main),
        f"the main colour of the {noun} in whose box it lies",
        Kind.COLOUR,
        1.3,
    )
    for name, down, across, word in (
        ("left_right", 0, 1, "left to right"),
        ("upside_down", 1, 0, "top to bottom"),
        ("half_turn", 1, 1, "by a half turn"),
    ):
        yield Feature(
            f"box_{name}",
            call(objects.mirrored_in_box, base, parts, down, across),
            f"the colour at the place mirrored {word} in the box of its {noun}",
            Kind.COLOUR,
            1.6,
        )
    yield Feature(
        "touching",
        call(objects.paint, base, parts, call(objects.touching_colours, base, parts)),
        f"the only colour beside its {noun}",
        Kind.COLOUR,
        1.5,
    )


def _mixed_features(base: str, parts: HelperCall, noun: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    for rank, name in ((0, "main_colour"), (-1, "rare_colour")):
        values = call(objects.colours_of, base, parts, rank)
        word = "most" if rank == 0 else "least"
        yield Feature(
            name, call(objects.paint, base, parts, values), f"the {word} common colour of its {noun}", Kind.COLOUR, 1.3
        )
        yield Feature(
            f"box_{name}",
            call(objects.paint_boxes, base, parts, values),
            f"the {word} common colour of the {noun} in whose box it lies",
            Kind.COLOUR,
            1.5,
        )
    variety = call(objects.varieties, base, parts)
    yield Feature(
        "variety", call(objects.paint, base, parts, variety), f"the number of colours of its {noun}", Kind.NUMBER, 1.4
    )
    values = call(objects.is_extreme, variety, 1)
    yield Feature(
        "most_varied",
        call(objects.paint, base, parts, values),
        f"its {noun}|is|the one with most colours",
        Kind.FLAG,
        1.5,
    )
    for colour in colours:
        word = COLOUR_NAMES[colour]
        values = call(objects.colour_cells, base, parts, colour)
        yield Feature(
            f"{word}_cells".replace(" ", "_"),
            call(objects.paint, base, parts, values),
            f"the number of {word} cells in its {noun}",
            Kind.NUMBER,
            1.4,
        )


def section_features(base: str, colours: tuple[int, ...]) -> Iterator[Feature]:
    """Maps of the section between straight lines that a cell lies in."""
    parts = call(lattice.sections, base, "background")
    counts = call(lattice.coloured_cells, base, "background", parts)
    variety = call(objects.varieties, base, parts)
    flags = (
        ("fullest", call(objects.is_extreme, counts, 1), "the one with most coloured cells"),
        ("emptiest", call(objects.is_extreme, counts, 0), "the one with fewest coloured cells"),
        ("richest", call(objects.is_extreme, variety, 1), "the one with most colours"),
        ("largest", call(objects.is_extreme, call(objects.sizes, parts), 1), "the largest"),
        ("smallest", call(objects.is_extreme, call(objects.sizes, parts), 0), "the smallest"),
    )
    for name, values, words in flags:
        painted = call(objects.paint, base, parts, values)
        yield Feature(f"section_{name}", painted, f"its section|is|{words}", Kind.FLAG, 1.2)
    for name, values, words in flags[:3]:
        model = call(lattice.same_place, base, parts, values)
        noun = f"the colour at its place in the section that is {words}"
        yield Feature(f"as_in_{name}", model, noun, Kind.COLOUR, 1.3)
        whole = call(objects.paint, base, parts, call(lattice.section_colours, base, parts, values))
        noun = f"the colour that the section that is {words} shows for the place of its section"
        yield Feature(f"section_by_{name}", whole, noun, Kind.COLOUR, 1.6)
    main = call(lattice.other_colours, base, "background", parts)
    numbers = (
        ("colour", main, "the main colour of its section", Kind.COLOUR, 1.2),
        ("cells", counts, "the number of coloured cells of its section", Kind.NUMBER, 1.3),
        ("variety", variety, "the number of colours of its section", Kind.NUMBER, 1.4),
        ("size", call(objects.sizes, parts), "the number of cells of its section", Kind.NUMBER, 1.4),
        ("row", call(lattice.section_place, parts, 0), "the row of its section, from 0,", Kind.NUMBER, 1.4),
        ("column", call(lattice.section_place, parts, 1), "the column of its section, from 0,", Kind.NUMBER, 1.4),
    )
    for name, values, noun, kind, cost in numbers:
        yield Feature(f"section_{name}", call(objects.paint, base, parts, values), noun, kind, cost)
    for colour in colours:
        word = COLOUR_NAMES[colour]
        values = call(objects.colour_cells, base, parts, colour)
        noun = f"the number of {word} cells in its section"
        name = f"section_{word}_cells".replace(" ", "_")
        yield Feature(name, call(objects.paint, base, parts, values), noun, Kind.NUMBER, 1.3)
    for side, word in ((0, "top"), (1, "left")):
        place = call(objects.place_in_box, base, parts, side)
        noun = f"the steps from the {word} of its section"
        yield Feature(f"section_from_{word}", place, noun, Kind.NUMBER, 1.6)
