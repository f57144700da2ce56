"""What the page of an episode draws: the world at a step, what the agent imagined, and what it thought of the cells."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.core.problems.episodes import plan_of
from trajectories.core.records import JSON, StepKind
from trajectories.core.rendering.svg import cell_boxes, colour_paths, line_path
from trajectories.core.tools.refusals import REFUSED
from trajectories.core.worlds import make_world
from trajectories.core.worlds.replaying import Again, take_again
from trajectories.models import Episode, Trace

PIXELS = 420
SHADES = 10
"""Shades of the heat map, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """The world as SVG paths, in units of cells; `branches` are imagined moves, `way` is the imagined path."""

    width: int
    height: int
    pixel_width: int
    pixel_height: int
    paths: Sequence[tuple[int, str]]
    lines: str
    heat: Sequence[tuple[int, str]] = ()
    branches: str = ""
    way: str = ""
    walked: str = ""


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """The episode after `step` of `total` actions; 0 is its beginning. `action` and `text` are what was done last.

    `by` and the counts of branches are of the action that comes next, and so is `said`, what a language model says
    before it; `values` are those of the actions, by name.
    """

    step: int
    total: int
    drawing: Drawing | None
    drawn: str
    action: str
    text: str
    reward: float
    violates: bool
    changed: bool
    reached: bool
    said: str
    by: str
    branches: int
    found: int
    way_steps: int
    values: Sequence[tuple[str, float]]

    @property
    def decides(self) -> str:
        """What decides about the next action, in words."""
        if self.by == "slow":
            return (
                f"memory: {self.found} of {self.branches} walks reach the goal, the shortest in {self.way_steps} "
                f"step{'' if self.way_steps == 1 else 's'}"
            )
        who = {"fast": "the network", "table": "the table"}.get(self.by, "chance")
        return f"{who}; none of {self.branches} walks through memory reaches the goal" if self.branches else who

    @property
    def told_values(self) -> str:
        """The values of the actions, by name."""
        return ", ".join(f"{name} {value:.2f}" for name, value in self.values)

    @property
    def is_first(self) -> bool:
        """Whether nothing was done yet."""
        return self.step == 0

    @property
    def is_last(self) -> bool:
        """Whether nothing is done after it."""
        return self.step == self.total


class ShownEpisode:
    """A trace's episode, taken again. Raises Fault where the trace is no episode of a world that is here."""

    def __init__(self, trace: Trace) -> None:
        plan, self.number = plan_of(trace.problem.spec)
        self.world = make_world(plan)
        self.changes = plan.change_episodes()
        actions = [str(action) for action in trace.answer] if isinstance(trace.answer, list) else []
        self.again: Again = take_again(self.world, self.number, actions, draw=True)
        kept = Episode.objects.filter(trace=trace).select_related("mind").defer("mind__weights").first()
        self.mind = None if kept is None else kept.mind
        self._thoughts: Sequence[Mapping[str, Any]] = [] if kept is None else kept.thoughts
        self._values: Sequence[JSON] = [] if kept is None else kept.values
        self._said = _said_before(trace.steps) if kept is None else []

    @property
    def changed_steps(self) -> list[int]:
        """The steps, counted from 1, before which the world changed."""
        return [place for place, seen in enumerate(self.again.seen, 1) if seen.changed]

    def frame(self, step: int) -> ShownFrame:
        """The frame after so many steps."""
        total = len(self.again.seen)
        step = min(max(step, 0), total)
        last = self.again.seen[step - 1] if step else None
        thought: Mapping[str, Any] = self._thoughts[step] if step < len(self._thoughts) else {}
        values = zip(self.world.actions, thought.get("values", ()), strict=False)
        picture = self.again.picture if last is None else last.picture
        return ShownFrame(
            step=step,
            total=total,
            drawing=self._drawing(picture, thought, step) if picture else None,
            drawn="" if picture else self.again.drawn if last is None else last.drawn,
            action="" if last is None else self.world.actions[last.action],
            text=self.again.task if last is None else last.text,
            reward=0.0 if last is None else last.reward,
            violates=last is not None and last.violates,
            changed=self.again.changed if last is None else last.changed,
            reached=self.again.reached and step == total,
            said=self._said[step] if step < len(self._said) else "",
            by=str(thought.get("by", "")),
            branches=int(thought.get("branches", 0)),
            found=int(thought.get("found", 0)),
            way_steps=max(0, len(thought.get("path", ())) - 1),
            values=list(values),
        )

    def _drawing(self, picture: Sequence[Sequence[int]], thought: Mapping[str, Any], step: int) -> Drawing:
        height, width = len(picture), len(picture[0])
        cell = max(4, min(40, PIXELS // max(height, width)))
        base = Drawing(width, height, width * cell, height * cell, colour_paths(picture), line_path(height, width))
        if not self.world.is_spatial:
            return base
        walked = [self.again.start, *(seen.state for seen in self.again.seen[:step])]
        return Drawing(
            *(base.width, base.height, base.pixel_width, base.pixel_height, base.paths, base.lines),
            heat=self._heat(),
            branches="".join(_stroke(edge[:2], edge[2:]) for edge in thought.get("edges", ())),
            way="".join(map(_stroke, thought.get("path", ()), thought.get("path", ())[1:])),
            walked="".join(map(_stroke, walked, walked[1:])),
        )

    def _heat(self) -> list[tuple[int, str]]:
        """(shade, path) of the cells that the agent knew as the episode began; of several layers the highest value."""
        best: dict[tuple[int, int], float] = {}
        for state, value in self._values:
            place = (state[1], state[0])
            best[place] = max(value, best.get(place, 0.0))
        shades: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place, value in best.items():
            shades[min(SHADES - 1, int(value * SHADES))].append(place)
        return [(shade, cell_boxes(cells)) for shade, cells in sorted(shades.items())]


def _said_before(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stands in a trace before each action that its world answered, and after the last one; the opening and the
    ending, which say what the page shows, left out."""
    said: list[str] = []
    words: list[str] = []
    for place, step in enumerate(steps):
        if step["kind"] == StepKind.TOOL_RESULT:
            if (step.get("data") or {}).get("status") == REFUSED:
                words.append(step["body"])
                continue
            said.append("\n\n".join(words))
            words = []
        elif step["kind"] != StepKind.TOOL_CALL and 0 < place < len(steps) - 1 and step["body"]:
            words.append(step["body"])
    return [*said, "\n\n".join(words)]


def _stroke(a: Sequence[int], b: Sequence[int]) -> str:
    """From the middle of one cell to that of another."""
    return f"M{a[0]}.5 {a[1]}.5L{b[0]}.5 {b[1]}.5" if list(a[:2]) != list(b[:2]) else ""
