"""The candidates of a task by view: searched once, and put into a diverse, seeded order for drawing."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from trajectories.core.consolidation.votes import rank_weights
from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import Grid
from trajectories.core.records import JSON
from trajectories.core.samplers.symbolic.candidates import Candidate, SearchBudget
from trajectories.core.samplers.symbolic.explore import explore
from trajectories.core.samplers.symbolic.guide import Guide
from trajectories.core.samplers.symbolic.narrate import headline
from trajectories.core.samplers.symbolic.pauses import without_garbage_runs
from trajectories.core.samplers.symbolic.pixel import search as search_pixels

VIEWS = ("grid", "object", "pixel")
GRID_CELLS = 12_000_000
"""Work units of the grid and object search: about 2 CPU seconds where nothing fits."""

PIXEL_CELLS = 3_000_000
REMEMBERED = 16
"""Tasks whose candidates are kept; one with the largest grids takes some 10 MB."""

GUESSES = 3
"""Distinct predictions that are drawn first."""

NEAR_SHARE = 3
"""Of the candidates after the first guesses, every third is one that does not fit."""


@dataclass(frozen=True, slots=True)
class Population:
    """All candidates of one view, best first, and the figures of the search that found them."""

    ranked: tuple[Candidate, ...]
    facts: dict[str, JSON] = field(default_factory=dict)


@lru_cache(maxsize=REMEMBERED)
def find_programs(task: ArcTask, work: int, guide: Guide | None = None) -> dict[str, Population]:
    """Grid and object candidates of a task, searched for in the order of a guide, if there is one."""
    budget = SearchBudget(work)
    with without_garbage_runs():
        found = explore(task, budget, guide.of(task) if guide else None)
    facts: dict[str, JSON] = {
        "states": found.states, "evaluations": found.evaluated, "work": work - budget.left
    }  # fmt: skip
    return {
        view: Population(tuple(c for c in found.candidates if c.view == view), facts) for view in ("grid", "object")
    }


@lru_cache(maxsize=REMEMBERED)
def find_pixels(task: ArcTask) -> Population:
    """Pixel candidates of a task."""
    budget = SearchBudget(PIXEL_CELLS)
    with without_garbage_runs():
        ranked = tuple(sorted(search_pixels(task, budget), key=lambda c: (not c.fits, c.program.cost, c.program.key)))
    return Population(ranked, {"work": PIXEL_CELLS - budget.left})


def population(task: ArcTask, view: str, work: int = GRID_CELLS, guide: Guide | None = None) -> Population:
    """The candidates of a view; searched on the first call for a task, then remembered.

    `work` limits the grid and object search; the pixel search ends by itself well below its own limit.
    """
    return find_pixels(task) if view == "pixel" else find_programs(task, work, guide)[view]


def votes(candidates: Sequence[Candidate], position: int) -> list[Grid]:
    """Distinct outputs for one test input by vote of the fitting programs: each counts 2 ** -cost, most votes first."""
    weights: dict[Grid, float] = {}
    for candidate in candidates:
        output = candidate.test_outputs[position]
        if candidate.fits and output is not None:
            weights[output] = weights.get(output, 0.0) + math.exp2(-candidate.program.cost)
    return [output for output, _ in rank_weights(weights).ranked]


def arrange(candidates: Sequence[Candidate], temperature: float, seed: int) -> tuple[Candidate, ...]:
    """A diverse order without repetition.

    The best programs of the most voted predictions come first, then other programs that fit, near misses mixed in.
    A temperature above 0 perturbs the ranks by seeded Gumbel noise of that scale.
    """
    firsts, others, near = [], [], []
    seen = set()
    for candidate in candidates:
        outputs = (candidate.train_outputs, candidate.test_outputs)
        if not candidate.fits:
            if outputs not in seen:
                near.append(candidate)
        elif outputs in seen:
            others.append(candidate)
        else:
            firsts.append(candidate)
        seen.add(outputs)
    firsts.sort(key=lambda candidate: -_support(candidate, candidates))
    order = [*firsts[:GUESSES], *_mix([*firsts[GUESSES:], *others], near)]
    if temperature <= 0:
        return tuple(order)
    noise = random.Random(seed)
    scores = [-math.log(rank) + temperature * _gumbel(noise) for rank in range(1, len(order) + 1)]
    return tuple(order[i] for i in sorted(range(len(order)), key=lambda i: -scores[i]))


def _support(chosen: Candidate, candidates: Sequence[Candidate]) -> float:
    """The votes for a candidate's test outputs, see `votes`."""
    return sum(math.exp2(-c.program.cost) for c in candidates if c.fits and c.test_outputs == chosen.test_outputs)


def _gumbel(noise: random.Random) -> float:
    return -math.log(-math.log(noise.random() or 1e-12))


def _mix(others: list[Candidate], near: list[Candidate]) -> list[Candidate]:
    mixed = []
    rest, misses = iter(others), iter(near)
    for turn in range(1, (len(others) + len(near)) * NEAR_SHARE + 1):
        chosen = next(misses if turn % NEAR_SHARE == 0 else rest, None)
        if chosen is not None:
            mixed.append(chosen)
    return mixed


def refuted_before(candidates: Sequence[Candidate], chosen: Candidate, limit: int, seed: int) -> tuple[Candidate, ...]:
    """Up to `limit` programs that the search tried and a training pair refuted, other than the chosen one.

    Half are those that come nearest, the rest are drawn by the seed, so that samples tell different failures; of
    several with the same most telling step only the nearest counts.
    """
    misses = [c for c in candidates if not c.fits and c.program.key != chosen.program.key]
    misses = list({headline(miss): miss for miss in reversed(misses)}.values())[::-1]
    nearest = misses[: limit // 2 + 1]
    rest = misses[len(nearest) :]
    drawn = random.Random(seed).sample(rest, min(len(rest), limit - len(nearest))) if len(nearest) < limit else []
    return tuple(sorted((*drawn, *nearest), key=lambda c: (sum(c.train_matches), c.program.cost, c.program.key)))
