"""Valuing steps of programs: the symbolic search goes on from each, and the sandbox says where that leads.

Math-Shepherd (Wang et al. 2023) for programs: see core.verifiers.step_values. Nothing is called and nothing is paid
for, and the same job has the same completions, so that a trace is valued in one go and stored as one.
"""

import time
from collections.abc import Sequence

from trajectories.core.identity import derive_seed, text_hash
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts.segmentation import AS_STORED
from trajectories.core.records import TraceRecord, VerdictRecord
from trajectories.core.samplers.symbolic.candidates import Candidate
from trajectories.core.samplers.symbolic.completing import beginnings, completed
from trajectories.core.samplers.symbolic.sampler import CHAIN
from trajectories.core.samplers.symbolic.steps import STEP_VIEWS, StepError
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.deciding import decisive_verdict
from trajectories.core.verifiers.step_values import values_verdict
from trajectories.models import JudgeJobAnswer, JudgeJobItem, Trace
from trajectories.selectors.problems import to_public
from trajectories.selectors.segmentations import spans_of
from trajectories.services.endpoints.calls import CallStop
from trajectories.services.judging.asking import Work
from trajectories.services.texts import store_texts
from trajectories.services.verification.verdicts import verify_record

Chains = dict[int, tuple[str, ...]]


def program_steps(trace: Trace) -> Chains:
    """The operations up to each step of a trace that can be gone on from, by the step's place; none for a trace that
    was not built step by step. `trace` comes with its problem and instruction."""
    chain = trace.facts.get(CHAIN)
    if not is_grids(trace.problem.kind) or not isinstance(chain, list) or _view_of(trace) not in STEP_VIEWS:
        return {}
    try:
        return beginnings(task_of(to_public(trace.problem)), chain, trace.steps)
    except (StepError, ProblemError):
        return {}


def _view_of(trace: Trace) -> str:
    return trace.instruction.view if trace.instruction is not None else ""


class ProgramValueWork(Work):
    """One session of a job in which the search values steps: trace by trace until the time is over."""

    def go_on(self) -> CallStop | None:
        """Value what waits."""
        while self._is_ours and time.monotonic() < self._until:
            item = JudgeJobItem.objects.filter(judge_job=self._job, outcome="").order_by("pk").first()
            if item is None:
                return None
            self._value(item)
        return None

    def _value(self, item: JudgeJobItem) -> None:
        """Value one trace, unless the lease is lost meanwhile."""
        related = ("problem", "instruction", "reasoning")
        trace = item.trace = Trace.objects.select_related(*related).get(pk=item.trace_id)
        chains = program_steps(trace)
        task = task_of(to_public(trace.problem)) if chains else None
        outcomes: list[list[str]] = [[] for _ in trace.steps[:-1]]
        answers: list[JudgeJobAnswer] = []
        known: dict[str, str] = {}
        for place, chain in chains.items():
            for ask in range(self._job.completions):
                if not self._is_wanted():
                    return
                assert task is not None
                answer, word = self._complete(item, task, chain, place, ask, known)
                answers.append(answer)
                if place < len(outcomes):
                    outcomes[place].append(word)
        self._give(item, self._verdict_on(trace, outcomes), answers)

    def _complete(
        self, item: JudgeJobItem, task: ArcTask, chain: Sequence[str], place: int, ask: int, known: dict[str, str]
    ) -> tuple[JudgeJobAnswer, str]:
        """One completion and what the sandbox says of it; programs in `known` ran before."""
        seed = derive_seed("value", self._job.seed, item.trace_id, place, ask)
        program = completed(task, _view_of(item.trace), chain, seed=seed)
        source = program.program.source()
        if source not in known:
            known[source] = self._verified(item.trace, program, source)
        store_texts({text_hash(source): source})
        answer = JudgeJobAnswer(item=item, place=place, ask=ask, outcome=known[source], text_id=text_hash(source))
        return answer, known[source]

    def _verified(self, trace: Trace, program: Candidate, source: str) -> str:
        answer = [None if grid is None else grid_to_lists(grid) for grid in program.test_outputs]
        record = TraceRecord(answer=answer, program=source, text="", searched=True)
        decisive = decisive_verdict(verify_record(trace.problem, record, VERIFIERS.values()))
        return "unscored" if decisive is None else decisive.outcome.value

    def _verdict_on(self, trace: Trace, outcomes: Sequence[Sequence[str]]) -> VerdictRecord:
        return values_verdict(
            sampler=self._job.sampler.name,
            completed=outcomes,
            correctness=trace.correctness,
            segmentation=AS_STORED,
            spans=spans_of(trace) if any(outcomes) else [],
            engine=self._engine,
        )
