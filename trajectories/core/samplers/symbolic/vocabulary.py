"""The names of the language: the operations that the search may be offered for any task, and the frames."""

from functools import cache
from itertools import product

from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.frames import BACKGROUND, LATTICE, RANKED, SHAPES_RANKED
from trajectories.core.samplers.symbolic.grid.colour import recolour
from trajectories.core.samplers.symbolic.object import draw
from trajectories.core.samplers.symbolic.operation import Kind
from trajectories.core.samplers.symbolic.values import Rows

FRAMES: frozenset[str] = frozenset(frame.enter.__name__ for frame in (BACKGROUND, RANKED, SHAPES_RANKED, LATTICE))
LEARNED: dict[str, tuple[Kind, Kind]] = {
    recolour.__name__: ("grid", "grid"),
    draw.answer_by.__name__: ("grid", "grid"),
    draw.colour_by.__name__: ("pieces", "pieces"),
    draw.keep_by.__name__: ("pieces", "pieces"),
    draw.drop_by.__name__: ("pieces", "pieces"),
}
"""Operations that are made of the pairs, not offered by the catalogue: what each takes and gives."""

ALL_COLOURS: Rows = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
NO_COLOURS: Rows = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@cache
def operation_kinds() -> dict[str, tuple[Kind, Kind]]:
    """By the name of every operation, in alphabetical order, what it takes and gives. What the catalogue offers depends
    on colours and sizes, so it is asked for pairs that differ in both."""
    found = dict(LEARNED)
    for start, target in product((ALL_COLOURS, NO_COLOURS), repeat=2):
        found |= {op.function.__name__: (op.takes, op.gives) for op in build_catalogue([start], [target])}
    return dict(sorted(found.items()))


def operation_names() -> tuple[str, ...]:
    """The names of all operations, in alphabetical order."""
    return tuple(operation_kinds())
