"""The operations offered to the search for one task: fixed ones, and ones whose details the pairs suggest."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from trajectories.core.samplers.symbolic.grid import (
    blocks,
    colour,
    cropping,
    gravity,
    lines,
    periodic,
    sections,
    shapes,
    symmetry,
    tiling,
)
from trajectories.core.samplers.symbolic.object import draw, move, phrases, segment, select
from trajectories.core.samplers.symbolic.operation import Op
from trajectories.core.samplers.symbolic.values import Rows

WAYS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
SLANTS = {"up left": (-1, -1), "up right": (-1, 1), "down left": (1, -1), "down right": (1, 1)}


def summary(function: Callable[..., Any]) -> str:
    """The first sentence of a function's description, without its full stop."""
    text = " ".join((function.__doc__ or "").split())
    for mark in (". ", ": ", "; "):
        text = text.split(mark)[0]
    return text.rstrip(".")


def on_grid(function: Callable[..., Any], cost: float, *args: Any, title: str = "", **more: Any) -> Op:
    """An operation from grid to grid."""
    return Op(function, "grid", "grid", title or summary(function), cost, args, **more)


def to_pieces(function: Callable[..., Any], cost: float, *args: Any, title: str = "", **more: Any) -> Op:
    """An operation from a grid to pieces."""
    return Op(function, "grid", "pieces", title or summary(function), cost, args, **more)


def on_pieces(function: Callable[..., Any], cost: float, *args: Any, title: str = "", **more: Any) -> Op:
    """An operation from pieces to pieces."""
    return Op(function, "pieces", "pieces", title or summary(function), cost, args, **more)


def from_pieces(function: Callable[..., Any], cost: float, *args: Any, title: str = "", **more: Any) -> Op:
    """An operation from pieces to a grid."""
    return Op(function, "pieces", "grid", title or summary(function), cost, args, **more)


def plain_grid_ops() -> Iterable[Op]:
    """Operations from grid to grid that have no details."""
    cheap = (
        symmetry.flip_rows, symmetry.flip_columns, symmetry.transpose, symmetry.rotate_half, symmetry.rotate_right,
        symmetry.rotate_left, symmetry.flip_antidiagonal, cropping.crop_content, cropping.left_half,
        cropping.right_half, cropping.top_half, cropping.bottom_half, tiling.mirror_right, tiling.mirror_down,
        tiling.mirror_left, tiling.mirror_up, gravity.fall_down, gravity.fall_up, gravity.fall_left,
        gravity.fall_right, colour.keep_commonest, colour.keep_rarest, colour.remove_commonest, colour.remove_rarest,
        colour.invert, colour.mark_empty,
    )  # fmt: skip
    usual = (
        symmetry.complete_left_right, symmetry.complete_top_bottom, symmetry.complete_diagonal,
        symmetry.complete_four_fold, cropping.trim_edge, cropping.left_part, cropping.right_part, tiling.merge_repeats,
        tiling.drop_blank_lines, tiling.place_copies_of_self, tiling.scale_by_colours, tiling.scale_by_cells,
        colour.paint_all_commonest, colour.paint_all_rarest, colour.swap_two_colours, colour.canvas_of_commonest,
        colour.colour_column, lines.connect_rows, lines.connect_columns, lines.connect_lines, lines.fill_rows,
        lines.fill_columns, gravity.roll_down, gravity.roll_right, shapes.full_canvas,
        colour.swap_empty_with_commonest, shapes.odd_columns, shapes.odd_rows,
    )  # fmt: skip
    rare = (
        tiling.spin_four, tiling.drop_plain_lines, tiling.tile_by_colours, tiling.place_self_coloured,
        tiling.surround_with_mirror, tiling.frame_with_edges, tiling.add_border, tiling.double_height,
        tiling.double_width, cropping.first_row, cropping.first_column, cropping.crop_solid_rectangle,
        colour.canvas_of_rarest, colour.colour_bars, colour.sort_cells, colour.count_cells_row, gravity.sort_rows,
        gravity.sort_columns, lines.extend_rows, lines.extend_columns, lines.repeat_down, lines.repeat_up,
        lines.stairs, lines.connect_diagonals, shapes.frame_edge, shapes.mark_plain_rows, shapes.mark_plain_columns,
        shapes.chequer, shapes.main_diagonal, shapes.other_diagonal, symmetry.complete_rotation,
        periodic.smallest_period, periodic.fill_diagonals,
    )  # fmt: skip
    yield from (on_grid(function, 1.0) for function in cheap)
    yield from (on_grid(function, 1.3) for function in usual)
    yield from (on_grid(function, 1.7) for function in rare)
    yield from (on_grid(function, 1.5) for function in (blocks.mirror_down_once, blocks.mirror_right_once))
    yield from (on_grid(function, 1.4) for function in (blocks.keep_lines, blocks.remove_lines))
    yield on_grid(blocks.cross_rows_and_columns, 1.6)
    yield from (
        on_grid(function, 1.6)
        for function in (
            gravity.unify_rows,
            gravity.unify_columns,
            tiling.shrink_to_grain,
            lines.mark_between_in_rows,
            lines.mark_between_in_columns,
        )
    )
    slow = (shapes.fill_holes_alike, shapes.outside_only, shapes.remove_specks, shapes.keep_squares)
    yield from (on_grid(function, 1.3, weight=3) for function in slow)
    slower = (
        blocks.mark_largest_empty, blocks.spread, blocks.flood_rooms, shapes.smooth, shapes.keep_single_neighbour,
        shapes.mark_corners,
    )  # fmt: skip
    yield from (on_grid(function, 1.7, weight=6) for function in slower)


def shape_ops() -> Iterable[Op]:
    """Operations on shapes, each with side contact and with corner contact."""
    for diagonal, how in ((False, "at sides"), (True, "at sides and corners")):
        extra = 0.3 if diagonal else 0.0
        yield on_grid(shapes.mark_holes, 1.2 + extra, diagonal, title=f"Mark holes (closed {how})", weight=3)
        yield on_grid(shapes.mark_around, 1.3, diagonal, title=f"Mark the cells that touch a shape {how}", weight=3)
        yield on_grid(shapes.grow, 1.3 + extra, diagonal, title=f"Grow every shape by one cell {how}", weight=3)
        yield on_grid(shapes.keep_border, 1.3, diagonal, title=f"Keep the outline of shapes (contact {how})", weight=3)
        yield on_grid(shapes.keep_core, 1.3, diagonal, title=f"Keep the inside of shapes (contact {how})", weight=4)


def block_ops() -> Iterable[Op]:
    """Marking empty rectangles of fixed sizes."""
    for height, width in ((2, 2), (3, 3), (1, 3), (3, 1), (4, 4)):
        title = f"Mark empty rectangles of {height} by {width}"
        yield on_grid(blocks.mark_empty_blocks, 1.6, height, width, title=title, weight=4)
    for side in (2, 3):
        title = f"Mark separate empty squares of {side} by {side}"
        yield on_grid(blocks.mark_separate_blocks, 1.6, side, side, title=title, weight=4)


def line_ops() -> Iterable[Op]:
    """Operations that shoot lines from cells."""
    sets: list[tuple[str, tuple[tuple[int, int], ...]]] = [(name, (way,)) for name, way in (WAYS | SLANTS).items()]
    sets += [
        ("left and right", (WAYS["left"], WAYS["right"])),
        ("up and down", (WAYS["up"], WAYS["down"])),
        ("all four sides", tuple(WAYS.values())),
        ("all four diagonals", tuple(SLANTS.values())),
    ]
    for name, ways in sets:
        yield on_grid(lines.shoot, 1.3 if len(ways) == 1 else 1.5, ways, title=f"Shoot lines {name}", weight=3)


def original_ops() -> Iterable[Op]:
    """Operations that combine a grid with the input the program started from."""
    for function in (colour.where_original, colour.where_original_empty, colour.where_changed, colour.over_original):
        yield on_grid(function, 1.2, original=True)
    yield on_grid(tiling.place_copies, 1.5, original=True)
    yield on_grid(tiling.tile_like_original, 1.4, original=True)
    yield on_grid(tiling.scale_like_original, 1.4, original=True)
    yield on_grid(tiling.place_copies_coloured, 1.5, original=True)


def colour_ops(constants: Sequence[int], gone: Sequence[int]) -> Iterable[Op]:
    """Operations on one colour that every input has."""
    for c in constants:
        yield on_grid(colour.keep_colour, 1.0, c, title=f"Keep only colour {c}")
        yield on_grid(colour.remove_colour, 1.0, c, title=f"Remove colour {c}")
        yield on_grid(cropping.crop_colour, 1.2, c, title=f"Crop to colour {c}")
        yield on_grid(cropping.crop_inside_colour, 1.4, c, title=f"Crop to the inside of the frame of colour {c}")
        if c not in gone:
            title = f"Crop to where the input has colour {c}"
            yield on_grid(cropping.crop_at_colour_of, 1.3, c, title=title, original=True)
        ways = tuple(WAYS.values())
        yield on_grid(lines.shoot_colour, 1.7, c, ways, title=f"Shoot lines of colour {c} to all four sides", weight=2)


def repair_ops(hidden: Sequence[int]) -> Iterable[Op]:
    """Operations that repair a regular picture under a hiding colour."""
    for c in hidden:
        yield on_grid(periodic.repair_pattern, 1.3, c, title=f"Continue the pattern over colour {c}", weight=20)
        yield on_grid(periodic.repair_rows, 1.5, c, title=f"Continue every row over colour {c}", weight=6)
        yield on_grid(periodic.repair_columns, 1.5, c, title=f"Continue every column over colour {c}", weight=6)
        yield on_grid(symmetry.repair_symmetry, 1.3, c, title=f"Mirror the picture into colour {c}", weight=15)
        title = f"Crop to where the input has colour {c}"
        yield on_grid(cropping.crop_at_colour_of, 1.1, c, title=title, original=True)


def section_ops() -> Iterable[Op]:
    """Cutting into sections and combining sections."""
    for down, across, name in (
        (1, 2, "left and right half"), (2, 1, "upper and lower half"), (1, 3, "three columns of sections"),
        (3, 1, "three rows of sections"), (2, 2, "four quarters"), (3, 3, "nine sections"),
        (4, 1, "four rows of sections"), (1, 4, "four columns of sections"),
    ):  # fmt: skip
        yield to_pieces(sections.cut_equal, 1.0 if down * across < 4 else 1.3, down, across, title=f"Cut into {name}")
    yield to_pieces(sections.cut_at_lines, 1.0)
    yield to_pieces(sections.cut_at_blanks, 1.3)
    yield to_pieces(sections.cut_rows, 1.7)
    yield to_pieces(sections.cut_columns, 1.7)
    for function in (
        sections.overlay_first, sections.overlay_last, sections.where_all, sections.where_none, sections.where_one,
        sections.where_first_only, sections.where_last_only, sections.where_equal,
    ):  # fmt: skip
        yield from_pieces(function, 1.0)
    yield from_pieces(sections.join_across_padded, 1.5)
    yield from_pieces(sections.join_down_padded, 1.5)
    for function in (
        sections.most_frequent_cells, sections.join_across, sections.join_down, sections.one_cell_each,
        sections.one_cell_each_full,
    ):  # fmt: skip
        yield from_pieces(function, 1.2)


def object_ops() -> Iterable[Op]:
    """Finding objects and putting them back."""
    yield to_pieces(segment.find_objects, 1.0, False, False, title="Find one-coloured objects (side contact)", weight=5)
    yield to_pieces(segment.find_objects, 1.2, True, False, title="Find one-coloured objects (with corners)", weight=6)
    yield to_pieces(segment.find_objects, 1.2, False, True, title="Find many-coloured objects (side contact)", weight=5)
    yield to_pieces(segment.find_objects, 1.0, True, True, title="Find many-coloured objects (with corners)", weight=6)
    yield to_pieces(segment.find_boxes, 1.2, False, title="Find the boxes of one-coloured objects", weight=6)
    yield to_pieces(
        segment.find_boxes, 1.4, True, title="Find the boxes of one-coloured objects (with corners)", weight=7
    )
    yield to_pieces(segment.take_content, 1.3)
    yield to_pieces(segment.split_colours, 1.0, weight=2)
    yield to_pieces(segment.find_holes, 1.4, weight=6)
    yield to_pieces(segment.find_enclosed, 1.2, weight=8)
    yield to_pieces(segment.split_cells, 1.7)
    yield from_pieces(draw.draw_on_blank, 0.5, original=True)
    yield from_pieces(draw.draw_on_original, 0.6, original=True)
    yield from_pieces(draw.erase_from_original, 1.0, original=True)
    yield from_pieces(draw.draw_cropped, 1.2)
    yield from_pieces(select.pick_only, 1.0)
    for function in (draw.count_in_row, draw.count_on_diagonal, draw.colours_in_row, draw.colours_in_column):
        yield from_pieces(function, 1.5)
    yield on_pieces(select.touching_edge, 1.2, original=True)
    yield on_pieces(select.off_edge, 1.2, original=True)
    yield on_pieces(draw.paint_alike, 1.5)
    yield on_pieces(move.largest_first, 1.5)
    for name, (down, right) in WAYS.items():
        yield on_pieces(move.fall, 1.3, down, right, title=f"Let objects slide {name}", original=True, weight=4)
        yield on_pieces(move.move_each, 1.5, down, right, title=f"Move objects one cell {name}")
        for gap in (0, 1):
            title = f"Repeat objects {name} to the edge" + (" with a gap of 1" if gap else "")
            yield on_pieces(move.repeat_to_edge, 1.6, down, right, gap, title=title, original=True, weight=3)
        yield on_pieces(move.step_by_size, 1.7, down, right, title=f"Move objects by their own size {name}")


def choice_ops() -> Iterable[Op]:
    """Choosing among pieces by a property, and changing each piece."""
    for rank, (measure, most, least) in enumerate(phrases.MEASURES):
        cost = 1.0 if rank < 2 else 1.3
        yield from_pieces(select.pick_most, cost, measure, title=f"Take the one with the {most}", weight=2)
        yield from_pieces(select.pick_least, cost, measure, title=f"Take the one with the {least}", weight=2)
        yield on_pieces(select.keep_most, cost, measure, title=f"Keep those with the {most}", weight=2)
        yield on_pieces(select.keep_least, cost, measure, title=f"Keep those with the {least}", weight=2)
        yield on_pieces(select.drop_most, cost + 0.2, measure, title=f"Remove those with the {most}", weight=2)
        yield on_pieces(select.drop_least, cost + 0.2, measure, title=f"Remove those with the {least}", weight=2)
        yield on_pieces(select.sort_pieces, cost + 0.4, measure, title=f"Order them: {most} last", weight=2)
        if rank < 6:
            yield on_pieces(draw.number_by, cost + 0.2, measure, title=f"Number them by rank: {most} first", weight=2)
            title = f"Slide them towards the one with the {most}"
            yield on_pieces(move.attract, cost + 0.4, measure, title=title, weight=4)
    for kind, name in phrases.KINDS:
        yield from_pieces(select.pick_odd, 1.1, kind, title=f"Take the one that is alone in its {name}", weight=2)
        yield from_pieces(select.pick_common, 1.2, kind, title=f"Take one with the most common {name}", weight=2)
        yield on_pieces(select.keep_odd, 1.2, kind, title=f"Keep those that are alone in their {name}", weight=2)
        yield on_pieces(select.keep_common, 1.3, kind, title=f"Keep those with the most common {name}", weight=2)
    for fact, yes, no in phrases.FACTS:
        yield on_pieces(select.keep_equal, 1.2, fact, True, title=f"Keep those that {yes}", weight=2)
        yield on_pieces(select.keep_equal, 1.2, fact, False, title=f"Keep those that {no}", weight=2)
    for change, details, words in phrases.CHANGES:
        title = words[0].upper() + words[1:]
        yield on_pieces(draw.change_each, 1.2, change, *details, title=title, weight=2)


def size_ops(inputs: Sequence[Rows], outputs: Sequence[Rows]) -> Iterable[Op]:
    """Operations with the sizes and ratios that all pairs agree on."""
    sizes = {(len(rows), len(rows[0])) for rows in outputs}
    if len(sizes) == 1:
        height, width = sizes.pop()
        yield on_grid(tiling.fit_canvas, 1.4, height, width, title=f"Put it on a canvas of {height} by {width}")
        title = f"Continue the pattern to {height} by {width}"
        yield on_grid(periodic.continue_pattern, 1.4, height, width, title=title, weight=9)
        for bottom, right in ((False, False), (False, True), (True, False), (True, True)):
            place = ("bottom" if bottom else "top") + (" right" if right else " left")
            title = f"Keep the {height} by {width} cells at the {place}"
            yield on_grid(cropping.corner, 1.5, height, width, bottom, right, title=title)
        yield from_pieces(
            draw.count_into_canvas, 1.4, height, width, title=f"Count them into {height} by {width} cells"
        )
    yield from ratio_ops(inputs, outputs)


def ratio_ops(inputs: Sequence[Rows], outputs: Sequence[Rows]) -> Iterable[Op]:
    """Enlarging, tiling and shrinking by the ratio that all pairs agree on, or by 2 and 3."""
    growth = {(len(b) / len(a), len(b[0]) / len(a[0])) for a, b in zip(inputs, outputs)}
    factors = {(2, 2), (3, 3), (1, 2), (2, 1)}
    if len(growth) == 1:
        down, across = growth.pop()
        if down >= 1 and across >= 1 and down == int(down) and across == int(across):
            factors.add((int(down), int(across)))
        if down <= 1 and across <= 1 and (1 / down) % 1 < 1e-9 and (1 / across) % 1 < 1e-9:
            factors.add((round(1 / down), round(1 / across)))
    for down, across in sorted(factors - {(1, 1)}):
        times = f"{down} by {across}"
        yield on_grid(tiling.tile, 1.2, down, across, title=f"Repeat it {times} times")
        yield on_grid(tiling.tile_mirrored, 1.4, down, across, title=f"Repeat it {times} times, mirrored in turn")
        yield on_grid(tiling.tile_flipped_rows, 1.6, down, across, title=f"Repeat it {times} times, bands mirrored")
        yield on_grid(tiling.scale_up, 1.2, down, across, title=f"Enlarge every cell to {times}")
        yield on_grid(tiling.scale_down, 1.2, down, across, title=f"Shrink every {times} block to one cell")


def build_catalogue(inputs: Sequence[Rows], outputs: Sequence[Rows]) -> tuple[Op, ...]:
    """All operations for a task, cheapest first; equal costs keep their order."""
    common = set(range(10)).intersection(*({cell for row in rows for cell in row} for rows in inputs))
    constants = sorted(common - {0})[:6]
    gone = [c for c in sorted(common) if not all(c in row for rows in outputs for row in rows)]
    ops = [
        *plain_grid_ops(), *shape_ops(), *block_ops(), *line_ops(), *original_ops(), *colour_ops(constants, gone),
        *repair_ops(gone), *section_ops(), *object_ops(), *choice_ops(), *size_ops(inputs, outputs),
    ]  # fmt: skip
    return tuple(sorted(ops, key=lambda op: op.cost))
