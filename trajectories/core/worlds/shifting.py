"""A grid task whose rule changes between episodes: find which turn and which colours make of the input the output."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from trajectories.core.records import JSON
from trajectories.core.worlds.base import Moved, Setting, State, World

COLOURS = 4
TURNS = 4
RULES = tuple(f"turn-{turn * 90}{'-mirror' if mirror else ''}" for mirror in (0, 1) for turn in range(TURNS))
"""The rules, each a turn after a mirroring; with a shift of the colours besides."""


class ShiftingArc(World):
    """States are (quarter turns, mirrored, shift of the colours): what was done to the input until now.

    The output that the rule asks for is not shown: examples of the rule are, and the answer to `submit` says whether
    the grid is right.
    """

    name: ClassVar[str] = "shifting-arc"
    title: ClassVar[str] = "Grid task with a rule that shifts"
    summary: ClassVar[str] = "Turn, mirror and recolour a grid as a hidden rule asks, which changes between episodes."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("rule", "Rule", RULES[1], "What makes the output of the input.", choices=RULES),
        Setting("shift", "Shift of the colours", 0, f"Added to each colour, of {COLOURS}.", 0, COLOURS - 1),
        Setting("size", "Size", 3, "Cells of one side.", 2, 10),
    )
    usual_changes: ClassVar[tuple[Mapping[str, JSON], ...]] = (
        {"episode": 50, "step": 0, "set": {"rule": RULES[6], "shift": 2}},
    )
    usual_steps: ClassVar[int] = 30

    def prepare(self) -> None:
        """What can be done to the grid."""
        self.actions = ("turn", "mirror", "recolour", "submit")
        self.sizes = (TURNS, 2, COLOURS)
        index = RULES.index(self.current["rule"])
        self.asked: State = (index % TURNS, index // TURNS, self.current["shift"])

    def begin(self) -> State:
        """An input without symmetry, and two examples of the rule."""
        self.goal = None
        self.input = self._drawn_grid()
        self.examples = [self._drawn_grid() for _ in range(2)]
        return (0, 0, 0)

    def _drawn_grid(self) -> np.ndarray:
        """A grid that no turn or mirroring leaves as it is, so that one state alone is right."""
        size = self.current["size"]
        while True:
            grid = self.np_random.integers(0, COLOURS, size=(size, size))
            forms = {applied(grid, (turn, mirror, 0)).tobytes() for turn in range(TURNS) for mirror in (0, 1)}
            if len(forms) == TURNS * 2:
                return grid

    def move(self, state: State, action: int) -> Moved:
        """Change the grid, or ask whether it is right."""
        turn, mirror, shift = state
        if self.actions[action] == "submit":
            if bool((applied(self.input, state) == applied(self.input, self.asked)).all()):
                return Moved(state, "Right: this is the output.", reached=True)
            return Moved(state, "Wrong: this is not the output.")
        moved = {
            "turn": ((turn + 1) % TURNS, mirror, shift),
            "mirror": ((-turn) % TURNS, 1 - mirror, shift),
            "recolour": (turn, mirror, (shift + 1) % COLOURS),
        }[self.actions[action]]
        return Moved(moved, f"The grid is now {applied(self.input, moved).tolist()}.")

    def task(self) -> str:
        """The examples, the input and what can be done."""
        pairs = " ".join(
            f"{grid.tolist()} becomes {applied(grid, self.asked).tolist()}." for grid in self.examples
        )  # fmt: skip
        return (
            f"A rule turns, mirrors and recolours grids. {pairs} Make of {self.input.tolist()} what the rule makes of "
            f"it: turn (a quarter to the left), mirror (left and right), recolour (each colour one up, of {COLOURS}), "
            f"then submit. You have {self.plan.steps} steps."
        )

    def picture(self) -> list[list[int]]:
        """The grid as it is now, in colours from 1 on."""
        cells: list[list[int]] = (applied(self.input, self.state or (0, 0, 0)) + 1).tolist()
        return cells


def applied(grid: np.ndarray, state: State) -> np.ndarray:
    """What a state makes of the input: mirrored, turned to the left, recoloured."""
    turn, mirror, shift = state
    mirrored = np.fliplr(grid) if mirror else grid
    return np.asarray((np.rot90(mirrored, turn) + shift) % COLOURS)
