"""What the size of an operation's output is known to be before it runs.

The search runs at once only what may give a grid of the outputs' size, and the rest when its turn comes, if it does.
A rule may say yes too often, never no: an operation without one is always run at once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
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
from trajectories.core.samplers.symbolic.object import draw, select
from trajectories.core.samplers.symbolic.operation import Op

Size = tuple[int, int]
"""Height and width."""

NO_SIZE = (1, 1)
"""What stands for the size of pieces: their operations' rules do not ask for it."""

Function = Callable[..., Any]
Rule = Callable[[Size, Size, Size], bool]
"""Whether the output may have a size: of the grid that is given, the original input, and the size."""


def same(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output is as large as the grid."""
    return before == wanted


def turned(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output has as many rows as the grid has columns."""
    return before == (wanted[1], wanted[0])


def cut(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output is no larger than the grid."""
    return before[0] >= wanted[0] and before[1] >= wanted[1]


def like_original(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output is as large as the original input."""
    return original == wanted


def one_row(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output has one row."""
    return wanted[0] == 1


def one_column(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output has one column."""
    return wanted[1] == 1


def square(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output has as many rows as columns."""
    return wanted[0] == wanted[1]


def times_itself(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output is as many times as high and wide as the grid has rows and columns."""
    return (before[0] ** 2, before[1] ** 2) == wanted


def times_original(before: Size, original: Size, wanted: Size) -> bool:
    """The output has the grid's size for each cell of the input."""
    return (before[0] * original[0], before[1] * original[1]) == wanted


def grown(before: Size, original: Size, wanted: Size) -> bool:  # noqa: ARG001
    """The output is several times the grid, as often down as across."""
    factor = wanted[0] // before[0]
    return factor > 1 and (before[0] * factor, before[1] * factor) == wanted


def times(before: Size, original: Size, wanted: Size, down: int, across: int) -> bool:  # noqa: ARG001
    """The output is so many times as high and as wide."""
    return (before[0] * down, before[1] * across) == wanted


def parted(before: Size, original: Size, wanted: Size, down: int, across: int) -> bool:  # noqa: ARG001
    """The output has such a part of the height and of the width, rounded down."""
    return (before[0] // down, before[1] // across) == wanted


def more(before: Size, original: Size, wanted: Size, down: int, across: int) -> bool:  # noqa: ARG001
    """The output has so many rows and columns more."""
    return (before[0] + down, before[1] + across) == wanted


def doubled_but_one(before: Size, original: Size, wanted: Size, down: bool) -> bool:  # noqa: ARG001
    """The output is twice as high or wide as the grid, less one."""
    height, width = before
    return ((height * 2 - 1, width) if down else (height, width * 2 - 1)) == wanted


SAME: frozenset[Function] = frozenset((
    blocks.cross_rows_and_columns, blocks.flood_rooms, blocks.keep_lines, blocks.mark_empty_blocks,
    blocks.mark_largest_empty, blocks.mark_separate_blocks, blocks.remove_lines, blocks.spread,
    colour.canvas_of_commonest, colour.canvas_of_rarest, colour.invert, colour.keep_colour, colour.keep_commonest,
    colour.keep_rarest, colour.mark_empty, colour.over_original, colour.paint_all_commonest, colour.paint_all_rarest,
    colour.remove_colour, colour.remove_commonest, colour.remove_rarest, colour.swap_empty_with_commonest,
    colour.swap_two_colours, colour.where_changed, colour.where_original, colour.where_original_empty,
    gravity.fall_down, gravity.fall_left, gravity.fall_right, gravity.fall_up, gravity.roll_down, gravity.roll_right,
    gravity.sort_columns, gravity.sort_rows, gravity.unify_columns, gravity.unify_rows, lines.connect_columns,
    lines.connect_diagonals, lines.connect_lines, lines.connect_rows, lines.extend_columns, lines.extend_rows,
    lines.fill_columns, lines.fill_rows, lines.mark_between_in_columns, lines.mark_between_in_rows, lines.repeat_down,
    lines.repeat_up, lines.shoot, lines.shoot_colour, periodic.fill_diagonals, periodic.repair_columns,
    periodic.repair_pattern, periodic.repair_rows, shapes.chequer, shapes.fill_holes_alike, shapes.frame_edge,
    shapes.full_canvas, shapes.grow, shapes.keep_border, shapes.keep_core, shapes.keep_single_neighbour,
    shapes.keep_squares, shapes.main_diagonal, shapes.mark_around, shapes.mark_corners, shapes.mark_holes,
    shapes.mark_plain_columns, shapes.mark_plain_rows, shapes.odd_columns, shapes.odd_rows, shapes.other_diagonal,
    shapes.outside_only, shapes.remove_specks, shapes.smooth, symmetry.complete_diagonal, symmetry.complete_four_fold,
    symmetry.complete_left_right, symmetry.complete_rotation, symmetry.complete_top_bottom, symmetry.flip_columns,
    symmetry.flip_rows, symmetry.repair_symmetry, symmetry.rotate_half,
))  # fmt: skip
CUT: frozenset[Function] = frozenset((
    cropping.crop_at_colour_of, cropping.crop_colour, cropping.crop_content, cropping.crop_inside_colour,
    cropping.crop_solid_rectangle, cropping.first_column, cropping.first_row, cropping.left_part, cropping.right_part,
    periodic.smallest_period, tiling.drop_blank_lines, tiling.drop_plain_lines, tiling.merge_repeats,
    tiling.shrink_to_grain,
))  # fmt: skip
TURNED: frozenset[Function] = frozenset(
    (symmetry.flip_antidiagonal, symmetry.rotate_left, symmetry.rotate_right, symmetry.transpose)
)
LIKE_ORIGINAL: frozenset[Function] = frozenset((
    draw.draw_on_blank, draw.draw_on_original, draw.erase_from_original, tiling.scale_like_original,
    tiling.tile_like_original,
))  # fmt: skip
ONE_ROW: frozenset[Function] = frozenset(
    (colour.count_cells_row, colour.sort_cells, draw.colours_in_row, draw.count_in_row)
)
FIXED: Mapping[Function, Rule] = {
    **dict.fromkeys(SAME, same),
    **dict.fromkeys(CUT, cut),
    **dict.fromkeys(TURNED, turned),
    **dict.fromkeys(LIKE_ORIGINAL, like_original),
    **dict.fromkeys(ONE_ROW, one_row),
    blocks.mirror_down_once: partial(doubled_but_one, down=True),
    blocks.mirror_right_once: partial(doubled_but_one, down=False),
    colour.colour_column: one_column,
    cropping.bottom_half: partial(parted, down=2, across=1),
    cropping.left_half: partial(parted, down=1, across=2),
    cropping.right_half: partial(parted, down=1, across=2),
    cropping.top_half: partial(parted, down=2, across=1),
    cropping.trim_edge: partial(more, down=-2, across=-2),
    draw.colours_in_column: one_column,
    draw.count_on_diagonal: square,
    tiling.add_border: partial(more, down=2, across=2),
    tiling.double_height: partial(times, down=2, across=1),
    tiling.double_width: partial(times, down=1, across=2),
    tiling.frame_with_edges: partial(more, down=2, across=2),
    tiling.mirror_down: partial(times, down=2, across=1),
    tiling.mirror_left: partial(times, down=1, across=2),
    tiling.mirror_right: partial(times, down=1, across=2),
    tiling.mirror_up: partial(times, down=2, across=1),
    tiling.place_copies: times_original,
    tiling.place_copies_coloured: times_original,
    tiling.place_copies_of_self: times_itself,
    tiling.place_self_coloured: times_itself,
    tiling.scale_by_cells: grown,
    tiling.scale_by_colours: grown,
    tiling.spin_four: partial(times, down=2, across=2),
    tiling.surround_with_mirror: partial(times, down=3, across=3),
    tiling.tile_by_colours: grown,
}
"""The rules of operations that have no numbers of rows and columns among their details."""

BY_DETAILS: Mapping[Function, Callable[..., bool]] = {
    tiling.scale_down: parted,
    tiling.scale_up: times,
    tiling.tile: times,
    tiling.tile_flipped_rows: times,
    tiling.tile_mirrored: times,
}
"""The rules of operations whose details are the last two arguments of the rule."""

PICKS = frozenset((
    sections.most_frequent_cells, sections.overlay_first, sections.overlay_last, sections.where_all,
    sections.where_equal, sections.where_first_only, sections.where_last_only, sections.where_none,
    sections.where_one, select.pick_common, select.pick_least, select.pick_most, select.pick_odd, select.pick_only,
))  # fmt: skip
"""Operations whose output is as large as one of the pieces."""


class SizeRules:
    """Which operations may give a grid of the size `wanted`."""

    def __init__(self, ops: Sequence[Op], original: Size, wanted: Size) -> None:
        self._original, self._wanted = original, wanted
        self._rules: dict[Any, int] = {}
        self._number: dict[int, int | None] = {id(op): self._number_of(op) for op in ops}
        self._kept: dict[Size, tuple[bool, ...]] = {}

    def answers(self, before: Size) -> tuple[bool, ...]:
        """What all rules say of a grid, by their numbers."""
        found = self._kept.get(before)
        if found is None:
            found = tuple([rule(before, self._original, self._wanted, *details) for rule, details in self._rules])
            self._kept[before] = found
        return found

    def may_give(self, op: Op, answers: tuple[bool, ...], picked: bool) -> bool:
        """Whether it may, by what the rules say; `picked` is whether one of the pieces has that size."""
        if op.function in PICKS:
            return picked
        number = self._number[id(op)]
        return number is None or answers[number]

    def _number_of(self, op: Op) -> int | None:
        rule: tuple[Callable[..., bool], tuple[Any, ...]]
        if op.function in FIXED:
            rule = FIXED[op.function], ()
        elif op.function in BY_DETAILS:
            rule = BY_DETAILS[op.function], op.args
        else:
            return None
        return self._rules.setdefault(rule, len(self._rules))
