"""Helper functions of pixel programs on small grids."""

from trajectories.core.samplers.symbolic.pixel.helpers import cells, lattice, layouts, objects, rays, repair

RING = [[0, 0, 0, 0, 0], [0, 3, 3, 3, 0], [0, 3, 0, 3, 0], [0, 3, 3, 3, 0], [0, 0, 0, 0, 0]]


def test_the_inside_of_a_ring_is_enclosed() -> None:
    inside = objects.enclosed(RING, 0, 0)
    assert [(r, c) for r in range(5) for c in range(5) if inside[r][c]] == [(2, 2)]
    assert objects.walled_in(RING, 3) == inside


def test_a_gap_in_a_corner_lets_diagonal_paths_out() -> None:
    open_ring = [list(row) for row in RING]
    open_ring[1][1] = 0
    assert objects.enclosed(open_ring, 0, 0)[2][2] == 1
    assert objects.enclosed(open_ring, 0, 1)[2][2] == 0


def test_a_ring_is_one_part_with_one_hole() -> None:
    parts = objects.connected_parts(RING, 0, 0)
    assert objects.sizes(parts) == [8]
    assert objects.hole_counts(parts) == [1]
    assert objects.filled_boxes(parts) == [0]
    assert objects.place_in_box(RING, parts, 4)[2][2] == 1


def test_corners_join_parts_only_where_asked() -> None:
    grid = [[1, 0], [0, 1]]
    assert len(objects.connected_parts(grid, 0, 0)) == 2
    assert len(objects.connected_parts(grid, 0, 1)) == 1


def test_rays_see_the_first_colour_beyond_the_background() -> None:
    grid = [[0, 0, 5, 6], [7, 0, 0, 0]]
    assert rays.first_colour(grid, 0, 0, 1) == [[5, 5, 6, -1], [-1, -1, -1, -1]]
    assert rays.first_colour(grid, 0, 0, -1) == [[-1, -1, -1, 5], [-1, 7, 7, 7]]
    assert rays.ray_length(grid, 0, 0, 1) == [[2, 1, 1, -1], [-1, -1, -1, -1]]


def test_the_nearest_colour_is_none_on_a_tie() -> None:
    assert rays.nearest_colour([[4, 0, 0, 0, 6]], 0, 0) == [[4, 4, -1, 6, 6]]


def test_neighbours_are_counted_by_sides_or_also_corners() -> None:
    grid = [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert cells.count_neighbours(grid, 1, 0)[1][1] == 1
    assert cells.count_neighbours(grid, 1, 1)[1][1] == 3


def test_a_hole_in_a_repeating_pattern_is_filled() -> None:
    pattern = [[1 + (r + c) % 3 for c in range(6)] for r in range(6)]
    holed = [list(row) for row in pattern]
    for r, c in ((2, 2), (2, 3), (3, 2), (3, 3)):
        holed[r][c] = 0
    assert repair.repeating(holed, 0) == pattern


def test_a_hole_in_a_symmetric_pattern_is_filled_from_its_mirror_image() -> None:
    holed = [[1, 2, 3, 2, 1], [4, 5, 6, 0, 0], [7, 8, 9, 8, 7]]
    assert repair.symmetric_partner(holed, 0)[1] == [4, 5, 6, 5, 4]


def test_sections_lie_between_lines_of_one_colour() -> None:
    grid = [[1, 5, 0, 0], [5, 5, 5, 5], [0, 5, 2, 2]]
    parts = lattice.sections(grid, 0)
    assert parts == [[(0, 0)], [(0, 2), (0, 3)], [(2, 0)], [(2, 2), (2, 3)]]
    assert lattice.coloured_cells(grid, 0, parts) == [1, 0, 0, 2]
    assert lattice.section_place(parts, 1) == [0, 1, 0, 1]


def test_a_grid_without_lines_has_no_sections() -> None:
    assert lattice.sections([[0, 1], [1, 0]], 0) == []


def test_sections_with_a_gap_and_votes_over_them() -> None:
    grid = [[1, 0, 9, 1, 2]]
    layers = [layouts.section(grid, (1, 2), 1, (0, column)) for column in (0, 1)]
    assert layers == [[[1, 0]], [[1, 2]]]
    assert layouts.vote(layers, 0) == [[1, 2]]
    assert layouts.vote_count(layers, 0) == [[2, 1]]


def test_tiles_may_be_mirrored_in_turn() -> None:
    assert layouts.tiled_mirrored([[1, 2]], 1, 3, 0) == [[1, 2, 2, 1, 1, 2]]
    assert layouts.tiled_mirrored([[1, 2]], 1, 2, 1) == [[2, 1, 1, 2]]
    assert layouts.enlarged([[1, 2]], 2, 2) == [[1, 1, 2, 2], [1, 1, 2, 2]]
