"""Verdicts: verifying traces with every verifier that applies, and what lists show of it."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.utils import timezone

from trajectories.adapters.sandbox import shared_engine
from trajectories.adapters.verifying import LocalTools
from trajectories.core.completions.parts import NOWHERE
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.identity import canonical_json
from trajectories.core.problems.kinds import is_episode
from trajectories.core.programs.engines import ProgramEngine, ProgramJob, ProgramRun
from trajectories.core.records import JSON, SCORED, Outcome, ProblemRecord, StepKind, TraceRecord, VerdictRecord
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.core.tools.refusals import REFUSED
from trajectories.core.verifiers.answers import read_span, was_searched
from trajectories.core.verifiers.arc_common import ENGINE_FAULTS, once_per_object
from trajectories.core.verifiers.base import Verifier
from trajectories.core.verifiers.deciding import is_supporting
from trajectories.core.verifiers.evidence import PairsEvidence
from trajectories.core.verifiers.grid_compare import grid_or_none
from trajectories.core.verifiers.model_judge import is_model_verdict
from trajectories.core.verifiers.opinions import is_opinion
from trajectories.core.verifiers.unfinished import leave_open
from trajectories.models import JudgeJob, Problem, Reverification, Trace, Verdict
from trajectories.selectors.completions import parts_of
from trajectories.selectors.problems import to_record
from trajectories.services.locks import hold_run
from trajectories.services.rows import insert_rows, row_of
from trajectories.services.traces.storing import answer_hash
from trajectories.services.verification.sandbox_failures import count_noted, note_run

MAX_CLAIMS = 3
"""A verification begun this often without an end has crashed its workers: its verdicts are errors."""

TRAIN_VERIFIER, TEST_VERIFIER = "arc_train", "arc_test"
NO_RUN = (*ENGINE_FAULTS, "stated")
"""How a call ended that says nothing about a program, or was none."""


class TraceTools(LocalTools):
    """The tools of the verifiers of one trace: they share its programs' runs, so that equal ones run once."""

    def __init__(self, engine: ProgramEngine, begun: Mapping[Hashable, Future[ProgramRun]] | None = None) -> None:
        """`begun` are runs that are under way already, by `key_of` their jobs."""
        self._engine, self._begun = engine, begun or {}
        self._runs: dict[Hashable, ProgramRun] = {}

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Run in the sandbox, or hand out the run of an equal job."""
        key = key_of(job)
        if key not in self._runs:
            self._runs[key] = self._begun[key].result() if key in self._begun else self._engine.run(job)
            note_run(self._runs[key])
        return self._runs[key]


def key_of(job: ProgramJob) -> Hashable:
    """What equal jobs share."""
    return job.source, job.function, job.limits, _calls_text(job.calls)


@once_per_object
def _calls_text(calls: Sequence[Sequence[JSON]]) -> str:
    return canonical_json(calls)


def verify_trace(
    trace: Trace,
    verifiers: Iterable[Verifier],
    *,
    lost: bool = False,
    problem: ProblemRecord | None = None,
    begun: Mapping[Hashable, Future[ProgramRun]] | None = None,
) -> list[VerdictRecord]:
    """A verdict from every verifier that applies; one that breaks, or lost its worker too often, gives an error.

    `problem` is the trace's, where the caller has its record; `begun` are runs of its program, see TraceTools.
    """
    return _verify(problem or to_record(trace.problem), trace_record(trace), verifiers, lost=lost, begun=begun)


def verify_record(
    of: Problem, record: TraceRecord, verifiers: Iterable[Verifier], *, lost: bool = False
) -> list[VerdictRecord]:
    """As verify_trace, of what is no stored trace of the problem."""
    return _verify(to_record(of), record, verifiers, lost=lost)


def _verify(
    problem: ProblemRecord,
    record: TraceRecord,
    verifiers: Iterable[Verifier],
    *,
    lost: bool,
    begun: Mapping[Hashable, Future[ProgramRun]] | None = None,
) -> list[VerdictRecord]:
    tools = TraceTools(shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT), begun)
    return [
        verdict
        for verifier in verifiers
        if (verdict := _verify_by(verifier, problem, record, None if lost else tools)) is not None
    ]


def trace_record(trace: Trace) -> TraceRecord:
    """A trace as verifiers see it; `trace` comes with its texts."""
    text = trace.reasoning.body
    given = (part for part in parts_of(trace) if part.kind is PartKind.CONTENT and part.start != NOWHERE)
    return TraceRecord(
        answer=trace.answer,
        program=trace.program.body if trace.program else "",
        text=text,
        span=read_span(trace.facts.get("found"), text),
        searched=was_searched(trace.facts.get("found")),
        finish_reason=trace.finish_reason,
        content=tuple((part.start, part.end) for part in given),
        results=_results(trace),
    )


def _results(trace: Trace) -> tuple[str, ...]:
    """What the world of an episode answered, as the steps of its trace tell it; of refused calls it never knew."""
    if not is_episode(trace.problem.kind):
        return ()
    told = (step for step in trace.steps if step["kind"] == StepKind.TOOL_RESULT)
    return tuple(step["body"] for step in told if (step.get("data") or {}).get("status") != REFUSED)


def _verify_by(
    verifier: Verifier, problem: ProblemRecord, record: TraceRecord, tools: TraceTools | None
) -> VerdictRecord | None:
    """The verifier's verdict; None where it does not apply. Without tools it is an error: a worker was lost before."""
    try:
        if not verifier.applies_to(problem, record):
            return None
        if tools is None:
            return _error(verifier, f"Verifying this trace was begun {MAX_CLAIMS} times and never came to an end.")
        verdict = leave_open(verifier.verify(problem, record, tools), record)
        return replace(verdict, message=storable_text(verdict.message), evidence=storable_json(verdict.evidence))
    except Exception as fault:
        return _error(verifier, storable_text(f"The verifier broke: {type(fault).__name__}: {fault}"))


def _error(verifier: Verifier, message: str) -> VerdictRecord:
    return VerdictRecord(verifier=verifier.name, version=verifier.version, outcome=Outcome.ERROR, message=message)


def lock_traces(traces: Sequence[Trace]) -> None:
    """Take the locks under which what is derived from the verdicts on traces of one run (or of none) is changed: the
    run first, then the traces."""
    for run_id in {trace.run_id for trace in traces if trace.run_id is not None}:
        hold_run(run_id)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[trace.pk for trace in traces]])


_LOCK = "SELECT FROM trajectories_trace WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def append_verdicts(
    given: Sequence[tuple[Trace, Sequence[VerdictRecord]]], job: Reverification | JudgeJob | None = None
) -> list[Verdict]:
    """Add verdicts on traces of one run (or of none) and derive anew what lists filter by; returns what was added. The
    traces are locked.

    The first verdict of a version stands, unless a job verifies again: then one that differs is added as a revision.
    """
    known: defaultdict[int, list[Verdict]] = defaultdict(list)
    for verdict in Verdict.objects.filter(trace__in=[trace.pk for trace, _ in given]).order_by("pk"):
        known[verdict.trace_id].append(verdict)
    added, own = [], []
    for trace, verdicts in given:
        newest = {verdict.verifier: verdict for verdict in known[trace.pk]}
        added += _new_verdicts(trace, verdicts, known[trace.pk], newest, job)
        if verdicts and all(is_opinion(verdict.verifier) for verdict in verdicts):
            # An opinion supports and never decides; the trace's own verification may be still to come.
            Trace.objects.filter(pk=trace.pk).update(model_judged=_last_model_outcome(newest.values()))
        else:
            own.append((trace, derived_fields(newest)))
    _insert(added)
    if own:
        _derive(own)
    return added


def _insert(added: Sequence[Verdict]) -> None:
    """Write new verdicts in one statement, and count what the sandbox failed at before they were found."""
    now = timezone.now()
    for verdict in added:
        verdict.created_at = now
    count_noted()
    ids = insert_rows(Verdict, [row_of(verdict) for verdict in added], returning=("id",))
    for verdict, (key,) in zip(added, ids, strict=True):
        verdict.pk = key
        verdict._state.adding, verdict._state.db = False, DEFAULT_DB_ALIAS


def _new_verdicts(
    trace: Trace,
    verdicts: Sequence[VerdictRecord],
    known: Sequence[Verdict],
    newest: dict[str, Verdict],
    job: Reverification | JudgeJob | None,
) -> list[Verdict]:
    """The rows to add for one trace, which become the `newest` of their verifiers."""
    given_before = Counter((verdict.verifier, verdict.version) for verdict in known)
    added = []
    for verdict in verdicts:
        before = newest.get(verdict.verifier)
        again = before is not None and before.version == verdict.version
        if before is not None and again and (job is None or _is_same_verdict(before, verdict)):
            continue
        row = _verdict_row(trace, verdict)
        row.reverification = job if isinstance(job, Reverification) else None
        row.judge_job = job if isinstance(job, JudgeJob) else None
        # An older version may verify again too, when a rubric's newer one has had its say.
        row.revision = given_before[verdict.verifier, verdict.version]
        row.previous_outcome = before.outcome if before is not None else ""
        newest[verdict.verifier] = row
        added.append(row)
    return added


def _is_same_verdict(before: Verdict, verdict: VerdictRecord) -> bool:
    """Whether a new verdict repeats the last one and need not be stored. An error never does, nor does a verdict by
    another engine."""
    kept = (before.outcome, before.score, before.message, before.engine)
    given = (verdict.outcome.value, verdict.score, verdict.message, verdict.engine[:120])
    return before.outcome != Outcome.ERROR and kept == given


def _derive(traces: Sequence[tuple[Trace, Mapping[str, Any]]]) -> None:
    """Keep what follows from the newest verdicts: the traces' derived fields and the counters of run and problems."""
    before = dict(Trace.objects.filter(pk__in=[trace.pk for trace, _ in traces]).values_list("pk", "correctness"))
    new, right, told, correct, scored = 0, 0, 0, Counter[int](), Counter[int]()
    for trace, derived in traces:
        new += before[trace.pk] == ""
        more = (derived["correctness"] == Outcome.PASS) - (before[trace.pk] == Outcome.PASS)
        more_scored = (derived["correctness"] in SCORED) - (before[trace.pk] in SCORED)
        right, told = right + more, told + more_scored
        # A model that was given the answer has not solved the problem, and neither has a person who edited one.
        if not trace.hinted and not trace.is_edited:
            correct[trace.problem_id] += more
            scored[trace.problem_id] += more_scored
        for name, value in derived.items():
            setattr(trace, name, value)
        trace.answer_hash = answer_hash(trace.problem, trace.given)
    _keep_derived([trace for trace, _ in traces])
    run_id = traces[0][0].run_id
    with connection.cursor() as cursor:
        if run_id is not None:
            cursor.execute(_COUNT_RUN, [new, told, right, run_id])
        for problem_id in sorted(scored):
            if correct[problem_id] or scored[problem_id]:
                cursor.execute(_COUNT_PROBLEM, [scored[problem_id], correct[problem_id], problem_id])


_COUNT_RUN = """
UPDATE trajectories_run SET verified_count = verified_count + %s, scored_count = scored_count + %s,
    correct_count = correct_count + %s WHERE id = %s
"""
_COUNT_PROBLEM = """
UPDATE trajectories_problem SET scored_count = scored_count + %s, correct_count = correct_count + %s WHERE id = %s
"""
_KEEP_DERIVED = """
UPDATE trajectories_trace AS kept SET answer_hash = new.answer_hash, outputs = new.outputs,
    correctness = new.correctness, train_passed = new.train_passed, train_total = new.train_total,
    train_error = new.train_error, near_miss = new.near_miss, model_judged = new.model_judged
FROM jsonb_to_recordset(%s::jsonb) AS new(id bigint, answer_hash text, outputs jsonb, correctness text,
    train_passed smallint, train_total smallint, train_error float8, near_miss text, model_judged text)
WHERE kept.id = new.id
"""
DERIVED = (
    "answer_hash", "outputs", "correctness", "train_passed", "train_total", "train_error", "near_miss", "model_judged",
)  # fmt: skip


def _keep_derived(traces: Sequence[Trace]) -> None:
    """Write the derived fields of traces, in one statement that costs as little for many as for one.

    A case for each trace and field, as `bulk_update` makes them, took longer than all else that is written.
    """
    rows = [{"id": trace.pk} | {name: getattr(trace, name) for name in DERIVED} for trace in traces]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_DERIVED, [json.dumps(rows)])


def derived_fields(newest: Mapping[str, Verdict]) -> dict[str, Any]:
    """What lists filter by, from the newest verdict of each verifier.

    Correctness is never empty once a trace is verified: a trace that no verifier can call right or wrong is unscored.
    """
    test = newest.get(TEST_VERIFIER)
    decisive = next((newest[name] for name in newest if not is_supporting(name)), None)
    train = newest.get(TRAIN_VERIFIER)
    trained = PairsEvidence.from_json(None if train is None else train.evidence)
    return {
        "outputs": None if test is None else program_outputs(PairsEvidence.from_json(test.evidence)),
        "correctness": decisive.outcome if decisive is not None else Outcome.UNSCORED.value,
        "train_passed": trained.right,
        "train_total": trained.of,
        "train_error": train_error(trained),
        "near_miss": _near_miss_kind(decisive) if decisive is not None else "",
        "model_judged": _last_model_outcome(newest.values()),
    }


def program_outputs(evidence: PairsEvidence) -> list[JSON] | None:
    """What the program gave for each test input, None for what was no grid; None where no program ran to its end by
    the engine's doing."""
    if not evidence.pairs or any(pair.status in NO_RUN for pair in evidence.pairs):
        return None
    return [grid_or_none(pair.predicted) for pair in evidence.pairs]


def train_error(evidence: PairsEvidence) -> float | None:
    """The mean share of wrong cells, in [0, 1]: all of them where the shape is wrong or no grid came back.

    None where the engine itself failed, and where there are no pairs.
    """
    pairs = evidence.pairs
    if not pairs or any(pair.match is None and pair.status in ENGINE_FAULTS for pair in pairs):
        return None
    return sum(pair.wrong_share for pair in pairs) / len(pairs)


def _last_model_outcome(verdicts: Iterable[Verdict]) -> str:
    """The outcome of the word that a model judge gave last, empty where none was asked. Words without a key are new."""
    words = [verdict for verdict in verdicts if is_model_verdict(verdict.verifier)]
    return max(words, key=lambda verdict: verdict.pk or sys.maxsize).outcome if words else ""


def _near_miss_kind(verdict: Verdict) -> str:
    """The kind of the first near miss in a failed verdict's evidence, empty where there is none."""
    if verdict.outcome != Outcome.FAIL:
        return ""
    near = (pair.near_miss for pair in PairsEvidence.from_json(verdict.evidence).pairs)
    return next((found["kind"] for found in near if found), "")


def _verdict_row(trace: Trace, verdict: VerdictRecord) -> Verdict:
    return Verdict(
        trace=trace,
        verifier=verdict.verifier,
        version=verdict.version,
        outcome=verdict.outcome.value,
        score=verdict.score,
        message=verdict.message,
        evidence=verdict.evidence,
        seconds=verdict.seconds,
        engine=verdict.engine[:120],
    )
