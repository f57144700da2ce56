"""The operations that the search asks most often, on the cells of a grid in reading order, one byte each.

They give what the operations give that programs show: a test holds each against the one that it stands for. A grid is
its width and its cells; None stands for what does not apply.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trajectories.core.samplers.symbolic.grid import blocks as shown_blocks
from trajectories.core.samplers.symbolic.grid import (
    colour,
    cropping,
    gravity,
    lines,
    periodic,
    sections,
    symmetry,
)
from trajectories.core.samplers.symbolic.grid import shapes as shown_shapes
from trajectories.core.samplers.symbolic.grid import tiling as shown_tiling
from trajectories.core.samplers.symbolic.object import draw, segment
from trajectories.core.samplers.symbolic.quick import (
    blocks,
    colours,
    originals,
    periods,
    pieces,
    rays,
    shapes,
    tiling,
    turning,
)
from trajectories.core.samplers.symbolic.quick.flat import Flat, FlatPiece

QUICK: Mapping[Callable[..., Any], Callable[..., Flat | None]] = {
    shown_blocks.keep_lines: blocks.keep_lines,
    shown_blocks.mark_empty_blocks: blocks.mark_empty_blocks,
    shown_blocks.mark_separate_blocks: blocks.mark_separate_blocks,
    shown_blocks.remove_lines: blocks.remove_lines,
    colour.canvas_of_commonest: colours.canvas_of_commonest,
    colour.canvas_of_rarest: colours.canvas_of_rarest,
    colour.invert: colours.invert,
    colour.keep_colour: colours.keep_colour,
    colour.keep_commonest: colours.keep_commonest,
    colour.keep_rarest: colours.keep_rarest,
    colour.mark_empty: colours.mark_empty,
    colour.paint_all_commonest: colours.paint_all_commonest,
    colour.paint_all_rarest: colours.paint_all_rarest,
    colour.remove_colour: colours.remove_colour,
    colour.remove_commonest: colours.remove_commonest,
    colour.remove_rarest: colours.remove_rarest,
    colour.swap_empty_with_commonest: colours.swap_empty_with_commonest,
    colour.swap_two_colours: colours.swap_two_colours,
    cropping.crop_colour: tiling.crop_colour,
    cropping.crop_content: tiling.crop_content,
    gravity.fall_down: turning.fall_down,
    gravity.fall_left: turning.fall_left,
    gravity.fall_right: turning.fall_right,
    gravity.fall_up: turning.fall_up,
    gravity.roll_down: turning.roll_down,
    gravity.roll_right: turning.roll_right,
    gravity.unify_columns: blocks.unify_columns,
    gravity.unify_rows: blocks.unify_rows,
    lines.connect_columns: rays.connect_columns,
    lines.connect_lines: rays.connect_lines,
    lines.connect_rows: rays.connect_rows,
    lines.extend_columns: rays.extend_columns,
    lines.extend_rows: rays.extend_rows,
    lines.fill_columns: rays.fill_columns,
    lines.fill_rows: rays.fill_rows,
    lines.mark_between_in_columns: rays.mark_between_in_columns,
    lines.mark_between_in_rows: rays.mark_between_in_rows,
    lines.shoot: rays.shoot,
    lines.shoot_colour: rays.shoot_colour,
    periodic.continue_pattern: periods.continue_pattern,
    periodic.repair_columns: periods.repair_columns,
    periodic.repair_pattern: periods.repair_pattern,
    periodic.repair_rows: periods.repair_rows,
    periodic.smallest_period: periods.smallest_period,
    shown_shapes.fill_holes_alike: shapes.fill_holes_alike,
    shown_shapes.grow: rays.grow,
    shown_shapes.keep_border: shapes.keep_border,
    shown_shapes.keep_core: shapes.keep_core,
    shown_shapes.mark_around: shapes.mark_around,
    shown_shapes.mark_corners: shapes.mark_corners,
    shown_shapes.mark_holes: shapes.mark_holes,
    shown_shapes.odd_columns: blocks.odd_columns,
    shown_shapes.odd_rows: blocks.odd_rows,
    shown_shapes.outside_only: shapes.outside_only,
    shown_shapes.remove_specks: shapes.remove_specks,
    shown_shapes.smooth: rays.smooth,
    symmetry.complete_diagonal: turning.complete_diagonal,
    symmetry.complete_four_fold: turning.complete_four_fold,
    symmetry.complete_left_right: turning.complete_left_right,
    symmetry.complete_rotation: turning.complete_rotation,
    symmetry.complete_top_bottom: turning.complete_top_bottom,
    symmetry.flip_antidiagonal: turning.flip_antidiagonal,
    symmetry.flip_columns: turning.flip_columns,
    symmetry.flip_rows: turning.flip_rows,
    symmetry.repair_symmetry: periods.repair_symmetry,
    symmetry.rotate_half: turning.rotate_half,
    symmetry.rotate_left: turning.rotate_left,
    symmetry.rotate_right: turning.rotate_right,
    symmetry.transpose: turning.transpose,
    shown_tiling.drop_blank_lines: tiling.drop_blank_lines,
    shown_tiling.merge_repeats: tiling.merge_repeats,
    shown_tiling.mirror_down: tiling.mirror_down,
    shown_tiling.mirror_left: tiling.mirror_left,
    shown_tiling.mirror_right: tiling.mirror_right,
    shown_tiling.mirror_up: tiling.mirror_up,
    shown_tiling.scale_down: tiling.scale_down,
    shown_tiling.scale_up: tiling.scale_up,
    shown_tiling.tile: tiling.tile,
}
"""The quick form of an operation on a grid, which takes the grid's width and cells and then the operation's details."""

QUICK_PIECES: Mapping[Callable[..., Any], Callable[..., list[FlatPiece] | None]] = {
    sections.cut_equal: pieces.cut_equal,
    segment.find_boxes: pieces.find_boxes,
    segment.find_enclosed: pieces.find_enclosed,
    segment.find_holes: pieces.find_holes,
    segment.find_objects: pieces.find_objects,
    segment.split_colours: pieces.split_colours,
}
"""The same of operations from a grid to pieces."""

QUICK_WITH_ORIGINAL: Mapping[Callable[..., Any], Callable[..., Flat | None]] = {
    colour.over_original: originals.over_original,
    colour.where_changed: originals.where_changed,
    colour.where_original: originals.where_original,
    colour.where_original_empty: originals.where_original_empty,
    cropping.crop_at_colour_of: originals.crop_at_colour_of,
    shown_tiling.scale_like_original: originals.scale_like_original,
    shown_tiling.tile_like_original: originals.tile_like_original,
}
"""The same of operations that take the original input as well, which comes after the grid."""

QUICK_DRAW: Mapping[Callable[..., Any], Callable[[Sequence[FlatPiece], Flat], Flat]] = {
    draw.draw_on_blank: originals.draw_on_blank,
    draw.draw_on_original: originals.draw_on_original,
    draw.erase_from_original: originals.erase_from_original,
}
"""The same of operations that draw pieces on a grid as large as the original input."""

QUICK_ON_PIECES: Mapping[Callable[..., Any], Callable[..., list[FlatPiece]]] = {draw.colour_by: pieces.colour_by}
"""The same of operations from pieces to pieces, which take them as the operation does and by their cells."""
