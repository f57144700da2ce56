"""A room behind a locked door: the key comes first, so that the way has a goal within the goal."""

from collections.abc import Mapping
from typing import ClassVar

from trajectories.core.records import JSON
from trajectories.core.worlds.base import (
    AGENT,
    DOOR,
    FREE,
    GOAL,
    KEY,
    WALL,
    Moved,
    Setting,
    State,
    World,
    draw_cells,
)
from trajectories.core.worlds.mazes import MOVES

NEAR, FAR = "near", "far"


class KeyAndDoor(World):
    """States are (x, y, whether the key is held). The start and the key are left of the wall, the goal is right of it.

    `key` and `door` say in which half they are, so that a schedule can move them: near the top, or near the bottom.
    """

    name: ClassVar[str] = "key-and-door"
    title: ClassVar[str] = "Key and door"
    summary: ClassVar[str] = "Fetch the key, go through the door, reach the goal; key and door may change places."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("size", "Size", 7, "Cells of one side.", 5, 100),
        Setting("key", "Key", NEAR, "Where the key lies.", choices=(NEAR, FAR)),
        Setting("door", "Door", FAR, "Where the door is.", choices=(NEAR, FAR)),
    )
    usual_changes: ClassVar[tuple[Mapping[str, JSON], ...]] = (
        {"episode": 50, "step": 0, "set": {"key": FAR, "door": NEAR}},
    )
    usual_steps: ClassVar[int] = 150
    is_spatial: ClassVar[bool] = True

    def prepare(self) -> None:
        """The wall in the middle, its door, and the key."""
        self.actions = tuple(MOVES)
        size = self.current["size"]
        self.sizes = (size, size, 2)
        self.wall = size // 2
        places = {NEAR: 1, FAR: size - 2}
        self.key: State = (0, places[self.current["key"]])
        self.door: State = (self.wall, places[self.current["door"]])

    def begin(self) -> State:
        """The start in the left room, the goal in the right one."""
        size = self.current["size"]
        left = [(x, y) for x in range(self.wall) for y in range(size) if x > 0]
        right = [(x, y) for x in range(self.wall + 1, size) for y in range(size)]
        (start,), (goal,) = draw_cells(self.np_random, left, 1), draw_cells(self.np_random, right, 1)
        self.goal = (*goal, 1)
        return (*start, 0)

    def move(self, state: State, action: int) -> Moved:
        """One cell further; onto the key takes it; through the door only with it."""
        dx, dy = MOVES[self.actions[action]]
        x, y, held = state[0] + dx, state[1] + dy, state[2]
        size = self.current["size"]
        if not (0 <= x < size and 0 <= y < size) or (x == self.wall and (x, y) != self.door):
            return Moved(state, f"You bump into a wall and stay at ({state[0]}, {state[1]}).", violates=True)
        if (x, y) == self.door and not held:
            return Moved(state, "The door is locked and you have no key.", violates=True)
        taken = (x, y) == self.key and not held
        moved = (x, y, 1 if taken else held)
        if moved == self.goal:
            return Moved(moved, f"You are at ({x}, {y}): the goal.", reached=True)
        return Moved(moved, f"You are at ({x}, {y}) {'and take the key.' if taken else 'with' if held else 'without'}"
                     + ("" if taken else " the key."))  # fmt: skip

    def task(self) -> str:
        """Where one is, where to go and what is in the way."""
        size, goal, state = self.current["size"], self.goal or (0, 0), self.state
        return (
            f"You walk in a square of {size} x {size} cells; x grows to the right, y grows downwards, both from 0. A "
            f"wall with one locked door stands at x = {self.wall}; the key lies left of it. You are at "
            f"({state[0]}, {state[1]}); take the key, find the door and reach ({goal[0]}, {goal[1]}) in at most "
            f"{self.plan.steps} moves."
        )

    def picture(self) -> list[list[int]]:
        """Wall, door, key where it still lies, goal and agent."""
        size = self.current["size"]
        cells = [[WALL if x == self.wall else FREE for x in range(size)] for _ in range(size)]
        cells[self.door[1]][self.door[0]] = DOOR
        if not (self.state and self.state[2]):
            cells[self.key[1]][self.key[0]] = KEY
        if self.goal is not None:
            cells[self.goal[1]][self.goal[0]] = GOAL
        if self.state:
            cells[self.state[1]][self.state[0]] = AGENT
        return cells
