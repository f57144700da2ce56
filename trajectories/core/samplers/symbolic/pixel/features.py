"""What a cell can be asked: maps and colours by role, each with a phrase for people and a price."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trajectories.core.samplers.symbolic.pixel.expressions import HelperCall, call
from trajectories.core.samplers.symbolic.pixel.helpers import cells, objects

COLOUR_NAMES = ("black", "blue", "red", "green", "yellow", "grey", "magenta", "orange", "light blue", "maroon")


class Kind(StrEnum):
    """What a map's numbers mean, and so which questions make sense."""

    COLOUR = "colour"
    FLAG = "flag"  # 0 or 1 (and -1 for none)
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Feature:
    """A map, the name of its variable in programs, what it says in English, and the price of using it.

    A flag's phrase is "subject|verb|rest", so that it can be denied; other phrases are nouns.
    """

    name: str
    call: HelperCall | str
    phrase: str
    kind: Kind
    cost: float
    total: bool = False  # never -1


@dataclass(frozen=True, slots=True)
class Role:
    """One colour of a whole grid, by its role."""

    name: str
    call: HelperCall | str
    phrase: str
    cost: float


def roles(base: str) -> Iterator[Role]:
    """Colours that a grid singles out."""
    yield Role("background", "background", "the background colour", 0.8)
    yield Role("commonest", call(cells.ranked_colour, base, "background", 0), "the most common colour", 1.1)
    yield Role("second", call(cells.ranked_colour, base, "background", 1), "the second most common colour", 1.4)
    yield Role("rarest", call(cells.ranked_colour, base, "background", -1), "the rarest colour", 1.1)
    corners = (("top left", 0, 0), ("top right", 0, -1), ("bottom left", -1, 0), ("bottom right", -1, -1))
    for word, row, column in corners:
        yield Role(
            f"{word.replace(' ', '_')}_corner",
            call(cells.colour_at, base, row, column),
            f"the colour of the {word} corner",
            1.6,
        )
    parts = call(objects.connected_parts, base, "background", 0)
    size = call(objects.sizes, parts)
    for largest, word in ((1, "largest"), (0, "smallest")):
        yield Role(
            f"colour_of_{word}",
            call(objects.part_colour, base, parts, call(objects.is_extreme, size, largest)),
            f"the colour of the {word} object",
            1.5,
        )
