"""Programs that run in the sandbox while the trace before them is verified; one that several traces have runs once."""

from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from django.conf import settings

from trajectories.adapters.sandbox import shared_engine
from trajectories.adapters.turns import short_turns
from trajectories.core.problems.kinds import is_grids
from trajectories.core.programs.engines import CallStatus, ProgramJob, ProgramRun
from trajectories.core.records import ProblemRecord
from trajectories.core.verifiers.arc_common import SpecError, job_on_all_inputs
from trajectories.core.verifiers.base import Verifier
from trajectories.models import Trace
from trajectories.selectors.problems import to_record
from trajectories.services.verification.verdicts import TEST_VERIFIER, TRAIN_VERIFIER, key_of

SETTLED = frozenset({CallStatus.RETURNED, CallStatus.RAISED, CallStatus.NOT_JSON, CallStatus.OUTPUT})
"""Ends of a call that the same program comes to again; by time and memory it may end so once and not the next time."""

PROGRAM_VERIFIERS = frozenset({TRAIN_VERIFIER, TEST_VERIFIER})
"""Those that ask for the job that is begun here; without one of them nothing is."""

AT_ONCE = 2
"""Programs that run at once at most, each in a fork of its own as ever; the sandbox has as many workers as cores."""

AHEAD = 8
"""So many traces ahead of the one that is verified a program may have run: while verdicts are written others do."""


class ProgramsAhead:
    """Begins the programs of traces that wait, in their order: some ahead of the trace that is verified.

    Their threads touch the sandbox only, never the database. What has begun when the work stops runs to its end, within
    its limits, and is forgotten.
    """

    def __init__(self, traces: Sequence[Trace], verifiers: Iterable[Verifier]) -> None:
        self._traces = traces
        wanted = len(traces) > 1 and any(verifier.name in PROGRAM_VERIFIERS for verifier in verifiers)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="programs-ahead") if wanted else None
        self._begun: dict[int, dict[Hashable, Future[ProgramRun]]] = {}
        self._latest: dict[Hashable, Future[ProgramRun]] = {}
        """The run of each job that was begun last."""
        self._problems: dict[int, ProblemRecord] = {}
        self._next = 0
        self._turns = short_turns()

    def __enter__(self) -> Self:
        self._turns.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._turns.__exit__(kind, error, trace)

    def problem_of(self, trace: Trace) -> ProblemRecord:
        """The record of a trace's problem, which all traces of the problem share."""
        if trace.problem_id not in self._problems:
            self._problems[trace.problem_id] = to_record(trace.problem)
        return self._problems[trace.problem_id]

    def take(self, position: int) -> dict[Hashable, Future[ProgramRun]]:
        """What has begun for the trace at that position; the next ones are begun."""
        self.begin(position)
        return self._begun.pop(position, {})

    def begin(self, position: int) -> None:
        """Begin the programs of the traces that follow, from that position on."""
        while self._pool is not None and self._next < min(len(self._traces), position + AHEAD + 1):
            trace = self._traces[self._next]
            if (job := self._job_of(trace)) is not None:
                key = key_of(job)
                self._latest[key] = self._pool.submit(_run, job, self._latest.get(key))
                self._begun[self._next] = {key: self._latest[key]}
            self._next += 1

    def _job_of(self, trace: Trace) -> ProgramJob | None:
        """The job that the verifiers will ask for, None where that is not known before they do."""
        if not is_grids(trace.problem.kind) or trace.program is None or not trace.program.body.strip():
            return None
        try:
            return job_on_all_inputs(self.problem_of(trace), trace.program.body)
        except SpecError:
            return None  # the verifiers will say so


def _run(job: ProgramJob, before: Future[ProgramRun] | None) -> ProgramRun:
    """The run of a job, which was begun `before` for another trace that has the same program and problem.

    Every program begins with the same seeds and clean memory, so that it gives the same again. That run began earlier
    on another thread, or has ended: nothing waits for what waits itself.
    """
    if before is not None and before.exception() is None:
        earlier = before.result()
        if all(call.status in SETTLED for call in earlier.calls):
            return earlier
    return shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT).run(job)
