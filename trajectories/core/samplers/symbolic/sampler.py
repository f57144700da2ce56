"""The symbolic sampler: draws programs found by search, each told as a full reasoning trace."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from trajectories.core.identity import derive_seed
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.records import JSON, SampleFailure, SampleRequest, SampleResult
from trajectories.core.samplers.symbolic.explore import SearchTimeoutError
from trajectories.core.samplers.symbolic.guide import Guide, read_guide
from trajectories.core.samplers.symbolic.narrate import tell
from trajectories.core.samplers.symbolic.population import GRID_CELLS, VIEWS, arrange, population, refuted_before
from trajectories.core.samplers.symbolic.steps import STEP_VIEWS, StepError, arrange_steps, next_steps

CHAIN = "operations"
"""The fact by which a program that was built by steps can be gone on from: the keys of its operations."""

REFUTED_TOLD = 3
MAX_WORK = 1_000_000_000

AT_ONCE_SECONDS = 0.1
"""What was drawn waits for others of its search for no longer, but for the one that is being drawn then."""


class SymbolicSampler:
    """Program search on ARC tasks from the grid, object and pixel views. Deterministic: seeds only order the draws.

    The parameter `work` sets how long the grid and object views search (6,000,000 units are about a CPU second). One
    that was taught searches in the order that its guide makes likely.
    """

    name = "symbolic"
    version = 1

    def __init__(self, guide: Guide | None = None) -> None:
        self._guide = guide

    def taught(self, artefact: bytes) -> "SymbolicSampler":
        """See base.Teachable. Raises GuideError."""
        return SymbolicSampler(read_guide(artefact))

    def sample(self, requests: Sequence[SampleRequest]) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
        """Yield (position, outcome); the requests of one problem follow one another, so that it is searched once."""
        for outcomes in self.sample_together(requests):
            yield from outcomes

    def sample_together(
        self, requests: Sequence[SampleRequest]
    ) -> Iterator[Sequence[tuple[int, SampleResult | SampleFailure]]]:
        """See base.Together: candidates of one search come at once, but for the first."""

        def searched(position: int) -> tuple[str, str]:
            return requests[position].problem.content_hash, requests[position].instruction.view

        for _, positions in groupby(sorted(range(len(requests)), key=lambda i: (searched(i), i)), key=searched):
            outcomes: list[tuple[int, SampleResult | SampleFailure]] = []
            began = time.monotonic()
            for position in positions:
                outcomes.append((position, draw(requests[position], self._guide)))
                if time.monotonic() - began >= AT_ONCE_SECONDS:
                    yield outcomes
                    outcomes, began = [], time.monotonic()
            if outcomes:
                yield outcomes


def draw(request: SampleRequest, guide: Guide | None = None) -> SampleResult | SampleFailure:
    """One sample: candidate number `ordinal` of the view's arranged population."""
    view = request.instruction.view
    if view not in VIEWS:
        return SampleFailure("view", f"The symbolic sampler has no view {view!r}; expected grid, object or pixel.")
    try:
        task = task_of(request.problem)
    except ProblemError as fault:
        return SampleFailure("problem", f"The symbolic sampler needs an ARC task: {fault}")
    work = request.parameters.get("work", GRID_CELLS)
    if type(work) is not int or not 1 <= work <= MAX_WORK:
        return SampleFailure("parameters", f"The parameter 'work' is {work!r}; expected 1 to {MAX_WORK} work units.")
    if request.steps is not None:
        return _draw_step(task, request, request.steps)
    return _draw(task, request, max(1, round(work * request.effort)), guide)


def _draw_step(task: ArcTask, request: SampleRequest, chain: tuple[str, ...]) -> SampleResult | SampleFailure:
    """A program with one step more: next step number `ordinal` of the program so far."""
    started = time.monotonic()
    view = request.instruction.view
    if view not in STEP_VIEWS:
        return SampleFailure("view", f"Programs of the {view} view are not built by steps; expected grid or object.")
    try:
        found = next_steps(task, view, chain)
    except StepError as fault:
        return SampleFailure("steps", str(fault))
    places = arrange_steps(found, chain, request.temperature, request.group_seed)
    if request.ordinal >= len(places):
        return SampleFailure("exhausted", f"The program has {len(places)} next steps and all of them have been drawn.")
    place = places[request.ordinal]
    chosen = found.ranked[place]
    refuted = refuted_before(found.ranked, chosen, REFUTED_TOLD, derive_seed(request.group_seed, request.ordinal))
    facts: dict[str, JSON] = {
        "evaluations": found.evaluated,
        "work": found.work,
        "population": len(places),
        "fits": sum(candidate.fits for candidate in found.ranked),
        "rank": place + 1,
        "cost": round(chosen.program.cost, 3),
        "depth": len(chosen.program.explain()),
        "train_pairs_right": sum(chosen.train_matches),
        "train_pairs": len(chosen.train_matches),
        CHAIN: list(found.chains[place]),
    }
    result = tell(task, chosen, refuted, view, facts)
    return replace(result, latency_seconds=time.monotonic() - started)


def _draw(task: ArcTask, request: SampleRequest, work: int, guide: Guide | None) -> SampleResult | SampleFailure:
    started = time.monotonic()
    view = request.instruction.view
    try:
        found = population(task, view, work, guide)
    except SearchTimeoutError as fault:
        return SampleFailure("timeout", str(fault), retryable=True)
    arranged = arrange(found.ranked, request.temperature, request.group_seed)
    if request.ordinal >= len(arranged):
        return SampleFailure(
            "exhausted", f"The {view} view found {len(arranged)} different programs and all of them have been drawn."
        )
    chosen = arranged[request.ordinal]
    refuted = refuted_before(found.ranked, chosen, REFUTED_TOLD, derive_seed(request.group_seed, request.ordinal))
    facts: dict[str, JSON] = {
        **found.facts,
        "population": len(arranged),
        "fits": sum(candidate.fits for candidate in found.ranked),
        "rank": found.ranked.index(chosen) + 1,
        "cost": round(chosen.program.cost, 3),
        "depth": len(chosen.program.explain()),
        "train_pairs_right": sum(chosen.train_matches),
        "train_pairs": len(chosen.train_matches),
    }
    result = tell(task, chosen, refuted, view, facts)
    return replace(result, latency_seconds=time.monotonic() - started)
