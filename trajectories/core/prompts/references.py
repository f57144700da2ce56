"""The reference answer as a text, for the one prompt that may hold it (STaR: core.strategies.rationalise)."""

import json
from string import ascii_uppercase

from trajectories.core.problems.kinds import KINDS, choices_of, is_grids
from trajectories.core.prompts.variation import Variation, vary_grid
from trajectories.core.records import JSON, PublicProblem
from trajectories.core.verifiers.normal_forms import normal_answer


def reference_text(problem: PublicProblem, reference: JSON, variation: Variation | None = None) -> str:
    """The answer as the prompt asks for it: grids as JSON, as the model sees them; a choice as its letter and text."""
    if is_grids(problem.kind):
        grids = [None if grid is None else _shown(grid, variation) for grid in reference]
        return json.dumps(grids[0] if len(grids) == 1 else grids)
    if KINDS[problem.kind].has_choices:
        return _choice(problem, reference)
    if isinstance(reference, list) and reference:
        reference = reference[0]
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)


def _shown(grid: JSON, variation: Variation | None) -> JSON:
    if variation is None:
        return grid
    return [list(row) for row in vary_grid(variation, tuple(tuple(row) for row in grid))]


def _choice(problem: PublicProblem, reference: JSON) -> str:
    """ "B. the text of the choice"; the reference as it is where it is none of the choices."""
    choices = choices_of(problem.kind, problem.spec)
    letter = normal_answer(problem.kind, problem.spec, reference)
    lettered = dict(zip(ascii_uppercase, choices, strict=False))
    return f"{letter}. {lettered[letter]}" if letter in lettered else str(reference)
