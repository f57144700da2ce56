"""Few-shot examples: accepted traces of other problems, drawn by seed."""

import random
from collections.abc import Sequence

from django.db.models import QuerySet

from trajectories.adapters.acting import kept_by_project
from trajectories.core.completions.parts import said_in
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts import Example
from trajectories.core.prompts.answer_formats import EXPERT, PROGRAM_STYLES
from trajectories.core.records import InstructionRecord
from trajectories.models import Problem, Trace
from trajectories.selectors.blinding import EVERYTHING, Sight
from trajectories.selectors.completions import parts_of
from trajectories.selectors.problems import to_public

MAX_CANDIDATES = 2_000
"""Accepted traces that examples are drawn from: the newest."""

MAX_EXAMPLE = 20_000
"""Characters of an example's response; a longer one would fill the context."""

Candidate = tuple[int, int]
"""(id of the trace, id of its problem)."""


def example_pool(kinds: Sequence[str]) -> list[int]:
    """The traces that examples for problems of these kinds may be drawn from now, the newest first."""
    return list(_accepted(EVERYTHING).filter(problem__kind__in=kinds).values_list("pk", flat=True)[:MAX_CANDIDATES])


def list_candidates(
    kind: str, style: str, pool: Sequence[int] | None = None, *, sight: Sight = EVERYTHING
) -> list[Candidate]:
    """The accepted traces that show what a style asks for on problems of a kind, of a pool where one is given.

    A program style wants traces with a program; an expert is shown answers of experts only. Who looks at a preview is
    shown those only whose decision they may see.
    """
    traces = showing(_accepted(sight), kind, style)
    if pool is not None:
        traces = traces.filter(pk__in=pool)
    return list(traces.values_list("pk", "problem_id")[:MAX_CANDIDATES])


def showing(traces: QuerySet[Trace], kind: str, style: str) -> QuerySet[Trace]:
    """Those of the traces that show what a style asks for on problems of a kind."""
    program = is_grids(kind) and style in PROGRAM_STYLES
    traces = traces.filter(problem__kind=kind, program__isnull=not program)
    return traces.filter(instruction__style=EXPERT) if style == EXPERT else traces


def _accepted(sight: Sight) -> QuerySet[Trace]:
    """Accepted traces of training problems; none that was hinted or shown a varied task."""
    accepted = sight.having("decision", Trace.Decision.ACCEPTED)
    traces = Trace.objects.filter(accepted, problem__split=Problem.Split.TRAIN, hinted=False, withdrawn=False)
    return traces.exclude(facts__has_key="variation").order_by("-pk")


def draw_examples(candidates: Sequence[Candidate], *, seed: int, count: int, besides: int) -> list[int]:
    """Ids of so many traces, one to a problem, none of the problem `besides`; the same seed draws the same ones."""
    chosen: dict[int, int] = {}
    if count < 1:
        return []
    for at in random.Random(seed).sample(range(len(candidates)), len(candidates)):
        trace_id, problem_id = candidates[at]
        if problem_id != besides:
            chosen.setdefault(problem_id, trace_id)
        if len(chosen) == count:
            break
    return list(chosen.values())


@kept_by_project(maxsize=512)
def load_example(trace_id: int, style: str) -> Example | None:
    """What a trace answers as an example in the form the style asks for; None where it is too long for one.

    Its thoughts are left out: models are not shown theirs, or others', as if they had been said. Traces never change,
    so that they are read once.
    """
    trace = Trace.objects.select_related("problem", "reasoning", "program").get(pk=trace_id)
    response = said_in(parts_of(trace))
    program = trace.program.body.strip() if trace.program else ""
    if len(response) > MAX_EXAMPLE:
        response = ""
    if program and program not in response and style != EXPERT:
        response = f"{response}\n\n```python\n{program}\n```".strip()
    return Example(to_public(trace.problem), response) if response else None


def choose_examples(
    problem: Problem, instruction: InstructionRecord, count: int, seed: int, *, sight: Sight
) -> list[Example]:
    """Examples for a problem from what is accepted now, as far as that may be seen."""
    candidates = list_candidates(problem.kind, instruction.style, sight=sight)
    drawn = draw_examples(candidates, seed=seed, count=count, besides=problem.pk)
    return [example for key in drawn if (example := load_example(key, instruction.style)) is not None]
