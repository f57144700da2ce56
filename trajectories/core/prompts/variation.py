"""Variations of ARC tasks: the same task turned, recoloured and with its training pairs in another order.

A model is shown the varied task; the variation is undone on the grids it answers with and built into the program it
writes, so that both are verified on the task itself (augmentation at test time: Akyürek et al. 2024, arXiv 2411.07279).
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trajectories.core.identity import derive_seed
from trajectories.core.problems.grids import COLOURS, Grid
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import JSON, PublicProblem

SYMMETRIES = (
    "identity",
    "flip-columns",
    "flip-rows",
    "rotate-180",
    "transpose",
    "rotate-90",
    "rotate-270",
    "anti-transpose",
)
"""Names by number, rotations clockwise. Bits: 4 exchanges rows and columns, then 2 reverses the rows, 1 each row."""

SAME_COLOURS = tuple(range(COLOURS))


@dataclass(frozen=True, slots=True)
class Variation:
    """`symmetry` indexes SYMMETRIES; `colours[c]` is what colour c is shown as; `order` lists the training pairs by
    their place in the task, empty for the order they have.
    """

    symmetry: int = 0
    colours: tuple[int, ...] = SAME_COLOURS
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.symmetry not in range(len(SYMMETRIES)):
            raise ValueError(f"symmetry: found {self.symmetry}, expected 0 to {len(SYMMETRIES) - 1}")
        if sorted(self.colours) != list(SAME_COLOURS):
            raise ValueError("colours: expected each of 0 to 9 once")
        if sorted(self.order) != list(range(len(self.order))):
            raise ValueError("order: expected each place once, from 0")

    @property
    def changes_grids(self) -> bool:
        """Whether grids look different; the order of pairs leaves each as it is."""
        return bool(self.symmetry) or self.colours != SAME_COLOURS

    def to_json(self) -> dict[str, JSON]:
        """The form in which it is kept with a trace."""
        return {"symmetry": SYMMETRIES[self.symmetry], "colours": list(self.colours), "order": list(self.order)}


def variation_text(variation: Variation) -> str:
    """How the task is varied: "turned: rotate-90, recoloured, pairs reordered"; "as it is" where nothing differs."""
    words = [f"turned: {SYMMETRIES[variation.symmetry]}"] if variation.symmetry else []
    words += ["recoloured"] if variation.colours != SAME_COLOURS else []
    words += ["pairs reordered"] if variation.order != tuple(range(len(variation.order))) else []
    return ", ".join(words) or "as it is"


def variation_from_json(value: Mapping[str, JSON]) -> Variation:
    """What `to_json` gave. Raises ValueError or KeyError for anything else."""
    return Variation(SYMMETRIES.index(value["symmetry"]), tuple(value["colours"]), tuple(value["order"]))


def draw_variation(
    seed: int, pairs: int, *, symmetries: bool = True, colours: bool = True, order: bool = True
) -> Variation:
    """A variation for a task with so many training pairs: the same seed draws the same one.

    Each part has a stream of its own, so that switching one on or off leaves the others as they are. Black (0) stays
    black: it is the ground in most tasks, and models expect it to be.
    """
    drawn = Variation()
    if symmetries:
        drawn = replace(drawn, symmetry=derive_seed(seed, "symmetry") % len(SYMMETRIES))
    if colours:
        others = list(SAME_COLOURS[1:])
        random.Random(derive_seed(seed, "colours")).shuffle(others)
        drawn = replace(drawn, colours=(0, *others))
    if order:
        places = list(range(pairs))
        random.Random(derive_seed(seed, "order")).shuffle(places)
        drawn = replace(drawn, order=tuple(places))
    return drawn


def vary_grid(variation: Variation, grid: Grid) -> Grid:
    """The grid as it is shown."""
    rows = [tuple(variation.colours[cell] for cell in row) for row in grid]
    if variation.symmetry & 4:
        rows = list(zip(*rows, strict=True))
    if variation.symmetry & 2:
        rows.reverse()
    return tuple(row[::-1] if variation.symmetry & 1 else row for row in rows)


def restore_rows(variation: Variation, rows: list[list[int]]) -> list[list[int]]:
    """Undo `vary_grid` on rows that a model gave; what is no rectangle only gets its colours back."""
    back = {shown: colour for colour, shown in enumerate(variation.colours)}
    restored = [[back.get(cell, cell) for cell in row] for row in rows]
    if len({len(row) for row in restored}) > 1:
        return restored
    if variation.symmetry & 1:
        restored = [row[::-1] for row in restored]
    if variation.symmetry & 2:
        restored.reverse()
    return [list(row) for row in zip(*restored, strict=True)] if variation.symmetry & 4 else restored


def vary_problem(variation: Variation | None, problem: PublicProblem) -> PublicProblem:
    """The problem as it is shown. Problems other than ARC have no variations.

    An order of another number of pairs than the task has is passed over.
    """
    if variation is None or not is_grids(problem.kind):
        return problem

    def shown(pair: Mapping[str, JSON]) -> dict[str, JSON]:
        return {name: [list(row) for row in vary_grid(variation, pair[name])] for name in pair}

    train = [shown(pair) for pair in problem.spec["train"]]
    if len(variation.order) == len(train):
        train = [train[place] for place in variation.order]
    test = [shown(pair) for pair in problem.spec["test"]]
    return replace(problem, spec={**problem.spec, "train": train, "test": test})
