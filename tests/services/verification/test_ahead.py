"""Programs that run while the trace before them is verified: each once, in the sandbox, for its own trace."""

import threading

import pytest

from tests.factories import FLIP_SPEC, assert_counters_add_up, make_problem, make_trace, plan
from tests.samplers import SAMPLERS
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramRun
from trajectories.models import PendingVerification, Trace, Verdict
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification import ahead, verdicts
from trajectories.services.verification.queue import verify_traces

FLIP = "def transform(grid):\n    return [row[::-1] for row in grid]\n"


class MirrorEngine:
    """An engine in which every program flips its input; it keeps which program ran in which thread."""

    def __init__(self):
        self.ran = []

    def run(self, job):
        self.ran.append((job.source, threading.current_thread().name))
        calls = [CallResult(CallStatus.RETURNED, value=[row[::-1] for row in grid]) for (grid,) in job.calls]
        return ProgramRun(calls=tuple(calls), engine="mirror")


@pytest.fixture
def engine(monkeypatch):
    found = MirrorEngine()
    for module in (ahead, verdicts):
        monkeypatch.setattr(module, "shared_engine", lambda *_: found)
    return found


def waiting(count):
    problem = make_problem()
    traces = [make_trace(problem=problem, run=None, program=f"# {n}\n{FLIP}") for n in range(count)]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    return traces


def test_each_program_of_a_claim_runs_once_and_beside_the_verifying_thread(db, engine):
    traces = waiting(5)
    assert verify_traces(trace_ids=[trace.pk for trace in traces]) == 5
    assert sorted(source for source, _ in engine.ran) == sorted(f"# {n}\n{FLIP}" for n in range(5))
    assert all(name.startswith("programs-ahead") for _, name in engine.ran)
    assert set(Verdict.objects.values_list("trace").distinct()) == {(trace.pk,) for trace in traces}
    assert set(Verdict.objects.filter(verifier="arc_train").values_list("engine", flat=True)) == {"mirror"}


def test_a_trace_that_is_claimed_alone_runs_where_it_is_verified(db, engine):
    (trace,) = waiting(1)
    assert verify_traces(trace_ids=[trace.pk]) == 1
    assert [name for _, name in engine.ran] == [threading.current_thread().name]


def test_a_sandbox_that_breaks_ahead_is_an_error_of_its_own_trace(db, engine, monkeypatch):
    traces = waiting(3)

    def run(job):
        if job.source.startswith("# 1"):
            raise RuntimeError("no sandbox today")
        return MirrorEngine.run(engine, job)

    monkeypatch.setattr(engine, "run", run)
    assert verify_traces(trace_ids=[trace.pk for trace in traces]) == 3
    broken = Verdict.objects.filter(message__contains="no sandbox today")
    assert set(broken.values_list("trace", "outcome")) == {(traces[1].pk, "error")}


def test_a_program_that_several_traces_have_runs_once_for_each_problem(db, engine):
    more = {**FLIP_SPEC, "train": [*FLIP_SPEC["train"], {"input": [[4]], "output": [[4]]}]}
    first, second = make_problem(), make_problem(spec=more)
    traces = [make_trace(problem=problem, run=None, program=FLIP) for problem in (first, second, first, second, first)]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    assert verify_traces(trace_ids=[trace.pk for trace in traces]) == 5
    assert [source for source, _ in engine.ran] == [FLIP, FLIP]
    told = Verdict.objects.filter(verifier="arc_train").values_list("trace", "outcome", "message")
    assert {trace for trace, _, _ in told} == {trace.pk for trace in traces}
    assert len({(outcome, message) for _, outcome, message in told}) == 2


@pytest.mark.parametrize("status", [CallStatus.TIMEOUT, CallStatus.MEMORY, CallStatus.CRASHED])
def test_what_ended_by_time_or_memory_is_tried_anew_for_the_next_trace(db, engine, monkeypatch, status):
    problem = make_problem()
    traces = [make_trace(problem=problem, run=None, program=FLIP) for _ in range(3)]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])

    def run(job):
        found = MirrorEngine.run(engine, job)
        late = [CallResult(status, message="late")] * len(job.calls)
        return ProgramRun(calls=tuple(late), engine="mirror") if len(engine.ran) == 1 else found

    monkeypatch.setattr(engine, "run", run)
    assert verify_traces(trace_ids=[trace.pk for trace in traces]) == 3
    assert len(engine.ran) == 2
    told = Verdict.objects.filter(verifier="arc_train").order_by("trace").values_list("message", flat=True)
    assert ["late" in message or "died" in message for message in told] == [True, False, False]


def test_what_a_verdict_leaves_empty_is_empty_in_the_database(db):
    run = plan(samples_each=2)
    sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
    bare = make_trace(problem=make_problem(), run=None, program="")
    PendingVerification.objects.create(trace=bare)
    verify_traces(trace_ids=[*run.traces.values_list("pk", flat=True), bare.pk])
    assert_counters_add_up(run)
    assert list(Trace.objects.filter(train_error__isnull=True, train_total__isnull=True)) == [bare]
    assert list(Trace.objects.filter(outputs__isnull=True)) == [bare]
    right, wrong = run.traces.order_by("pk")
    assert (right.correctness, right.train_error, right.train_passed) == ("pass", 0.0, right.train_total)
    assert (wrong.correctness, wrong.near_miss != "" or wrong.train_error > 0) == ("fail", True)
