"""The names of the language: the operations that the search may be offered for any task, and the frames."""

from functools import cache
from itertools import product

from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.frames import BACKGROUND, LATTICE, RANKED, SHAPES_RANKED
from trajectories.core.samplers.symbolic.grid.colour import recolour
from trajectories.core.samplers.symbolic.object import draw
from trajectories.core.samplers.symbolic.values import Rows

FRAMES: frozenset[str] = frozenset(frame.enter.__name__ for frame in (BACKGROUND, RANKED, SHAPES_RANKED, LATTICE))
LEARNED: tuple[str, ...] = tuple(
    function.__name__ for function in (draw.colour_by, draw.keep_by, draw.drop_by, draw.answer_by)
)
"""Operations that are made of the pairs, not offered by the catalogue."""

ALL_COLOURS: Rows = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
NO_COLOURS: Rows = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@cache
def operation_names() -> tuple[str, ...]:
    """The names of all operations, in alphabetical order: what the catalogue offers depends on colours and sizes, so it
    is asked for pairs that differ in both."""
    found = {recolour.__name__, *LEARNED}
    for start, target in product((ALL_COLOURS, NO_COLOURS), repeat=2):
        found |= {op.function.__name__ for op in build_catalogue([start], [target])}
    return tuple(sorted(found))
