"""Going on from a program to its end: the completions by which the steps of programs are valued.

A completion draws one next step after the other until the program reproduces every training pair, has as many steps
more as it may, or none is left. The sampler's own order decides which step comes next, perturbed so that completions
differ (see steps.arrange_steps).
"""

from collections.abc import Sequence

from trajectories.core.identity import derive_seed
from trajectories.core.problems.arc import ArcTask
from trajectories.core.records import JSON, StepKind
from trajectories.core.samplers.symbolic.candidates import Candidate
from trajectories.core.samplers.symbolic.explore import make_candidate
from trajectories.core.samplers.symbolic.steps import arrange_steps, next_steps, program_of

TEMPERATURE = 0.5
"""Of the order in which next steps are drawn: the likeliest first in about every second draw."""

STEPS_MORE = 3
"""So many steps a completion has at the most: most programs that are found have three or fewer."""


def completed(task: ArcTask, view: str, chain: Sequence[str], *, seed: int) -> Candidate:
    """A program that goes on from the operations with these keys. Raises StepError where nothing can.

    Operations that reproduce every pair are at their end.
    """
    keys = tuple(chain)
    found = make_candidate(program_of(task, keys), task)
    for number in range(STEPS_MORE):
        if found.fits:
            break
        options = next_steps(task, view, keys)
        places = arrange_steps(options, keys, TEMPERATURE, derive_seed(seed, number))
        if not places:
            break
        found, keys = options.ranked[places[0]], options.chains[places[0]]
    return found


def beginnings(task: ArcTask, chain: Sequence[str], steps: Sequence[dict[str, JSON]]) -> dict[int, tuple[str, ...]]:
    """For each step of a trace that the search can go on from: the operations up to it, by the step's index.

    These are the steps that make a grid. Steps that look or explain make nothing, and some operations make pieces of a
    grid only. `steps` are those stored with the trace.
    """
    told = [place for place, step in enumerate(steps) if step.get("kind") == StepKind.SUBTASK.value]
    program = program_of(task, tuple(chain))
    # A program that sees its grids in a frame says so first.
    told = told[1:] if program.frame else told
    operations = program.layers[0].steps
    return {
        place: tuple(chain[:count])
        for count, (place, op) in enumerate(zip(told, operations, strict=False), 1)
        if op.gives == "grid"
    }
