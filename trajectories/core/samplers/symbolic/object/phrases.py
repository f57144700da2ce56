"""How properties and changes of objects are called in explanations."""

from trajectories.core.samplers.symbolic.grid import colour, gravity, shapes, symmetry
from trajectories.core.samplers.symbolic.object import draw, properties
from trajectories.core.samplers.symbolic.values import Change, Property

MEASURES: tuple[tuple[Property, str, str], ...] = (
    (properties.cell_count, "most cells", "fewest cells"),
    (properties.box_area, "largest box", "smallest box"),
    (properties.height_of, "greatest height", "smallest height"),
    (properties.width_of, "greatest width", "smallest width"),
    (properties.top_of, "lowest place", "highest place"),
    (properties.left_of, "place farthest right", "place farthest left"),
    (properties.colour_count, "most colours", "fewest colours"),
    (properties.rare_cells, "most cells off its main colour", "fewest cells off its main colour"),
    (properties.empty_cells, "most empty cells in its box", "fewest empty cells in its box"),
    (properties.hole_cells, "most enclosed cells", "fewest enclosed cells"),
    (properties.hole_count, "most holes", "fewest holes"),
    (properties.symmetry_count, "most mirror axes", "fewest mirror axes"),
)
"""Measures with the words for their highest and lowest value."""

KINDS: tuple[tuple[Property, str], ...] = (
    (properties.main_colour, "main colour"),
    (properties.shape_of, "shape"),
    (properties.turned_shape_of, "shape up to flips and turns"),
    (properties.picture_of, "exact picture"),
    (properties.size_of, "height and width"),
    (properties.cell_count, "number of cells"),
    (properties.colour_count, "number of colours"),
    (properties.hole_cells, "number of enclosed cells"),
    (properties.symmetry_count, "number of mirror axes"),
)
"""Properties by which objects are called alike or different."""

FACTS: tuple[tuple[Property, str, str], ...] = (
    (properties.has_hole, "enclose empty cells", "enclose nothing"),
    (properties.is_full, "fill their box", "do not fill their box"),
    (properties.is_square, "have a square box", "have no square box"),
    (properties.is_full_square, "are filled squares", "are no filled squares"),
    (properties.is_symmetric, "are symmetric from left to right", "are not symmetric from left to right"),
)
"""Yes-or-no properties with the words for both."""

LEARNED: tuple[tuple[Property, str], ...] = (
    (properties.cell_count, "number of cells"),
    (properties.main_colour, "main colour"),
    (properties.rare_colour, "rarest colour"),
    (properties.has_hole, "having a hole or not"),
    (properties.hole_count, "number of holes"),
    (properties.hole_cells, "number of enclosed cells"),
    (properties.height_of, "height"),
    (properties.width_of, "width"),
    (properties.is_wide, "lying or standing"),
    (properties.is_full, "filling its box or not"),
    (properties.is_square, "having a square box or not"),
    (properties.is_full_square, "being a filled square or not"),
    (properties.is_symmetric, "left-right symmetry"),
    (properties.symmetry_count, "number of mirror axes"),
    (properties.size_of, "height and width"),
    (properties.shape_of, "shape"),
    (properties.turned_shape_of, "shape up to flips and turns"),
    (properties.top_of, "top row"),
    (properties.left_of, "left column"),
)
"""Properties from which a colour, or whether to stay, may be learned."""

CHANGES: tuple[tuple[Change, tuple[object, ...], str], ...] = (
    (symmetry.flip_rows, (), "turn each upside down"),
    (symmetry.flip_columns, (), "mirror each from left to right"),
    (symmetry.rotate_half, (), "turn each by half a turn"),
    (symmetry.transpose, (), "swap rows and columns of each"),
    (symmetry.complete_left_right, (), "complete each to left-right symmetry"),
    (symmetry.complete_top_bottom, (), "complete each to top-bottom symmetry"),
    (symmetry.complete_four_fold, (), "complete each to symmetry both ways"),
    (symmetry.complete_rotation, (), "complete each to rotational symmetry"),
    (colour.swap_two_colours, (), "exchange the two colours of each"),
    (colour.paint_all_rarest, (), "paint each in its rarest colour"),
    (colour.paint_all_commonest, (), "paint each in its most frequent colour"),
    (colour.keep_rarest, (), "keep the rarest colour of each"),
    (colour.remove_rarest, (), "remove the rarest colour of each"),
    (shapes.fill_holes_alike, (), "fill the holes of each with its colour"),
    (draw.fill_box, (), "mark the empty cells in the box of each"),
    (shapes.mark_holes, (), "mark the holes of each"),
    (shapes.keep_border, (False,), "keep the outline of each"),
    (shapes.keep_core, (True,), "keep the inside of each"),
    (shapes.full_canvas, (), "mark the whole box of each"),
    (shapes.frame_edge, (), "mark the frame of the box of each"),
    (gravity.fall_down, (), "let the cells of each fall down"),
    (gravity.fall_left, (), "let the cells of each fall to the left"),
    (gravity.roll_right, (), "shift each by one column, round its box"),
    (shapes.chequer, (), "mark every second cell of the box of each"),
)
"""Changes made to every object where it stands."""
