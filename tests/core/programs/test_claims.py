"""Claimed grids held against execution."""

from trajectories.core.programs.claims import HeldClaim, Place, hold_claim
from trajectories.core.programs.replays import PairReplay, ReplayStep

REPLAYS = [
    PairReplay(
        calls=[("transform", 0)],
        steps=[ReplayStep(2, 0, 1, {"grid": 0}, {}), ReplayStep(3, 0, 1, {"out": 1}, {})],
        grids=["12/34", "21/43"],
        result="77/77",
    ),
    PairReplay(message="nothing ran"),
]


def test_a_grid_that_a_variable_had_is_found_at_its_first_statement():
    assert hold_claim("21/43", REPLAYS) == HeldClaim(Place(0, 1, 3, "out"), 0)


def test_a_grid_that_was_only_returned_stands_behind_the_last_statement():
    assert hold_claim("77/77", REPLAYS) == HeldClaim(Place(0, 2, 0, ""), 0)


def test_the_nearest_grid_of_the_same_size_counts_the_cells_that_differ():
    assert hold_claim("22/44", REPLAYS) == HeldClaim(Place(0, 0, 2, "grid"), 2)


def test_a_grid_of_another_size_is_near_to_none():
    assert hold_claim("12/34/56", REPLAYS) == HeldClaim(None, 0)
    assert hold_claim("12345", REPLAYS) == HeldClaim(None, 0)
