import pytest
from django.db.models.functions import Now

from tests.factories import make_attempt, make_problem, make_sampler, plan
from trajectories.core.records import SampleFailure
from trajectories.models import AuditEvent
from trajectories.services.runs.circuits import break_circuit

pytestmark = pytest.mark.django_db


def failure(kind):
    return SampleFailure(kind, "It is down.", retryable=True, stops=True)


def runs_of(*samplers):
    return [plan(sampler=sampler, problems=[make_problem()]) for sampler in samplers]


def states(runs):
    for run in runs:
        run.refresh_from_db()
    return [run.state for run in runs]


def test_a_fault_of_the_account_pauses_every_run_of_the_sampler_with_the_reason():
    shared = make_sampler()
    runs = runs_of(shared, shared, make_sampler())
    assert break_circuit(run_id=runs[0].pk, failure=failure("quota")) == [runs[0].pk, runs[1].pk]
    assert states(runs) == ["paused", "paused", "queued"]
    assert runs[0].state_reason == "It is down."
    assert runs[1].state_reason == "Another run of this sampler had to stop: It is down."
    assert AuditEvent.objects.filter(verb="paused").count() == 2


def test_a_fault_of_one_run_pauses_it_alone():
    shared = make_sampler()
    runs = runs_of(shared, shared)
    break_circuit(run_id=runs[0].pk, failure=failure("bad_request"))
    assert states(runs) == ["paused", "queued"]


def test_call_after_call_failing_spares_a_run_that_has_just_had_a_sample():
    shared = make_sampler()
    runs = runs_of(shared, shared, shared)
    make_attempt(run=runs[1], state="done", finished_at=Now())
    break_circuit(run_id=runs[0].pk, failure=failure("circuit"))
    assert states(runs) == ["paused", "queued", "paused"]


def test_a_run_that_somebody_has_paused_keeps_its_reason():
    (run,) = runs_of(make_sampler())
    break_circuit(run_id=run.pk, failure=failure("quota"))
    assert break_circuit(run_id=run.pk, failure=SampleFailure("quota", "Again.")) == []
    assert states([run]) == ["paused"]
    assert run.state_reason == "It is down."
