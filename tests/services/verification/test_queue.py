"""The queue of verifications: who claims what, and what a lost verifier leaves."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from tests.factories import assert_counters_add_up, make_problem, make_trace, plan
from tests.samplers import SAMPLERS
from trajectories.core.records import Outcome, VerdictRecord
from trajectories.models import PendingVerification, Trace, Verdict
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification import queue
from trajectories.services.verification.queue import TOGETHER, verify_traces
from trajectories.services.verification.verdicts import MAX_CLAIMS


def trace_ids(run):
    return list(run.traces.order_by("id").values_list("pk", flat=True))


def waiting_traces(count):
    """Traces outside any run that await their verdicts."""
    problem = make_problem()
    traces = [make_trace(problem=problem, run=None) for _ in range(count)]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    return [trace.pk for trace in traces]


class Watcher:
    """A verifier that keeps which traces were leased at each of its calls, and does something more."""

    name, version, title = "watcher", 1, "Watcher"

    def __init__(self, act=lambda: None):
        self.act, self.leased = act, []

    def applies_to(self, problem, trace):
        return True

    def verify(self, problem, trace, tools):
        pending = PendingVerification.objects.filter(lease_expires_at__gt=Now()).order_by("pk")
        self.leased.append(list(pending.values_list("pk", flat=True)))
        self.act()
        return VerdictRecord(self.name, 1, Outcome.PASS, "seen", score=1.0)


def test_a_trace_is_verified_once_however_often_the_bell_rings(run):
    assert verify_traces(trace_ids=trace_ids(run) * 2) == 2
    assert verify_traces(trace_ids=trace_ids(run)) == 0
    assert Verdict.objects.count() == 6
    assert_counters_add_up(run)


def test_a_trace_somebody_verifies_is_left_alone_until_that_lease_ends(run):
    PendingVerification.objects.update(lease_expires_at=Now() + timedelta(minutes=1))
    assert verify_traces(trace_ids=trace_ids(run)) == 0
    PendingVerification.objects.update(lease_expires_at=Now() - timedelta(minutes=1))
    assert verify_traces(trace_ids=trace_ids(run)) == 2


def test_a_trace_that_lost_its_verify_too_often_gets_errors_with_the_reason(run):
    PendingVerification.objects.update(claims=MAX_CLAIMS)
    assert verify_traces(trace_ids=trace_ids(run)) == 2
    assert set(Verdict.objects.values_list("outcome", "score")) == {("error", None)}
    assert "begun 3 times" in Verdict.objects.first().message
    assert set(run.traces.values_list("correctness", flat=True)) == {"error"}
    assert_counters_add_up(run)
    assert run.state == "finished"


def test_a_trace_whose_verifier_was_lost_is_claimed_alone(db):
    ids = waiting_traces(4)
    PendingVerification.objects.filter(pk__in=ids[1:3]).update(claims=1)
    watcher = Watcher()
    assert verify_traces(trace_ids=ids, verifiers={"watcher": watcher}) == 4
    assert watcher.leased == [[ids[0], ids[3]], [ids[0], ids[3]], [ids[1]], [ids[2]]]


def test_the_lease_of_those_that_wait_behind_a_slow_one_is_renewed(db, monkeypatch):
    monkeypatch.setattr(queue, "RENEWAL_SECONDS", 0.0)
    ids = waiting_traces(3)
    lapse = PendingVerification.objects.filter(pk__in=ids)
    watcher = Watcher(lambda: lapse.update(lease_expires_at=Now() - timedelta(seconds=1)))
    assert verify_traces(trace_ids=ids, verifiers={"watcher": watcher}) == 3
    assert watcher.leased == [ids, ids[1:], ids[2:]]


def test_what_somebody_else_has_written_meanwhile_is_left_alone(run):
    ids = trace_ids(run)
    takes_over = Watcher(lambda: verify_traces(trace_ids=ids))
    lapse = Watcher(lambda: PendingVerification.objects.update(lease_expires_at=Now() - timedelta(seconds=1)))
    assert verify_traces(trace_ids=ids[:1], verifiers={"lapse": lapse, "takes_over": takes_over}) == 0
    assert not Verdict.objects.filter(verifier="watcher").exists()
    assert_counters_add_up(run)


def test_a_verifier_that_dies_midway_leaves_the_rest_for_the_next(run):
    def die():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify_traces(trace_ids=trace_ids(run), verifiers={"watcher": Watcher(die)})
    assert list(PendingVerification.objects.values_list("claims", flat=True)) == [1, 1]
    PendingVerification.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    assert verify_traces(trace_ids=trace_ids(run)) == 2
    assert_counters_add_up(run)
    assert run.state == "finished"


def test_many_traces_take_as_many_queries_as_few(db, monkeypatch):
    monkeypatch.setattr(queue, "WRITE_SECONDS", 60.0)

    def queries(count):
        ids = waiting_traces(count)
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert verify_traces(trace_ids=ids) == count
        return len(found)

    assert queries(TOGETHER) == queries(2)


def test_runs_and_problems_are_counted_each_for_itself(db):
    problem = make_problem()
    runs = [plan(problems=[problem], samples_each=2) for _ in range(2)]
    for each in runs:
        sample_next_batch(run_id=each.pk, samplers=SAMPLERS)
    loose = waiting_traces(1)
    ids = [*trace_ids(runs[1]), *loose, *trace_ids(runs[0])]
    assert verify_traces(trace_ids=ids) == 5
    for each in runs:
        assert_counters_add_up(each)
        assert (each.verified_count, each.correct_count, each.state) == (2, 1, "finished")
    problem.refresh_from_db()
    assert problem.correct_count == 2
    assert Trace.objects.get(pk=loose[0]).correctness == "pass"
