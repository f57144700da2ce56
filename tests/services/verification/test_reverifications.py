import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests.factories import FLIP_PROGRAM, make_problem, make_run, make_trace
from tests.samplers import WRONG_PROGRAM
from trajectories.core.identity import text_hash
from trajectories.core.records import Outcome, VerdictRecord
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, PendingVerification, Problem, Reverification, Trace, Verdict
from trajectories.models.job_kinds import CANCEL
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.reverifications import list_changes
from trajectories.services.jobs.leases import lost_of
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.verification import reverifications
from trajectories.services.verification.queue import verify_traces
from trajectories.services.verification.reverifications import (
    ReverificationError,
    plan_reverification,
    reverify_next,
)
from trajectories.services.verification.verdicts import MAX_CLAIMS


@dataclass
class Says:
    """A verifier that says what it is told to."""

    outcome: Outcome
    version: int = 1
    name: str = "arc_test"
    title: str = "says"

    def applies_to(self, problem, trace):
        return True

    def verify(self, problem, trace, tools):
        return VerdictRecord(self.name, self.version, self.outcome, "as told", score=None)


def verified(problem, outcome=Outcome.FAIL, count=1):
    traces = [make_trace(problem=problem, run=None) for _ in range(count)]
    for trace in traces:
        PendingVerification.objects.create(trace=trace)
    verify_traces(trace_ids=[trace.pk for trace in traces], verifiers={"arc_test": Says(outcome)})
    return traces


def plan(problem, lead):
    return plan_reverification(actor=lead, scope=Selection(problem=problem.pk), verifiers=["arc_test"])


def run_through(job, verifier):
    while reverify_next(job_id=job.pk, verifiers={"arc_test": verifier}):
        pass
    job.refresh_from_db()


def test_a_new_version_is_added_beside_the_old_and_the_change_is_listed(problem, lead):
    [trace] = verified(problem)
    job = plan(problem, lead)
    run_through(job, Says(Outcome.PASS, version=2))
    assert list(trace.verdicts.order_by("pk").values_list("version", "outcome", "previous_outcome")) == [
        (1, "fail", ""),
        (2, "pass", "fail"),
    ]
    trace.refresh_from_db()
    assert trace.correctness == "pass"
    assert Problem.objects.get(pk=problem.pk).correct_count == 1
    assert (job.state, job.done_count, job.written_count, job.changed_count) == ("finished", 1, 1, 1)
    assert [verdict.trace_id for verdict in list_changes(EVERYTHING, job=job).rows] == [trace.pk]
    assert AuditEvent.objects.filter(verb="reverification.planned", object_id=job.pk).exists()


def test_the_same_word_again_adds_nothing(problem, lead):
    [trace] = verified(problem)
    job = plan(problem, lead)
    run_through(job, Says(Outcome.FAIL))
    assert trace.verdicts.count() == 1
    assert (job.done_count, job.written_count, job.changed_count) == (1, 0, 0)


def test_an_error_is_worth_another_word_of_the_same_version(problem, lead):
    [trace] = verified(problem, Outcome.ERROR)
    run_through(plan(problem, lead), Says(Outcome.PASS))
    assert list(trace.verdicts.order_by("pk").values_list("version", "revision", "outcome")) == [
        (1, 0, "error"),
        (1, 1, "pass"),
    ]


def test_many_traces_are_verified_a_few_to_a_bell_and_newer_ones_left_out(problem, lead, monkeypatch):
    monkeypatch.setattr(reverifications, "TRACES_PER_BELL", 2)
    verified(problem, count=5)
    job = plan(problem, lead)
    [late] = verified(problem)
    bells = 1
    while reverify_next(job_id=job.pk, verifiers={"arc_test": Says(Outcome.PASS)}):
        bells += 1
    job.refresh_from_db()
    assert (bells, job.state, job.done_count) == (3, "finished", 5)
    assert late.verdicts.count() == 1


def test_a_job_somebody_works_on_is_left_alone_until_the_lease_ends(problem, lead):
    verified(problem)
    job = plan(problem, lead)
    Reverification.objects.filter(pk=job.pk).update(
        lease_token=uuid.uuid4(), lease_expires_at=Now() + timedelta(seconds=60)
    )
    assert reverify_next(job_id=job.pk, verifiers={"arc_test": Says(Outcome.PASS)}) is False
    assert Verdict.objects.filter(outcome="pass").count() == 0
    Reverification.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    run_through(job, Says(Outcome.PASS, version=2))
    assert job.changed_count == 1


def test_a_worker_that_lost_its_lease_writes_nothing(problem, lead):
    class Thief(Says):
        def verify(self, problem, trace, tools):
            Reverification.objects.update(lease_token=uuid.uuid4())
            return super().verify(problem, trace, tools)

    [trace] = verified(problem)
    job = plan(problem, lead)
    assert reverify_next(job_id=job.pk, verifiers={"arc_test": Thief(Outcome.PASS, version=2)}) is False
    assert trace.verdicts.count() == 1
    job.refresh_from_db()
    assert job.done_count == 0


def test_a_trace_that_kills_its_workers_takes_no_other_along(problem, lead):
    traces = verified(problem, count=5)
    deadly = traces[2].reasoning_id

    class Deadly(Says):
        def verify(self, problem, trace, tools):
            if text_hash(trace.text) == deadly:
                raise KeyboardInterrupt
            return super().verify(problem, trace, tools)

    job = plan(problem, lead)
    deaths, more = 0, True
    while more:
        try:
            more = reverify_next(job_id=job.pk, verifiers={"arc_test": Deadly(Outcome.PASS, version=2)})
        except KeyboardInterrupt:
            deaths += 1
            Reverification.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    job.refresh_from_db()
    assert (job.state, job.done_count) == ("finished", 5)
    words = Verdict.objects.filter(version=2).order_by("trace_id").values_list("outcome", flat=True)
    assert list(words) == ["pass", "pass", "error", "pass", "pass"]
    assert deaths <= MAX_CLAIMS + 1, "the first death does not say which of several it was"


def test_traces_of_several_runs_are_verified_by_one_job(problem, lead):
    runs = [make_run(state="finished"), None, make_run(state="finished")]
    traces = [make_trace(problem=problem, run=runs[number % 3], correctness="fail") for number in range(9)]
    job = plan(problem, lead)
    run_through(job, Says(Outcome.PASS, version=2))
    assert (job.state, job.done_count, job.written_count) == ("finished", 9, 9)
    assert Trace.objects.filter(pk__in=[trace.pk for trace in traces], correctness="pass").count() == 9
    for run in filter(None, runs):
        run.refresh_from_db()
        assert run.correct_count == 3


def test_a_cancelled_job_stops_and_cannot_be_cancelled_twice(problem, lead):
    [trace] = verified(problem)
    job = plan(problem, lead)
    steer("reverification", CANCEL, actor=lead, job_id=job.pk)
    run_through(job, Says(Outcome.PASS, version=2))
    assert (job.state, trace.verdicts.count()) == ("cancelled", 1)
    with pytest.raises(JobError, match="cancelled already"):
        steer("reverification", CANCEL, actor=lead, job_id=job.pk)


def test_a_lost_bell_is_rung_again_once(problem, lead):
    verified(problem)
    job = plan(problem, lead)
    assert lost_of(Reverification) == []
    Reverification.objects.update(rung_at=Now() - timedelta(minutes=5))
    assert lost_of(Reverification) == [job.pk]
    assert lost_of(Reverification) == []


def test_consensus_gives_each_sample_the_majoritys_vote_share(lead):
    problem = make_problem(reference=None)
    answers = [[[[1]]], [[[1]]], [[[2]]]]
    traces = [make_trace(problem=problem, run=None, answer=answer) for answer in answers]
    job = plan_reverification(actor=lead, scope=Selection(problem=problem.pk), verifiers=["consensus"])
    while reverify_next(job_id=job.pk):
        pass
    words = Verdict.objects.filter(verifier="consensus").order_by("trace_id")
    assert [word.outcome for word in words] == ["pass", "pass", "fail"]
    assert words[0].evidence["share"] == pytest.approx(2 / 3)
    # Agreement is no reference: it decides nothing about correctness.
    assert set(Trace.objects.filter(pk__in=[trace.pk for trace in traces]).values_list("correctness", flat=True)) == {
        "unscored"
    }


def test_programs_vote_by_what_they_give_and_equal_numbers_vote_together(lead):
    problem = make_problem(reference=None)
    programs = [FLIP_PROGRAM, FLIP_PROGRAM + "# again\n", WRONG_PROGRAM]
    traces = [make_trace(problem=problem, run=None, answer=None, program=program) for program in programs]
    assert consensus_of(problem, lead, ["arc_test"]) == []
    assert consensus_of(problem, lead, ["consensus"]) == [
        (traces[0].pk, "pass"),
        (traces[1].pk, "pass"),
        (traces[2].pk, "fail"),
    ]
    number = make_problem(kind="numeric", spec={}, reference=None)
    for answer in ("1/2", "0.5", "2"):
        make_trace(problem=number, run=None, answer=answer, program="")
    assert [word for _, word in consensus_of(number, lead, ["consensus"])] == ["pass", "pass", "fail"]


def test_a_sample_is_not_failed_by_outputs_of_an_engine_that_is_not_quite_python(lead, settings):
    settings.PROGRAM_ENGINE = "monty"
    problem = make_problem(reference=None)
    for program in (FLIP_PROGRAM, FLIP_PROGRAM + "# again\n", WRONG_PROGRAM):
        make_trace(problem=problem, run=None, answer=None, program=program)
    consensus_of(problem, lead, ["arc_test"])
    assert [word for _, word in consensus_of(problem, lead, ["consensus"])] == ["pass", "pass", "unscored"]
    last = Verdict.objects.filter(verifier="consensus").latest("trace_id")
    assert (last.score, "not Python in every respect" in last.message) == (None, True)


def test_a_sample_that_was_shown_the_answer_has_no_vote_and_neither_has_one_without_an_answer(lead):
    problem = make_problem(kind="numeric", spec={}, reference=None)
    for answer, hinted in (("4", False), ("5", False), ("5", False), ("4", True), ("4", True), (None, False)):
        trace = make_trace(problem=problem, run=None, answer=answer, program="")
        Trace.objects.filter(pk=trace.pk).update(hinted=hinted)
    words = [word for _, word in consensus_of(problem, lead, ["consensus"])]
    assert words == ["fail", "pass", "pass", "fail", "fail", "fail"]
    last = Verdict.objects.filter(verifier="consensus").latest("trace_id")
    assert last.message == "no answer: 2 of 3 samples give the majority's answer"


def consensus_of(problem, lead, verifiers):
    job = plan_reverification(actor=lead, scope=Selection(problem=problem.pk), verifiers=verifiers)
    while reverify_next(job_id=job.pk):
        pass
    words = Verdict.objects.filter(verifier="consensus", trace__problem=problem).order_by("trace_id")
    return list(words.values_list("trace_id", "outcome"))


@pytest.mark.parametrize(
    ("verifiers", "message"),
    [([], "No verifier was chosen"), (["nonsense"], "'nonsense' is not installed")],
)
def test_a_job_without_known_verifiers_is_refused(problem, lead, verifiers, message):
    verified(problem)
    with pytest.raises(ReverificationError, match=message):
        plan_reverification(actor=lead, scope=Selection(), verifiers=verifiers)
    assert Reverification.objects.count() == 0


def test_an_empty_selection_is_refused(problem, lead):
    with pytest.raises(ReverificationError, match="No trace is in this selection"):
        plan(problem, lead)
