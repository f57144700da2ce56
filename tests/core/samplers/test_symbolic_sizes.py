"""What is known of the size of an operation's output: the rules never deny a size that the operation gives."""

from hypothesis import given, settings

from tests.core.samplers.test_symbolic_quick import PICTURES, Rows
from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.grid import colour, tiling
from trajectories.core.samplers.symbolic.object.segment import find_objects
from trajectories.core.samplers.symbolic.object.select import pick_most
from trajectories.core.samplers.symbolic.operation import Op
from trajectories.core.samplers.symbolic.sizes import NO_SIZE, SizeRules

OPS = [op for op in build_catalogue([[[1, 2]]], [[[1, 2, 1], [2, 0, 1]]]) if op.gives == "grid"]


def size_of(rows: Rows) -> tuple[int, int]:
    return len(rows), len(rows[0])


def may_give(op: Op, value: object, original: Rows, wanted: tuple[int, int]) -> bool:
    """What the rules say, asked as the search asks them."""
    rules = SizeRules([op], size_of(original), wanted)
    if op.takes == "grid":
        return rules.may_give(op, rules.answers(size_of(value)), False)  # type: ignore[arg-type]
    picked = any(size_of(rows) == wanted for _, _, rows in value)  # type: ignore[attr-defined]
    return rules.may_give(op, rules.answers(NO_SIZE), picked)


@given(grid=PICTURES, original=PICTURES)
@settings(max_examples=80, deadline=None)
def test_no_rule_denies_a_size_that_the_operation_gives(grid: Rows, original: Rows) -> None:
    for start in (grid, original):
        for op in OPS:
            for value in (
                (start,) if op.takes == "grid" else (found for found in [find_objects(start, True, True)] if found)
            ):
                given_grid = op.apply(value, original)
                assert given_grid is None or may_give(op, value, original, size_of(given_grid)), op.key


def test_rules_deny_other_sizes() -> None:
    ops = {op.function: op for op in OPS}
    pieces = [(0, 0, [[1, 1]])]
    assert not may_give(ops[colour.invert], [[1, 0]], [[1]], (2, 1))
    assert not may_give(ops[tiling.mirror_down], [[1, 0]], [[1]], (1, 2))
    assert not may_give(ops[tiling.place_copies], [[1, 0]], [[1, 2, 3]], (1, 5))
    assert not may_give(ops[pick_most], pieces, [[1]], (2, 2))
    assert may_give(ops[pick_most], pieces, [[1]], (1, 2))
