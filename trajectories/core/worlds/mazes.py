"""A square with a wall that has one gap. The wall may turn (John & Motani 2023, arXiv 2301.13758)."""

from collections.abc import Mapping
from typing import ClassVar

from trajectories.core.records import JSON
from trajectories.core.worlds.base import AGENT, FREE, GOAL, WALL, Moved, Setting, State, World, draw_cells

MOVES = {"up": (0, -1), "right": (1, 0), "down": (0, 1), "left": (-1, 0)}
ACROSS, UPRIGHT, NONE = "across", "upright", "none"


class Maze(World):
    """Go from a drawn cell to another drawn cell; walking into the wall or the edge stays put.

    States are (x, y). A wall across fills the row in the middle but for the cell in the middle; upright, the column.
    """

    name: ClassVar[str] = "maze"
    title: ClassVar[str] = "Maze with a wall that turns"
    summary: ClassVar[str] = "Walk from one cell to another around a wall with one gap, which may turn or vanish."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("size", "Size", 10, "Cells of one side.", 3, 200),
        Setting("wall", "Wall", ACROSS, "Where the wall stands.", choices=(ACROSS, UPRIGHT, NONE)),
    )
    usual_changes: ClassVar[tuple[Mapping[str, JSON], ...]] = ({"episode": 50, "step": 0, "set": {"wall": UPRIGHT}},)
    usual_steps: ClassVar[int] = 100
    is_spatial: ClassVar[bool] = True

    def prepare(self) -> None:
        """The four directions, and the cells of the wall."""
        self.actions = tuple(MOVES)
        size = self.current["size"]
        self.sizes = (size, size)
        self.walls = wall_cells(size, self.current["wall"])

    def begin(self) -> State:
        """Start and goal, drawn from the cells that stay free through the whole episode."""
        size = self.current["size"]
        walls = set(self.walls)
        for change in self.plan.changes:
            if change.episode == self.episode:
                walls |= wall_cells(size, str(change.settings.get("wall", self.current["wall"])))
        free = [(x, y) for x in range(size) for y in range(size) if (x, y) not in walls]
        start, self.goal = draw_cells(self.np_random, free, 2)
        return start

    def move(self, state: State, action: int) -> Moved:
        """One cell further, or nowhere."""
        dx, dy = MOVES[self.actions[action]]
        cell = state[0] + dx, state[1] + dy
        size = self.current["size"]
        if cell in self.walls or not (0 <= cell[0] < size and 0 <= cell[1] < size):
            return Moved(state, f"You bump into a wall and stay at {_cell(state)}.", violates=True)
        if cell == self.goal:
            return Moved(cell, f"You are at {_cell(cell)}: the goal.", reached=True)
        return Moved(cell, f"You are at {_cell(cell)}.")

    def task(self) -> str:
        """Where one is and where to go."""
        size = self.current["size"]
        goal = self.goal or ()
        return (
            f"You walk in a square of {size} x {size} cells; x grows to the right, y grows downwards, both from 0. "
            f"There are walls that you do not see. You are at {_cell(self.state)}; reach {_cell(goal)} "
            f"in at most {self.plan.steps} moves. Walking into a wall leaves you where you are."
        )

    def picture(self) -> list[list[int]]:
        """Walls, the goal and the agent."""
        size = self.current["size"]
        cells = [[WALL if (x, y) in self.walls else FREE for x in range(size)] for y in range(size)]
        if self.goal is not None:
            cells[self.goal[1]][self.goal[0]] = GOAL
        if self.state:
            cells[self.state[1]][self.state[0]] = AGENT
        return cells


def wall_cells(size: int, wall: str) -> set[State]:
    """The cells of a wall: the middle row or column without its middle cell."""
    middle = size // 2
    if wall == NONE:
        return set()
    along = [place for place in range(size) if place != middle]
    return {(place, middle) if wall == ACROSS else (middle, place) for place in along}


def _cell(state: State) -> str:
    return f"({', '.join(map(str, state[:2]))})"
