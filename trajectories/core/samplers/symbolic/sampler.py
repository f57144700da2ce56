"""The symbolic sampler: draws programs found by search, each told as a full reasoning trace."""

import time
from collections.abc import Iterator, Sequence

from trajectories.core.identity import derive_seed
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.records import JSON, SampleFailure, SampleRequest, SampleResult
from trajectories.core.samplers.symbolic.explore import SearchTimeoutError
from trajectories.core.samplers.symbolic.guide import Guide, read_guide
from trajectories.core.samplers.symbolic.narrate import tell
from trajectories.core.samplers.symbolic.population import GRID_CELLS, VIEWS, arrange, population, refuted_before

REFUTED_TOLD = 3
MAX_WORK = 1_000_000_000


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
        order = sorted(
            range(len(requests)), key=lambda i: (requests[i].problem.content_hash, requests[i].instruction.view, i)
        )
        for position in order:
            yield position, draw(requests[position], self._guide)


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
    return _draw(task, request, work, guide)


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
    return SampleResult(
        messages=result.messages, reasoning=result.reasoning, steps=result.steps, answer=result.answer,
        program=result.program, finish_reason=result.finish_reason,
        latency_seconds=time.monotonic() - started, facts=result.facts,
    )  # fmt: skip
