"""Grids that a text claims, held against what the program did: where it came to the same grid, or how near it came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trajectories.core.programs.replays import PairReplay


@dataclass(frozen=True, slots=True)
class Place:
    """A grid of a replay: the index of the pair, and of the step in it that first set a variable to the grid.

    `line` is that of the step, 0 for what the program returned without having had it in a variable; then `step` is
    the number of steps.
    """

    pair: int
    step: int
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """What became of a claimed grid. `place` is where execution came to it, or nearest to it; `cells_off` counts the
    cells in which the nearest grid of the same size differs, 0 where it is the same. Without a place none has its size.
    """

    place: Place | None
    cells_off: int


def hold_claim(claimed: str, replays: Sequence[PairReplay]) -> HeldClaim:
    """Look for a grid, as digits with "/" between rows, among all grids that the program had, first pair first."""
    rows = claimed.count("/")
    nearest: HeldClaim = HeldClaim(None, 0)
    for grid, place in _states(replays):
        if grid == claimed:
            return HeldClaim(place, 0)
        if len(grid) != len(claimed) or grid.count("/") != rows:
            continue
        off = sum(one != other for one, other in zip(grid, claimed, strict=True))
        if nearest.place is None or off < nearest.cells_off:
            nearest = HeldClaim(place, off)
    return nearest


def _states(replays: Sequence[PairReplay]) -> Iterator[tuple[str, Place]]:
    """Each different grid of each pair, with its first place."""
    for number, replay in enumerate(replays):
        seen: set[str] = set()
        for index, step in enumerate(replay.steps):
            for name, grid in step.grids.items():
                text = replay.grids[grid]
                if text not in seen:
                    seen.add(text)
                    yield text, Place(number, index, step.line, name)
        if replay.result is not None and replay.result not in seen:
            yield replay.result, Place(number, len(replay.steps), 0, "")
